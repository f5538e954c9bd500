"""Which state a Thread child is in, and how it goes from one to the other."""

from collections.abc import Callable

from lowpan.errors import StoreError
from lowpan.mac.counters import RETRY_AFTER
from lowpan.mac.service import Configure
from lowpan.mesh.mle_security import OpenedMle
from lowpan.mesh.service import LinkDown, LinkUp, MeshAction, SleepOn, StayAwake
from lowpan.mesh.thread.announcing import Announcing, Elsewhere
from lowpan.mesh.thread.assignment import State, assigned_by
from lowpan.mesh.thread.attaching import Attaching, AttemptFailed
from lowpan.mesh.thread.child_addresses import ChildAddresses
from lowpan.mesh.thread.datasets import Datasets
from lowpan.mesh.thread.events import (
    AnnounceHeard,
    Attached,
    DatasetChanged,
    DatasetRefused,
    Detached,
    Loss,
    SendingFailed,
)
from lowpan.mesh.thread.following import ActiveDatasetTaken, Following, FollowingAction
from lowpan.mesh.thread.keeping import Keeping, ParentGone
from lowpan.mesh.thread.network import ThreadNetwork
from lowpan.mesh.thread.places import Place, Places
from lowpan.mesh.thread.remembered import Remembered, forget_parent, load_parent, save_parent
from lowpan.mesh.thread.restoring import NotRestored, Restored, Restoring
from lowpan.mesh.thread.scanning import Discovered, Found, Scanning
from lowpan.mesh.thread.station import NO_SHORT_ADDRESS, Parent, Station
from lowpan.wire.mle import MleMessage, TlvType
from lowpan.wire.mle_tlvs import AddressRegistration, LeaderData

Internal = (
    AttemptFailed
    | Discovered
    | Restored
    | NotRestored
    | ParentGone
    | ActiveDatasetTaken
    | Elsewhere
)
"""What the parts tell each other through here."""


