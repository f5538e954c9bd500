"""Auxiliary security header of a frame (IEEE 802.15.4-2020 §9.4)."""

from dataclasses import dataclass
from enum import IntEnum

from construct import BitsInteger, BitStruct, Bytes, Flag, Int8ub, Int32ul, Struct, Switch, this

from lowpan.schema import ABSENT, Layout, when


class SecurityLevel(IntEnum):
    """Protection of a frame: its MIC in bits, and whether its private part is encrypted."""

    NONE = 0
    MIC_32 = 1
    MIC_64 = 2
    MIC_128 = 3
    ENC = 4
    ENC_MIC_32 = 5
    ENC_MIC_64 = 6
    ENC_MIC_128 = 7


class KeyIdentifierMode(IntEnum):
    """How the receiver finds the key."""

    IMPLICIT = 0
    """By the addresses of the frame."""
    INDEX = 1
    """By the index, under the default key source of the network."""
    SOURCE_4_INDEX = 2
    """By a source of 4 octets and the index."""
    SOURCE_8_INDEX = 3
    """By a source of 8 octets and the index."""


@dataclass(frozen=True, slots=True)
class SecurityControl:
    """What protects the frame, and which parts of the header follow."""

    security_level: int
    """0..7, see SecurityLevel."""
    key_identifier_mode: int
    """0..3, see KeyIdentifierMode."""
    frame_counter_suppression: bool = False
    """The frame counter is not in the frame: both ends know it, as the ASN of TSCH."""
    asn_in_nonce: bool = False
    """The nonce holds the absolute slot number instead of the frame counter."""
    reserved: bool = False


@dataclass(slots=True)
class AuxiliarySecurityHeader:
    """Protection, frame counter and key identifier of a secured frame."""

    control: SecurityControl
    frame_counter: int | None = None
    """0..0xFFFFFFFF; None if suppressed."""
    key_source: bytes | None = None
    """4 or 8 octets in key identifier modes 2 and 3, in the order sent."""
    key_index: int | None = None
    """0..255; None in key identifier mode 0."""


SECURITY_CONTROL = Layout(
    SecurityControl,
    BitStruct(
        "reserved" / Flag,
        "asn_in_nonce" / Flag,
        "frame_counter_suppression" / Flag,
        "key_identifier_mode" / BitsInteger(2),
        "security_level" / BitsInteger(3),
    ),
)

AUXILIARY_SECURITY_HEADER = Layout(
    AuxiliarySecurityHeader,
    Struct(
        "control" / SECURITY_CONTROL,
        "frame_counter" / when(~this.control.frame_counter_suppression, Int32ul),
        "key_source"
        / Switch(this.control.key_identifier_mode, {2: Bytes(4), 3: Bytes(8)}, default=ABSENT),
        "key_index" / when(this.control.key_identifier_mode != 0, Int8ub),
    ),
)


def mic_octets(security_level: int) -> int:
    """Return the length of the MIC at `security_level`: 0, 4, 8 or 16."""
    return (2 << (security_level & 3)) & 0x1C
