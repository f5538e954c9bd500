"""Construct nodes that 802.15.4, 6LoWPAN and MLE need and Construct lacks.

Each node interprets here (`_parse`, `_build`, as any Construct does); the compiler has its two
emitters beside those of Construct's own nodes.  "Region" means the octets from here to the end
of what the enclosing node was given.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from construct import (
    ByteSwapped,
    Bytes,
    Construct,
    ConstructError,
    Container,
    IfThenElse,
    ListContainer,
    Renamed,
    Subconstruct,
)
from construct.core import evaluate


class SchemaError(ConstructError):
    """Octets or a value that a node of this file refuses."""


class _Absent(Construct):
    """No octets, value None; refuses to build anything else, so that no field is lost silently."""

    def __init__(self) -> None:
        super().__init__()
        self.flagbuildnone = True

    def _parse(self, stream: Any, context: Any, path: str) -> None:
        return None

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> None:
        if obj is not None:
            raise SchemaError("given, but the header says that it is absent", path=path)

    def _sizeof(self, context: Any, path: str) -> int:
        return 0


ABSENT = _Absent()


def when(condition: Any, subcon: "Construct[Any, Any]") -> "Construct[Any, Any]":
    """Return `subcon` where `condition` holds, elsewhere nothing and the value None."""
    return IfThenElse(condition, subcon, ABSENT)


def little_endian_octets(count: int) -> "Construct[Any, Any]":
    """Return `count` octets sent last first, as 802.15.4 sends addresses; value in display order."""
    return ByteSwapped(Bytes(count))


class Refused(Construct):
    """A branch that the standard reserves: always malformed, for `reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
        self.flagbuildnone = True

    def _parse(self, stream: Any, context: Any, path: str) -> None:
        raise SchemaError(self.reason, path=path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> None:
        raise SchemaError(self.reason, path=path)


class Require(Construct):
    """No octets: the condition must hold here, or it is malformed for `reason`."""

    def __init__(self, condition: Any, reason: str) -> None:
        super().__init__()
        self.condition = condition
        self.reason = reason
        self.flagbuildnone = True

    def _parse(self, stream: Any, context: Any, path: str) -> None:
        if not evaluate(self.condition, context):
            raise SchemaError(self.reason, path=path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> None:
        self._parse(stream, context, path)

    def _sizeof(self, context: Any, path: str) -> int:
        return 0


class Scaled(Subconstruct):
    """A number that travels in units of `unit`; the value is a multiple of it."""

    def __init__(self, subcon: "Construct[Any, Any]", unit: int) -> None:
        super().__init__(subcon)
        self.unit = unit

    def _parse(self, stream: Any, context: Any, path: str) -> int:
        return self.subcon._parsereport(stream, context, path) * self.unit

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if obj % self.unit:
            raise SchemaError(f"{obj} is no multiple of {self.unit}", path=path)
        self.subcon._build(obj // self.unit, stream, context, path)
        return obj


class Derived(Subconstruct):
    """A value that octets alone do not tell: an IPv6 address elided to its context, say.

    `decode(raw, surroundings, *arguments)` gives the value, `encode(value, surroundings,
    *arguments)` gives `raw` back; both raise ValueError with the reason.  `arguments` are `this`
    expressions; `surroundings` is what the caller of Layout.decode handed in.
    """

    def __init__(
        self,
        subcon: "Construct[Any, Any]",
        decode: Callable[..., Any],
        encode: Callable[..., Any],
        *arguments: Any,
    ) -> None:
        super().__init__(subcon)
        self.decode, self.encode, self.arguments = decode, encode, arguments

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        raw = self.subcon._parsereport(stream, context, path)
        return self._apply(self.decode, raw, context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        raw = self._apply(self.encode, obj, context, path)
        self.subcon._build(raw, stream, context, path)
        return obj

    def _apply(self, function: Callable[..., Any], raw: Any, context: Any, path: str) -> Any:
        arguments = [evaluate(argument, context) for argument in self.arguments]
        try:
            return function(raw, context._params.get("surroundings"), *arguments)
        except ValueError as error:
            raise SchemaError(str(error), path=path) from error


class Run(Subconstruct):
    """Items one after the other to the end of the region, or to the first one that is `last`.

    `last` is an `obj_` expression over the item; that item is part of the run.  The value is a
    tuple.
    """

    def __init__(self, subcon: "Construct[Any, Any]", last: Any = None) -> None:
        super().__init__(subcon)
        self.last = last

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        items: list[Any] = []
        end = len(stream.getbuffer())
        while (at := stream.tell()) < end:
            items.append(self.subcon._parsereport(stream, context, path))
            if stream.tell() == at:
                raise SchemaError("an item of no octets in a run", path=path)
            if self.last is not None and self.last(items[-1], items, context):
                break
        return ListContainer(items)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        for item in obj:
            self.subcon._build(item, stream, context, path)
        return obj


class Before(Subconstruct):
    """`subcon` in a region that ends `octets` before the end of this one (a MIC follows)."""

    def __init__(self, octets: Any, subcon: "Construct[Any, Any]") -> None:
        super().__init__(subcon)
        self.octets = octets

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        at, whole = stream.tell(), stream.getvalue()
        end = len(whole) - evaluate(self.octets, context)
        if end < at:
            raise SchemaError("no room for what must follow", path=path)
        region = BytesIO(whole[:end])
        region.seek(at)
        obj = self.subcon._parsereport(region, context, path)
        stream.seek(region.tell())
        return obj

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        return self.subcon._build(obj, stream, context, path)


class ExtendedLength(Construct):
    """A length of one octet, or FF and two octets from 255 on (Thread's TLVs)."""

    def _parse(self, stream: Any, context: Any, path: str) -> int:
        octets = stream.read(1)
        if octets == b"\xff":
            octets = stream.read(2)
            if len(octets) < 2:
                octets = b""
        if not octets:
            raise SchemaError("cut short", path=path)
        return int.from_bytes(octets, "big")

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        try:
            octets = obj.to_bytes(1, "big") if obj < 0xFF else b"\xff" + obj.to_bytes(2, "big")
        except OverflowError as error:
            raise SchemaError(f"{obj} octets are too many", path=path) from error
        stream.write(octets)
        return obj


class Sized(Construct):
    """A head that says how long the body behind it is: a TLV, an option, an information element.

    `head` is a Struct or BitStruct with a field `length` that exists on the wire only; the body
    has `length * unit - overhead` octets.  Fields of the head and the named `body` stand side
    by side in the value.  When building, the body is made first and `length` follows from it.
    """

    def __init__(
        self,
        head: "Construct[Any, Any]",
        body: "Renamed[Any, Any]",
        *,
        unit: int = 1,
        overhead: int = 0,
    ) -> None:
        super().__init__()
        self.head, self.body, self.unit, self.overhead = head, body, unit, overhead

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        parts = self.head._parsereport(stream, context, path)
        size = parts.pop("length") * self.unit - self.overhead
        octets = stream.read(size) if size >= 0 else b""
        if len(octets) != size:
            raise SchemaError(f"{size} octets announced, {len(octets)} there", path=path)
        region = BytesIO(octets)
        inner = Container(context, _=context, **parts)
        parts[self.body.name] = self.body._parsereport(region, inner, path)
        if region.tell() != size:
            raise SchemaError("octets left over", path=path)
        return parts

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        region = BytesIO()
        inner = Container(context, **obj)
        inner._ = context
        self.body._build(obj[self.body.name], region, inner, path)
        length, rest = divmod(len(region.getvalue()) + self.overhead, self.unit)
        if rest:
            raise SchemaError(f"body is no multiple of {self.unit} octets", path=path)
        self.head._build(Container(obj, length=length), stream, context, path)
        stream.write(region.getvalue())
        return obj


class Content(Construct):
    """The whole region as the value of the Layout that `key` names, or else as plain octets.

    Octets stay octets also where that Layout finds them malformed: one bad TLV does not take its
    neighbours with it, and whoever sees octets under a known type knows that they are bad.
    """

    def __init__(self, key: Any, layouts: "Mapping[int, Construct[Any, Any]]") -> None:
        super().__init__()
        self.key, self.layouts = key, layouts

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        octets = stream.read()
        layout = self.layouts.get(evaluate(self.key, context))
        if layout is None:
            return octets
        region = BytesIO(octets)
        try:
            obj = layout._parsereport(region, context, path)
        except ConstructError:
            return octets
        return obj if region.tell() == len(octets) else octets

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if isinstance(obj, bytes):
            stream.write(obj)
            return obj
        layout = self.layouts.get(evaluate(self.key, context))
        if layout is None:
            raise SchemaError(f"no format for this kind, only octets, not {obj!r}", path=path)
        layout._build(obj, stream, context, path)
        return obj


class IfRoom(Subconstruct):
    """`subcon` where octets are left in the region, elsewhere nothing and the value None."""

    def __init__(self, subcon: "Construct[Any, Any]") -> None:
        super().__init__(subcon)
        self.flagbuildnone = True

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        if stream.tell() == len(stream.getbuffer()):
            return None
        return self.subcon._parsereport(stream, context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if obj is not None:
            self.subcon._build(obj, stream, context, path)
        return obj


class EitherForm(Construct):
    """One of two BitStructs of equal size and field names, told apart by their constants.

    Each holds a constant that the other has with another value, under a name that the value
    class keeps.
    """

    def __init__(self, one: "Construct[Any, Any]", other: "Construct[Any, Any]") -> None:
        super().__init__()
        self.one, self.other = one, other

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        start = stream.tell()
        try:
            return self.one._parsereport(stream, context, path)
        except ConstructError:
            stream.seek(start)
            return self.other._parsereport(stream, context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        start = stream.tell()
        try:
            return self.one._build(obj, stream, context, path)
        except ConstructError:
            stream.seek(start)
            return self.other._build(obj, stream, context, path)
