"""A child stays one: keep-alive, loss of its parent, restarts, what the parent asks."""

import pytest

from lowpan.errors import StoreError
from lowpan.mac.service import Configure
from lowpan.mesh.service import (
    DropAddress,
    ExpectAnswer,
    FrameHeard,
    FrameSent,
    LinkDown,
    SendVia,
    TakeAddress,
    UseContext,
)
from lowpan.mesh.thread.assignment import State
from lowpan.mesh.thread.events import (
    Attached,
    Detached,
    Loss,
    NetworkDataChanged,
    PartitionChanged,
    Restoring,
)
from lowpan.mesh.thread.network import network_of
from lowpan.mesh.thread.settings import ChildSettings, Role
from lowpan.store import MemoryStore
from lowpan.wire.meshcop import Timestamp
from lowpan.wire.mle import MleCommand, TlvType
from lowpan.wire.mle_draft import Challenge, Response, Timeout
from lowpan.wire.mle_tlvs import (
    AddressRegistration,
    LeaderData,
    RegisteredAddressControl,
    Status,
    TlvRequest,
)
from lowpan.wire.network_data import (
    BorderRouter,
    BorderRouterEntry,
    BorderRouterFlags,
    ContextControl,
    LowpanContext,
    NetworkData,
    NetworkDataTlv,
    NetworkDataType,
    Prefix,
)
from tests.mesh.thread_air import SECOND, Air, Child, attach
from tests.mesh.thread_network import CHILD, NETWORK_KEY, OTHER_PARENT, PARENT, dataset
from tests.mesh.thread_parent import ThreadParent


def on_mesh(prefix: bytes, context_id: int = 1, *, slaac: bool = True) -> NetworkData:
    """Return network data with one prefix and its context."""
    flags = BorderRouterFlags(0, preferred=True, slaac=slaac, default=True, on_mesh=True)
    tlvs = (
        NetworkDataTlv(
            NetworkDataType.BORDER_ROUTER,
            True,
            BorderRouter((BorderRouterEntry(b"\xd8\x00", flags),)),
        ),
        NetworkDataTlv(
            NetworkDataType.CONTEXT, True, LowpanContext(ContextControl(True, context_id), 64)
        ),
    )
    value = Prefix(0, 64, prefix, tlvs)
    return NetworkData((NetworkDataTlv(NetworkDataType.PREFIX, True, value),))


PREFIX = bytes.fromhex("20010db800010000")


def test_is_heard_of_before_its_timeout_is_over() -> None:
    air, parent, child = attach()
    air.run(235 * SECOND)
    assert not parent.asked(MleCommand.CHILD_UPDATE_REQUEST)
    air.run(3 * SECOND)
    assert len(parent.asked(MleCommand.CHILD_UPDATE_REQUEST)) == 1
    air.run(3600 * SECOND)
    assert len(parent.asked(MleCommand.CHILD_UPDATE_REQUEST)) == 1 + 3600 // 236
    assert child.engine.state is State.ATTACHED


def test_finds_another_parent_when_its_own_is_gone() -> None:
    air, parent, child = attach()
    ThreadParent(air, OTHER_PARENT, b"\x28\x00")
    parent.behaviour.alive = False
    air.run_until(lambda: child.engine.parent == OTHER_PARENT, 250 * SECOND)
    assert child.of(Detached) == [Detached(Loss.NO_ANSWER, PARENT)]
    assert child.of(LinkDown)[0].neighbour == PARENT
    assert child.attached().rloc16 == b"\x28\x01"
    assert child.of(SendVia)[-2:] == [SendVia(None), SendVia(b"\x28\x00")]
    dropped = [action.address[-2:] for action in child.of(DropAddress)]
    assert dropped == [b"\xd8\x01"]


