"""Writes the decoder of a schema, specialised on the bit fields that decide its shape.

Every generated function takes a whole region `o` from its octet 0 and the `surroundings` s.  What
each kind of node needs is in decode_nodes, branches and loops are in decode_flow.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import construct

from lowpan.schema.bits import BitLayout, bit_layout
from lowpan.schema.constructs import PARAMS, bare, swapped_octets, unrenamed
from lowpan.schema.cursor import Cursor, Dead
from lowpan.schema.reads import Careful, Shortage, place, shortage
from lowpan.schema.terms import Code, Const, Term, fold, follow

__all__ = ["Dead", "Decoder", "Split", "place"]


class Split(Exception):
    """The shape from here on depends on a bit-field header that is not known yet."""

    def __init__(
        self, path: tuple[str, ...], offset: int, bits: BitLayout, short: Shortage
    ) -> None:
        super().__init__(path)
        self.path, self.offset, self.bits, self.short = path, offset, bits, short


Emitters = Mapping[type[Any], Callable[["Decoder", Any], Term]]


class Decoder(Cursor):
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
        careful: Careful | None = None,
    ) -> None:
        """Write for `format_name`; `careful` is the form that tells what is wrong (see Reads)."""
        super().__init__(format_name, careful)
        self.emitters, self.known, self.split = emitters, known, split
        self.scopes: list[dict[str, Term]] = []

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
            value = self.built(made)
            self.source.line(f"return {value}, {self.at()}" if prefix else f"return {value}")
        except Dead:
            pass
        return self.source.function(name)

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

    def built(self, term: Term) -> str:
        """Write the making of a value field by field, which costs less than to call its class."""
        kind = term.makes if isinstance(term, Code) else None
        if kind is None or isinstance(term, Const) or not _is_plain(kind):
            return self.source.text(term)
        texts = {field.name: self.built(term.parts[field.name]) for field in fields(kind)}
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
            needs = [*self.needs, (self.offset + bits.octets, ".".join(path))]
            raise Split(path, self.offset, bits, shortage(self.format_name, needs))
        return None

    def _interned(self, layout: Any) -> Term:
        bits: BitLayout = layout.interned.bits
        raw = self.discriminator(self.path, layout)
        if raw is not None:
            self.need(bits.octets)
            try:
                known = layout.interned.values[raw]
            except ValueError as error:
                return self.refuse(str(error))
            self.offset += bits.octets
            return Const(known)
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
    frozen: bool = getattr(kind, PARAMS).frozen
    new: Any = kind.__new__
    return not frozen and new is object.__new__ and not hasattr(kind, "__post_init__")
