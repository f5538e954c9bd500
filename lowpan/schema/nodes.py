"""Construct nodes that 802.15.4, 6LoWPAN and MLE need and Construct lacks: single values.

Each node interprets here (`_parse`, `_build`, as any Construct does); the compiler has its two
emitters beside those of Construct's own nodes, in decode_nodes and encode_nodes.
"""

from collections.abc import Callable
from typing import Any

from construct import Bytes, ByteSwapped, ConstructError, IfThenElse
from construct.core import evaluate

from lowpan.errors import FieldOutOfRange
from lowpan.schema.constructs import AnyConstruct, AnySubconstruct


class SchemaError(ConstructError):
    """Octets or a value that a node of this package refuses."""


class Absent(AnyConstruct):
    """No octets, value None; refuses to build anything else, so that no field is lost silently."""

    def __init__(self) -> None:
        super().__init__()
        self.flagbuildnone = True

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        return None

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if obj is not None:
            raise SchemaError("given, but the header says that it is absent", path=path)

    def _sizeof(self, context: Any, path: str) -> int:
        return 0


ABSENT = Absent()


def when(condition: Any, subcon: AnyConstruct) -> AnyConstruct:
    """Return `subcon` where `condition` holds, elsewhere nothing and the value None."""
    return IfThenElse(condition, subcon, ABSENT)


def little_endian_octets(count: int) -> AnyConstruct:
    """Return `count` octets sent last first, as 802.15.4 sends addresses; in display order."""
    return ByteSwapped(Bytes(count))


class Refused(AnyConstruct):
    """A branch that the standard reserves: always malformed, for `reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
        self.flagbuildnone = True

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        raise SchemaError(self.reason, path=path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        raise SchemaError(self.reason, path=path)


class Require(AnyConstruct):
    """No octets: the condition must hold here, or it is malformed for `reason`.

    `implied` says that whatever the other fields let pass fulfils it, so that a compiled encoder
    need not look.
    """

    def __init__(self, condition: Any, reason: str, *, implied: bool = False) -> None:
        super().__init__()
        self.implied = implied
        self.condition = condition
        self.reason = reason
        self.flagbuildnone = True

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        if not evaluate(self.condition, context):
            raise SchemaError(self.reason, path=path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        self._parse(stream, context, path)

    def _sizeof(self, context: Any, path: str) -> int:
        return 0


class Scaled(AnySubconstruct):
    """A number that travels in units of `unit`; the value is a multiple of it."""

    def __init__(self, subcon: AnyConstruct, unit: int) -> None:
        super().__init__(subcon)
        self.unit = unit

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        return self.subcon._parsereport(stream, context, path) * self.unit

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if obj % self.unit:
            raise SchemaError(f"{obj} is no multiple of {self.unit}", path=path)
        self.subcon._build(obj // self.unit, stream, context, path)
        return obj


WRONG_SURROUNDINGS = (AttributeError, TypeError, LookupError)
"""What a function of Derived raises where the surroundings are of another kind than it needs."""


def unfit_surroundings(error: Exception) -> FieldOutOfRange:
    """Return what to raise instead."""
    return FieldOutOfRange(f"surroundings of the wrong kind: {error}")


class Derived(AnySubconstruct):
    """A value that octets alone do not tell: an IPv6 address elided to its context, say.

    `decode(raw, surroundings, *arguments)` gives the value, `encode(value, surroundings,
    *arguments)` gives `raw` back; both raise ValueError with the reason.  `arguments` are `this`
    expressions; `surroundings` is what the caller of Layout.decode handed in.
    """

    def __init__(
        self,
        subcon: AnyConstruct,
        decode: Callable[..., Any],
        encode: Callable[..., Any],
        *arguments: Any,
    ) -> None:
        super().__init__(subcon)
        self.decode, self.encode, self.arguments = decode, encode, arguments

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        raw = self.subcon._parsereport(stream, context, path)
        try:
            return self._apply(self.decode, raw, context, path)
        except WRONG_SURROUNDINGS as error:
            raise unfit_surroundings(error) from error

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
