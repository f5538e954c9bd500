"""Reading a table of TOML with words for what is wrong in it, and where."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from math import isfinite
from typing import Any, TypeVar, cast

from lowpan.errors import LowpanError

Kind = TypeVar("Kind")

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(us|ms|s|min|h|d)", re.ASCII)
LONGEST = 10 * 365 * 86400
"""Seconds that a duration may be."""
FARTHEST = 1_000_000.0
"""Metres from the middle that anything may be."""


class ScenarioError(LowpanError):
    """A scenario that cannot be read, or that no world can be made of; says where."""


class Table:
    """One table of a scenario; each key is taken once, and done() says what nobody took."""

    def __init__(self, name: str, values: object) -> None:
        if not isinstance(values, Mapping):
            raise ScenarioError(f"{name} is no table")
        self.name = name
        self._left = dict(cast("Mapping[str, Any]", values))
        self._known: list[str] = []

    def take(self, key: str, kind: type[Kind], default: Kind | None = None) -> Kind:
        """Return the value of `key`, of a type of TOML; without a default it must be there."""
        self._known.append(key)
        value: Any = self._left.pop(key, default)
        if value is None:
            raise ScenarioError(f"{self.name} has no {key}")
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = _real(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ScenarioError(f"{self.name}: {key} = {value!r} is no {_NAMES[kind]}")
        return value

    def has(self, key: str) -> bool:
        """Tell whether there is a value that nobody took yet."""
        self._known.append(key)
        return key in self._left

    def within(self, key: str, least: float, most: float, default: float | None = None) -> float:
        """Return a number that is within bounds."""
        value = self.take(key, float, default)
        if not least <= value <= most:
            raise ScenarioError(f"{self.name}: {key} = {value:g} is none of {least:g}..{most:g}")
        return value

    def number(self, key: str, least: int, most: int, default: int | None = None) -> int:
        """Return a whole number that is within bounds."""
        value = self.take(key, int, default)
        if not least <= value <= most:
            raise ScenarioError(f"{self.name}: {key} = {value} is none of {least}..{most}")
        return value

    def duration(self, key: str, default: str | None = None) -> int:
        """Return a time such as "90 s" or "5 min", in microseconds."""
        text = self.take(key, str, default)
        match = _DURATION.fullmatch(text.strip())
        seconds = float(match[1]) * _SECONDS[match[2]] if match else -1.0
        if not 0 <= seconds <= LONGEST:
            raise ScenarioError(f'{self.name}: {key} = "{text}" is no time such as "90 s"')
        return round(seconds * 1_000_000)

    def octets(self, key: str, count: int) -> bytes:
        """Return `count` octets, written as hexadecimal digits; an error does not show them."""
        self._known.append(key)
        text = self._left.pop(key, "")
        try:
            octets = bytes.fromhex(text.replace(":", ""))
        except (ValueError, AttributeError):  # no digits, or no text
            octets = b""
        if len(octets) != count:
            raise ScenarioError(f"{self.name}: {key} is not {count} octets in hexadecimal")
        return octets

    def pair(self, key: str, default: tuple[float, float] | None = None) -> tuple[float, float]:
        """Return two numbers: metres east and north, FARTHEST at most."""
        values: list[Any] = self.take(key, list, None if default is None else list(default))
        if len(values) != 2 or not all(_is_number(value) for value in values):
            raise ScenarioError(f"{self.name}: {key} = {values!r} is no pair of numbers")
        east, north = map(_real, values)
        if not (abs(east) <= FARTHEST and abs(north) <= FARTHEST):
            raise ScenarioError(f"{self.name}: {key} is beyond {FARTHEST:.0f} metres")
        return east, north

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, which has one at least."""
        values: list[Any] = self.take(key, list, [])
        if not values or not all(isinstance(value, str) for value in values):
            raise ScenarioError(f"{self.name}: {key} is no list of names")
        return tuple(values)

    def tables(self, key: str) -> list["Table"]:
        """Return the tables of an array of tables, none if it is not there."""
        values: list[Any] = self.take(key, list, [])
        return [Table(f"[[{key}]] {number}", value) for number, value in enumerate(values, 1)]

    def table(self, key: str) -> "Table":
        """Return a table, an empty one if it is not there."""
        self._known.append(key)
        return Table(f"[{key}]", self._left.pop(key, {}))

    def done(self) -> None:
        """Raise ScenarioError for a key that nobody took: most likely it is misspelt."""
        for key in self._left:
            close = get_close_matches(key, self._known, 1)
            hint = f"; did you mean {close[0]}?" if close else f"; it has {', '.join(self._known)}"
            raise ScenarioError(f"{self.name} has no {key}{hint}")


_NAMES: dict[type, str] = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "true or false",
    list: "list",
}


def _real(value: float) -> float:
    """Return a number of TOML, which may have as many digits as it likes; too large: infinity."""
    try:
        real = float(value)
    except OverflowError:
        return float("inf")
    return real if isfinite(real) else float("inf")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
