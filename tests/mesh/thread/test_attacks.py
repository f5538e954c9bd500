"""Attacks on a Thread child (attacks.md 16 to 29): what it must not believe, and must survive."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lowpan.mesh.mle_keys import ThreadMleKeys
from lowpan.mesh.mle_security import MleSecurity
from lowpan.mesh.service import (
    MeshUdpReceived,
    MleReceived,
    MleRefused,
    ReplayRejected,
    SendMle,
    SendUdp,
    TakeAddress,
)
from lowpan.mesh.thread.address_query import MANAGEMENT_PORT
from lowpan.mesh.thread.assignment import State
from lowpan.mesh.thread.events import (
    AnnounceHeard,
    ChildIdRequested,
    DatasetChanged,
    DatasetRefused,
    Detached,
    NetworkDataChanged,
    ParentHeard,
    PartitionChanged,
)
from lowpan.mesh.thread.locators import REALM_LOCAL_ALL_ROUTERS
from lowpan.mesh.thread.settings import Role
from lowpan.store import MemoryStore
from lowpan.wire.addresses import ALL_NODES, iid_of, link_local
from lowpan.wire.coap import COAP_MESSAGE, CoapCode, CoapType, coap_message, uri_path
from lowpan.wire.dataset import Dataset, MeshCopTlv, MeshCopType
from lowpan.wire.management_tlvs import (
    MANAGEMENT_TLVS,
    ManagementTlv,
    ManagementTlvs,
    ManagementType,
    Rloc16,
    TargetEid,
)
from lowpan.wire.meshcop import Timestamp
from lowpan.wire.mle import MLE_MESSAGE, MleCommand, MleMessage, Tlv, TlvType
from lowpan.wire.mle_tlvs import Address16, LeaderData
from lowpan.wire.network_data import NetworkData, NetworkDataTlv, NetworkDataType
from tests.mesh.thread.test_staying import on_mesh
from tests.mesh.thread_air import SECOND, Air, Child, attach
from tests.mesh.thread_network import CHILD, NETWORK_KEY, OTHER_PARENT, PARENT, PREFIX, dataset
from tests.mesh.thread_parent import ThreadParent

WRONG_KEY = bytes(16)


def recorded(air: Air, sender: bytes, which: int = -1) -> tuple[bytes, bytes, bytes]:
    """Return source, destination and payload of something that `sender` has sent."""
    return [one[1:] for one in air.recorded if one[0] == sender][which]


def give(air: Air, child: Child, source: bytes, destination: bytes, payload: bytes) -> None:
    received = MleReceived(source, destination, 255, payload, b"", 0, -20.0)
    child.take(child.engine.receive_message(received, now=air.now))


def test_attack_17_every_message_is_taken_once() -> None:
    air, parent, child = attach()
    parent.change_network_data(NetworkData(()))
    parent.advertise()
    air.run(5 * SECOND)
    told = len(child.actions)
    for sender, source, destination, payload in list(air.recorded):
        if sender != CHILD:
            give(air, child, source, destination, payload)
    new = child.actions[told:]
    assert new
    assert all(isinstance(action, ReplayRejected) for action in new)
    assert child.engine.refused["replayed"] == len(new)


def test_attack_18_nothing_from_before_a_restart_is_taken() -> None:
    air, parent, child = attach()
    parent.advertise()
    air.run(5 * SECOND)
    again = Child(air, store=child.store).start()
    again.actions.clear()
    for sender, source, destination, payload in list(air.recorded):
        if sender != CHILD:
            give(air, again, source, destination, payload)
    assert again.actions
    assert all(isinstance(action, ReplayRejected) for action in again.actions)


def test_attack_forged_parent_response() -> None:
    air = Air()
    parent = ThreadParent(air)
    parent.mle = MleSecurity(PARENT, ThreadMleKeys(WRONG_KEY, 0), MemoryStore())
    child = Child(air).start()
    air.run(300_000)
    for _ in range(10):
        parent.parent_response(CHILD, bytes(8))
    air.run(5 * SECOND)
    assert not child.of(ParentHeard)
    assert child.of(MleRefused)
    assert child.engine.refused["MIC bad"] == 10


def test_attack_replayed_parent_response() -> None:
    """One that was right in an earlier attach answers no challenge of this one."""
    air, _, child = attach()
    response = recorded(air, PARENT, 0)
    fresh = Child(air)  # which has no counter of anybody
    parent = air.parents.pop()
    parent.behaviour.alive = False
    fresh.start()
    air.run(400_000)
    give(air, fresh, *response)
    air.run(3 * SECOND)
    assert not fresh.of(ParentHeard)
    assert not fresh.of(ChildIdRequested)
    assert child.engine.parent == PARENT


def test_attack_child_id_response_nobody_asked_for() -> None:
    air, parent, child = attach()
    other = ThreadParent(air, OTHER_PARENT, b"\x28\x00")
    for sender in (parent, other):
        sender.send(
            CHILD,
            MleCommand.CHILD_ID_RESPONSE,
            *sender.own(),
            (TlvType.ADDRESS16, Address16(sender.rloc16[:1] + b"\x77")),
            (TlvType.NETWORK_DATA, NetworkData(())),
        )
    air.run(SECOND)
    assert child.engine.rloc16 == b"\xd8\x01"


def test_attack_child_id_response_with_an_address_of_another_router() -> None:
    air = Air()
    parent = ThreadParent(air)
    parent.children[CHILD] = b"\x28\x01"
    child = Child(air).start()
    air.run(4 * SECOND)
    assert child.of(ChildIdRequested)
    assert child.engine.rloc16 is None


def test_attack_well_known_key_floods_announces() -> None:
    """The link's key is printed everywhere, that of MLE inside is not."""
    air, _, child = attach()
    forger = MleSecurity(OTHER_PARENT, ThreadMleKeys(WRONG_KEY, 0), MemoryStore())
    source = link_local(iid_of(OTHER_PARENT))
    message = MLE_MESSAGE.encode(MleMessage(MleCommand.ANNOUNCE, ()))
    before = len(child.actions)
    for _ in range(5000):
        give(air, child, source, ALL_NODES, forger.seal(message, source, ALL_NODES, now=0))
    assert not child.of(AnnounceHeard)
    assert len(child.actions) - before <= 250  # most are not even looked at
    assert child.engine.refused["too many messages"] >= 4700


