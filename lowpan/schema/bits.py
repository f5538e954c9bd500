"""Bit fields: what a BitStruct says, and interned values for the small ones."""

from dataclasses import dataclass
from typing import Any

import construct
from construct import BitsInteger, Computed, Const, Rebuild, Renamed, Struct, Transformed
from construct.lib import bytes2bits, swapbytes

INTERNED_BITS = 16
"""Frozen values of at most this many bits are made once for each number and shared."""
INTERNED_VALUES = 4096
"""Values kept for one format; hostile headers beyond them are made anew each time."""


@dataclass(frozen=True, slots=True)
class BitField:
    """One field of a BitStruct: `width` bits, `shift` bits above the lowest."""

    name: str
    shift: int
    width: int
    flag: bool = False
    signed: bool = False
    const: int | None = None
    rebuild: Any = None

    def of(self, raw: int) -> int | bool:
        """Return this field of the number `raw`."""
        number = raw >> self.shift & (1 << self.width) - 1
        if self.flag:
            return number != 0
        if self.signed and number >> self.width - 1:
            return number - (1 << self.width)
        return number

    def text(self, raw: str) -> str:
        """Return source for this field of the number called `raw`."""
        mask = (1 << self.width) - 1
        number = f"({raw} >> {self.shift} & {mask})" if self.shift else f"({raw} & {mask})"
        if self.flag:
            return f"({raw} & {mask << self.shift} != 0)"
        if self.signed:
            half = 1 << self.width - 1
            return f"(({number} ^ {half}) - {half})"
        return number


@dataclass(frozen=True, slots=True)
class BitLayout:
    """A BitStruct: its octets, their order and its fields from the highest bit down."""

    octets: int
    little_endian: bool
    fields: tuple[BitField, ...]


def unrenamed(node: Any) -> tuple[str, Any]:
    """Return the name given to `node` and the node itself."""
    name = ""
    while isinstance(node, Renamed):
        name = name or node.name or ""
        node = node.subcon
    return name, node


def is_swapped_octets(node: Any) -> bool:
    """Tell whether `node` is ByteSwapped(Bytes(n))."""
    swaps = isinstance(node, Transformed) and node.decodefunc is swapbytes
    return swaps and isinstance(unrenamed(node.subcon)[1], construct.Bytes)


def bit_layout(node: Any) -> BitLayout | None:
    """Return what a BitStruct, byte-swapped or not, says; None if `node` is something else."""
    little_endian = False
    if isinstance(node, Transformed) and node.decodefunc is swapbytes:
        little_endian, node = True, unrenamed(node.subcon)[1]
    if not isinstance(node, Transformed) or node.decodefunc is not bytes2bits:
        return None
    struct = unrenamed(node.subcon)[1]
    if not isinstance(struct, Struct):
        return None
    described = [_describe(subcon) for subcon in struct.subcons]
    left = sum(width for _, width, _ in described)
    octets = left // 8
    placed: list[BitField] = []
    for name, width, traits in described:
        left -= width
        placed.append(BitField(name, left, width, **traits))
    return BitLayout(octets, little_endian, tuple(placed))


def _describe(node: Any) -> tuple[str, int, dict[str, Any]]:
    name, node = unrenamed(node)
    traits: dict[str, Any] = {}
    if isinstance(node, Const):
        traits["const"], node = node.value, unrenamed(node.subcon)[1]
    elif isinstance(node, Rebuild):
        traits["rebuild"], node = node.func, unrenamed(node.subcon)[1]
    if node is construct.Flag:
        return name, 1, {**traits, "flag": True}
    if isinstance(node, BitsInteger) and isinstance(node.length, int) and not node.swapped:
        return name, node.length, {**traits, "signed": bool(node.signed)}
    what = "Computed" if isinstance(node, Computed) else type(node).__name__
    raise UnsupportedSchema(f"{what} in a BitStruct is outside the compiled subset", name)


class UnsupportedSchema(TypeError):
    """A schema holds what the compiler does not know; raised when the format is imported."""

    def __init__(self, reason: str, *path: str) -> None:
        super().__init__(f"{'.'.join(part for part in path if part)}: {reason}")
        self.reason, self.path = reason, path

    def inside(self, name: str) -> "UnsupportedSchema":
        """Return the same refusal as seen from one level further out."""
        return UnsupportedSchema(self.reason, name, *self.path)


class Interned:
    """The values of one small BitStruct: number to value and back, each value made once.

    `values[raw]` is shared and lives as long as the format, so that `id(value)` names it and
    an encoder may look its number up by identity.
    """

    def __init__(self, value_type: type[Any], names: tuple[str, ...], bits: BitLayout) -> None:
        self.value_type, self.names, self.bits = value_type, names, bits
        self.values: dict[int, Any] = _Values(self)
        self.raws: dict[int, int] = {}
        """id() of each shared value -> its number."""

    def make(self, raw: int) -> Any:
        """Return the value of `raw`, shared while there is room."""
        for field in self.bits.fields:
            if field.const is not None and field.of(raw) != field.const:
                raise ValueError(f"{field.name} is {field.of(raw)}, not {field.const}")
        known = {field.name: field.of(raw) for field in self.bits.fields}
        value = self.value_type(**{name: known[name] for name in self.names})
        if len(self.values) < INTERNED_VALUES:
            self.values[raw] = value
            self.raws[id(value)] = raw
        return value

    def raw(self, value: Any) -> int:
        """Return the number of any value of this type; raise ValueError if a field is too large."""
        if type(value) is not self.value_type:
            raise TypeError(f"{self.value_type.__name__} wanted")
        raw = 0
        for field in self.bits.fields:
            part = field.const if field.const is not None else getattr(value, field.name)
            if field.flag:
                part = 1 if part else 0
            low = -(1 << field.width - 1) if field.signed else 0
            if not low <= part < low + (1 << field.width):
                raise ValueError(f"{field.name}: {part} does not fit {field.width} bits")
            raw |= (part & (1 << field.width) - 1) << field.shift
        return raw


class _Values(dict[int, Any]):
    __slots__ = ("interned",)

    def __init__(self, interned: Interned) -> None:
        super().__init__()
        self.interned = interned

    def __missing__(self, raw: int) -> Any:
        return self.interned.make(raw)
