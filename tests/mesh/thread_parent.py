"""A minimal Thread router."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lowpan.mac.keys import KeyTable
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.mle_keys import ThreadMleKeys
from lowpan.mesh.mle_security import MleSecurity, OpenedMle, StaleMle
from lowpan.store import MemoryStore
from lowpan.wire.addresses import ALL_NODES, iid_of, link_local
from lowpan.wire.dataset import Dataset, MeshCopType
from lowpan.wire.meshcop import Channel, PanId, Timestamp
from lowpan.wire.mle import MLE_MESSAGE, MleCommand, MleMessage, Tlv, TlvContent, TlvType
from lowpan.wire.mle_draft import (
    Challenge,
    LinkLayerFrameCounter,
    MleFrameCounter,
    Mode,
    Response,
    SourceAddress,
)
from lowpan.wire.mle_tlvs import (
    Address16,
    AddressRegistration,
    LeaderData,
    LinkMargin,
    Status,
    TlvRequest,
    Version,
)
from lowpan.wire.network_data import NetworkData
from lowpan.wire.route64 import Connectivity, ParentPriority, SedBuffering
from tests.mesh.thread_network import NETWORK_KEY, PARENT, dataset

if TYPE_CHECKING:
    from tests.mesh.thread_air import Air


@dataclass(slots=True)
class Behaviour:
    """What a test can change of a parent."""

    margin: int = 80
    priority: int = 0
    response_delay: int = 100_000
    alive: bool = True
    leader_data: LeaderData = field(default_factory=lambda: LeaderData(7, 64, 10, 20, 54))
    network_data: NetworkData = field(default_factory=lambda: NetworkData(()))
    active: Dataset = field(default_factory=dataset)
    pending: tuple[Timestamp, Dataset] | None = None
    forgets_children: bool = False


class ThreadParent:
    """A router that answers children as OpenThread does, and remembers what they said."""

    def __init__(
        self,
        air: "Air",
        extended: bytes = PARENT,
        rloc16: bytes = b"\xd8\x00",
        *,
        sequence: int = 0,
    ) -> None:
        self.air, self.extended, self.rloc16 = air, extended, rloc16
        self.behaviour = Behaviour()
        self.channel, self.pan_id = 11, 0xFACE
        self.store = MemoryStore()
        self.heard = list[MleMessage]()
        self.children = dict[bytes, bytes]()
        self.registered = dict[bytes, AddressRegistration]()
        self._link_local = link_local(iid_of(extended))
        self.challenge = b""
        self.use_key(NETWORK_KEY, sequence)
        air.parents.append(self)

    def use_key(self, network_key: bytes, sequence: int = 0) -> None:
        """Be in the network of that key."""
        security = LinkSecurity(self.extended, KeyTable(), self.store)
        security.key = security.keys.hold_thread_keys(network_key, sequence)
        self.link = security
        self.mle = MleSecurity(self.extended, ThreadMleKeys(network_key, sequence), self.store)

    def send(
        self, destination: bytes, command: MleCommand, *tlvs: tuple[TlvType, TlvContent]
    ) -> None:
        """Send a message to an extended address or a group."""
        message = MleMessage(command, tuple(Tlv(*tlv) for tlv in tlvs))
        address = destination if len(destination) == 16 else link_local(iid_of(destination))
        payload = self.mle.seal(
            MLE_MESSAGE.encode(message), self._link_local, address, now=self.air.now
        )
        self.air.carry(self.extended, self.channel, self._link_local, address, payload)

    def receive(self, source: bytes, destination: bytes, payload: bytes) -> None:
        """Take what a child sent."""
        if not self.behaviour.alive:
            return
        child = bytes((source[8] ^ 2,)) + source[9:]
        opened = self.mle.open(payload, source, destination, child, now=self.air.now)
        if not isinstance(opened, OpenedMle | StaleMle):
            return
        message = MLE_MESSAGE.decode(opened.message)
        questions = {MleCommand.PARENT_REQUEST, MleCommand.CHILD_UPDATE_REQUEST}
        if isinstance(opened, StaleMle) and message.command not in questions:
            return  # who has old keys may ask, and is told under new ones
        self.heard.append(message)
        answer: dict[int, Callable[[bytes, MleMessage], None]] = {
            MleCommand.PARENT_REQUEST: self._parent_request,
            MleCommand.CHILD_ID_REQUEST: self._child_id_request,
            MleCommand.CHILD_UPDATE_REQUEST: self._update_request,
            MleCommand.DATA_REQUEST: self._data_request,
        }
        if message.command in answer:
            answer[message.command](child, message)

    def asked(self, command: MleCommand) -> list[MleMessage]:
        """Return the messages of that command that came so far."""
        return [message for message in self.heard if message.command == command]

    def own(self) -> tuple[tuple[TlvType, TlvContent], ...]:
        return (
            (TlvType.SOURCE_ADDRESS, SourceAddress(self.rloc16)),
            (TlvType.LEADER_DATA, self.behaviour.leader_data),
        )

    def advertise(self) -> None:
        """Tell all that we are there."""
        self.send(ALL_NODES, MleCommand.ADVERTISEMENT, *self.own())

    def change_network_data(self, data: NetworkData) -> None:
        """Have other network data, of a newer version."""
        leader = self.behaviour.leader_data
        self.behaviour.network_data = data
        self.behaviour.leader_data = replace(
            leader,
            data_version=leader.data_version + 1 & 0xFF,
            stable_data_version=leader.stable_data_version + 1 & 0xFF,
        )

    def announce(self, channel: int, pan_id: int, seconds: int) -> None:
        """Say where the network is."""
        self.send(
            ALL_NODES,
            MleCommand.ANNOUNCE,
            (TlvType.CHANNEL, Channel(0, channel)),
            (TlvType.ACTIVE_TIMESTAMP, Timestamp(seconds)),
            (TlvType.PAN_ID, PanId(pan_id)),
        )

    def counters(self) -> tuple[tuple[TlvType, TlvContent], ...]:
        now = self.air.now
        return (
            (
                TlvType.LINK_LAYER_FRAME_COUNTER,
                LinkLayerFrameCounter(self.link.next_counter(now=now)),
            ),
            (TlvType.MLE_FRAME_COUNTER, MleFrameCounter(self.mle.next_counter(now=now))),
        )

    def _parent_request(self, child: bytes, message: MleMessage) -> None:
        asked = message.find(TlvType.CHALLENGE, Challenge)
        assert asked is not None
        self.air.after(
            self.behaviour.response_delay, lambda: self.parent_response(child, asked.challenge)
        )

    def parent_response(self, child: bytes, response: bytes) -> None:
        """Offer to be a parent."""
        self.challenge = self.air.random.randbytes(8)
        behaviour = self.behaviour
        self.send(
            child,
            MleCommand.PARENT_RESPONSE,
            *self.own(),
            *self.counters(),
            (TlvType.RESPONSE, Response(response)),
            (TlvType.CHALLENGE, Challenge(self.challenge)),
            (TlvType.LINK_MARGIN, LinkMargin(behaviour.margin)),
            (
                TlvType.CONNECTIVITY,
                Connectivity(
                    ParentPriority(behaviour.priority), 1, 0, 0, 1, 0, 1, SedBuffering(1280, 1)
                ),
            ),
            (TlvType.VERSION, Version(5)),
        )

    def _child_id_request(self, child: bytes, message: MleMessage) -> None:
        response = message.find(TlvType.RESPONSE, Response)
        if response is None or response.response != self.challenge:
            return
        self.children.setdefault(child, bytes((self.rloc16[0], len(self.children) + 1)))
        self._register(child, message)
        self.send(
            child,
            MleCommand.CHILD_ID_RESPONSE,
            *self.own(),
            *self._datasets(message),
            (TlvType.ADDRESS16, Address16(self.children[child])),
            (TlvType.NETWORK_DATA, self.behaviour.network_data),
        )

    def _update_request(self, child: bytes, message: MleMessage) -> None:
        if child not in self.children or self.behaviour.forgets_children:
            tlvs: list[tuple[TlvType, TlvContent]] = [(TlvType.STATUS, Status(1))]
        else:
            mode = message.find(TlvType.MODE, Mode)
            assert mode is not None
            tlvs = [(TlvType.MODE, mode)]
            self._register(child, message)
        challenge = message.find(TlvType.CHALLENGE, Challenge)
        if challenge is not None:
            tlvs += [(TlvType.RESPONSE, Response(challenge.challenge)), *self.counters()]
        self.send(child, MleCommand.CHILD_UPDATE_RESPONSE, *self.own(), *tlvs)

    def _data_request(self, child: bytes, message: MleMessage) -> None:
        asked = message.find(TlvType.TLV_REQUEST, TlvRequest)
        assert asked is not None
        assert TlvType.NETWORK_DATA in asked.types
        self.send(
            child,
            MleCommand.DATA_RESPONSE,
            *self.own(),
            *self._datasets(message),
            (TlvType.NETWORK_DATA, self.behaviour.network_data),
        )

    def _datasets(self, message: MleMessage) -> Iterator[tuple[TlvType, TlvContent]]:
        """Yield the timestamps, and the datasets whose timestamp the child does not have."""
        active = self.behaviour.active.find(MeshCopType.ACTIVE_TIMESTAMP, Timestamp)
        assert active is not None
        yield TlvType.ACTIVE_TIMESTAMP, active
        if message.find(TlvType.ACTIVE_TIMESTAMP, Timestamp) != active:
            kept = [
                tlv
                for tlv in self.behaviour.active.tlvs
                if tlv.type != MeshCopType.ACTIVE_TIMESTAMP
            ]
            yield TlvType.ACTIVE_OPERATIONAL_DATASET, Dataset(tuple(kept))
        if self.behaviour.pending is not None:
            pending, content = self.behaviour.pending
            yield TlvType.PENDING_TIMESTAMP, pending
            if message.find(TlvType.PENDING_TIMESTAMP, Timestamp) != pending:
                yield TlvType.PENDING_OPERATIONAL_DATASET, content

    def _register(self, child: bytes, message: MleMessage) -> None:
        registered = message.find(TlvType.ADDRESS_REGISTRATION, AddressRegistration)
        if registered is not None:
            self.registered[child] = registered
