"""A child finds a parent, in virtual time."""

from itertools import pairwise
from random import Random

import pytest

from lowpan.mac.service import Configure
from lowpan.mesh.service import (
    JoinGroup,
    LinkUp,
    SendMle,
    SendVia,
    SleepOn,
    TakeAddress,
    UseContext,
)
from lowpan.mesh.thread.assignment import State
from lowpan.mesh.thread.events import (
    Attached,
    ChildIdRequested,
    NobodyAnswered,
    ParentHeard,
    ParentRequested,
)
from lowpan.mesh.thread.network import network_of
from lowpan.mesh.thread.settings import Role
from lowpan.wire.addresses import SHORT_IID_PREFIX
from lowpan.wire.mle import MleCommand, TlvType
from lowpan.wire.mle_draft import Mode, Timeout
from lowpan.wire.mle_tlvs import AddressRegistration, ScanMask, TlvRequest
from tests.mesh.thread_air import SECOND, Air, Child, attach
from tests.mesh.thread_network import NETWORK_KEY, OTHER_PARENT, PARENT, PREFIX
from tests.mesh.thread_parent import ThreadParent

MODES = {
    Role.FED: Mode(True, True, True, True),
    Role.MED: Mode(True, True, False, True),
    Role.SED: Mode(False, True, False, False),
}


@pytest.mark.parametrize("role", Role)
def test_attaches_within_a_second_as_what_it_is(role: Role) -> None:
    air, parent, child = attach(role=role)
    assert air.now < SECOND
    assert child.attached() == Attached(role, b"\xd8\x01", PARENT, b"\xd8\x00", 7, 54)
    assert child.of(LinkUp) == [LinkUp(PARENT, b"\xd8\x00")]
    asked = parent.asked(MleCommand.CHILD_ID_REQUEST)[0]
    assert asked.find(TlvType.MODE, Mode) == MODES[role]
    assert asked.find(TlvType.TIMEOUT, Timeout) == Timeout(240)
    wanted = asked.find(TlvType.TLV_REQUEST, TlvRequest)
    assert wanted is not None
    assert (TlvType.ROUTE64 in wanted.types) == (role is Role.FED)
    registered = asked.find(TlvType.ADDRESS_REGISTRATION, AddressRegistration)
    assert (registered is None) == (role is Role.FED)
    assert (asked.find(TlvType.SUPERVISION_INTERVAL) is None) == (role is not Role.SED)


def test_has_addresses_groups_and_contexts_of_the_mesh() -> None:
    _, _, child = attach()
    taken = child.of(TakeAddress)
    mesh_local = child.engine.mesh_local_address
    assert mesh_local is not None
    assert taken == [
        TakeAddress(mesh_local, 64, b"\xd8\x01", preferred=True),
        TakeAddress(PREFIX + SHORT_IID_PREFIX + b"\xd8\x01", 64, b"\xd8\x01", preferred=False),
    ]
    assert child.of(UseContext) == [UseContext(0, PREFIX + bytes(8), 64)]
    assert child.of(SendVia)[-1] == SendVia(b"\xd8\x00")
    groups = {action.group.hex() for action in child.of(JoinGroup)}
    assert "ff030000000000000000000000000001" in groups
    assert "ff330040fd000db80000000000000001" in groups
    assert "ff030000000000000000000000000002" not in groups
    assert child.of(Configure)[-1].settings.short_address == 0xD801


def test_a_full_end_device_hears_the_questions_for_addresses() -> None:
    _, _, child = attach(role=Role.FED)
    groups = {action.group.hex() for action in child.of(JoinGroup)}
    assert "ff030000000000000000000000000002" in groups


def test_a_sleeper_polls_for_its_address_and_then_as_told() -> None:
    _, _, child = attach(role=Role.SED)
    assert child.of(SleepOn) == [SleepOn(PARENT, 100_000), SleepOn(b"\xd8\x00", 4 * SECOND)]


def test_routers_are_asked_twice_and_then_all() -> None:
    air = Air()
    child = Child(air).start()
    air.run(7 * SECOND)
    asked = child.of(ParentRequested)[:6]
    assert [one.end_devices_too for one in asked] == [False, False, True, True, True, True]
    sent = [one for one in child.actions if isinstance(one, SendMle) and one.channel is None]
    assert len(sent) >= 6