def test_attack_announce_of_an_older_network() -> None:
    air, parent, child = attach()
    parent.announce(20, 0xBEEF, 0)
    air.run(5 * SECOND)
    assert child.channel == 11
    assert child.engine.state is State.ATTACHED


def test_attack_announces_make_us_answer_seldom() -> None:
    air, parent, child = attach()
    for _ in range(100):
        parent.announce(20, 0xBEEF, 0)
    air.run(SECOND)
    assert len([one for one in child.of(SendMle) if one.channel == 20]) <= 6


def test_attack_recorded_announce_moves_a_child_once() -> None:
    air, parent, child = attach()
    parent.announce(20, 0xFACE, 50)
    announce = recorded(air, PARENT)
    air.run_until(lambda: child.channel == 11 and len(child.of(AnnounceHeard)) == 1, 60 * SECOND)
    air.run_until(lambda: child.engine.rloc16 is not None, 60 * SECOND)
    for _ in range(20):
        give(air, child, *announce)
        air.run(SECOND)
    assert len(child.of(AnnounceHeard)) == 1
    assert child.engine.state is State.ATTACHED


def test_attack_dataset_rollback() -> None:
    air, parent, child = attach()
    parent.behaviour.active = dataset(seconds=5)
    parent.change_network_data(NetworkData(()))
    parent.advertise()
    air.run(2 * SECOND)
    old = dataset(seconds=3, channel=25)
    parent.change_network_data(NetworkData(()))
    parent.send(
        CHILD,
        MleCommand.DATA_RESPONSE,
        *parent.own(),
        (TlvType.ACTIVE_TIMESTAMP, Timestamp(3)),
        (TlvType.ACTIVE_OPERATIONAL_DATASET, old),
        (TlvType.NETWORK_DATA, NetworkData(())),
    )
    air.run(2 * SECOND)
    assert [one.seconds for one in child.of(DatasetChanged)] == [5]
    assert child.channel == 11


