"""Nodes that do not listen when idle, and those that keep frames for them."""

import pytest

from lowpan.mesh.link_settings import SLEEPER, MeshLinkSettings
from lowpan.mesh.link_sleeping import LinkSleeping
from lowpan.mesh.link_state import Link, LinkState
from lowpan.mesh.service import (
    ExpectAnswer,
    FrameHeard,
    JoinGroup,
    SetSleepers,
    SleepOn,
    StayAwake,
)
from tests.mesh.link_network import SECOND, LinkNetwork, LinkNode, downs

MINUTE = 60 * SECOND
ASLEEP = MeshLinkSettings(mode=SLEEPER, timeout=120, poll_interval=3_000_000)


def bedroom(routers: int = 3) -> tuple[LinkNetwork, LinkNode]:
    """Return a network at rest, and a sleeper that has just started there."""
    network = LinkNetwork(routers)
    network.start()
    network.run_until(10 * MINUTE)
    sleeper = network.add(LinkNode(routers, ASLEEP))
    network.start([sleeper])
    network.run_for(8 * SECOND)
    return network, sleeper


def parent_of(network: LinkNetwork, sleeper: LinkNode) -> LinkNode:
    """Return the only node with which the sleeper has a link."""
    parents = [node for node in network.nodes if sleeper.state(node) is LinkState.UP]
    assert len(parents) == 1
    return parents[0]


def last_sleepers(node: LinkNode) -> frozenset[bytes]:
    """Return who sleeps, as a node's link layer was told last."""
    told = [event for event in node.told(SetSleepers) if isinstance(event, SetSleepers)]
    return told[-1].link_addresses if told else frozenset()


def test_a_sleeper_has_one_link_and_sleeps_on_it() -> None:
    network, sleeper = bedroom()
    parent = parent_of(network, sleeper)
    assert sleeper.told(SleepOn) == [SleepOn(parent.address, 3_000_000)]
    assert sleeper.told(JoinGroup) == []
    assert sleeper.told(ExpectAnswer)
    assert last_sleepers(parent) == {sleeper.address, sleeper.short}
    last = parent.told(SetSleepers)[-1]
    assert isinstance(last, SetSleepers)
    assert last.named == {(sleeper.short, sleeper.address)}, "whichever name it asks by"
    for other in network.nodes[:3]:
        if other is not parent:
            assert other.state(sleeper) is not LinkState.UP
            assert last_sleepers(other) == frozenset()
    assert network.times("ADVERTISEMENT", sleeper) == []


def test_a_sleeper_that_polls_keeps_its_link_and_says_little() -> None:
    network, sleeper = bedroom()
    parent = parent_of(network, sleeper)
    begin = len(network.recorded)
    for _ in range(20 * 60):
        network.run_for(3 * SECOND)
        heard = FrameHeard(sleeper.address, -60.0, authentic=True)
        network.take(parent, parent.engine.frame_heard(heard, now=network.now))
    assert parent_of(network, sleeper) is parent
    assert sleeper.told(StayAwake) == []
    said = [node for node, _ in network.recorded[begin:] if node is sleeper]
    assert 100 <= len(said) <= 300  # a request every half minute, and answers, in an hour


def test_a_sleeper_whose_parent_is_lost_finds_another() -> None:
    network, sleeper = bedroom()
    parent = parent_of(network, sleeper)
    parent.mute = parent.deaf = True
    network.take(sleeper, sleeper.engine.parent_lost(now=network.now))
    network.run_for(8 * SECOND)
    other = parent_of(network, sleeper)
    assert other is not parent
    assert [type(event) for event in sleeper.told(SleepOn) + sleeper.told(StayAwake)] == [
        SleepOn,
        SleepOn,
        StayAwake,
    ]


def test_a_sleeper_whose_parent_restarts_is_told_and_links_anew() -> None:
    network, sleeper = bedroom()
    parent = parent_of(network, sleeper)
    network.restart(parent)
    network.run_for(60 * SECOND)
    assert parent_of(network, sleeper).state(sleeper) is LinkState.UP


