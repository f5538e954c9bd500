"""A chain of compressed next headers: each says whether another one follows (RFC 6282 §4.1)."""

from collections.abc import Mapping
from io import SEEK_CUR
from typing import Any

from construct import Container
from construct.core import evaluate

from lowpan.errors import MalformedFrame
from lowpan.schema import Layout, Refused
from lowpan.schema.constructs import AnyConstruct, unrenamed
from lowpan.schema.decoder import Decoder, place
from lowpan.schema.encode_flow import branch
from lowpan.schema.encoder import Encoder
from lowpan.schema.nodes import SchemaError
from lowpan.schema.terms import Code, Const, Term, attribute
from lowpan.wire.addresses import Surroundings

_LONE_OCTETS = (0xF0, 0xF3, 0xF1, 0xF2)
"""First octets of lone headers that an encoder has in line: UDP with a checksum."""
_MISSING = "a compressed header is announced and missing"
_UNEXPECTED = "no compressed header may stand here"

_Ends = tuple[bytes, bytes]
"""Source and destination of the IPv6 header before a compressed header."""


class NhcChain(AnyConstruct):
    """Compressed next headers, at most `most`, for as long as each says that another one follows.

    `outer` is the `this` path of the IPHC before them; `formats` tells the Layout, or the
    refusal, for each first octet; `tunnelled` is the one among them that holds an IPHC itself,
    whose surroundings the IPv6 header before it makes.  A header says what follows in
    `control.nh`; one without that bit is the last.  The value is a tuple.

    `lone` is the format that is most often the only header of a chain: compiled code has it in
    line.
    """

    def __init__(
        self,
        outer: Any,
        formats: Mapping[int, Any],
        *,
        most: int,
        tunnelled: Layout[Any],
        lone: Layout[Any],
    ) -> None:
        super().__init__()
        self.outer, self.formats, self.tunnelled = outer, formats, tunnelled
        self.most, self.too_many = most, f"more than {most} compressed headers"
        self.lone, self.lone_control = lone, _control_of(lone)
        layouts: list[Any] = [node for node in formats.values() if isinstance(node, Layout)]
        self.format_of: dict[Any, Any] = {layout.value_type: layout for layout in layouts}

    # -- interpreted

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        header: Any = evaluate(self.outer, context)
        items: list[Any] = []
        announced = header["control"]["nh"]
        while announced:
            if len(items) == self.most:
                raise SchemaError(self.too_many, path=path)
            node = self._ahead(stream, path)
            item = node._parsereport(stream, self._inside(context, header, node), path)
            items.append(item)
            header = item.get("iphc", header)
            announced = item.get("iphc", item)["control"].get("nh", False)
        return items

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        header = evaluate(self.outer, context)
        announced = header["control"]["nh"]
        if len(obj) > self.most:
            raise SchemaError(self.too_many, path=path)
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
        """Formats that a specialised decoder has in line."""
        return (self.lone,)

    def _announced(self, writer: Decoder | Encoder) -> Term:
        return attribute(attribute(writer.fold(self.outer), "control"), "nh")

    def emit_decode(self, decoder: Decoder) -> Term:
        """Write the decoding of the chain."""
        announced = self._announced(decoder)
        if announced == Const(False):
            return Const(())
        if announced == Const(True):
            decoder.need(1)
            first = decoder.discriminator((*decoder.path, "control"), self.lone_control)
            if first is not None and self.formats.get(first) is self.lone:
                header = decoder.layout(self.lone)
                decoder.flush()
                return Code(f"({decoder.built(header)},)")
        decoder.flush()
        source = decoder.source
        items, end = source.fresh("items"), source.fresh("p")
        region = f"({decoder.at()}, {place(*decoder.end)})"
        call = f"{source.function_name(self.follow)}(o, {region}, s, {self._ends(decoder)})"
        if isinstance(announced, Code):
            call += f" if {announced.text} else ((), {decoder.at()})"
        source.line(f"{items}, {end} = {call}")
        decoder.move(end)
        return Code(items)

    def emit_encode(self, encoder: Encoder, value: Term) -> Term:
        """Write the encoding of the chain."""
        items, announced = encoder.local(value), self._announced(encoder)
        if announced == Const(False):
            encoder.doubt(f"{items} != ()")
            return Const(())
        given = f"{encoder.source.text(announced)}, s, {self._ends(encoder)}"
        written = _Written(encoder.source.function_name(self.write), given)
        if announced == Const(True):
            return branch(encoder, self._lone_arms(encoder, items), written, Code(items))
        return written.emit_encode(encoder, Code(items))

    def _lone_arms(self, encoder: Encoder, items: str) -> list[tuple[str, Any]]:
        """Write the reading of a lone header's first octet, and return the arms for it."""
        source, interned = encoder.source, self.lone_control.interned
        assert interned is not None, "a first octet is a small number"
        item, octet = source.fresh("item"), source.fresh("octet")
        find, raw = source.constant(interned.raws.get, "find"), source.constant(interned.raw, "raw")
        source.line(f"{item} = {items}[0] if len({items}) == 1 else None")
        found = f"{find}(id({item}.control)) or {raw}({item}.control)"
        kind = source.constant(self.lone.value_type, "Lone")
        source.line(f"{octet} = {found} if type({item}) is {kind} else None")
        return [
            (f"{octet} == {first}", _Lone(self.lone, item, interned.values[first]))
            for first in _LONE_OCTETS
        ]

    def _ends(self, writer: Decoder | Encoder) -> str:
        header = writer.fold(self.outer)
        ends = (attribute(header, name) for name in ("source", "destination"))
        return f"({', '.join(map(writer.source.text, ends))})"

    def follow(
        self, octets: bytes, region: tuple[int, int], surroundings: Any, ends: _Ends
    ) -> tuple[tuple[Any, ...], int]:
        """Return the chain in `region`, behind an IPv6 header between `ends`, and where it ends."""
        items: list[Any] = []
        at, end = region
        announced = True
        while announced:
            if len(items) == self.most:
                raise _malformed(self.too_many, at)
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
        self, items: tuple[Any, ...], announced: bool, surroundings: Any, ends: _Ends
    ) -> bytes:
        """Return the octets of a chain behind an IPv6 header between `ends`."""
        if len(items) > self.most:
            raise ValueError(self.too_many)
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

    def _around(self, node: Any, surroundings: Any, ends: _Ends) -> Any:
        if node is not self.tunnelled:
            return surroundings
        return (surroundings or Surroundings()).inside(*ends)

    def _after(self, node: Any, item: Any, ends: _Ends) -> tuple[bool, _Ends]:
        """Return whether another header follows `item`, and the IPv6 addresses before it."""
        if node is self.tunnelled:
            return item.iphc.control.nh, (item.iphc.source, item.iphc.destination)
        return getattr(item.control, "nh", False), ends


