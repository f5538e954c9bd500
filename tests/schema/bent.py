"""Values with one field bent: of the wrong type, too large, or out of place."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import IntEnum
from random import Random
from typing import Any

from lowpan.schema import Layout
from lowpan.schema.constructs import is_a
from tests.schema.agreement import MALFORMED, decoded, encoded

Place = tuple[str | int, ...]


class Code(IntEnum):
    """A number with a name, as callers may give one."""

    THREE = 3


@dataclass
class Stranger:
    """A value that no format knows, but for the name of a field."""

    control: int = 1
    x: int = 1


FLOATS = (1.0, 0.0, 0.5, float("nan"), complex(1))
"""Numbers that may be equal to what would come back, and are refused all the same."""
ODD: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 3, 7, 15, 128, 255, 256, 65535, 65536, Code.THREE),
    *(1 << 63, 1 << 64, 1 << 200, -(1 << 63)),
    *FLOATS,
    *("", "ab", "abcdefgh", b"", b"a", b"ab", bytes(8), bytes(16), bytes(300)),
    *(bytearray(b"ab"), bytearray(8), memoryview(b"ab"), memoryview(bytes(8))),
    *((), (1,), (None,), [], [1], {}, {1: 2}, set[int](), range(3)),
    *(object(), int, Stranger(), Stranger, len),
)


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield where a field or an item stands in `value`."""
    if is_dataclass(value):
        for field in fields(value):
            yield (*place, field.name)
            yield from places(getattr(value, field.name), (*place, field.name))
    elif is_a(value, tuple):
        for number, item in enumerate(value):
            yield (*place, number)
            yield from places(item, (*place, number))


def bent(value: Any, place: Place, odd: Any) -> Any:
    """Return `value` with something odd in one place."""
    if not place:
        return odd
    first, *rest = place
    if isinstance(first, int):
        return (*value[:first], bent(value[first], tuple(rest), odd), *value[first + 1 :])
    return replace(value, **{first: bent(getattr(value, first), tuple(rest), odd)})


def bend(value: Any, random: Random, others: list[Any]) -> tuple[Any, Any] | None:
    """Return `value` bent by chance and what it was bent with; None if it cannot be made."""
    found = list(places(value))
    odd = random.choice(ODD if random.random() < 0.8 else others)
    if not found:
        return None
    try:
        return bent(value, random.choice(found), odd), odd
    except (TypeError, ValueError, OverflowError):  # of a __post_init__
        return None


def check_value(layout: Layout[Any], value: Any, surroundings: Any = None) -> bytes | None:
    """Fail unless both forms write the same octets, from which `value` comes back, or refuse.

    Return the octets.
    """
    compiled = encoded(layout.encode, value, surroundings)
    interpreted = encoded(layout.interpret_build, value, surroundings)
    if compiled is None:  # Construct also writes what would not come back
        again = interpreted is not None and decoded(layout.decode, interpreted, surroundings)
        assert not again or again == MALFORMED or again != value, interpreted
        return None
    assert type(compiled) is bytes
    assert interpreted in {None, compiled}
    again = decoded(layout.decode, compiled, surroundings)
    assert comes_back(value, again), f"{value} -> {compiled.hex()} -> {again}"
    return compiled


def comes_back(value: Any, again: Any) -> bool:
    """Tell whether `again` is `value`, or its contents where they were given as octets."""
    if value == again:
        return True
    if is_a(value, bytes, bytearray, memoryview):
        return is_dataclass(again)
    if is_a(value, tuple) and is_a(again, tuple):
        pairs = zip(value, again, strict=False)
        return len(value) == len(again) and all(comes_back(*pair) for pair in pairs)
    if not is_dataclass(value) or type(value) is not type(again):
        return False
    names = [field.name for field in fields(value)]
    return all(comes_back(getattr(value, name), getattr(again, name)) for name in names)