def test_frames_that_nobody_acknowledges_end_it_within_four() -> None:
    air, parent, child = attach()
    lost = FrameSent(parent.rloc16, 4, acknowledged=False, secured=False)
    for _ in range(3):
        child.take(child.engine.frame_sent(lost, now=air.now))
    child.take(child.engine.frame_sent(FrameSent(PARENT, 1, True, False), now=air.now))
    for _ in range(3):
        child.take(child.engine.frame_sent(lost, now=air.now))
    assert not child.of(Detached)
    child.take(child.engine.frame_sent(lost, now=air.now))
    assert child.of(Detached) == [Detached(Loss.NO_ACKNOWLEDGMENT, PARENT)]
    air.run_until(lambda: child.engine.rloc16 is not None, 10 * SECOND)


def test_frames_to_others_say_nothing_of_the_parent() -> None:
    air, _, child = attach()
    for _ in range(20):
        lost = FrameSent(OTHER_PARENT, 4, acknowledged=False, secured=False)
        child.take(child.engine.frame_sent(lost, now=air.now))
    assert child.engine.state is State.ATTACHED


def test_sleeper_whose_polls_are_lost_looks_for_another_parent() -> None:
    air, _, child = attach(role=Role.SED)
    child.take(child.engine.parent_lost(now=air.now))
    assert child.of(Detached) == [Detached(Loss.NO_POLL, PARENT)]
    air.run_until(lambda: child.engine.rloc16 is not None, 10 * SECOND)


def test_sleeper_that_hears_nothing_asks_whether_its_parent_is_there() -> None:
    air, parent, child = attach(role=Role.SED)
    air.run(180 * SECOND)
    heard = FrameHeard(PARENT, -20.0, authentic=True, key_sequence=0)
    child.take(child.engine.frame_heard(heard, now=air.now))
    air.run(189 * SECOND)
    assert not parent.asked(MleCommand.CHILD_UPDATE_REQUEST)
    air.run(2 * SECOND)
    assert len(parent.asked(MleCommand.CHILD_UPDATE_REQUEST)) == 1
    assert child.of(ExpectAnswer)


def test_polls_often_enough_for_a_short_timeout() -> None:
    air, _, _ = attach()
    settings = ChildSettings(role=Role.SED, timeout=6)
    child = Child(air, settings=settings).start()
    air.run_until(lambda: child.engine.rloc16 is not None, 10 * SECOND)
    assert child.engine.rloc16 is not None


def test_parent_that_says_we_are_none_of_its_children_is_left() -> None:
    air, parent, child = attach()
    parent.send(PARENT[:0] + CHILD, MleCommand.CHILD_UPDATE_REQUEST, *parent.own(), status(1))
    air.run_until(lambda: bool(child.of(Detached)), SECOND)
    assert child.of(Detached) == [Detached(Loss.REFUSED, PARENT)]


def status(number: int) -> tuple[TlvType, Status]:
    return TlvType.STATUS, Status(number)


def test_parent_with_another_address_is_asked_anew() -> None:
    air, parent, child = attach()
    parent.rloc16 = b"\x28\x00"
    parent.children.clear()
    parent.advertise()
    air.run_until(lambda: bool(child.of(Detached)), SECOND)
    assert child.of(Detached) == [Detached(Loss.MOVED, PARENT)]
    air.run_until(lambda: child.engine.rloc16 == b"\x28\x01", 10 * SECOND)


def test_answers_what_its_parent_asks() -> None:
    air, parent, _ = attach()
    challenge = bytes(range(8))
    wanted = TlvRequest((TlvType.TIMEOUT, TlvType.ADDRESS_REGISTRATION))
    parent.send(
        CHILD,
        MleCommand.CHILD_UPDATE_REQUEST,
        *parent.own(),
        (TlvType.CHALLENGE, Challenge(challenge)),
        (TlvType.TLV_REQUEST, wanted),
    )
    air.run(SECOND)
    answer = parent.asked(MleCommand.CHILD_UPDATE_RESPONSE)[0]
    assert answer.find(TlvType.RESPONSE, Response) == Response(challenge)
    assert answer.find(TlvType.TIMEOUT, Timeout) == Timeout(240)
    assert answer.find(TlvType.ADDRESS_REGISTRATION, AddressRegistration) is not None
    assert answer.find(TlvType.MLE_FRAME_COUNTER) is not None
    assert answer.find(TlvType.LINK_LAYER_FRAME_COUNTER) is not None


