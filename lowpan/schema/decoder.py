"""Emits the decoder of a schema, specialised on the bit fields that decide its shape.

Every generated function takes a whole region `o` from its octet 0 and the `surroundings` s.
Positions are a base (nothing, or a variable) and a static offset behind it; fixed-size reads are
collected and done by one bounds check and one unpack.
"""

from collections.abc import Callable, Iterable, Mapping
from struct import Struct as Packer
from typing import Any

import construct
from construct import Transformed

from lowpan.errors import MalformedFrame
from lowpan.schema import nodes
from lowpan.schema.bits import BitLayout, UnsupportedSchema, bit_layout, is_swapped_octets, unrenamed
from lowpan.schema.nodes import ABSENT
from lowpan.schema.source import Source
from lowpan.schema.terms import Code, Const, Term, attribute, fold


def place(base: str, offset: int) -> str:
    """Return source for the position `offset` behind `base`."""
    if not base:
        return str(offset)
    return f"{base} {'-' if offset < 0 else '+'} {abs(offset)}" if offset else base


class Split(Exception):
    """The shape from here on depends on a bit-field header that is not known yet."""

    def __init__(self, path: tuple[str, ...], offset: int, bits: BitLayout, needs: Any) -> None:
        super().__init__(path)
        self.path, self.offset, self.bits, self.needs = path, offset, bits, needs


class _Dead(Exception):
    """The code just emitted always raises: nothing after it can be reached."""


