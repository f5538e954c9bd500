"""`this` expressions of Construct as Python source, folded where their parts are known."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from construct import expr
from construct.expr import BinExpr, ExprMixin, Path, UniExpr

from lowpan.schema.constructs import is_a


@dataclass(frozen=True, slots=True)
class Const:
    """A value known while the code is made."""

    value: Any


@dataclass(frozen=True, slots=True)
class Code:
    """Source text of a value known at run time; `parts` are those of its fields known by name."""

    text: str
    parts: "Mapping[str, Term]" = field(default_factory=dict[str, "Term"])
    makes: type[Any] | None = None
    """The class of the value that `text` makes of all its `parts`."""
    either: tuple[str, int, int] | None = None
    """Of a number of two that are known: a condition, the number where it holds, the other."""


Term = Const | Code

Lookup = Callable[[list[str]], Term]

_SYMBOLS: dict[Any, str] = vars(expr)["opnames"]
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "not"})
_SHIFTS = frozenset({"<<", ">>"})
_DIVISIONS = frozenset({"//", "%"})
_IDENTITY = {"==": "is", "!=": "is not"}
_OF_NUMBERS = frozenset({"+", "-", "*", "<<"})
_KNOWN = frozenset({"+", "-", "*", "&", "|", "^"}) | _COMPARISONS | _SHIFTS | _DIVISIONS
MOST_SHIFTED = 64
"""Bits that an expression may shift by: more would let one octet make a number of megabytes."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator of an expression, and what it is applied to."""

    symbol: str
    function: Callable[..., Any]
    operands: tuple[Any, ...]


def operation(expression: Any) -> Operation | None:
    """Return what `expression` does; None if it is a path or a constant."""
    if is_a(expression, BinExpr, UniExpr):
        parts: dict[str, Any] = expression.__dict__
        function = parts["op"]
        operands = tuple(parts[name] for name in ("lhs", "rhs", "operand") if name in parts)
        return Operation(_SYMBOLS[function], function, operands)
    return None


def path_names(path: Any) -> list[str]:
    """Return the names behind `this` or `obj_`."""
    names: list[str] = []
    parts: dict[str, Any] = path.__dict__
    while parts["_Path__parent"] is not None:
        names.append(str(parts["_Path__field"]))
        parts = parts["_Path__parent"].__dict__
    return names[::-1]


def paths_in(expression: Any) -> Iterator[list[str]]:
    """Yield the names of every path that `expression` reads."""
    if is_a(expression, Path):
        yield path_names(expression)
    elif (done := operation(expression)) is not None:
        for operand in done.operands:
            yield from paths_in(operand)


def fault_in(expression: Any) -> str:
    """Return why `expression` cannot be compiled, empty if it can.

    It is a constant, or made of paths and the known operators; a divisor is a constant other
    than zero and a count of bits to shift by is bounded, so that no octets can make it fail.
    """
    if is_a(expression, Path):
        names = path_names(expression)
        plain = names and all(name.isidentifier() for name in names)
        return "" if plain else f"{expression!r} is no path of names"
    done = operation(expression)
    if done is None:
        foreign = is_a(expression, ExprMixin) or callable(expression)
        return f"{expression!r} is no `this` expression" if foreign else ""
    if done.symbol not in _KNOWN:
        return f"{expression!r}: operator {done.symbol} is outside the compiled subset"
    last: Any = done.operands[-1]
    if done.symbol in _DIVISIONS and not (isinstance(last, int) and last > 0):
        return f"{expression!r}: the divisor must be a constant above zero"
    if done.symbol in _SHIFTS and not 0 <= most(last) <= MOST_SHIFTED:
        return f"{expression!r}: shifts by a constant or `& constant`, at most {MOST_SHIFTED} bits"
    return next((fault for fault in map(fault_in, done.operands) if fault), "")


def most(expression: Any) -> int:
    """Return how large `expression` can become if that shows by itself, else -1."""
    if isinstance(expression, int):
        return expression
    done = operation(expression)
    if done is not None and done.symbol == "&":
        return max(operand if isinstance(operand, int) else -1 for operand in done.operands)
    return -1


def is_boolean(expression: Any) -> bool:
    """Tell whether `expression` can be nothing but true or false."""
    done = operation(expression)
    if done is None:
        return isinstance(expression, bool)
    return done.symbol in _COMPARISONS or (
        done.symbol in {"&", "|"} and all(map(is_boolean, done.operands))
    )


def attribute(term: Term, name: str) -> Term:
    """Return the field `name` of `term`."""
    if isinstance(term, Const):
        return Const(getattr(term.value, name))
    return term.parts.get(name) or Code(f"{term.text}.{name}")


def follow(term: Term, names: list[str]) -> Term:
    """Return what `names` lead to from `term`."""
    for name in names:
        term = attribute(term, name)
    return term


def fold(expression: Any, lookup: Lookup, literal: Callable[[Any], str]) -> Term:
    """Return `expression` with every path looked up; `literal` gives the source of a constant."""
    if is_a(expression, Path):
        return lookup(path_names(expression))
    done = operation(expression)
    if done is None:
        return Const(expression)
    terms = [fold(operand, lookup, literal) for operand in done.operands]
    if all(isinstance(term, Const) for term in terms):
        return Const(done.function(*(term.value for term in terms if isinstance(term, Const))))
    if _is_settled(done, terms):
        return Const(done.symbol == "|")
    texts = [literal(term.value) if isinstance(term, Const) else term.text for term in terms]
    if len(texts) == 1:
        return Code(f"({done.symbol} {texts[0]})")
    symbol = _IDENTITY.get(done.symbol, done.symbol) if terms[1] == Const(None) else done.symbol
    return _one_of_two(done, *terms) or Code(f"({texts[0]} {symbol} {texts[1]})")


def _one_of_two(done: Operation, left: Term, right: Term) -> Term | None:
    """Return what a condition and constants make, if it is one of two numbers."""
    if isinstance(left, Const) or isinstance(right, Code) or done.symbol not in _OF_NUMBERS:
        return None
    either = left.either or ((left.text, 1, 0) if is_boolean(done.operands[0]) else None)
    if either is None:
        return None
    condition, *numbers = either
    yes, no = (done.function(number, right.value) for number in numbers)
    return Code(f"({yes} if {condition} else {no})", either=(condition, yes, no))


def _is_settled(done: Operation, terms: list[Term]) -> bool:
    """Tell whether one side of `and` or `or` decides, whatever the other one says."""
    if done.symbol == "&":
        return Const(False) in terms
    if done.symbol == "|":
        left, right = done.operands
        sides = ((terms[0], right), (terms[1], left))
        return any(term == Const(True) and is_boolean(other) for term, other in sides)
    return False
