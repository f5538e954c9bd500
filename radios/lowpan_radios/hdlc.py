"""HDLC-lite: messages on a line of octets, as Spinel frames them (after RFC 1662).

A message and its FCS stand between flags; an octet that means something to the line is sent as
an escape and the octet with bit 5 flipped.  The FCS is CRC-16/X-25, lowest octet first: the
polynomial of FCS-16 over lowest bits first, from 0xFFFF, complemented.  See `lowpan.wire.fcs`
for why octets go into `crc_hqx` with their bits reversed.
"""

import re
from binascii import crc_hqx

FLAG, ESCAPE = 0x7E, 0x7D
FLIP = 0x20

MUST_ESCAPE = (ESCAPE, FLAG, 0x11, 0x13, 0xF8)
"""What a sender escapes: the escape first, then flag, XON, XOFF and a vendor's own octet."""

MOST_OCTETS = 2048
"""Octets between two flags at most, escapes included; Spinel's frames have 1300 at most."""

FEWEST_OCTETS = 3
"""One octet and its FCS."""

_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_RESIDUE = 0x1D0F
"""CRC over a message and its own FCS; 0xF0B8 with the lowest bit first."""

_FLAG, _ESCAPE = bytes([FLAG]), bytes([ESCAPE])
_ESCAPED = re.compile(rb"\x7d(.)", re.DOTALL)
_UNESCAPED = {bytes([ESCAPE, octet]): bytes([octet ^ FLIP]) for octet in range(256)}
_ESCAPES = [(bytes([octet]), bytes([ESCAPE, octet ^ FLIP])) for octet in MUST_ESCAPE]


def fcs_x25(octets: bytes) -> int:
    """Return the FCS over `octets`, 0..65535."""
    crc = crc_hqx(octets.translate(_REVERSED), 0xFFFF)
    return (_REVERSED[crc >> 8] | _REVERSED[crc & 0xFF] << 8) ^ 0xFFFF


def hdlc_encode(message: bytes) -> bytes:
    """Return `message` with its FCS, escaped, between two flags.

    The flag before it ends whatever the line has put there.
    """
    octets = message + fcs_x25(message).to_bytes(2, "little")
    for octet, escaped in _ESCAPES:
        octets = octets.replace(octet, escaped)
    return _FLAG + octets + _FLAG


def _unescape(piece: bytes) -> bytes:
    """Return `piece` without its escapes; any octet may be escaped.  Two in a row make 0x5d."""
    return _ESCAPED.sub(lambda found: _UNESCAPED[found[0]], piece)


class HdlcDecoder:
    """Finds the messages in octets that come in blocks of any size; never raises.

    What stands between two flags and has no good FCS is left out and counted; the next flag
    starts anew.  At most MOST_OCTETS are kept between calls.
    """

    def __init__(self) -> None:
        self.garbage = 0
        """Octets that were no message: before the first flag, too few, or without any end."""
        self.damaged = 0
        """What stood between flags and had a wrong FCS."""
        self._begin()

    @property
    def kept(self) -> int:
        """Return how many octets wait for the rest of their message."""
        return len(self._half)

    def restart(self) -> None:
        """Forget half a message: the line is a new one.  Counts go on."""
        self._begin()

    def _begin(self) -> None:
        self._half = b""
        self._skipping = False  # an endless message: wait for a flag
        self._aligned = False  # a flag has been seen

    def decode(self, octets: bytes) -> list[bytes]:
        """Return the messages, without FCS, that `octets` complete, in their order."""
        pieces = octets.split(_FLAG)
        last = pieces.pop()
        messages: list[bytes] = []
        if pieces:
            if self._half or self._skipping or not self._aligned:
                pieces[0] = self._end_first(pieces[0], messages)
            self._complete(pieces, messages)
        self._keep(last)
        return messages

    def _complete(self, pieces: list[bytes], messages: list[bytes]) -> None:
        """Check each of `pieces`, which stood between two flags."""
        for piece in pieces:
            if not piece:
                continue
            if len(piece) > MOST_OCTETS:
                self.garbage += len(piece)
                continue
            plain = _unescape(piece) if _ESCAPE in piece else piece
            if len(plain) < FEWEST_OCTETS:
                self.garbage += len(piece)
            elif crc_hqx(plain.translate(_REVERSED), 0xFFFF) == _RESIDUE:
                messages.append(plain[:-2])
            else:
                self.damaged += 1

    def _end_first(self, piece: bytes, messages: list[bytes]) -> bytes:
        """Return the whole of what the first flag of a block ends; empty if it is done with."""
        whole, self._half = self._half + piece, b""
        skipping, self._skipping = self._skipping, False
        aligned, self._aligned = self._aligned, True
        if skipping:
            self.garbage += len(piece)
            return b""
        if aligned:
            return whole
        damaged = self.damaged
        self._complete([whole], messages)  # a message whose first flag was before our time
        if self.damaged != damaged:
            self.damaged = damaged
            self.garbage += len(whole)
        return b""

    def _keep(self, piece: bytes) -> None:
        """Keep the beginning of a message until more of it comes."""
        if self._skipping:
            self.garbage += len(piece)
            return
        self._half += piece
        if len(self._half) > MOST_OCTETS:
            self.garbage += len(self._half)
            self._half, self._skipping = b"", True