class Decoder:
    """Emits one decode function.

    `known` gives the numbers of the bit-field headers that this variant is made for; `split`
    tells which others to stop at (none in the branching form).
    """

    def __init__(
        self,
        format_name: str,
        known: Mapping[tuple[str, ...], int],
        split: frozenset[tuple[str, ...]],
    ) -> None:
        self.format_name, self.known, self.split = format_name, known, split
        self.source = Source("o, s=None")
        self.base, self.offset = "", 0
        self.end: tuple[str, int] = ("n", 0)
        self.scopes: list[dict[str, Term]] = []
        self.path: tuple[str, ...] = ()
        self.conditional = False
        """Inside a branch or loop of run time: nothing there may decide the shape of the rest."""
        self._reads: list[tuple[int, str, str]] = []
        self._needs: list[tuple[int, str]] = []
        self.source.line("n = len(o)")

    # -- what a caller wants made

    def whole(self, layout: Any, name: str) -> Callable[..., Any]:
        """Return a function that gives the value of `layout` and insists that it fills `o`."""
        return self._finish(layout, name, prefix=False)

    def prefix(self, layout: Any, name: str) -> Callable[..., Any]:
        """Return a function that gives the value of `layout` and the octets it took."""
        return self._finish(layout, name, prefix=True)

    def _finish(self, layout: Any, name: str, *, prefix: bool) -> Callable[..., Any]:
        try:
            value = self.layout(layout)
            self.flush()
            if prefix:
                self.source.line(f"return {self.source.text(value)}, {self.at()}")
            else:
                if (self.base, self.offset) != self.end:
                    refuse = self._raiser("octets left over")
                    with self.source.block(f"if n != {self.at()}:"):
                        self.source.line(refuse + f"({self.at()})")
                self.source.line(f"return {self.source.text(value)}")
        except _Dead:
            pass
        return self.source.function(name)

    # -- positions, reads, refusals

    def at(self, extra: int = 0) -> str:
        """Return source for the present position plus `extra`."""
        return self._place(self.offset + extra)

    def _place(self, offset: int) -> str:
        return place(self.base, offset)

    def take(self, code: str, size: int) -> Code:
        """Plan the read of one number with the struct code `code`, such as `<H`."""
        name = self.source.fresh(self.path[-1] if self.path else "x")
        self._reads.append((self.offset, code, name))
        self.need(size)
        self.offset += size
        return Code(name)

    def need(self, size: int) -> None:
        """Require `size` more octets for the present field."""
        self._needs.append((self.offset + size, ".".join(self.path)))

    def flush(self) -> None:
        """Emit the bounds check and the reads planned since the last flush."""
        most = max((end for end, _ in self._needs), default=0)
        if self._needs and not (self.base == self.end[0] and most <= self.end[1]):
            short = self.source.constant(_shortage(self.format_name, self._needs), "short")
            end = place(*self.end)
            with self.source.block(f"if {end} < {self._place(most)}:"):
                self.source.line(f"raise {short}({end}, {self.base or 0})")
        for order in "<>":
            self._unpack(order)
        self._reads, self._needs = [], []

    def _unpack(self, order: str) -> None:
        wide = [read for read in self._reads if read[1][0] == order and read[1][1:] != "B"]
        singles = [read for read in self._reads if read[1][1:] == "B"]
        group = sorted(wide + singles) if wide or len(singles) > 2 else singles
        if not group:
            return
        self._reads = [read for read in self._reads if read not in group]
        if not wide and len(group) <= 2:
            for offset, _, name in group:
                self.source.line(f"{name} = o[{self._place(offset)}]")
            return
        layout, place = order, group[0][0]
        for offset, code, _ in group:
            layout += f"{offset - place}x" if offset > place else ""
            layout += code[1:]
            place = offset + Packer(code).size
        unpack = self.source.constant(_unpacker(layout), "unpack")
        targets = ", ".join(name for *_, name in group) + ("," if len(group) == 1 else "")
        start = group[0][0]
        where = f", {self._place(start)}" if self.base or start else ""
        self.source.line(f"{targets} = {unpack}(o{where})")

    def octets(self, size: int, *, swapped: bool = False) -> Code:
        """Return source for a slice of `size` octets, last first if `swapped`."""
        self.need(size)
        first, last = self.at(), self.at(size)
        if not swapped:
            text = f"o[{first}:{last}]"
        elif self.base:
            text = f"o[{first}:{last}][::-1]"
        else:
            stop = str(self.offset - 1) if self.offset else ""
            text = f"o[{self.offset + size - 1}:{stop}:-1]" if size else "b''"
        self.offset += size
        return Code(text)

    def refuse(self, reason: str) -> None:
        """Emit the refusal of this branch."""
        self.source.line(self._raiser(reason) + f"({self.at()})")
        raise _Dead

    def _raiser(self, reason: str) -> str:
        made = _refusal(self.format_name, ".".join(self.path), reason)
        return f"raise {self.source.constant(made, 'refusal')}"

    # -- expressions

    def fold(self, expression: Any) -> Term:
        """Return a `this` expression with what is known put in."""
        return fold(expression, self.lookup, self.source.literal)

    def lookup(self, names: list[str]) -> Term:
        """Return what a `this` path stands for."""
        level = len(self.scopes) - 1
        while names[0] == "_":
            level, names = level - 1, names[1:]
        term = self.scopes[level][names[0]]
        for name in names[1:]:
            term = attribute(term, name)
        return term

    def run(self, expression: Any) -> Term:
        """Return a `this` expression for use in a statement: what it reads is read before."""
        term = self.fold(expression)
        if isinstance(term, Code):
            self.flush()
        return term

    # -- nodes

    def node(self, node: Any) -> Term:
        """Emit `node` and return its value."""
        name, node = unrenamed(node)
        if name:
            self.path += (name,)
        try:
            bits = bit_layout(node)
            if bits is not None:
                return self._bits(bits, node)
            if is_swapped_octets(node):
                return self.octets(unrenamed(node.subcon)[1].length, swapped=True)
            emit = _EMITTERS.get(type(node))
            return emit(self, node) if emit is not None else node.emit_decode(self)
        finally:
            if name:
                self.path = self.path[:-1]

    def struct(self, subcons: Iterable[Any]) -> dict[str, Term]:
        """Emit the parts of a Struct in a scope of their own."""
        parts: dict[str, Term] = {}
        self.scopes.append(parts)
        for subcon in subcons:
            term = self.node(subcon)
            name = unrenamed(subcon)[0]
            if name:
                parts[name] = term
        self.scopes.pop()
        return parts

    def layout(self, layout: Any) -> Term:
        """Emit a nested Layout: its interned value, or the making of it."""
        schema = unrenamed(layout.schema)[1]
        if layout.interned is not None:
            return self._interned(layout)
        bits = bit_layout(schema)
        if bits is not None:
            parts = dict(self._bits(bits, schema).parts)
        elif isinstance(schema, construct.Struct):
            parts = self.struct(schema.subcons)
        else:
            parts = dict(self.node(schema).parts)  # Sized
        kind = self.source.constant(layout.value_type, layout.value_type.__name__)
        given = ", ".join(self.source.text(parts[name]) for name in layout.names)
        return Code(f"{kind}({given})", parts)

    def discriminator(self, path: tuple[str, ...], layout: Any) -> int | None:
        """Return the number of the header `layout` that comes next, known as `path`.

        Raise Split where it can be known and is not yet; None where it cannot.
        """
        if not self.conditional and path in self.known:
            return self.known[path]
        if path in self.split and not self.base and not self.conditional:
            bits: BitLayout = layout.interned.bits
            needs = [*self._needs, (self.offset + bits.octets, ".".join(path))]
            raise Split(path, self.offset, bits, _shortage(self.format_name, needs))
        return None

    def _interned(self, layout: Any) -> Term:
        bits: BitLayout = layout.interned.bits
        raw = self.discriminator(self.path, layout)
        if raw is not None:
            self.need(bits.octets)
            self.offset += bits.octets
            try:
                return Const(layout.interned.values[raw])
            except ValueError as error:
                self.refuse(str(error))
        number = self._raw(bits)
        self.flush()
        value = self.source.fresh(self.path[-1] if self.path else "x")
        table = self.source.constant(layout.interned.values, "values")
        if any(field.const is not None for field in bits.fields):
            with self.source.block("try:"):
                self.source.line(f"{value} = {table}[{number}]")
            with self.source.block("except ValueError as error:"):
                refuse = self._raiser("") + f"({self.at(-bits.octets)}, str(error)) from error"
                self.source.line(refuse)
        else:
            self.source.line(f"{value} = {table}[{number}]")
        return Code(value)

    def _raw(self, bits: BitLayout) -> str:
        code = {1: "B", 2: "H", 4: "I", 8: "Q"}.get(bits.octets)
        if code:
            return self.take(("<" if bits.little_endian else ">") + code, bits.octets).text
        return self._odd_integer(bits.octets, bits.little_endian, signed=False).text

    def _odd_integer(self, size: int, little_endian: bool, *, signed: bool) -> Code:
        text, order = self.octets(size).text, "little" if little_endian else "big"
        self.flush()
        name = self.source.fresh()
        self.source.line(f"{name} = int.from_bytes({text}, {order!r}, signed={signed})")
        return Code(name)

    def _bits(self, bits: BitLayout, node: Any) -> Code:
        raw = self._raw(bits)
        fixed = [field for field in bits.fields if field.const is not None]
        for field in fixed:
            self.flush()
            with self.source.block(f"if {field.text(raw)} != {field.const}:"):
                refuse = self._raiser(f"{field.name} is not {field.const}")
                self.source.line(f"{refuse}({self.at(-bits.octets)})")
        return Code("", {field.name: Code(field.text(raw)) for field in bits.fields})

    def branch(self, arms: list[tuple[str, Any]], default: Any) -> Term:
        """Emit arms chosen at run time; each `(condition, node)`."""
        self.flush()
        result, join = self.source.fresh(self.path[-1] if self.path else "x"), self.source.fresh("p")
        start, ends = (self.base, self.offset), set[tuple[str, int]]()
        outer, self.conditional = self.conditional, True
        keyword = "if"
        for condition, node in [*arms, ("", default)]:
            with self.source.block(f"{keyword} {condition}:" if condition else "else:"):
                self.base, self.offset = start
                try:
                    term = self.node(node)
                    self.flush()
                    self.source.line(f"{result} = {self.source.text(term)}")
                    self.source.line(f"{join} = {self.at()}")
                    ends.add((self.base, self.offset))
                except _Dead:
                    self._reads, self._needs = [], []
            keyword = "elif"
        self.conditional = outer
        self.base, self.offset = ends.pop() if len(ends) == 1 else (join, 0)
        return Code(result)

    def loop(self, header: str, node: Any, last: Any = None) -> Term:
        """Emit `node` again and again under `header`; `{p}` in it is the position."""
        self.flush()
        items, place = self.source.fresh("items"), self.source.fresh("p")
        self.source.line(f"{items} = []")
        self.source.line(f"{place} = {self.at()}")
        outer, self.conditional = self.conditional, True
        with self.source.block(header.format(p=place)):
            self.base, self.offset = place, 0
            term = self.node(node)
            self.flush()
            item = self.source.fresh("item")
            self.source.line(f"{item} = {self.source.text(term)}")
            self.source.line(f"{items}.append({item})")
            if self.base.startswith("p_") and self.offset == 0:
                with self.source.block(f"if {self.at()} == {place}:"):
                    refuse = self._raiser("an item of no octets in a run")
                    self.source.line(f"{refuse}({place})")
            self.source.line(f"{place} = {self.at()}")
            if last is not None:
                held = Code(item, term.parts if isinstance(term, Code) else {})
                done = fold(last, lambda names: _follow(held, names), self.source.literal)
                with self.source.block(f"if {self.source.text(done)}:"):
                    self.source.line("break")
        self.conditional = outer
        self.base, self.offset = place, 0
        return Code(f"tuple({items})")

    def region(self, text: str, end: str) -> None:
        """Name the position `text` as `end`; refuse if it is not between here and the end."""
        self.flush()
        self.source.line(f"{end} = {text}")
        with self.source.block(f"if not {self.at()} <= {end} <= {place(*self.end)}:"):
            refuse = self._raiser("octets announced that are not there")
            self.source.line(f"{refuse}({self.at()})")

    def within(self, end: tuple[str, int], node: Any) -> Term:
        """Emit `node` in a region that ends at the position `end` (base and offset)."""
        self.flush()
        outer, self.end = self.end, end
        term = self.node(node)
        self.flush()
        self.end = outer
        return term


