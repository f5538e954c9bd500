"""Field: one named value of a frame, and how it is reached in a DecodedFrame."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from operator import attrgetter
from typing import Any

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.formats import Format

Part = type[Any] | tuple[type[Any], int]
"""A class of values, or one of TLVs with a type: the well-formed contents of those TLVs then."""

Parts = dict[Part, list[Any]]
"""The values of a frame by what they are, in their order."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field; exactly one of `path`, `part` and `values` says where it comes from."""

    name: str
    """Wireshark's where Wireshark has the field; else it begins with `lowpan.`."""
    format: Format
    description: str
    path: str = ""
    """Attributes that lead to it from the DecodedFrame; None on the way: not in this frame."""
    otherwise: str = ""
    """Path to a second choice, where `path` leads to something that has no text in `format`."""
    part: Part | None = None
    """Which values of the frame have it: the headers, TLVs and options that can repeat."""
    attribute: str = ""
    """Path to it inside each such value; empty: the value itself."""
    values: Callable[[DecodedFrame], Iterable[Any]] | None = None
    """All else."""
    layer: str = ""
    """Path to what a frame must have, or it has no value of `part` or `values`."""

    @property
    def from_wireshark(self) -> bool:
        """Whether Wireshark has the field."""
        return not self.name.startswith("lowpan.")


def within(layer: str, *tables: tuple[Field, ...]) -> tuple[Field, ...]:
    """Return the fields of `tables`, marked as those of `layer`."""
    return tuple(replace(field, layer=layer) for table in tables for field in table)


def part_values(parts: Parts, part: Part, attribute: str) -> list[Hashable]:
    """Return what the values that are `part` have under `attribute`, without those of None."""
    found = parts.get(part)
    if not found:
        return []
    if not attribute:
        return found
    get = attrgetter(attribute)
    return [value for item in found if (value := get(item)) is not None]


def parts_of(decoded: DecodedFrame) -> Parts:
    """Return the values that can repeat in `decoded`, nested ones included, by what they are."""
    parts: Parts = {}
    for root in _roots(decoded):
        for value in nested(root) if root else ():
            kind: type[Any] = value.__class__
            parts.setdefault(kind, []).append(value)
            found = tlv_content(value)
            if found is not None and found[1].__class__ is not bytes:
                parts.setdefault((kind, found[0]), []).append(found[1])
    return parts


def tlv_content(value: Any) -> tuple[int, Any] | None:
    """Return type and content of a TLV, IE, option or command; None if `value` is none of them."""
    names = _type_and_content(value.__class__)
    return None if names is None else (getattr(value, names[0]), getattr(value, names[1]))


_TYPE_AND_CONTENT = (
    ("type", "value"),
    ("element_id", "content"),
    ("group_id", "content"),
    ("sub_id", "content"),
    ("command_id", "content"),
)


def nested(value: Any) -> Iterator[Any]:
    """Yield the dataclass `value` and all in it, in the order of their octets."""
    kind: Any = value.__class__
    if kind is tuple:
        items: Iterable[Any] = value
    elif (names := _names(kind)) is not None:
        yield value
        items = [getattr(value, name) for name in names]
    else:
        return
    for item in items:
        if item.__class__ not in _SIMPLE:
            yield from nested(item)


_SIMPLE = {bool, bytes, int, str, type(None)}


@cache
def _names(kind: Any) -> tuple[str, ...] | None:
    """Return the names of a dataclass's fields; None for any other class."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None


@cache
def _type_and_content(kind: Any) -> tuple[str, str] | None:
    """Return what a class calls type and content, if it is that of a TLV or the like."""
    names = set(_names(kind) or ())
    return next((pair for pair in _TYPE_AND_CONTENT if names.issuperset(pair)), None)


def _roots(decoded: DecodedFrame) -> Iterator[Any]:
    frame, datagram = decoded.frame, decoded.datagram
    if frame is not None:
        yield getattr(frame, "header_ies", ())
    yield decoded.payload_ies
    yield decoded.beacon
    yield decoded.command
    yield decoded.compressed
    if datagram is not None:
        yield datagram.extension_headers
        yield datagram.icmpv6
    if decoded.mle is not None:
        yield decoded.mle.message