class Membership:
    """The parts of a child, and what happens when one of them is done."""

    def __init__(self, station: Station, addresses: ChildAddresses, datasets: Datasets) -> None:
        self.station, self.addresses, self.datasets = station, addresses, datasets
        self.state = State.STOPPED
        self.scanning = Scanning(station)
        self.restoring = Restoring(station, addresses)
        self.attaching = Attaching(station, addresses, datasets)
        self.keeping = Keeping(station, addresses)
        self.following = Following(station, addresses, datasets)
        self.announcing = Announcing(station, datasets)
        self._places = Places(self.scanning)
        self._previous: Place | None = None
        """Where we were before we followed an Announce."""
        self._tries_pending = False
        self._follow_at: int | None = None
        """When to use a dataset whose keys the store did not keep."""
        self._registered: AddressRegistration | None = None
        """What the parent knows, or is about to be told."""

    def start(self, *, now: int) -> list[MeshAction]:
        """Begin: with the last parent if there is one, else with whoever answers."""
        actions = self._expect_prefix()
        if not self.station.network.is_located:
            return [*actions, *self._discover(now)]
        try:
            remembered = load_parent(self.station.store)
        except StoreError as error:
            remembered, actions = None, [*actions, SendingFailed(str(error))]
        if remembered is None or self.station.network.mesh_local_prefix is None:
            return [*actions, *self._tune(self._place()), *self._attach_anew(now)]
        self.state = State.RESTORING
        self.restoring.start(remembered, now=now)
        place, peers = self._place(), self.station.security.peers
        peers.verified(remembered.parent, remembered.parent_rloc16, place.pan_id)
        # the parent has something waiting for our short address, if it knows us
        return [*actions, *self._tune(place, remembered.rloc16)]

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        dues = [
            self._places.next_deadline(),
            self.restoring.next_deadline(),
            self.attaching.next_deadline(),
            self.keeping.next_deadline(),
            self.following.request.next_deadline(),
            self.announcing.next_deadline(),
            self.datasets.next_deadline(),
            self._follow_at,
        ]
        return min((due for due in dues if due is not None), default=None)

    def handle_deadline(self, *, now: int) -> list[MeshAction]:
        """Do what is due."""
        actions: list[MeshAction] = []
        for part in (
            self._places,
            self.restoring,
            self.attaching,
            self.keeping,
            self.announcing,
        ):
            due = part.next_deadline()
            if due is not None and due <= now:
                actions += self.do([*part.handle_deadline(now=now)], now)
        if self.following.request.is_due(now=now):
            actions += self._ask_for_data(now)
        due = self.datasets.next_deadline()
        if due is not None and due <= now:
            actions += self._apply_pending(now)
        if self._follow_at is not None and self._follow_at <= now:
            self._follow_at = None
            actions += self._follow_network(self.datasets.active, now)
        return actions

    def do(self, told: list[MeshAction | Internal], now: int) -> list[MeshAction]:
        """Act on what parts tell, and pass on the rest."""
        actions: list[MeshAction] = []
        for one in told:
            match one:
                case AttemptFailed():
                    actions += self._attempt_failed(now)
                case Discovered(found):
                    actions += self._discovered(found, now)
                case Restored(remembered, leader_data):
                    parent = Parent(remembered.parent, remembered.parent_rloc16)
                    actions += self._attached(parent, remembered.rloc16, leader_data, None, now)
                case NotRestored():
                    actions += [*self._tune(self._place()), *self._attach_anew(now)]
                case ParentGone(loss):
                    actions += self.detach(loss, now)
                case ActiveDatasetTaken():
                    actions += self._follow_network(self.datasets.active, now)
                case Elsewhere():
                    actions += self._go(one, now)
                case _:
                    actions.append(one)
        return actions

    def follow(self, told: list[FollowingAction], now: int) -> list[MeshAction]:
        """Act on what the parent said; addresses that come of it are for it to know."""
        actions = self.do([*told], now)
        self._register(now)
        return actions

    def receive_child_id_response(
        self, message: MleMessage, opened: OpenedMle, *, now: int
    ) -> list[MeshAction]:
        """Be a child, if our chosen parent says so and all that it must."""
        chosen = self.attaching.chosen
        if chosen is None or opened.sender != chosen.parent:
            return []
        assigned = assigned_by(message, opened.sender)
        if assigned is None:
            return []
        place = self._place()
        taken = self.following.take_datasets(message, now=now)
        network = self.datasets.active
        if network.mesh_local_prefix is None:
            return [DatasetRefused("the parent told no dataset, and we know no prefix")]
        actions: list[MeshAction] = [
            one for one in taken if not isinstance(one, ActiveDatasetTaken)
        ]
        if self._tries_pending:
            actions += self._keep(self.datasets.apply_pending)
            self._tries_pending = False
        if message.find(TlvType.PENDING_TIMESTAMP) is None:
            actions += self._keep(self.datasets.drop_pending)
        try:
            self.station.use_network(self.datasets.active, now=now)
        except StoreError as error:
            return [*actions, SendingFailed(str(error))]  # the next attempt may do better
        if place != self._place():  # its dataset says where all will be found from now on
            actions += self._tune(self._place())
        told = self._attached(assigned.parent, assigned.rloc16, assigned.leader_data, message, now)
        return [*actions, *told]

    def detach(self, loss: Loss, now: int) -> list[MeshAction]:
        """Be nobody's child, and look for another parent."""
        station, parent = self.station, self.station.parent
        if parent is None:
            return []
        kept: list[MeshAction] = []
        if loss in {Loss.REFUSED, Loss.MOVED}:
            kept = self._keep(lambda: forget_parent(station.store))
        station.parent = station.rloc16 = None
        self.keeping.stop()
        self.following.stop()
        return [
            *kept,
            LinkDown(parent.extended, loss.value),
            Detached(loss, parent.extended),
            *self.addresses.detach(),
            *self._tune(self._place()),
            *self._attach_anew(now),
        ]

    def take_leave(self, *, now: int) -> list[MeshAction]:
        """Tell the parent that we go, and do nothing any more."""
        actions = self.keeping.take_leave(now=now)
        actions += self._keep(lambda: forget_parent(self.station.store))
        self._stop_all()
        self.state = State.STOPPED
        return actions

    def _stop_all(self) -> None:
        self._places.stop()
        self.restoring.stop()
        self.attaching.stop()
        self.keeping.stop()
        self.following.stop()
        self.announcing.stop()

    def _discover(self, now: int) -> list[MeshAction]:
        self.state = State.DISCOVERING
        return self._places.look(now=now)

    def _discovered(self, found: tuple[Found, ...], now: int) -> list[MeshAction]:
        self._places.take(found)
        return self._next_place(now)

    def _next_place(self, now: int) -> list[MeshAction]:
        """Try where something was found, the strongest first; then look again."""
        place = self._places.next(now=now)
        if place is None:
            self.state = State.DISCOVERING
            self.attaching.stop()
            return []
        return [*self._tune(place), *self._attach_anew(now)]

    def _attach_anew(self, now: int) -> list[MeshAction]:
        self.restoring.stop()
        self.attaching.start(now=now)
        self.state = State.ATTACHING
        return [StayAwake()]

    def _attempt_failed(self, now: int) -> list[MeshAction]:
        """Look elsewhere too: where an Announce came from, in the future, on other channels."""
        if not self.station.network.is_located:
            return self._next_place(now)
        if self._previous is not None:
            previous, self._previous = self._previous, None
            return [*self._tune(previous), *self._attach_anew(now)]
        if self.datasets.pending is not None:
            self._tries_pending = not self._tries_pending
            network = self.datasets.active
            if self._tries_pending:
                network = self.datasets.pending.network
            told = self._keep(lambda: self.station.use_network(network, now=now))
            return [*told, *self._expect_prefix(), *self._tune(self._place())]
        self.announcing.look_for_others(now=now)
        return []

    def _attached(
        self,
        parent: Parent,
        rloc16: bytes,
        leader: LeaderData,
        message: MleMessage | None,
        now: int,
    ) -> list[MeshAction]:
        station = self.station
        prefix = station.network.mesh_local_prefix
        assert prefix is not None
        self._stop_all()
        self.state = State.ATTACHED
        station.parent, station.rloc16 = parent, rloc16
        place = Place(station.radio.channel, station.radio.pan_id)
        station.security.peers.verified(parent.extended, parent.rloc16, place.pan_id)
        remembered = Remembered(parent.extended, parent.rloc16, rloc16)
        actions = self._keep(lambda: save_parent(station.store, remembered))
        self.following.begin(leader)
        self.keeping.begin(now=now)
        actions += self._tune(place, rloc16)
        actions += self.addresses.attach(prefix, rloc16, parent.rloc16)
        self._registered = self.addresses.registered(mesh_local_only=True)
        if message is None:
            self.following.want(now=now)
        else:
            actions += self.do([*self.following.take(message, to_all=False, now=now)], now)
        self._register(now)
        role = station.settings.role
        if role.sleeps:
            actions.append(SleepOn(parent.rloc16, station.settings.frequent_poll_interval))
        else:
            actions.append(StayAwake())
        told = Attached(
            role,
            rloc16,
            parent.extended,
            parent.rloc16,
            leader.partition_id,
            leader.leader_router_id,
            restored=message is None,
        )
        return [*actions, LinkUp(parent.extended, parent.rloc16), told, *self._tell_previous(now)]

    def _register(self, now: int) -> None:
        """Tell the parent soon, if it does not know yet which addresses are ours."""
        registered = self.addresses.registered()
        if self.state is State.ATTACHED and registered != self._registered:
            self._registered = registered
            self.keeping.register_addresses(now=now)

    def _tell_previous(self, now: int) -> list[MeshAction]:
        """Say where the network is, there where we were before."""
        previous, self._previous = self._previous, None
        return [] if previous is None else self.announcing.announce(previous.channel, now=now)

    def _go(self, where: Elsewhere, now: int) -> list[MeshAction]:
        """Follow an Announce; if there is nobody, we come back."""
        station = self.station
        self._previous = Place(station.radio.channel, station.radio.pan_id)
        told: list[MeshAction] = [AnnounceHeard(where.channel, where.pan_id)]
        parent = station.parent
        if parent is not None:
            station.parent = station.rloc16 = None
            told += [
                LinkDown(parent.extended, Loss.ANNOUNCED.value),
                Detached(Loss.ANNOUNCED, parent.extended),
                *self.addresses.detach(),
            ]
        self._stop_all()
        told += self._tune(Place(where.channel, where.pan_id))
        return [*told, *self._attach_anew(now)]

    def _apply_pending(self, now: int) -> list[MeshAction]:
        try:
            applies = self.datasets.apply_pending()
        except StoreError as error:
            self.datasets.postpone(now=now)
            return [SendingFailed(str(error))]
        self._tries_pending = False
        return self._follow_network(self.datasets.active, now) if applies else []

    def _follow_network(self, network: ThreadNetwork, now: int) -> list[MeshAction]:
        """Be where the network is now, with its key; a parent with the same key stays ours."""
        station, before = self.station, self.station.network
        try:
            station.use_network(network, now=now)
        except StoreError as error:
            self._follow_at = now + RETRY_AFTER
            return [SendingFailed(str(error))]
        stamp = network.active_timestamp
        place = self._place()
        told: list[MeshAction] = [
            DatasetChanged(0 if stamp is None else stamp.seconds, place.channel, place.pan_id)
        ]
        is_other = (
            network.network_key != before.network_key
            or network.mesh_local_prefix != before.mesh_local_prefix
        )
        if station.parent is None or station.rloc16 is None:
            return [*told, *self._tune(place), *self._attach_anew(now)]
        if is_other:
            return [*told, *self.detach(Loss.PARAMETERS, now)]
        station.security.peers.verified(
            station.parent.extended, station.parent.rloc16, place.pan_id
        )
        if place != Place(station.radio.channel, station.radio.pan_id):
            told += self._tune(place, station.rloc16)
            self.keeping.ask_at(now + station.soon(station.settings.response_delay))
        return told

    def _ask_for_data(self, now: int) -> list[MeshAction]:
        if self.following.request.is_worn_out:
            return self.detach(Loss.NO_ANSWER, now)
        return self.following.handle_deadline(now=now)

    def _expect_prefix(self) -> list[MeshAction]:
        prefix = self.station.network.mesh_local_prefix
        return [] if prefix is None else self.addresses.expect(prefix)

    def _keep(self, what: Callable[[], object]) -> list[MeshAction]:
        """Make something durable that we can do without."""
        try:
            what()
        except StoreError as error:
            return [SendingFailed(str(error))]
        return []

    def _place(self) -> Place:
        network = self.station.network
        radio = self.station.radio
        return Place(
            radio.channel if network.channel is None else network.channel,
            radio.pan_id if network.pan_id is None else network.pan_id,
        )

    def _tune(self, place: Place, rloc16: bytes | None = None) -> list[MeshAction]:
        short = NO_SHORT_ADDRESS if rloc16 is None else int.from_bytes(rloc16, "big")
        return [Configure(self.station.tuned(place.channel, place.pan_id, short))]
