"""Layout: a value class bound to the Construct schema of its octets."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from io import BytesIO
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from construct import Construct, ConstructError, Container

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.schema.bits import INTERNED_BITS, Interned, UnsupportedSchema, bit_layout, unrenamed
from lowpan.schema.compiler import compile_codec
from lowpan.schema.decoder import Decoder
from lowpan.schema.encoder import Encoder
from lowpan.schema.subset import check
from lowpan.schema.terms import Term


class Record(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Value = TypeVar("Value", bound=Record)


class Layout(Construct, Generic[Value]):
    """Turns octets into values of one dataclass, and back.

    A field of the dataclass has the name of its part of the schema.  Other parts of the schema
    (dispatch, reserved bits, lengths) exist on the wire only.  A Layout is itself a Construct
    and may stand in another schema.
    """

    def __init__(self, value_type: type[Value], schema: "Construct[Any, Any]") -> None:
        super().__init__()
        self.value_type = value_type
        self.schema = schema
        self.names = tuple(field.name for field in fields(value_type))
        try:
            check(schema)
        except UnsupportedSchema as error:
            raise error.inside(value_type.__name__) from None
        self.interned = self._intern()
        self._codecs: dict[str, Callable[..., Any]] = {}

    def _intern(self) -> Interned | None:
        """Return the shared values of a small frozen bit-field format."""
        bits = bit_layout(unrenamed(self.schema)[1])
        frozen = getattr(self.value_type, "__dataclass_params__").frozen
        if bits is None or not frozen or bits.octets * 8 > INTERNED_BITS:
            return None
        return Interned(self.value_type, self.names, bits)

    def _codec(self, kind: str) -> Callable[..., Any]:
        """Return the compiled function, which from the first call on is the method itself."""
        codec = self._codecs.get(kind)
        if codec is None:
            codec = self._codecs[kind] = compile_codec(self, kind)
            self.__dict__[kind] = codec
        return codec

    def decode(self, octets: bytes, surroundings: Any = None) -> Value:
        """Return the value that fills `octets` exactly; raise MalformedFrame."""
        value: Value = self._codec("decode")(octets, surroundings)
        return value

    def decode_prefix(self, octets: bytes, surroundings: Any = None) -> tuple[Value, int]:
        """Return the value at the start of `octets` and the count of octets it took."""
        found: tuple[Value, int] = self._codec("decode_prefix")(octets, surroundings)
        return found

    def encode(self, value: Value, surroundings: Any = None) -> bytes:
        """Return the octets of `value`; raise FieldOutOfRange if a field does not fit."""
        octets: bytes = self._codec("encode")(value, surroundings)
        return octets

    def explain(self, value: Value, surroundings: Any, error: Exception) -> FieldOutOfRange:
        """Return what to say of a value that the compiled encoder could not write."""
        try:
            self.interpret_build(value, surroundings)
        except FieldOutOfRange as found:  # names the field
            return found
        return FieldOutOfRange(f"{self.value_type.__name__}: {error}")

    def emit_decode(self, decoder: Decoder) -> Term:
        """Emit this format inside another one."""
        return decoder.layout(self)

    def emit_encode(self, encoder: Encoder, value: Term) -> Term:
        """Emit this format inside another one."""
        return encoder.layout(self, value)

    def interpret(self, octets: bytes, surroundings: Any = None) -> tuple[Value, int]:
        """Do what decode_prefix() does by Construct itself: the oracle of the compiled code."""
        stream = BytesIO(octets)
        try:
            parts = self.parse_stream(stream, surroundings=surroundings)
        except ConstructError as error:
            raise MalformedFrame(
                str(error), format=self.value_type.__name__, offset=stream.tell()
            ) from error
        return value_of(parts), stream.tell()

    def interpret_build(self, value: Value, surroundings: Any = None) -> bytes:
        """Do what encode() does by Construct itself."""
        try:
            return cast(bytes, self.build(parts_of(value), surroundings=surroundings))
        except (ConstructError, TypeError, KeyError, AttributeError) as error:
            raise FieldOutOfRange(f"{self.value_type.__name__}: {error}") from error

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        parts = self.schema._parsereport(stream, context, path)
        parts["_type"] = self.value_type
        return parts

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if not isinstance(obj, dict) or obj.get("_type") is not self.value_type:
            raise ConstructError(f"{self.value_type.__name__} wanted", path=path)
        return self.schema._build(obj, stream, context, path)

    def _sizeof(self, context: Any, path: str) -> int:
        return cast(int, self.schema._sizeof(context, path))


def parts_of(value: Any) -> Any:
    """Return `value` as the containers that Construct builds from."""
    if is_dataclass(value):
        parts = {field.name: parts_of(getattr(value, field.name)) for field in fields(value)}
        return Container(parts, _type=type(value))
    if isinstance(value, tuple):
        return [parts_of(item) for item in cast(tuple[Any, ...], value)]
    return value


def value_of(parts: Any) -> Any:
    """Return the value of the containers that Construct parsed."""
    if isinstance(parts, dict):
        value_type = cast(dict[str, Any], parts)["_type"]
        return value_type(
            **{field.name: value_of(parts[field.name]) for field in fields(value_type)}
        )
    if isinstance(parts, list):
        return tuple(value_of(item) for item in cast(list[Any], parts))
    return parts
