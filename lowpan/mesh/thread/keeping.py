"""Staying a child: keep-alive, supervision, and what the parent asks of us."""

from dataclasses import dataclass

from lowpan.adaptation.pace import Allowance
from lowpan.errors import LowpanError
from lowpan.mesh.service import ExpectAnswer, FrameSent, MeshAction
from lowpan.mesh.thread import messages
from lowpan.mesh.thread.asking import JITTER, Asking
from lowpan.mesh.thread.child_addresses import ChildAddresses
from lowpan.mesh.thread.events import Loss, SendingFailed
from lowpan.mesh.thread.locators import router_id
from lowpan.mesh.thread.station import Station
from lowpan.wire.mle import MleMessage, TlvContent, TlvType
from lowpan.wire.mle_draft import (
    Challenge,
    LinkLayerFrameCounter,
    MleFrameCounter,
    Mode,
    Response,
    SourceAddress,
    Timeout,
)
from lowpan.wire.mle_tlvs import Status, SupervisionInterval, TlvRequest

_REGISTER_AFTER = 100_000
"""Microseconds: several changes of our addresses are told in one message."""
_ERROR = 1


@dataclass(frozen=True, slots=True)
class ParentGone:
    """There is no parent any more."""

    loss: Loss


KeepingAction = MeshAction | ParentGone


