"""IPv6 header and extension headers (RFC 8200 §3, §4)."""

from dataclasses import dataclass

from construct import (
    Bytes,
    Computed,
    GreedyBytes,
    Int8ub,
    Int16ub,
    Int32ub,
    Rebuild,
    Struct,
    this,
)

from lowpan.errors import MalformedFrame
from lowpan.schema import Layout, Require, Sized
from lowpan.wire.expressions import packed

IPV6_HEADER_OCTETS = 40
MTU = 1280
"""Octets of an IPv6 datagram that every 6LoWPAN link carries, and at most (RFC 4944 §4)."""

HOP_BY_HOP_OPTIONS = 0
TCP = 6
UDP = 17
IPV6 = 41
ROUTING = 43
FRAGMENT = 44
ICMPV6 = 58
NO_NEXT_HEADER = 59
DESTINATION_OPTIONS = 60
MOBILITY = 135

EXTENSIONS = frozenset({HOP_BY_HOP_OPTIONS, ROUTING, DESTINATION_OPTIONS, MOBILITY})
"""Extension headers that say their length in units of 8 octets."""


@dataclass(slots=True)
class Ipv6Header:
    """IPv6 header."""

    traffic_class: int
    """0..255."""
    flow_label: int
    """0..0xFFFFF."""
    payload_length: int
    """Octets behind this header, 0..65535."""
    next_header: int
    """0..255."""
    hop_limit: int
    """0..255."""
    source: bytes
    """16 octets."""
    destination: bytes
    """16 octets."""


@dataclass(slots=True)
class ExtensionHeader:
    """Any extension header but the fragment header."""

    next_header: int
    """0..255."""
    octets: bytes
    """All behind the length field: 6, 14, 22 .. 2046 octets."""


@dataclass(slots=True)
class Ipv6FragmentHeader:
    """Fragment header: this datagram is a piece of a larger one (RFC 8200 §4.5)."""

    next_header: int
    """0..255."""
    fragment_offset: int
    """Octets from the start of the fragmentable part, 0, 8 .. 65528."""
    more_fragments: bool
    identification: int
    """0..0xFFFFFFFF."""
    reserved: int = 0
    """The reserved octet."""
    res: int = 0
    """Two reserved bits."""


_WORD = packed((6, 4), (this.traffic_class, 8), (this.flow_label, 20))

IPV6_HEADER = Layout(
    Ipv6Header,
    Struct(
        "word" / Rebuild(Int32ub, _WORD),
        Require(this.word >> 28 == 6, "version is not 6"),
        "traffic_class" / Computed(this.word >> 20 & 0xFF),
        "flow_label" / Computed(this.word & 0xFFFFF),
        "payload_length" / Int16ub,
        "next_header" / Int8ub,
        "hop_limit" / Int8ub,
        "source" / Bytes(16),
        "destination" / Bytes(16),
    ),
)

EXTENSION_HEADER = Layout(
    ExtensionHeader,
    Sized(
        Struct("next_header" / Int8ub, "length" / Int8ub),
        "octets" / GreedyBytes,
        unit=8,
        overhead=-6,
    ),
)

# the low bits of an offset that is no multiple of 8 make the word too large
_OFFSET_WORD = packed(
    (this.fragment_offset & 7, 0),
    (this.fragment_offset >> 3, 13),
    (this.res, 2),
    (this.more_fragments, 1),
)

IPV6_FRAGMENT_HEADER = Layout(
    Ipv6FragmentHeader,
    Struct(
        "next_header" / Int8ub,
        "reserved" / Int8ub,
        "word" / Rebuild(Int16ub, _OFFSET_WORD),
        "fragment_offset" / Computed(this.word & 0xFFF8),
        "res" / Computed(this.word >> 1 & 3),
        "more_fragments" / Computed(this.word & 1 == 1),
        "identification" / Int32ub,
    ),
)


def upper_layer(datagram: bytes) -> tuple[int, int]:
    """Return the first next header that is no extension header, and where it begins.

    A piece of a fragmented datagram that is not its first has none: FRAGMENT stands for it.
    Raise MalformedFrame if the headers are cut short.
    """
    kind, at = IPV6_HEADER.decode_prefix(datagram)[0].next_header, IPV6_HEADER_OCTETS
    while True:
        layout = EXTENSION_HEADER if kind in EXTENSIONS else IPV6_FRAGMENT_HEADER
        if layout is IPV6_FRAGMENT_HEADER and kind != FRAGMENT:
            return kind, at
        try:
            header, used = layout.decode_prefix(datagram[at:])
        except MalformedFrame as error:
            raise error.shifted(at) from None
        if isinstance(header, Ipv6FragmentHeader) and header.fragment_offset:
            return kind, at
        kind, at = header.next_header, at + used
