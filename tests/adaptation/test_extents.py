from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.extents import Extents

STRETCHES = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), max_size=20)


@given(STRETCHES, st.integers(0, 40), st.integers(1, 12))
def test_as_a_set_of_octets_would_say(
    stretches: list[tuple[int, int]], start: int, length: int
) -> None:
    extents, octets = Extents(), set[int]()
    for at, size in stretches:
        extents.add(at, at + size)
        octets |= set(range(at, at + size))
    asked = set(range(start, start + length))
    within = list(extents.within(start, start + length))
    assert {octet for a, b in within for octet in range(a, b)} == octets & asked
    assert all(a < b for a, b in within)
    assert all(b < c for (_, b), (c, _) in pairwise(within))
    assert extents.covers(start, start + length) == (asked <= octets)


def test_what_only_touches_is_not_within() -> None:
    extents = Extents()
    extents.add(8, 16)
    assert list(extents.within(0, 8)) == list(extents.within(16, 24)) == []


def test_touching_stretches_become_one() -> None:
    extents = Extents()
    for start, end in ((0, 8), (16, 24), (8, 16)):
        extents.add(start, end)
    assert list(extents.within(0, 99)) == [(0, 24)]
    assert not extents.covers(0, 25)