def test_who_is_not_its_parent_is_told_so_and_not_too_often() -> None:
    air, _, _ = attach()
    other = ThreadParent(air, OTHER_PARENT, b"\x28\x00")
    for _ in range(100):
        other.send(CHILD, MleCommand.CHILD_UPDATE_REQUEST, *other.own())
    air.run(SECOND)
    answers = other.asked(MleCommand.CHILD_UPDATE_RESPONSE)
    assert 1 <= len(answers) <= 20
    assert answers[0].find(TlvType.STATUS, Status) == Status(1)


# Network data


def test_new_network_data_is_asked_for_and_gives_addresses_and_contexts() -> None:
    air, parent, child = attach()
    parent.change_network_data(on_mesh(PREFIX))
    parent.advertise()
    air.run(2 * SECOND)
    assert len(parent.asked(MleCommand.DATA_REQUEST)) == 1
    assert child.of(NetworkDataChanged)[-1] == NetworkDataChanged(11, 21)
    assert child.of(UseContext)[-1] == UseContext(1, PREFIX + bytes(8), 64, compress=True)
    made = child.of(TakeAddress)[-1]
    assert made.address[:8] == PREFIX
    assert made.preferred
    registered = parent.registered[CHILD].addresses  # told in a Child Update Request
    controls = [one.control for one in registered]
    assert controls == [RegisteredAddressControl(True, 0), RegisteredAddressControl(True, 1)]
    parent.advertise()
    air.run(5 * SECOND)
    assert len(parent.asked(MleCommand.DATA_REQUEST)) == 1


def test_prefix_that_is_withdrawn_takes_its_address_along() -> None:
    air, parent, child = attach()
    parent.change_network_data(on_mesh(PREFIX))
    parent.advertise()
    air.run(2 * SECOND)
    made = child.of(TakeAddress)[-1].address
    parent.change_network_data(NetworkData(()))
    parent.advertise()
    air.run(2 * SECOND)
    assert child.of(DropAddress)[-1] == DropAddress(made)


def test_prefix_without_slaac_gives_no_address() -> None:
    air, parent, child = attach()
    before = len(child.of(TakeAddress))
    parent.change_network_data(on_mesh(PREFIX, slaac=False))
    parent.advertise()
    air.run(2 * SECOND)
    assert len(child.of(TakeAddress)) == before


def test_versions_go_round() -> None:
    air, parent, child = attach()
    for _ in range(300):
        parent.change_network_data(NetworkData(()))
        parent.advertise()
        air.run(2 * SECOND)
    newest = parent.behaviour.leader_data
    assert child.of(NetworkDataChanged)[-1].data_version == newest.data_version


def test_follows_its_parent_into_another_partition() -> None:
    air, parent, child = attach()
    parent.behaviour.leader_data = LeaderData(99, 64, 1, 1, 10)
    parent.advertise()
    air.run(2 * SECOND)
    assert child.of(PartitionChanged) == [PartitionChanged(99, 10)]
    assert len(parent.asked(MleCommand.DATA_REQUEST)) == 1
    assert child.engine.state is State.ATTACHED


def test_parent_that_never_answers_a_data_request_is_lost() -> None:
    air, parent, child = attach(role=Role.SED)
    parent.change_network_data(NetworkData(()))
    parent.advertise()
    parent.behaviour.alive = False
    air.run(10 * SECOND)
    assert child.of(Detached) == [Detached(Loss.NO_ANSWER, PARENT)]


# Restarts


