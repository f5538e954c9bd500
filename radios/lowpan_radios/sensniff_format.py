"""Messages of sensniff firmwares (Contiki's and Contiki-NG's examples/sensniff).

Current: `c1 1f fe 72`, version 2, command, length (high octet first), payload.  Legacy: a magic,
the length of a frame, the frame.  Anything else on the line is text that the firmware prints.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

from construct import GreedyBytes, Int8sb, Int8ub, Struct

from lowpan.schema import Before, Layout

MAGIC, LEGACY_MAGIC = b"\xc1\x1f\xfe\x72", b"Snif"
VERSION = 2

LONGEST_PAYLOAD = 257
"""The firmware counts a frame in one octet, and adds two (sensniff_output_frame)."""

LONGEST_LEGACY_FRAME = 127

LONGEST_TEXT = 256
"""Octets of a line of text; longer ones are cut in pieces."""

_MAGIC_OCTETS, _LEGACY_HEAD_OCTETS, _HEAD_OCTETS = 4, 5, 8

_EITHER_MAGIC = re.compile(re.escape(MAGIC) + b"|" + LEGACY_MAGIC)
_MAGIC_BEGUN = re.compile(rb"(?:\xc1(?:\x1f\xfe?)?|S(?:ni?)?)\Z")
"""The start of a magic at the end of a block."""

_PRINTABLE = re.compile(rb"[\t\x1b\x20-\x7e]+\Z")


class Command(IntEnum):
    """What a message is: 0x80 and more come from the host."""

    FRAME = 0x00
    CHANNEL = 0x01
    CHANNEL_MIN = 0x02
    CHANNEL_MAX = 0x03
    NOT_SUPPORTED = 0x7F
    GET_CHANNEL = 0x81
    GET_CHANNEL_MIN = 0x82
    GET_CHANNEL_MAX = 0x83
    SET_CHANNEL = 0x84


_FROM_FIRMWARE = frozenset(command for command in Command if command < 0x80)


@dataclass(slots=True)
class SensniffMessage:
    """One message of a firmware."""

    command: int
    payload: bytes
    legacy: bool = False


@dataclass(slots=True)
class SniffedFrame:
    """One frame, with what TI's CC24xx chips put in the place of its FCS."""

    psdu: bytes
    rssi: int
    """dBm, -128..127; raw from the chip in legacy firmwares."""
    quality: int
    """Bit 7: the FCS was good; bits 6-0: LQI or correlation."""

    @property
    def fcs_good(self) -> bool:
        """Tell whether the chip found the FCS to be right."""
        return self.quality >= 0x80

    @property
    def lqi(self) -> int:
        """Return the link quality, 0..127."""
        return self.quality & 0x7F


SNIFFED_FRAME = Layout(
    SniffedFrame,
    Struct("psdu" / Before(2, GreedyBytes), "rssi" / Int8sb, "quality" / Int8ub),
)


def encode_question(command: Command, payload: bytes = b"") -> bytes:
    """Return a message of the host; one without payload has no length either."""
    length = len(payload).to_bytes(2, "big") if payload else b""
    return MAGIC + bytes([VERSION, command]) + length + payload


def encode_reply(message: SensniffMessage) -> bytes:
    """Return the octets of a firmware's message."""
    if message.legacy:
        return LEGACY_MAGIC + bytes([len(message.payload)]) + message.payload
    head = MAGIC + bytes([VERSION, message.command])
    return head + len(message.payload).to_bytes(2, "big") + message.payload


class SensniffStream:
    """Finds messages and lines of text among what a firmware sends, in blocks of any size."""

    def __init__(self) -> None:
        self._unfinished = b""
        self._text = b""
        self.garbage = 0
        """Octets that were neither message nor text."""

    @property
    def waits(self) -> bool:
        """Tell whether the end of something is awaited."""
        return bool(self._unfinished)

    def take(self, octets: bytes) -> list[SensniffMessage | str]:
        """Return the messages and lines that `octets` have completed, in their order."""
        data = self._unfinished + octets
        found = list[SensniffMessage | str]()
        at = end = 0
        while (magic := _EITHER_MAGIC.search(data, end)) is not None:
            start = magic.start()
            length = _whole_length(data, start)
            if length is None:
                break
            if length == 0:  # no message: to be looked behind, and perhaps text
                end = start + 1
                continue
            self._print(data[at:start], found, end=True)
            found.append(_message_of(data[start : start + length]))
            at = end = start + length
        else:
            begun = _MAGIC_BEGUN.search(data, end)
            start = len(data) if begun is None else begun.start()
        self._print(data[at:start], found)
        self._unfinished = data[start:]
        return found

    def give_up(self) -> list[SensniffMessage | str]:
        """Return what is found when the message that is awaited never ends.

        Firmwares send a message in one go: after a pause, its rest has been lost.
        """
        data, self._unfinished = self._unfinished, b""
        found = list[SensniffMessage | str]()
        self._print(data[:1], found)
        return found + self.take(data[1:])

    def restart(self) -> None:
        """Drop what was half received."""
        self.garbage += len(self._unfinished) + len(self._text)
        self._unfinished = self._text = b""

    def _print(
        self, octets: bytes, found: list[SensniffMessage | str], *, end: bool = False
    ) -> None:
        """Add to the line of text, and find the lines that end; a message ends one as well."""
        if not octets and not (end and self._text):
            return
        *lines, self._text = (self._text + octets).split(b"\n")
        if end:
            lines.append(self._text)
            self._text = b""
        for line in lines:
            self._end_line(line, found)
        while len(self._text) > LONGEST_TEXT:
            self._end_line(self._text[:LONGEST_TEXT], found)
            self._text = self._text[LONGEST_TEXT:]

    def _end_line(self, line: bytes, found: list[SensniffMessage | str]) -> None:
        for at in range(0, len(line), LONGEST_TEXT):
            text = line[at : at + LONGEST_TEXT].rstrip(b"\r")
            if _PRINTABLE.match(text):
                found.append(text.decode())
            else:
                self.garbage += len(text)


def _whole_length(data: bytes, at: int) -> int | None:
    """Return the octets of the message at `at`, 0 if it is none, None if its end is not there."""
    there = len(data) - at
    if there < _LEGACY_HEAD_OCTETS:
        return None
    if data[at + 4] == VERSION:
        if there < _HEAD_OCTETS:
            return None
        payload = data[at + 6] << 8 | data[at + 7]
        possible = data[at + 5] in _FROM_FIRMWARE and payload <= LONGEST_PAYLOAD
        length = _HEAD_OCTETS + payload
    else:
        word = _is_word(data[at : at + _HEAD_OCTETS])
        possible = 0 < data[at + 4] <= LONGEST_LEGACY_FRAME and not word
        length = _LEGACY_HEAD_OCTETS + data[at + 4]
    if not possible:
        return 0
    return length if there >= length else None


def _is_word(octets: bytes) -> bool:
    """Tell whether the legacy magic is only the start of a word, such as Sniffer, in a text."""
    whole = len(octets) == _HEAD_OCTETS  # before that, more is awaited anyway
    return whole and octets.startswith(LEGACY_MAGIC + b"f") and bool(_PRINTABLE.match(octets))


def _message_of(octets: bytes) -> SensniffMessage:
    if octets[4] == VERSION:
        return SensniffMessage(octets[5], octets[_HEAD_OCTETS:])
    return SensniffMessage(Command.FRAME, octets[_LEGACY_HEAD_OCTETS:], legacy=True)
