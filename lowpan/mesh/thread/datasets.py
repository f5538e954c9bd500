"""Operational datasets: the active one, and the one that is to follow it at its moment."""

from dataclasses import dataclass, replace

from lowpan.errors import FieldOutOfRange, KeyFormatError, LowpanError, MalformedFrame, StoreError
from lowpan.mac.counters import RETRY_AFTER
from lowpan.mesh.thread.network import ThreadNetwork, is_later, network_from_dataset
from lowpan.mesh.thread.remembered import forget_parent
from lowpan.store import Store
from lowpan.wire.dataset import DATASET, Dataset, MeshCopTlv, MeshCopType
from lowpan.wire.meshcop import DelayTimer, Timestamp
from lowpan.wire.secret import Secret

ACTIVE, PENDING = "thread/active", "thread/pending"
MOST_DATASET_OCTETS = 254
"""As much as a dataset may have; who sends more sends no dataset."""
LONGEST_DELAY = 72 * 3600 * 1000
"""Milliseconds: a delay timer beyond is taken for this (OpenThread's DelayTimerTlv::kMaxDelay)."""
_DELAY_OCTETS = 8


@dataclass(frozen=True, slots=True)
class PendingDataset:
    """What the network will be."""

    timestamp: Timestamp
    """Of the pending dataset itself: a later one replaces it."""
    network: ThreadNetwork
    deadline: int
    """Microseconds: when it becomes the active one."""


class RefusedDataset(LowpanError):
    """A dataset that is older than ours, or none at all."""


class Datasets:
    """What is known of the network, durable before it is believed.

    A dataset only gives way to one with a later timestamp, so nobody can roll the network back,
    not even with recorded messages of its own.  `now` is microseconds.
    """

    def __init__(self, given: ThreadNetwork, store: Store, *, now: int) -> None:
        """Begin with the later one of what was `given` and what `store` has; raise StoreError."""
        self._store = store
        self.active = given
        self.pending: PendingDataset | None = None
        saved = _load(store, ACTIVE)
        if saved is not None and saved.is_same_network(given) and not given.is_newer_than(saved):
            self.active = saved
            self._restore_pending(now)
        else:
            store.remove(PENDING)
            if saved is not None and not saved.is_same_network(given):
                forget_parent(store)  # it is one of another network
            self._save_active(given)

    @property
    def pending_timestamp(self) -> Timestamp | None:
        """What is told to the parent."""
        return None if self.pending is None else self.pending.timestamp

    def take_active(self, dataset: Dataset, timestamp: Timestamp) -> bool:
        """Take the active dataset of the network, which came with `timestamp`.

        Tell whether it is another one.  Raises RefusedDataset, and StoreError: it is not believed.
        """
        if timestamp == self.active.active_timestamp:
            return False
        if not is_later(timestamp, self.active.active_timestamp):
            raise RefusedDataset(f"an active dataset of {timestamp.seconds}, older than ours")
        network = _network(dataset, {MeshCopType.ACTIVE_TIMESTAMP: timestamp}, self.active)
        self._save_active(network)
        self.active = network
        return True

    def take_pending(self, dataset: Dataset, timestamp: Timestamp, *, now: int) -> bool:
        """Take the dataset that is to follow; the same as above."""
        if timestamp == self.pending_timestamp:
            return False
        if not is_later(timestamp, self.pending_timestamp):
            raise RefusedDataset(f"a pending dataset of {timestamp.seconds}, older than ours")
        delay = dataset.find(MeshCopType.DELAY_TIMER, DelayTimer)
        if delay is None:
            raise RefusedDataset("a pending dataset without a delay timer")
        network = _network(dataset, {MeshCopType.PENDING_TIMESTAMP: timestamp}, self.active)
        if network.active_timestamp is None:
            raise RefusedDataset("a pending dataset without an active timestamp")
        deadline = now + min(delay.delay, LONGEST_DELAY) * 1000
        pending = PendingDataset(timestamp, network, deadline)
        self._save_pending(pending, now)
        self.pending = pending
        return True

    def drop_pending(self) -> None:
        """Forget what was to follow: the network knows of nothing; raises StoreError."""
        if self.pending is not None:
            self.pending = None
            self._store.remove(PENDING)

    def apply_pending(self) -> bool:
        """Make the pending dataset the active one; tell whether that changes anything.

        Raises StoreError: then nothing has changed, and it may be tried again.
        """
        pending = self.pending
        if pending is None:
            return False
        follows = (
            pending.network.is_newer_than(self.active)
            or pending.network.network_key != self.active.network_key
        )
        if follows:
            network = _without(pending.network)
            self._save_active(network)
            self.active = network
        self.pending = None
        self._store.remove(PENDING)
        return follows

    def postpone(self, *, now: int) -> None:
        """Try to apply again in a second: the store has failed."""
        if self.pending is not None:
            self.pending = replace(self.pending, deadline=now + RETRY_AFTER)

    def next_deadline(self) -> int | None:
        """Return when to apply_pending(), None while nothing is to follow."""
        return None if self.pending is None else self.pending.deadline

    def save(self, *, now: int) -> None:
        """Keep how long it is until the pending dataset applies; raises StoreError."""
        if self.pending is not None:
            self._save_pending(self.pending, now)

    def _save_active(self, network: ThreadNetwork) -> None:
        self._store.save(ACTIVE, network.octets())

    def _save_pending(self, pending: PendingDataset, now: int) -> None:
        left = max(pending.deadline - now, 0)
        self._store.save(PENDING, left.to_bytes(_DELAY_OCTETS, "big") + pending.network.octets())

    def _restore_pending(self, now: int) -> None:
        octets = self._store.load(PENDING)
        if octets is None:
            return
        network = _load(self._store, PENDING, _DELAY_OCTETS)
        found = Dataset(()) if network is None else network.dataset
        timestamp = found.find(MeshCopType.PENDING_TIMESTAMP, Timestamp)
        if network is None or timestamp is None:
            raise StoreError(f"{PENDING} is no pending dataset: not from here")
        left = int.from_bytes(octets[:_DELAY_OCTETS], "big")
        self.pending = PendingDataset(timestamp, network, now + left)


