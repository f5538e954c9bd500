"""Bit fields: what a BitStruct says."""

from dataclasses import dataclass
from typing import Any

import construct
from construct import BitsInteger, Const, Rebuild, Restreamed, Struct
from construct.lib import bytes2bits, swapbytes

from lowpan.schema.constructs import UnsupportedSchema, bare, is_a, is_transformed, unrenamed


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

    @property
    def lowest(self) -> int:
        """The smallest number that fits."""
        return -(1 << self.width - 1) if self.signed else 0

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

    @property
    def constants(self) -> list[BitField]:
        """The fields that have one value only."""
        return [field for field in self.fields if field.const is not None]


def bit_layout(node: Any) -> BitLayout | None:
    """Return what a BitStruct, byte-swapped or not, says; None if `node` is something else."""
    little_endian = is_transformed(node, swapbytes)
    if little_endian:
        node = bare(node.subcon)
    if not is_transformed(node, bytes2bits) and not _is_of_unknown_size(node):
        return None
    struct = bare(node.subcon)
    if not is_a(struct, Struct):
        return None
    described = [_describe(subcon) for subcon in struct.subcons]
    left = sum(width for _, width, _ in described)
    if left % 8:
        raise UnsupportedSchema(f"{left} bits are no whole octets")
    octets = left // 8
    placed: list[BitField] = []
    for name, width, traits in described:
        left -= width
        placed.append(BitField(name, left, width, **traits))
    return BitLayout(octets, little_endian, tuple(placed))


def _is_of_unknown_size(node: Any) -> bool:
    """Tell whether `node` is a BitStruct with a part that Construct cannot tell the size of."""
    return is_a(node, Restreamed) and node.decoder is bytes2bits


def _describe(node: Any) -> tuple[str, int, dict[str, Any]]:
    name, node = unrenamed(node)
    traits: dict[str, Any] = {}
    if is_a(node, Const):
        traits["const"], node = node.value, bare(node.subcon)
    elif is_a(node, Rebuild):
        traits["rebuild"], node = node.func, bare(node.subcon)
    elif not name:
        raise UnsupportedSchema("bits without a name that are not Const either")
    if node is construct.Flag:
        return name, 1, {**traits, "flag": True}
    if is_a(node, BitsInteger) and is_a(node.length, int) and node.length > 0 and not node.swapped:
        return name, node.length, {**traits, "signed": bool(node.signed)}
    raise UnsupportedSchema(f"{type(node).__name__} in a BitStruct is outside the subset", name)
