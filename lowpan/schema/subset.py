"""The subset of Construct that the compiler knows, checked when a format is imported."""

from collections.abc import Callable, Mapping
from typing import Any

import construct
from construct import Renamed

from lowpan.schema import nodes, regions
from lowpan.schema.bits import bit_layout
from lowpan.schema.constructs import UnsupportedSchema, is_a, swapped_octets, unrenamed
from lowpan.schema.shape import children, expressions, least_octets
from lowpan.schema.terms import fault_in

_FORMATS = {order + code for order in "<>" for code in "BHILQbhilq"}


def check(node: Any) -> None:
    """Raise UnsupportedSchema, with the path, for the first node outside the subset."""
    name, node = _unhooked(node)
    try:
        _check_unnamed(node)
    except UnsupportedSchema as error:
        raise (error.inside(name) if name else error) from None


def _unhooked(node: Any) -> tuple[str, Any]:
    """Return name and node; refuse functions that Construct would call with what it parsed."""
    wrapper = node
    while is_a(wrapper, Renamed):
        if wrapper.parsed is not None:
            raise UnsupportedSchema("a function to call with the parsed value", wrapper.name or "")
        wrapper = wrapper.subcon
    return unrenamed(node)


def _check_unnamed(node: Any) -> None:
    built = [node.func] if is_a(node, construct.Rebuild) else []
    for expression in (*expressions(node), *built):
        if fault := fault_in(expression):
            raise UnsupportedSchema(fault)
    if bit_layout(node) is not None or swapped_octets(node) is not None:
        return
    known = type(node) in _RULES or hasattr(node, "emit_decode") or node in _SINGLETONS
    if not known:
        raise UnsupportedSchema(f"{type(node).__name__} is outside the compiled subset")
    fault = _RULES.get(node.__class__, _no_rule)(node)
    if fault:
        raise UnsupportedSchema(fault)
    for child in children(node):
        check(child)


def _no_rule(node: Any) -> str:
    return ""


def _format_field(node: Any) -> str:
    return "" if node.fmtstr in _FORMATS else f"FormatField {node.fmtstr}"


def _bytes_integer(node: Any) -> str:
    plain = type(node.length) is int and isinstance(node.swapped, bool)
    return "" if plain else "BytesInteger of a computed length or order"


def _array(node: Any) -> str:
    if node.discard:
        return "Array that discards its items"
    return "" if least_octets(node.subcon) else "an item that may take no octets in an Array"


def _run(node: Any) -> str:
    return "" if node.last is None else fault_in(node.last)


def _scaled(node: Any) -> str:
    return "" if type(node.unit) is int and node.unit > 0 else "a unit that is no count"


def _sized(node: Any) -> str:
    if not node.body_name:
        return "the body of Sized has no name"
    counts = type(node.unit) is int and node.unit > 0 and type(node.overhead) is int
    return "" if counts else "unit and overhead of Sized are counts of octets"


def _either_form(node: Any) -> str:
    one, other = bit_layout(node.one), bit_layout(node.other)
    if one is None or other is None:
        return "EitherForm of other than two BitStructs"
    if (one.octets, one.little_endian) != (other.octets, other.little_endian):
        return "EitherForm of BitStructs of different size or order"
    if {field.name for field in one.fields} != {field.name for field in other.fields}:
        return "EitherForm of BitStructs with different names"
    place = {(field.name, field.shift, field.width): field.const for field in other.fields}
    told = [place.get((field.name, field.shift, field.width)) for field in one.constants]
    if not told or any(map(_same, told, [field.const for field in one.constants])):
        return "EitherForm of BitStructs that no constant tells apart"
    return ""


def _same(one: Any, other: Any) -> bool:
    return one is None or one == other


_SINGLETONS = (construct.GreedyBytes, construct.Pass, nodes.ABSENT)

_RULES: Mapping[type[Any], Callable[[Any], str]] = {
    construct.Array: _array,
    construct.Bytes: _no_rule,
    construct.BytesInteger: _bytes_integer,
    construct.Computed: _no_rule,
    construct.Const: _no_rule,
    construct.FormatField: _format_field,
    construct.IfThenElse: _no_rule,
    construct.Rebuild: _no_rule,
    construct.Struct: _no_rule,
    construct.Switch: _no_rule,
    nodes.Derived: _no_rule,
    nodes.Refused: _no_rule,
    nodes.Require: _no_rule,
    nodes.Scaled: _scaled,
    regions.Before: _no_rule,
    regions.Content: _no_rule,
    regions.EitherForm: _either_form,
    regions.IfRoom: _no_rule,
    regions.Run: _run,
    regions.Sized: _sized,
}