def _load(store: Store, name: str, skip: int = 0) -> ThreadNetwork | None:
    octets = store.load(name)
    if octets is None:
        return None
    try:
        return network_from_dataset(DATASET.decode(Secret(octets[skip:])))
    except (MalformedFrame, FieldOutOfRange, KeyFormatError):
        raise StoreError(f"{name} is no dataset: not from here") from None


def _network(
    dataset: Dataset, stamps: dict[MeshCopType, Timestamp], before: ThreadNetwork
) -> ThreadNetwork:
    """Return the network of a dataset whose own timestamp travels apart; raise RefusedDataset."""
    kept = [tlv for tlv in dataset.tlvs if tlv.type not in stamps]
    stamped = Dataset((*kept, *(MeshCopTlv(kind, value) for kind, value in stamps.items())))
    try:
        network = network_from_dataset(stamped)
        octets = len(network.octets())
    except LowpanError as error:
        raise RefusedDataset(str(error)) from None
    if octets > MOST_DATASET_OCTETS + 16:
        raise RefusedDataset(f"a dataset of {octets} octets")
    if not network.is_located or network.mesh_local_prefix is None:
        raise RefusedDataset("a dataset without channel, PAN ID or mesh-local prefix")
    if not before.is_same_network(network):
        raise RefusedDataset("a dataset of another network")
    return network


def _without(pending: ThreadNetwork) -> ThreadNetwork:
    """Return the network of a pending dataset as its active one."""
    gone = {MeshCopType.PENDING_TIMESTAMP, MeshCopType.DELAY_TIMER}
    tlvs = tuple(tlv for tlv in pending.dataset.tlvs if tlv.type not in gone)
    return network_from_dataset(Dataset(tlvs))
