"""Writes the encoder of a schema, specialised on the bit fields that decide its shape.

Every generated function takes a value `v` and the `surroundings` s.  Fixed-size parts in a row
become one pack; whatever could make the value unfit is one condition before it.  What each kind
of node needs is in encode_nodes.
"""

import struct
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

import construct

from lowpan.schema.bits import BitField, BitLayout, bit_layout
from lowpan.schema.constructs import bare, swapped_octets, unrenamed
from lowpan.schema.source import Source
from lowpan.schema.terms import Code, Const, Term, attribute, fold, follow
from lowpan.schema.writes import Writes

UNFIT = (struct.error, TypeError, AttributeError, ValueError, LookupError, OverflowError)
"""What generated code raises for a value that the format has no room for."""


class Split(Exception):
    """The shape from here on depends on a bit-field header whose number is not known yet."""

    def __init__(self, path: tuple[str, ...], text: str, layout: Any) -> None:
        super().__init__(path)
        self.path, self.text, self.layout = path, text, layout


class Dead(Exception):
    """The code just written always raises."""


Emitters = Mapping[type[Any], Callable[["Encoder", Any, Term], Term]]


class Encoder:
    """Writes one encode function; `known` and `split` as for the Decoder."""

    def __init__(
        self,
        emitters: Emitters,
        known: Mapping[tuple[str, ...], int],
        split: frozenset[tuple[str, ...]],
    ) -> None:
        """Specialise on `known`; raise Split at the headers in `split` that are not."""
        self.emitters, self.known, self.split = emitters, known, split
        self.source = Source("v, s=None")
        self.scopes: list[dict[str, Term]] = []
        self.path: tuple[str, ...] = ()
        self.names: tuple[str, ...] = ()
        """Fields of the value being written; other names exist on the wire only."""
        self.kept = False
        """Whether what is being written is a field of the value."""
        self.conditional = False
        self.writes = Writes(self.source)

    def function(
        self, layout: Any, name: str, explain: Callable[..., Exception] | None = None
    ) -> Callable[..., Any]:
        """Return a function that gives the octets of a value of `layout`, or raises UNFIT.

        With `explain` it raises what explain(value, surroundings, error) returns instead.
        """
        try:
            self.layout(layout, Code("v"))
            self.source.line(f"return {self.writes.result()}")
        except Dead:
            pass
        if explain is not None:
            self.source.guard(UNFIT, explain)
        return self.source.function(name)

    # -- what is written

    def pack(self, code: str, text: str) -> None:
        """Write `text` as the struct code `code`, such as `<H` or `>8s`."""
        self.writes.pack(code, text)

    def octets(self, text: str, *, certain: bool = False) -> None:
        """Write octets of any length, `certain` if the value cannot make them other than bytes."""
        self.writes.octets(text, certain=certain)

    def forget(self) -> None:
        """Drop what is collected: nothing reaches it."""
        self.writes.forget()

    def doubt(self, condition: str) -> None:
        """Refuse the value where `condition` holds."""
        self.writes.doubt(condition)

    def flush(self) -> None:
        """Put everything written so far into the output variable."""
        self.writes.flush()

    def aside(self, write: Callable[[], None]) -> str:
        """Return the variable that holds what `write` writes, apart from the output."""
        with self.writes.apart() as apart:
            write()
        return apart.variable

    def refuse(self) -> Term:
        """Write the refusal of this branch, which ends it."""
        self.writes.refuse()
        raise Dead

    # -- expressions

    def fold(self, expression: Any) -> Term:
        """Return a `this` expression with what is known put in."""
        return fold(expression, self.lookup, self.source.literal)

    def lookup(self, names: list[str]) -> Term:
        """Return what a `this` path stands for."""
        return follow(self.scopes[-1][names[0]], names[1:])

    def local(self, value: Term) -> str:
        """Return a local name for `value`, so that it is looked up once."""
        text = self.source.text(value)
        if isinstance(value, Const) or text.isidentifier():
            return text
        name = self.source.fresh(self.path[-1] if self.path else "x")
        self.source.line(f"{name} = {text}")
        return name

    # -- nodes

    def node(self, node: Any, value: Term) -> Term:
        """Write `value` as `node`; return what later expressions see."""
        name, node = unrenamed(node)
        outer, kept = self.path, self.kept
        if name:
            self.path += (name,)
            self.kept = name in self.names
        try:
            bits, size = bit_layout(node), swapped_octets(node)
            if bits is not None:
                return self._bits(bits, value)
            if size is not None:
                return self.fixed(size, value, swapped=True)
            emit = self.emitters.get(node.__class__)
            if emit is not None:
                return emit(self, node, value)
            seen: Term = node.emit_encode(self, value)
            return seen
        finally:
            self.path, self.kept = outer, kept

    @contextmanager
    def scope(self, value: Term) -> Generator["Scope", None, None]:
        """Let `this` mean `value`."""
        scope = Scope(value)
        self.scopes.append(scope)
        try:
            yield scope
        finally:
            self.scopes.pop()

    @contextmanager
    def at_run_time(self) -> Generator[None, None, None]:
        """Mark what is written inside as executed sometimes, or more than once."""
        outer, self.conditional = self.conditional, True
        try:
            yield
        finally:
            self.conditional = outer

    def struct(self, subcons: Iterable[Any], value: Term) -> dict[str, Term]:
        """Write the parts of a Struct whose value is `value`."""
        with self.scope(value) as scope:
            for subcon in subcons:
                name = unrenamed(subcon)[0]
                self.kept = False
                term = self.node(subcon, scope[name] if name else Const(None))
                if name:
                    scope[name] = term
        return scope

    def layout(self, layout: Any, value: Term) -> Term:
        """Write a Layout whose value is `value`."""
        if layout.interned is not None:
            return self._interned(layout, value)
        schema = bare(layout.schema)
        text = self.local(value)
        held = Code(text, value.parts if isinstance(value, Code) else {})
        kind = self.source.constant(layout.value_type, layout.value_type.__name__)
        self.doubt(f"type({text}) is not {kind}")
        outer, self.names = self.names, layout.names
        try:
            if isinstance(schema, construct.Struct):
                return Code(text, self.struct(schema.subcons, held))
            with self.scope(held):
                term = self.node(schema, held)
            return Code(text, term.parts if isinstance(term, Code) else {})
        finally:
            self.names = outer

    def _interned(self, layout: Any, value: Term) -> Term:
        bits: BitLayout = layout.interned.bits
        raw = None if self.conditional else self.known.get(self.path)
        if raw is not None:
            self._number(bits, repr(raw))
            return Const(layout.interned.values[raw])
        if isinstance(value, Const):
            self._number(bits, repr(layout.interned.raw(value.value)))
            return value
        if self.path in self.split and not self.conditional:
            raise Split(self.path, ".".join(("v", *self.path)), layout)
        held = self.local(value)
        find = self.source.constant(layout.interned.raws.get, "find")
        number = self.source.constant(layout.interned.raw, "raw")
        self._number(bits, f"({find}(id({held})) or {number}({held}))")
        return Code(held)

    def _number(self, bits: BitLayout, text: str) -> None:
        code = {1: "B", 2: "H", 4: "I", 8: "Q"}.get(bits.octets)
        if code:
            self.pack(("<" if bits.little_endian else ">") + code, text)
        else:
            order = "little" if bits.little_endian else "big"
            self.octets(f"({text}).to_bytes({bits.octets}, {order!r})")

    def _bits(self, bits: BitLayout, value: Term) -> Code:
        terms: list[str] = []
        parts: dict[str, Term] = {}
        fixed = 0
        with self.scope(value):
            for field in bits.fields:
                part = self._part(field, value)
                if field.name:
                    parts[field.name] = part
                if isinstance(part, Const):
                    fixed |= self._known_bits(field, part.value)
                else:
                    terms.append(self._bit_field(field, part))
        self._number(bits, " | ".join([*([repr(fixed)] if fixed or not terms else []), *terms]))
        return Code(self.source.text(value), parts)

    def _part(self, field: BitField, value: Term) -> Term:
        """Return what goes into one bit field, and refuse what the value says otherwise."""
        if field.rebuild is not None:
            return self.fold(field.rebuild)
        if field.const is None:
            return attribute(value, field.name)
        if field.name in self.names:
            self.doubt(f"{self.source.text(attribute(value, field.name))} != {field.const}")
        return Const(field.const)

    def _known_bits(self, field: BitField, number: int) -> int:
        if not 0 <= number - field.lowest < 1 << field.width:
            self.refuse()
        return (number & (1 << field.width) - 1) << field.shift

    def _bit_field(self, field: BitField, part: Code) -> str:
        text = self.local(part)
        if field.signed:
            self.doubt(f"not {field.lowest} <= {text} < {-field.lowest}")
            text = f"({text} & {(1 << field.width) - 1})"
        else:
            self.doubt(f"{text} >> {field.width}")
        return f"{text} << {field.shift}" if field.shift else text

    def fixed(self, size: int, value: Term, *, swapped: bool = False) -> Term:
        """Write `value` as just `size` octets, last first if `swapped`."""
        text = self.local(value)
        self.doubt(f"len({text}) != {size}")
        self.pack(f"<{size}s", f"{text}[::-1]" if swapped else text)
        return Code(text)


class Scope(dict[str, Term]):
    """Names of a value being written: its fields, until what was written says otherwise."""

    def __init__(self, value: Term) -> None:
        super().__init__()
        self.value = value

    def __missing__(self, name: str) -> Term:
        """Return the field called `name`."""
        return attribute(self.value, name)