def _unpacker(layout: str) -> Callable[..., Any]:
    return _UNPACKERS.setdefault(layout, Packer(layout).unpack_from)


_UNPACKERS: dict[str, Callable[..., Any]] = {}


def _shortage(format_name: str, needs: list[tuple[int, str]]) -> Callable[[int, int], Exception]:
    places = tuple(sorted(needs))

    def short(have: int, base: int) -> Exception:
        for end, field in places:
            if base + end > have:
                reason = f"{base + end - have} octets short"
                return MalformedFrame(reason, format=format_name, field=field, offset=have)
        raise AssertionError(places)

    return short


def _refusal(format_name: str, field: str, reason: str) -> Callable[..., Exception]:
    def refusal(offset: int, why: str = reason) -> Exception:
        return MalformedFrame(why, format=format_name, field=field, offset=offset)

    return refusal


# -- one emitter a node type


def _format_field(decoder: Decoder, node: Any) -> Term:
    return decoder.take(node.fmtstr, node.length)


def _bytes_integer(decoder: Decoder, node: Any) -> Term:
    return decoder._odd_integer(node.length, bool(node.swapped), signed=node.signed)


def _bytes(decoder: Decoder, node: Any) -> Term:
    size = decoder.run(node.length)
    if isinstance(size, Const):
        return decoder.octets(size.value)
    start, end = decoder.at(), decoder.source.fresh("end")
    decoder.region(f"{start} + {size.text}", end)
    decoder.base, decoder.offset = end, 0
    return Code(f"o[{start}:{end}]")


