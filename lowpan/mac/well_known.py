"""The key that everybody knows, under which Thread announces other channels (mode 2).

It keeps such frames apart from data, and protects nothing: who takes them must take them for
frames in clear (CVE-2023-2626).
"""

from lowpan.errors import SecurityError
from lowpan.mac.ccm_star import CcmStarKey, mic_octets_required
from lowpan.mac.counters import COUNTERS_AHEAD, OutgoingCounter, PatientStore
from lowpan.mac.frame_security import (
    SecurableFrame,
    open_frame,
    seal_frame,
    secured,
    security_control,
)
from lowpan.mac.thread_keys import (
    ANNOUNCE_KEY,
    ANNOUNCE_KEY_INDEX,
    ANNOUNCE_KEY_SOURCE,
    ANNOUNCE_NONCE_ADDRESS,
)
from lowpan.wire.ieee802154 import Frame, FrameType
from lowpan.wire.security_header import (
    AuxiliarySecurityHeader,
    KeyIdentifierMode,
    SecurityLevel,
)

_LEVEL = SecurityLevel.ENC_MIC_32
_CONTROL_COUNTER_AND_NAME_OCTETS = 10


class WellKnownKey:
    """Seals data frames with it, under a counter of its own, and opens those of others."""

    __slots__ = ("_counter", "_key", "overhead")

    def __init__(self, store: PatientStore, *, ahead: int = COUNTERS_AHEAD) -> None:
        self._key = CcmStarKey(ANNOUNCE_KEY)
        self._counter = OutgoingCounter(store, self._key.fingerprint, ahead=ahead)
        self.overhead = _CONTROL_COUNTER_AND_NAME_OCTETS + mic_octets_required(_LEVEL)
        """Octets by which seal() makes a frame longer."""

    def seal(self, frame: Frame, *, now: int) -> bytes:
        """Return the PSDU of `frame`, which is in clear; raises what LinkSecurity.seal() does."""
        security = AuxiliarySecurityHeader(
            security_control(_LEVEL, KeyIdentifierMode.SOURCE_4_INDEX),
            self._counter.take(now=now),
            ANNOUNCE_KEY_SOURCE,
            ANNOUNCE_KEY_INDEX,
        )
        sealable = secured(frame, security, mic_octets_required(_LEVEL))
        return seal_frame(sealable, self._key, ANNOUNCE_NONCE_ADDRESS)

    def open(self, frame: SecurableFrame, psdu: bytes) -> bytes:
        """Return the payload of a data frame in clear, or raise SecurityError.

        Nothing tells whether it is new.
        """
        if frame.control.frame_type != FrameType.DATA:
            raise SecurityError("the well-known key is for data frames only")
        return open_frame(frame, psdu, self._key, ANNOUNCE_NONCE_ADDRESS)
