"""Following the parent: partition, network data and datasets, asked for when there are newer."""

from dataclasses import dataclass, replace

from lowpan.errors import StoreError
from lowpan.mesh.service import ExpectAnswer, MeshAction, MeshNews
from lowpan.mesh.thread import messages
from lowpan.mesh.thread.asking import Asking
from lowpan.mesh.thread.child_addresses import ChildAddresses
from lowpan.mesh.thread.datasets import Datasets, RefusedDataset
from lowpan.mesh.thread.events import (
    DatasetRefused,
    DatasetScheduled,
    NetworkDataChanged,
    PartitionChanged,
)
from lowpan.mesh.thread.network import is_later
from lowpan.mesh.thread.station import Station
from lowpan.wire.dataset import Dataset
from lowpan.wire.meshcop import Timestamp
from lowpan.wire.mle import MleMessage, TlvType
from lowpan.wire.mle_tlvs import LeaderData
from lowpan.wire.network_data import NETWORK_DATA, NetworkData

MOST_NETWORK_DATA_OCTETS = 254
"""As much as a leader hands out: who sends more sends no network data."""


@dataclass(frozen=True, slots=True)
class ActiveDatasetTaken:
    """The network is another one from now on: the child shall follow."""


FollowingAction = MeshAction | ActiveDatasetTaken


