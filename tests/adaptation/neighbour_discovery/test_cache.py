"""Address resolution and unreachability detection, moment by moment."""

import pytest

from lowpan.adaptation.neighbour_discovery.actions import (
    LinkAddressKnown,
    MessageRefused,
    Refusal,
    SendMessage,
    Unreachable,
)
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses
from lowpan.adaptation.neighbour_discovery.table import State
from lowpan.wire.icmpv6 import Icmpv6Type
from lowpan.wire.nd_options import LinkLayerAddress, NdOption, NdOptionType
from lowpan.wire.neighbour_discovery import NeighbourSolicitation
from tests.adaptation.neighbour_discovery.caches import (
    GROUP_OF_PEER,
    PEER,
    PEER_LINK,
    US,
    advertisement,
    ask,
    cache,
    reachable,
    run,
    state,
)
from tests.adaptation.neighbour_discovery.link import SECOND, address, extended, sent


def test_a_neighbour_is_asked_for_three_times_a_second_apart_then_given_up() -> None:
    engine = cache()
    (first,) = ask(engine)
    assert isinstance(first, SendMessage)
    body = first.message.body
    assert isinstance(body, NeighbourSolicitation)
    assert (first.source, first.destination, first.link_destination) == (US, GROUP_OF_PEER, None)
    assert first.hop_limit == 255
    assert body.target_address == PEER
    assert body.options == (
        NdOption(NdOptionType.SOURCE_LINK_LAYER_ADDRESS, LinkLayerAddress(extended(1))),
    )
    assert run(engine, 9 * SECOND) == [
        (1 * SECOND, first),
        (2 * SECOND, first),
        (3 * SECOND, Unreachable(PEER)),
    ]
    assert len(engine.table) == 0


