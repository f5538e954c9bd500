"""Compiled and interpreted codecs side by side: the oracle of every format."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import lowpan.wire
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.schema import Layout
from lowpan.schema.constructs import is_a

MALFORMED = "malformed"


def every_layout() -> Iterator[tuple[str, Layout[Any]]]:
    """Yield each Layout that is a constant of a module of lowpan.wire, once."""
    seen = set[int]()
    for module in pkgutil.iter_modules(lowpan.wire.__path__, "lowpan.wire."):
        for name, found in vars(importlib.import_module(module.name)).items():
            if is_a(found, Layout) and id(found) not in seen:
                seen.add(id(found))
                yield f"{module.name.rsplit('.', 1)[1]}.{name}", found


def decoded(way: Callable[..., Any], octets: bytes, surroundings: Any) -> Any:
    """Return what `way` makes of `octets`: value and length, or MALFORMED."""
    try:
        return way(octets, surroundings)
    except MalformedFrame:
        return MALFORMED


def encoded(way: Callable[..., bytes], value: Any, surroundings: Any) -> bytes | None:
    """Return the octets that `way` makes of `value`, None where it refuses."""
    try:
        return way(value, surroundings)
    except FieldOutOfRange:
        return None


def check_agreement(layout: Layout[Any], octets: bytes, surroundings: Any = None) -> Any:
    """Fail unless both forms say the same of `octets`, and of the value found in them.

    Return that value; None where `octets` are malformed.
    """
    shown = f"{octets.hex()} with {surroundings}"
    compiled = decoded(layout.decode_prefix, octets, surroundings)
    interpreted = decoded(layout.interpret, octets, surroundings)
    assert compiled == interpreted, shown
    assert repr(compiled) == repr(interpreted), shown  # which tells True from 1
    whole = decoded(layout.decode, octets, surroundings)
    if compiled == MALFORMED or compiled[1] != len(octets):
        assert whole == MALFORMED, shown
    else:
        assert whole == compiled[0], shown
    if compiled == MALFORMED:
        return None
    value = compiled[0]
    again = encoded(layout.encode, value, surroundings)
    assert again == encoded(layout.interpret_build, value, surroundings), shown
    assert again is None or type(again) is bytes, shown
    return value
