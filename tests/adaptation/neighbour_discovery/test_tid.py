"""Transaction IDs: the order of a counter that begins straight and then goes around."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.neighbour_discovery.tid import FIRST_TID, is_older, next_tid

TIDS = st.integers(0, 255)

ORDER = [  # worked out by hand from RFC 6550 §7.2
    (240, 241, True),
    (241, 240, False),
    (240, 5, False),  # 256 + 5 - 240 = 21: 240 has begun anew
    (5, 240, True),
    (250, 5, True),  # 256 + 5 - 250 = 11: gone on
    (5, 250, False),
    (127, 0, True),
    (0, 127, False),
    (10, 26, True),
    (10, 27, False),  # too far apart to tell
    (27, 10, False),
    (130, 200, False),
    (7, 7, False),
]


@pytest.mark.parametrize(("tid", "known", "older"), ORDER)
def test_order(tid: int, known: int, older: bool) -> None:
    assert is_older(tid, known) is older


def test_it_begins_straight_and_then_goes_around() -> None:
    tid, seen = FIRST_TID, list[int]()
    for _ in range(300):
        seen.append(tid)
        tid = next_tid(tid)
    assert seen == [*range(240, 256), *range(128), *range(128), *range(28)]


@given(TIDS, st.integers(1, 16))
def test_each_is_older_than_the_next_sixteen(tid: int, steps: int) -> None:
    later = tid
    for _ in range(steps):
        later = next_tid(later)
    assert is_older(tid, later)
    assert not is_older(later, tid)


@given(TIDS, TIDS)
def test_no_two_are_both_older(one: int, other: int) -> None:
    assert not (is_older(one, other) and is_older(other, one))