class Keeping:
    """What a child does so that its parent knows it; `now` is microseconds."""

    def __init__(self, station: Station, addresses: ChildAddresses) -> None:
        self._station, self._addresses = station, addresses
        settings = station.settings
        self.update = Asking(settings.retry_interval, settings.most_attempts, station.random)
        self._heard_at = 0
        self._lost_frames = 0
        self._challenge, self._challenged_at = b"", 0
        self._wants_challenge = False
        self._answers = Allowance(each=100_000, burst=10)

    def begin(self, *, now: int) -> None:
        """There is a parent."""
        self._heard_at, self._lost_frames = now, 0
        self._challenge, self._wants_challenge = b"", False
        self.update.answered(self._next_update(now))

    def stop(self) -> None:
        """There is none."""
        self.update.stop()

    def register_addresses(self, *, now: int) -> None:
        """Tell the parent soon which addresses are ours; nobody wants to know a full device's."""
        if not self._station.settings.role.is_full_thread_device:
            self.update.ask_at(now + _REGISTER_AFTER)

    def ask_at(self, moment: int, *, challenge: bool = False) -> None:
        """Ask the parent at `moment` whether all is well, with a challenge to prove itself."""
        self._wants_challenge = self._wants_challenge or challenge
        self.update.ask_at(moment)

    def parent_heard(self, *, now: int) -> None:
        """Take an authentic frame of the parent: it is there."""
        self._heard_at = now

    def frame_sent(self, sent: FrameSent) -> list[KeepingAction]:
        """Take what became of a frame to the parent.

        An acknowledgment in clear can be forged, and only says that we need not give up yet: the
        keep-alive finds out.
        """
        if sent.acknowledged:
            self._lost_frames = 0
            return []
        self._lost_frames += 1
        if self._lost_frames < self._station.settings.most_lost_frames:
            return []
        return [ParentGone(Loss.NO_ACKNOWLEDGMENT)]

    def challenged_at(self, message: MleMessage) -> int | None:
        """Return when the challenge was sent that `message` answers, None if it answers none."""
        response = message.find(TlvType.RESPONSE, Response)
        if response is None or not self._challenge or response.response != self._challenge:
            return None
        return self._challenged_at

    def receive_update_response(self, message: MleMessage, *, now: int) -> list[KeepingAction]:
        """Take the parent's answer to our Child Update Request."""
        parent = self._station.parent
        if parent is None or self._station.rloc16 is None:
            return []
        if message.find(TlvType.STATUS) is not None:
            return [ParentGone(Loss.REFUSED)]
        mode = message.find(TlvType.MODE, Mode)
        if mode is None or mode != self._station.settings.role.mode:
            return []
        source = message.find(TlvType.SOURCE_ADDRESS, SourceAddress)
        if source is None or len(source.address) != 2:
            return []
        if router_id(source.address) != router_id(self._station.rloc16):
            return [ParentGone(Loss.MOVED)]
        self._challenge = b""
        self.update.answered(self._next_update(now))
        return []

    def receive_update_request(
        self, message: MleMessage, sender: bytes, *, now: int
    ) -> list[KeepingAction]:
        """Answer a Child Update Request, of our parent or of who takes us for its child."""
        station = self._station
        source = message.find(TlvType.SOURCE_ADDRESS, SourceAddress)
        if source is None or station.rloc16 is None or station.leader_data is None:
            return []
        if station.parent is None or not station.is_parent(sender):
            answer = messages.no_child_of_yours(station.rloc16, station.leader_data)
            may = self._answers.take(now=now)
            return [*station.send(answer, sender, now=now)] if may else []
        status = message.find(TlvType.STATUS, Status)
        if status is not None and status.status == _ERROR:
            return [ParentGone(Loss.REFUSED)]
        if source.address != station.parent.rloc16:
            return [ParentGone(Loss.MOVED)]
        return self._answer(message, sender, now) if self._answers.take(now=now) else []

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        update = self.update.next_deadline()
        silent = self._supervision_due()
        if update is None or silent is None:
            return silent if update is None else update
        return min(update, silent)

    def handle_deadline(self, *, now: int) -> list[KeepingAction]:
        """Ask the parent, or give it up."""
        silent = self._supervision_due()
        if silent is not None and now >= silent:
            self._heard_at = now
            self.update.ask_at(now)
        if not self.update.is_due(now=now):
            return []
        if self.update.is_worn_out:
            return [ParentGone(Loss.NO_ANSWER)]
        return [*self._ask(now)]

    def take_leave(self, *, now: int) -> list[MeshAction]:
        """Tell the parent that we go."""
        station = self._station
        if station.parent is None or station.rloc16 is None:
            return []
        goodbye = messages.child_update_request(
            station.settings,
            rloc16=station.rloc16,
            leader_data=station.leader_data,
            registered=self._addresses.registered(),
            timeout=0,
        )
        return station.send(goodbye, station.parent.extended, now=now)

    def _ask(self, now: int) -> list[MeshAction]:
        station = self._station
        if station.parent is None:
            return []
        challenge = None
        if self._wants_challenge:
            challenge = self._challenge = station.challenge()
            self._challenged_at, self._wants_challenge = now, False
        request = messages.child_update_request(
            station.settings,
            challenge=challenge,
            rloc16=station.rloc16,
            leader_data=station.leader_data,
            registered=self._addresses.registered(),
        )
        self.update.sent(now=now)
        actions = station.send(request, station.parent.extended, now=now)
        if station.settings.role.sleeps:
            actions.append(ExpectAnswer(now + station.settings.retry_interval))
        return actions

    def _answer(self, message: MleMessage, sender: bytes, now: int) -> list[KeepingAction]:
        station = self._station
        tlvs: list[tuple[TlvType, TlvContent]] = []
        challenge = message.find(TlvType.CHALLENGE, Challenge)
        wanted = set[int]()
        if challenge is not None:
            tlvs.append((TlvType.RESPONSE, Response(challenge.challenge)))
            wanted |= {TlvType.MLE_FRAME_COUNTER, TlvType.LINK_LAYER_FRAME_COUNTER}
        asked = message.find(TlvType.TLV_REQUEST, TlvRequest)
        wanted |= set() if asked is None else set(asked.types)
        try:
            tlvs += [tlv for kind in sorted(wanted) if (tlv := self._tlv(kind, now)) is not None]
        except LowpanError as error:
            return [SendingFailed(str(error))]
        assert station.rloc16 is not None
        assert station.leader_data is not None
        answer = messages.child_update_response(station.rloc16, station.leader_data, *tlvs)
        return [*station.send(answer, sender, now=now)]

    def _tlv(self, kind: int, now: int) -> tuple[TlvType, TlvContent] | None:
        """Return what the parent wants to know, None if we do not tell that."""
        station, settings = self._station, self._station.settings
        registered = self._addresses.registered()
        contents: dict[int, TlvContent | None] = {
            TlvType.MODE: settings.role.mode,
            TlvType.TIMEOUT: Timeout(settings.timeout),
            TlvType.ADDRESS_REGISTRATION: registered,
            TlvType.SUPERVISION_INTERVAL: (
                SupervisionInterval(settings.supervision_interval) if settings.role.sleeps else None
            ),
        }
        if kind == TlvType.MLE_FRAME_COUNTER:
            return TlvType.MLE_FRAME_COUNTER, MleFrameCounter(station.mle.next_counter(now=now))
        if kind == TlvType.LINK_LAYER_FRAME_COUNTER:
            counter = station.security.next_counter(now=now)
            return TlvType.LINK_LAYER_FRAME_COUNTER, LinkLayerFrameCounter(counter)
        found = contents.get(kind)
        return None if found is None else (TlvType(kind), found)

    def _next_update(self, now: int) -> int | None:
        """Return when to be heard of next; a sleeper's polls do that."""
        settings = self._station.settings
        if settings.role.sleeps:
            return None
        spare = (settings.retry_interval + JITTER) * settings.most_attempts
        return now + max(settings.timeout * 1_000_000 - spare, settings.retry_interval)

    def _supervision_due(self) -> int | None:
        station = self._station
        if not station.settings.role.sleeps or station.parent is None or self.update.waits:
            return None
        return self._heard_at + station.settings.supervision_timeout
