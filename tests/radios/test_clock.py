from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lowpan_radios.clock import MOST_DELAY_NS, RadioClock

SECOND = 1_000_000_000
EPOCH = 1_700_000_000 * SECOND
LEAST_DELAY = 2_000_000
WIDTHS = [16, 24, 32, 40, 48, 64]


@pytest.mark.parametrize("bits", WIDTHS)
def test_a_counter_is_unwrapped_at_every_wrap(bits: int) -> None:
    clock, period = RadioClock(bits), 1 << bits
    step = period // 4
    moments = range(period - 3, 5 * period, step)
    assert [clock.unwrapped(moment % period) for moment in moments] == list(moments)


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("wrap", [1, 2, 1000])
def test_around_a_wrap_frames_may_come_out_of_order(bits: int, wrap: int) -> None:
    clock, edge = RadioClock(bits), wrap << bits
    clock.unwrapped(edge - 10)  # the first turn it knows of: `edge` is the end of turn 1
    shown = [edge - 1, edge + 1, edge - 2, edge, edge + 5, edge - 9]
    found = [clock.unwrapped(moment % (1 << bits)) for moment in shown]
    assert found == [moment - ((wrap - 1) << bits) for moment in shown]


def test_a_step_back_from_the_start_is_not_below_zero() -> None:
    clock = RadioClock(32)
    assert clock.unwrapped(3) == 3
    assert clock.unwrapped(2**32 - 5) == 0
    assert clock.unwrapped(4) == 4


def test_a_negative_number_of_a_firmware_that_prints_signed_ones_is_the_same_moment() -> None:
    clock = RadioClock(32)
    assert [clock.unwrapped(2**31 - 1), clock.unwrapped(-(2**31))] == [2**31 - 1, 2**31]


@given(turns=st.integers(0, 50), rest=st.integers(-(2**31) + 10**6, 2**31 - 10**6))
def test_turns_in_silence_are_counted_by_the_hosts_clock(turns: int, rest: int) -> None:
    clock, period = RadioClock(32), 1 << 32
    clock.unwrapped(7, EPOCH)
    ticks = 7 + max(turns * period + rest, 0)
    arrival = EPOCH + (ticks - 7) * 1_000 + 300_000_000  # 0.3 s late
    assert clock.unwrapped(ticks % period, arrival) == ticks


def test_without_the_time_of_arrival_turns_in_silence_are_not_seen() -> None:
    clock = RadioClock(32)
    clock.unwrapped(7)
    assert clock.unwrapped(9) == 9


def run(ppm: float, jitter: int, rate: int, seed: int, seconds: int = 40) -> list[tuple[int, int]]:
    """Return (true time, time told) of frames over a line whose messages come in order."""
    random, clock, arrival = Random(seed), RadioClock(32), 0
    told = list[tuple[int, int]]()
    start = random.randrange(2**32)
    for number in range(seconds * rate):
        since = number * SECOND // rate
        ticks = start + int(since * (1 - ppm * 1e-6)) // 1_000
        arrival = max(arrival, EPOCH + since + LEAST_DELAY + random.randrange(jitter + 1))
        time = clock.time_ns(clock.unwrapped(ticks % 2**32, arrival), arrival)
        assert time <= arrival
        told.append((EPOCH + since + LEAST_DELAY, time))
    assert all(earlier <= later for (_, earlier), (_, later) in pairwise(told))
    return told


@settings(max_examples=25, deadline=None)
@given(
    ppm=st.floats(-100, 100),
    jitter=st.integers(1_000_000, 20_000_000),
    rate=st.integers(50, 200),
    seed=st.integers(0, 2**32),
)
@example(ppm=-100.0, jitter=5_000_000, rate=50, seed=1)
@example(ppm=100.0, jitter=1_000_000, rate=50, seed=1)
def test_times_are_within_the_bound_that_is_promised(
    ppm: float, jitter: int, rate: int, seed: int
) -> None:
    told = run(ppm, jitter, rate, seed)
    errors = [abs(time - true) for true, time in told]
    assert max(errors) <= jitter + 1_000_000
    assert max(errors[10 * rate :]) <= jitter / 5


@pytest.mark.parametrize("ppm", [-100, -20, 0, 20, 100])
def test_drift_is_estimated(ppm: int) -> None:
    clock, random = RadioClock(64), Random(ppm)
    for number in range(6_000):
        since = number * 10_000_000
        arrival = EPOCH + since + random.randrange(3_000_000)
        clock.time_ns(int(since * (1 - ppm * 1e-6)) // 1_000, arrival)
    assert abs(clock.drift_ppm - ppm) < 3


def test_the_first_frame_came_when_it_arrived() -> None:
    assert RadioClock(64).time_ns(123, EPOCH) == EPOCH


def test_times_never_go_back_even_if_frames_do() -> None:
    clock = RadioClock(64)
    times = [clock.time_ns(ticks, EPOCH + 5_000_000) for ticks in (1_000, 3_000, 2_000, 3_001)]
    assert times == sorted(times)


def test_after_a_reset_times_go_on_and_ticks_start_anew() -> None:
    clock = RadioClock(32)
    before = clock.time_ns(clock.unwrapped(4_000_000_000), EPOCH)
    clock.restart()
    assert clock.unwrapped(50) == 50
    arrival = EPOCH + SECOND
    assert before < clock.time_ns(50, arrival) == arrival
    assert clock.time_ns(1_000_050, arrival + SECOND + 777) == arrival + SECOND


def test_a_reset_that_nobody_told_of_is_noticed() -> None:
    clock = RadioClock(64)
    clock.time_ns(4_000_000_000, EPOCH)
    late = EPOCH + MOST_DELAY_NS + SECOND
    assert clock.time_ns(100, late) == late
    assert clock.time_ns(100 + 1_000_000, late + SECOND + 5) == late + SECOND


def test_when_the_hosts_clock_is_set_back_times_stand_still_until_it_has_caught_up() -> None:
    clock = RadioClock(64)
    clock.time_ns(0, EPOCH)
    assert clock.time_ns(1_000_000, EPOCH - SECOND) == EPOCH
    assert clock.time_ns(4_000_000, EPOCH + 2 * SECOND) == EPOCH + 2 * SECOND


@given(
    st.sampled_from([16, 32, 64]),
    st.lists(st.tuples(st.integers(-(2**70), 2**70), st.integers(0, 2**40)), max_size=60),
)
def test_whatever_a_radio_says_times_are_in_order_and_not_after_arrival(
    bits: int, said: list[tuple[int, int]]
) -> None:
    clock, arrival, last = RadioClock(bits), EPOCH, 0
    for ticks, later in said:
        arrival += later
        time = clock.time_ns(clock.unwrapped(ticks, arrival), arrival)
        assert last <= time <= arrival
        last = time
