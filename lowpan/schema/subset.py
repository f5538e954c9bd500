"""The subset of Construct that the compiler knows, checked when a format is imported."""

from collections.abc import Iterator
from typing import Any

import construct
from construct import Renamed

from lowpan.schema import nodes
from lowpan.schema.bits import UnsupportedSchema, bit_layout, is_swapped_octets, unrenamed
from lowpan.schema.terms import is_foldable, paths_in

_LEAVES = (
    construct.FormatField,
    type(construct.GreedyBytes),
    type(construct.Pass),
    type(nodes.ABSENT),
    nodes.Refused,
    nodes.ExtendedLength,
)
_FORMATS = {order + code for order in "<>" for code in "BHILQbhilq"}


def expressions(node: Any) -> list[Any]:
    """Return the expressions that `node` itself evaluates and that can decide a shape."""
    match node:
        case construct.IfThenElse():
            return [node.condfunc]
        case construct.Switch():
            return [node.keyfunc]
        case construct.Bytes():
            return [node.length]
        case construct.Array():
            return [node.count]
        case construct.Computed():
            return [node.func]
        case nodes.Before():
            return [node.octets]
        case nodes.Require():
            return [node.condition]
        case nodes.Content():
            return [node.key]
        case _:
            return []


def children(node: Any) -> list[Any]:
    """Return the nodes inside `node`."""
    match node:
        case construct.Struct():
            return list(node.subcons)
        case construct.IfThenElse():
            return [node.thensubcon, node.elsesubcon]
        case construct.Switch():
            return [*node.cases.values(), node.default]
        case nodes.Sized():
            return [node.head, node.body]
        case nodes.EitherForm():
            return [node.one, node.other]
        case _ if hasattr(node, "inside"):  # of a node with emitters of its own
            return list(node.inside)
        case _ if isinstance(node, construct.Subconstruct) and not isinstance(node, Renamed):
            return [node.subcon]
        case _:
            return []


def check(node: Any) -> None:
    """Raise UnsupportedSchema, with the path, for the first node outside the subset."""
    name, node = unrenamed(node)
    try:
        _check_unnamed(node)
    except UnsupportedSchema as error:
        raise (error.inside(name) if name else error) from None


def _check_unnamed(node: Any) -> None:
    extra = [node.func] if isinstance(node, construct.Rebuild) else []
    extra += list(node.arguments) if isinstance(node, nodes.Derived) else []
    for expression in [*expressions(node), *extra]:
        if not is_foldable(expression):
            raise UnsupportedSchema(f"{expression!r} is no `this` expression")
    if bit_layout(node) is not None or is_swapped_octets(node) or hasattr(node, "emit_decode"):
        return
    if isinstance(node, construct.FormatField) and node.fmtstr not in _FORMATS:
        raise UnsupportedSchema(f"FormatField {node.fmtstr} is outside the compiled subset")
    if isinstance(node, construct.BytesInteger) and not isinstance(node.length, int):
        raise UnsupportedSchema("BytesInteger of a computed length")
    if not isinstance(node, (*_LEAVES, *_BRANCHES)):
        raise UnsupportedSchema(f"{type(node).__name__} is outside the compiled subset")
    for child in children(node):
        check(child)


_BRANCHES = (
    construct.Struct,
    construct.IfThenElse,
    construct.Switch,
    construct.Bytes,
    construct.BytesInteger,
    construct.Array,
    construct.Const,
    construct.Computed,
    construct.Rebuild,
    nodes.Scaled,
    nodes.Derived,
    nodes.Run,
    nodes.Before,
    nodes.Require,
    nodes.Sized,
    nodes.Content,
    nodes.IfRoom,
    nodes.EitherForm,
)


def discriminators(layout: Any) -> frozenset[tuple[str, ...]]:
    """Return the paths of the interned headers that conditions or lengths of `layout` read."""
    headers: set[tuple[str, ...]] = set()
    read: set[tuple[str, ...]] = set()
    for kind, path in _walk(layout, (), []):
        (headers if kind == "header" else read).add(path)
    return frozenset(
        header for header in headers if any(path[: len(header)] == header for path in read)
    )


def _walk(
    node: Any, path: tuple[str, ...], scopes: list[tuple[str, ...]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    name, node = unrenamed(node)
    path = (*path, name) if name else path
    for expression in expressions(node):
        for names in paths_in(expression):
            level = len(scopes) - 1
            while names[0] == "_":
                level, names = level - 1, names[1:]
            yield "read", (*scopes[level], *names)
    interned = getattr(node, "interned", None)
    if interned is not None and interned.bits.octets <= 2:
        yield "header", path
        return
    schema = getattr(node, "schema", None)
    inside = [schema] if schema is not None else children(node)
    if isinstance(node, construct.Struct) or not scopes:
        scopes = [*scopes, path]
    for child in inside:
        yield from _walk(child, path, scopes)
