"""Who has to go where the neighbour table is full."""

from lowpan.mesh.neighbour import Cause, NeighbourForgotten, NeighbourRefused, Standing
from lowpan.mesh.neighbour_table import NeighbourTable
from lowpan.mesh.outgoing_delivery import FRESH_FOR
from tests.mesh.neighbours import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    RSS,
    SECOND,
    established,
    heard,
    standings,
)


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
