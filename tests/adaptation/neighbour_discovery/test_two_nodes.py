"""Two and three nodes that resolve each other, in virtual time."""

import pytest

from lowpan.adaptation.neighbour_discovery.actions import LinkAddressKnown, Unreachable
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses
from lowpan.adaptation.neighbour_discovery.table import State
from tests.adaptation.neighbour_discovery.link import (
    SECOND,
    Link,
    Node,
    address,
    extended,
    other_address,
)

ALICE, BOB = other_address(0x1A), other_address(0x1B)


def pair() -> tuple[Node, Node, Link]:
    alice, bob = Node(1, ALICE, short=b"\x00\x01"), Node(2, BOB, short=b"\x00\x02")
    return alice, bob, Link(alice, bob)


def state(node: Node, of: bytes, now: int) -> State | None:
    neighbour = node.engine.cache.table.get(of)
    return None if neighbour is None else node.engine.cache.state_of(neighbour, now=now)


def test_each_finds_the_other_by_one_solicitation() -> None:
    alice, bob, link = pair()
    link.do(alice, alice.engine.resolve(BOB, now=0, source=ALICE)[1])
    link.run(SECOND)
    assert alice.told == [LinkAddressKnown(BOB, b"\x00\x02")]
    assert bob.engine.resolve(ALICE, now=link.now)[0] == b"\x00\x01"
    assert len(link.sent) == 2


@pytest.mark.parametrize("seed", range(5))
def test_half_of_the_frames_are_enough_most_of_the_time(seed: int) -> None:
    alice, _, link = pair()
    link.losses = 0.5
    for number in range(20 * seed, 20 * seed + 20):
        now = number * 100 * SECOND
        link.run(now)
        if alice.engine.cache.table.get(BOB) is None:
            link.do(alice, alice.engine.resolve(BOB, now=now)[1])
            link.run(now + 4 * SECOND)
            assert state(alice, BOB, link.now) is not State.INCOMPLETE
    assert LinkAddressKnown(BOB, b"\x00\x02") in alice.told


def test_a_neighbour_that_is_gone_is_noticed_when_it_is_used() -> None:
    alice, bob, link = pair()
    link.do(alice, alice.engine.resolve(BOB, now=0)[1])
    link.run(60 * SECOND)
    link.nodes.remove(bob)
    assert state(alice, BOB, link.now) is State.STALE
    assert alice.engine.next_deadline() is None  # nothing wakes us for one that we do not use
    link.do(alice, alice.engine.resolve(BOB, now=link.now)[1])
    link.run(69 * SECOND)
    assert alice.told[-1] == Unreachable(BOB)


def test_a_neighbour_with_a_new_radio_is_found_again_within_seconds() -> None:
    alice, bob, link = pair()
    link.do(alice, alice.engine.resolve(BOB, now=0)[1])
    link.run(10 * SECOND)
    new = LinkAddresses(extended(3), b"\x00\x03", 0xBEEF)
    bob.link.extended, bob.link.short = new.extended, new.short
    # its own traffic says so
    link.do(bob, bob.engine.cache.handle_deadline(now=link.now))
    bob.engine.cache.table.remove(next(iter(bob.engine.cache.table)))
    link.do(bob, bob.engine.resolve(ALICE, now=link.now)[1])
    link.run(14 * SECOND)
    assert Unreachable(BOB) in alice.told
    link.do(alice, alice.engine.resolve(BOB, now=link.now)[1])
    link.run(15 * SECOND)
    assert alice.told[-1] == LinkAddressKnown(BOB, b"\x00\x03")


def test_a_link_local_neighbour_is_reached_without_a_question() -> None:
    alice, _, link = pair()
    assert alice.engine.resolve(address(2), now=0) == (extended(2), [])
    link.run(20 * SECOND)
    # and confirmed by the answer to one probe
    assert [message.message.type for _, message in link.sent] == [135, 136]
    assert state(alice, address(2), 6 * SECOND) is State.REACHABLE


def test_a_third_node_hears_questions_and_learns_nothing() -> None:
    alice, _, link = pair()
    carol = Node(3)
    link.nodes.append(carol)
    link.do(alice, alice.engine.resolve(BOB, now=0)[1])
    link.run(60 * SECOND)
    assert len(carol.engine.cache.table) == 0
