"""Sending frames one after the other: CSMA-CA, acknowledgments and repetitions.

What the radio does by itself is left to it; the rest of IEEE 802.15.4-2020 §6.2.5.1 and §6.7.4.3
is done here.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random

from lowpan.errors import LowpanError
from lowpan.mac.acknowledging import AwaitedAck, awaited_ack
from lowpan.mac.csma import CsmaCa, CsmaSettings
from lowpan.mac.service import BROADCAST, Transmit
from lowpan.mac.timing import MAC_MAX_FRAME_RETRIES, PhyTiming
from lowpan.radio import (
    RadioCapability,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.wire.ieee802154 import Frame

MOST_WAITING = 64
"""Frames that wait to be sent: three datagrams of 1280 octets, a quarter of a second of air."""


Encode = Callable[[Frame], bytes]


@dataclass(slots=True)
class Outgoing:
    """A frame to be sent."""

    frame: Frame
    """In clear; it is secured when its turn comes, so that counters go up in the order of air."""
    handle: int | str | None
    """Number of a payload, name of a command, None if nobody wants to know its end."""
    channel: int | None = None
    """None: the one that the radio listens on."""
    waits_for: bytes | None = None
    """The sleeper that has asked for it; such a frame goes out once for each request."""
    sealed: bytes = b""
    """Its octets, if it went out before and goes out again as it is."""
    sealed_after: int = 0
    """How many broadcasts were sealed before it."""
    transmissions: int = 0
    """How often it was on air for earlier requests."""
    encode: Encode | None = None
    """What makes its octets; None: the transmitter's own."""


@dataclass(slots=True)
class Finished:
    """What became of an Outgoing."""

    outgoing: Outgoing
    status: TransmitStatus
    transmissions: int
    ack: ReceivedFrame | None = None
    reason: str = ""
    ack_secured: bool = False
    """The MIC of `ack` was right."""


@dataclass(frozen=True, slots=True)
class TransmitterSettings:
    """How patiently frames are sent."""

    csma: CsmaSettings = field(default_factory=CsmaSettings)
    mac_max_frame_retries: int = MAC_MAX_FRAME_RETRIES
    """0..7."""
    most_waiting: int = MOST_WAITING


DEFAULT_SETTINGS = TransmitterSettings()


class _State(Enum):
    IDLE = "nothing to send"
    BACKOFF = "waiting before the channel is assessed"
    ON_AIR = "handed to the radio"
    AWAITING_ACK = "waiting for an acknowledgment"
    SPACING = "silent after a frame"


class AckProof(Enum):
    """What an acknowledgment of the right form is worth."""

    PLAIN = "in clear, as the frame was: anybody can have sent it"
    SECURED = "its MIC is right"
    REFUSED = "not from whom the frame was for"


Verify = Callable[[bytes, bytes], AckProof]
"""Looks at the PSDU of a frame, secured in version 2, and that of its acknowledgment."""
Action = Transmit | Finished

FORGED = "its acknowledgment was not secured, or wrong"


def _all_plain(psdu: bytes, ack: bytes) -> AckProof:
    return AckProof.PLAIN


