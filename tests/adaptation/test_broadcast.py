from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.broadcast import (
    BROADCAST_PERIOD,
    MOST_ORIGINATORS,
    MOST_PER_NEIGHBOUR,
    WINDOW,
    BroadcastWindows,
)

ALICE, BOB, NEAR, FAR = b"\x00\x01", b"\x00\x02", b"\x00\x0a", b"\x00\x0b"


def test_each_number_of_each_originator_once() -> None:
    windows = BroadcastWindows()
    told = [windows.is_new(ALICE, number, NEAR, now=0) for number in (7, 7, 8, 7, 6, 6)]
    assert told == [True, False, True, False, True, False]
    assert windows.is_new(BOB, 7, NEAR, now=0)
    assert not windows.is_new(BOB, 7, FAR, now=0)


def test_the_counter_wraps() -> None:
    windows = BroadcastWindows()
    numbers = [number % 256 for number in range(250, 250 + 600)]
    assert all(windows.is_new(ALICE, number, NEAR, now=0) for number in numbers)
    assert not any(windows.is_new(ALICE, number, NEAR, now=0) for number in numbers[-WINDOW:])
    assert windows.is_new(ALICE, numbers[-WINDOW - 1], NEAR, now=0)


def test_a_number_is_forgotten_in_time_and_a_silent_originator_too() -> None:
    windows = BroadcastWindows()
    windows.is_new(ALICE, 1, NEAR, now=0)
    windows.is_new(ALICE, 2, NEAR, now=5)
    assert not windows.is_new(ALICE, 1, NEAR, now=BROADCAST_PERIOD - 1)
    assert windows.is_new(ALICE, 1, NEAR, now=BROADCAST_PERIOD)
    assert not windows.is_new(ALICE, 2, NEAR, now=BROADCAST_PERIOD)
    assert windows.is_new(BOB, 1, NEAR, now=3 * BROADCAST_PERIOD)
    assert len(windows) == 1


def test_a_number_that_comes_again_in_its_time_is_the_latest_again() -> None:
    windows = BroadcastWindows()
    windows.is_new(ALICE, 1, NEAR, now=0)
    windows.is_new(ALICE, 2, NEAR, now=5)
    assert windows.is_new(ALICE, 1, NEAR, now=BROADCAST_PERIOD)
    for number in range(100, 100 + WINDOW - 1):
        assert windows.is_new(ALICE, number, NEAR, now=BROADCAST_PERIOD)
    assert not windows.is_new(ALICE, 1, NEAR, now=BROADCAST_PERIOD)


def test_an_originator_that_starts_anew_or_is_forged_ahead_is_heard() -> None:
    windows = BroadcastWindows()
    windows.is_new(ALICE, 100, NEAR, now=0)
    assert windows.is_new(ALICE, 227, FAR, now=1)  # forged
    assert [windows.is_new(ALICE, number, NEAR, now=2) for number in (101, 102, 3)] == [True] * 3


def test_attack_1_invented_originators_displace_none_of_another_neighbour() -> None:
    windows = BroadcastWindows()
    windows.is_new(ALICE, 1, NEAR, now=0)
    for number in range(100_000):
        assert windows.is_new(number.to_bytes(8, "big"), 1, FAR, now=0)
    assert not windows.is_new(ALICE, 1, NEAR, now=0)
    assert len(windows) == MOST_PER_NEIGHBOUR + 1
    for number in range(100_000):
        windows.is_new(number.to_bytes(8, "big"), 1, number.to_bytes(8, "little"), now=0)
    assert len(windows) == MOST_ORIGINATORS


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, BROADCAST_PERIOD // 4))))
def test_a_repeat_within_window_and_period_is_never_new(steps: list[tuple[int, int]]) -> None:
    windows, now = BroadcastWindows(), 0
    heard = dict[int, int]()
    for number, passed in steps:
        now += passed
        fresh = now - heard.get(number, -BROADCAST_PERIOD) >= BROADCAST_PERIOD
        recent = list(heard)[-WINDOW:]
        if windows.is_new(ALICE, number, NEAR, now=now):
            assert fresh or number not in recent
            heard.pop(number, None)
            heard[number] = now
        else:
            assert not fresh
