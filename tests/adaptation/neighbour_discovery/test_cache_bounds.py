"""How much room neighbours have, and who makes room for whom."""

from lowpan.adaptation.neighbour_discovery.actions import Unreachable
from lowpan.adaptation.neighbour_discovery.cache import SOLICITATION_PACE
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses
from lowpan.adaptation.neighbour_discovery.table import (
    MOST_ASKED,
    MOST_CONFIRMED,
    MOST_HEARD,
    State,
)
from tests.adaptation.neighbour_discovery.caches import (
    PEER,
    PEER_LINK,
    advertisement,
    ask,
    cache,
    reachable,
    state,
)
from tests.adaptation.neighbour_discovery.link import extended, other_address


def test_attack_solicitation_flood_leaves_reachable_neighbours_and_memory() -> None:
    engine, until = reachable()
    asked = other_address(3)
    ask(engine, of=asked)
    sizes: list[int] = []
    for number in range(100_000):
        forged = number.to_bytes(8, "big")
        engine.heard(other_address(number + 1000), LinkAddresses(forged), forged, now=0)
        if number % 10_000 == 9_999:
            sizes.append(len(engine.table))
    assert set(sizes) == {MOST_HEARD + 2}
    assert state(engine, until - 1) is State.REACHABLE
    assert state(engine, 0, asked) is State.INCOMPLETE
    assert engine.resolve(PEER, now=0) == (extended(2), [])


def test_attack_resolution_flood_leaves_reachable_neighbours_and_memory() -> None:
    engine, until = reachable()
    given_up = 0
    for number in range(100_000):
        actions = ask(engine, of=other_address(number + 1000))
        given_up += sum(isinstance(action, Unreachable) for action in actions)
    assert given_up == 100_000 - MOST_ASKED
    assert len(engine.table) == MOST_ASKED + 1
    assert state(engine, until - 1) is State.REACHABLE


def test_one_sender_that_only_writes_to_us_has_its_share_of_the_room() -> None:
    engine = cache()
    engine.heard(PEER, PEER_LINK, extended(2), now=0)
    for number in range(100):
        target = other_address(number + 1000)
        engine.heard(target, LinkAddresses(extended(number)), extended(666), now=0)
    assert len(engine.table) == 17
    assert engine.resolve(PEER, now=0) == (extended(2), [])


def test_who_we_talk_to_is_not_displaced_by_who_only_writes_to_us() -> None:
    engine = cache()
    engine.heard(PEER, PEER_LINK, extended(2), now=0)
    engine.resolve(PEER, now=0)
    for number in range(1000, 2000):
        forged = number.to_bytes(8, "big")
        engine.heard(other_address(number), LinkAddresses(forged), forged, now=0)
    assert state(engine, 0) is State.DELAY
    assert len(engine.table) == MOST_HEARD + 1


def test_one_sender_confirms_no_more_than_its_share() -> None:
    engine, _ = reachable()
    for number in range(2 * MOST_CONFIRMED):
        target, link = other_address(number + 1000), LinkAddresses(extended(666))
        now = number * SOLICITATION_PACE
        ask(engine, now=now, of=target)
        engine.receive_advertisement(advertisement(target, link), extended(666), now=now)
    assert state(engine, 0) is State.REACHABLE
    assert len(engine.table) == 17
