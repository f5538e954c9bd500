"""Fields of 6LoWPAN: mesh, broadcast and fragmentation headers, compressed headers."""

from collections.abc import Iterator

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.field import Field
from lowpan.capture.formats import (
    DECIMAL,
    FLAG,
    HEX8,
    HEX16,
    HEX24,
    IPV6_ADDRESS,
    SHORT_ADDRESS,
    computed,
    textual,
)
from lowpan.wire.iphc import Iphc, IphcControl
from lowpan.wire.nhc import ExtensionNhc, UdpNhc, UdpNhcControl

_MESH, _FRAG1, _FRAGN, _IPHC = 0b10, 0b11000, 0b11100, 0b011
"""How Wireshark shows dispatches: the bits that are fixed."""
_NHC_EXTENSION, _NHC_UDP = 0b1110, 0b11110


def _dispatches(decoded: DecodedFrame) -> Iterator[int]:
    if decoded.mesh is not None:
        yield _MESH
    if decoded.fragment is not None:
        yield _FRAG1 if decoded.fragment.datagram_offset is None else _FRAGN
    if decoded.compressed is not None:
        yield _IPHC


def _next_header_dispatches(decoded: DecodedFrame) -> Iterator[int]:
    if decoded.compressed is not None:
        for header in decoded.compressed.next_headers:
            yield _NHC_UDP if isinstance(header, UdpNhc) else _NHC_EXTENSION


def _fragments(decoded: DecodedFrame) -> tuple[int, ...]:
    return decoded.reassembled_from


def _fragment_count(decoded: DecodedFrame) -> Iterator[int]:
    if decoded.reassembled_from:
        yield len(decoded.reassembled_from)


def _reassembled_length(decoded: DecodedFrame) -> Iterator[int]:
    if decoded.reassembled_from and decoded.datagram is not None:
        yield decoded.datagram.payload_length + 40


_ADDRESS64 = textual(
    "0x and 16 digits", lambda address: f"0x{address.hex()}" if len(address) == 8 else ""
)
_LENGTH = computed(DECIMAL, lambda header: len(header.octets))
_TRAFFIC_CLASS = computed(HEX8, lambda header: header.traffic_class or None)
_ECN = computed(
    DECIMAL, lambda header: None if header.control.tf == 3 else header.traffic_class & 3
)
_DSCP = computed(
    DECIMAL, lambda header: None if header.control.tf % 2 else header.traffic_class >> 2
)
_FLOW = computed(HEX24, lambda header: header.flow_label if header.control.tf < 2 else None)
_HOPS = computed(DECIMAL, lambda header: None if header.control.hlim else header.hop_limit)
_SCI = computed(HEX8, lambda header: header.source_context if header.control.cid else None)
_DCI = computed(HEX8, lambda header: header.destination_context if header.control.cid else None)

BEFORE_IPV6 = (
    Field("6lowpan.pattern", HEX8, "Dispatch", values=_dispatches),
    Field("6lowpan.mesh.v", FLAG, "Short originator", "mesh.control.v"),
    Field("6lowpan.mesh.f", FLAG, "Short final destination", "mesh.control.f"),
    Field("6lowpan.mesh.hops", DECIMAL, "Hops left, 15: see hops8", "mesh.control.hops_left"),
    Field("6lowpan.mesh.hops8", DECIMAL, "Deep hops left", "mesh.deep_hops_left"),
    Field("6lowpan.mesh.orig16", SHORT_ADDRESS, "Originator", "mesh.originator"),
    Field("6lowpan.mesh.orig64", _ADDRESS64, "Originator", "mesh.originator"),
    Field("6lowpan.mesh.dest16", SHORT_ADDRESS, "Final destination", "mesh.final_destination"),
    Field("6lowpan.mesh.dest64", _ADDRESS64, "Final destination", "mesh.final_destination"),
    Field("6lowpan.bcast.seqnum", DECIMAL, "Sequence number", "broadcast.sequence_number"),
    Field("6lowpan.frag.size", DECIMAL, "Datagram size", "fragment.datagram_size"),
    Field("6lowpan.frag.tag", HEX16, "Datagram tag", "fragment.datagram_tag"),
    Field("6lowpan.frag.offset", DECIMAL, "Datagram offset, octets", "fragment.datagram_offset"),
    Field("6lowpan.fragment", DECIMAL, "Frames that made the datagram", values=_fragments),
    Field("6lowpan.fragment.count", DECIMAL, "How many they are", values=_fragment_count),
    Field("6lowpan.reassembled.length", DECIMAL, "Octets reassembled", values=_reassembled_length),
    Field("lowpan.dispatch", HEX8, "First octet of what is not decoded", "dispatch"),
)