def _greedy(decoder: Decoder, node: Any) -> Term:
    start = decoder.at()
    decoder.flush()
    decoder.base, decoder.offset = decoder.end
    whole = (start, decoder.end) == ("0", ("n", 0))
    return Code("o" if whole else f"o[{start}:{place(*decoder.end)}]")


def _if(decoder: Decoder, node: Any) -> Term:
    condition = decoder.run(node.condfunc)
    if isinstance(condition, Const):
        return decoder.node(node.thensubcon if condition.value else node.elsesubcon)
    return decoder.branch([(condition.text, node.thensubcon)], node.elsesubcon)


def _switch(decoder: Decoder, node: Any) -> Term:
    key = decoder.run(node.keyfunc)
    if isinstance(key, Const):
        return decoder.node(node.cases.get(key.value, node.default))
    name = decoder.source.fresh("key")
    decoder.source.line(f"{name} = {key.text}")
    literal = decoder.source.literal
    arms = [(f"{name} == {literal(value)}", arm) for value, arm in node.cases.items()]
    return decoder.branch(arms, node.default)


def _array(decoder: Decoder, node: Any) -> Term:
    counted = decoder.run(node.count)
    if counted == Const(0):
        return Const(())
    count = decoder.source.text(counted)
    return decoder.loop(f"for _ in range({count}):", node.subcon)


