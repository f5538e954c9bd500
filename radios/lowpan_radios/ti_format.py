"""Messages of TI's SmartRF Packet Sniffer 2 (its user guide, "Command Interface").

`40 53`, info, length of the payload (low octet first), payload, check octet, `40 45`.  The check
octet is the sum of info, length and payload; data and errors come without it.
"""

from dataclasses import dataclass
from enum import IntEnum

from construct import BytesInteger, GreedyBytes, Int8sb, Int8ub, Int16ul, Struct

from lowpan.radio import Fcs
from lowpan.schema import Before, Layout
from lowpan.wire.fcs import has_good_fcs16

START_OF_FRAME, END_OF_FRAME = b"\x40\x53", b"\x40\x45"
_HEAD_OCTETS = 5

LONGEST_PAYLOAD = 256
"""Octets.  The document allows 2049, for other bands; a frame of 2450 MHz needs 137.  A smaller
bound means that less has to arrive before damage is noticed."""

FCS_GOOD = 0x80
"""Bit of a packet's status."""


class Info(IntEnum):
    """What a message is; the upper two bits are its category."""

    PING = 0x40
    START = 0x41
    STOP = 0x42
    CFG_FREQUENCY = 0x45
    CFG_PHY = 0x47
    RESPONSE = 0x80
    DATA = 0xC0
    ERROR = 0xC1


STATUS_NAMES = ("OK", "timeout", "check octet wrong", "invalid command", "invalid state")
"""First octet of a response."""


@dataclass(slots=True)
class TiMessage:
    """One message."""

    info: int
    """0..255, see Info."""
    payload: bytes


@dataclass(slots=True)
class PingResponse:
    """Who answers a PING."""

    status: int
    chip_id: int
    chip_revision: int
    firmware_id: int
    firmware_revision: int


PING_RESPONSE = Layout(
    PingResponse,
    Struct(
        "status" / Int8ub,
        "chip_id" / Int16ul,
        "chip_revision" / Int8ub,
        "firmware_id" / Int8ub,
        "firmware_revision" / Int16ul,
    ),
)


@dataclass(slots=True)
class Frequency:
    """Where to listen."""

    megahertz: int
    fraction: int = 0
    """In 1/65536 MHz."""


FREQUENCY = Layout(Frequency, Struct("megahertz" / Int16ul, "fraction" / Int16ul))


@dataclass(slots=True)
class SniffedPacket:
    """One frame as the firmware tells it."""

    timestamp: int
    """Microseconds, 0..2^48-1."""
    body: bytes
    """The frame, and perhaps more: see BodyForm."""
    rssi: int
    """dBm."""
    status: int
    """FCS_GOOD or not; the other bits are unknown."""


SNIFFED_PACKET = Layout(
    SniffedPacket,
    Struct(
        "timestamp" / BytesInteger(6, swapped=True),
        "body" / Before(2, GreedyBytes),
        "rssi" / Int8sb,
        "status" / Int8ub,
    ),
)


def check_octet(counted: bytes) -> int:
    """Return the sum over info, length and payload, 0..255."""
    return sum(counted) & 0xFF


def encode_message(message: TiMessage, *, check: bool = True) -> bytes:
    """Return the octets of `message`; data and errors go without the check octet."""
    counted = bytes([message.info]) + len(message.payload).to_bytes(2, "little") + message.payload
    checked = bytes([check_octet(counted)]) if check else b""
    return START_OF_FRAME + counted + checked + END_OF_FRAME