def test_each_attempt_waits_longer_for_the_next() -> None:
    air = Air()
    child = Child(air).start()
    air.run(3600 * SECOND)
    waits = [one.again_in for one in child.of(NobodyAnswered)]
    assert 251_000 < waits[0] < 302_000
    assert all(later > earlier for earlier, later in pairwise(waits[:13]))
    assert max(waits) <= 1_200_000_000 + 50_000
    assert child.engine.state is State.ATTACHING


def test_parent_that_comes_late_is_found() -> None:
    air = Air()
    child = Child(air).start()
    air.run(60 * SECOND)
    ThreadParent(air)
    assert air.run_until(lambda: child.engine.rloc16 is not None, 120 * SECOND) > 0


def test_better_link_wins_over_the_first_answer() -> None:
    air = Air()
    ThreadParent(air, PARENT).behaviour.margin = 15
    better = ThreadParent(air, OTHER_PARENT, b"\x28\x00")
    better.behaviour.response_delay = 400_000
    child = Child(air).start()
    air.run_until(lambda: child.engine.rloc16 is not None, 10 * SECOND)
    assert [one.parent for one in child.of(ParentHeard)] == [PARENT, OTHER_PARENT]
    assert child.attached().parent == OTHER_PARENT


def test_priority_decides_among_links_of_the_same_quality() -> None:
    air = Air()
    ThreadParent(air, PARENT).behaviour.margin = 90
    better = ThreadParent(air, OTHER_PARENT, b"\x28\x00")
    better.behaviour.priority = 1
    child = Child(air).start()
    air.run_until(lambda: child.engine.rloc16 is not None, 10 * SECOND)
    assert child.attached().parent == OTHER_PARENT


def test_poor_link_is_taken_after_all_were_asked() -> None:
    air = Air()
    ThreadParent(air).behaviour.margin = 6
    child = Child(air).start()
    air.run_until(lambda: child.engine.rloc16 is not None, 10 * SECOND)
    assert child.of(ParentRequested)[-1].end_devices_too


def test_parent_without_a_link_is_not_taken() -> None:
    air = Air()
    ThreadParent(air).behaviour.margin = 1
    child = Child(air).start()
    air.run(20 * SECOND)
    assert not child.of(ParentHeard)
    assert child.engine.rloc16 is None


def test_next_best_is_asked_when_the_best_does_not_answer() -> None:
    air = Air()
    best = ThreadParent(air, OTHER_PARENT, b"\x28\x00")
    best.behaviour.priority = 1
    ThreadParent(air, PARENT)
    child = Child(air).start()
    air.run_until(lambda: len(child.of(ChildIdRequested)) == 1, 5 * SECOND)
    best.behaviour.alive = False
    air.run_until(lambda: child.engine.rloc16 is not None, 5 * SECOND)
    best.behaviour.alive = True
    assert [one.parent for one in child.of(ChildIdRequested)][-1] in {PARENT, OTHER_PARENT}


def test_learns_the_dataset_from_its_parent_when_it_has_only_a_key() -> None:
    air = Air()
    parent = ThreadParent(air)
    network = network_of(NETWORK_KEY, channel=11, pan_id=0xFACE)
    child = Child(air, network).start()
    air.run_until(lambda: child.engine.rloc16 is not None, 10 * SECOND)
    assert child.engine.network.mesh_local_prefix == PREFIX
    assert child.engine.mesh_local_address is not None
    asked = parent.asked(MleCommand.CHILD_ID_REQUEST)[0]
    assert asked.find(TlvType.ACTIVE_TIMESTAMP) is None


@pytest.mark.parametrize("seed", range(8))
def test_attaches_although_every_third_message_is_lost(seed: int) -> None:
    air, _, child = attach(loss=0.33, seed=Random(seed).randrange(1000))
    assert child.engine.state is State.ATTACHED
    assert air.now < 60 * SECOND


def test_asks_with_a_fresh_challenge_each_time() -> None:
    air = Air()
    parent = ThreadParent(air)
    parent.behaviour.margin = 1  # never taken
    Child(air).start()
    air.run(20 * SECOND)
    requests = parent.asked(MleCommand.PARENT_REQUEST)
    challenges = {message.find(TlvType.CHALLENGE).challenge for message in requests}
    assert len(challenges) == len(requests) > 6
    masks = [message.find(TlvType.SCAN_MASK, ScanMask) for message in requests]
    assert masks[:3] == [ScanMask(True, False), ScanMask(True, False), ScanMask(True, True)]
