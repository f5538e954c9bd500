"""Restarts: links come back within a stated time, by challenge and response."""

import pytest

from lowpan.mesh.link_events import LinksNotSaved
from lowpan.mesh.link_state import LinkState
from lowpan.store import MemoryStore
from tests.mesh.link_network import SECOND, LinkNetwork, LinkNode, downs, replays, ups
from tests.mesh.test_link_establishment import FullStore

MINUTE = 60 * SECOND
HEALED, HEALED_WITH_LOSS = 6 * SECOND, 60 * SECOND
"""Within which docs/mle.md says that links are back."""


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("loss", "healed"), [(0.0, HEALED), (0.3, HEALED_WITH_LOSS)])
def test_a_node_that_restarts_is_back_in_time(loss: float, healed: int, seed: int) -> None:
    network = LinkNetwork(10, loss=loss, seed=seed)
    network.start()
    network.run_until(20 * MINUTE)
    network.restart(network.nodes[seed])
    network.run_for(healed)
    assert network.all_up()


def test_all_nodes_that_restart_at_once_are_back_in_time() -> None:
    network = LinkNetwork(10)
    network.start()
    network.run_until(20 * MINUTE)
    for node in network.nodes:
        network.restart(node)
    network.run_for(10 * SECOND)
    assert network.all_up()


def test_both_ends_are_back_although_their_counters_are_below_the_marks() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(10 * MINUTE)
    alice, bob = network.nodes
    network.restart(alice)
    network.run_for(HEALED)
    assert network.all_up()
    network.restart(bob)
    network.run_for(HEALED)
    assert network.all_up()
    network.run_for(60 * MINUTE)
    assert downs(alice)[1:] == downs(bob)[1:] == []


def test_who_was_off_for_days_and_lost_its_neighbours_is_back_in_time() -> None:
    network = LinkNetwork(4)
    network.start()
    network.run_until(10 * MINUTE)
    alice = network.nodes[0]
    alice.deaf = alice.mute = True
    network.run_for(3000 * MINUTE)
    alice.deaf = alice.mute = False
    network.restart(alice)
    network.run_for(HEALED)
    assert network.all_up()


def test_who_restarts_within_a_second_is_back_as_well() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(10 * MINUTE)
    for _ in range(5):
        network.restart(network.nodes[0])
        network.run_for(SECOND)
    network.run_for(2 * MINUTE)
    assert network.all_up()


def test_neighbours_are_remembered_and_asked() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(MINUTE)
    alice, bob = network.nodes
    bob.deaf = bob.mute = True
    network.restart(alice)
    assert alice.state(bob) is LinkState.DOWN
    neighbour = alice.engine.neighbours.get(bob.address)
    assert neighbour is not None
    assert neighbour.short_address == bob.short
    network.run_for(10 * MINUTE)
    assert len(alice.engine.links) == 0


def test_a_store_that_fails_costs_the_memory_and_nothing_else() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(MINUTE)
    alice = network.nodes[0]
    alice.engine._store = FullStore()  # pyright: ignore[reportPrivateUsage]
    network.start([network.add(LinkNode(2, network.settings))])
    network.run_for(MINUTE)
    assert network.all_up()
    assert 3 <= len(alice.told(LinksNotSaved)) <= 6


def test_recordings_of_a_node_that_is_gone_make_no_link_after_a_restart() -> None:
    network = LinkNetwork(3)
    network.start()
    network.run_until(20 * MINUTE)
    alice, gone = network.nodes[0], network.nodes[2]
    gone.mute = gone.deaf = True
    for store in (alice.store, MemoryStore()):
        alice.store = store
        network.restart(alice)
        network.run_for(10 * SECOND)
        replay_all(network, alice, gone)
        network.run_for(10 * SECOND)
        assert not alice.state(gone).receiving
    assert ups(alice).count(gone.address) == 1
    assert replays(alice) > 20


def replay_all(network: LinkNetwork, victim: LinkNode, sender: LinkNode) -> None:
    """Give all that `sender` has ever said to `victim` again, in order."""
    for number, (node, _) in enumerate(network.recorded[:]):
        if node is sender:
            network.replay(number, victim)
