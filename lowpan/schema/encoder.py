"""Emits the encoder of a schema, specialised on the bit fields that decide its shape.

Every generated function takes a value `v` and the `surroundings` s.  Fixed-size parts in a row
become one pack; whatever could make the value unfit is one condition before it.
"""

import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import construct

from lowpan.schema import nodes
from lowpan.schema.bits import BitLayout, bit_layout, is_swapped_octets, unrenamed
from lowpan.schema.source import Source
from lowpan.schema.terms import Code, Const, Term, attribute, fold

UNFIT = (struct.error, TypeError, AttributeError, ValueError, KeyError, IndexError, OverflowError)
"""What generated code raises for a value that the format has no room for."""


class Split(Exception):
    """The shape from here on depends on a bit-field header whose number is not known yet."""

    def __init__(self, path: tuple[str, ...], text: str, layout: Any) -> None:
        super().__init__(path)
        self.path, self.text, self.layout = path, text, layout


class _Dead(Exception):
    """The code just emitted always raises."""


class Encoder:
    """Emits one encode function; `known` and `split` as for the Decoder."""

    def __init__(
        self, known: Mapping[tuple[str, ...], int], split: frozenset[tuple[str, ...]]
    ) -> None:
        """Specialise on `known`; raise Split at the headers in `split` that are not."""
        self.known, self.split = known, split
        self.source = Source("v, s=None")
        self.scopes: list[dict[str, Term]] = []
        self.path: tuple[str, ...] = ()
        self.names: tuple[str, ...] = ()
        """Fields of the value being written; other names exist on the wire only."""
        self.conditional = False
        self._out = ""
        """Variable that holds what was written so far, empty while nothing is."""
        self._pack: list[tuple[str, str]] = []
        self._texts: list[str] = []
        self._doubts: list[str] = []
        self._unfit = self.source.constant(ValueError, "ValueError")

    def function(
        self, layout: Any, name: str, explain: Callable[..., Exception] | None = None
    ) -> Callable[..., Any]:
        """Return a function that gives the octets of a value of `layout`, or raises UNFIT.

        With `explain` it raises what explain(value, surroundings, error) returns instead.
        """
        try:
            self.layout(layout, Code("v"))
            if self._out:
                self.flush()
                self.source.line(f"return {self._out}")
            else:
                self.settle()
                self.source.line(f"return {self._joined()}")
        except _Dead:
            pass
        if explain is not None:
            self.source.guard(UNFIT, explain)
        return self.source.function(name)

    # -- what is written

    def pack(self, code: str, text: str) -> None:
        """Write `text` as the struct code `code`, such as `<H` or `>8s`."""
        self._pack.append((code, text))

    def octets(self, text: str) -> None:
        """Write octets of any length."""
        self._close_pack()
        self._texts.append(text)

    def doubt(self, condition: str) -> None:
        """Refuse the value where `condition` holds."""
        self._doubts.append(condition)

    def _close_pack(self) -> None:
        while self._pack:
            order = next((code[0] for code, _ in self._pack if code[1:] not in _ANY_ORDER), "<")
            run: list[tuple[str, str]] = []
            while self._pack and (self._pack[0][0][1:] in _ANY_ORDER or self._pack[0][0][0] == order):
                run.append(self._pack.pop(0))
            codes = "".join(code[1:] for code, _ in run)
            if len(run) == 1 and codes.endswith("s"):
                self._texts.append(run[0][1])
                continue
            pack = self.source.constant(_packer(order + codes), "pack")
            self._texts.append(f"{pack}({', '.join(text for _, text in run)})")

    def _joined(self) -> str:
        self._close_pack()
        texts, self._texts = self._texts, []
        return " + ".join(texts) or "b''"

    def settle(self) -> None:
        """Emit the doubts collected so far."""
        if self._doubts:
            with self.source.block(f"if {' or '.join(dict.fromkeys(self._doubts))}:"):
                self.source.line(f"raise {self._unfit}")
            self._doubts = []

    def flush(self) -> None:
        """Emit everything collected so far into the output variable."""
        self.settle()
        self._close_pack()
        if not self._out:
            self._out = self.source.fresh("out")
            self.source.line(f"{self._out} = {self._joined()}")
        elif self._texts:
            self.source.line(f"{self._out} += {self._joined()}")

    def aside(self, write: Callable[[], None]) -> str:
        """Return the variable that holds what `write` writes, apart from the output."""
        if self._out or self._texts or self._pack:
            self.flush()
        outer, self._out = self._out, ""
        write()
        self.flush()
        inner, self._out = self._out, outer
        return inner

    def refuse(self) -> None:
        """Emit the refusal of this branch."""
        self.settle()
        self.source.line(f"raise {self._unfit}")
        raise _Dead

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

    # -- nodes

    def node(self, node: Any, value: Term) -> Term:
        """Emit the writing of `value` as `node`; return what later expressions see."""
        name, node = unrenamed(node)
        if name:
            self.path += (name,)
        try:
            bits = bit_layout(node)
            if bits is not None:
                return self._bits(bits, value)
            if is_swapped_octets(node):
                return self._fixed(unrenamed(node.subcon)[1].length, value, swapped=True)
            emit = _EMITTERS.get(type(node))
            return emit(self, node, value) if emit is not None else node.emit_encode(self, value)
        finally:
            if name:
                self.path = self.path[:-1]

    def struct(self, subcons: Iterable[Any], value: Term) -> dict[str, Term]:
        """Emit the parts of a Struct whose value is `value`."""
        subcons = list(subcons)
        scope = _Scope(value)
        self.scopes.append(scope)
        for subcon in subcons:
            name = unrenamed(subcon)[0]
            term = self.node(subcon, scope[name] if name else Const(None))
            if name:
                scope[name] = term
        self.scopes.pop()
        return scope

    def layout(self, layout: Any, value: Term) -> Term:
        """Emit a Layout whose value is `value`."""
        if layout.interned is not None:
            return self._interned(layout, value)
        schema = unrenamed(layout.schema)[1]
        text = self.local(value)
        kind = self.source.constant(layout.value_type, layout.value_type.__name__)
        self.doubt(f"type({text}) is not {kind}")
        outer, self.names = self.names, layout.names
        if isinstance(schema, construct.Struct):
            parts: Mapping[str, Term] = self.struct(schema.subcons, Code(text))
        else:
            self.scopes.append(_Scope(Code(text)))
            term = self.node(schema, Code(text))
            self.scopes.pop()
            parts = term.parts if isinstance(term, Code) else {}
        self.names = outer
        return Code(text, parts)

    def local(self, value: Term) -> str:
        """Return a local name for `value`, so that it is looked up once."""
        text = self.source.text(value)
        if isinstance(value, Const) or text.isidentifier():
            return text
        name = self.source.fresh(self.path[-1] if self.path else "x")
        self.source.line(f"{name} = {text}")
        return name

    def _interned(self, layout: Any, value: Term) -> Term:
        bits: BitLayout = layout.interned.bits
        raw = None if self.conditional else self.known.get(self.path)
        if raw is not None:
            self._number(bits, repr(raw))
            return Const(layout.interned.values[raw])
        if self.path in self.split and not self.conditional:
            raise Split(self.path, ".".join(("v", *self.path)), layout)
        held = self.local(value)
        number = self.source.constant(layout.interned.raw, "raw")
        self._number(bits, f"{number}({held})")
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
        self.scopes.append(_Scope(value))
        for field in bits.fields:
            if field.const is not None:
                part: Term = Const(field.const)
                self._same(value, field)
            elif field.rebuild is not None:
                part = self.fold(field.rebuild)
            else:
                part = attribute(value, field.name)
            if field.name:
                parts[field.name] = part
            terms.append(self._bit_field(field, part))
        self.scopes.pop()
        self._number(bits, " | ".join(terms))
        return Code(self.source.text(value), parts)

    def _same(self, value: Term, field: Any) -> None:
        """Refuse a value that says otherwise than a constant that it keeps."""
        if field.name in self.names:
            told = self.source.text(attribute(value, field.name))
            self.doubt(f"{told} != {field.const}")

    def _bit_field(self, field: Any, part: Term) -> str:
        text = self.local(part) if isinstance(part, Code) else self.source.text(part)
        if field.flag:
            text = f"(1 if {text} else 0)"
        elif field.signed:
            half = 1 << field.width - 1
            self.doubt(f"not -{half} <= {text} < {half}")
            text = f"({text} & {(1 << field.width) - 1})"
        else:
            self.doubt(f"{text} >> {field.width}")
        return f"{text} << {field.shift}" if field.shift else text

    def _fixed(self, size: int, value: Term, *, swapped: bool = False) -> Term:
        text = self.local(value)
        self.doubt(f"len({text}) != {size}")
        self.pack(f"<{size}s", f"{text}[::-1]" if swapped else text)
        return Code(text)

    def branch(self, arms: list[tuple[str, Any]], default: Any, value: Term) -> Term:
        """Emit arms chosen at run time; each `(condition, node)`."""
        self.flush()
        outer, self.conditional = self.conditional, True
        computed = bool(self.path) and self.path[-1] not in self.names
        result, keyword = self.source.fresh(), "if"
        for condition, node in [*arms, ("", default)]:
            with self.source.block(f"{keyword} {condition}:" if condition else "else:"):
                try:
                    seen = self.node(node, value)
                    self.flush()
                    if computed:
                        self.source.line(f"{result} = {self.source.text(seen)}")
                except _Dead:
                    self._pack, self._texts, self._doubts = [], [], []
            keyword = "elif"
        self.conditional = outer
        return Code(result) if computed else value

    def loop(self, header: str, node: Any, value: Term) -> Term:
        """Emit the writing of each item of `value`."""
        items, item = self.local(value), self.source.fresh("item")
        self.flush()
        outer, self.conditional = self.conditional, True
        with self.source.block(header.format(item=item, items=items)):
            self.node(node, Code(item))
            self.flush()
        self.conditional = outer
        return Code(items)


