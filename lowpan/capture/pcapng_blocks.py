"""Formats of pcapng: the blocks that lowpan reads and writes (draft-ietf-opsawg-pcapng §4)."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from construct import (
    Construct,
    GreedyBytes,
    Int16ub,
    Int16ul,
    Int32ub,
    Int32ul,
    Int64sb,
    Int64sl,
    Struct,
    obj_,
)

from lowpan.capture.padded import Padded
from lowpan.schema import Layout, Run, Sized

ByteOrder = Literal["little", "big"]

BYTE_ORDER_MAGIC = 0x1A2B3C4D
BYTE_ORDERS: dict[bytes, ByteOrder] = {
    BYTE_ORDER_MAGIC.to_bytes(4, "little"): "little",
    BYTE_ORDER_MAGIC.to_bytes(4, "big"): "big",
}
"""How the magic of a section header stands in the file -> byte order of the section."""


class BlockType(IntEnum):
    """The blocks that lowpan reads; every other block is skipped."""

    INTERFACE_DESCRIPTION = 1
    PACKET = 2
    """Obsolete."""
    SIMPLE_PACKET = 3
    ENHANCED_PACKET = 6
    SECTION_HEADER = 0x0A0D0D0A


class OptionCode(IntEnum):
    """The options that lowpan reads or writes; one number means another thing in each block."""

    END_OF_OPTIONS = 0
    COMMENT = 1
    """Of any block."""
    SECTION_USER_APPLICATION = 4
    INTERFACE_NAME = 2
    INTERFACE_DESCRIPTION = 3
    INTERFACE_TIME_RESOLUTION = 9
    INTERFACE_FCS_LENGTH = 13
    INTERFACE_TIME_OFFSET = 14


@dataclass(frozen=True, slots=True)
class Option:
    """Something that a block may say besides."""

    code: int
    value: bytes = b""


@dataclass(frozen=True, slots=True)
class Options:
    """The end of a block: options up to the end of options, or to the end of the block."""

    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class SectionHeader:
    """The start of a section, behind block type and length."""

    options: tuple[Option, ...] = ()
    byte_order_magic: int = BYTE_ORDER_MAGIC
    version_major: int = 1
    version_minor: int = 0
    section_length: int = -1
    """Octets of all other blocks of the section; -1 if nobody counted."""


@dataclass(frozen=True, slots=True)
class InterfaceDescription:
    """An interface, behind block type and length; the first of a section has number 0."""

    link_type: int
    snap_length: int
    """Octets of a frame that were kept at most; 0 for no limit."""
    options: tuple[Option, ...] = ()
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats in one byte order."""

    byte_order: ByteOrder
    options: Layout[Options]
    section_header: Layout[SectionHeader]
    interface_description: Layout[InterfaceDescription]
    block: struct.Struct
    """Of any block: type, length of it all."""
    length: struct.Struct
    """Of any block, at its end: length of it all, again."""
    enhanced_packet: struct.Struct
    """Type, length, interface, time (high, low), captured length, original length."""
    packet: struct.Struct
    """Type, length, interface, frames lost, then as `enhanced_packet`."""
    simple_packet: struct.Struct
    """Type, length, original length."""


def _formats(
    byte_order: ByteOrder,
    int16: "Construct[int, int]",
    int32: "Construct[int, int]",
    int64: "Construct[int, int]",
) -> Formats:
    option = Layout(
        Option,
        Padded(4, Sized(Struct("code" / int16, "length" / int16), "value" / GreedyBytes)),
    )
    options = Run(option, last=obj_.code == OptionCode.END_OF_OPTIONS)
    section = Struct(
        "byte_order_magic" / int32,
        "version_major" / int16,
        "version_minor" / int16,
        "section_length" / int64,
        "options" / options,
    )
    interface = Struct(
        "link_type" / int16, "reserved" / int16, "snap_length" / int32, "options" / options
    )
    order = "<" if byte_order == "little" else ">"
    return Formats(
        byte_order=byte_order,
        options=Layout(Options, Struct("options" / options)),
        section_header=Layout(SectionHeader, section),
        interface_description=Layout(InterfaceDescription, interface),
        block=struct.Struct(order + "II"),
        length=struct.Struct(order + "I"),
        enhanced_packet=struct.Struct(order + "IIIIIII"),
        packet=struct.Struct(order + "IIHHIIII"),
        simple_packet=struct.Struct(order + "III"),
    )


FORMATS: dict[ByteOrder, Formats] = {
    "little": _formats("little", Int16ul, Int32ul, Int64sl),
    "big": _formats("big", Int16ub, Int32ub, Int64sb),
}
