"""Paces: no more than the rate allows, however it is asked for."""

from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.pace import Allowance, Pace


def test_a_burst_is_allowed_and_then_one_at_a_time() -> None:
    allowance = Allowance(each=10, burst=3)
    assert [allowance.take(now=100) for _ in range(4)] == [True, True, True, False]
    assert not allowance.take(now=109)
    assert allowance.take(now=110)
    assert not allowance.take(now=119)
    assert [allowance.take(now=500) for _ in range(4)] == [True, True, True, False]


def test_it_is_known_when_the_next_one_may_happen() -> None:
    allowance = Allowance(each=10, burst=3)
    for _ in range(3):
        assert allowance.free_at() <= 100
        assert allowance.take(now=100)
    assert allowance.free_at() == 110
    assert not allowance.take(now=109)
    assert allowance.take(now=110)


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 5))
def test_no_span_of_time_has_more_than_the_rate_and_a_burst(gaps: list[int], burst: int) -> None:
    pace, paid_at, now = Pace(each=10, burst=burst), 0, 0
    taken: list[int] = []
    for gap in gaps:
        now += gap
        paid = pace.take(paid_at, now=now)
        if paid is not None:
            paid_at = paid
            taken.append(now)
    for first, begin in enumerate(taken):
        for last, end in enumerate(taken[first:], first):
            assert last - first + 1 <= burst + (end - begin) // 10
