"""MAC frames of every version (IEEE 802.15.4-2003, -2006, -2020 §7.2): header, payload, MIC.

`decode_frame()` takes any PSDU, without its FCS.  Frame types 0..3 are Frame, type 5 is
Multipurpose.  Types 4, 6 and 7 (reserved, Fragment, Extended) have headers of their own that no
source known to us describes: they are OpaqueFrame.

The payload of a secured frame is as it came, encrypted or not.  A frame of version 0 with
security (the suites of the 2003 edition) keeps its counters and its MIC in the payload, for only
the network knows which suite it uses: see SecuredPayload2003.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias, cast

from construct import (
    Array,
    BitsInteger,
    BitStruct,
    Bytes,
    ByteSwapped,
    Computed,
    Flag,
    GreedyBytes,
    IfThenElse,
    Int8ub,
    Int16ul,
    Int32ul,
    Struct,
    this,
)

from lowpan.errors import MalformedFrame
from lowpan.schema import Before, Layout, Require, when
from lowpan.wire.addressing import address
from lowpan.wire.header_ies import HEADER_IE, HeaderIe
from lowpan.wire.information_elements import HEADER_IES
from lowpan.wire.multipurpose import MULTIPURPOSE, Multipurpose
from lowpan.wire.security_header import AUXILIARY_SECURITY_HEADER, AuxiliarySecurityHeader


class FrameType(IntEnum):
    """Kinds of frame; 4 is reserved."""

    BEACON = 0
    DATA = 1
    ACKNOWLEDGMENT = 2
    MAC_COMMAND = 3
    MULTIPURPOSE = 5
    FRAGMENT = 6
    EXTENDED = 7


@dataclass(frozen=True, slots=True)
class FrameControl:
    """Kind of frame, and which parts of the header follow."""

    frame_type: int
    """0..3, see FrameType."""
    security_enabled: bool = False
    frame_pending: bool = False
    """The sender has more for the receiver."""
    acknowledgment_request: bool = False
    pan_id_compression: bool = False
    """PAN IDs that follow from others are left out; its meaning differs by version."""
    reserved: bool = False
    sequence_number_suppression: bool = False
    """Version 2 only, reserved before."""
    ie_present: bool = False
    """Version 2 only, reserved before."""
    destination_addressing_mode: int = 0
    """0..3, see AddressingMode."""
    frame_version: int = 0
    """0: 2003; 1: 2006 and 2011; 2: 2012e and later."""
    source_addressing_mode: int = 0
    """0..3, see AddressingMode."""


@dataclass(slots=True)
class Frame:
    """A beacon, data, acknowledgment or MAC command frame without its FCS.

    What the control fields say is absent is None, or empty.  Whoever makes a frame with header
    IEs ends them as `information_elements.terminated()` does.
    """

    control: FrameControl
    sequence_number: int | None = None
    """0..255."""
    destination_pan_id: int | None = None
    """0..0xFFFF, 0xFFFF for any."""
    destination: bytes | None = None
    """Short (2 octets) or extended (8 octets) address."""
    source_pan_id: int | None = None
    """None also where it is the destination's."""
    source: bytes | None = None
    """Short (2 octets) or extended (8 octets) address."""
    security: AuxiliarySecurityHeader | None = None
    header_ies: tuple[HeaderIe, ...] = ()
    """With the header termination IE that ends them, if there is one."""
    payload: bytes = b""
    """Payload IEs, command identifier or beacon fields included."""
    mic: bytes = b""
    """Message integrity code, 0, 4, 8 or 16 octets."""


@dataclass(frozen=True, slots=True)
class OpaqueControl:
    """The first octet of a frame of which only the type is known."""

    frame_type: int
    """4, 6 or 7, see FrameType."""
    rest: int = 0
    """The five bits above, 0..31."""


@dataclass(slots=True)
class OpaqueFrame:
    """A frame whose format is not known: reserved, Fragment or Extended."""

    control: OpaqueControl
    payload: bytes
    """Every octet after the first."""


@dataclass(slots=True)
class SecuredPayload2003:
    """Payload of a secured data frame of version 0, in the suites AES-CTR and AES-CCM."""

    frame_counter: int
    """0..0xFFFFFFFF."""
    key_sequence_counter: int
    """0..255."""
    payload: bytes
    """Encrypted; the last octets are the MIC in AES-CCM suites."""