def test_it_is_asked_for_once_however_much_waits() -> None:
    engine = cache()
    assert len(ask(engine)) == 1
    assert ask(engine, now=SECOND // 2) == []


def test_an_answer_lets_go_what_waits_and_counts_for_half_a_minute_or_so() -> None:
    engine, until = reachable()
    assert state(engine, 0) is State.REACHABLE
    assert 15 * SECOND <= until <= 45 * SECOND
    assert engine.resolve(PEER, now=until - 1) == (extended(2), [])
    assert state(engine, until) is State.STALE
    assert engine.next_deadline() is None


def test_an_answer_tells_where() -> None:
    engine = cache()
    ask(engine)
    actions = engine.receive_advertisement(advertisement(), extended(2), now=0)
    assert actions == [LinkAddressKnown(PEER, extended(2))]


def test_a_stale_neighbour_is_used_at_once_and_probed_five_seconds_later() -> None:
    engine, until = reachable()
    assert engine.resolve(PEER, now=until) == (extended(2), [])
    assert state(engine, until) is State.DELAY
    done = run(engine, until + 60 * SECOND)
    assert [now - until for now, _ in done] == [5 * SECOND, 6 * SECOND, 7 * SECOND, 8 * SECOND]
    assert done[-1][1] == Unreachable(PEER)
    for _, action in done[:-1]:
        assert isinstance(action, SendMessage)
        assert (action.destination, action.link_destination) == (PEER, extended(2))


def test_an_upper_layer_spares_the_probe() -> None:
    engine, until = reachable()
    engine.resolve(PEER, now=until)
    engine.confirm(PEER, now=until + SECOND)
    assert state(engine, until + SECOND) is State.REACHABLE
    assert engine.next_deadline() is None


def test_an_answer_to_a_probe_makes_it_reachable() -> None:
    engine, until = reachable()
    engine.resolve(PEER, now=until)
    run(engine, until + 5 * SECOND)
    assert state(engine, until + 5 * SECOND) is State.PROBE
    answer = advertisement(link=LinkAddresses(None), o=False)  # as Linux answers a probe
    assert engine.receive_advertisement(answer, extended(2), now=until + 5 * SECOND) == []
    assert state(engine, until + 5 * SECOND) is State.REACHABLE


def test_a_link_local_address_tells_where_it_is_and_is_probed() -> None:
    engine = cache()
    assert engine.resolve(address(7), now=0) == (extended(7), [])
    done = run(engine, 7 * SECOND)
    assert [
        (now, action.link_destination) for now, action in done if isinstance(action, SendMessage)
    ] == [(second * SECOND, extended(7)) for second in (5, 6, 7)]


def test_a_derived_address_that_does_not_answer_is_asked_for_by_multicast() -> None:
    engine = cache()
    engine.resolve(address(7), now=0)
    done = run(engine, 60 * SECOND)
    groups = [
        action.link_destination is None for _, action in done if isinstance(action, SendMessage)
    ]
    assert groups == [False] * 3 + [True] * 3
    assert done[-1] == (11 * SECOND, Unreachable(address(7)))


def test_what_is_derived_is_what_it_says() -> None:
    engine = cache()
    for target, link in (
        (address(7), LinkAddresses(extended(7))),
        (address(7)[:8] + bytes.fromhex("000000fffe000007"), LinkAddresses(None, b"\x00\x07")),
    ):
        engine.resolve(target, now=0)
        neighbour = engine.table.get(target)
        assert neighbour is not None
        assert neighbour.link == link


def test_who_has_not_answered_is_where_the_last_message_says() -> None:
    engine = cache()
    engine.heard(PEER, PEER_LINK, extended(2), now=0)
    engine.resolve(PEER, now=0)
    assert state(engine, 0) is State.DELAY
    engine.heard(PEER, LinkAddresses(extended(9)), extended(9), now=0)
    assert state(engine, 0) is State.STALE
    assert engine.next_deadline() is None
    assert engine.resolve(PEER, now=0) == (extended(9), [])


def test_a_claim_that_does_not_override_is_a_doubt() -> None:
    engine, _ = reachable()
    other = advertisement(link=LinkAddresses(extended(9)), s=False, o=False)
    assert engine.receive_advertisement(other, extended(9), now=0) == []
    assert state(engine, 0) is State.STALE
    assert engine.resolve(PEER, now=0) == (extended(2), [])


def test_a_short_address_is_learnt_from_the_neighbour_itself_only() -> None:
    engine, _ = reachable()
    both = advertisement(link=LinkAddresses(extended(2), b"\x00\x02"))
    cases = ((b"\x06\x66", extended(2)), (extended(2), b"\x00\x02"))
    for now, (sender, link_address) in enumerate(cases, 1):
        engine.suspect(PEER, now=now * SECOND)
        engine.receive_advertisement(both, sender, now=now * SECOND)
        assert state(engine, now * SECOND) is State.REACHABLE
        assert engine.resolve(PEER, now=0) == (link_address, [])


def test_nothing_is_derived_unless_wanted() -> None:
    assert ask(cache(derive=False), of=address(7))


def test_frames_not_acknowledged_start_a_probe_at_once() -> None:
    engine, _ = reachable()
    (probe,) = sent(engine.suspect(PEER, now=SECOND))
    assert probe.link_destination == extended(2)
    assert engine.suspect(PEER, now=SECOND + 1) == []
    assert run(engine, 60 * SECOND)[-1] == (4 * SECOND, Unreachable(PEER))


def test_an_advertisement_that_nobody_asked_for_teaches_nothing() -> None:
    engine = cache()
    (refused,) = engine.receive_advertisement(advertisement(), extended(2), now=0)
    assert isinstance(refused, MessageRefused)
    assert (refused.refusal, refused.type) == (Refusal.UNASKED, Icmpv6Type.NEIGHBOUR_ADVERTISEMENT)
    assert len(engine.table) == 0


def test_an_answer_without_a_link_layer_address_does_not_complete() -> None:
    engine = cache()
    ask(engine)
    engine.receive_advertisement(advertisement(link=LinkAddresses(None)), extended(2), now=0)
    assert state(engine, 0) is State.INCOMPLETE


def test_a_solicitation_tells_where_its_sender_is() -> None:
    engine = cache()
    engine.heard(PEER, LinkAddresses(extended(2), b"\x00\x02"), extended(2), now=0)
    assert state(engine, 0) is State.STALE
    assert engine.resolve(PEER, now=0) == (b"\x00\x02", [])


def test_a_solicitation_completes_what_we_ask_for() -> None:
    engine = cache()
    ask(engine)
    actions = engine.heard(PEER, PEER_LINK, extended(2), now=0)
    assert actions == [LinkAddressKnown(PEER, extended(2))]
    assert state(engine, 0) is State.DELAY


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("solicitation", [False, True])
def test_a_claim_about_a_confirmed_neighbour_asks_it_where_it_was(
    *, late: bool, solicitation: bool
) -> None:
    engine, until = reachable()
    now = until if late else SECOND
    false = LinkAddresses(extended(666))
    if solicitation:
        actions = engine.heard(PEER, false, extended(666), now=now)
    else:
        actions = engine.receive_advertisement(advertisement(link=false), extended(666), now=now)
    (probe,) = sent(actions)
    assert probe.link_destination == extended(2)
    assert engine.resolve(PEER, now=now) == (extended(2), [])
    # the liar's next advertisement says that it answers the probe
    engine.receive_advertisement(advertisement(link=false), extended(666), now=now)
    assert state(engine, now) is State.PROBE
    engine.receive_advertisement(advertisement(), extended(2), now=now)
    assert state(engine, now) is State.REACHABLE
    assert engine.resolve(PEER, now=now) == (extended(2), [])


def test_who_has_really_moved_is_found_after_three_probes() -> None:
    engine, _ = reachable()
    engine.heard(PEER, LinkAddresses(extended(9)), extended(9), now=SECOND)
    assert run(engine, 60 * SECOND)[-1] == (4 * SECOND, Unreachable(PEER))
    ask(engine, now=3 * SECOND)
    moved = advertisement(link=LinkAddresses(extended(9)))
    assert engine.receive_advertisement(moved, extended(9), now=3 * SECOND) == [
        LinkAddressKnown(PEER, extended(9))
    ]


def test_the_same_seed_gives_the_same_times() -> None:
    assert reachable()[1] == reachable()[1]


def test_who_has_not_answered_yet_may_answer_from_elsewhere() -> None:
    engine = cache()
    engine.heard(PEER, PEER_LINK, extended(2), now=0)
    engine.resolve(PEER, now=0)
    engine.suspect(PEER, now=0)
    elsewhere = advertisement(link=LinkAddresses(extended(9)))
    engine.receive_advertisement(elsewhere, extended(9), now=0)
    assert state(engine, 0) is State.REACHABLE
    assert engine.resolve(PEER, now=0) == (extended(9), [])


def test_who_has_answered_is_not_asked_as_long_as_acknowledgments_tell_of_it() -> None:
    engine = cache(acknowledged_for=600 * SECOND)
    ask(engine)
    engine.receive_advertisement(advertisement(), extended(2), now=0)
    assert engine.resolve(PEER, now=599 * SECOND) == (extended(2), [])
    assert engine.next_deadline() is None
    engine.resolve(PEER, now=600 * SECOND)  # forged ones would hide its loss no longer
    assert state(engine, 600 * SECOND) is State.DELAY


def test_who_does_not_acknowledge_is_asked_at_once_whatever_it_answered_before() -> None:
    engine = cache(acknowledged_for=600 * SECOND)
    ask(engine)
    engine.receive_advertisement(advertisement(), extended(2), now=0)
    (asked,) = sent(engine.suspect(PEER, now=100 * SECOND))
    assert asked.link_destination == extended(2)
    engine.resolve(PEER, now=100 * SECOND)
    assert state(engine, 100 * SECOND) is State.PROBE


def test_acknowledgments_stand_for_no_answer_of_who_has_given_none() -> None:
    engine = cache(acknowledged_for=600 * SECOND)
    engine.heard(PEER, PEER_LINK, extended(2), now=0)
    engine.resolve(PEER, now=SECOND)
    assert state(engine, SECOND) is State.DELAY
