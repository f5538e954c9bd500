"""How each kind of node is decoded: what a Decoder writes for it."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import construct

from lowpan.errors import MalformedFrame
from lowpan.schema import nodes, regions
from lowpan.schema.bits import BitLayout, bit_layout
from lowpan.schema.constructs import bare
from lowpan.schema.decode_flow import branch, loop
from lowpan.schema.decoder import Decoder, Emitters, parts_of
from lowpan.schema.nodes import ABSENT, WRONG_SURROUNDINGS, unfit_surroundings
from lowpan.schema.reads import octets_short, place
from lowpan.schema.shape import least_octets
from lowpan.schema.terms import Code, Const, Term


def _format_field(decoder: Decoder, node: Any) -> Term:
    return decoder.take(node.fmtstr, node.length)


def _bytes_integer(decoder: Decoder, node: Any) -> Term:
    return decoder.integer(node.length, node.swapped, signed=node.signed)


def _bytes(decoder: Decoder, node: Any) -> Term:
    size = decoder.run(node.length)
    if isinstance(size, Const):
        return decoder.octets(size.value) if size.value >= 0 else decoder.refuse(_NEGATIVE)
    start, end = decoder.at(), decoder.source.fresh("end")
    decoder.region(f"{start} + {size.text}", end, _ANNOUNCED)
    decoder.move(end)
    return Code(f"o[{start}:{end}]")


def _greedy(decoder: Decoder, node: Any) -> Term:
    start = decoder.at()
    decoder.move(*decoder.end)
    whole = (start, decoder.end) == ("0", ("n", 0))
    return Code("o" if whole else f"o[{start}:{place(*decoder.end)}]")


def _if(decoder: Decoder, node: Any) -> Term:
    condition = decoder.run(node.condfunc)
    if isinstance(condition, Const):
        return decoder.node(node.thensubcon if condition.value else node.elsesubcon)
    return branch(decoder, [(condition.text, node.thensubcon)], node.elsesubcon)


def _switch(decoder: Decoder, node: Any) -> Term:
    key = decoder.run(node.keyfunc)
    if isinstance(key, Const):
        return decoder.node(node.cases.get(key.value, node.default))
    name = decoder.source.fresh("key")
    decoder.source.line(f"{name} = {key.text}")
    literal = decoder.source.literal
    arms = [(f"{name} == {literal(value)}", arm) for value, arm in node.cases.items()]
    return branch(decoder, arms, node.default)


def _array(decoder: Decoder, node: Any) -> Term:
    counted = decoder.run(node.count)
    if isinstance(counted, Const):
        if counted.value < 0:
            return decoder.refuse(_NEGATIVE)
        if counted.value == 0:
            return Const(())
        return loop(decoder, f"for _ in range({counted.value}):", node.subcon)
    decoder.flush()
    count, at, end = decoder.source.fresh("count"), decoder.at(), place(*decoder.end)
    decoder.source.line(f"{count} = {counted.text}")
    room = f"{end} - {at}" if decoder.offset == 0 or not decoder.base else f"{end} - ({at})"
    decoder.refuse_if(f"not 0 <= {count} <= {room}", "more items than octets")
    return loop(decoder, f"for _ in range({count}):", node.subcon)


def _run(decoder: Decoder, node: Any) -> Term:
    interned = getattr(bare(node.subcon), "interned", None)
    if interned is not None and node.last is None and _is_any_octet(interned.bits):
        values = decoder.source.constant(interned.values, "values")
        octets = decoder.source.text(_greedy(decoder, node))
        return Code(f"tuple([{values}[x] for x in {octets}])")
    header, may_be_empty = f"while {{p}} < {place(*decoder.end)}:", not least_octets(node.subcon)
    return loop(decoder, header, node.subcon, last=node.last, may_be_empty=may_be_empty)


def _is_any_octet(bits: BitLayout) -> bool:
    return bits.octets == 1 and not bits.constants


def _before(decoder: Decoder, node: Any) -> Term:
    octets = decoder.run(node.octets)
    if octets == Const(0):
        return decoder.node(node.subcon)
    if isinstance(octets, Const):
        if octets.value < 0:
            return decoder.refuse(_NEGATIVE)
        decoder.need(octets.value)
        base, offset = decoder.end
        with decoder.within(base, offset - octets.value):
            return decoder.node(node.subcon)
    end = decoder.source.fresh("end")
    decoder.flush()
    # the fault that the straight form tells, of a field that begins and cannot end
    whole, at = place(*decoder.end), decoder.at()
    with decoder.source.block(f"if {whole} - {octets.text} < {at}:"):
        missing = decoder.source.constant(octets_short, "octets_short")
        told = f"{missing}({octets.text} - {whole} + {at})"
        decoder.source.line(f"{decoder.raiser('')}({whole}, {told})")
    decoder.region(f"{whole} - {octets.text}", end, _NEGATIVE)
    with decoder.within(end):
        return decoder.node(node.subcon)


def _sized(decoder: Decoder, node: Any) -> Term:
    parts = dict(parts_of(decoder.node(node.head)))
    decoder.flush()
    length, end = decoder.source.text(parts.pop("length")), decoder.source.fresh("end")
    scaled = f"{length} * {node.unit}" if node.unit != 1 else length
    overhead = f" - {node.overhead}" if node.overhead else ""
    decoder.region(f"{decoder.at()} + {scaled}{overhead}", end, _ANNOUNCED)
    with decoder.scope(dict(parts)), decoder.within(end):
        parts[node.body_name] = decoder.node(node.body)
        decoder.flush()
        decoder.expect_end()
    decoder.move(end)
    return Code("", parts)


def _content(decoder: Decoder, node: Any) -> Term:
    key, source = decoder.source.text(decoder.run(node.key)), decoder.source
    decoder.flush()
    region, content, layout = (source.fresh(hint) for hint in ("region", "content", "layout"))
    source.line(f"{content} = {region} = o[{decoder.at()}:{place(*decoder.end)}]")
    find = source.constant(node.layouts.get, "layout_of")
    source.line(f"{layout} = {find}({key})")
    with source.block(f"if {layout} is not None:"):
        with source.block("try:"):
            source.line(f"{content} = {layout}.decode({region}, s)")
        with source.block(f"except {source.constant(MalformedFrame, 'MalformedFrame')}:"):
            source.line(f"{content} = {region}")
    decoder.move(*decoder.end)
    return Code(content)


def _derived(decoder: Decoder, node: Any) -> Term:
    raw = decoder.source.text(decoder.node(node.subcon))
    given = [decoder.source.text(decoder.fold(argument)) for argument in node.arguments]
    decoder.flush()
    source, value = decoder.source, decoder.fresh()
    function = source.function_name(node.decode)
    with deriving(decoder):
        source.line(f"{value} = {function}({', '.join([raw, 's', *given])})")
    return Code(value)


@contextmanager
def deriving(decoder: Decoder) -> Generator[None, None, None]:
    """Write what turns the errors of lines that read the surroundings into ours."""
    source = decoder.source
    with source.block("try:"):
        yield
    decoder.explain_value_error(decoder.at())
    with source.block(f"except {source.constant(WRONG_SURROUNDINGS, 'wrong')} as error:"):
        source.line(f"raise {source.function_name(unfit_surroundings)}(error) from error")


def _scaled(decoder: Decoder, node: Any) -> Term:
    return Code(f"({decoder.source.text(decoder.node(node.subcon))} * {node.unit})")


def _const(decoder: Decoder, node: Any) -> Term:
    start = decoder.at()
    term = decoder.node(node.subcon)
    if isinstance(term, Const):
        return term if term.value == node.value else decoder.refuse(f"not {node.value!r}")
    decoder.flush()
    unlike = f"{term.text} != {decoder.source.literal(node.value)}"
    decoder.refuse_if(unlike, f"not {node.value!r}", start)
    return Const(node.value)


def _require(decoder: Decoder, node: Any) -> Term:
    condition = decoder.run(node.condition)
    if isinstance(condition, Code):
        decoder.refuse_if(f"not {condition.text}", node.reason)
    elif not condition.value:
        decoder.refuse(node.reason)
    return Const(None)


def _if_room(decoder: Decoder, node: Any) -> Term:
    decoder.flush()
    return branch(decoder, [(f"{decoder.at()} < {place(*decoder.end)}", node.subcon)], ABSENT)


def _either_form(decoder: Decoder, node: Any) -> Term:
    one, other = _bits_of(node.one), _bits_of(node.other)
    raw, first = decoder.number(one), decoder.source.fresh("first")
    decoder.flush()
    decoder.source.line(f"{first} = {_constants_of(one, raw)}")
    if len(one.constants) > 1 or one.constants[0].width > 1 or len(other.constants) > 1:
        fits = _constants_of(other, raw)
        reason = "neither of two forms"
        decoder.refuse_if(f"not {first} and not ({fits})", reason, decoder.at(-one.octets))
    parts: dict[str, Term] = {}
    for field in one.fields:
        twin = next(twin for twin in other.fields if twin.name == field.name)
        parts[field.name] = Code(f"({field.text(raw)} if {first} else {twin.text(raw)})")
    return Code("", parts)


def _constants_of(bits: BitLayout, raw: str) -> str:
    """Return source that tells whether the number called `raw` has the constants of `bits`."""
    return " and ".join(f"{field.text(raw)} == {field.const}" for field in bits.constants)


def _bits_of(node: Any) -> BitLayout:
    bits = bit_layout(node)
    assert bits is not None, "as the subset wants it"
    return bits


def _nothing(decoder: Decoder, node: Any) -> Term:
    return Const(None)


_ANNOUNCED = "octets announced that are not there"
_NEGATIVE = "fewer than no octets"

EMITTERS: Emitters = {
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
    type(construct.Pass): _nothing,
    nodes.Absent: _nothing,
    nodes.Refused: lambda decoder, node: decoder.refuse(node.reason),
    nodes.Require: _require,
    nodes.Scaled: _scaled,
    nodes.Derived: _derived,
    regions.Run: _run,
    regions.Before: _before,
    regions.Sized: _sized,
    regions.Content: _content,
    regions.IfRoom: _if_room,
    regions.EitherForm: _either_form,
}
"""Class of node -> what writes its decoding and returns its value."""