class _Scope(dict[str, Term]):
    """Names of a value being written: its fields, until what was written says otherwise."""

    def __init__(self, value: Term) -> None:
        super().__init__()
        self.value = value

    def __missing__(self, name: str) -> Term:
        return attribute(self.value, name)


_ANY_ORDER = {"B", "b", *(f"{size}s" for size in range(2048))}


def _packer(layout: str) -> Callable[..., bytes]:
    return _PACKERS.setdefault(layout, struct.Struct(layout).pack)


_PACKERS: dict[str, Callable[..., bytes]] = {}


# -- one emitter a node type


def _format_field(encoder: Encoder, node: Any, value: Term) -> Term:
    encoder.pack(node.fmtstr, encoder.source.text(value))
    return value


def _bytes_integer(encoder: Encoder, node: Any, value: Term) -> Term:
    order, size = "little" if node.swapped else "big", node.length
    text = encoder.source.text(value)
    encoder.octets(f"({text}).to_bytes({size}, {order!r}, signed={node.signed})")
    return value


def _bytes(encoder: Encoder, node: Any, value: Term) -> Term:
    size = encoder.fold(node.length)
    if isinstance(size, Const):
        return encoder._fixed(size.value, value)
    text = encoder.local(value)
    encoder.doubt(f"len({text}) != {size.text}")
    encoder.octets(text)
    return Code(text)


