"""Expressions over `this` that several formats need."""

from typing import Any


def packed(*parts: tuple[Any, int]) -> Any:
    """Return the expression of the number made of `(expression, bits)`, first one highest.

    A part that does not fit its bits spoils those beside it.  The schema computes each part back
    from the number, and an encoder refuses a value that is not what comes back.
    """
    at = sum(bits for _, bits in parts)
    terms: list[Any] = []
    for part, bits in parts:
        at -= bits
        terms.append(part << at if at else part)
    number, *others = terms
    for term in others:
        number |= term
    return number
