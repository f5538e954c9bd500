"""A network changes, and its child follows: datasets, keys, channels."""

import pytest

from lowpan.mac.service import Configure
from lowpan.mesh.key_sequence import KeySequenceChanged
from lowpan.mesh.service import SendMle
from lowpan.mesh.thread.assignment import State
from lowpan.mesh.thread.events import (
    AnnounceHeard,
    DatasetChanged,
    DatasetRefused,
    DatasetScheduled,
    Detached,
    Discovering,
    Loss,
    NetworkFound,
)
from lowpan.mesh.thread.network import network_of
from lowpan.mesh.thread.settings import Role
from lowpan.wire.addresses import ALL_NODES
from lowpan.wire.meshcop import Timestamp
from lowpan.wire.mle import MleCommand, TlvType
from lowpan.wire.network_data import NetworkData
from lowpan.wire.secret import Secret
from tests.mesh.thread_air import SECOND, Air, Child, attach
from tests.mesh.thread_network import NETWORK_KEY, OTHER_PARENT, PARENT, dataset
from tests.mesh.thread_parent import ThreadParent

OTHER_KEY = Secret(bytes.fromhex("ffeeddccbbaa99887766554433221100"))


def tell(parent: ThreadParent) -> None:
    """Let the parent's children know that there is something new."""
    parent.change_network_data(NetworkData(()))
    parent.advertise()


def test_takes_a_newer_active_dataset() -> None:
    air, parent, child = attach()
    parent.behaviour.active = dataset(seconds=5)
    tell(parent)
    air.run(2 * SECOND)
    assert child.of(DatasetChanged) == [DatasetChanged(5, 11, 0xFACE)]
    assert child.engine.network.active_timestamp == Timestamp(5)
    assert child.engine.state is State.ATTACHED


def test_pending_dataset_moves_child_and_parent_at_one_moment() -> None:
    air, parent, child = attach()
    parent.behaviour.pending = Timestamp(9), dataset(seconds=9, channel=15, delay=30_000)
    tell(parent)
    air.run(2 * SECOND)
    scheduled = child.of(DatasetScheduled)[0]
    assert scheduled.seconds == 9
    assert scheduled.delay == 30 * SECOND
    begin = air.now
    air.run_until(lambda: child.channel == 15, 40 * SECOND)
    assert 28 * SECOND < air.now - begin <= 30 * SECOND
    parent.channel, parent.behaviour.pending = 15, None
    parent.behaviour.active = dataset(seconds=9, channel=15)
    air.run(300 * SECOND)
    assert child.engine.state is State.ATTACHED
    assert not child.of(Detached)
    assert child.of(Configure)[-1].settings.short_address == 0xD801


def test_asks_for_a_dataset_of_which_all_were_told_only_the_timestamp() -> None:
    """As OpenThread does: network data and timestamps to all, datasets to who asks."""
    air, parent, child = attach()
    pending = dataset(seconds=9, channel=15, delay=30_000)
    parent.behaviour.pending = Timestamp(9), pending
    parent.change_network_data(NetworkData(()))
    parent.send(
        ALL_NODES,
        MleCommand.DATA_RESPONSE,
        *parent.own(),
        (TlvType.ACTIVE_TIMESTAMP, Timestamp(1)),
        (TlvType.PENDING_TIMESTAMP, Timestamp(9)),
        (TlvType.NETWORK_DATA, NetworkData(())),
    )
    air.run(3 * SECOND)
    assert len(parent.asked(MleCommand.DATA_REQUEST)) == 1
    assert child.of(DatasetScheduled)
    air.run(30 * SECOND)
    assert child.channel == 15


def test_pending_dataset_survives_a_restart() -> None:
    air, parent, child = attach()
    parent.behaviour.pending = Timestamp(9), dataset(seconds=9, channel=15, delay=30_000)
    tell(parent)
    air.run(5 * SECOND)
    again = Child(air, store=child.store).start()
    air.run(40 * SECOND)
    assert again.channel == 15
    assert again.engine.network.active_timestamp == Timestamp(9)


def test_child_that_was_away_meanwhile_looks_in_the_future() -> None:
    air, parent, child = attach()
    parent.behaviour.pending = Timestamp(9), dataset(seconds=9, channel=15, delay=3_600_000)
    tell(parent)
    air.run(5 * SECOND)
    parent.channel, parent.behaviour.pending = 15, None
    parent.behaviour.active = dataset(seconds=9, channel=15)
    parent.children.clear()
    again = Child(air, store=child.store).start()
    air.run_until(lambda: again.engine.rloc16 is not None, 60 * SECOND)
    assert again.channel == 15
    assert again.engine.network.active_timestamp == Timestamp(9)