def _greedy(encoder: Encoder, node: Any, value: Term) -> Term:
    encoder.octets(encoder.source.text(value))
    return value


def _if(encoder: Encoder, node: Any, value: Term) -> Term:
    condition = encoder.fold(node.condfunc)
    if isinstance(condition, Const):
        return encoder.node(node.thensubcon if condition.value else node.elsesubcon, value)
    return encoder.branch([(condition.text, node.thensubcon)], node.elsesubcon, value)


def _switch(encoder: Encoder, node: Any, value: Term) -> Term:
    key = encoder.fold(node.keyfunc)
    if isinstance(key, Const):
        return encoder.node(node.cases.get(key.value, node.default), value)
    name, literal = encoder.source.fresh("key"), encoder.source.literal
    encoder.source.line(f"{name} = {key.text}")
    arms = [(f"{name} == {literal(case)}", arm) for case, arm in node.cases.items()]
    return encoder.branch(arms, node.default, value)


def _array(encoder: Encoder, node: Any, value: Term) -> Term:
    text = encoder.local(value)
    count = encoder.fold(node.count)
    encoder.doubt(f"len({text}) != {encoder.source.text(count)}")
    if count == Const(0):
        return Const(())
    return encoder.loop("for {item} in {items}:", node.subcon, Code(text))


def _run(encoder: Encoder, node: Any, value: Term) -> Term:
    return encoder.loop("for {item} in {items}:", node.subcon, value)


def _sized(encoder: Encoder, node: Any, value: Term) -> Term:
    name = unrenamed(node.body)[0]
    body = encoder.aside(lambda: _write_body(encoder, node, attribute(value, name)))
    size = f"len({body})" + (f" + {node.overhead}" if node.overhead else "")
    if node.unit != 1:
        encoder.doubt(f"({size}) % {node.unit}")
        size = f"({size}) // {node.unit}"
    length = encoder.source.fresh("length")
    encoder.source.line(f"{length} = {size}")
    encoder.node(node.head, Code(encoder.source.text(value), {"length": Code(length)}))
    encoder.octets(body)
    return value


