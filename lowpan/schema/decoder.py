"""Writes the decoder of a schema, specialised on the bit fields that decide its shape.

Every generated function takes a whole region `o` from its octet 0 and the `surroundings` s.
Positions are a base (nothing, or a variable) and a static offset behind it; fixed-size reads are
collected and done by one bounds check and one unpack.  What each kind of node needs is in
decode_nodes, branches and loops are in decode_flow.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import construct

from lowpan.schema.bits import BitLayout, bit_layout
from lowpan.schema.constructs import bare, swapped_octets, unrenamed
from lowpan.schema.reads import Reads, Shortage, place, refusal, shortage
from lowpan.schema.source import Source
from lowpan.schema.terms import Code, Const, Term, fold, follow

__all__ = ["Dead", "Decoder", "Split", "place"]


class Split(Exception):
    """The shape from here on depends on a bit-field header that is not known yet."""

    def __init__(
        self, path: tuple[str, ...], offset: int, bits: BitLayout, short: Shortage
    ) -> None:
        super().__init__(path)
        self.path, self.offset, self.bits, self.short = path, offset, bits, short


class Dead(Exception):
    """The code just written always raises: nothing after it can be reached."""


Emitters = Mapping[type[Any], Callable[["Decoder", Any], Term]]


class Decoder:
    """Writes one decode function.

    `known` gives the numbers of the bit-field headers that this variant is made for; `split`
    tells which others to stop at (none in the branching form).
    """

    def __init__(
        self,
        format_name: str,
        emitters: Emitters,
        known: Mapping[tuple[str, ...], int],
        split: frozenset[tuple[str, ...]],
    ) -> None:
        self.format_name, self.emitters = format_name, emitters
        self.known, self.split = known, split
        self.source = Source("o, s=None")
        self.base, self.offset = "", 0
        self.end: tuple[str, int] = ("n", 0)
        self.scopes: list[dict[str, Term]] = []
        self.path: tuple[str, ...] = ()
        self.conditional = False
        """Inside a branch or loop of run time: nothing there may decide the shape of the rest."""
        self._reads = Reads(self.source)

    def function(self, layout: Any, name: str, *, prefix: bool) -> Callable[..., Any]:
        """Return a function that gives the value of `layout`.

        If `prefix` it gives the count of octets taken too; else it insists that they are all.
        """
        self.source.line("n = len(o)")
        try:
            made = self.layout(layout)
            self.flush()
            if not prefix:
                self.expect_end()
            value = self._built(made)
            self.source.line(f"return {value}, {self.at()}" if prefix else f"return {value}")
        except Dead:
            pass
        return self.source.function(name)

    # -- positions, reads, refusals

    def at(self, extra: int = 0) -> str:
        """Return source for the present position plus `extra`."""
        return place(self.base, self.offset + extra)

    def move(self, base: str, offset: int = 0) -> None:
        """Go on at `offset` behind `base`."""
        self.flush()
        self.base, self.offset = base, offset

    def take(self, code: str, size: int) -> Code:
        """Plan the read of one number with the struct code `code`, such as `<H`."""
        name = self.fresh()
        self._reads.plan(self.offset, code, name)
        self.need(size)
        self.offset += size
        return Code(name)

    def fresh(self) -> str:
        """Return a new local name, made of the present field's."""
        return self.source.fresh(self.path[-1] if self.path else "x")

    def need(self, size: int) -> None:
        """Require `size` more octets for the present field."""
        self._reads.need(self.offset + size, ".".join(self.path))

    def flush(self) -> None:
        """Write the bounds check and the reads planned since the last flush."""
        self._reads.flush(self.format_name, self.base, self.end)

    def forget(self) -> None:
        """Drop what is planned: nothing reaches it."""
        self._reads.forget()

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

    def refuse(self, reason: str) -> Term:
        """Write the refusal of this branch, which ends it."""
        self.source.line(f"{self.raiser(reason)}({self.at()})")
        raise Dead

    def refuse_if(self, condition: str, reason: str, at: str | None = None) -> None:
        """Write a refusal for `reason` where `condition` holds."""
        refuse = self.raiser(reason)
        with self.source.block(f"if {condition}:"):
            self.source.line(f"{refuse}({at or self.at()})")

    def raiser(self, reason: str) -> str:
        """Return source to which `(offset)` or `(offset, reason)` is added: `raise refusal_1`."""
        made = refusal(self.format_name, ".".join(self.path), reason)
        return f"raise {self.source.constant(made, 'refusal')}"

    def expect_end(self) -> None:
        """Refuse octets that are left in the region."""
        if (self.base, self.offset) != self.end:
            self.refuse_if(f"{place(*self.end)} != {self.at()}", "octets left over")

    def region(self, text: str, end: str) -> None:
        """Name the position `text` as `end`; refuse if it is not between here and the end."""
        self.flush()
        self.source.line(f"{end} = {text}")
        inside = f"{self.at()} <= {end} <= {place(*self.end)}"
        self.refuse_if(f"not {inside}", "octets announced that are not there")

    # -- expressions

    def fold(self, expression: Any) -> Term:
        """Return a `this` expression with what is known put in."""
        return fold(expression, self.lookup, self.source.literal)

    def lookup(self, names: list[str]) -> Term:
        """Return what a `this` path stands for."""
        return follow(self.scopes[-1][names[0]], names[1:])

    def run(self, expression: Any) -> Term:
        """Return a `this` expression for use in a statement: what it reads is read before."""
        term = self.fold(expression)
        if isinstance(term, Code):
            self.flush()
        return term

    # -- nodes

    def node(self, node: Any) -> Term:
        """Write `node` and return its value."""
        name, node = unrenamed(node)
        outer = self.path
        if name:
            self.path += (name,)
        try:
            bits, size = bit_layout(node), swapped_octets(node)
            if bits is not None:
                return self.bits(bits)
            if size is not None:
                return self.octets(size, swapped=True)
            emit = self.emitters.get(node.__class__)
            made: Term = emit(self, node) if emit is not None else node.emit_decode(self)
            return made
        finally:
            self.path = outer

    @contextmanager
    def scope(self, parts: dict[str, Term]) -> Generator[None, None, None]:
        """Let `this` mean `parts`."""
        self.scopes.append(parts)
        try:
            yield
        finally:
            self.scopes.pop()

    @contextmanager
    def within(self, base: str, offset: int = 0) -> Generator[None, None, None]:
        """End the region at `offset` behind `base`."""
        self.flush()
        outer, self.end = self.end, (base, offset)
        try:
            yield
            self.flush()
        finally:
            self.end = outer

    @contextmanager
    def at_run_time(self) -> Generator[None, None, None]:
        """Mark what is written inside as executed sometimes, or more than once."""
        outer, self.conditional = self.conditional, True
        try:
            yield
        finally:
            self.conditional = outer

    def struct(self, subcons: Iterable[Any]) -> dict[str, Term]:
        """Write the parts of a Struct in a scope of their own."""
        parts: dict[str, Term] = {}
        with self.scope(parts):
            for subcon in subcons:
                term = self.node(subcon)
                name = unrenamed(subcon)[0]
                if name:
                    parts[name] = term
        return parts

    def layout(self, layout: Any) -> Term:
        """Write a nested Layout: its interned value, or the making of it."""
        if layout.interned is not None:
            return self._interned(layout)
        schema = bare(layout.schema)
        if isinstance(schema, construct.Struct):
            parts: Mapping[str, Term] = self.struct(schema.subcons)
        else:
            parts = parts_of(self.node(schema))  # of a BitStruct or Sized
        kind = self.source.constant(layout.value_type, layout.value_type.__name__)
        given = ", ".join(self.source.text(parts[name]) for name in layout.names)
        own = {name: parts[name] for name in layout.names}
        return Code(f"{kind}({given})", {**parts, **own}, layout.value_type)

    def _built(self, term: Term) -> str:
        """Write the making of a value field by field, which costs less than to call its class."""
        kind = term.makes if isinstance(term, Code) else None
        if kind is None or isinstance(term, Const) or not _is_plain(kind):
            return self.source.text(term)
        texts = {field.name: self._built(term.parts[field.name]) for field in fields(kind)}
        made, new = self.fresh(), self.source.constant(object.__new__, "new")
        self.source.line(f"{made} = {new}({self.source.constant(kind, kind.__name__)})")
        for name, text in texts.items():
            self.source.line(f"{made}.{name} = {text}")
        return made

    def discriminator(self, path: tuple[str, ...], layout: Any) -> int | None:
        """Return the number of the header `layout` that comes next, known as `path`.

        Raise Split where it can be known and is not yet; None where it cannot.
        """
        if not self.conditional and path in self.known:
            return self.known[path]
        if path in self.split and not self.base and not self.conditional:
            bits: BitLayout = layout.interned.bits
            needs = [*self._reads.needs, (self.offset + bits.octets, ".".join(path))]
            raise Split(path, self.offset, bits, shortage(self.format_name, needs))
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
                return self.refuse(str(error))
        number = self.number(bits)
        self.flush()
        value = self.fresh()
        table = self.source.constant(layout.interned.values, "values")
        if not bits.constants:
            self.source.line(f"{value} = {table}[{number}]")
            return Code(value)
        with self.source.block("try:"):
            self.source.line(f"{value} = {table}[{number}]")
        self.explain_value_error(self.at(-bits.octets))
        return Code(value)

    def explain_value_error(self, at: str) -> None:
        """Write what turns a ValueError of the lines under `try` into MalformedFrame."""
        with self.source.block("except ValueError as error:"):
            self.source.line(f"{self.raiser('')}({at}, str(error)) from error")

    def number(self, bits: BitLayout) -> str:
        """Return the local name of the octets of `bits` as one number."""
        code = {1: "B", 2: "H", 4: "I", 8: "Q"}.get(bits.octets)
        if code:
            return self.take(("<" if bits.little_endian else ">") + code, bits.octets).text
        return self.integer(bits.octets, bits.little_endian).text

    def integer(self, size: int, little_endian: bool, *, signed: bool = False) -> Code:
        """Return the local name of a number of a size that struct does not know."""
        text, order = self.octets(size).text, "little" if little_endian else "big"
        self.flush()
        name = self.source.fresh()
        self.source.line(f"{name} = int.from_bytes({text}, {order!r}, signed={signed})")
        return Code(name)

    def bits(self, bits: BitLayout) -> Code:
        """Write the read of a BitStruct; its fields are parts of the term."""
        raw = self.number(bits)
        for field in bits.constants:
            self.flush()
            condition, reason = f"{field.text(raw)} != {field.const}", f"{field.name} is not"
            self.refuse_if(condition, f"{reason} {field.const}", self.at(-bits.octets))
        return Code("", {field.name: Code(field.text(raw)) for field in bits.fields})


def parts_of(term: Term) -> Mapping[str, Term]:
    """Return the parts of `term` that are known by name."""
    return term.parts if isinstance(term, Code) else {}


def _is_plain(kind: type[Any]) -> bool:
    """Tell whether a value is no more than its fields: nothing frozen, nothing done when made."""
    frozen: bool = vars(kind)["__dataclass_params__"].frozen
    return not frozen and not hasattr(kind, "__post_init__")
