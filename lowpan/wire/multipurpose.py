"""Multipurpose frames, with short and long control (IEEE 802.15.4-2020 §7.3.5)."""

from dataclasses import dataclass

from construct import (
    Array,
    BitsInteger,
    BitStruct,
    Bytes,
    Computed,
    Flag,
    GreedyBytes,
    IfThenElse,
    Int8ub,
    Int16ul,
    Struct,
    this,
)

from lowpan.schema import Before, Layout, Require, when
from lowpan.wire.addressing import address
from lowpan.wire.header_ies import HEADER_IE, HeaderIe
from lowpan.wire.information_elements import HEADER_IES
from lowpan.wire.security_header import AUXILIARY_SECURITY_HEADER, AuxiliarySecurityHeader


@dataclass(frozen=True, slots=True)
class MultipurposeControl:
    """First octet of the frame control: all that a short one has."""

    frame_type: int = 5
    long_frame_control: bool = False
    """A second octet of control follows."""
    destination_addressing_mode: int = 0
    """0..3, see AddressingMode."""
    source_addressing_mode: int = 0
    """0..3, see AddressingMode."""


@dataclass(frozen=True, slots=True)
class MultipurposeLongControl:
    """Second octet of a long frame control."""

    pan_id_present: bool = False
    """The destination PAN ID is in the frame; the source's never is."""
    security_enabled: bool = False
    sequence_number_suppression: bool = False
    frame_pending: bool = False
    frame_version: int = 0
    """0; other versions are refused."""
    acknowledgment_request: bool = False
    ie_present: bool = False


@dataclass(slots=True)
class Multipurpose:
    """A multipurpose frame without its FCS.

    What the control fields say is absent is None, or empty.  A short frame control means: a
    sequence number, no PAN ID, no security, no IEs.
    """

    control: MultipurposeControl
    long_control: MultipurposeLongControl | None = None
    sequence_number: int | None = None
    """0..255."""
    destination_pan_id: int | None = None
    """0..0xFFFF."""
    destination: bytes | None = None
    """Short (2 octets) or extended (8 octets) address."""
    source: bytes | None = None
    """Short (2 octets) or extended (8 octets) address."""
    security: AuxiliarySecurityHeader | None = None
    header_ies: tuple[HeaderIe, ...] = ()
    """With the header termination IE that ends them, if there is one."""
    payload: bytes = b""
    """Payload IEs included."""
    mic: bytes = b""
    """Message integrity code, 0, 4, 8 or 16 octets."""


MULTIPURPOSE_CONTROL = Layout(
    MultipurposeControl,
    BitStruct(
        "source_addressing_mode" / BitsInteger(2),
        "destination_addressing_mode" / BitsInteger(2),
        "long_frame_control" / Flag,
        "frame_type" / BitsInteger(3),
    ),
)

MULTIPURPOSE_LONG_CONTROL = Layout(
    MultipurposeLongControl,
    BitStruct(
        "ie_present" / Flag,
        "acknowledgment_request" / Flag,
        "frame_version" / BitsInteger(2),
        "frame_pending" / Flag,
        "sequence_number_suppression" / Flag,
        "security_enabled" / Flag,
        "pan_id_present" / Flag,
    ),
)

_long = this.control.long_frame_control
_more = this.long_control

MULTIPURPOSE = Layout(
    Multipurpose,
    Struct(
        "control" / MULTIPURPOSE_CONTROL,
        Require(this.control.frame_type == 5, "the frame type has a format of its own"),
        "long_control" / when(_long, MULTIPURPOSE_LONG_CONTROL),
        "version" / IfThenElse(_long, Computed(_more.frame_version), Computed(0)),
        "unnumbered"
        / IfThenElse(_long, Computed(_more.sequence_number_suppression), Computed(False)),
        "pan_id_present" / IfThenElse(_long, Computed(_more.pan_id_present), Computed(False)),
        "secured" / IfThenElse(_long, Computed(_more.security_enabled), Computed(False)),
        "ie_present" / IfThenElse(_long, Computed(_more.ie_present), Computed(False)),
        Require(this.version == 0, "multipurpose frames have version 0"),
        "sequence_number" / when(~this.unnumbered, Int8ub),
        "destination_pan_id" / when(this.pan_id_present, Int16ul),
        "destination" / address(this.control.destination_addressing_mode),
        "source" / address(this.control.source_addressing_mode),
        "security" / when(this.secured, AUXILIARY_SECURITY_HEADER),
        "mic_octets"
        / IfThenElse(
            this.secured,
            Computed((2 << (this.security.control.security_level & 3)) & 0x1C),
            Computed(0),
        ),
        "header_ies"
        / IfThenElse(this.ie_present, Before(this.mic_octets, HEADER_IES), Array(0, HEADER_IE)),
        "payload" / Before(this.mic_octets, GreedyBytes),
        "mic" / Bytes(this.mic_octets),
    ),
)
