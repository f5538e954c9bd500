"""Names of a schema and of its value class, held against each other when a format is imported."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import construct

from lowpan.schema import nodes, regions
from lowpan.schema.bits import BitLayout, bit_layout
from lowpan.schema.constructs import UnsupportedSchema, bare, is_a, unrenamed
from lowpan.schema.shape import children, expressions
from lowpan.schema.terms import paths_in

Parts = Mapping[str, Any]


def value_names(value_type: type[Any]) -> tuple[str, ...]:
    """Return the names of a dataclass whose values are made by giving every field in order."""
    for field in fields(value_type):
        if not field.init or field.kw_only:
            raise UnsupportedSchema("a field that cannot be given by its place", field.name)
    return tuple(field.name for field in fields(value_type))


def check_names(schema: Any, names: tuple[str, ...]) -> None:
    """Raise UnsupportedSchema unless `schema` gives and takes just the fields called `names`.

    What stands on the wire only must follow from the rest, and an expression may read only what
    was decoded before it; one of Rebuild also any field of the value.
    """
    root = _root(schema)
    parts = _parts(root)
    for name in names:
        if name not in parts:
            raise UnsupportedSchema("the schema has no part of this name", name)
    value = {name: parts[name] for name in names}
    if is_a(root, regions.Sized):
        head = bare(root.head)
        _check_head(head, value)
        kept = {name: part for name, part in _parts(head).items() if name in value}
        _check_part(root.body, kept, value)
    else:
        _check_parts(root, value)


def _root(schema: Any) -> Any:
    """Return the node that gives the value its parts."""
    node = bare(schema)
    while hasattr(node, "emit_decode") and is_a(node, construct.Subconstruct):
        node = bare(node.subcon)
    return node


def _named(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and node of each part that `node` gives; a bit field is its own node."""
    bits = bit_layout(bare(node.one if is_a(node, regions.EitherForm) else node))
    if bits is not None:
        yield from ((field.name, field) for field in bits.fields)
    elif is_a(node, construct.Struct):
        yield from map(unrenamed, node.subcons)
    elif is_a(node, regions.Sized):
        yield from _named(bare(node.head))
        yield unrenamed(node.body)
    else:
        raise UnsupportedSchema(f"a value is a Struct, BitStruct or Sized, no {_kind(node)}")


def _parts(node: Any) -> Parts:
    """Return what _named() yields, by name."""
    parts: dict[str, Any] = {}
    for name, part in _named(node):
        if name in parts:
            raise UnsupportedSchema("two parts of one name", name)
        if name and not name.isidentifier():
            raise UnsupportedSchema("no name for a field", name)
        if name:
            parts[name] = part
    return parts


def _check_head(head: Any, value: Parts) -> None:
    if "length" in value or "length" not in _parts(head):
        raise UnsupportedSchema("the head of Sized has a `length` that the value has not")
    forms = [bare(head.one), bare(head.other)] if is_a(head, regions.EitherForm) else [head]
    for form in forms:
        _check_parts(form, {**value, "length": None})


def _check_parts(node: Any, value: Parts) -> None:
    """Check a Struct or BitStruct."""
    bits = bit_layout(node)
    if bits is not None:
        _check_bits(bits, value)
        return
    seen: dict[str, Any] = {}
    for subcon in node.subcons:
        _check_part(subcon, seen, value)
        name, part = unrenamed(subcon)
        if name:
            seen[name] = part


def _check_part(subcon: Any, seen: Parts, value: Parts) -> None:
    """Check one part behind those in `seen`."""
    name, node = unrenamed(subcon)
    if name not in value and not _follows(node):
        raise UnsupportedSchema("octets that no field of the value gives", name)
    try:
        _check_paths(node, seen, value)
    except UnsupportedSchema as error:
        raise (error.inside(name) if name else error) from None


def _check_paths(node: Any, seen: Parts, value: Parts) -> None:
    node = bare(node)
    if bit_layout(node) is not None or is_a(node, *_OF_A_LAYOUT):
        raise UnsupportedSchema(f"a {_kind(node)} here needs a Layout of its own")
    for expression in expressions(node):
        _check_reads(expression, seen)
    if is_a(node, construct.Rebuild):
        _check_reads(node.func, {**seen, **value})
    if is_a(node, regions.Run) and node.last is not None:
        for path in paths_in(node.last):
            if not _leads(node.subcon, path):
                raise UnsupportedSchema(f"no item has a {'.'.join(path)}")
    for child in children(node):
        _check_paths(child, seen, value)


def _check_reads(expression: Any, known: Parts) -> None:
    for path in paths_in(expression):
        if path[0] not in known or not _leads(known[path[0]], path[1:]):
            raise UnsupportedSchema(f"nothing called {'.'.join(path)} is known here")


def _check_bits(bits: BitLayout, value: Parts) -> None:
    for field in bits.fields:
        if field.rebuild is not None:
            _check_reads(field.rebuild, value)
        elif field.const is None and field.name not in value:
            raise UnsupportedSchema("bits that no field of the value gives", field.name)


def _follows(node: Any) -> bool:
    """Tell whether `node` can be built without a value of its own."""
    node = bare(node)
    if is_a(node, construct.IfThenElse, construct.Switch, regions.Before):
        return all(map(_follows, children(node)))
    return is_a(node, *_WIRE_ONLY) or node is construct.Pass


def _leads(node: Any, names: list[str]) -> bool:
    """Tell whether `names` lead from the value of `node` to a field."""
    node = bare(node)
    if not names:
        return True
    if hasattr(node, "schema"):
        parts = _parts(_root(node.schema))
        return names[0] in node.names and _leads(parts[names[0]], names[1:])
    return any(_leads(child, names) for child in children(node))


def _kind(node: Any) -> str:
    return "BitStruct" if bit_layout(node) is not None else type(node).__name__


_OF_A_LAYOUT = (construct.Struct, regions.Sized, regions.EitherForm)
_WIRE_ONLY = (
    construct.Const,
    construct.Computed,
    construct.Rebuild,
    nodes.Absent,
    nodes.Refused,
    nodes.Require,
)
