"""The neighbour table in virtual time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, StoreError
from lowpan.mesh.estimators import BayesEstimator
from lowpan.mesh.neighbour import (
    Cause,
    LinkQualityChanged,
    NeighbourForgotten,
    NeighbourRefused,
    Standing,
)
from lowpan.mesh.neighbour_table import NeighbourTable
from lowpan.mesh.outgoing_delivery import FRESH_FOR
from lowpan.store import MemoryStore
from tests.mac.secured import FailingStore

ALICE, BOB, CAROL, DAVE = (bytes.fromhex(f"020000000000000{digit}") for digit in "abcd")
RSS = {3: -80.0, 2: -95.0, 1: -102.0, 0: -109.0}
"""dBm that give a quality at once, above the noise floor of -110 dBm."""
SECOND = 1_000_000


def heard(table: NeighbourTable, *names: bytes, quality: int = 3, now: int = 0) -> None:
    for name in names:
        table.frame_received(name, rss=RSS[quality], authentic=True, now=now)


def established(*names: bytes, quality: int = 3, most: int = 256) -> NeighbourTable:
    table = NeighbourTable(most_established=most)
    heard(table, *names, quality=quality)
    for name in names:
        table.establish(name, now=0)
    return table


def standings(table: NeighbourTable) -> dict[bytes, Standing]:
    return {neighbour.extended_address: neighbour.standing for neighbour in table}


def test_a_neighbour_becomes_what_it_proves() -> None:
    table = NeighbourTable()
    assert table.frame_received(ALICE, rss=-80, authentic=False, now=0) == []
    assert ALICE in table.strangers
    assert table.get(ALICE) is None
    heard(table, ALICE)
    assert ALICE not in table.strangers
    assert standings(table) == {ALICE: Standing.AUTHENTIC}
    assert table.establish(ALICE, now=0) == []
    assert standings(table) == {ALICE: Standing.ESTABLISHED}


def test_quality_is_told_when_it_changes() -> None:
    table = NeighbourTable()
    first = table.frame_received(ALICE, rss=-80, authentic=True, now=0)
    assert first == [LinkQualityChanged(ALICE, 3, 0)]
    assert table.frame_received(ALICE, rss=-81, authentic=True, now=1) == []
    assert table.quality_reported(ALICE, 2, now=2) == [LinkQualityChanged(ALICE, 3, 2)]
    assert table.quality_reported(ALICE, 2, now=3) == []
    alice = table.get(ALICE)
    assert alice is not None
    assert alice.two_way_quality == 2
    assert alice.link_cost == 2


def test_delivery_is_reported_in_the_drafts_octets() -> None:
    table = established(ALICE)
    alice = table.get(ALICE)
    assert alice is not None
    table.delivery_reported(ALICE, 64, now=0)
    assert (alice.reported_ratio, alice.quality_out) == (0.5, 2)
    table.delivery_reported(ALICE, 32 * 10 // 7, now=0)  # 0.71: above the threshold, not enough
    assert alice.quality_out == 2
    table.delivery_reported(ALICE, 32, now=0)
    assert alice.quality_out == 3
    table.delivery_reported(ALICE, 255, now=0)
    assert alice.quality_out == 0


def test_reports_of_those_who_have_proven_nothing_are_ignored() -> None:
    table = NeighbourTable()
    assert table.quality_reported(ALICE, 3, now=0) == []
    assert table.delivery_reported(ALICE, 32, now=0) == []
    assert table.frame_sent(ALICE, transmissions=1, acknowledged=True, secured=True, now=0) == []
    assert len(table) == 0


def test_missed_advertisements_lower_what_counts_them() -> None:
    table = NeighbourTable(BayesEstimator)
    for number in range(0, 200, 2):  # every other one is lost
        table.frame_received(ALICE, rss=-50, authentic=True, now=0, number=number)
    alice = table.get(ALICE)
    assert alice is not None
    assert alice.incoming is not None
    assert alice.incoming.delivery_ratio == pytest.approx(0.5, abs=0.02)
    assert alice.quality_in == 2


def test_losses_of_ours_limit_what_the_neighbour_says() -> None:
    table = established(ALICE)
    table.quality_reported(ALICE, 3, now=0)
    for _ in range(3):
        bad = table.frame_sent(ALICE, transmissions=4, acknowledged=True, secured=False, now=0)
        assert bad == []
    assert table.frame_sent(ALICE, transmissions=4, acknowledged=True, secured=False, now=0) == [
        LinkQualityChanged(ALICE, 3, 1)
    ]


def test_etx_is_of_both_directions_until_acknowledgments_prove_it() -> None:
    table = established(ALICE)
    alice = table.get(ALICE)
    assert alice is not None
    assert alice.expected_transmissions(now=0) is None
    table.delivery_reported(ALICE, 64, now=0)
    assert alice.expected_transmissions(now=0) == 2
    for _ in range(100):
        table.frame_sent(ALICE, transmissions=3, acknowledged=True, secured=True, now=0)
    assert alice.expected_transmissions(now=0) == pytest.approx(3, abs=0.2)


# Time


def test_a_silent_link_is_unknown_and_its_neighbour_then_forgotten() -> None:
    table = established(ALICE)
    table.quality_reported(ALICE, 3, now=0)
    assert table.next_deadline() == 100 * SECOND
    assert table.handle_deadline(now=100 * SECOND - 1) == []
    assert table.handle_deadline(now=100 * SECOND) == [LinkQualityChanged(ALICE, 0, 0)]
    assert table.next_deadline() == 240 * SECOND
    assert table.handle_deadline(now=240 * SECOND) == [
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.SILENT)
    ]
    assert table.next_deadline() is None
    assert len(table) == 0


def test_a_late_look_does_both() -> None:
    table = established(ALICE)
    assert table.handle_deadline(now=1000 * SECOND) == [
        LinkQualityChanged(ALICE, 0, 0),
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.SILENT),
    ]


def test_frames_keep_a_link_fresh() -> None:
    table = established(ALICE)
    for now in range(0, 1000 * SECOND, 50 * SECOND):
        heard(table, ALICE, now=now)
        assert table.handle_deadline(now=now + 49 * SECOND) == []


def test_what_the_neighbour_said_expires_by_itself() -> None:
    table = established(ALICE)
    table.quality_reported(ALICE, 3, now=0)
    heard(table, ALICE, now=99 * SECOND)
    assert table.handle_deadline(now=100 * SECOND) == [LinkQualityChanged(ALICE, 3, 0)]


def test_a_report_expires_in_time_where_no_frame_was_measured() -> None:
    table = NeighbourTable()
    table.establish(ALICE, now=0)
    assert table.next_deadline() == 240 * SECOND
    table.quality_reported(ALICE, 3, now=0)
    assert table.next_deadline() == 100 * SECOND
    assert table.handle_deadline(now=100 * SECOND) == [LinkQualityChanged(ALICE, 0, 0)]


def test_a_link_that_comes_back_is_measured_anew() -> None:
    table = established(ALICE, quality=0)
    heard(table, ALICE, quality=3, now=FRESH_FOR)
    alice = table.get(ALICE)
    assert alice is not None
    assert alice.quality_in == 3


def test_a_sleeping_neighbour_is_waited_for() -> None:
    table = established(ALICE)
    table.establish(ALICE, now=0, timeout=3600 * SECOND)
    assert table.handle_deadline(now=3599 * SECOND) == []
    assert table.handle_deadline(now=3600 * SECOND)[1:] == [
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.SILENT)
    ]


def test_strangers_have_a_deadline_as_well() -> None:
    table = NeighbourTable()
    table.frame_received(ALICE, rss=-80, authentic=False, now=0)
    assert table.next_deadline() == 5 * SECOND
    heard(table, BOB)
    assert table.next_deadline() == 5 * SECOND
    assert table.handle_deadline(now=5 * SECOND) == []
    assert len(table.strangers) == 0
    assert table.next_deadline() == 100 * SECOND


# Who has to go


def test_a_better_newcomer_displaces_the_least_worthy() -> None:
    table = established(ALICE, most=2)
    heard(table, BOB, quality=1)
    heard(table, CAROL, quality=2)
    table.establish(BOB, now=0)
    assert table.establish(CAROL, now=0) == [
        NeighbourForgotten(BOB, Standing.ESTABLISHED, Cause.DISPLACED)
    ]
    assert standings(table) == dict.fromkeys((ALICE, CAROL), Standing.ESTABLISHED)


def test_an_old_neighbour_with_a_good_link_stays() -> None:
    table = established(ALICE, most=2)
    for now, (name, quality) in enumerate([(BOB, 1), (CAROL, 2), (DAVE, 3)], 50 * SECOND):
        heard(table, name, quality=quality, now=now)
        table.establish(name, now=now)
    assert standings(table) == dict.fromkeys((ALICE, DAVE), Standing.ESTABLISHED)


def test_an_equal_newcomer_is_refused_so_that_two_do_not_take_turns() -> None:
    table = established(ALICE, BOB, most=2)
    heard(table, CAROL)
    assert table.establish(CAROL, now=0) == [NeighbourRefused(CAROL, Standing.ESTABLISHED)]
    assert standings(table)[CAROL] is Standing.AUTHENTIC


def test_who_is_silent_loses_its_worth_and_then_its_place() -> None:
    table = established(ALICE, BOB, most=2)
    now = FRESH_FOR
    heard(table, BOB, now=now - 1)
    table.handle_deadline(now=now)
    heard(table, CAROL, quality=1, now=now)
    assert table.establish(CAROL, now=now) == [
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.DISPLACED)
    ]


def test_what_it_says_of_us_is_part_of_its_worth() -> None:
    table = established(ALICE, BOB, most=2)
    table.quality_reported(ALICE, 1, now=0)  # it hardly hears us
    heard(table, CAROL, quality=2)
    assert table.establish(CAROL, now=0) == [
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.DISPLACED)
    ]


def test_parents_and_children_give_way_to_nobody_and_get_in_always() -> None:
    table = established(ALICE, BOB, most=2)
    heard(table, CAROL, quality=0)
    assert table.establish(CAROL, now=0, pinned=True) == [
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.DISPLACED)
    ]
    table.establish(BOB, now=0, pinned=True)
    heard(table, DAVE)
    for pinned in (False, True):
        assert table.establish(DAVE, now=0, pinned=pinned) == [
            NeighbourRefused(DAVE, Standing.ESTABLISHED)
        ]
    dave = table.get(DAVE)
    assert dave is not None
    assert not dave.pinned
    table.establish(CAROL, now=0, pinned=False)
    assert table.establish(DAVE, now=0) == [
        NeighbourForgotten(CAROL, Standing.ESTABLISHED, Cause.DISPLACED)
    ]


def test_among_the_authentic_the_one_silent_for_longest_gives_way_to_an_equal() -> None:
    table = NeighbourTable(most_authentic=2)
    heard(table, ALICE, now=0)
    heard(table, BOB, now=1)
    heard(table, ALICE, now=2)
    heard(table, CAROL, now=3)
    assert set(standings(table)) == {ALICE, CAROL}
    refused = table.frame_received(DAVE, rss=RSS[2], authentic=True, now=4)
    assert refused == [NeighbourRefused(DAVE, Standing.AUTHENTIC)]


def test_who_was_dropped_is_gone() -> None:
    table = established(ALICE)
    table.establish(ALICE, now=0, short_address=b"\x04\x00")
    table.drop(ALICE)
    table.drop(ALICE)
    assert table.get(ALICE) is None
    assert table.by_short(b"\x04\x00") is None
    assert table.next_deadline() is None


# Names


def test_short_addresses_lead_to_neighbours() -> None:
    table = established(ALICE, BOB)
    table.establish(ALICE, now=0, short_address=b"\x04\x00")
    assert table.by_short(b"\x04\x00") is table.get(ALICE)
    table.establish(ALICE, now=0)
    assert table.by_short(b"\x04\x00") is table.get(ALICE)
    table.establish(BOB, now=0, short_address=b"\x04\x00")
    assert table.by_short(b"\x04\x00") is table.get(BOB)
    alice = table.get(ALICE)
    assert alice is not None
    assert alice.short_address is None
    table.establish(BOB, now=0, short_address=b"\xff\xfe")
    assert table.by_short(b"\x04\x00") is None
    assert table.by_short(b"\xff\xfe") is None


@pytest.mark.parametrize(("name", "short"), [(b"\x00" * 2, None), (ALICE, b"\x00" * 8)])
def test_addresses_have_their_length(name: bytes, short: bytes | None) -> None:
    with pytest.raises(FieldOutOfRange):
        NeighbourTable().establish(name, now=0, short_address=short)


# After a restart


def saved(table: NeighbourTable, store: MemoryStore | None = None) -> MemoryStore:
    store = MemoryStore() if store is None else store
    table.save(store)
    assert not table.unsaved
    return store


def restored(store: MemoryStore, *, most: int = 256, now: int = 0) -> NeighbourTable:
    table = NeighbourTable(most_established=most)
    table.restore(store, now=now)
    return table


def test_established_neighbours_survive_a_restart() -> None:
    table = established(ALICE, BOB)
    table.establish(ALICE, now=0, short_address=b"\x04\x00", timeout=3600 * SECOND, pinned=True)
    heard(table, CAROL)
    after = restored(saved(table), now=7)
    assert standings(after) == dict.fromkeys((ALICE, BOB), Standing.ESTABLISHED)
    alice, bob = after.by_short(b"\x04\x00"), after.get(BOB)
    assert alice is not None
    assert bob is not None
    assert (alice.pinned, alice.timeout, alice.fresh_for) == (True, 3600 * SECOND, 3600 * SECOND)
    assert (bob.pinned, bob.short_address, bob.timeout) == (False, None, 240 * SECOND)
    assert not after.unsaved


def test_links_count_once_they_are_heard_again() -> None:
    after = restored(saved(established(ALICE)))
    alice = after.get(ALICE)
    assert alice is not None
    assert alice.two_way_quality == 0
    assert after.frame_received(ALICE, rss=-80, authentic=True, now=1) == [
        LinkQualityChanged(ALICE, 3, 0)
    ]


def test_those_who_do_not_come_back_are_forgotten() -> None:
    after = restored(saved(established(ALICE)), now=1000 * SECOND)
    assert after.next_deadline() == 1240 * SECOND
    assert after.handle_deadline(now=1240 * SECOND) == [
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.SILENT)
    ]


def test_those_who_are_gone_are_gone_from_the_store() -> None:
    table = established(ALICE, BOB)
    store = saved(table)
    table.drop(ALICE)
    assert table.unsaved
    assert saved(table, store).names() == ["neighbour/" + BOB.hex()]


def test_frames_write_nothing_to_the_store() -> None:
    table = established(ALICE)
    saved(table)
    heard(table, ALICE, BOB)
    table.quality_reported(ALICE, 3, now=0)
    table.frame_sent(ALICE, transmissions=1, acknowledged=True, secured=True, now=0)
    assert not table.unsaved


def test_who_does_not_fit_in_any_more_is_removed() -> None:
    store = saved(established(ALICE, BOB))
    table = restored(store, most=1)
    assert set(standings(table)) == {ALICE}
    assert saved(table, store).names() == ["neighbour/" + ALICE.hex()]


def test_a_store_that_fails_gets_it_the_next_time() -> None:
    table, store = established(ALICE, BOB), FailingStore()
    store.fails = True
    with pytest.raises(StoreError):
        table.save(store)
    assert table.unsaved
    store.fails = False
    assert len(restored(saved(table, store))) == 2


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("neighbour/xyz", bytes(18)),
        ("neighbour/0200", bytes(18)),
        ("neighbour/" + ALICE.hex(), b""),
        ("neighbour/" + ALICE.hex(), b"\x02" + bytes(17)),
        ("neighbour/" + ALICE.hex(), b"\x01" + bytes(18)),
    ],
)
def test_what_is_not_from_here_is_not_taken(name: str, octets: bytes) -> None:
    store = MemoryStore()
    store.save(name, octets)
    with pytest.raises(StoreError):
        restored(store)


# Properties

INPUTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["authentic", "forged", "establish", "pin", "report", "sent", "drop", "wait"]
        ),
        st.integers(1, 12),
        st.integers(-110, 0),
        st.integers(0, 60),
    ),
    max_size=120,
)


@given(INPUTS)
def test_whatever_happens_bounds_hold_and_deadlines_come(
    inputs: list[tuple[str, int, int, int]],
) -> None:
    table, now = NeighbourTable(most_established=3, most_authentic=2), 0
    for what, who, value, seconds in inputs:
        name = bytes(7) + bytes([who])
        before, events = standings(table), list[object]()
        match what:
            case "authentic" | "forged":
                authentic = what == "authentic"
                events += table.frame_received(name, rss=value, authentic=authentic, now=now)
            case "establish" | "pin":
                short = bytes([4, who // 2])
                pinned = what == "pin"
                events += table.establish(name, now=now, short_address=short, pinned=pinned)
            case "report":
                events += table.quality_reported(name, value % 5, now=now)
            case "sent":
                acked = bool(value % 2)
                events += table.frame_sent(
                    name, transmissions=seconds % 5, acknowledged=acked, secured=acked, now=now
                )
            case "drop":
                table.drop(name)
                before.pop(name, None)
            case _:
                now += seconds * SECOND
                events += table.handle_deadline(now=now)
                deadline = table.next_deadline()
                assert deadline is None or deadline > now
        after = standings(table)
        assert list(after.values()).count(Standing.ESTABLISHED) <= 3
        assert list(after.values()).count(Standing.AUTHENTIC) <= 2
        gone = {event.neighbour for event in events if isinstance(event, NeighbourForgotten)}
        assert gone == before.keys() - after.keys()
        shorts = [neighbour.short_address for neighbour in table if neighbour.short_address]
        assert len(set(shorts)) == len(shorts)
        assert all(after[held] >= before.get(held, Standing.AUTHENTIC) for held in after)
        assert (table.next_deadline() is None) == (not after and not len(table.strangers))
    store = saved(table)
    expected = {name for name, s in standings(table).items() if s is Standing.ESTABLISHED}
    assert set(standings(restored(store, most=3))) == expected