def _run(decoder: Decoder, node: Any) -> Term:
    interned = getattr(unrenamed(node.subcon)[1], "interned", None)
    if interned is not None and node.last is None and interned.bits.octets == 1:
        fixed = any(field.const is not None for field in interned.bits.fields)
        if not fixed:  # every octet is an item
            values = decoder.source.constant(interned.values, "values")
            octets = decoder.source.text(_greedy(decoder, node))
            return Code(f"tuple([{values}[x] for x in {octets}])")
    return decoder.loop(f"while {{p}} < {place(*decoder.end)}:", node.subcon, node.last)


def _before(decoder: Decoder, node: Any) -> Term:
    octets = decoder.run(node.octets)
    if octets == Const(0):
        return decoder.node(node.subcon)
    if isinstance(octets, Const):
        decoder.need(octets.value)
        base, offset = decoder.end
        return decoder.within((base, offset - octets.value), node.subcon)
    end = decoder.source.fresh("end")
    decoder.region(f"{place(*decoder.end)} - {octets.text}", end)
    return decoder.within((end, 0), node.subcon)


def _sized(decoder: Decoder, node: Any) -> Term:
    head = decoder.node(node.head)
    decoder.flush()
    parts = dict(head.parts) if isinstance(head, Code) else {}
    length, end = decoder.source.text(parts.pop("length")), decoder.source.fresh("end")
    scaled = f"{length} * {node.unit}" if node.unit != 1 else length
    overhead = f" - {node.overhead}" if node.overhead else ""
    decoder.region(f"{decoder.at()} + {scaled}{overhead}", end)
    outer = decoder.scopes[-1] if decoder.scopes else {}
    decoder.scopes.append({**outer, **parts})
    name = unrenamed(node.body)[0]
    parts[name] = decoder.within((end, 0), node.body)
    decoder.scopes.pop()
    if (decoder.base, decoder.offset) != (end, 0):
        with decoder.source.block(f"if {decoder.at()} != {end}:"):
            refuse = decoder._raiser("octets left over")
            decoder.source.line(f"{refuse}({decoder.at()})")
    decoder.base, decoder.offset = end, 0
    return Code("", parts)


def _content(decoder: Decoder, node: Any) -> Term:
    key, source = decoder.source.text(decoder.run(node.key)), decoder.source
    region, content, layout = (source.fresh(hint) for hint in ("region", "content", "layout"))
    source.line(f"{content} = {region} = o[{decoder.at()}:{place(*decoder.end)}]")
    layouts = source.constant(node.layouts, "layouts")
    source.line(f"{layout} = {layouts}.get({key})")
    with source.block(f"if {layout} is not None:"):
        with source.block("try:"):
            source.line(f"{content} = {layout}.decode({region}, s)")
        with source.block(f"except {source.constant(MalformedFrame, 'MalformedFrame')}:"):
            source.line(f"{content} = {region}")
    decoder.base, decoder.offset = decoder.end
    return Code(content)


def _derived(decoder: Decoder, node: Any) -> Term:
    raw = decoder.source.text(decoder.node(node.subcon))
    given = [decoder.source.text(decoder.fold(argument)) for argument in node.arguments]
    decoder.flush()
    source, value = decoder.source, decoder.source.fresh(decoder.path[-1] if decoder.path else "x")
    function = source.constant(node.decode, node.decode.__name__)
    with source.block("try:"):
        source.line(f"{value} = {function}({', '.join([raw, 's', *given])})")
    with source.block("except ValueError as error:"):
        source.line(f"{decoder._raiser('')}({decoder.at()}, str(error)) from error")
    return Code(value)


