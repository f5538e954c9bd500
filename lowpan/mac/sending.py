"""Sending: at once or when a sleeper asks, sealed, and until it is known what became of it."""

from collections.abc import Callable
from random import Random

from lowpan.mac.device_names import DeviceNames
from lowpan.mac.framing import with_frame_pending
from lowpan.mac.indirect import IndirectQueue
from lowpan.mac.keys import KeyUnavailable
from lowpan.mac.security import LinkSecurity, Opened
from lowpan.mac.service import (
    CommandSent,
    DataSent,
    Drop,
    FrameDropped,
    LinkAction,
    LinkProtection,
    Transmit,
)
from lowpan.mac.timing import PhyTiming
from lowpan.mac.transmission import (
    AckProof,
    Action,
    Finished,
    Outgoing,
    Transmitter,
    TransmitterSettings,
)
from lowpan.radio import RadioCapability, ReceivedFrame, TransmitOutcome, TransmitStatus
from lowpan.wire.ieee802154 import FRAME, Frame, FrameType, encode_frame

DropFrame = Callable[[Drop, str, bytes], FrameDropped]


class Sending:
    """The frames of one link layer that are not sent yet: numbered, and ended once each.

    `drop` counts acknowledgments that were forged.  `now` is microseconds.
    """

    def __init__(  # noqa: PLR0913  (what the link layer was made of)
        self,
        capabilities: RadioCapability,
        timing: PhyTiming,
        random: Random,
        settings: TransmitterSettings,
        *,
        security: LinkSecurity | None,
        drop: DropFrame,
    ) -> None:
        self._security, self._drop = security, drop
        self._sequence_number = random.randrange(256)
        self._transmitter = Transmitter(
            self._encode, capabilities, timing, random, settings, verify=self._verify
        )
        self._indirect = IndirectQueue(timing.transaction_persistence)
        self._sleepers: frozenset[bytes] = frozenset()
        self._named: frozenset[tuple[bytes, bytes]] = frozenset()
        """Sleepers whose names whoever told of them has given."""
        self.names = DeviceNames()
        """Of the devices that a coordinator has given short addresses."""
        self._forged: list[LinkAction] = []
        self._now = 0
        self.pending = self._receivers = self._indirect.receivers
        """For whom frames wait, by all names, as was last asked for."""

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is being sent, or waits for more than to be asked for."""
        return not len(self._transmitter)

    def pending_has_changed(self) -> bool:
        """Bring `pending` up to date, and tell whether it was not."""
        if self._receivers is self._indirect.receivers:
            return False
        self._receivers = self._indirect.receivers
        before, self.pending = self.pending, self.names.all_of(self._receivers)
        return before != self.pending

    def sleeper(self, address: bytes) -> bytes | None:
        """Return the one name of a neighbour that sleeps, None for who listens."""
        name = self.names.one_of(address)
        return name if name in self._sleepers else None

    def waits_for(self, address: bytes) -> bool:
        """Tell whether a frame waits for `address`."""
        return self._indirect.waits_for(self.names.one_of(address))

    def send(  # noqa: PLR0913  (when and how, each with its default)
        self,
        frame: Frame,
        handle: int | str | None,
        *,
        now: int,
        channel: int | None = None,
        indirect: bool = False,
        at_once: bool = False,
        protection: LinkProtection = LinkProtection.POLICY,
    ) -> list[LinkAction]:
        """Send a frame in its turn, or `at_once`, or when its receiver asks for it."""
        self._now = now
        frame.sequence_number = self._sequence_number
        self._sequence_number = self._sequence_number + 1 & 0xFF
        outgoing, receiver = Outgoing(frame, handle, channel), frame.destination
        if protection is LinkProtection.CLEAR:
            outgoing.encode = encode_frame
        elif protection is LinkProtection.WELL_KNOWN:
            outgoing.encode = self._seal_well_known
        if receiver is not None:
            receiver = self.names.one_of(receiver)
        if at_once or receiver is None or not (indirect or receiver in self._sleepers):
            return self._actions(self._transmitter.send(outgoing, now=now, first=at_once))
        outgoing.waits_for = receiver
        if self._indirect.hold(receiver, outgoing, now=now):
            return []
        why = "too many frames wait for this sleeper"
        return _confirm(Finished(outgoing, TransmitStatus.ABORTED, 0, reason=why))

    def answer_poll(self, sleeper: bytes, *, now: int) -> list[LinkAction]:
        """Send the first frame that waits, before anything else: the sleeper listens now."""
        self._now = now
        taken = self._indirect.take(self.names.one_of(sleeper))
        if taken is None:
            return []  # it is being sent already
        outgoing, more = taken
        if more and not outgoing.sealed:
            outgoing.frame = with_frame_pending(outgoing.frame)
        return self._actions(self._transmitter.send(outgoing, now=now, first=True))

    def set_sleepers(
        self,
        sleepers: frozenset[bytes],
        named: frozenset[tuple[bytes, bytes]] = frozenset(),
        *,
        now: int,
    ) -> list[LinkAction]:
        """Have others sleep; what waits for those that no longer do is sent."""
        self._now = now
        for short, extended in self._named - named:
            self.names.release(short, extended)
        for short, extended in sorted(named - self._named):
            self.names.give(short, extended)
        self._named = named
        awake, self._sleepers = self._sleepers - sleepers, sleepers
        actions: list[LinkAction] = []
        for address in sorted(awake):
            for outgoing in self._indirect.release(address):
                outgoing.waits_for = None
                actions += self._actions(self._transmitter.send(outgoing, now=now))
        return actions

    def receive_acknowledgment(self, received: ReceivedFrame, *, now: int) -> list[LinkAction]:
        """Take an acknowledgment that came in."""
        self._now = now
        return self._actions(self._transmitter.receive_acknowledgment(received, now=now))

    def transmit_done(self, outcome: TransmitOutcome, *, now: int) -> list[LinkAction]:
        """Take what became of the last Transmit."""
        self._now = now
        return self._actions(self._transmitter.transmit_done(outcome, now=now))

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        mine, indirect = self._transmitter.deadline, self._indirect.deadline
        if mine is None or indirect is None:
            return indirect if mine is None else mine
        return min(mine, indirect)

    def handle_deadline(self, *, now: int) -> list[LinkAction]:
        """Do what is due."""
        self._now = now
        actions: list[LinkAction] = []
        for outgoing in self._indirect.handle_deadline(now=now):
            been = outgoing.transmissions
            status = TransmitStatus.NO_ACK if been else TransmitStatus.ABORTED
            actions += _confirm(Finished(outgoing, status, been, reason="nobody asked for it"))
        return actions + self._actions(self._transmitter.handle_deadline(now=now))

    def _encode(self, frame: Frame) -> bytes:
        security, kind = self._security, frame.control.frame_type
        command = frame.payload[0] if kind == FrameType.MAC_COMMAND else None
        if security is None or not security.wants_sealed(kind, command):
            return encode_frame(frame)
        return security.seal(frame, now=self._now)

    def _seal_well_known(self, frame: Frame) -> bytes:
        if self._security is None:
            raise KeyUnavailable("no store for the counter of the well-known key")
        return self._security.well_known.seal(frame, now=self._now)

    def _verify(self, psdu: bytes, ack: bytes) -> AckProof:
        """Tell what the acknowledgment of a secured frame of version 2 proves."""
        if self._security is None:
            return AckProof.PLAIN  # whoever gave us sealed octets knows why
        sent, heard = FRAME.decode(psdu), FRAME.decode(ack)
        opened = self._security.open_acknowledgment(heard, ack, sent, now=self._now)
        if isinstance(opened, Opened):
            return AckProof.SECURED
        self._forged.append(self._drop(opened.drop, opened.reason, ack))
        return AckProof.REFUSED

    def _actions(self, actions: list[Action]) -> list[LinkAction]:
        made, self._forged = self._forged, []
        for action in actions:
            if isinstance(action, Transmit):
                made.append(action)
            elif self._is_over(action):
                made += _confirm(action)
        return made

    def _is_over(self, finished: Finished) -> bool:
        """Tell whether a frame goes out no more; for a sleeper it waits for another request."""
        outgoing, sleeper = finished.outgoing, finished.outgoing.waits_for
        if sleeper is None:
            return True
        if finished.status in (TransmitStatus.SUCCESS, TransmitStatus.ABORTED):
            self._indirect.delivered(sleeper)
            return True
        outgoing.transmissions = finished.transmissions
        return not self._indirect.not_delivered(sleeper, now=self._now)


def _confirm(finished: Finished) -> list[LinkAction]:
    """Tell whoever asked for a frame what became of it."""
    handle, ack = finished.outgoing.handle, finished.ack
    pending = bool(ack.psdu[0] & 0x10) if ack is not None and ack.psdu else None
    told = (finished.status, finished.transmissions, finished.ack_secured)
    if isinstance(handle, str):
        return [CommandSent(handle, *told, pending, finished.reason)]
    if handle is None:
        return []
    return [DataSent(handle, *told, bool(pending), finished.reason)]
