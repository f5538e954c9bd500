"""What can be read off a schema without octets: its parts, expressions, least size."""

from collections.abc import Callable, Iterator
from math import inf
from typing import Any

import construct

from lowpan.schema import nodes, regions
from lowpan.schema.bits import bit_layout
from lowpan.schema.constructs import bare, is_a, swapped_octets, unrenamed
from lowpan.schema.terms import paths_in

_EXPRESSIONS: dict[type[Any], Callable[[Any], list[Any]]] = {
    construct.IfThenElse: lambda node: [node.condfunc],
    construct.Switch: lambda node: [node.keyfunc],
    construct.Bytes: lambda node: [node.length],
    construct.Array: lambda node: [node.count],
    construct.Computed: lambda node: [node.func],
    regions.Before: lambda node: [node.octets],
    nodes.Require: lambda node: [node.condition],
    regions.Content: lambda node: [node.key],
    nodes.Derived: lambda node: list(node.arguments),
}

_CHILDREN: dict[type[Any], Callable[[Any], list[Any]]] = {
    construct.Struct: lambda node: list(node.subcons),
    construct.IfThenElse: lambda node: [node.thensubcon, node.elsesubcon],
    construct.Switch: lambda node: [*node.cases.values(), node.default],
    regions.Sized: lambda node: [node.head, node.body],
    regions.EitherForm: lambda node: [node.one, node.other],
}


def expressions(node: Any) -> list[Any]:
    """Return the expressions that `node` itself evaluates and that can decide a shape."""
    found = _EXPRESSIONS.get(node.__class__)
    return found(node) if found is not None else []


def children(node: Any) -> list[Any]:
    """Return the nodes inside `node`; none for a nested Layout, which is checked by itself."""
    found = _CHILDREN.get(node.__class__)
    if found is not None:
        return found(node)
    if hasattr(node, "inside"):  # of a node with emitters of its own
        return list(node.inside)
    return [node.subcon] if is_a(node, construct.Subconstruct) else []


def least_octets(node: Any) -> float:
    """Return how few octets `node` can take; infinity if it always refuses."""
    node = bare(node)
    bits, size = bit_layout(node), swapped_octets(node)
    if bits is not None:
        return bits.octets
    if size is not None:
        return size
    if is_a(node, construct.FormatField, construct.BytesInteger, construct.Bytes):
        return node.length if isinstance(node.length, int) else 0
    if is_a(node, nodes.Refused):
        return inf
    if is_a(node, construct.Array, regions.Run, regions.IfRoom):
        return 0  # or more, which does not matter
    inside = [node.schema] if hasattr(node, "schema") else children(node)
    one_of = is_a(node, construct.IfThenElse, construct.Switch, regions.EitherForm)
    return min(map(least_octets, inside)) if one_of else sum(map(least_octets, inside))


Path = tuple[str, ...]


def discriminators(layout: Any) -> frozenset[Path]:
    """Return the paths of the interned headers that conditions or lengths of `layout` read."""
    headers: set[Path] = set()
    read: set[Path] = set()
    for kind, path in _walk(layout, (), ()):
        (headers if kind == "header" else read).add(path)
    return frozenset(
        header for header in headers if any(path[: len(header)] == header for path in read)
    )


def _walk(node: Any, path: Path, scope: Path) -> Iterator[tuple[str, Path]]:
    """Yield `header` with the path of each interned header, `read` with each path read."""
    name, node = unrenamed(node)
    path = (*path, name) if name else path
    for expression in expressions(node):
        for names in paths_in(expression):
            yield "read", (*scope, *names)
    interned = getattr(node, "interned", None)
    if interned is not None and interned.bits.octets <= 2:
        yield "header", path
    elif hasattr(node, "schema"):
        yield from _walk(node.schema, path, path)
    else:
        for child in children(node):
            yield from _walk(child, path, scope)
