"""Compressed next headers, LOWPAN_NHC, and all compressed headers of a datagram (RFC 6282 §4)."""

from dataclasses import dataclass
from typing import Any

from construct import (
    BitsInteger,
    BitStruct,
    Computed,
    Const,
    Flag,
    GreedyBytes,
    IfThenElse,
    Int8ub,
    Int16ub,
    Rebuild,
    Struct,
    Switch,
    this,
)

from lowpan.schema import Layout, Refused, Require, Sized, when
from lowpan.wire.expressions import packed
from lowpan.wire.iphc import IPHC, Iphc
from lowpan.wire.nhc_chain import NhcChain

NHC_IPV6 = 0b11101110
"""LOWPAN_NHC octet of an IPv6 header inside an IPv6 datagram; its NH bit "MUST be set to zero"."""
MOST_NEXT_HEADERS = 8
"""Compressed headers in one chain: more than any datagram needs, too few to amplify a frame."""

HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS, MOBILITY = range(5)
"""Numbers of extension headers in LOWPAN_NHC (EID)."""


@dataclass(frozen=True, slots=True)
class UdpNhcControl:
    """First octet of a compressed UDP header (RFC 6282 §4.3.3)."""

    c: bool
    """The checksum is elided."""
    p: int
    """Ports: 0 both in line; 1, 2 destination or source of 8 bits, 0xF0XX; 3 both 0xF0BX."""


@dataclass(slots=True)
class UdpNhc:
    """Compressed UDP header; the length is never carried."""

    control: UdpNhcControl
    source_port: int
    """0..65535."""
    destination_port: int
    """0..65535."""
    checksum: int | None
    """0..65535; None where it is elided."""


@dataclass(frozen=True, slots=True)
class ExtensionNhcControl:
    """First octet of a compressed IPv6 extension header (RFC 6282 §4.2)."""

    eid: int
    """Which header: HOP_BY_HOP .. MOBILITY, 0..4."""
    nh: bool
    """The next header is compressed too."""


@dataclass(slots=True)
class ExtensionNhc:
    """Compressed IPv6 extension header.

    Peers do not agree whether a fragment header (EID 2) has the length octet that §4.2 gives to
    every extension header; it is read with one here, and never sent compressed.
    """

    control: ExtensionNhcControl
    next_header: int | None
    """0..255; None where the next header is compressed too."""
    octets: bytes
    """All behind the length field, 0..255 octets; padding at the end may be left out."""


@dataclass(slots=True)
class Ipv6Nhc:
    """Compressed IPv6 header inside an IPv6 datagram (RFC 6282 §4.2, EID 7)."""

    iphc: Iphc


NextHeader = UdpNhc | ExtensionNhc | Ipv6Nhc


@dataclass(slots=True)
class CompressedHeaders:
    """All compressed headers at the start of a datagram; its payload follows."""

    iphc: Iphc
    next_headers: tuple[NextHeader, ...] = ()


UDP_NHC_CONTROL = Layout(
    UdpNhcControl,
    BitStruct("dispatch" / Const(0b11110, BitsInteger(5)), "c" / Flag, "p" / BitsInteger(2)),
)

_NIBBLES = packed((this.source_port - 0xF0B0, 4), (this.destination_port - 0xF0B0, 4))

_NO_OCTET = Computed(0)

UDP_NHC = Layout(
    UdpNhc,
    Struct(
        "control" / UDP_NHC_CONTROL,
        "source_octet"
        / Switch(
            this.control.p,
            {2: Rebuild(Int8ub, this.source_port - 0xF000), 3: Rebuild(Int8ub, _NIBBLES)},
            _NO_OCTET,
        ),
        "source_port"
        / Switch(
            this.control.p,
            {
                2: Computed(this.source_octet + 0xF000),
                3: Computed((this.source_octet >> 4) + 0xF0B0),
            },
            Int16ub,
        ),
        "destination_octet"
        / IfThenElse(
            this.control.p == 1, Rebuild(Int8ub, this.destination_port - 0xF000), _NO_OCTET
        ),
        "destination_port"
        / Switch(
            this.control.p,
            {
                1: Computed(this.destination_octet + 0xF000),
                3: Computed((this.source_octet & 15) + 0xF0B0),
            },
            Int16ub,
        ),
        "checksum" / when(~this.control.c, Int16ub),
    ),
)

EXTENSION_NHC_CONTROL = Layout(
    ExtensionNhcControl,
    BitStruct("dispatch" / Const(0b1110, BitsInteger(4)), "eid" / BitsInteger(3), "nh" / Flag),
)

EXTENSION_NHC = Layout(
    ExtensionNhc,
    Sized(
        Struct(
            "control" / EXTENSION_NHC_CONTROL,
            Require(this.control.eid <= MOBILITY, "reserved kind of extension header"),
            "next_header" / when(~this.control.nh, Int8ub),
            "length" / Int8ub,
        ),
        "octets" / GreedyBytes,
    ),
)

IPV6_NHC = Layout(Ipv6Nhc, Struct("dispatch" / Const(NHC_IPV6, Int8ub), "iphc" / IPHC))


def _nhc_formats() -> dict[int, Any]:
    extensions = {0xE0 + octet: EXTENSION_NHC for octet in range(2 * MOBILITY + 2)}
    reserved = dict.fromkeys(range(0xEA, 0xEE), Refused("reserved kind of extension header"))
    twice = Refused("the NH bit of a compressed IPv6 header is set")
    udp = dict.fromkeys(range(0xF0, 0xF8), UDP_NHC)
    return {**extensions, **reserved, NHC_IPV6: IPV6_NHC, NHC_IPV6 + 1: twice, **udp}


NHC_FORMATS: dict[int, Any] = _nhc_formats()
"""First octet of a compressed next header -> its Layout, or why it is refused."""

_CHAIN = NhcChain(this.iphc, NHC_FORMATS, most=MOST_NEXT_HEADERS, tunnelled=IPV6_NHC, lone=UDP_NHC)

COMPRESSED_HEADERS = Layout(
    CompressedHeaders,
    Struct("iphc" / IPHC, "next_headers" / _CHAIN),
)
