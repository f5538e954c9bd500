"""Chooses which specialised codec serves which octets or value, and makes them when first met.

The first bit-field headers whose parts decide the shape of a format are its discriminators: a
table leads from their number to code made for that number.  Hostile input can name many numbers,
so the tables of one codec share a budget; beyond it the branching form, which serves every shape,
is used.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from lowpan.errors import FieldOutOfRange
from lowpan.schema import decode_nodes, decoder, encode_nodes, encoder
from lowpan.schema.decoder import Decoder
from lowpan.schema.encoder import Encoder
from lowpan.schema.reads import Careful
from lowpan.schema.shape import discriminators
from lowpan.schema.source import Source

VARIANTS = 512
"""Specialised functions made for one codec at most; each takes about 10 kB."""

Kind = Literal["decode", "decode_prefix", "encode"]
Function = Callable[..., Any]
Known = Mapping[tuple[str, ...], int]


def compile_codec(layout: Any, kind: Kind) -> Function:
    """Return the function that serves as the method `kind` of `layout`."""
    return Codec(layout, kind).build({})


class Codec:
    """What is shared by the tables of one codec: the budget and the branching form."""

    def __init__(self, layout: Any, kind: Kind) -> None:
        self.layout, self.kind = layout, kind
        self.name: str = layout.value_type.__name__
        self.split = discriminators(layout)
        self.made = 0
        """Specialised functions asked for."""
        self._branching: Function | None = None

    def room(self) -> bool:
        """Tell whether one more specialised function may be made, and count it."""
        self.made += 1
        return self.made <= VARIANTS

    def branching(self) -> Function:
        """Return the form that decides everything at run time."""
        if self._branching is None:
            self._branching = self.emit({}, frozenset(), careful=None)
        return self._branching

    def careful(self, octets: bytes, surroundings: Any) -> Any:
        """Find the first fault of octets that end too early."""
        return self.branching()(octets, surroundings)

    def build(self, known: Known) -> Function:
        """Return the code for `known`, or the table that leads on."""
        try:
            return self.emit(known, self.split, careful=self.careful)
        except decoder.Split as split:
            return _decoding_table(self, known, split)
        except encoder.Split as split:
            return _encoding_table(self, known, split)

    def emit(
        self, known: Known, split: frozenset[tuple[str, ...]], careful: Careful | None
    ) -> Function:
        """Return one straight function; raise Split where it cannot be straight."""
        name = "_".join([self.kind, self.name, *(f"{raw:x}" for raw in known.values())])
        if self.kind == "encode":
            explain = None if known else self.layout.explain
            return Encoder(encode_nodes.EMITTERS, known, split).function(self.layout, name, explain)
        made = Decoder(self.name, decode_nodes.EMITTERS, known, split, careful)
        if not known:
            want_octets(made.source)
        return made.function(self.layout, name, prefix=self.kind == "decode_prefix")


def want_octets(source: Source) -> None:
    """Write what makes `bytes` of an argument `o` that is another kind of octets."""
    with source.block("if o.__class__ is not bytes:"):
        source.line(f"o = {source.function_name(octets_of)}(o)")


def octets_of(argument: Any) -> bytes:
    """Return a bytearray, memoryview and the like as bytes; refuse what is no octets."""
    try:
        return memoryview(argument).tobytes()
    except (TypeError, ValueError, BufferError):  # no octets, or not to be had any more
        raise FieldOutOfRange(f"octets wanted, not {type(argument).__name__}") from None


class _ByNumber:
    """Code by the number of a first discriminator, and of a second of one octet behind it.

    `places` tells for a first number where the second stands, None where nowhere; `codes` leads
    from the first number, or from both (the second one above the first), to code.
    """

    def __init__(self, codec: Codec, known: Known, split: decoder.Split) -> None:
        self.codes: dict[int, Function] = {}
        self.places: dict[int, int | None] = {}
        self._codec, self._known, self._split = codec, known, split
        self._seconds: dict[int, decoder.Split] = {}
        self._bits = 8 * split.bits.octets

    def missing(self, octets: bytes, number: int) -> Function:
        """Return code for a number met for the first time, or for more numbers than are kept."""
        codec, first = self._codec, number & (1 << self._bits) - 1
        if not codec.room():
            return codec.branching()
        known = {**self._known, self._split.path: first}
        second = self._seconds.get(first)
        if second is not None:
            known[second.path] = number >> self._bits
        try:
            code = codec.emit(known, codec.split, careful=codec.careful)
        except decoder.Split as split:
            if second is None and split.bits.octets == 1:
                return self._lead_on(octets, first, split)
            code = _decoding_table(codec, known, split)
        self.codes[number] = code
        self.places.setdefault(first, None)
        return code

    def _lead_on(self, octets: bytes, first: int, second: decoder.Split) -> Function:
        """Look at a second discriminator behind this first one from now on."""
        self._seconds[first], self.places[first] = second, second.offset
        if len(octets) <= second.offset:
            raise second.short(len(octets), 0) from None
        return self.missing(octets, first | octets[second.offset] << self._bits)

    def short(self, octets: bytes) -> Exception:
        """Return what to say of octets that end before a discriminator."""
        if len(octets) < self._split.offset + self._split.bits.octets:
            return self._split.short(len(octets), 0)
        return self._seconds[_number(octets, self._split)].short(len(octets), 0)


def _number(octets: bytes, split: decoder.Split) -> int:
    header = octets[split.offset : split.offset + split.bits.octets]
    return int.from_bytes(header, "little" if split.bits.little_endian else "big")


def _decoding_table(codec: Codec, known: Known, split: decoder.Split) -> Function:
    source, at = Source("o, s=None"), split.offset
    table = _ByNumber(codec, known, split)
    if not known:
        want_octets(source)
    number = f"o[{at}]"
    if split.bits.octets == 2:
        low, high = (at, at + 1) if split.bits.little_endian else (at + 1, at)
        number = f"o[{low}] | o[{high}] << 8"
    with source.block("try:"):
        source.line(f"number = {number}")
        if len(codec.split) > len(known) + 1:  # there may be a second one
            source.line(f"at = {source.constant(table.places, 'places')}[number]")
            with source.block("if at is not None:"):
                source.line(f"number |= o[at] << {8 * split.bits.octets}")
        source.line(f"code = {source.constant(table.codes, 'codes')}[number]")
    with source.block("except IndexError:"):
        source.line(f"raise {source.constant(table.short, 'short')}(o) from None")
    with source.block("except KeyError:"):
        source.line(f"code = {source.constant(table.missing, 'missing')}(o, number)")
    source.line("return code(o, s)")
    return source.function(f"{codec.kind}_{codec.name}")


class _ByValue(dict[int, Function]):
    """id() of an interned discriminator value -> code for it; code for others is looked up."""

    def __init__(self, codec: Codec, known: Known, split: encoder.Split) -> None:
        super().__init__()
        self._codec, self._known, self._path = codec, known, split.path
        self._interned = split.layout.interned
        self._codes: dict[int, Function] = {}

    def code(self, value: Any) -> Function:
        """Return the code for any value of the discriminator's type."""
        raw: int = self._interned.raw(value)
        code = self._codes.get(raw)
        if code is None:
            if not self._codec.room():
                return self._codec.branching()
            code = self._codes[raw] = self._codec.build({**self._known, self._path: raw})
        if self._interned.raws.get(id(value)) == raw:
            self[id(value)] = code
        return code


def _encoding_table(codec: Codec, known: Known, split: encoder.Split) -> Function:
    source = Source("v, s=None")
    by_value = _ByValue(codec, known, split)
    find, miss = source.constant(by_value.get, "find"), source.constant(by_value.code, "miss")
    source.line(f"key = {split.text}")
    source.line(f"code = {find}(id(key)) or {miss}(key)")
    source.line("return code(v, s)")
    if not known:
        source.guard(encoder.UNFIT, codec.layout.explain)
    return source.function(f"{codec.kind}_{codec.name}")
