"""How each kind of node is encoded: what an Encoder writes for it."""

from collections.abc import Mapping
from typing import Any

import construct

from lowpan.schema import nodes, regions
from lowpan.schema.bits import bit_layout
from lowpan.schema.encode_flow import array, branch, run
from lowpan.schema.encoder import Emitters, Encoder
from lowpan.schema.terms import Code, Const, Term, attribute


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
        return encoder.fixed(size.value, value) if size.value >= 0 else encoder.refuse()
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
    return branch(encoder, [(condition.text, node.thensubcon)], node.elsesubcon, value)


def _switch(encoder: Encoder, node: Any, value: Term) -> Term:
    key = encoder.fold(node.keyfunc)
    if isinstance(key, Const):
        return encoder.node(node.cases.get(key.value, node.default), value)
    name, literal = encoder.source.fresh("key"), encoder.source.literal
    encoder.source.line(f"{name} = {key.text}")
    arms = [(f"{name} == {literal(case)}", arm) for case, arm in node.cases.items()]
    return branch(encoder, arms, node.default, value)


def _array(encoder: Encoder, node: Any, value: Term) -> Term:
    count = encoder.fold(node.count)
    text = encoder.local(value)
    if count == Const(0):
        encoder.doubt(f"{text} != ()")
        return Const(())
    encoder.doubt(f"len({text}) != {encoder.source.text(count)}")
    return array(encoder, node.subcon, Code(text))


def _sized(encoder: Encoder, node: Any, value: Term) -> Term:
    def write() -> None:
        encoder.node(node.body, attribute(value, node.body_name))

    body = encoder.aside(write)
    size = f"len({body})" + (f" + {node.overhead}" if node.overhead else "")
    if node.unit != 1:
        encoder.doubt(f"({size}) % {node.unit}")
        size = f"({size}) // {node.unit}"
    length = encoder.source.fresh("length")
    encoder.source.line(f"{length} = {size}")
    encoder.node(node.head, Code(encoder.source.text(value), {"length": Code(length)}))
    encoder.octets(body, certain=True)
    return value


def _before(encoder: Encoder, node: Any, value: Term) -> Term:
    before = len(encoder.writes.open_runs)
    seen = encoder.node(node.subcon, value)
    octets = encoder.fold(node.octets)
    for left_open in encoder.writes.open_runs[before:] if octets != Const(0) else ():
        left_open.allowed.append(encoder.source.text(octets))
    return seen


def _content(encoder: Encoder, node: Any, value: Term) -> Term:
    write = encoder.source.constant(encode_content, "content")
    layouts = encoder.source.constant(node.layouts, "layouts")
    key = encoder.source.text(encoder.fold(node.key))
    text = f"{write}({encoder.source.text(value)}, {layouts}, {key}, s)"
    encoder.octets(text, certain=True)
    return value


def encode_content(value: Any, layouts: Mapping[int, Any], key: int, surroundings: Any) -> bytes:
    """Return the octets of `value`, which is octets or what the Layout for `key` encodes."""
    if value.__class__ is bytes:
        return value
    if isinstance(value, bytes):
        return bytes(value)
    encoded: bytes = layouts[key].encode(value, surroundings)
    return encoded


def _derived(encoder: Encoder, node: Any, value: Term) -> Term:
    text = encoder.local(value)
    given = [encoder.source.text(encoder.fold(argument)) for argument in node.arguments]
    raw, function = encoder.source.fresh(), encoder.source.function_name(node.encode)
    encoder.source.line(f"{raw} = {function}({', '.join([text, 's', *given])})")
    encoder.node(node.subcon, Code(raw))
    return Code(text)


def _scaled(encoder: Encoder, node: Any, value: Term) -> Term:
    text, unit = encoder.local(value), node.unit
    rest, count = f"{text} % {unit}", f"{text} // {unit}"
    if unit & unit - 1 == 0:  # a power of two
        rest, count = f"{text} & {unit - 1}", f"{text} >> {unit.bit_length() - 1}"
    encoder.doubt(rest)
    encoder.node(node.subcon, Code(count))
    return Code(text)


def _const(encoder: Encoder, node: Any, value: Term) -> Term:
    if encoder.kept:  # the value may not say otherwise
        encoder.doubt(f"{encoder.source.text(value)} != {encoder.source.literal(node.value)}")
    encoder.node(node.subcon, Const(node.value))
    return Const(node.value)


def _computed(encoder: Encoder, node: Any, value: Term) -> Term:
    made = encoder.fold(node.func)
    if encoder.kept and value != made:  # the value may not say otherwise
        made = Code(encoder.local(made)) if isinstance(made, Code) else made
        encoder.doubt(f"{encoder.source.text(value)} != {encoder.source.text(made)}")
    return made


def _rebuild(encoder: Encoder, node: Any, value: Term) -> Term:
    made = encoder.fold(node.func)
    if isinstance(made, Code):  # what is computed from it later does not make it again
        made = Code(encoder.local(made))
    encoder.node(node.subcon, made)
    return made


def _absent(encoder: Encoder, node: Any, value: Term) -> Term:
    if value != Const(None):
        encoder.doubt(f"{encoder.source.text(value)} is not None")
    return Const(None)


def _require(encoder: Encoder, node: Any, value: Term) -> Term:
    condition = encoder.fold(node.condition)
    if node.implied:
        return Const(None)
    if isinstance(condition, Code):
        encoder.doubt(f"not {condition.text}")
    elif not condition.value:
        encoder.refuse()
    return Const(None)


def _if_room(encoder: Encoder, node: Any, value: Term) -> Term:
    text = encoder.local(value)
    return branch(encoder, [(f"{text} is not None", node.subcon)], None, Code(text))


def _either_form(encoder: Encoder, node: Any, value: Term) -> Term:
    one = bit_layout(node.one)
    told = [field for field in one.constants if field.name in encoder.names] if one else []
    tests = [
        f"{encoder.source.text(attribute(value, field.name))} == {field.const}" for field in told
    ]
    return branch(encoder, [(" and ".join(tests), node.one)], node.other, value)


EMITTERS: Emitters = {
    construct.FormatField: _format_field,
    construct.BytesInteger: _bytes_integer,
    construct.Bytes: _bytes,
    type(construct.GreedyBytes): _greedy,
    construct.IfThenElse: _if,
    construct.Switch: _switch,
    construct.Array: _array,
    construct.Const: _const,
    construct.Computed: _computed,
    construct.Rebuild: _rebuild,
    construct.Struct: lambda encoder, node, value: Code(
        encoder.source.text(value), encoder.struct(node.subcons, value)
    ),
    type(construct.Pass): lambda encoder, node, value: (
        _absent(encoder, node, value) if encoder.kept else Const(None)
    ),
    nodes.Absent: _absent,
    nodes.Refused: lambda encoder, node, value: encoder.refuse(),
    nodes.Require: _require,
    nodes.Scaled: _scaled,
    nodes.Derived: _derived,
    regions.Run: run,
    regions.Before: _before,
    regions.Sized: _sized,
    regions.Content: _content,
    regions.IfRoom: _if_room,
    regions.EitherForm: _either_form,
}
"""Class of node -> what writes its encoding and returns what later expressions see."""