def test_comes_back_to_its_parent_after_a_restart() -> None:
    air, parent, child = attach()
    mesh_local = child.engine.mesh_local_address
    again = Child(air, store=child.store).start()
    air.run_until(lambda: again.engine.rloc16 is not None, SECOND)
    assert again.of(Restoring) == [Restoring(PARENT, b"\xd8\x01")]
    assert again.attached() == Attached(
        Role.MED, b"\xd8\x01", PARENT, b"\xd8\x00", 7, 54, restored=True
    )
    assert again.engine.mesh_local_address == mesh_local
    assert len(parent.asked(MleCommand.PARENT_REQUEST)) == 1
    air.run(2 * SECOND)
    assert again.of(NetworkDataChanged)


def test_parent_of_another_network_is_not_asked() -> None:
    air, _, child = attach()
    other = network_of(bytes(range(16)), channel=11, pan_id=0xFACE, mesh_local_prefix=PREFIX)
    again = Child(air, other, store=child.store).start()
    air.run(2 * SECOND)
    assert not again.of(Restoring)
    assert again.engine.state is State.ATTACHING


def test_attaches_anew_where_the_parent_has_forgotten_it() -> None:
    air, parent, child = attach()
    parent.children.clear()
    again = Child(air, store=child.store).start()
    air.run_until(lambda: again.engine.rloc16 is not None, 10 * SECOND)
    assert not again.attached().restored


def test_attaches_anew_where_the_parent_is_gone() -> None:
    air, parent, child = attach()
    parent.behaviour.alive = False
    ThreadParent(air, OTHER_PARENT, b"\x28\x00")
    again = Child(air, store=child.store).start()
    took = air.run_until(lambda: again.engine.rloc16 is not None, 20 * SECOND)
    assert took < 6 * SECOND
    assert again.attached().parent == OTHER_PARENT


@pytest.mark.parametrize("after", range(0, 1_200_000, 50_000))
def test_killed_at_any_moment_of_its_attach_it_comes_back(after: int) -> None:
    air, _, first = attach()
    child = Child(air, store=first.store).start()
    air.run(after)
    again = Child(air, store=first.store).start()
    air.run_until(lambda: again.engine.rloc16 is not None, 10 * SECOND)
    air.run(300 * SECOND)
    assert again.engine.state is State.ATTACHED
    assert child.engine.mesh_local_address == again.engine.mesh_local_address


def test_takes_its_leave() -> None:
    air, parent, child = attach()
    child.take(child.engine.leave(now=air.now))
    air.run(SECOND)
    goodbye = parent.asked(MleCommand.CHILD_UPDATE_REQUEST)[0]
    assert goodbye.find(TlvType.TIMEOUT, Timeout) == Timeout(0)
    assert child.engine.next_deadline() is None
    again = Child(air, store=child.store).start()
    air.run_until(lambda: again.engine.rloc16 is not None, 10 * SECOND)
    assert not again.of(Restoring)
    assert again.of(Configure)[0].settings.channel == 11


class FailingStore(MemoryStore):
    """A store that fails while it is told to."""

    fails = False

    def save(self, name: str, octets: bytes) -> None:
        if self.fails:
            raise StoreError("the disk is full")
        super().save(name, octets)

    def remove(self, name: str) -> None:
        if self.fails:
            raise StoreError("the disk is full")
        super().remove(name)


@pytest.mark.parametrize("after", range(0, 3_000_000, 100_000))
def test_store_that_fails_for_a_while_raises_nothing_and_loses_nothing(after: int) -> None:
    air = Air()
    parent = ThreadParent(air)
    store = FailingStore()
    child = Child(air, store=store).start()
    air.run(after)
    later = dataset(seconds=9, network_key=bytes(range(16)), delay=100)
    parent.behaviour.pending = Timestamp(9), later
    parent.change_network_data(on_mesh(PREFIX))
    store.fails = True
    parent.advertise()
    air.run(20 * SECOND)
    parent.behaviour.pending = None
    store.fails = False
    air.run_until(lambda: child.engine.rloc16 is not None, 2000 * SECOND)
    assert child.engine.network.network_key == NETWORK_KEY  # the later one was never durable
    air.run(300 * SECOND)
    assert child.engine.state is State.ATTACHED
