"""Where the fields of a value stand in its octets, as far as its schema tells without decoding."""

from collections.abc import Iterable, Iterator
from typing import Any

from construct import Computed, IfThenElse, Renamed, SizeofError, Struct, Switch

from lowpan.capture.layouts import layouts, octets_of
from lowpan.schema import Before, Derived, IfRoom, Layout, Require, Sized


def field_offsets(value: Any) -> dict[str, int]:
    """Return field name -> octets before it in `value`, for the fields of which that is known."""
    layout = layouts().get(value.__class__)
    if layout is None:
        return {}
    schema = _bare(layout.schema)
    if isinstance(schema, Sized):
        return dict(_of_sized(schema, value))
    return dict(_of_struct(schema, value)) if isinstance(schema, Struct) else {}


def _of_struct(struct: Any, value: Any) -> Iterator[tuple[str, int]]:
    """Yield each field that takes octets, up to the first one of unknown size."""
    at = 0
    for part in struct.subcons:
        name = getattr(part, "name", None) or ""
        known = hasattr(value, name)
        size = _size(part, getattr(value, name) if known else None, known)
        if known and size != 0:
            yield name, at
        if size is None:
            return
        at += size


def _of_sized(sized: Any, value: Any) -> Iterator[tuple[str, int]]:
    """Yield the head's fields and the body, which ends where the value ends."""
    head = _bare(sized.head)
    if isinstance(head, Struct):
        yield from _of_struct(head, value)
    whole, body = octets_of(value), octets_of(getattr(value, sized.body.name))
    if whole is not None and body is not None:
        yield sized.body.name, whole - body


def _size(part: Any, value: Any, known: bool) -> int | None:
    """Return the octets of one part of a schema; None if only decoding can tell."""
    part = _bare(part)
    if isinstance(part, Computed | Require):
        return 0
    if isinstance(part, Before):
        return _size(part.subcon, value, known)
    if isinstance(part, IfRoom | IfThenElse | Switch):
        nothing = known and value in (None, ())
        return 0 if nothing else _alternative(_alternatives(part), value, known)
    size = _static(part) if isinstance(part, Derived) or not _tells_size(part, value) else None
    return octets_of(value) if size is None and _tells_size(part, value) else size


def _tells_size(part: Any, value: Any) -> bool:
    """Tell whether the value itself has the octets that stand for it."""
    derived_octets = isinstance(part, Derived) and isinstance(value, bytes)
    return isinstance(part, Layout) or (isinstance(value, bytes | tuple) and not derived_octets)


def _alternatives(part: Any) -> list[Any]:
    if isinstance(part, IfRoom):
        return [part.subcon]
    if isinstance(part, IfThenElse):
        return [part.thensubcon, part.elsesubcon]
    return [*part.cases.values(), part.default]


def _alternative(parts: Iterable[Any], value: Any, known: bool) -> int | None:
    """Return the octets of `value` if all alternatives that it can be agree."""
    sizes = {_size(part, value, known) for part in parts}
    if known:
        sizes -= {0, None}  # what is there takes octets, and an unlike form has no size for it
    return sizes.pop() if len(sizes) == 1 else None


def _static(part: Any) -> int | None:
    try:
        return int(part.sizeof())
    except SizeofError:
        return None


def _bare(part: Any) -> Any:
    """Return a part of a schema without its name."""
    return part.subcon if issubclass(part.__class__, Renamed) else part