class TiStream:
    """Finds the messages of a firmware among octets, in blocks of any size.

    Whether a message has a check octet follows from where its end mark is: firmwares differ.
    """

    def __init__(self) -> None:
        self._unfinished = b""
        self.garbage = 0
        """Octets that were part of no message."""
        self.damaged = 0
        """Messages with a wrong check octet."""

    def take(self, octets: bytes) -> list[TiMessage]:
        """Return the messages that `octets` have completed, in their order."""
        data = self._unfinished + octets
        found = list[TiMessage]()
        at = 0
        while (start := data.find(START_OF_FRAME, at)) >= 0:
            self.garbage += start - at
            at = start
            length = _whole_length(data, at)
            if length is None:
                break
            if length:
                self._check(data[at : at + length], found)
                at += length
            else:  # no message begins here: look behind the mark
                at += len(START_OF_FRAME)
                self.garbage += len(START_OF_FRAME)
        else:  # half a mark may be at the end
            end = len(data) - data.endswith(START_OF_FRAME[:1], at)
            self.garbage += end - at
            at = end
        self._unfinished = data[at:]
        return found

    def restart(self) -> None:
        """Give up an unfinished message: the rest of it will never come."""
        self.garbage += len(self._unfinished)
        self._unfinished = b""

    def _check(self, octets: bytes, found: list[TiMessage]) -> None:
        """Append the message that is `octets`, unless its check octet is wrong."""
        end = _HEAD_OCTETS + int.from_bytes(octets[3:5], "little")
        if len(octets) > end + len(END_OF_FRAME) and check_octet(octets[2:end]) != octets[end]:
            self.damaged += 1
        else:
            found.append(TiMessage(octets[2], octets[_HEAD_OCTETS:end]))


def _whole_length(data: bytes, at: int) -> int | None:
    """Return the octets of the message at `at`, 0 if it is none, None if its end is not there."""
    if len(data) - at < _HEAD_OCTETS:
        return None
    length = data[at + 3] | data[at + 4] << 8
    if length > LONGEST_PAYLOAD:
        return 0
    end = at + _HEAD_OCTETS + length
    tail = data[end : end + 3]
    if tail[:2] == END_OF_FRAME:
        return end + 2 - at
    if tail[1:] == END_OF_FRAME:
        return end + 3 - at
    could_be = len(tail) < 2 or (len(tail) == 2 and tail[1] == END_OF_FRAME[0])
    return None if could_be else 0


@dataclass(frozen=True, slots=True)
class _Form:
    extra: int
    """Octets before the frame: none as documented, one as found (the length of the frame)."""
    with_fcs: bool
    """The FCS follows the frame."""


_DOCUMENTED = _Form(0, with_fcs=False)
_FOUND = _Form(1, with_fcs=True)
_FOUND_WITHOUT_FCS = _Form(1, with_fcs=False)
_WITH_FCS = _Form(0, with_fcs=True)

SUREST = 3
"""Frames that must contradict a form that has proved itself before another one is believed."""


class BodyForm:
    """How a firmware lays out a frame: documented and found forms differ, and none says which.

    It is learnt from frames that came in without fault, so that a rare coincidence in one of them
    changes nothing: only several in a row that contradict it replace a form.
    """

    def __init__(self) -> None:
        self._form: _Form | None = None
        self._trust = 0

    def split(self, body: bytes, *, good: bool) -> tuple[bytes, bytes, Fcs]:
        """Return PSDU, octets of its FCS (none if they did not come) and what is known of it."""
        shown = _form_shown(body) if good else None
        if shown is not None:
            self._learn(shown)
        form = self._form or _form_guessed(body)
        octets = body[form.extra :]
        if not form.with_fcs or len(octets) < 2:
            return octets, b"", Fcs.GOOD if good else Fcs.BAD
        fits = shown is form or (good and has_good_fcs16(octets))
        return octets[:-2], octets[-2:], Fcs.GOOD if fits else Fcs.BAD

    def _learn(self, shown: _Form) -> None:
        if shown is self._form:
            self._trust = min(SUREST, self._trust + 1)
        elif self._trust:
            self._trust -= 1
        else:
            self._form = shown


def _form_shown(body: bytes) -> _Form:
    """Return the form that a frame without fault has."""
    if len(body) > 5 and has_good_fcs16(body[1:]):
        return _FOUND
    if len(body) > 4 and has_good_fcs16(body):
        return _WITH_FCS
    return _FOUND_WITHOUT_FCS if body and body[0] == len(body) + 1 else _DOCUMENTED


def _form_guessed(body: bytes) -> _Form:
    """Return the likely form of a frame with faults, before any other has come."""
    if body and body[0] == len(body) - 1:
        return _FOUND
    return _FOUND_WITHOUT_FCS if body and body[0] == len(body) + 1 else _DOCUMENTED
