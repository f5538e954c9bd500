"""Frame check sequences: FCS-16 of every PHY, FCS-32 of SUN, LECIM and TVWS PHYs.

FCS-16 is x^16 + x^12 + x^5 + 1 over bits in the order of transmission, lowest bit of each octet
first, from 0 (catalogued as CRC-16/KERMIT).  Python's `crc_hqx` has that polynomial but takes the
highest bit first, so octets go in with their bits reversed and the result comes out reversed.
FCS-32 is the CRC-32 of Ethernet.  Both are sent lowest octet first.
"""

from binascii import crc_hqx
from zlib import crc32

_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""Each octet with its bits in the opposite order."""

_RESIDUE_32 = 0x2144DF1C
"""CRC-32 of any octets that end in their own FCS-32."""


def fcs16(octets: bytes) -> int:
    """Return the FCS-16 over `octets`, 0..65535."""
    crc = crc_hqx(octets.translate(_REVERSED), 0)
    return _REVERSED[crc >> 8] | _REVERSED[crc & 0xFF] << 8


def fcs32(octets: bytes) -> int:
    """Return the FCS-32 over `octets`, which are not padded however few they are."""
    return crc32(octets)


def append_fcs16(octets: bytes) -> bytes:
    """Return `octets` with their FCS-16 behind them, as they go on air."""
    return octets + fcs16(octets).to_bytes(2, "little")


def append_fcs32(octets: bytes) -> bytes:
    """Return `octets` with their FCS-32 behind them, as they go on air."""
    return octets + crc32(octets).to_bytes(4, "little")


def has_good_fcs16(octets: bytes) -> bool:
    """Tell whether `octets` end in the FCS-16 of what comes before it.

    The check over octets and FCS together leaves 0; fewer than 2 octets have no FCS.
    """
    return len(octets) >= 2 and not crc_hqx(octets.translate(_REVERSED), 0)


def has_good_fcs32(octets: bytes) -> bool:
    """Tell whether `octets` end in the FCS-32 of what comes before it."""
    return len(octets) >= 4 and crc32(octets) == _RESIDUE_32
