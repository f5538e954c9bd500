"""Trickle in virtual time (RFC 6206)."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange
from lowpan.mesh.trickle import Transmit, Trickle


def trickle(i_min: int = 8, i_max: int = 32, k: int = 1, seed: int = 6206) -> Trickle:
    timer = Trickle(i_min=i_min, i_max=i_max, k=k, random=Random(seed))
    timer.start(now=0)
    return timer


def run(timer: Trickle, until: int) -> list[int]:
    """Return when it transmitted, as its deadlines were kept on time."""
    moments: list[int] = []
    while (now := timer.next_deadline()) is not None and now < until:
        moments += [now for _ in timer.handle_deadline(now=now)]
    return moments


def test_it_doubles_its_interval_up_to_i_max() -> None:
    timer, ends = trickle(), list[tuple[int, int]]()
    while len(ends) < 5:
        interval, now = timer.interval, timer.next_deadline()
        assert now is not None
        if timer.handle_deadline(now=now) != [Transmit()]:
            ends.append((now, interval))
    assert ends == [(8, 8), (24, 16), (56, 32), (88, 32), (120, 32)]


def test_i_max_need_not_be_a_doubling_of_i_min() -> None:
    """Thread: from 1 s to 12 s."""
    timer = trickle(i_min=1_000_000, i_max=12_000_000, k=0)
    intervals: list[int] = []
    while len(intervals) < 7:
        before = timer.interval
        timer.handle_deadline(now=timer.next_deadline() or 0)
        timer.handle_deadline(now=timer.next_deadline() or 0)
        intervals.append(before // 1_000_000)
    assert intervals == [1, 2, 4, 8, 12, 12, 12]


@given(st.integers(1, 1000), st.integers(0, 8), st.integers(0, 2**32))
def test_it_transmits_once_in_the_second_half_of_each_interval(
    i_min: int, doublings: int, seed: int
) -> None:
    timer = trickle(i_min, i_min << doublings, seed=seed)
    begin = 0
    for number in range(12):
        i = i_min << min(number, doublings)
        t = timer.next_deadline()
        assert t is not None
        assert begin + i // 2 <= t < begin + i
        assert timer.handle_deadline(now=t) == [Transmit()]
        assert timer.next_deadline() == begin + i
        assert timer.handle_deadline(now=begin + i) == []
        begin += i


def test_it_keeps_silent_when_k_others_have_said_the_same() -> None:
    timer = trickle(k=2)
    timer.hear_consistent()
    assert len(run(timer, 8)) == 1
    timer.handle_deadline(now=8)
    timer.hear_consistent()
    timer.hear_consistent()
    assert run(timer, 24) == []
    timer.handle_deadline(now=24)
    assert len(run(timer, 56)) == 1  # the count began again


def test_with_k_0_nothing_is_suppressed() -> None:
    timer = trickle(k=0)
    for _ in range(1000):
        timer.hear_consistent()
    assert len(run(timer, 8)) == 1


def test_who_speaks_up_after_t_comes_too_late_to_matter() -> None:
    timer = trickle(k=1)
    assert len(run(timer, 8)) == 1
    timer.hear_consistent()
    timer.handle_deadline(now=8)
    assert len(run(timer, 24)) == 1


def test_inconsistency_starts_over() -> None:
    timer = trickle()
    run(timer, 60)
    timer.hear_inconsistent(now=60)
    assert timer.interval == 8
    t = timer.next_deadline()
    assert t is not None
    assert 64 <= t < 68


def test_inconsistencies_in_the_shortest_interval_change_nothing() -> None:
    """Else whoever keeps saying so keeps us from ever transmitting."""
    timer = trickle()
    due = timer.next_deadline()
    for now in range(8):
        timer.hear_inconsistent(now=now)
    assert timer.next_deadline() == due


def test_stopped_it_waits_for_nothing_and_hears_nothing() -> None:
    timer = trickle()
    timer.stop()
    timer.hear_inconsistent(now=3)
    timer.hear_consistent()
    assert not timer.running
    assert timer.next_deadline() is None
    assert timer.handle_deadline(now=1000) == []
    timer.start(now=1000)
    assert timer.running
    assert len(run(timer, 1008)) == 1


def test_it_stands_still_until_started() -> None:
    timer = Trickle(i_min=8, i_max=32, k=1, random=Random(1))
    timer.hear_inconsistent(now=0)
    assert timer.next_deadline() is None


def test_i_max_changes_with_the_next_interval() -> None:
    timer = trickle()
    run(timer, 60)
    timer.change_i_max(16)
    assert timer.interval == 32
    run(timer, 89)
    assert timer.interval == 16
    with pytest.raises(FieldOutOfRange):
        timer.change_i_max(7)


def test_an_early_call_does_nothing() -> None:
    timer = trickle()
    due = timer.next_deadline()
    assert due is not None
    assert timer.handle_deadline(now=due - 1) == []
    assert timer.next_deadline() == due


@given(st.integers(8, 100_000))
def test_a_late_call_transmits_once_and_goes_on_from_there(late: int) -> None:
    timer = trickle()
    assert timer.handle_deadline(now=late) == [Transmit()]
    due = timer.next_deadline()
    assert due is not None
    assert late < due < late + 32


@pytest.mark.parametrize(("i_min", "i_max", "k"), [(0, 8, 1), (8, 7, 1), (8, 8, -1)])
def test_senseless_parameters_are_refused(i_min: int, i_max: int, k: int) -> None:
    with pytest.raises(FieldOutOfRange):
        Trickle(i_min=i_min, i_max=i_max, k=k, random=Random(1))


def test_one_seed_gives_one_run() -> None:
    assert run(trickle(seed=5), 10_000) == run(trickle(seed=5), 10_000)
    assert run(trickle(seed=5), 10_000) != run(trickle(seed=6), 10_000)


def test_a_quiet_channel_of_many_carries_few_transmissions() -> None:
    """What it is for: k bounds the transmissions of an interval, not the number of nodes."""
    nodes = [trickle(i_min=1000, i_max=1000, k=1, seed=seed) for seed in range(50)]
    spoken = 0
    for _ in range(50 * 2 * 10):
        nearest = min(nodes, key=lambda node: node.next_deadline() or 0)
        if nearest.handle_deadline(now=nearest.next_deadline() or 0):
            spoken += 1
            for node in nodes:
                if node is not nearest:
                    node.hear_consistent()
    assert spoken == 10  # one in each interval, as all began together
