"""What strangers, replayers and liars do to the neighbour table: as good as nothing."""

from collections.abc import Iterator
from time import perf_counter

import pytest

from lowpan.mesh.estimators import BayesEstimator, MarginEstimator, WorstOf
from lowpan.mesh.neighbour import Neighbour, Standing
from lowpan.mesh.neighbour_table import NeighbourTable
from lowpan.mesh.strangers import MOST_STRANGERS

FORGED = 100_000
HONEST = [bytes.fromhex("0200000000000000"), *(bytes([2, *[0] * 6, n]) for n in range(1, 20))]


def invented(number: int) -> bytes:
    return b"\x66" + number.to_bytes(7, "big")


def populated() -> NeighbourTable:
    """Return a table with room for no more links, half of which are weak."""
    table = NeighbourTable(most_established=len(HONEST))
    for number, name in enumerate(HONEST):
        table.frame_received(name, rss=-80 - number, authentic=True, now=0)
        table.establish(name, now=0, short_address=bytes([4, number]))
        table.quality_reported(name, number % 4, now=0)
    return table


def everything(table: NeighbourTable) -> Iterator[tuple[object, ...]]:
    for neighbour in table:
        assert neighbour.incoming is not None
        yield (
            neighbour.extended_address,
            neighbour.standing,
            neighbour.last_heard,
            neighbour.short_address,
            neighbour.quality_in,
            neighbour.quality_out,
            neighbour.incoming.delivery_ratio,
        )


def test_attack_27_a_hundred_thousand_forged_neighbours_displace_nobody() -> None:
    table = populated()
    before, deadline = list(everything(table)), table.next_deadline()
    for number in range(FORGED):
        assert table.frame_received(invented(number), rss=0, authentic=False, now=number) == []
    assert list(everything(table)) == before
    assert len(table.strangers) == MOST_STRANGERS
    table.handle_deadline(now=FORGED + 5_000_000)
    assert table.next_deadline() == deadline
    assert not len(table.strangers)


def test_attack_27_replayed_neighbours_of_old_displace_no_link() -> None:
    """Their MIC is right; that they are here, now, they cannot prove."""
    table = populated()
    before = list(everything(table))
    for number in range(FORGED // 10):
        table.frame_received(invented(number), rss=0, authentic=True, now=number)
    established = [row for row in everything(table) if row[1] is Standing.ESTABLISHED]
    assert established == before
    assert len(table) == len(HONEST) + 64


def test_attack_29_forged_frames_of_a_neighbour_do_not_lift_it() -> None:
    table = NeighbourTable()
    table.frame_received(HONEST[0], rss=-100, authentic=True, now=0)
    table.establish(HONEST[0], now=0)
    before = list(everything(table))
    for now in range(1000):
        table.frame_received(HONEST[0], rss=0, authentic=False, now=now, number=now)
    assert list(everything(table)) == before
    neighbour = table.get(HONEST[0])
    assert neighbour is not None
    assert neighbour.forged == 1000


def test_attack_27_forged_frames_do_not_keep_a_dead_neighbour() -> None:
    table = populated()
    for now in range(0, 240_000_000, 1_000_000):
        for name in HONEST:
            table.frame_received(name, rss=0, authentic=False, now=now)
    table.handle_deadline(now=240_000_000)
    assert len(table) == 0


def test_attack_26_forged_acknowledgments_do_not_better_a_link() -> None:
    table = populated()
    neighbour = established(table, HONEST[2])
    assert neighbour.quality_out == 2
    for _ in range(1000):
        table.frame_sent(HONEST[2], transmissions=1, acknowledged=True, secured=False, now=0)
    assert neighbour.quality_out == 2
    etx = neighbour.expected_transmissions(now=0)
    assert etx == pytest.approx(2)


def test_attack_29_a_lie_about_one_direction_does_not_better_the_other() -> None:
    table = NeighbourTable()
    table.frame_received(HONEST[0], rss=-102, authentic=True, now=0)
    table.quality_reported(HONEST[0], 255, now=0)
    assert established(table, HONEST[0]).two_way_quality == 1
    table.delivery_reported(HONEST[0], 0, now=0)
    assert established(table, HONEST[0]).two_way_quality == 1


def test_attack_29_an_amplified_neighbour_is_judged_by_what_arrives() -> None:
    table = NeighbourTable(lambda: WorstOf(MarginEstimator(), BayesEstimator()))
    for number in range(0, 1000, 10):
        table.frame_received(HONEST[0], rss=0, authentic=True, now=0, number=number)
    assert established(table, HONEST[0]).quality_in == 0


def test_a_frame_takes_no_longer_among_a_thousand_neighbours_than_among_ten() -> None:
    """Ten times as long would be a scan; the rest is for a busy machine."""
    assert min(cost(1000) for _ in range(3)) < 5 * min(cost(10) for _ in range(3))


def cost(neighbours: int) -> float:
    table = NeighbourTable(most_established=neighbours)
    names = [invented(number) for number in range(neighbours)]
    for name in names:
        table.frame_received(name, rss=-80, authentic=True, now=0)
        table.establish(name, now=0)
    begin = perf_counter()
    for number in range(3000):
        name = names[number % neighbours]
        table.frame_received(name, rss=-80 - number % 30, authentic=True, now=0, number=number)
        table.frame_received(invented(-1 - number % 7 + 2**55), rss=0, authentic=True, now=0)
    return perf_counter() - begin


def established(table: NeighbourTable, name: bytes) -> Neighbour:
    neighbour = table.get(name)
    assert neighbour is not None
    return neighbour
