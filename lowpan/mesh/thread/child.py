"""A Thread child: the mesh engine of a node that joins a Thread network and stays in it."""

from collections import Counter
from collections.abc import Sequence
from random import Random

from lowpan.adaptation.pace import Allowance
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.key_sequence import KeySequenceAction, LinkToEstablish, Standing
from lowpan.mesh.mle_security import THREAD_IN_CLEAR, MleRefusal, OpenedMle, StaleMle
from lowpan.mesh.service import (
    FrameHeard,
    FrameSent,
    MeshAction,
    MeshUdpReceived,
    MleReceived,
    MleRefused,
    ReplayRejected,
)
from lowpan.mesh.thread.address_query import MANAGEMENT_PORT, AddressQueries
from lowpan.mesh.thread.assignment import State
from lowpan.mesh.thread.child_addresses import ChildAddresses
from lowpan.mesh.thread.datasets import Datasets
from lowpan.mesh.thread.events import Loss
from lowpan.mesh.thread.identity import Identity
from lowpan.mesh.thread.keeping import ParentGone
from lowpan.mesh.thread.membership import Membership
from lowpan.mesh.thread.network import ThreadNetwork
from lowpan.mesh.thread.settings import ChildSettings
from lowpan.mesh.thread.station import Station
from lowpan.radio import RadioSettings
from lowpan.store import Store
from lowpan.wire.addresses import LINK_LOCAL_PREFIX, is_multicast
from lowpan.wire.mle import MLE_HOP_LIMIT, MLE_MESSAGE, UNSECURED, MleCommand, MleMessage, TlvType
from lowpan.wire.mle_draft import SourceAddress

_NO_PAN = 0xFFFF
DEFAULT_SETTINGS = ChildSettings()


