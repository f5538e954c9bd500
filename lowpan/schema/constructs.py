"""Construct's classes as we use them: bases with types, nodes without their names, a refusal."""

from typing import TYPE_CHECKING, Any

import construct
from construct import Construct, Renamed, Subconstruct, Transformed
from construct.lib import swapbytes

if TYPE_CHECKING:
    AnyConstruct = Construct[Any, Any]
    AnySubconstruct = Subconstruct[Any, Any, Any, Any]
else:  # at run time the classes cannot be subscripted
    AnyConstruct, AnySubconstruct = Construct, Subconstruct

PARAMS = "__dataclass_params__"
"""Where a dataclass keeps how it was made."""


class UnsupportedSchema(TypeError):
    """A schema holds what the compiler does not know; raised when the format is imported."""

    def __init__(self, reason: str, *path: str) -> None:
        self.reason, self.path = reason, tuple(part for part in path if part)
        super().__init__(f"{'.'.join(self.path)}: {reason}" if self.path else reason)

    def inside(self, name: str) -> "UnsupportedSchema":
        """Return the same refusal as seen from one level further out."""
        return UnsupportedSchema(self.reason, name, *self.path)


def is_a(node: Any, *kinds: Any) -> bool:
    """Tell what isinstance() tells; `node` stays Any for type checkers, as kinds are generic."""
    return isinstance(node, kinds)


def unrenamed(node: Any) -> tuple[str, Any]:
    """Return the name given to `node`, empty if none, and the node itself."""
    name = ""
    while is_a(node, Renamed):
        name = name or node.name or ""
        node = node.subcon
    return name, node


def bare(node: Any) -> Any:
    """Return `node` without the name given to it."""
    return unrenamed(node)[1]


def is_transformed(node: Any, function: Any) -> bool:
    """Tell whether `node` is a Transformed that decodes by `function`."""
    return is_a(node, Transformed) and node.decodefunc is function


def swapped_octets(node: Any) -> int | None:
    """Return n if `node` is ByteSwapped(Bytes(n)), else None."""
    if not is_transformed(node, swapbytes):
        return None
    octets = bare(node.subcon)
    return octets.length if is_a(octets, construct.Bytes) else None
