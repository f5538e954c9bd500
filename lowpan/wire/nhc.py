"""Compressed next headers, LOWPAN_NHC, and all compressed headers of a datagram (RFC 6282 §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import SEEK_CUR
from typing import Any

from construct import (
    BitsInteger,
    BitStruct,
    Computed,
    Const,
    Container,
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
from construct.core import evaluate

from lowpan.errors import MalformedFrame
from lowpan.schema import Layout, Refused, Require, Sized, when
from lowpan.schema.constructs import AnyConstruct
from lowpan.schema.decoder import place
from lowpan.schema.nodes import SchemaError
from lowpan.schema.terms import Code, Term, attribute
from lowpan.schema.terms import Const as Known
from lowpan.wire.addresses import Surroundings
from lowpan.wire.expressions import packed
from lowpan.wire.iphc import IPHC, Iphc

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

_TOO_MANY = f"more than {MOST_NEXT_HEADERS} compressed headers"
_MISSING = "a compressed header is announced and missing"
_UNEXPECTED = "no compressed header may stand here"


class NhcChain(AnyConstruct):
    """Compressed next headers, for as long as each header says that another one follows.

    `outer` is the `this` path of the IPHC before them; `formats` tells the Layout, or the
    refusal, for each first octet; `tunnelled` is the one among them that holds an IPHC itself,
    whose surroundings the IPv6 header before it makes.  A header says what follows in
    `control.nh`; one without that bit is the last.  The value is a tuple.
    """

    def __init__(self, outer: Any, tunnelled: Layout[Any], formats: Mapping[int, Any]) -> None:
        super().__init__()
        self.outer, self.tunnelled, self.formats = outer, tunnelled, formats
        layouts: list[Any] = [node for node in formats.values() if isinstance(node, Layout)]
        self.format_of: dict[Any, Any] = {layout.value_type: layout for layout in layouts}

    # -- interpreted

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        header: Any = evaluate(self.outer, context)
        items: list[Any] = []
        announced = header["control"]["nh"]
        while announced:
            if len(items) == MOST_NEXT_HEADERS:
                raise SchemaError(_TOO_MANY, path=path)
            node = self._ahead(stream, path)
            item = node._parsereport(stream, self._inside(context, header, node), path)
            items.append(item)
            header = item.get("iphc", header)
            announced = item.get("iphc", item)["control"].get("nh", False)
        return items

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        header = evaluate(self.outer, context)
        announced = header["control"]["nh"]
        if len(obj) > MOST_NEXT_HEADERS:
            raise SchemaError(_TOO_MANY, path=path)
        for item in obj:
            node = self.format_of.get(item["_type"])
            if not announced or node is None:
                raise SchemaError(_UNEXPECTED, path=path)
            node._build(item, stream, self._inside(context, header, node), path)
            header = item.get("iphc", header)
            announced = item.get("iphc", item)["control"].get("nh", False)
        if announced:
            raise SchemaError(_MISSING, path=path)
        return obj

    def _sizeof(self, context: Any, path: str) -> int:
        raise SchemaError("of no fixed size", path=path)

    def _ahead(self, stream: Any, path: str) -> Any:
        octet = stream.read(1)
        if not octet:
            raise SchemaError(_MISSING, path=path)
        stream.seek(-1, SEEK_CUR)
        if octet[0] not in self.formats:
            raise SchemaError(_unknown(octet[0]), path=path)
        return self.formats[octet[0]]

    def _inside(self, context: Any, header: Any, node: Any) -> Any:
        if node is not self.tunnelled:
            return context
        outer = context._params.get("surroundings") or Surroundings()
        inner = outer.inside(header["source"], header["destination"])
        return Container(context, _params=Container(context._params, surroundings=inner))

    # -- compiled

    @property
    def inside(self) -> tuple[Any, ...]:
        """Formats that a specialised decoder has in line: a lone UDP header is most usual."""
        return (UDP_NHC,)

    def emit_decode(self, decoder: Any) -> Term:
        """Emit the decoding of the chain."""
        header = decoder.fold(self.outer)
        announced = attribute(attribute(header, "control"), "nh")
        if announced == Known(False):
            return Known(())
        if announced == Known(True):
            decoder.need(1)
            path = (*decoder.path, "control")
            first = decoder.discriminator(path, UDP_NHC_CONTROL)
            if first is not None and self.formats.get(first) is UDP_NHC:
                return Code(f"({decoder.source.text(decoder.layout(UDP_NHC))},)")
        decoder.flush()
        source = decoder.source
        items, end = source.fresh("items"), source.fresh("p")
        ends = ", ".join(source.text(attribute(header, name)) for name in ("source", "destination"))
        follow = source.constant(self.follow, "follow")
        region = f"({decoder.at()}, {place(*decoder.end)})"
        call = f"{items}, {end} = {follow}(o, {region}, s, ({ends}))"
        if isinstance(announced, Code):
            call += f" if {announced.text} else ((), {decoder.at()})"
        source.line(call)
        decoder.base, decoder.offset = end, 0
        return Code(items)

    def emit_encode(self, encoder: Any, value: Term) -> Term:
        """Emit the encoding of the chain."""
        source, header = encoder.source, encoder.fold(self.outer)
        write, outer = source.constant(self.write, "write"), source.text(header)
        ends = f"({outer}.source, {outer}.destination)"
        encoder.octets(f"{write}({source.text(value)}, {outer}.control.nh, s, {ends})")
        return value

    def follow(
        self, octets: bytes, region: tuple[int, int], surroundings: Any, ends: tuple[bytes, bytes]
    ) -> tuple[tuple[Any, ...], int]:
        """Return the chain in `region`, behind an IPv6 header between `ends`, and where it ends."""
        items: list[Any] = []
        at, end = region
        announced = True
        while announced:
            if len(items) == MOST_NEXT_HEADERS:
                raise _malformed(_TOO_MANY, at)
            if at >= end:
                raise _malformed(_MISSING, at)
            node = self.formats.get(octets[at])
            if node is None or isinstance(node, Refused):
                raise _malformed(_unknown(octets[at]) if node is None else node.reason, at)
            around = self._around(node, surroundings, ends)
            try:
                item, used = node.decode_prefix(octets[at:end], around)
            except MalformedFrame as error:
                raise _malformed(error.reason, at + (error.offset or 0), error.field) from None
            items.append(item)
            at += used
            announced, ends = self._after(node, item, ends)
        return tuple(items), at

    def write(
        self, items: tuple[Any, ...], announced: bool, surroundings: Any, ends: tuple[bytes, bytes]
    ) -> bytes:
        """Return the octets of a chain behind an IPv6 header between `ends`."""
        if type(items) is not tuple or len(items) > MOST_NEXT_HEADERS:
            raise ValueError(_TOO_MANY)
        octets = b""
        for item in items:
            node = self.format_of.get(type(item))
            if not announced or node is None:
                raise ValueError(_UNEXPECTED)
            octets += node.encode(item, self._around(node, surroundings, ends))
            announced, ends = self._after(node, item, ends)
        if announced:
            raise ValueError(_MISSING)
        return octets

    def _around(self, node: Any, surroundings: Any, ends: tuple[bytes, bytes]) -> Any:
        if node is not self.tunnelled:
            return surroundings
        return (surroundings or Surroundings()).inside(*ends)

    def _after(
        self, node: Any, item: Any, ends: tuple[bytes, bytes]
    ) -> tuple[bool, tuple[bytes, bytes]]:
        """Return whether another header follows `item`, and the IPv6 addresses before it."""
        if node is self.tunnelled:
            return item.iphc.control.nh, (item.iphc.source, item.iphc.destination)
        return getattr(item.control, "nh", False), ends


def _unknown(octet: int) -> str:
    return f"{octet:#04x} begins no known compressed header"


def _malformed(reason: str, offset: int, field: str = "") -> MalformedFrame:
    """Return the fault of a compressed header, named as straight code names it."""
    path = f"next_headers.{field}" if field else "next_headers"
    return MalformedFrame(reason, format="CompressedHeaders", field=path, offset=offset)


COMPRESSED_HEADERS = Layout(
    CompressedHeaders,
    Struct("iphc" / IPHC, "next_headers" / NhcChain(this.iphc, IPV6_NHC, NHC_FORMATS)),
)