class ThreadChild:
    """Joins `network` as a child; a MeshEngine.

    `security` is the node's link security, whose keys are managed here, and `store` is theirs:
    parent, datasets, key sequence, counters and identity survive a crash at any moment.  `network`
    is what is known of it; a later state of the same network that `store` has goes first.
    """

    udp_ports = frozenset({MANAGEMENT_PORT})

    def __init__(  # noqa: PLR0913  (what it joins, and what it joins with)
        self,
        network: ThreadNetwork,
        security: LinkSecurity,
        store: Store,
        random: Random,
        *,
        settings: ChildSettings = DEFAULT_SETTINGS,
        now: int,
    ) -> None:
        """Begin with what `store` has; raise StoreError."""
        datasets = Datasets(network, store, now=now)
        self._addresses = ChildAddresses(Identity(store, random), settings)
        self._station = Station(datasets.active, security, store, random, settings, now=now)
        self._member = Membership(self._station, self._addresses, datasets)
        self._queries = AddressQueries(self._station, self._addresses)
        each = 1_000_000 // settings.messages_a_second
        self._allowance = Allowance(each=each, burst=settings.messages_a_second)
        self.refused: Counter[str] = Counter()
        """How many MLE messages went no further, by why."""

    # What it is

    @property
    def state(self) -> State:
        """What it is doing."""
        return self._member.state

    @property
    def network(self) -> ThreadNetwork:
        """The network, as it is known now."""
        return self._station.network

    @property
    def key_sequence(self) -> int:
        """Of what we send."""
        return self._station.keys.current

    @property
    def parent(self) -> bytes | None:
        """Extended address of our parent, None while there is none."""
        parent = self._station.parent
        return None if parent is None else parent.extended

    @property
    def rloc16(self) -> bytes | None:
        """Our short address as its child, None while we are none."""
        return self._station.rloc16

    @property
    def mesh_local_address(self) -> bytes | None:
        """The address that stays ours wherever we are in the mesh, 16 octets."""
        return self._addresses.mesh_local

    def leave(self, *, now: int) -> list[MeshAction]:
        """Tell the parent that we go; start() comes back."""
        self._queries.stop()
        return self._member.take_leave(now=now)

    def settle(self, *, now: int) -> None:
        """Before an orderly end: what the next start need not find out; raises StoreError."""
        self._station.mle.settle(now=now)
        self._member.datasets.save(now=now)

    # MeshEngine

    def start(self, radio: RadioSettings, *, now: int) -> list[MeshAction]:
        """Begin; `radio` is who we are, with the extended address that `security` has."""
        if radio.extended_address != self._station.extended:
            raise FieldOutOfRange("a Thread child is sealed for another extended address")
        self._station.radio = radio
        return self._member.start(now=now)

    def receive_message(self, received: MleReceived, *, now: int) -> list[MeshAction]:
        """Take an MLE datagram."""
        source = received.source
        sender = bytes((source[8] ^ 2,)) + source[9:]
        if received.hop_limit != MLE_HOP_LIMIT or not source.startswith(LINK_LOCAL_PREFIX):
            return self._refuse(sender, "not from this link")
        in_clear = received.payload[:1] == bytes((UNSECURED,))
        if in_clear and not self._member.scanning.is_under_way:
            return []  # somebody else's Discovery
        if not self._allowance.take(now=now):
            self.refused["too many messages"] += 1
            return []
        opened = self._station.mle.open(
            received.payload,
            source,
            received.destination,
            sender,
            in_clear=THREAD_IN_CLEAR if in_clear else frozenset(),
            now=now,
        )
        if isinstance(opened, MleRefusal):
            return self._refuse(sender, opened.drop.value)
        return self._opened(opened, received, now)

    def receive_udp(self, received: MeshUdpReceived, *, now: int) -> list[MeshAction]:
        """Take a management message; only those of the mesh itself, secured on this link."""
        prefix = self._station.network.mesh_local_prefix
        inside = received.source[:8] in {prefix, LINK_LOCAL_PREFIX}
        if not received.link_security_level or not inside:
            return []
        if received.destination_port != MANAGEMENT_PORT:
            return []
        return self._queries.receive(received, now=now)

    def frame_heard(self, heard: FrameHeard, *, now: int) -> list[MeshAction]:
        """Take note of a frame: the parent is there, the keys may have moved on."""
        if not heard.authentic:
            return []
        if self._station.is_parent(heard.sender):
            self._member.keeping.parent_heard(now=now)
        if heard.key_sequence is None or heard.key_sequence <= self._station.keys.current:
            return []
        return self._rotated(self._station.keys.frame_accepted(heard.key_sequence, now=now), now)

    def frame_sent(self, sent: FrameSent, *, now: int) -> list[MeshAction]:
        """Take note of what became of a frame to our parent."""
        parent = self._station.parent
        if parent is None or sent.receiver not in {parent.extended, parent.rloc16}:
            return []
        return self._member.do([*self._member.keeping.frame_sent(sent)], now)

    def parent_lost(self, *, now: int) -> list[MeshAction]:
        """Look for another parent: this one has not answered our polls."""
        return self._member.do([ParentGone(Loss.NO_POLL)], now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        if self._member.state is State.STOPPED:
            return None
        dues = (
            self._member.next_deadline(),
            self._queries.next_deadline(),
            self._station.keys.next_deadline(),
        )
        return min((due for due in dues if due is not None), default=None)

    def handle_deadline(self, *, now: int) -> list[MeshAction]:
        """Do what is due."""
        if self._member.state is State.STOPPED:
            return []
        actions: list[MeshAction] = []
        if self._station.keys.next_deadline() <= now:
            actions += self._rotated(self._station.keys.handle_deadline(now=now), now)
        actions += self._member.handle_deadline(now=now)
        return actions + self._queries.handle_deadline(now=now)

    # Messages

    def _opened(
        self, opened: OpenedMle | StaleMle, received: MleReceived, now: int
    ) -> list[MeshAction]:
        """Read a message whose MIC was right; believe one that is not new only with a proof."""
        try:
            message = MLE_MESSAGE.decode(opened.message)
        except MalformedFrame:
            return self._refuse(opened.sender, "malformed")
        if isinstance(opened, OpenedMle):
            return self._dispatch(message, opened, received, now)
        believed = self._believe(opened, message, now)
        if believed is not None:
            return self._dispatch(message, believed, received, now)
        self.refused["replayed"] += 1
        return [ReplayRejected(opened.sender, opened.opened.frame_counter or 0)]

    def _believe(self, stale: StaleMle, message: MleMessage, now: int) -> OpenedMle | None:
        """Return a message that is not new by its counter, if it answers a fresh challenge."""
        asked = self._challenged_at(message, stale.sender)
        if asked is None:
            return None
        found = self._station.mle.accept_answer(stale, challenged_at=asked, now=now)
        return found if isinstance(found, OpenedMle) else None

    def _challenged_at(self, message: MleMessage, sender: bytes) -> int | None:
        """Return when the challenge of ours was sent that `message` answers, None if none."""
        member = self._member
        if message.command == MleCommand.PARENT_RESPONSE:
            return member.attaching.challenged_at(message)
        if message.command != MleCommand.CHILD_UPDATE_RESPONSE:
            return None
        asked = member.restoring.challenged_at(message, sender)
        if asked is None and self._station.is_parent(sender):
            asked = member.keeping.challenged_at(message)
        return asked

    def _dispatch(
        self, message: MleMessage, opened: OpenedMle, received: MleReceived, now: int
    ) -> list[MeshAction]:
        """Act on a message that is right and new, and on the key sequence that it came under."""
        command, member = message.command, self._member
        if opened.security_level == 0:
            if command != MleCommand.DISCOVERY_RESPONSE:
                return []
            return member.scanning.receive_response(message, received)
        fresh = self._challenged_at(message, opened.sender) is not None
        standing = Standing.AUTHORITATIVE if fresh else Standing.PEER
        actions: list[MeshAction] = []
        if opened.key_sequence is not None:
            told = self._station.keys.message_accepted(
                opened.sender,
                opened.key_sequence,
                standing,
                is_neighbour=self._station.is_parent(opened.sender),
                now=now,
            )
            actions += self._rotated(told, now)
        if command == MleCommand.PARENT_RESPONSE:
            if fresh:
                actions += member.attaching.receive_parent_response(
                    message, opened, received.rssi, now=now
                )
        elif command == MleCommand.CHILD_ID_RESPONSE:
            actions += member.receive_child_id_response(message, opened, now=now)
        elif command == MleCommand.ANNOUNCE:
            actions += member.announcing.receive_announce(
                message, is_attached=member.state is State.ATTACHED, now=now
            )
        elif command == MleCommand.CHILD_UPDATE_REQUEST:
            actions += self._update_request(message, opened, received, now)
        elif command == MleCommand.CHILD_UPDATE_RESPONSE:
            actions += self._update_response(message, opened, received, now)
        elif self._station.is_parent(opened.sender):
            actions += self._parent_says(message, received, now)
        elif command == MleCommand.ADVERTISEMENT:
            self._know(message, opened.sender)
        return actions

    def _know(self, message: MleMessage, sender: bytes) -> None:
        """Know a router by its short address, so that its broadcasts can be opened."""
        source, station = message.find(TlvType.SOURCE_ADDRESS, SourceAddress), self._station
        if source is not None and len(source.address) == 2 and station.radio.pan_id != _NO_PAN:
            station.security.peers.verified(sender, source.address, station.radio.pan_id)

    def _parent_says(
        self, message: MleMessage, received: MleReceived, now: int
    ) -> list[MeshAction]:
        """Take an Advertisement or a Data Response of our parent."""
        member, parent = self._member, self._station.parent
        if parent is None:
            return []
        if message.command == MleCommand.ADVERTISEMENT:
            source = message.find(TlvType.SOURCE_ADDRESS, SourceAddress)
            if source is None:
                return []
            if source.address != parent.rloc16:
                return member.detach(Loss.MOVED, now)
            return member.follow(member.following.receive_advertisement(message, now=now), now)
        if message.command == MleCommand.DATA_RESPONSE:
            to_all = is_multicast(received.destination)
            return member.follow(member.following.take(message, to_all=to_all, now=now), now)
        return []

    def _update_request(
        self, message: MleMessage, opened: OpenedMle, received: MleReceived, now: int
    ) -> list[MeshAction]:
        member = self._member
        if member.state is not State.ATTACHED or is_multicast(received.destination):
            return []
        told = member.keeping.receive_update_request(message, opened.sender, now=now)
        actions = member.do([*told], now)
        if self._station.is_parent(opened.sender):
            followed = member.following.take(message, to_all=False, now=now)
            actions += member.follow(followed, now)
        return actions

    def _update_response(
        self, message: MleMessage, opened: OpenedMle, received: MleReceived, now: int
    ) -> list[MeshAction]:
        member = self._member
        if member.restoring.challenged_at(message, opened.sender) is not None:
            told = member.restoring.receive_update_response(message, opened, now=now)
            return member.do([*told], now)
        if not self._station.is_parent(opened.sender):
            return []
        kept = member.keeping.receive_update_response(message, now=now)
        actions = member.do([*kept], now)
        if self._station.is_parent(opened.sender):
            followed = member.following.take(message, to_all=False, now=now)
            actions += member.follow(followed, now)
        return actions

    def _rotated(self, told: Sequence[KeySequenceAction], now: int) -> list[MeshAction]:
        """Pass on that keys have changed; a parent far ahead is asked for a proof."""
        actions: list[MeshAction] = []
        for one in told:
            if not isinstance(one, LinkToEstablish):
                actions.append(one)
            elif self._station.is_parent(one.neighbour):
                self._member.keeping.ask_at(now, challenge=True)
        return actions

    def _refuse(self, sender: bytes, reason: str) -> list[MeshAction]:
        self.refused[reason] += 1
        return [MleRefused(sender, reason)]
