"""Protection of whole frames: which octets CCM* encrypts, and under which nonce.

Octets of a frame that travel in clear at every security level are its a-data; those behind them
are private (IEEE 802.15.4-2006 §7.6.3.3, IEEE 802.15.4-2015 §9.3.2).
"""

from dataclasses import replace
from functools import lru_cache

from lowpan.errors import MalformedFrame, SecurityError
from lowpan.mac.ccm_star import (
    CcmStarKey,
    mic_octets_required,
    nonce,
    nonce_tsch,
    nonce_tsch_short,
)
from lowpan.wire.beacon import BEACON
from lowpan.wire.ieee802154 import FRAME_CONTROL, Frame, FrameControl, FrameType, encode_frame
from lowpan.wire.multipurpose import Multipurpose
from lowpan.wire.security_header import SECURITY_CONTROL, AuxiliarySecurityHeader, SecurityControl

SecurableFrame = Frame | Multipurpose

_BEACON, _DATA, _COMMAND = int(FrameType.BEACON), int(FrameType.DATA), int(FrameType.MAC_COMMAND)
_VERSION_2015 = 2


def open_octets(frame: SecurableFrame) -> int:
    """Return how many octets of the payload belong to the a-data.

    None in most frames.  Before 2015 a beacon leaves its superframe specification, GTS fields
    and pending addresses in clear, and a command its identifier.  SecurityError says that the
    payload ends within them.
    """
    kind = frame.control.frame_type
    if kind not in (_COMMAND, _BEACON) or isinstance(frame, Multipurpose):
        return 0
    if frame.control.frame_version >= _VERSION_2015:
        return 0
    if kind == _COMMAND:
        if not frame.payload:
            raise SecurityError("ends before its private octets begin: no command identifier")
        return 1
    try:
        return len(frame.payload) - len(BEACON.decode(frame.payload).payload)
    except MalformedFrame as error:
        raise SecurityError(f"ends before its private octets begin: {error}") from error


def split_psdu(frame: SecurableFrame, psdu: bytes) -> tuple[bytes, bytes]:
    """Return the a-data of `psdu`, which decodes to `frame`, and the private octets and MIC."""
    begin = len(psdu) - len(frame.payload) - len(frame.mic) + open_octets(frame)
    return psdu[:begin], psdu[begin:]


def open_frame(
    frame: SecurableFrame,
    psdu: bytes,
    key: CcmStarKey,
    nonce_address: bytes,
    *,
    absolute_slot_number: int | None = None,
) -> bytes:
    """Return the private payload in clear, or raise SecurityError.

    `frame` is what `psdu` decodes to.  `nonce_address` is the sender's extended address; in TSCH,
    where the slot number takes the place of the counter, it may be the sender's short one.  In
    front of the private payload stand the open octets, `frame.payload[: open_octets(frame)]`.
    """
    security = security_of(frame)
    counter, control = security.frame_counter, security.control
    begin = len(psdu) - len(frame.payload) - len(frame.mic)
    if frame.control.frame_type != _DATA:
        begin += open_octets(frame)
    if counter is not None and not control.asn_in_nonce:
        sender = nonce(nonce_address, counter, control.security_level)
    else:
        sender = frame_nonce(frame, nonce_address, absolute_slot_number)
    return key.open(sender, psdu[:begin], psdu[begin:], control.security_level)


def seal_frame(
    frame: SecurableFrame,
    key: CcmStarKey,
    nonce_address: bytes,
    *,
    absolute_slot_number: int | None = None,
) -> bytes:
    """Return the PSDU of `frame`, whose payload is in clear and whose MIC does not matter yet.

    Raises what open_frame() does, and FieldOutOfRange where a field does not fit.  The caller
    sees to it that no frame counter is used twice with a key.
    """
    level = security_of(frame).control.security_level
    sender = frame_nonce(frame, nonce_address, absolute_slot_number)
    octets = mic_octets_required(level)
    with_mic = frame if len(frame.mic) == octets else replace(frame, mic=bytes(octets))
    authenticated, private_and_mic = split_psdu(with_mic, encode_frame(with_mic))
    return authenticated + key.seal(sender, authenticated, private_and_mic[:-octets], level)


def secured(frame: Frame, security: AuxiliarySecurityHeader, mic_octets: int) -> Frame:
    """Return `frame`, which is in clear, as seal_frame() takes it: with that header and a MIC."""
    return Frame(
        secured_control(frame.control),
        frame.sequence_number,
        frame.destination_pan_id,
        frame.destination,
        frame.source_pan_id,
        frame.source,
        security,
        frame.header_ies,
        frame.payload,
        bytes(mic_octets),
    )


@lru_cache(maxsize=256)
def secured_control(control: FrameControl) -> FrameControl:
    """Return the control of the same frame, secured; a node sends few kinds of them.

    It is the one that decoding gives, here and below, which the encoder knows at sight.
    """
    version = max(control.frame_version, 1)
    secured = replace(control, security_enabled=True, frame_version=version)
    return FRAME_CONTROL.decode(FRAME_CONTROL.encode(secured))


@lru_cache(maxsize=32)
def security_control(level: int, mode: int) -> SecurityControl:
    """Return what says that a frame is protected at `level`, with its key named by `mode`."""
    return SECURITY_CONTROL.decode(SECURITY_CONTROL.encode(SecurityControl(level, mode)))


def security_of(frame: SecurableFrame) -> AuxiliarySecurityHeader:
    """Return the auxiliary security header; raise SecurityError if there is none."""
    if frame.security is None:
        raise SecurityError(
            "no auxiliary security header: not secured, or as the 2003 edition does"
        )
    return frame.security


def frame_nonce(
    frame: SecurableFrame, nonce_address: bytes, absolute_slot_number: int | None = None
) -> bytes:
    """Return the nonce of `frame`; parameters and errors are those of open_frame()."""
    security = security_of(frame)
    counter, control = security.frame_counter, security.control
    if counter is not None and not control.asn_in_nonce:
        return nonce(nonce_address, counter, control.security_level)
    if absolute_slot_number is None:
        raise SecurityError("the nonce holds the absolute slot number, which is not known")
    if len(nonce_address) != 2:
        return nonce_tsch(nonce_address, absolute_slot_number)
    pan_id = source_pan_id(frame)
    if pan_id is None:
        raise SecurityError("the nonce holds the PAN ID, which the frame leaves out")
    return nonce_tsch_short(pan_id, nonce_address, absolute_slot_number)


def source_pan_id(frame: SecurableFrame) -> int | None:
    """Return the PAN ID of the sender, None if the frame says none."""
    if isinstance(frame, Frame) and frame.source_pan_id is not None:
        return frame.source_pan_id
    return frame.destination_pan_id
