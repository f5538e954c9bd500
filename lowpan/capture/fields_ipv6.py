"""Fields of IPv6, UDP and ICMPv6."""

from collections.abc import Callable, Iterator
from typing import Any

from lowpan.capture.datagram import Datagram, datagram_of_octets
from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.field import Field
from lowpan.capture.formats import (
    DECIMAL,
    HEX16,
    HEX24,
    HEX32,
    IPV6_ADDRESS,
    OCTETS,
)
from lowpan.errors import MalformedFrame
from lowpan.wire.ipv6 import HOP_BY_HOP_OPTIONS

MOST_INSIDE = 8
"""Datagrams in a datagram that are shown: tunnels and those that an error message quotes."""
_FIRST_INFORMATIONAL = 128


def inside(decoded: DecodedFrame) -> Iterator[Datagram]:
    """Yield the datagrams inside the frame's: tunnelled ones, and those errors quote."""
    datagram = decoded.datagram
    for _ in range(MOST_INSIDE):
        datagram = None if datagram is None else datagram.inner or _quoted(datagram)
        if datagram is None:
            return
        yield datagram


def _quoted(datagram: Datagram) -> Datagram | None:
    """Return the start of the datagram that an ICMPv6 error is about."""
    message = datagram.icmpv6
    if message is None or message.type >= _FIRST_INFORMATIONAL:
        return None
    octets = getattr(message.body, "invoking_datagram", b"")
    try:
        return datagram_of_octets(octets)
    except MalformedFrame:  # too little of it is quoted
        return None


def datagrams(decoded: DecodedFrame) -> Iterator[Datagram]:
    """Yield the datagram of the frame, and those inside it."""
    if decoded.datagram is not None:
        yield decoded.datagram
        yield from inside(decoded)


def of_each(get: Callable[[Datagram], tuple[Any, ...]]) -> Callable[[DecodedFrame], Iterator[Any]]:
    """Return the function that gives what `get` gives, of every datagram in a frame."""
    return lambda decoded: (value for datagram in datagrams(decoded) for value in get(datagram))


def _ports(datagram: Datagram) -> tuple[int, ...]:
    udp = datagram.udp
    return () if udp is None else (udp.source_port, udp.destination_port)


def _udp_payload(datagram: Datagram) -> tuple[bytes, ...]:
    return () if datagram.udp is None else (datagram.payload,)


def checksum_status(of_udp: bool) -> Callable[[Datagram], tuple[int, ...]]:
    """Return the function that tells 1: right, 0: wrong, 2: cannot tell."""

    def status(datagram: Datagram) -> tuple[int, ...]:
        header = datagram.udp if of_udp else datagram.icmpv6
        if header is None:
            return ()
        good = datagram.checksum_good
        return (2,) if good is None else (int(good),)

    return status


def _hop_by_hop(datagram: Datagram) -> list[Any]:
    return [header for kind, header in datagram.extension_headers if kind == HOP_BY_HOP_OPTIONS]


IPV6 = (
    Field("ipv6.version", DECIMAL, "Version", values=of_each(lambda d: (6,))),
    Field("ipv6.tclass", HEX32, "Traffic class", "datagram.traffic_class"),
    Field("ipv6.tclass.dscp", DECIMAL, "DSCP", values=of_each(lambda d: (d.traffic_class >> 2,))),
    Field("ipv6.tclass.ecn", DECIMAL, "ECN", values=of_each(lambda d: (d.traffic_class & 3,))),
    Field("ipv6.flow", HEX24, "Flow label", "datagram.flow_label"),
    Field("ipv6.plen", DECIMAL, "Payload length", "datagram.payload_length"),
    Field("ipv6.nxt", DECIMAL, "Next header", "datagram.next_header"),
    Field("ipv6.hlim", DECIMAL, "Hop limit", "datagram.hop_limit"),
    Field("ipv6.src", IPV6_ADDRESS, "Source", "datagram.source"),
    Field("ipv6.dst", IPV6_ADDRESS, "Destination", "datagram.destination"),
    Field(
        "ipv6.addr",
        IPV6_ADDRESS,
        "Source and destination",
        values=of_each(lambda d: (d.source, d.destination)),
    ),
    Field(
        "ipv6.hopopts.nxt",
        DECIMAL,
        "Next header",
        values=of_each(lambda d: tuple(header.next_header for header in _hop_by_hop(d))),
    ),
    Field(
        "ipv6.hopopts.len_oct",
        DECIMAL,
        "Octets of the header",
        values=of_each(lambda d: tuple(2 + len(header.octets) for header in _hop_by_hop(d))),
    ),
    Field(
        "lowpan.upper_protocol",
        DECIMAL,
        "Protocol behind the extension headers",
        "datagram.upper_protocol",
    ),
    Field("udp.srcport", DECIMAL, "Source port", "datagram.udp.source_port"),
    Field("udp.dstport", DECIMAL, "Destination port", "datagram.udp.destination_port"),
    Field("udp.port", DECIMAL, "Source and destination port", values=of_each(_ports)),
    Field("udp.length", DECIMAL, "Octets, header included", "datagram.udp.length"),
    Field("udp.checksum", HEX16, "Checksum", "datagram.udp.checksum"),
    Field(
        "udp.checksum.status",
        DECIMAL,
        "Checksum right 1, wrong 0, not known 2",
        values=of_each(checksum_status(of_udp=True)),
    ),
    Field("udp.payload", OCTETS, "Payload", values=of_each(_udp_payload)),
)
