"""The Internet checksum over an IPv6 pseudo-header (RFC 1071, RFC 8200 §8.1)."""

from lowpan.wire.ipv6 import UDP


def _sum(source: bytes, destination: bytes, next_header: int, octets: bytes) -> int:
    """Return the sum of all 16-bit words modulo 0xFFFF; 0 if a checksum among them is right.

    2**16 is 1 modulo 0xFFFF, so the remainder of the whole as one number is the folded sum.
    """
    even = octets if len(octets) % 2 == 0 else octets + b"\0"
    words = int.from_bytes(source + destination + even, "big")
    return (words + len(octets) + next_header) % 0xFFFF


def checksum(source: bytes, destination: bytes, next_header: int, octets: bytes) -> int:
    """Return the checksum, 0..0xFFFE, of an upper-layer message whose checksum field is zero."""
    return 0xFFFF - (_sum(source, destination, next_header, octets) or 0xFFFF)


def verifies(source: bytes, destination: bytes, next_header: int, octets: bytes) -> bool:
    """Tell whether the checksum inside an upper-layer message is right."""
    return _sum(source, destination, next_header, octets) == 0


def with_checksum(
    source: bytes, destination: bytes, next_header: int, octets: bytes, at: int
) -> bytes:
    """Return an upper-layer message with the right checksum `at` octets from its start.

    A UDP checksum of zero "is changed to hex FFFF" (RFC 8200 §8.1).
    """
    before, behind = octets[:at], octets[at + 2 :]
    number = checksum(source, destination, next_header, before + b"\0\0" + behind)
    if next_header == UDP and number == 0:
        number = 0xFFFF
    return before + number.to_bytes(2, "big") + behind