def _scaled(decoder: Decoder, node: Any) -> Term:
    return Code(f"({decoder.source.text(decoder.node(node.subcon))} * {node.unit})")


def _const(decoder: Decoder, node: Any) -> Term:
    start = decoder.at()
    term = decoder.node(node.subcon)
    if isinstance(term, Const):
        if term.value != node.value:
            decoder.refuse(f"not {node.value!r}")
        return term
    found = term.text
    decoder.flush()
    with decoder.source.block(f"if {found} != {node.value!r}:"):
        decoder.source.line(f"{decoder._raiser(f'not {node.value!r}')}({start})")
    return Const(node.value)


def _require(decoder: Decoder, node: Any) -> Term:
    condition = decoder.run(node.condition)
    if isinstance(condition, Const):
        if not condition.value:
            decoder.refuse(node.reason)
        return Const(None)
    with decoder.source.block(f"if not {condition.text}:"):
        decoder.source.line(f"{decoder._raiser(node.reason)}({decoder.at()})")
    return Const(None)


def _extended_length(decoder: Decoder, node: Any) -> Term:
    source, result, place = decoder.source, decoder.source.fresh("length"), decoder.source.fresh("p")
    first = decoder.take(">B", 1).text
    decoder.flush()
    with source.block(f"if {first} < 255:"):
        source.line(f"{result} = {first}")
        source.line(f"{place} = {decoder.at()}")
    with source.block("else:"):
        wide = decoder.octets(2).text
        decoder.flush()
        source.line(f"{result} = int.from_bytes({wide}, 'big')")
        source.line(f"{place} = {decoder.at()}")
    decoder.base, decoder.offset = place, 0
    return Code(result)


def _if_room(decoder: Decoder, node: Any) -> Term:
    decoder.flush()
    return decoder.branch([(f"{decoder.at()} < {place(*decoder.end)}", node.subcon)], ABSENT)


def _either_form(decoder: Decoder, node: Any) -> Term:
    one, other = bit_layout(node.one), bit_layout(node.other)
    if one is None or other is None:
        raise UnsupportedSchema("EitherForm of other than two BitStructs")
    raw, first = decoder._raw(one), decoder.source.fresh("first")
    decoder.flush()
    told = [field for field in one.fields if field.const is not None]
    tests = " and ".join(f"{field.text(raw)} == {field.const}" for field in told)
    decoder.source.line(f"{first} = {tests}")
    parts: dict[str, Term] = {}
    for field in one.fields:
        twin = next(twin for twin in other.fields if twin.name == field.name)
        parts[field.name] = Code(f"({field.text(raw)} if {first} else {twin.text(raw)})")
    return Code("", parts)


def _follow(term: Term, names: list[str]) -> Term:
    for name in names:
        term = attribute(term, name)
    return term


_EMITTERS: dict[type[Any], Callable[[Decoder, Any], Term]] = {
    construct.FormatField: _format_field,
    construct.BytesInteger: _bytes_integer,
    construct.Bytes: _bytes,
    type(construct.GreedyBytes): _greedy,
    construct.IfThenElse: _if,
    construct.Switch: _switch,
    construct.Array: _array,
    construct.Const: _const,
    construct.Computed: lambda decoder, node: decoder.fold(node.func),
    construct.Rebuild: lambda decoder, node: decoder.node(node.subcon),
    construct.Struct: lambda decoder, node: Code("", decoder.struct(node.subcons)),
    type(construct.Pass): lambda decoder, node: Const(None),
    type(nodes.ABSENT): lambda decoder, node: Const(None),
    nodes.Refused: lambda decoder, node: decoder.refuse(node.reason) or Const(None),
    nodes.Require: _require,
    nodes.Scaled: _scaled,
    nodes.Derived: _derived,
    nodes.Run: _run,
    nodes.Before: _before,
    nodes.ExtendedLength: _extended_length,
    nodes.Sized: _sized,
    nodes.Content: _content,
    nodes.IfRoom: _if_room,
    nodes.EitherForm: _either_form,
}
