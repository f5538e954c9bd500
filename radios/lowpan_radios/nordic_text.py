"""What a nRF 802.15.4 sniffer prints: one line a frame, among prompts, echo and log.

Nordic's firmware: `received: <hex> power: <dBm> lqi: <n> time: <microseconds>`; Zephyr's sample
begins with `psdu: ` instead, and its octets end before the FCS.
"""

import re
from binascii import Error, unhexlify
from dataclasses import dataclass

from lowpan.radio import Fcs
from lowpan.wire.fcs import has_good_fcs16

LONGEST_LINE = 2048
"""Octets of an unfinished line that are kept; a line with a frame has 600 at most."""

NO_POWER = -32768
"""What the radio driver says for `not measured`."""

_FRAME = re.compile(
    rb"(received|psdu):[ \t]{1,8}([0-9A-Fa-f]{2,512})[ \t]{1,8}power:[ \t]{1,8}(-?\d{1,6})"
    rb"[ \t]{1,8}lqi:[ \t]{1,8}(-?\d{1,6})[ \t]{1,8}time:[ \t]{1,8}(-?\d{1,20})(?!\d)[^\n]{0,64}\n"
)
_CHATTER = re.compile(
    rb"\x1b\[[\d;]{0,8}[A-Za-z]|uart:~\$ |^[$>] "
    rb"|sleep|shell echo off|channel(?: \d{1,3})?|receive(?!d)|(?:^|(?<=[$>] ))\d{1,3}\r?$|[\r\n]",
    re.MULTILINE,
)
"""Prompts, colours, the echo of our commands, and the answer to `channel`."""

LONGEST_PSDU = 127
"""Octets with the FCS (IEEE 802.15.4-2020 §11.1, aMaxPhyPacketSize)."""


@dataclass(slots=True)
class SniffedLine:
    """One frame as the firmware prints it."""

    psdu: bytes
    """Without FCS, 0..127 octets."""
    fcs: Fcs
    fcs_octets: bytes
    power: int | None
    """dBm; None: not measured."""
    lqi: int
    """0..255."""
    time: int
    """Microseconds since boot, the lowest 32 bits of it."""


class SnifferText:
    """Finds the frames in what a sniffer prints, in blocks of any size."""

    def __init__(self) -> None:
        self._unfinished = b""
        self.garbage = 0
        """Octets that were neither part of a line with a frame nor what the shell says to us."""
        self.damaged = 0
        """Lines with a frame that cannot be one: odd hex, too long, an LQI over 255."""

    def take(self, octets: bytes) -> list[SniffedLine]:
        """Return the frames of the lines that `octets` have completed, in their order."""
        text = self._unfinished + octets
        end = text.rfind(b"\n") + 1
        self._keep(text[end:] if end else text)
        if not end:
            return []
        found = list[SniffedLine]()
        done = 0
        for match in _FRAME.finditer(text, 0, end):
            if match.start() > done:
                self._leave_out(text[done : match.start()])
            done = match.end()
            line = _frame_of(*match.groups())
            if line is None:
                self.damaged += 1
            else:
                found.append(line)
        if end > done:
            self._leave_out(text[done:end])
        return found

    def restart(self) -> None:
        """Give up an unfinished line: the rest of it will never come."""
        self.garbage += len(self._unfinished)
        self._unfinished = b""

    def _leave_out(self, text: bytes) -> None:
        self.garbage += len(_CHATTER.sub(b"", text))

    def _keep(self, text: bytes) -> None:
        excess = max(0, len(text) - LONGEST_LINE)
        self.garbage += excess
        self._unfinished = text[excess:]


def _frame_of(
    kind: bytes, text: bytes, power: bytes, lqi: bytes, time: bytes
) -> SniffedLine | None:
    """Return what the fields of a line say, None if they say nothing possible."""
    try:
        octets = unhexlify(text)
    except Error:  # an odd count of digits
        return None
    quality, strength = int(lqi), int(power)
    if len(octets) > LONGEST_PSDU or not 0 <= quality <= 255:
        return None
    fcs, fcs_octets = Fcs.ABSENT, b""
    if kind == b"received":
        if len(octets) < 2:
            return None
        # The firmware hands on the place of the FCS, where some of its versions leave the FCS and
        # others something else, and never says what it found.  So a good one is told, and of any
        # other we know nothing: it is no sign of a bad frame.
        if has_good_fcs16(octets):
            fcs, fcs_octets = Fcs.GOOD, octets[-2:]
        octets = octets[:-2]
    return SniffedLine(
        octets,
        fcs,
        fcs_octets,
        None if strength == NO_POWER else strength,
        quality,
        int(time) & 0xFFFF_FFFF,  # 32 bits that may be printed as if signed, or 64 bits
    )