class _Lone:
    """The only header of a chain, in the variable `item`, whose first octet is known."""

    def __init__(self, layout: Layout[Any], item: str, control: Any) -> None:
        self.layout, self.header = layout, Code(item, {"control": Const(control)})

    def emit_encode(self, encoder: Encoder, value: Term) -> Term:
        encoder.layout(self.layout, self.header)
        return value


class _Written:
    """Any chain, written when it is met."""

    def __init__(self, function: str, given: str) -> None:
        self.function, self.given = function, given

    def emit_encode(self, encoder: Encoder, value: Term) -> Term:
        text = f"{self.function}({encoder.source.text(value)}, {self.given})"
        encoder.octets(text, certain=True)
        return value


def _control_of(layout: Layout[Any]) -> Layout[Any]:
    """Return the format of the first octet of a header."""
    parts = dict(map(unrenamed, vars(layout.schema)["subcons"]))
    control: Layout[Any] = parts["control"]
    return control


def _unknown(octet: int) -> str:
    return f"{octet:#04x} begins no known compressed header"


def _malformed(reason: str, offset: int, field: str = "") -> MalformedFrame:
    """Return the fault of a compressed header, named as straight code names it."""
    path = f"next_headers.{field}" if field else "next_headers"
    return MalformedFrame(reason, format="CompressedHeaders", field=path, offset=offset)
