"""Values as the containers that Construct works with, and back."""

from dataclasses import fields
from typing import Any

from construct import Container

from lowpan.schema.constructs import is_a

_FIELDS = "__dataclass_fields__"


def parts_of(value: Any) -> Any:
    """Return `value` as the containers that Construct builds from."""
    if hasattr(value, _FIELDS):
        parts = {field.name: parts_of(getattr(value, field.name)) for field in fields(value)}
        return Container(parts, _type=value.__class__)
    if is_a(value, tuple):
        return [parts_of(item) for item in value]
    return value


def value_of(parts: Any) -> Any:
    """Return the value of the containers that Construct parsed."""
    if is_a(parts, dict):
        value_type = parts["_type"]
        given = {field.name: value_of(parts[field.name]) for field in fields(value_type)}
        return value_type(**given)
    if is_a(parts, list):
        return tuple(value_of(item) for item in parts)
    return parts


def difference(value: Any, other: Any) -> str:
    """Return the path of the first field in which two values differ; it quotes neither."""
    if is_a(value, tuple) and is_a(other, tuple):
        pairs = {str(place): pair for place, pair in enumerate(zip(value, other, strict=False))}
    elif hasattr(value, _FIELDS) and is_a(other, value.__class__):
        names = [field.name for field in fields(value)]
        pairs = {name: (getattr(value, name), getattr(other, name)) for name in names}
    else:
        return ""
    for name, (mine, its) in pairs.items():
        if mine != its:
            inside = difference(mine, its)
            return f"{name}.{inside}" if inside else name
    return ""