class Following:
    """What the parent says of the network; `now` is microseconds.

    A Data Request is repeated until it is answered; `request.is_worn_out` says that it never was.
    """

    def __init__(self, station: Station, addresses: ChildAddresses, datasets: Datasets) -> None:
        self._station, self._addresses, self._datasets = station, addresses, datasets
        settings = station.settings
        self.request = Asking(settings.retry_interval, settings.most_attempts, station.random)
        self._wants = True

    def begin(self, leader_data: LeaderData) -> None:
        """Be in the partition of a new parent, of whose network data nothing is known."""
        self._station.leader_data = leader_data
        self._wants = True
        self.request.stop()

    def want(self, *, now: int) -> None:
        """Ask for network data, whatever its version."""
        self._wants = True
        self._ask_soon(now, at_once=True)

    def stop(self) -> None:
        """Ask nobody."""
        self.request.stop()

    def receive_advertisement(self, message: MleMessage, *, now: int) -> list[FollowingAction]:
        """Take what the parent tells everybody."""
        leader = message.find(TlvType.LEADER_DATA, LeaderData)
        if leader is None:
            return []
        actions = self._enter(leader)
        if self._wants or self._is_newer(leader):
            self._ask_soon(now)
        return actions

    def take(self, message: MleMessage, *, to_all: bool, now: int) -> list[FollowingAction]:
        """Take leader data, datasets and network data of the parent's message.

        `to_all` says that others have heard it too, and must not all ask at once.
        """
        leader = message.find(TlvType.LEADER_DATA, LeaderData)
        if leader is None:
            return []
        actions = self._enter(leader)
        if not self._wants and not self._is_newer(leader):
            self._answered()
            return actions
        told, is_missing = self._datasets_of(message, now)
        data = message.find(TlvType.NETWORK_DATA, NetworkData)
        if data is None or is_missing:
            self._ask_soon(now, at_once=not to_all)
        if data is not None and len(NETWORK_DATA.encode(data)) <= MOST_NETWORK_DATA_OCTETS:
            actions += self._take_network_data(data, leader)
            self._wants = is_missing
            if not is_missing:
                self._answered()
        return [*actions, *told]

    def handle_deadline(self, *, now: int) -> list[MeshAction]:
        """Ask the parent, if that is due; who is worn out has no parent any more."""
        parent = self._station.parent
        if parent is None or not self.request.is_due(now=now):
            return []
        self.request.sent(now=now)
        wanted = [TlvType.NETWORK_DATA]
        if self._station.settings.role.is_full_thread_device:
            wanted.append(TlvType.ROUTE64)
        datasets = self._datasets
        message = messages.data_request(
            wanted, datasets.active.active_timestamp, datasets.pending_timestamp
        )
        actions = self._station.send(message, parent.extended, now=now)
        if self._station.settings.role.sleeps:
            actions.append(ExpectAnswer(now + self._station.settings.retry_interval))
        return actions

    def _enter(self, leader: LeaderData) -> list[FollowingAction]:
        """Be in the partition that the parent is in."""
        ours = self._station.leader_data
        if ours is not None and (
            ours.partition_id == leader.partition_id
            and ours.weighting == leader.weighting
            and ours.leader_router_id == leader.leader_router_id
        ):
            return []
        self._wants = True
        self._station.leader_data = leader
        return [PartitionChanged(leader.partition_id, leader.leader_router_id)]

    def _is_newer(self, leader: LeaderData) -> bool:
        """Tell whether there is network data that we do not have: versions go round."""
        ours = self._station.leader_data
        if ours is None:
            return True
        if self._station.settings.role.mode.full_network_data:
            difference = leader.data_version - ours.data_version
        else:
            difference = leader.stable_data_version - ours.stable_data_version
        return 0 < difference & 0xFF < 0x80

    def _take_network_data(self, data: NetworkData, leader: LeaderData) -> list[FollowingAction]:
        versions = leader.data_version, leader.stable_data_version
        ours = self._station.leader_data or leader
        self._station.leader_data = replace(
            ours, data_version=versions[0], stable_data_version=versions[1]
        )
        return [*self._addresses.take_network_data(data), NetworkDataChanged(*versions)]

    def _datasets_of(self, message: MleMessage, now: int) -> tuple[list[FollowingAction], bool]:
        """Take the datasets; tell also whether one is missing that is newer than ours."""
        actions: list[FollowingAction] = []
        missing = False
        datasets = self._datasets
        known = datasets.active.active_timestamp, datasets.pending_timestamp
        kinds = (
            (TlvType.ACTIVE_TIMESTAMP, TlvType.ACTIVE_OPERATIONAL_DATASET),
            (TlvType.PENDING_TIMESTAMP, TlvType.PENDING_OPERATIONAL_DATASET),
        )
        for (stamp, content), ours in zip(kinds, known, strict=True):
            timestamp = message.find(stamp, Timestamp)
            if timestamp is None or not is_later(timestamp, ours):
                continue
            dataset = message.find(content, Dataset)
            if dataset is None:
                missing = True
                continue
            actions += self._take_dataset(content, dataset, timestamp, now)
        return actions, missing

    def take_datasets(self, message: MleMessage, *, now: int) -> list[FollowingAction]:
        """Take the datasets of a Child ID Response, if they are newer than ours."""
        return self._datasets_of(message, now)[0]

    def _take_dataset(
        self, content: TlvType, dataset: Dataset, timestamp: Timestamp, now: int
    ) -> list[FollowingAction]:
        try:
            if content == TlvType.ACTIVE_OPERATIONAL_DATASET:
                taken = self._datasets.take_active(dataset, timestamp)
                return [ActiveDatasetTaken()] if taken else []
            self._datasets.take_pending(dataset, timestamp, now=now)
        except (RefusedDataset, StoreError) as error:
            return [DatasetRefused(str(error))]
        return self._scheduled(now)

    def _scheduled(self, now: int) -> list[FollowingAction]:
        pending = self._datasets.pending
        stamp = None if pending is None else pending.network.active_timestamp
        if pending is None or stamp is None:
            return []
        news: MeshNews = DatasetScheduled(stamp.seconds, pending.deadline - now)
        return [news]

    def _ask_soon(self, now: int, *, at_once: bool = False) -> None:
        if self.request.waits:
            return
        most = 10_000 if at_once else self._station.settings.response_delay
        self.request.ask_at(now + self._station.soon(most))

    def _answered(self) -> None:
        self.request.answered()