@pytest.mark.parametrize(
    "content",
    [
        Dataset(()),
        Dataset((MeshCopTlv(MeshCopType.CHANNEL, bytes(2)),)),
        Dataset(tuple(tlv for tlv in dataset().tlvs if tlv.type != MeshCopType.NETWORK_KEY)),
        Dataset(tuple(tlv for tlv in dataset().tlvs if tlv.type != MeshCopType.CHANNEL)),
        Dataset(tuple(tlv for tlv in dataset(channel=27).tlvs)),
        Dataset((*dataset().tlvs, MeshCopTlv(200, bytes(254)))),
    ],
)
def test_attack_dataset_that_is_none(content: Dataset) -> None:
    air, parent, child = attach()
    parent.change_network_data(NetworkData(()))
    parent.send(
        CHILD,
        MleCommand.DATA_RESPONSE,
        *parent.own(),
        (TlvType.ACTIVE_TIMESTAMP, Timestamp(9)),
        (TlvType.ACTIVE_OPERATIONAL_DATASET, content),
        (TlvType.NETWORK_DATA, NetworkData(())),
    )
    air.run(2 * SECOND)
    assert len(child.of(DatasetRefused)) == 1
    assert NETWORK_KEY.hex() not in repr(child.actions)
    assert child.engine.network.active_timestamp == Timestamp(1)
    assert child.engine.state is State.ATTACHED


def test_attack_advertisement_of_another_partition_by_who_is_not_our_parent() -> None:
    air, _, child = attach()
    other = ThreadParent(air, OTHER_PARENT, b"\x28\x00")
    other.behaviour.leader_data = LeaderData(99, 255, 200, 200, 1)
    other.advertise()
    air.run(2 * SECOND)
    assert not child.of(PartitionChanged)
    assert not child.of(Detached)


def test_attack_oversize_network_data() -> None:
    air, parent, child = attach()
    before = len(child.of(NetworkDataChanged))
    huge = NetworkData((NetworkDataTlv(NetworkDataType.SERVER, True, bytes(250)),) * 2)
    parent.change_network_data(huge)
    parent.advertise()
    air.run(3 * SECOND)
    assert len(child.of(NetworkDataChanged)) == before


def test_attack_more_prefixes_than_anybody_needs() -> None:
    air, parent, child = attach()
    tlvs = [tlv for number in range(12) for tlv in on_mesh(bytes((0xFD, number, *bytes(6)))).tlvs]
    before = len(child.of(TakeAddress))
    parent.change_network_data(NetworkData(tuple(replace(tlv, stable=False) for tlv in tlvs)))
    size = len(MLE_MESSAGE.encode(MleMessage(8, (Tlv(12, parent.behaviour.network_data),))))
    assert size > 200
    parent.advertise()
    air.run(3 * SECOND)
    assert len(child.of(TakeAddress)) - before <= 8


def test_attack_unsecured_messages() -> None:
    air, _, child = attach()
    before = len(child.actions)
    for command in range(21):
        message = MLE_MESSAGE.encode(MleMessage(command, ()))
        give(air, child, link_local(iid_of(PARENT)), ALL_NODES, b"\xff" + message)
    assert len(child.actions) == before


def test_attack_messages_from_beyond_the_link() -> None:
    air, parent, child = attach()
    parent.advertise()
    source, destination, payload = recorded(air, PARENT)
    beyond = MleReceived(source, destination, 254, payload, b"", 0)
    assert child.engine.receive_message(beyond, now=air.now) == [
        MleRefused(PARENT, "not from this link")
    ]


