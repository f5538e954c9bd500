"""From compressed headers back to the octets of an IPv6 datagram (RFC 6282)."""

from collections.abc import Iterator

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire import ipv6, nhc
from lowpan.wire.checksum import with_checksum
from lowpan.wire.iphc import Iphc
from lowpan.wire.ipv6 import (
    EXTENSION_HEADER,
    IPV6_HEADER,
    IPV6_HEADER_OCTETS,
    ExtensionHeader,
    Ipv6Header,
)
from lowpan.wire.nhc import CompressedHeaders, ExtensionNhc, Ipv6Nhc, NextHeader, UdpNhc
from lowpan.wire.udp import UDP_HEADER, UDP_HEADER_OCTETS, UdpHeader

EXTENSION_KINDS = (
    ipv6.HOP_BY_HOP_OPTIONS,
    ipv6.ROUTING,
    ipv6.FRAGMENT,
    ipv6.DESTINATION_OPTIONS,
    ipv6.MOBILITY,
)
"""IPv6's number of each extension header that LOWPAN_NHC numbers 0, 1 .. 4."""
PADDED = {ipv6.HOP_BY_HOP_OPTIONS, ipv6.DESTINATION_OPTIONS}
"""Headers whose padding at the end may be left out (RFC 6282 §4.2)."""


def decompress(
    headers: CompressedHeaders,
    payload: bytes,
    datagram_size: int | None = None,
    *,
    limit: int = ipv6.MTU,
) -> bytes:
    """Return the datagram of `headers` and the `payload` behind them, at most `limit` octets.

    With the `datagram_size` of a first fragment, return the octets that this fragment holds; an
    elided UDP checksum stays zero until restore_checksum() sees the whole datagram.  Raise
    MalformedFrame where the headers and sizes make no datagram.
    """
    chain = headers.next_headers
    if len(chain) == 1 and datagram_size is None:
        udp = chain[0]
        if isinstance(udp, UdpNhc) and udp.checksum is not None:  # most datagrams
            left = UDP_HEADER_OCTETS + len(payload)
            if IPV6_HEADER_OCTETS + left <= limit:
                size = IPV6_HEADER_OCTETS + left
                return _ipv6(headers.iphc, udp, size) + _udp(udp, left) + payload
    held = uncompressed_size(headers) + len(payload)
    size = held if datagram_size is None else datagram_size
    if held > size or (datagram_size is None and size > limit):
        most = limit if datagram_size is None else size
        raise _malformed(f"{held} octets in a datagram of at most {most}")
    octets = b"".join(_uncompressed(headers, size)) + payload
    return restore_checksum(headers, octets) if held == size else octets


def uncompressed_size(headers: CompressedHeaders) -> int:
    """Return the octets of the headers before compression."""
    return IPV6_HEADER_OCTETS + sum(map(_size, headers.next_headers))


def restore_checksum(headers: CompressedHeaders, datagram: bytes) -> bytes:
    """Return the whole datagram with the UDP checksum that `headers` left out, if they did."""
    last = headers.next_headers[-1] if headers.next_headers else None
    if not isinstance(last, UdpNhc) or last.checksum is not None:
        return datagram
    if any(_routes_on(header) for header in headers.next_headers):
        raise _malformed("a checksum elided behind a routing header that is under way")
    inner = headers.iphc
    for header in headers.next_headers:
        if isinstance(header, Ipv6Nhc):
            inner = header.iphc
    at = uncompressed_size(headers) - UDP_HEADER_OCTETS
    udp = with_checksum(inner.source, inner.destination, ipv6.UDP, datagram[at:], 6)
    return datagram[:at] + udp


def _uncompressed(headers: CompressedHeaders, size: int) -> Iterator[bytes]:
    """Yield each header's octets; `size` is that of the datagram."""
    chain = headers.next_headers
    yield _ipv6(headers.iphc, chain[0] if chain else None, size)
    left = size - IPV6_HEADER_OCTETS
    for header, behind in zip(chain, (*chain[1:], None), strict=False):
        match header:
            case UdpNhc():
                yield _udp(header, left)
            case Ipv6Nhc():
                yield _ipv6(header.iphc, behind, left)
            case ExtensionNhc():
                yield _extension(header, behind)
        left -= _size(header)


def _size(header: NextHeader) -> int:
    match header:
        case UdpNhc():
            return UDP_HEADER_OCTETS
        case Ipv6Nhc():
            return IPV6_HEADER_OCTETS
        case ExtensionNhc():
            return (2 + len(header.octets) + 7) // 8 * 8


def _ipv6(header: Iphc, behind: NextHeader | None, size: int) -> bytes:
    return IPV6_HEADER.encode(
        Ipv6Header(
            header.traffic_class,
            header.flow_label,
            size - IPV6_HEADER_OCTETS,
            _kind(header.next_header, behind),
            header.hop_limit,
            header.source,
            header.destination,
        )
    )


def _udp(header: UdpNhc, size: int) -> bytes:
    checksum = header.checksum or 0
    return UDP_HEADER.encode(UdpHeader(header.source_port, header.destination_port, size, checksum))


def _extension(header: ExtensionNhc, behind: NextHeader | None) -> bytes:
    next_header, kind = _kind(header.next_header, behind), EXTENSION_KINDS[header.control.eid]
    padding = -(2 + len(header.octets)) % 8
    if padding and kind not in PADDED:
        raise _malformed(f"extension header {kind} of {2 + len(header.octets)} octets")
    if kind == ipv6.FRAGMENT:  # has a reserved octet where others have their length
        if len(header.octets) != 6:
            raise _malformed(f"fragment header of {2 + len(header.octets)} octets")
        return bytes((next_header, 0)) + header.octets
    return EXTENSION_HEADER.encode(ExtensionHeader(next_header, header.octets + pad(padding)))


def pad(octets: int) -> bytes:
    """Return the Pad1 or PadN option of so many octets, 0..7 (RFC 8200 §4.2)."""
    if octets < 2:
        return bytes(octets)
    return bytes((1, octets - 2)) + bytes(octets - 2)


def _kind(next_header: int | None, behind: NextHeader | None) -> int:
    """Return the IPv6 number of what follows, said in line or by the compressed header there."""
    if next_header is not None:
        return next_header
    match behind:
        case UdpNhc():
            return ipv6.UDP
        case Ipv6Nhc():
            return ipv6.IPV6
        case ExtensionNhc():
            return EXTENSION_KINDS[behind.control.eid]
        case None:
            raise FieldOutOfRange("a compressed header is announced and missing")


def _routes_on(header: NextHeader) -> bool:
    """Tell whether a routing header has segments left, so that the destination will change."""
    if not isinstance(header, ExtensionNhc) or header.control.eid != nhc.ROUTING:
        return False
    return header.octets[1:2] != b"\0"


def _malformed(reason: str) -> MalformedFrame:
    return MalformedFrame(reason, format="Datagram")
