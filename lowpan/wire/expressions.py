"""Expressions over `this` that several formats need."""

from typing import Any


def packed(*parts: tuple[Any, int]) -> Any:
    """Return the expression of the number made of `(expression, bits)`, first one highest.

    A part that does not fit its bits makes the number too large or negative, hence refused.
    """
    whole = at = sum(bits for _, bits in parts)
    number: Any = 0
    for part, bits in parts:
        at -= bits
        here = part << at if at else part
        number = number | here | part >> bits << whole if at + bits < whole else here
    return number
