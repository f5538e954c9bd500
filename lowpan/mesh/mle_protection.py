"""Protection of MLE messages: which octets CCM* authenticates, and under which nonce.

The one place that says so (draft-kelsey-intarea-mesh-link-establishment-06 §8): authenticated are
both IPv6 addresses and the auxiliary security header, encrypted are command and TLVs.  The suite,
in front of all, is neither.  The nonce is that of a frame of the same sender.
"""

from functools import lru_cache

from lowpan.errors import SecurityError
from lowpan.mac.ccm_star import CcmStarKey, mic_octets_required, nonce
from lowpan.wire.mle import MLE_ENVELOPE, SECURED, MleEnvelope
from lowpan.wire.security_header import AUXILIARY_SECURITY_HEADER, AuxiliarySecurityHeader

MOST_READ = 64
"""Envelopes that are remembered as read: many nodes of a simulation hear the same one."""


def authenticated_octets(
    source: bytes, destination: bytes, security: AuxiliarySecurityHeader
) -> bytes:
    """Return the a-data of a message between these IPv6 addresses, 16 octets each."""
    return source + destination + AUXILIARY_SECURITY_HEADER.encode(security)


def seal_message(
    message: bytes,
    ends: tuple[bytes, bytes],
    security: AuxiliarySecurityHeader,
    key: CcmStarKey,
    extended_address: bytes,
) -> bytes:
    """Return the envelope around `message`, as its sender `extended_address` sends it.

    `ends` are the IPv6 source and destination.  Raises SecurityError and FieldOutOfRange.  The
    caller sees to it that no frame counter is used twice with a key.
    """
    level = security.control.security_level
    octets = mic_octets_required(level)
    sealed = key.seal(
        nonce(extended_address, _counter(security), level),
        authenticated_octets(*ends, security),
        message,
        level,
    )
    return MLE_ENVELOPE.encode(MleEnvelope(SECURED, security, sealed[:-octets], sealed[-octets:]))


@lru_cache(maxsize=MOST_READ)
def envelope_of(payload: bytes) -> MleEnvelope:
    """Return the envelope that `payload` is; raise MalformedFrame.

    It is shared: nobody changes it.  Each receiver opens it by itself.
    """
    return MLE_ENVELOPE.decode(payload)


def open_message(
    envelope: MleEnvelope, ends: tuple[bytes, bytes], key: CcmStarKey, extended_address: bytes
) -> bytes:
    """Return command and TLVs of a secured message in clear, or raise SecurityError."""
    security = envelope.security
    if security is None:
        raise SecurityError("not secured")
    level = security.control.security_level
    mic_octets_required(level)
    return key.open(
        nonce(extended_address, _counter(security), level),
        authenticated_octets(*ends, security),
        envelope.payload + envelope.mic,
        level,
    )


def _counter(security: AuxiliarySecurityHeader) -> int:
    if security.frame_counter is None:
        raise SecurityError("the nonce holds the frame counter, which the message leaves out")
    return security.frame_counter