COMPRESSED = (
    Field("6lowpan.iphc.tf", HEX16, "TF", part=IphcControl, attribute="tf"),
    Field("6lowpan.iphc.nh", FLAG, "Next header compressed", part=IphcControl, attribute="nh"),
    Field("6lowpan.iphc.hlim", HEX16, "HLIM", part=IphcControl, attribute="hlim"),
    Field(
        "6lowpan.iphc.cid", FLAG, "Context identifiers follow", part=IphcControl, attribute="cid"
    ),
    Field("6lowpan.iphc.sac", FLAG, "Source by context", part=IphcControl, attribute="sac"),
    Field("6lowpan.iphc.sam", HEX16, "Source address mode", part=IphcControl, attribute="sam"),
    Field("6lowpan.iphc.m", FLAG, "Multicast destination", part=IphcControl, attribute="m"),
    Field("6lowpan.iphc.dac", FLAG, "Destination by context", part=IphcControl, attribute="dac"),
    Field("6lowpan.iphc.dam", HEX16, "Destination address mode", part=IphcControl, attribute="dam"),
    Field("6lowpan.iphc.sci", _SCI, "Source context", part=Iphc),
    Field("6lowpan.iphc.dci", _DCI, "Destination context", part=Iphc),
    Field("6lowpan.class", _TRAFFIC_CLASS, "Traffic class, where not 0", part=Iphc),
    Field("6lowpan.ecn", _ECN, "ECN in line", part=Iphc),
    Field("6lowpan.dscp", _DSCP, "DSCP in line", part=Iphc),
    Field("6lowpan.flow", _FLOW, "Flow label in line", part=Iphc),
    Field("6lowpan.next", HEX8, "Next header in line", part=Iphc, attribute="next_header"),
    Field("6lowpan.hops", _HOPS, "Hop limit in line", part=Iphc),
    Field("6lowpan.src", IPV6_ADDRESS, "Source", part=Iphc, attribute="source"),
    Field("6lowpan.dst", IPV6_ADDRESS, "Destination", part=Iphc, attribute="destination"),
    Field("6lowpan.nhc.pattern", HEX8, "Dispatch", values=_next_header_dispatches),
    Field(
        "6lowpan.nhc.ext.eid",
        HEX8,
        "Which extension header",
        part=ExtensionNhc,
        attribute="control.eid",
    ),
    Field("6lowpan.nhc.ext.next", HEX8, "Next header", part=ExtensionNhc, attribute="next_header"),
    Field("6lowpan.nhc.ext.length", _LENGTH, "Octets", part=ExtensionNhc),
    Field("6lowpan.nhc.udp.checksum", FLAG, "Checksum elided", part=UdpNhcControl, attribute="c"),
    Field("6lowpan.nhc.udp.ports", DECIMAL, "Form of the ports", part=UdpNhcControl, attribute="p"),
    Field("6lowpan.udp.src", DECIMAL, "Source port", part=UdpNhc, attribute="source_port"),
    Field(
        "6lowpan.udp.dst", DECIMAL, "Destination port", part=UdpNhc, attribute="destination_port"
    ),
    Field("6lowpan.udp.checksum", HEX16, "Checksum", part=UdpNhc, attribute="checksum"),
)