class Transmitter:
    """Queue of frames, and the one that is being sent.

    `encode` turns a frame into its PSDU, secured if it is to be; what it raises ends the frame as
    ABORTED.  `now` and times are microseconds.
    """

    def __init__(  # noqa: PLR0913  (what the link layer was made of)
        self,
        encode: Encode,
        capabilities: RadioCapability,
        timing: PhyTiming,
        random: Random,
        settings: TransmitterSettings = DEFAULT_SETTINGS,
        *,
        verify: Verify = _all_plain,
    ) -> None:
        self._verify = verify
        self._encode, self._timing, self._random = encode, timing, random
        self._settings = settings
        self._own_csma = RadioCapability.CSMA not in capabilities
        self._own_ack_timeout = RadioCapability.ACK_TIMEOUT not in capabilities
        self._own_retries = self._own_ack_timeout or RadioCapability.RETRIES not in capabilities
        self._waiting: deque[Outgoing] = deque()
        self._state = _State.IDLE
        self.deadline: int | None = None
        """When to call handle_deadline(), None while nothing is due."""
        self._current: Outgoing | None = None
        self._psdu = b""
        self._awaited: AwaitedAck | None = None
        self._early_ack: ReceivedFrame | None = None
        self._proof = AckProof.PLAIN
        self._broadcasts = 0
        self._csma = CsmaCa(settings.csma, timing, random)
        self._transmissions = self._repetitions = 0
        self._parameters: dict[tuple[int, int | None], TransmitParameters] = {}
        """By repetitions and channel: the same for most frames."""

    @property
    def has_room(self) -> bool:
        """Tell whether one more frame is taken."""
        return len(self._waiting) < self._settings.most_waiting

    def __len__(self) -> int:
        """Return how many frames wait or are being sent."""
        return len(self._waiting) + (self._current is not None)

    # Inputs

    def send(self, outgoing: Outgoing, *, now: int, first: bool = False) -> list[Action]:
        """Queue a frame; `first` puts it before all that wait (answers to a poll)."""
        if not self.has_room and not first:
            return [Finished(outgoing, TransmitStatus.ABORTED, 0, reason="queue full")]
        if first:
            self._waiting.appendleft(outgoing)
        else:
            self._waiting.append(outgoing)
        return self._next(now) if self._state is _State.IDLE else []

    def transmit_done(self, outcome: TransmitOutcome, *, now: int) -> list[Action]:
        """Take what became of the last Transmit."""
        if self._state is not _State.ON_AIR:
            return []  # nobody waits for it
        status, reason = outcome.status, outcome.reason
        if status is TransmitStatus.CHANNEL_ACCESS_FAILURE:
            if self._own_csma and self._csma.channel_busy():
                return self._back_off(now)
        elif status is not TransmitStatus.ABORTED:
            self._transmissions += outcome.transmissions or 1
            return self._transmitted(outcome, now)
        return self._finish(status, now, reason=reason)

    def receive_acknowledgment(self, received: ReceivedFrame, *, now: int) -> list[Action]:
        """Take an acknowledgment that came in: ours, or somebody else's."""
        if self._awaited is None or not self._awaited.is_in(received.psdu):
            return []
        waits = self._state is _State.AWAITING_ACK
        early = self._state is _State.ON_AIR and self._own_ack_timeout and self._early_ack is None
        if not (waits or early) or not self._is_genuine(received):
            return []
        if waits:
            return self._finish(TransmitStatus.SUCCESS, now, ack=received)
        self._early_ack = received  # it has overtaken the news that our frame is out
        return []

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        return self.deadline

    def handle_deadline(self, *, now: int) -> list[Action]:
        """Assess the channel, give up an acknowledgment, or go on after a silence."""
        if self.deadline is None or now < self.deadline:
            return []
        if self._state is _State.BACKOFF:
            return self._transmit()
        if self._state is _State.AWAITING_ACK:
            return self._unacknowledged(now, "")
        self._enter(_State.IDLE, None)
        return self._next(now)

    # One frame

    def _next(self, now: int) -> list[Action]:
        """Begin with the next frame that can be sent at all."""
        actions: list[Action] = []
        while self._waiting:
            self._current = outgoing = self._waiting.popleft()
            try:
                self._psdu = self._octets(outgoing)
            except LowpanError as error:  # no key, no counter left, a store that fails, no room
                self._current = None
                actions.append(Finished(outgoing, TransmitStatus.ABORTED, 0, reason=str(error)))
                continue
            self._awaited = awaited_ack(self._psdu)
            self._transmissions = self._repetitions = 0
            return actions + self._attempt(now)
        return actions

    def _octets(self, outgoing: Outgoing) -> bytes:
        """Return the PSDU of a frame; one that its receiver asks for once more is as it was.

        So it knows the counter again.  Only if others may have heard a higher one from us since,
        with a broadcast, the frame is sealed anew: its own would be refused.
        """
        if outgoing.sealed and outgoing.sealed_after == self._broadcasts:
            return outgoing.sealed
        psdu = (outgoing.encode or self._encode)(outgoing.frame)
        if outgoing.frame.destination in (None, BROADCAST):
            self._broadcasts += 1
        if outgoing.waits_for is not None:
            outgoing.sealed, outgoing.sealed_after = psdu, self._broadcasts
        return psdu

    def _is_genuine(self, ack: ReceivedFrame) -> bool:
        """Find out what `ack`, which has the form of ours, is worth."""
        if self._awaited is not None and self._awaited.secured:
            self._proof = self._verify(self._psdu, ack.psdu)
        return self._proof is not AckProof.REFUSED

    def _attempt(self, now: int) -> list[Action]:
        if not self._own_csma:
            return self._transmit()
        self._csma = CsmaCa(self._settings.csma, self._timing, self._random)
        return self._back_off(now)

    def _back_off(self, now: int) -> list[Action]:
        wait = self._csma.backoff()
        if not wait:
            return self._transmit()
        self._enter(_State.BACKOFF, now + wait)
        return []

    def _transmit(self) -> list[Action]:
        outgoing = self._current
        assert outgoing is not None
        self._early_ack, self._proof = None, AckProof.PLAIN
        self._enter(_State.ON_AIR, None)
        repetitions = 0 if self._own_retries else self._most_repetitions(outgoing)
        key = (repetitions, outgoing.channel)
        parameters = self._parameters.get(key)
        if parameters is None:
            backoffs = 0 if self._own_csma else self._settings.csma.mac_max_csma_backoffs
            parameters = self._parameters[key] = TransmitParameters(
                csma=True,
                max_csma_backoffs=backoffs,
                max_frame_retries=repetitions,
                channel=outgoing.channel,
            )
        return [Transmit(self._psdu, parameters)]

    def _transmitted(self, outcome: TransmitOutcome, now: int) -> list[Action]:
        """Go on once the frame was on air."""
        if outcome.status is TransmitStatus.NO_ACK:
            return self._unacknowledged(now, outcome.reason)
        awaited, ack = self._awaited, outcome.ack
        if awaited is not None and ack is not None and not self._is_genuine_of(awaited, ack):
            ack = None
            if not self._own_ack_timeout:
                return self._unacknowledged(now, FORGED, deceived=True)
        ack = ack or self._early_ack
        if awaited is not None and self._own_ack_timeout and ack is None:
            wait = self._timing.ack_wait_for(awaited.longest)
            self._enter(_State.AWAITING_ACK, now + wait)
            return []
        return self._finish(outcome.status, now, ack=ack, reason=outcome.reason)

    def _is_genuine_of(self, awaited: AwaitedAck, ack: ReceivedFrame) -> bool:
        """Judge what the radio took for the acknowledgment.

        That it is ours it has seen itself; whether it is as secured as the frame, it may not know.
        """
        return not awaited.secured or (awaited.is_in(ack.psdu) and self._is_genuine(ack))

    def _unacknowledged(self, now: int, reason: str, *, deceived: bool = False) -> list[Action]:
        """Repeat the frame, also where the radio would have if it had not been deceived."""
        assert self._current is not None
        most = self._most_repetitions(self._current)
        if (self._own_retries or deceived) and self._repetitions < most:
            self._repetitions += 1
            return self._attempt(now)
        self._proof = AckProof.PLAIN
        return self._finish(TransmitStatus.NO_ACK, now, reason=reason)

    def _most_repetitions(self, outgoing: Outgoing) -> int:
        """Return how often a frame is repeated; a sleeper has to ask again instead (§6.7.4.3)."""
        return 0 if outgoing.waits_for is not None else self._settings.mac_max_frame_retries

    def _finish(
        self,
        status: TransmitStatus,
        now: int,
        *,
        ack: ReceivedFrame | None = None,
        reason: str = "",
    ) -> list[Action]:
        outgoing, self._current = self._current, None
        assert outgoing is not None
        secured = ack is not None and self._proof is AckProof.SECURED
        transmissions = outgoing.transmissions + self._transmissions
        finished = Finished(outgoing, status, transmissions, ack, reason, secured)
        if self._own_csma and self._transmissions:
            space = self._timing.interframe_space(len(self._psdu))
            self._enter(_State.SPACING, now + space)
            return [finished]
        self._enter(_State.IDLE, None)
        return [finished, *self._next(now)]

    def _enter(self, state: _State, deadline: int | None) -> None:
        self._state, self.deadline = state, deadline
