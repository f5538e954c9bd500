"""After a restart: the last parent is asked whether we are still its child."""

from dataclasses import dataclass

from lowpan.errors import StoreError
from lowpan.mesh.mle_security import OpenedMle
from lowpan.mesh.service import MeshAction, SleepOn
from lowpan.mesh.thread import messages
from lowpan.mesh.thread.asking import Asking
from lowpan.mesh.thread.attaching import ATTACH_POLL_INTERVAL
from lowpan.mesh.thread.child_addresses import ChildAddresses
from lowpan.mesh.thread.events import Restoring as RestoringNews
from lowpan.mesh.thread.events import SendingFailed
from lowpan.mesh.thread.locators import router_id
from lowpan.mesh.thread.remembered import Remembered
from lowpan.mesh.thread.station import Station
from lowpan.wire.mle import MleMessage, TlvType
from lowpan.wire.mle_draft import (
    LinkLayerFrameCounter,
    MleFrameCounter,
    Mode,
    Response,
    SourceAddress,
)
from lowpan.wire.mle_tlvs import LeaderData


@dataclass(frozen=True, slots=True)
class Restored:
    """The parent knows us."""

    remembered: Remembered
    leader_data: LeaderData


@dataclass(frozen=True, slots=True)
class NotRestored:
    """It does not, or is not there."""


RestoringAction = MeshAction | Restored | NotRestored


class Restoring:
    """Asks with a challenge, so that no answer from before the restart can be taken for one."""

    def __init__(self, station: Station, addresses: ChildAddresses) -> None:
        self._station, self._addresses = station, addresses
        settings = station.settings
        self._request = Asking(settings.retry_interval, settings.most_attempts, station.random)
        self._remembered: Remembered | None = None
        self._challenge, self._challenged_at = b"", 0

    def start(self, remembered: Remembered, *, now: int) -> None:
        """Ask, at once or nearly so."""
        self._remembered = remembered
        self._request.stop()
        self._request.ask_at(now + self._station.soon(25_000))

    def stop(self) -> None:
        """Ask no more."""
        self._remembered, self._challenge = None, b""
        self._request.stop()

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nobody is asked."""
        return self._request.next_deadline()

    def handle_deadline(self, *, now: int) -> list[RestoringAction]:
        """Ask again, or give up."""
        remembered = self._remembered
        if remembered is None or not self._request.is_due(now=now):
            return []
        if self._request.is_worn_out:
            self.stop()
            return [NotRestored()]
        return [*self._ask(remembered, now)]

    def challenged_at(self, message: MleMessage, sender: bytes) -> int | None:
        """Return when our last challenge was sent, if `message` of `sender` answers it.

        None if it does not, or is not from whom we have asked.
        """
        response = message.find(TlvType.RESPONSE, Response)
        asked = self._remembered is not None and self._remembered.parent == sender
        if not asked or response is None or not self._challenge:
            return None
        return self._challenged_at if response.response == self._challenge else None

    def receive_update_response(
        self, message: MleMessage, opened: OpenedMle, *, now: int
    ) -> list[RestoringAction]:
        """Take an answer that repeats our challenge."""
        remembered = self._remembered
        mode = message.find(TlvType.MODE, Mode)
        if message.find(TlvType.STATUS) is not None:
            self.stop()
            return [NotRestored()]
        if remembered is None or mode != self._station.settings.role.mode:
            return []
        source = message.find(TlvType.SOURCE_ADDRESS, SourceAddress)
        leader = message.find(TlvType.LEADER_DATA, LeaderData)
        link = message.find(TlvType.LINK_LAYER_FRAME_COUNTER, LinkLayerFrameCounter)
        if source is None or len(source.address) != 2 or leader is None or link is None:
            return []
        mle = message.find(TlvType.MLE_FRAME_COUNTER, MleFrameCounter)
        if router_id(source.address) != router_id(remembered.rloc16):
            self.stop()
            return [NotRestored()]
        counter = link.frame_counter if mle is None else mle.frame_counter
        try:
            self._establish(opened, link.frame_counter, counter, now)
        except StoreError as error:
            return [SendingFailed(str(error))]
        self.stop()
        return [
            Restored(Remembered(opened.sender, source.address, remembered.rloc16), leader),
        ]

    def _establish(self, opened: OpenedMle, link: int, mle: int, now: int) -> None:
        station, sender, asked = self._station, opened.sender, self._challenged_at
        key = opened.key_fingerprint
        station.mle.establish(sender, mle, key_fingerprint=key, challenged_at=asked, now=now)
        sequence = opened.key_sequence
        if sequence is not None and station.security.keys.thread_key(sequence) is not None:
            station.security.establish(
                sender, link, key_sequence=sequence, challenged_at=asked, now=now
            )

    def _ask(self, remembered: Remembered, now: int) -> list[MeshAction]:
        station = self._station
        self._challenge, self._challenged_at = station.challenge(), now
        self._request.sent(now=now)
        request = messages.child_update_request(
            station.settings,
            challenge=self._challenge,
            registered=self._addresses.registered(mesh_local_only=True),
        )
        actions: list[MeshAction] = [RestoringNews(remembered.parent, remembered.rloc16)]
        actions += station.send(request, remembered.parent, now=now)
        if station.settings.role.sleeps:
            actions.append(SleepOn(remembered.parent_rloc16, ATTACH_POLL_INTERVAL))
        return actions
