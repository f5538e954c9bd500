"""Expressions over `this` that several formats need."""

from typing import Any


def packed(*parts: tuple[Any, int]) -> Any:
    """Return the expression of the number made of `(expression, bits)`, first one highest.

    A part that does not fit its bits makes the number too large or negative, hence refused.
    """
    whole = at = sum(bits for _, bits in parts)
    terms: list[Any] = []
    for part, bits in parts:
        at -= bits
        terms.append(part << at if at else part)
        if at + bits < whole:  # the first part is too large by itself
            terms.append(part >> bits << whole)
    number, *others = terms
    for term in others:
        number |= term
    return number