FRAME_CONTROL = Layout(
    FrameControl,
    ByteSwapped(
        BitStruct(
            "source_addressing_mode" / BitsInteger(2),
            "frame_version" / BitsInteger(2),
            "destination_addressing_mode" / BitsInteger(2),
            "ie_present" / Flag,
            "sequence_number_suppression" / Flag,
            "reserved" / Flag,
            "pan_id_compression" / Flag,
            "acknowledgment_request" / Flag,
            "frame_pending" / Flag,
            "security_enabled" / Flag,
            "frame_type" / BitsInteger(3),
        )
    ),
)

_control = this.control
_version_2 = _control.frame_version == 2
_compressed = _control.pan_id_compression
_to = _control.destination_addressing_mode != 0
_from = _control.source_addressing_mode != 0
_both_extended = (_control.destination_addressing_mode == 3) & (
    _control.source_addressing_mode == 3
)

# Before version 2 the bit says "the source PAN ID is the destination's", so it needs both.
_compression_allowed = _version_2 | ~_compressed | (_to & _from)
# Version 2, Table 7-2: the bit takes the PAN ID away from a single address and from two extended
# ones, takes the source's from any other two, and gives one to a frame without addresses.
_destination_pan_id_present = (_to & ~(_version_2 & _compressed & (~_from | _both_extended))) | (
    _version_2 & _compressed & ~_to & ~_from
)
_source_pan_id_present = _from & ~_compressed & ~(_version_2 & _both_extended)
_secured = _control.security_enabled & (_control.frame_version != 0)

FRAME = Layout(
    Frame,
    Struct(
        "control" / FRAME_CONTROL,
        Require(_control.frame_type < 4, "the frame type has a format of its own"),
        Require(_control.frame_version != 3, "frame version 3 is reserved"),
        Require(_compression_allowed, "PAN ID compression needs two addresses"),
        "sequence_number" / when(~(_version_2 & _control.sequence_number_suppression), Int8ub),
        "destination_pan_id" / when(_destination_pan_id_present, Int16ul),
        "destination" / address(_control.destination_addressing_mode),
        "source_pan_id" / when(_source_pan_id_present, Int16ul),
        "source" / address(_control.source_addressing_mode),
        "security" / when(_secured, AUXILIARY_SECURITY_HEADER),
        "mic_octets"
        / IfThenElse(
            _secured,
            Computed((2 << (this.security.control.security_level & 3)) & 0x1C),
            Computed(0),
        ),
        "header_ies"
        / IfThenElse(
            _version_2 & _control.ie_present,
            Before(this.mic_octets, HEADER_IES),
            Array(0, HEADER_IE),
        ),
        "payload" / Before(this.mic_octets, GreedyBytes),
        "mic" / Bytes(this.mic_octets),
    ),
)

OPAQUE_CONTROL = Layout(
    OpaqueControl, BitStruct("rest" / BitsInteger(5), "frame_type" / BitsInteger(3))
)

OPAQUE_FRAME = Layout(
    OpaqueFrame,
    Struct(
        "control" / OPAQUE_CONTROL,
        Require(
            (this.control.frame_type >= 4) & (this.control.frame_type != 5),
            "the frame type has a format of its own",
        ),
        "payload" / GreedyBytes,
    ),
)

SECURED_PAYLOAD_2003 = Layout(
    SecuredPayload2003,
    Struct("frame_counter" / Int32ul, "key_sequence_counter" / Int8ub, "payload" / GreedyBytes),
)

AnyFrame: TypeAlias = Frame | Multipurpose | OpaqueFrame

_LAYOUTS: tuple[Layout[Any], ...] = (
    *(FRAME, FRAME, FRAME, FRAME),
    *(OPAQUE_FRAME, MULTIPURPOSE, OPAQUE_FRAME, OPAQUE_FRAME),
)
"""By frame type."""


def decode_frame(psdu: bytes) -> AnyFrame:
    """Return the frame in `psdu`, which has no FCS any more; raise MalformedFrame."""
    if not psdu:
        raise MalformedFrame("no octets", format="Frame", field="control", offset=0)
    return cast("AnyFrame", _LAYOUTS[psdu[0] & 7].decode(psdu))


def encode_frame(frame: AnyFrame) -> bytes:
    """Return the octets of `frame` without an FCS; raise FieldOutOfRange."""
    return _LAYOUTS[frame.control.frame_type & 7].encode(frame)
