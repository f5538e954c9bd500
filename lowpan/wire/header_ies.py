"""Header information elements (IEEE 802.15.4-2020 §7.4.2)."""

from dataclasses import dataclass
from enum import IntEnum

from construct import (
    BitsInteger,
    BitStruct,
    ByteSwapped,
    Const,
    Flag,
    GreedyBytes,
    Int16ul,
    Struct,
    this,
)

from lowpan.schema import Content, IfRoom, Layout, Sized, little_endian_octets


class ElementId(IntEnum):
    """Kinds of header IE; other numbers are reserved or assigned elsewhere."""

    VENDOR_SPECIFIC = 0x00
    CSL = 0x1A
    RIT = 0x1B
    DSME_PAN_DESCRIPTOR = 0x1C
    RENDEZVOUS_TIME = 0x1D
    TIME_CORRECTION = 0x1E
    EXTENDED_DSME_PAN_DESCRIPTOR = 0x21
    FRAGMENT_SEQUENCE_CONTEXT_DESCRIPTION = 0x22
    SIMPLIFIED_SUPERFRAME_SPECIFICATION = 0x23
    SIMPLIFIED_GTS_SPECIFICATION = 0x24
    LECIM_CAPABILITIES = 0x25
    TRLE_DESCRIPTOR = 0x26
    RCC_CAPABILITIES = 0x27
    RCCN_DESCRIPTOR = 0x28
    GLOBAL_TIME = 0x29
    WI_SUN = 0x2A
    DA = 0x2B
    HEADER_TERMINATION_1 = 0x7E
    """Header IEs end here, payload IEs follow."""
    HEADER_TERMINATION_2 = 0x7F
    """Header IEs end here, the payload follows without payload IEs."""


@dataclass(slots=True)
class VendorSpecific:
    """What a vendor defined, in a header IE or a payload IE."""

    vendor_oui: bytes
    """3 octets as the vendor prints them; they go on air last first."""
    vendor_information: bytes


@dataclass(slots=True)
class Csl:
    """When the sender listens next: coordinated sampled listening."""

    csl_phase: int
    """Time from the first symbol of this frame to the next sample, in 10 symbols, 0..65535."""
    csl_period: int
    """Time from sample to sample, in 10 symbols, 0..65535."""
    rendezvous_time: int | None = None
    """Time until the frame that a wake-up sequence announces, in 10 symbols."""


@dataclass(slots=True)
class RendezvousTime:
    """When the payload frame follows a wake-up frame."""

    rendezvous_time: int
    """In 10 symbols, 0..65535."""
    wake_up_interval: int | None = None
    """Time between two wake-up frames, in 10 symbols, 0..65535."""


@dataclass(slots=True)
class TimeCorrection:
    """How far from its slot an acknowledged frame arrived, and whether it was refused."""

    time_correction: int
    """Microseconds, -2048..2047."""
    nack: bool = False
    """The frame arrived and was not accepted."""
    reserved: int = 0
    """0..7."""


@dataclass(slots=True)
class HeaderIe:
    """One header IE."""

    element_id: int
    """0..255, see ElementId."""
    content: VendorSpecific | Csl | RendezvousTime | TimeCorrection | bytes = b""
    """At most 127 octets; octets if the kind is not decoded here or its content malformed."""


VENDOR_SPECIFIC = Layout(
    VendorSpecific,
    Struct("vendor_oui" / little_endian_octets(3), "vendor_information" / GreedyBytes),
)

CSL = Layout(
    Csl,
    Struct(
        "csl_phase" / Int16ul,
        "csl_period" / Int16ul,
        "rendezvous_time" / IfRoom(Int16ul),
    ),
)

RENDEZVOUS_TIME = Layout(
    RendezvousTime,
    Struct("rendezvous_time" / Int16ul, "wake_up_interval" / IfRoom(Int16ul)),
)

TIME_CORRECTION = Layout(
    TimeCorrection,
    ByteSwapped(
        BitStruct(
            "nack" / Flag,
            "reserved" / BitsInteger(3),
            "time_correction" / BitsInteger(12, signed=True),
        )
    ),
)

HEADER_IE = Layout(
    HeaderIe,
    Sized(
        ByteSwapped(
            BitStruct(
                "type" / Const(0, BitsInteger(1)),
                "element_id" / BitsInteger(8),
                "length" / BitsInteger(7),
            )
        ),
        "content"
        / Content(
            this.element_id,
            {
                ElementId.VENDOR_SPECIFIC: VENDOR_SPECIFIC,
                ElementId.CSL: CSL,
                ElementId.RENDEZVOUS_TIME: RENDEZVOUS_TIME,
                ElementId.TIME_CORRECTION: TIME_CORRECTION,
            },
        ),
    ),
)
