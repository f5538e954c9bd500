"""Filtering and acknowledgments: for whom a frame is, how to answer it, what answers ours.

For radios that leave this to the host; drivers and the link layer share it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from lowpan.errors import MalformedFrame
from lowpan.radio import RadioSettings
from lowpan.wire.ieee802154 import (
    FRAME,
    AnyFrame,
    Frame,
    FrameControl,
    FrameType,
    decode_frame,
)
from lowpan.wire.mac_command import CommandId
from lowpan.wire.multipurpose import Multipurpose
from lowpan.wire.security_header import AuxiliarySecurityHeader

BROADCAST = 0xFFFF
"""PAN ID and short address that everybody has."""

LONGEST_SHORT_ADDRESS = 0xFFFD
"""Above are "associated, without a short address" and broadcast."""

_EXTENDED, _SHORT = 3, 2

SecuredAck = Callable[[Frame, bytes], bytes | None]
"""Makes the Enh-Ack of a secured frame, given also as PSDU; None to send none.  Must be quick."""


@runtime_checkable
class AcknowledgesSecured(Protocol):
    """A radio that leaves the acknowledgments of secured frames of version 2 to who has keys."""

    acknowledge_secured: SecuredAck | None


class AddressFilter:
    """Third level filtering (IEEE 802.15.4-2020 §6.6.2) for the addresses of `settings`.

    It is no PAN coordinator's: data and commands that name no destination are for others.
    """

    def __init__(self, settings: RadioSettings) -> None:
        self._pan_id = settings.pan_id
        self._extended = settings.extended_address
        short = settings.short_address
        self._short = short.to_bytes(2, "big") if short <= LONGEST_SHORT_ADDRESS else None

    def accepts(self, frame: AnyFrame) -> bool:
        """Tell whether `frame` is for us, or for everybody."""
        if isinstance(frame, Frame):
            kind = frame.control.frame_type
            if kind == FrameType.ACKNOWLEDGMENT:
                return False  # of no use but to the sender that waits for it
            if frame.destination is None:
                return self._accepts_undirected(frame, kind)
        elif not isinstance(frame, Multipurpose):
            return False  # reserved types
        if frame.destination_pan_id not in (None, self._pan_id, BROADCAST):
            return False
        destination = frame.destination
        return destination in (None, b"\xff\xff") or self.is_ours(destination)

    def is_ours(self, destination: bytes | None) -> bool:
        """Tell whether `destination` is one of our own addresses."""
        return destination is not None and destination in (self._short, self._extended)

    def _accepts_undirected(self, frame: Frame, kind: int) -> bool:
        if frame.destination_pan_id is not None:  # version 2: to all of one PAN
            return frame.destination_pan_id in (self._pan_id, BROADCAST)
        if kind == FrameType.BEACON:
            return BROADCAST in (self._pan_id, frame.source_pan_id) or (
                frame.source_pan_id == self._pan_id
            )
        return False


def is_data_request(frame: Frame) -> bool:
    """Tell whether `frame` asks for what waits for its sender (§7.5.5), as far as is readable."""
    return (
        frame.control.frame_type == FrameType.MAC_COMMAND
        and frame.payload[:1] == _DATA_REQUEST
        and not (frame.control.frame_version == 2 and frame.control.security_enabled)
    )


_DATA_REQUEST = bytes([CommandId.DATA_REQUEST])


def immediate_ack(frame: Frame, *, frame_pending: bool) -> bytes | None:
    """Return the Imm-Ack to `frame` (§7.3.3.1), without FCS, in version 0 as all hardware does."""
    number = frame.sequence_number
    return None if number is None else bytes((0x12 if frame_pending else 0x02, 0, number))


def enhanced_ack(frame: Frame, *, frame_pending: bool) -> bytes | None:
    """Return the Enh-Ack to `frame` (§7.3.3.2), without FCS, security and IEs.

    None if the frame does not say who sent it.
    """
    ack = _enhanced(frame, frame_pending=frame_pending)
    return None if ack is None else FRAME.encode(ack)


def secured_ack(frame: Frame, *, frame_pending: bool) -> Frame | None:
    """Return the Enh-Ack to a secured `frame`, to be sealed at its level and with its key.

    None if the frame does not say who sent it, or is not secured.
    """
    ack, security = _enhanced(frame, frame_pending=frame_pending), frame.security
    if ack is None or security is None:
        return None
    ack.security = AuxiliarySecurityHeader(
        replace(security.control, frame_counter_suppression=False, asn_in_nonce=False),
        None,
        security.key_source,
        security.key_index,
    )
    return ack


def _enhanced(frame: Frame, *, frame_pending: bool) -> Frame | None:
    if frame.source is None:
        return None
    pan_id = frame.destination_pan_id if frame.source_pan_id is None else frame.source_pan_id
    control = FrameControl(
        frame_type=FrameType.ACKNOWLEDGMENT,
        frame_pending=frame_pending,
        pan_id_compression=pan_id is None,
        sequence_number_suppression=frame.sequence_number is None,
        destination_addressing_mode=_SHORT if len(frame.source) == 2 else _EXTENDED,
        frame_version=2,
    )
    return Frame(control, frame.sequence_number, pan_id, frame.source)


MOST_ACK_IE_OCTETS = 32
"""Of the header IEs that we wait for in an Enh-Ack: CSL, time correction, link metrics."""

_IMMEDIATE_OCTETS = 3
_ENHANCED_OCTETS = 5
"""Control, sequence number and PAN ID of an Enh-Ack."""


@dataclass(frozen=True, slots=True)
class AwaitedAck:
    """What the acknowledgement of a frame that we sent looks like."""

    sequence_number: int | None
    """None: the frame had none, and its Enh-Ack names `source`."""
    source: bytes | None
    secured: bool = False
    """It is an Enh-Ack, secured as the frame was: an unsecured one is forged, or worth as much."""
    longest: int = _IMMEDIATE_OCTETS
    """Octets that it has at most, without its FCS."""

    def is_in(self, psdu: bytes) -> bool:
        """Tell whether `psdu` is that acknowledgement (§6.7.4.3), whatever its MIC."""
        if len(psdu) < 3 or psdu[0] & 7 != FrameType.ACKNOWLEDGMENT:
            return False
        if psdu[1] & 0x30 != 0x20:  # Imm-Ack: control and sequence number, in this order
            return psdu[2] == self.sequence_number and not self.secured
        try:
            ack = FRAME.decode(psdu)
        except MalformedFrame:
            return False
        if ack.sequence_number != self.sequence_number or (self.secured and not ack.security):
            return False
        return (
            ack.destination == self.source if ack.destination else ack.sequence_number is not None
        )


_IMMEDIATE = tuple(AwaitedAck(number, None) for number in range(256))
"""What acknowledges frames before version 2, by their sequence number."""


def awaited_ack(psdu: bytes) -> AwaitedAck | None:
    """Return what acknowledges `psdu`, at least 3 octets; None if it asks for nothing.

    A frame that is malformed, as tests send them, is taken at its first three octets.
    """
    kind = psdu[0] & 7
    asks = psdu[0] & 0x20 if kind < 4 else kind == 5 and psdu[0] & 8 and psdu[1] & 0x40
    if not asks:
        return None
    if kind < 4 and psdu[1] & 0x30 < 0x20:  # before version 2 there are Imm-Acks only
        return _IMMEDIATE[psdu[2]]
    try:
        frame = decode_frame(psdu)
    except MalformedFrame:
        return AwaitedAck(psdu[2], None)
    if isinstance(frame, Multipurpose):
        return AwaitedAck(frame.sequence_number, frame.source)
    if not isinstance(frame, Frame):
        return None
    octets = _ENHANCED_OCTETS + len(frame.source or b"") + MOST_ACK_IE_OCTETS
    security = frame.security
    if security is not None:
        octets += 6 + len(security.key_source or b"") + len(frame.mic)
    secured = security is not None
    return AwaitedAck(frame.sequence_number, frame.source, secured, octets)