@given(st.binary(max_size=90))
@settings(max_examples=200, deadline=None)
def test_attack_16_any_octets_in_a_message_of_our_parent(octets: bytes) -> None:
    air, parent, child = attach()
    source = link_local(iid_of(PARENT))
    destination = link_local(iid_of(CHILD))
    payload = parent.mle.seal(octets, source, destination, now=air.now)
    give(air, child, source, destination, payload)
    air.run(3 * SECOND)
    assert child.engine.state in {State.ATTACHED, State.ATTACHING}


# Address queries


def query(target: bytes) -> bytes:
    """Return the question of OpenThread for an address."""
    tlvs = ManagementTlvs((ManagementTlv(ManagementType.TARGET_EID, TargetEid(target)),))
    message = coap_message(
        CoapType.NON_CONFIRMABLE,
        CoapCode.POST,
        7,
        b"ab",
        uri_path(b"a/aq"),
        payload=MANAGEMENT_TLVS.encode(tlvs),
    )
    return COAP_MESSAGE.encode(message)


def ask(air: Air, child: Child, payload: bytes, *, level: int = 5) -> list[SendUdp]:
    """Ask the child, from the leader's locator; return what it sends."""
    leader = PREFIX + bytes.fromhex("000000fffed80000")[:6] + b"\xd8\x00"
    received = MeshUdpReceived(
        leader, REALM_LOCAL_ALL_ROUTERS, MANAGEMENT_PORT, MANAGEMENT_PORT, payload, level
    )
    actions = child.engine.receive_udp(received, now=air.now)
    return [action for action in actions if isinstance(action, SendUdp)]


def test_full_end_device_answers_for_its_address() -> None:
    air, _, child = attach(role=Role.FED)
    mesh_local = child.engine.mesh_local_address
    assert mesh_local is not None
    (answer,) = ask(air, child, query(mesh_local))
    message = COAP_MESSAGE.decode(answer.payload)
    assert message.uri_path == b"a/an"
    tlvs = MANAGEMENT_TLVS.decode(message.payload)
    assert tlvs.find(ManagementType.TARGET_EID, TargetEid) == TargetEid(mesh_local)
    assert tlvs.find(ManagementType.RLOC16, Rloc16) == Rloc16(b"\xd8\x01")
    assert ask(air, child, query(PREFIX + bytes(8))) == []


def test_answer_is_repeated_until_it_is_acknowledged_and_not_for_ever() -> None:
    air, _, child = attach(role=Role.FED)
    mesh_local = child.engine.mesh_local_address
    assert mesh_local is not None
    (answer,) = ask(air, child, query(mesh_local))
    air.run(60 * SECOND)
    assert child.of(SendUdp) == [answer] * 3
    (answer,) = ask(air, child, query(mesh_local))
    number = COAP_MESSAGE.decode(answer.payload).message_id
    acknowledged = coap_message(CoapType.ACKNOWLEDGEMENT, CoapCode.CHANGED, number, b"xy")
    octets = COAP_MESSAGE.encode(acknowledged)
    received = MeshUdpReceived(
        answer.destination, answer.source, MANAGEMENT_PORT, MANAGEMENT_PORT, octets, 5
    )
    child.engine.receive_udp(received, now=air.now)
    air.run(60 * SECOND)
    assert len(child.of(SendUdp)) == 3  # those of before


def test_attack_35_queries_are_answered_at_a_pace() -> None:
    air, _, child = attach(role=Role.FED)
    mesh_local = child.engine.mesh_local_address
    assert mesh_local is not None
    answers = [one for _ in range(1000) for one in ask(air, child, query(mesh_local))]
    assert len(answers) <= 20
    assert ask(air, child, query(mesh_local), level=0) == []


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_attack_any_octets_as_a_management_message(octets: bytes) -> None:
    air, _, child = ATTACHED_FED
    assert len(ask(air, child, octets)) <= 1


ATTACHED_FED = attach(role=Role.FED)
