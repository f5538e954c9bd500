"""Construct nodes that a region bounds: runs of items, contents with a length before them.

"Region" means the octets from here to the end of what the enclosing node was given.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from construct import ConstructError, Container, ListContainer
from construct.core import evaluate

from lowpan.schema.constructs import AnyConstruct, AnySubconstruct, unrenamed
from lowpan.schema.nodes import SchemaError

NO_OCTETS = "an item of no octets in a run"
"""Why such a run is refused: nobody could count them."""


class Region(BytesIO):
    """What is built of one region, and where in it a run was left without its last item."""

    def __init__(self) -> None:
        super().__init__()
        self.open_runs: list[int] = []
        """Where a decoder would look for another item, plus what may stand there."""

    @classmethod
    def of(cls, stream: Any) -> "Region":
        """Return `stream` if it is a region; one that nobody looks at if it is not."""
        return stream if isinstance(stream, cls) else cls()

    def end(self, path: str) -> None:
        """Refuse octets behind a run that was not ended: they would be read as its items."""
        if any(place != self.tell() for place in self.open_runs):
            raise SchemaError("octets behind a run without its last item", path=path)


class Run(AnySubconstruct):
    """Items one after the other to the end of the region, or to the first one that is `last`.

    `last` is an `obj_` expression over the item, which is part of the run.  No item may be built
    behind it, and nothing at all behind a run without it; but if the run `may_be_left_out`, as
    something told elsewhere, anything may stand in place of no items.  The value is a tuple.
    """

    def __init__(
        self, subcon: AnyConstruct, last: Any = None, *, may_be_left_out: bool = False
    ) -> None:
        super().__init__(subcon)
        self.last, self.may_be_left_out = last, may_be_left_out

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        items: ListContainer[Any] = ListContainer()
        end = len(stream.getbuffer())
        while (at := stream.tell()) < end:
            items.append(self.subcon._parsereport(stream, context, path))
            if stream.tell() == at:
                raise SchemaError(NO_OCTETS, path=path)
            if self._is_last(items[-1]):
                break
        return items

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        for place, item in enumerate(obj):
            if place and self._is_last(obj[place - 1]):
                raise SchemaError("an item behind the last one", path=path)
            at = stream.tell()
            self.subcon._build(item, stream, context, path)
            if stream.tell() == at:
                raise SchemaError(NO_OCTETS, path=path)
        ended = self._is_last(obj[-1]) if obj else self.may_be_left_out
        if self.last is not None and not ended:
            Region.of(stream).open_runs.append(stream.tell())
        return obj

    def _is_last(self, item: Any) -> bool:
        return self.last is not None and bool(self.last(item))


class Before(AnySubconstruct):
    """`subcon` in a region that ends `octets` before the end of this one (a MIC follows)."""

    def __init__(self, octets: Any, subcon: AnyConstruct) -> None:
        super().__init__(subcon)
        self.octets = octets

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        at, whole = stream.tell(), stream.getvalue()
        end = len(whole) - evaluate(self.octets, context)
        if not at <= end <= len(whole):
            raise SchemaError("no room for what must follow", path=path)
        region = BytesIO(whole[:end])
        region.seek(at)
        obj = self.subcon._parsereport(region, context, path)
        stream.seek(region.tell())
        return obj

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        runs = Region.of(stream).open_runs
        before = len(runs)
        built = self.subcon._build(obj, stream, context, path)
        octets = evaluate(self.octets, context)
        runs[before:] = [place + octets for place in runs[before:]]
        return built


class IfRoom(AnySubconstruct):
    """`subcon` where octets are left in the region, elsewhere nothing and the value None."""

    def __init__(self, subcon: AnyConstruct) -> None:
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


class Sized(AnyConstruct):
    """A head that says how long the body behind it is: a TLV, an option, an information element.

    `head` is a Struct or BitStruct with a field `length` that exists on the wire only; the body
    has `length * unit - overhead` octets.  Fields of the head and the named `body` stand side
    by side in the value.  When building, the body is made first and `length` follows from it.
    """

    def __init__(
        self, head: AnyConstruct, body: AnyConstruct, *, unit: int = 1, overhead: int = 0
    ) -> None:
        super().__init__()
        self.head, self.body, self.unit, self.overhead = head, body, unit, overhead

    @property
    def body_name(self) -> str:
        """The name of the body."""
        return unrenamed(self.body)[0]

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        parts: Any = self.head._parsereport(stream, context, path)
        size = parts.pop("length") * self.unit - self.overhead
        octets = stream.read(size) if size >= 0 else b""
        if len(octets) != size:
            raise SchemaError(f"{size} octets announced, {len(octets)} there", path=path)
        region = BytesIO(octets)
        inner: Any = Container(context, _=context, **parts)
        parts[self.body_name] = self.body._parsereport(region, inner, path)
        if region.tell() != size:
            raise SchemaError("octets left over", path=path)
        return parts

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        region = Region()
        inner: Any = Container(context, **obj)
        inner._ = context
        self.body._build(obj[self.body_name], region, inner, path)
        region.end(path)
        length, rest = divmod(len(region.getvalue()) + self.overhead, self.unit)
        if rest:
            raise SchemaError(f"body is no multiple of {self.unit} octets", path=path)
        self.head._build(Container(obj, length=length), stream, context, path)
        stream.write(region.getvalue())
        return obj


class Content(AnyConstruct):
    """The whole region as the value of the Layout that `key` names, or else as plain octets.

    Octets stay octets also where that Layout finds them malformed: one bad TLV does not take its
    neighbours with it, and whoever sees octets under a known type knows that they are bad.

    The mapping is copied, and every Layout in it was made before this node: so no format can
    contain itself, and no octets can nest deeper than the formats do.
    """

    def __init__(self, key: Any, layouts: Mapping[int, AnyConstruct]) -> None:
        super().__init__()
        self.key = key
        self.layouts: dict[int, Any] = dict(layouts)

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
            raise SchemaError("no format for this kind, only octets", path=path)
        layout._build(obj, stream, context, path)
        return obj


class EitherForm(AnyConstruct):
    """One of two BitStructs of equal size and field names, told apart by their constants.

    Each holds a constant that the other has with another value, under a name that the value
    class keeps.
    """

    def __init__(self, one: AnyConstruct, other: AnyConstruct) -> None:
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
