"""Padded: the node for what capture formats fill up to a multiple of so many octets."""

from typing import TYPE_CHECKING, Any

from construct import Construct, Subconstruct

from lowpan.schema.decoder import Decoder, place
from lowpan.schema.encoder import Encoder
from lowpan.schema.terms import Code, Term

if TYPE_CHECKING:
    _Subconstruct = Subconstruct[Any, Any, Any, Any]
else:
    _Subconstruct = Subconstruct  # which cannot be subscripted at run time


class Padded(_Subconstruct):
    """`subcon`, then octets up to a multiple of `unit` octets from its start.

    They are zero when built.  When parsed they may be any, and be missing at the end of the
    region: writers forget them there, and nothing is lost with them.
    """

    def __init__(self, unit: int, subcon: "Construct[Any, Any]") -> None:
        super().__init__(subcon)
        self.unit = unit

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        start = stream.tell()
        obj = self.subcon._parsereport(stream, context, path)
        stream.read((start - stream.tell()) % self.unit)
        return obj

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        start = stream.tell()
        built = self.subcon._build(obj, stream, context, path)
        stream.write(bytes((start - stream.tell()) % self.unit))
        return built

    def emit_decode(self, decoder: Decoder) -> Term:
        """Emit what _parse() does."""
        start = decoder.at()
        term = decoder.node(self.subcon)
        decoder.flush()
        stop, padded = decoder.at(), decoder.source.fresh("p")
        padding = f"({start} - ({stop})) % {self.unit}"
        decoder.source.line(f"{padded} = min({stop} + {padding}, {place(*decoder.end)})")
        decoder.base, decoder.offset = padded, 0
        return term

    def emit_encode(self, encoder: Encoder, value: Term) -> Term:
        """Emit what _build() does."""

        def write() -> None:
            encoder.node(self.subcon, value)

        octets = encoder.aside(write)
        encoder.octets(f"{octets} + bytes(-len({octets}) % {self.unit})")
        return Code(encoder.source.text(value))
