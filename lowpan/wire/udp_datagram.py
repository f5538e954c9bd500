"""A whole IPv6 datagram that carries UDP, made of its parts (RFC 768, RFC 8200 §8.1)."""

from lowpan.wire.checksum import with_checksum
from lowpan.wire.ipv6 import IPV6_HEADER, UDP, Ipv6Header
from lowpan.wire.udp import UDP_HEADER, UDP_HEADER_OCTETS, UdpHeader

_CHECKSUM_AT = 6


def udp_datagram(  # noqa: PLR0913  (both ends, whole)
    payload: bytes,
    source: bytes,
    source_port: int,
    destination: bytes,
    destination_port: int,
    *,
    hop_limit: int,
) -> bytes:
    """Return the datagram with `payload` between these addresses of 16 octets, with checksum."""
    length = UDP_HEADER_OCTETS + len(payload)
    udp = UDP_HEADER.encode(UdpHeader(source_port, destination_port, length, 0)) + payload
    udp = with_checksum(source, destination, UDP, udp, _CHECKSUM_AT)
    header = Ipv6Header(0, 0, length, UDP, hop_limit, source, destination)
    return IPV6_HEADER.encode(header) + udp
