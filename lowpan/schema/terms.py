"""`this` expressions of Construct as Python source, folded where their parts are known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import contains
from typing import Any

from construct.expr import BinExpr, ExprMixin, Path, UniExpr, opnames


@dataclass(frozen=True, slots=True)
class Const:
    """A value known while the code is made."""

    value: Any


@dataclass(frozen=True, slots=True)
class Code:
    """Source text of a value known at run time; `parts` are those of its fields known by name."""

    text: str
    parts: "Mapping[str, Term]" = field(default_factory=dict[str, "Term"])


Term = Const | Code

Lookup = Callable[[list[str]], Term]


def path_names(path: Path) -> tuple[str, list[str]]:
    """Return the root (`this` or `obj_`) and the names behind it."""
    names: list[str] = []
    while path.__dict__["_Path__parent"] is not None:
        names.append(path.__dict__["_Path__field"])
        path = path.__dict__["_Path__parent"]
    return path.__dict__["_Path__name"], names[::-1]


def paths_in(expression: Any) -> list[list[str]]:
    """Return the names of every path that `expression` reads."""
    if isinstance(expression, Path):
        return [path_names(expression)[1]]
    if isinstance(expression, BinExpr):
        return paths_in(expression.lhs) + paths_in(expression.rhs)
    if isinstance(expression, UniExpr):
        return paths_in(expression.operand)
    return []


def is_foldable(expression: Any) -> bool:
    """Tell whether `expression` is a constant or made of paths and known operators only."""
    if isinstance(expression, Path):
        return True
    if isinstance(expression, BinExpr):
        sides = is_foldable(expression.lhs) and is_foldable(expression.rhs)
        return sides and expression.op in opnames and expression.op is not contains
    if isinstance(expression, UniExpr):
        return is_foldable(expression.operand)
    return not isinstance(expression, ExprMixin) and not callable(expression)


def attribute(term: Term, name: str) -> Term:
    """Return the field `name` of `term`."""
    if isinstance(term, Const):
        return Const(getattr(term.value, name))
    return term.parts.get(name) or Code(f"{term.text}.{name}")


def fold(expression: Any, lookup: Lookup, literal: Callable[[Any], str]) -> Term:
    """Return `expression` with every path looked up; `literal` gives the source of a constant."""
    if isinstance(expression, Path):
        return lookup(path_names(expression)[1])
    if isinstance(expression, BinExpr):
        left = fold(expression.lhs, lookup, literal)
        right = fold(expression.rhs, lookup, literal)
        return _fold_two(expression.op, left, right, literal)
    if isinstance(expression, UniExpr):
        operand = fold(expression.operand, lookup, literal)
        if isinstance(operand, Const):
            return Const(expression.op(operand.value))
        return Code(f"({opnames[expression.op]} {operand.text})")
    return Const(expression)


def _fold_two(
    operation: Callable[[Any, Any], Any], left: Term, right: Term, literal: Callable[[Any], str]
) -> Term:
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(operation(left.value, right.value))
    symbol = opnames[operation]
    for side in (left, right):  # what the other side says no longer matters
        if symbol == "&" and side == Const(False):
            return Const(False)
        if symbol == "|" and isinstance(side, Const) and side.value is True:
            return Const(True)
    texts = [literal(side.value) if isinstance(side, Const) else side.text for side in (left, right)]
    return Code(f"({texts[0]} {symbol} {texts[1]})")