def test_a_silent_sleeper_is_waited_for_as_long_as_it_asked() -> None:
    network, sleeper = bedroom()
    parent = parent_of(network, sleeper)
    sleeper.mute = sleeper.deaf = True
    network.run_for(2 * MINUTE - 10 * SECOND)
    assert parent.state(sleeper) is LinkState.UP
    asked = len(network.times("LINK_REQUEST", parent))
    network.run_for(10 * MINUTE)
    assert parent.state(sleeper) is LinkState.DOWN
    assert len(network.times("LINK_REQUEST", parent)) == asked
    assert last_sleepers(parent) == frozenset()
    assert downs(parent) == ["silent"]


def test_a_sleeper_with_nobody_around_asks_ever_more_seldom() -> None:
    network = LinkNetwork(0)
    sleeper = network.add(LinkNode(0, ASLEEP))
    network.start()
    network.run_until(60 * MINUTE)
    asked = network.times("LINK_REQUEST", sleeper)
    assert 40 <= len(asked) <= 120
    router = network.add(LinkNode(1, MeshLinkSettings()))
    network.start([router])
    network.run_for(5 * MINUTE)
    assert sleeper.state(router) is router.state(sleeper) is LinkState.UP


def test_sleepers_do_not_link_with_each_other_for_good() -> None:
    network, sleeper = bedroom(1)
    second = network.add(LinkNode(2, ASLEEP))
    network.start([second])
    network.run_for(10 * SECOND)
    assert parent_of(network, second) is parent_of(network, sleeper) is network.nodes[0]
    assert sleeper.state(second) is LinkState.DOWN


def test_a_sleeper_that_restarts_is_awake_until_it_has_a_parent_again() -> None:
    network, sleeper = bedroom(1)
    parent = parent_of(network, sleeper)
    before = len(parent.told(SetSleepers))
    network.restart(sleeper)
    network.run_for(8 * SECOND)
    assert parent.state(sleeper) is sleeper.state(parent) is LinkState.UP
    told = [event for event in parent.told(SetSleepers)[before:] if isinstance(event, SetSleepers)]
    assert [event.link_addresses for event in told] == [
        frozenset(),
        {sleeper.address, sleeper.short},
    ]


def test_nobody_asks_a_sleeper() -> None:
    network, sleeper = bedroom()
    routers = network.nodes[:3]
    asked = [len(network.times("LINK_REQUEST", router)) for router in routers]
    network.run_for(10 * MINUTE)
    assert [len(network.times("LINK_REQUEST", router)) for router in routers] == asked
    assert parent_of(network, sleeper) in routers


@pytest.mark.parametrize("seed", range(4))
def test_both_ends_know_of_each_other_at_thirty_percent_loss(seed: int) -> None:
    network = LinkNetwork(3, loss=0.3, seed=seed)
    network.start()
    network.run_until(5 * MINUTE)
    sleepers = [network.add(LinkNode(number, ASLEEP)) for number in range(3, 7)]
    network.start(sleepers)
    network.run_for(5 * MINUTE)
    network.loss = 0.0
    network.run_for(MINUTE)
    for sleeper in sleepers:
        parent = parent_of(network, sleeper)
        assert parent.state(sleeper) is LinkState.UP
        assert sleeper.address in last_sleepers(parent)


def test_the_strongest_neighbour_is_chosen() -> None:
    links = {bytes([number]): Link(bytes([number])) for number in range(4)}
    for link, rssi in zip(links.values(), (-80.0, -50.0, None, -20.0), strict=True):
        link.state, link.rssi = LinkState.UP, rssi
    links[b"\x03"].state = LinkState.RECEIVING
    sleeping = LinkSleeping(links, ASLEEP)
    sleeping.linked(now=0)
    due = sleeping.next_deadline()
    assert due is not None
    assert sleeping.choose(now=due - 1) is None
    assert sleeping.choose(now=due) is links[b"\x01"]
    assert sleeping.parent == b"\x01"
    assert sleeping.next_deadline() is None
