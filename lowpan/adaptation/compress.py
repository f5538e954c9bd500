"""From the octets of an IPv6 datagram to their shortest 6LoWPAN form (RFC 6282)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lowpan.adaptation.address_modes import choose_modes
from lowpan.adaptation.decompress import EXTENSION_KINDS, PADDED, pad
from lowpan.errors import MalformedFrame
from lowpan.wire import ipv6
from lowpan.wire.addresses import Surroundings, is_multicast
from lowpan.wire.checksum import verifies
from lowpan.wire.iphc import Iphc, IphcControl
from lowpan.wire.ipv6 import IPV6_HEADER, IPV6_HEADER_OCTETS
from lowpan.wire.nhc import (
    COMPRESSED_HEADERS,
    MOST_NEXT_HEADERS,
    CompressedHeaders,
    ExtensionNhc,
    ExtensionNhcControl,
    Ipv6Nhc,
    NextHeader,
    UdpNhc,
    UdpNhcControl,
)
from lowpan.wire.udp import UDP_HEADER, UDP_HEADER_OCTETS

MOST_EXTENSION_OCTETS = 255
"""What the length octet of a compressed extension header can say."""

_EID = {kind: eid for eid, kind in enumerate(EXTENSION_KINDS) if kind != ipv6.FRAGMENT}
"""Extension headers that we compress, and their number in LOWPAN_NHC; see ExtensionNhc."""
_HLIM = {1: 1, 64: 2, 255: 3}


def compress(
    datagram: bytes, surroundings: Surroundings, *, elide_udp_checksum: bool = False
) -> bytes:
    """Return `datagram` with its headers compressed as far as they go.

    `elide_udp_checksum` is the permission of the layers above, without which the checksum stays
    (RFC 6282 §4.3.2).  Raise MalformedFrame if this is no IPv6 datagram.
    """
    headers, size = compress_headers(datagram, surroundings, elide_udp_checksum=elide_udp_checksum)
    return COMPRESSED_HEADERS.encode(headers, surroundings) + datagram[size:]


def compress_headers(
    datagram: bytes,
    surroundings: Surroundings,
    *,
    elide_udp_checksum: bool = False,
    limit: int | None = None,
) -> tuple[CompressedHeaders, int]:
    """Return the compressed headers of `datagram` and how many of its octets they stand for.

    Headers that would not fit in `limit` octets stay uncompressed, except the first: a header
    that is not whole in the first fragment must not be compressed (RFC 6282 §2).
    """
    steps = list(_steps(datagram))
    permission = elide_udp_checksum and _checksum_elidable(datagram, steps)
    while True:
        headers = _headers(datagram, steps, surroundings, elide=permission)
        fits = limit is None or len(COMPRESSED_HEADERS.encode(headers, surroundings)) <= limit
        if fits or len(steps) == 1:
            return headers, steps[-1].end
        steps.pop()


@dataclass(frozen=True, slots=True)
class _Step:
    """A header that can be compressed: octets `at` .. `end` of the datagram."""

    kind: int
    at: int
    end: int
    next_header: int


def _steps(datagram: bytes) -> Iterator[_Step]:
    """Yield the headers from the first on, as far as they can be compressed."""
    length = IPV6_HEADER.decode_prefix(datagram)[0].payload_length
    if length != len(datagram) - IPV6_HEADER_OCTETS:
        reason = f"payload length {length} in a datagram of {len(datagram)} octets"
        raise MalformedFrame(reason, format="Ipv6Header", field="payload_length", offset=4)
    step = _step(datagram, ipv6.IPV6, 0)
    for _ in range(1 + MOST_NEXT_HEADERS):
        if step is None:
            break
        yield step
        step = _step(datagram, step.next_header, step.end)


def _step(datagram: bytes, kind: int, at: int) -> _Step | None:
    """Return the header of this kind if what LOWPAN_NHC leaves out can be restored."""
    left = len(datagram) - at
    if kind == ipv6.IPV6 and left >= IPV6_HEADER_OCTETS and datagram[at] >> 4 == 6:
        if _number(datagram, at + 4) == left - IPV6_HEADER_OCTETS:
            return _Step(kind, at, at + IPV6_HEADER_OCTETS, datagram[at + 6])
    elif kind == ipv6.UDP and left >= UDP_HEADER_OCTETS:
        if _number(datagram, at + 4) == left:
            return _Step(kind, at, at + UDP_HEADER_OCTETS, ipv6.NO_NEXT_HEADER)
    elif kind in _EID and left >= 8:
        end = at + 8 * (1 + datagram[at + 1])
        if end <= len(datagram) and len(_trimmed(datagram, kind, at, end)) <= MOST_EXTENSION_OCTETS:
            return _Step(kind, at, end, datagram[at])
    return None


def _number(octets: bytes, at: int) -> int:
    return int.from_bytes(octets[at : at + 2], "big")


def _trimmed(datagram: bytes, kind: int, at: int, end: int) -> bytes:
    octets = datagram[at + 2 : end]
    return without_padding(octets) if kind in PADDED else octets


def without_padding(options: bytes) -> bytes:
    """Return the options without a Pad1 or PadN at their end that pad() would make again."""
    at = last = 0
    while at < len(options):
        last = at
        at += 1 if options[at] == 0 else 2 + options[at + 1] if at + 1 < len(options) else 2
    size = len(options) - last
    if at == len(options) and 0 < size <= 7 and options[last:] == pad(size):
        return options[:last]
    return options


def _checksum_elidable(datagram: bytes, steps: Sequence[_Step]) -> bool:
    """Tell whether the receiver would compute the same UDP checksum."""
    udp = steps[-1]
    if udp.kind != ipv6.UDP or any(step.kind == ipv6.ROUTING for step in steps):
        return False
    if datagram[udp.at + 6 : udp.at + 8] == bytes(2):
        return False  # none at all, which IPv6 does not allow: it would come out as a right one
    inner = [step.at for step in steps if step.kind == ipv6.IPV6][-1]
    source, destination = datagram[inner + 8 : inner + 24], datagram[inner + 24 : inner + 40]
    return verifies(source, destination, ipv6.UDP, datagram[udp.at :])


def _headers(
    datagram: bytes, steps: Sequence[_Step], surroundings: Surroundings, *, elide: bool
) -> CompressedHeaders:
    first, *others = steps
    header = _iphc(datagram, first, surroundings, more=bool(others))
    outer, chain = header, list[NextHeader]()
    for step in others:
        more = step is not steps[-1]
        if step.kind == ipv6.UDP:
            chain.append(_udp(datagram, step, elide=elide))
        elif step.kind == ipv6.IPV6:
            inside = _told_twice(surroundings, outer)
            outer = _iphc(datagram, step, inside, more=more)
            chain.append(Ipv6Nhc(outer))
        else:
            control = ExtensionNhcControl(_EID[step.kind], more)
            octets = _trimmed(datagram, step.kind, step.at, step.end)
            chain.append(ExtensionNhc(control, None if more else step.next_header, octets))
    return CompressedHeaders(header, tuple(chain))


def _told_twice(surroundings: Surroundings, outer: Iphc) -> Surroundings:
    """Return what completes a tunnelled header whichever rule the receiver follows.

    RFC 6282 §3.2.2 takes elided interface identifiers from the outer IPv6 header, OpenThread
    from the link layer; without knowing, elide only what both tell.
    """
    if surroundings.tunnel_from_link_layer:
        return surroundings
    source, destination = surroundings.source_iid, surroundings.destination_iid
    return Surroundings(
        source if source == outer.source[8:] else b"",
        destination if destination == outer.destination[8:] else b"",
        surroundings.contexts,
    )


def _iphc(datagram: bytes, step: _Step, surroundings: Surroundings, *, more: bool) -> Iphc:
    header = IPV6_HEADER.decode(datagram[step.at : step.end])
    source, destination = choose_modes(header.source, header.destination, surroundings)
    control = IphcControl(
        tf=_tf(header.traffic_class, header.flow_label),
        nh=more,
        hlim=_HLIM.get(header.hop_limit, 0),
        cid=bool(source.context or destination.context),
        sac=source.stateful,
        sam=source.mode,
        m=is_multicast(header.destination),
        dac=destination.stateful,
        dam=destination.mode,
    )
    return Iphc(
        control,
        source.context,
        destination.context,
        header.traffic_class,
        header.flow_label,
        None if more else header.next_header,
        header.hop_limit,
        header.source,
        header.destination,
    )


def _tf(traffic_class: int, flow_label: int) -> int:
    if flow_label:
        return 0 if traffic_class >> 2 else 1
    return 2 if traffic_class else 3


def _udp(datagram: bytes, step: _Step, *, elide: bool) -> UdpNhc:
    header = UDP_HEADER.decode(datagram[step.at : step.end])
    source, destination = header.source_port, header.destination_port
    if source >> 4 == destination >> 4 == 0xF0B:
        ports = 3
    elif source >> 8 == 0xF0:
        ports = 2
    else:
        ports = 1 if destination >> 8 == 0xF0 else 0
    control = UdpNhcControl(elide, ports)
    return UdpNhc(control, source, destination, None if elide else header.checksum)
