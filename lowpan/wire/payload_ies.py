"""Payload information elements, and those nested in them (IEEE 802.15.4-2020 §7.4.3, §7.4.4)."""

from dataclasses import dataclass
from enum import IntEnum

from construct import BitsInteger, BitStruct, ByteSwapped, Const, Flag, Struct, this

from lowpan.schema import Content, EitherForm, Layout, Run, Sized
from lowpan.wire.header_ies import VENDOR_SPECIFIC, VendorSpecific


class GroupId(IntEnum):
    """Kinds of payload IE; 6..14 are reserved."""

    ENCAPSULATED_SERVICE_DATA_UNIT = 0x0
    MLME = 0x1
    VENDOR_SPECIFIC = 0x2
    MPX = 0x3
    WI_SUN = 0x4
    IETF = 0x5
    PAYLOAD_TERMINATION = 0xF


class LongSubId(IntEnum):
    """Kinds of nested IE of the long form."""

    CHANNEL_HOPPING = 0x9


class ShortSubId(IntEnum):
    """Kinds of nested IE of the short form."""

    TSCH_SYNCHRONIZATION = 0x1A
    TSCH_SLOTFRAME_AND_LINK = 0x1B
    TSCH_TIMESLOT = 0x1C
    HOPPING_TIMING = 0x1D
    ENHANCED_BEACON_FILTER = 0x1E
    MAC_METRICS = 0x1F
    ALL_MAC_METRICS = 0x20
    COEXISTENCE_SPECIFICATION = 0x21
    SUN_DEVICE_CAPABILITIES = 0x22
    SUN_FSK_GENERIC_PHY = 0x23
    MODE_SWITCH_PARAMETER = 0x24
    PHY_PARAMETER_CHANGE = 0x25
    O_QPSK_PHY_MODE = 0x26
    PCA_ALLOCATION = 0x27
    LECIM_DSSS_OPERATING_MODE = 0x28
    LECIM_FSK_OPERATING_MODE = 0x29
    TVWS_PHY_OPERATING_MODE = 0x2B
    TVWS_DEVICE_CAPABILITIES = 0x2C
    TVWS_DEVICE_CATEGORY = 0x2D
    TVWS_DEVICE_IDENTIFICATION = 0x2E
    TVWS_DEVICE_LOCATION = 0x2F
    TVWS_CHANNEL_INFORMATION_QUERY = 0x30
    TVWS_CHANNEL_INFORMATION_SOURCE = 0x31
    CTM = 0x32
    TIMESTAMP = 0x33
    TIMESTAMP_DIFFERENCE = 0x34
    TMCTP_SPECIFICATION = 0x35
    RCC_PHY_OPERATING_MODE = 0x36


@dataclass(slots=True)
class NestedIe:
    """One IE inside an MLME payload IE."""

    long: bool
    """The long form: up to 2047 octets of content, but only 16 kinds."""
    sub_id: int
    """0..15 of LongSubId in the long form, 0..127 of ShortSubId in the short one."""
    content: bytes = b""
    """At most 255 octets in the short form."""


@dataclass(slots=True)
class Mlme:
    """What MAC layers tell each other: the content of an MLME payload IE."""

    nested_ies: tuple[NestedIe, ...]


@dataclass(slots=True)
class PayloadIe:
    """One payload IE."""

    group_id: int
    """0..15, see GroupId."""
    content: Mlme | VendorSpecific | bytes = b""
    """At most 2047 octets; octets if the kind is not decoded here or its content malformed."""


NESTED_IE = Layout(
    NestedIe,
    Sized(
        EitherForm(
            ByteSwapped(
                BitStruct(
                    "long" / Const(True, Flag),
                    "sub_id" / BitsInteger(4),
                    "length" / BitsInteger(11),
                )
            ),
            ByteSwapped(
                BitStruct(
                    "long" / Const(False, Flag),
                    "sub_id" / BitsInteger(7),
                    "length" / BitsInteger(8),
                )
            ),
        ),
        "content" / Content(this.sub_id, {}),
    ),
)

MLME = Layout(Mlme, Struct("nested_ies" / Run(NESTED_IE)))

PAYLOAD_IE = Layout(
    PayloadIe,
    Sized(
        ByteSwapped(
            BitStruct(
                "type" / Const(1, BitsInteger(1)),
                "group_id" / BitsInteger(4),
                "length" / BitsInteger(11),
            )
        ),
        "content"
        / Content(
            this.group_id,
            {GroupId.MLME: MLME, GroupId.VENDOR_SPECIFIC: VENDOR_SPECIFIC},
        ),
    ),
)