def _write_body(encoder: Encoder, node: Any, value: Term) -> None:
    encoder.node(node.body, value)


def _content(encoder: Encoder, node: Any, value: Term) -> Term:
    write = encoder.source.constant(_encode_content, "content")
    layouts = encoder.source.constant(node.layouts, "layouts")
    key = encoder.source.text(encoder.fold(node.key))
    encoder.octets(f"{write}({encoder.source.text(value)}, {layouts}, {key}, s)")
    return value


def _encode_content(value: Any, layouts: Mapping[int, Any], key: int, surroundings: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    encoded: bytes = layouts[key].encode(value, surroundings)
    return encoded


def _derived(encoder: Encoder, node: Any, value: Term) -> Term:
    text = encoder.local(value)
    given = [encoder.source.text(encoder.fold(argument)) for argument in node.arguments]
    raw, function = encoder.source.fresh(), encoder.source.constant(node.encode, node.encode.__name__)
    encoder.source.line(f"{raw} = {function}({', '.join([text, 's', *given])})")
    encoder.node(node.subcon, Code(raw))
    return Code(text)


def _scaled(encoder: Encoder, node: Any, value: Term) -> Term:
    text = encoder.local(value)
    encoder.doubt(f"{text} % {node.unit}")
    encoder.node(node.subcon, Code(f"{text} // {node.unit}"))
    return Code(text)


def _const(encoder: Encoder, node: Any, value: Term) -> Term:
    if encoder.path and encoder.path[-1] in encoder.names:
        encoder.doubt(f"{encoder.source.text(value)} not in (None, {node.value!r})")
    encoder.node(node.subcon, Const(node.value))
    return Const(node.value)


def _rebuild(encoder: Encoder, node: Any, value: Term) -> Term:
    made = encoder.fold(node.func)
    encoder.node(node.subcon, made)
    return made


def _absent(encoder: Encoder, node: Any, value: Term) -> Term:
    if value != Const(None):
        encoder.doubt(f"{encoder.source.text(value)} is not None")
    return Const(None)


def _require(encoder: Encoder, node: Any, value: Term) -> Term:
    condition = encoder.fold(node.condition)
    if isinstance(condition, Const):
        if not condition.value:
            encoder.refuse()
    else:
        encoder.doubt(f"not {condition.text}")
    return Const(None)


def _extended_length(encoder: Encoder, node: Any, value: Term) -> Term:
    write = encoder.source.constant(_encode_length, "extended")
    encoder.octets(f"{write}({encoder.source.text(value)})")
    return value


def _if_room(encoder: Encoder, node: Any, value: Term) -> Term:
    text = encoder.local(value)
    return encoder.branch([(f"{text} is not None", node.subcon)], construct.Pass, Code(text))


def _either_form(encoder: Encoder, node: Any, value: Term) -> Term:
    one = bit_layout(node.one)
    told = [field for field in one.fields if field.const is not None and field.name] if one else []
    tests = [
        f"{encoder.source.text(attribute(value, field.name))} == {field.const}" for field in told
    ]
    return encoder.branch([(" and ".join(tests), node.one)], node.other, value)


def _encode_length(length: int) -> bytes:
    return length.to_bytes(1, "big") if length < 0xFF else b"\xff" + length.to_bytes(2, "big")


_EMITTERS: dict[type[Any], Callable[[Encoder, Any, Term], Term]] = {
    construct.FormatField: _format_field,
    construct.BytesInteger: _bytes_integer,
    construct.Bytes: _bytes,
    type(construct.GreedyBytes): _greedy,
    construct.IfThenElse: _if,
    construct.Switch: _switch,
    construct.Array: _array,
    construct.Const: _const,
    construct.Computed: lambda encoder, node, value: encoder.fold(node.func),
    construct.Rebuild: _rebuild,
    construct.Struct: lambda encoder, node, value: Code(
        encoder.source.text(value), encoder.struct(node.subcons, value)
    ),
    type(construct.Pass): lambda encoder, node, value: value,
    type(nodes.ABSENT): _absent,
    nodes.Refused: lambda encoder, node, value: encoder.refuse() or value,
    nodes.Require: _require,
    nodes.Scaled: _scaled,
    nodes.Derived: _derived,
    nodes.Run: _run,
    nodes.Before: lambda encoder, node, value: encoder.node(node.subcon, value),
    nodes.ExtendedLength: _extended_length,
    nodes.Sized: _sized,
    nodes.Content: _content,
    nodes.IfRoom: _if_room,
    nodes.EitherForm: _either_form,
}
