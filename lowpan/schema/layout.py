"""Layout: a value class bound to the Construct schema of its octets."""

from collections.abc import Callable
from io import BytesIO
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from construct import ConstructError

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.schema.bits import bit_layout
from lowpan.schema.compiler import Kind, compile_codec
from lowpan.schema.constructs import PARAMS, AnyConstruct, UnsupportedSchema, bare, is_a
from lowpan.schema.containers import difference, parts_of, value_of
from lowpan.schema.decoder import Decoder
from lowpan.schema.encoder import UNFIT, Encoder
from lowpan.schema.interned import INTERNED_BITS, Interned
from lowpan.schema.names import check_names, value_names
from lowpan.schema.regions import Region
from lowpan.schema.subset import check
from lowpan.schema.terms import Term


class Record(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Value = TypeVar("Value", bound=Record)


class Layout(AnyConstruct, Generic[Value]):
    """Turns octets into values of one dataclass, and back.

    A field of the dataclass has the name of its part of the schema.  Other parts of the schema
    (dispatch, reserved bits, lengths) exist on the wire only.  A Layout is itself a Construct
    and may stand in another schema.
    """

    def __init__(self, value_type: type[Value], schema: AnyConstruct) -> None:
        super().__init__()
        self.value_type = value_type
        self.schema = schema
        try:
            self.names = value_names(value_type)
            check(schema)
            check_names(schema, self.names)
        except UnsupportedSchema as error:
            raise error.inside(value_type.__name__) from None
        self.interned = self._intern()

    def _intern(self) -> Interned | None:
        """Return the shared values of a small frozen bit-field format."""
        bits = bit_layout(bare(self.schema))
        frozen: bool = getattr(self.value_type, PARAMS).frozen
        if bits is None or not frozen or bits.octets * 8 > INTERNED_BITS:
            return None
        if any(field.rebuild is not None for field in bits.fields):
            return None
        return Interned(self.value_type, self.names, bits)

    def codec(self, kind: Kind) -> Callable[..., Any]:
        """Return the compiled function that serves as the method `kind`; `source` is its text.

        From the first call on it is the method itself.
        """
        methods = vars(self)
        if kind not in methods:
            methods[kind] = compile_codec(self, kind)
        compiled: Callable[..., Any] = methods[kind]
        return compiled

    def decode(self, octets: bytes, surroundings: Any = None) -> Value:
        """Return the value that fills `octets` exactly; raise MalformedFrame."""
        value: Value = self.codec("decode")(octets, surroundings)
        return value

    def decode_prefix(self, octets: bytes, surroundings: Any = None) -> tuple[Value, int]:
        """Return the value at the start of `octets` and the count of octets it took."""
        found: tuple[Value, int] = self.codec("decode_prefix")(octets, surroundings)
        return found

    def encode(self, value: Value, surroundings: Any = None) -> bytes:
        """Return the octets of `value`; raise FieldOutOfRange if a field does not fit."""
        octets: bytes = self.codec("encode")(value, surroundings)
        return octets

    def explain(self, value: Value, surroundings: Any, error: Exception) -> FieldOutOfRange:
        """Return what to say of a value that the compiled encoder could not write."""
        try:
            octets = self.interpret_build(value, surroundings)
            field = difference(value, self.interpret(octets, surroundings)[0])
            reason = f"{field} does not fit" if field else str(error)
        except FieldOutOfRange as found:  # names the field
            return found
        except MalformedFrame as found:
            reason = f"its octets would be malformed: {found}"
        return FieldOutOfRange(f"{self.value_type.__name__}: {reason}")

    def emit_decode(self, decoder: Decoder) -> Term:
        """Write the decoding of this format inside another one."""
        return decoder.layout(self)

    def emit_encode(self, encoder: Encoder, value: Term) -> Term:
        """Write the encoding of this format inside another one."""
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
        region = Region()
        try:
            self.build_stream(parts_of(value), region, surroundings=surroundings)
            region.end("(building)")
            return region.getvalue()
        except (ConstructError, RecursionError, *UNFIT) as error:
            raise FieldOutOfRange(f"{self.value_type.__name__}: {error}") from error

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        parts = self.schema._parsereport(stream, context, path)
        parts["_type"] = self.value_type
        return parts

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if not is_a(obj, dict) or obj.get("_type") is not self.value_type:
            raise ConstructError(f"{self.value_type.__name__} wanted", path=path)
        return self.schema._build(obj, stream, context, path)

    def _sizeof(self, context: Any, path: str) -> int:
        return self.schema._sizeof(context, path)
