"""Links over bad channels: loss, copies and disorder; both ends agree in the end."""

import pytest

from lowpan.mesh.link_state import LinkState
from lowpan.mesh.service import LinkDown, LinkUp
from tests.mesh.link_network import SECOND, LinkNetwork, LinkNode, downs, replays

MINUTE = 60 * SECOND


def assert_agreement(network: LinkNetwork) -> None:
    """Hold that both ends of every link think the same of it, and of its quality about the same."""
    for one in network.nodes:
        for other in network.nodes:
            if one is other:
                continue
            assert one.state(other) is other.state(one)
            ours = one.engine.neighbours.get(other.address)
            theirs = other.engine.neighbours.get(one.address)
            assert ours is not None
            assert theirs is not None
            assert abs(ours.quality_in - theirs.quality_out) <= 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("loss", "linked_after"), [(0.0, 10 * SECOND), (0.1, 30 * SECOND), (0.3, 120 * SECOND)]
)
def test_all_links_are_up_in_time(loss: float, linked_after: int, seed: int) -> None:
    network = LinkNetwork(12, loss=loss, seed=seed)
    network.start()
    network.run_until(linked_after)
    assert network.all_up()


@pytest.mark.parametrize("seed", range(3))
def test_both_ends_agree_at_thirty_percent_loss(seed: int) -> None:
    network = LinkNetwork(8, loss=0.3, seed=seed)
    network.start()
    network.run_until(60 * MINUTE)
    network.loss = 0.0
    network.run_for(2 * MINUTE)
    assert network.all_up()
    assert_agreement(network)


def test_links_hold_for_hours_at_thirty_percent_loss() -> None:
    network = LinkNetwork(6, loss=0.3)
    network.start()
    network.run_until(5 * MINUTE)
    assert network.all_up()
    before = sum(len(downs(node)) for node in network.nodes)
    network.run_for(180 * MINUTE)
    after = sum(len(downs(node)) for node in network.nodes)
    assert after - before <= 6  # of 30 ends of links, each asked a dozen times
    network.run_for(2 * MINUTE)
    assert network.all_up()


def test_the_delivery_ratio_is_what_was_lost() -> None:
    network = LinkNetwork(6, loss=0.3)
    network.start()
    network.run_until(180 * MINUTE)
    ratios = [
        neighbour.incoming.delivery_ratio
        for node in network.nodes
        for neighbour in node.engine.neighbours
        if neighbour.incoming is not None
    ]
    known = [ratio for ratio in ratios if ratio is not None]
    assert len(known) == 30
    assert abs(sum(known) / 30 - 0.7) < 0.05
    assert all(0.4 < ratio < 0.95 for ratio in known)


def test_copies_are_refused_and_do_no_harm() -> None:
    network = LinkNetwork(8, copies=0.5)
    network.start()
    network.run_until(30 * MINUTE)
    assert network.all_up()
    assert [downs(node) for node in network.nodes] == [[]] * 8
    assert all(replays(node) > 50 for node in network.nodes)
    assert_agreement(network)


def test_disorder_does_no_harm() -> None:
    network = LinkNetwork(8, jitter=SECOND // 2, copies=0.1, loss=0.05)
    network.start()
    network.run_until(30 * MINUTE)
    assert network.all_up()
    assert_agreement(network)


@pytest.mark.parametrize("seed", range(4))
def test_a_partition_ends_links_and_its_end_brings_them_back(seed: int) -> None:
    network = LinkNetwork(8, seed=seed)
    network.start()
    network.run_until(20 * MINUTE)
    halves = range(4), range(4, 8)
    network.apart = {(one, other) for one in halves[0] for other in halves[1]}
    network.apart |= {(other, one) for one, other in network.apart}
    network.run_for(4 * MINUTE + 10 * SECOND)
    for one in network.nodes[:4]:
        assert [one.state(other) for other in network.nodes[4:]] == [LinkState.DOWN] * 4
    network.apart = set()
    network.run_for(2 * MINUTE)
    assert network.all_up()


def test_links_one_way_are_not_up_and_both_ends_know() -> None:
    network = LinkNetwork(2)
    network.apart = {(0, 1)}
    network.start()
    network.run_until(10 * MINUTE)
    alice, bob = network.nodes
    assert alice.state(bob) is not LinkState.UP
    assert bob.state(alice) is LinkState.DOWN
    assert alice.told(LinkUp) == bob.told(LinkUp) == []
    network.apart = set()
    network.run_for(5 * MINUTE)
    assert network.all_up()


def test_a_link_that_becomes_one_way_goes_down_at_both_ends() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(10 * MINUTE)
    alice, bob = network.nodes
    network.apart = {(0, 1)}
    network.run_for(6 * MINUTE)
    assert bob.state(alice) is LinkState.DOWN
    assert alice.state(bob) is not LinkState.UP
    assert len(alice.told(LinkDown)) == len(bob.told(LinkDown)) == 1


def test_a_neighbour_without_link_data_is_told_and_links_anew() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(10 * MINUTE)
    alice, bob = network.nodes
    forget(alice, bob)
    network.run_for(100 * SECOND)
    assert network.all_up()
    assert downs(bob) == ["it advertised that it does not"]


def forget(node: LinkNode, other: LinkNode) -> None:
    """Let `node` know nothing of `other` any more, without a word."""
    links = node.engine._links  # pyright: ignore[reportPrivateUsage]
    links.end(links.by_neighbour[other.address], "forgotten", now=0)