def test_follows_to_another_network_key() -> None:
    air, parent, child = attach()
    later = dataset(seconds=9, network_key=OTHER_KEY, pan_id=0xBEEF, delay=30_000)
    parent.behaviour.pending = Timestamp(9), later
    tell(parent)
    air.run(29 * SECOND)
    parent.use_key(OTHER_KEY)
    parent.behaviour.pending = None
    parent.behaviour.active = dataset(seconds=9, network_key=OTHER_KEY, pan_id=0xBEEF)
    parent.children.clear()
    air.run(20 * SECOND)
    assert child.of(Detached) == [Detached(Loss.PARAMETERS, PARENT)]
    assert child.engine.rloc16 == b"\xd8\x01"
    assert child.pan_id == 0xBEEF


# Key sequences


def test_takes_the_key_sequence_of_the_network_it_joins() -> None:
    air = Air()
    ThreadParent(air, sequence=129)
    child = Child(air).start()
    air.run_until(lambda: child.engine.rloc16 is not None, 10 * SECOND)
    assert child.engine.key_sequence == 129
    again = Child(air, store=child.store).start()
    assert again.engine.key_sequence == 129


def test_follows_its_parent_to_the_next_key_sequence() -> None:
    air, parent, child = attach()
    parent.use_key(NETWORK_KEY, 1)
    parent.advertise()
    air.run(SECOND)
    assert [one.key_sequence for one in child.of(KeySequenceChanged)] == [1]
    air.run(300 * SECOND)
    assert child.engine.state is State.ATTACHED


def test_parent_far_ahead_must_prove_it() -> None:
    air, parent, child = attach()
    parent.use_key(NETWORK_KEY, 7)
    parent.advertise()
    air.run(SECOND)
    assert [one.key_sequence for one in child.of(KeySequenceChanged)] == [7]
    assert child.engine.state is State.ATTACHED


def test_rotates_by_time_alone() -> None:
    air, parent, child = attach()
    parent.behaviour.alive = True
    air.run(673 * 3600 * SECOND)
    assert child.engine.key_sequence == 1


# Announces


def test_follows_a_newer_announce_and_tells_where_it_was() -> None:
    air, parent, child = attach()
    there = ThreadParent(air, OTHER_PARENT, b"\x28\x00")
    there.channel, there.behaviour.active = 20, dataset(seconds=50, channel=20)
    parent.announce(20, 0xFACE, 50)
    air.run_until(lambda: child.engine.parent == OTHER_PARENT, 10 * SECOND)
    assert child.of(AnnounceHeard) == [AnnounceHeard(20, 0xFACE)]
    assert child.engine.network.active_timestamp == Timestamp(50)
    announced = [one for one in child.of(SendMle) if one.channel is not None]
    assert [one.channel for one in announced] == [11]


def test_comes_back_when_nobody_is_where_an_announce_led() -> None:
    air, parent, child = attach()
    parent.announce(20, 0xFACE, 50)
    air.run(SECOND)
    assert child.channel == 20
    air.run_until(lambda: child.engine.rloc16 is not None, 60 * SECOND)
    assert (child.channel, child.engine.parent) == (11, PARENT)
    assert child.engine.network.active_timestamp == Timestamp(1)


def test_answers_an_older_announce_on_its_channel() -> None:
    air, parent, child = attach()
    parent.announce(20, 0xBEEF, 0)
    air.run(SECOND)
    assert [one.channel for one in child.of(SendMle) if one.channel is not None] == [20]
    assert child.channel == 11


def test_orphan_asks_on_all_other_channels() -> None:
    air = Air()
    child = Child(air).start()
    air.run(9 * SECOND)
    asked = [one.channel for one in child.of(SendMle) if one.channel is not None]
    assert asked[:15] == list(range(12, 27))


# Discovery


def test_network_without_a_place_is_looked_for_on_all_channels() -> None:
    air = Air()
    child = Child(air, network_of(NETWORK_KEY)).start()
    air.run(6 * SECOND)
    assert [one.channel for one in child.of(Discovering)][:16] == list(range(11, 27))
    assert not child.of(NetworkFound)
    assert child.engine.state is State.DISCOVERING


@pytest.mark.parametrize("role", Role)
def test_dataset_that_is_older_is_refused(role: Role) -> None:
    air, parent, child = attach(role=role)
    parent.behaviour.active = dataset(seconds=5)
    tell(parent)
    air.run(2 * SECOND)
    parent.behaviour.active = dataset(seconds=3, channel=20)
    tell(parent)
    air.run(2 * SECOND)
    assert child.engine.network.active_timestamp == Timestamp(5)
    assert child.channel == 11
    assert not child.of(DatasetRefused)  # what is older is not even read
