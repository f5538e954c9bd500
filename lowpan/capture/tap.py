"""TAP header: what a radio says of a frame, before the frame (link type 283).

IEEE 802.15.4 TAP Link Type Specification 1.1, by J. Ko, Exegin.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite
from typing import Any

from construct import Bytes, Int8ul, Int16ul, Int32ul, Int64ul, Struct, this

from lowpan.capture.padded import Padded
from lowpan.schema import Content, Derived, Layout, Run, Sized


class TapType(IntEnum):
    """What a TLV of the header tells."""

    FCS_TYPE = 0
    RSS = 1
    BIT_RATE = 2
    CHANNEL_ASSIGNMENT = 3
    SUN_PHY_INFORMATION = 4
    START_OF_FRAME = 5
    END_OF_FRAME = 6
    ASN = 7
    START_OF_SLOT = 8
    TIMESLOT_LENGTH = 9
    LQI = 10
    CHANNEL_FREQUENCY = 11
    CHANNEL_PLAN = 12


@dataclass(frozen=True, slots=True)
class FcsType:
    """What follows the frame."""

    fcs_type: int
    """0 nothing, 1 an FCS of 16 bits, 2 one of 32 bits."""


@dataclass(frozen=True, slots=True)
class ReceivedSignalStrength:
    """How loud the frame was."""

    rss: float
    """dBm."""


@dataclass(frozen=True, slots=True)
class BitRate:
    """How fast the frame was sent."""

    bit_rate: int
    """Bits per second."""


@dataclass(frozen=True, slots=True)
class ChannelAssignment:
    """Where the radio listened (IEEE 802.15.4-2015 §10.1.2)."""

    channel: int
    """0..65535."""
    page: int
    """0..255."""


@dataclass(frozen=True, slots=True)
class SunPhy:
    """Band, modulation and rate of a smart utility network."""

    band: int
    """Frequency band identifier (IEEE 802.15.4-2015 table 7-19)."""
    type: int
    """Modulation scheme (IEEE 802.15.4-2015 table 7-20)."""
    mode: int
    """Rate; what it means depends on band and type."""


@dataclass(frozen=True, slots=True)
class RadioTime:
    """A moment on the clock of the radio, which may count from any start."""

    nanoseconds: int


@dataclass(frozen=True, slots=True)
class AbsoluteSlotNumber:
    """The slot in which the frame was heard, counted since the network began."""

    asn: int


@dataclass(frozen=True, slots=True)
class TimeslotLength:
    """How long a slot is."""

    microseconds: int


@dataclass(frozen=True, slots=True)
class LinkQuality:
    """Link quality indication (IEEE 802.15.4-2015 §10.2.6)."""

    lqi: int
    """0..255."""


@dataclass(frozen=True, slots=True)
class ChannelFrequency:
    """Where the centre of the channel is."""

    frequency: float
    """kHz."""


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """Where the centre of each channel n is: at first + n * spacing."""

    first: float
    """Centre of channel 0, kHz."""
    spacing: float
    """kHz."""
    channels: int
    """How many there are, 0..65535."""


TapContent = (
    FcsType
    | ReceivedSignalStrength
    | BitRate
    | ChannelAssignment
    | SunPhy
    | RadioTime
    | AbsoluteSlotNumber
    | TimeslotLength
    | LinkQuality
    | ChannelFrequency
    | ChannelPlan
)


@dataclass(frozen=True, slots=True)
class TapTlv:
    """One thing that the radio says."""

    type: int
    """A TapType, or a number that is none."""
    value: TapContent | bytes
    """Octets if the type is unknown or they are not what the type has."""


@dataclass(frozen=True, slots=True)
class Tap:
    """All that the radio says of a frame."""

    tlvs: tuple[TapTlv, ...] = ()
    version: int = 0
    """The specification knows version 0 only."""
    reserved: int = 0

    def first(self, kind: int) -> TapContent | None:
        """Return the first well-formed value of TLV type `kind`; None if there is none."""
        for tlv in self.tlvs:
            if tlv.type == kind and not isinstance(tlv.value, bytes):
                return tlv.value
        return None


_FLOAT = struct.Struct("<f")


def _number(octets: bytes, _: Any) -> float:
    number: float = _FLOAT.unpack(octets)[0]
    if not isfinite(number):
        raise ValueError(f"{number} is no number")
    return number


def _octets(number: float, _: Any) -> bytes:
    try:
        return _FLOAT.pack(number)
    except (OverflowError, struct.error) as error:
        raise ValueError(f"{number!r} is no IEEE 754 number of 32 bits") from error


_FLOAT32 = Derived(Bytes(4), _number, _octets)

FCS_TYPE = Layout(FcsType, Struct("fcs_type" / Int8ul))
RSS = Layout(ReceivedSignalStrength, Struct("rss" / _FLOAT32))
BIT_RATE = Layout(BitRate, Struct("bit_rate" / Int32ul))
CHANNEL_ASSIGNMENT = Layout(ChannelAssignment, Struct("channel" / Int16ul, "page" / Int8ul))
SUN_PHY = Layout(SunPhy, Struct("band" / Int8ul, "type" / Int8ul, "mode" / Int8ul))
RADIO_TIME = Layout(RadioTime, Struct("nanoseconds" / Int64ul))
ASN = Layout(AbsoluteSlotNumber, Struct("asn" / Int64ul))
TIMESLOT_LENGTH = Layout(TimeslotLength, Struct("microseconds" / Int32ul))
LINK_QUALITY = Layout(LinkQuality, Struct("lqi" / Int8ul))
CHANNEL_FREQUENCY = Layout(ChannelFrequency, Struct("frequency" / _FLOAT32))
CHANNEL_PLAN = Layout(
    ChannelPlan, Struct("first" / _FLOAT32, "spacing" / _FLOAT32, "channels" / Int16ul)
)

_CONTENTS: dict[int, Layout[Any]] = {
    TapType.FCS_TYPE: FCS_TYPE,
    TapType.RSS: RSS,
    TapType.BIT_RATE: BIT_RATE,
    TapType.CHANNEL_ASSIGNMENT: CHANNEL_ASSIGNMENT,
    TapType.SUN_PHY_INFORMATION: SUN_PHY,
    TapType.START_OF_FRAME: RADIO_TIME,
    TapType.END_OF_FRAME: RADIO_TIME,
    TapType.ASN: ASN,
    TapType.START_OF_SLOT: RADIO_TIME,
    TapType.TIMESLOT_LENGTH: TIMESLOT_LENGTH,
    TapType.LQI: LINK_QUALITY,
    TapType.CHANNEL_FREQUENCY: CHANNEL_FREQUENCY,
    TapType.CHANNEL_PLAN: CHANNEL_PLAN,
}

TAP_TLV = Layout(
    TapTlv,
    Padded(
        4,
        Sized(
            Struct("type" / Int16ul, "length" / Int16ul),
            "value" / Content(this.type, _CONTENTS),
        ),
    ),
)

TAP = Layout(
    Tap,
    Sized(
        Struct("version" / Int8ul, "reserved" / Int8ul, "length" / Int16ul),
        "tlvs" / Run(TAP_TLV),
        overhead=4,
    ),
)
