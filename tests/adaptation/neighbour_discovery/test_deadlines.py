"""Deadlines of many things."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines

KEYS = st.binary(min_size=1, max_size=1)


@given(st.lists(st.tuples(KEYS, st.integers(0, 50) | st.none())), st.integers(0, 50))
def test_they_are_as_a_plain_table_says(done: list[tuple[bytes, int | None]], now: int) -> None:
    deadlines: Deadlines[bytes] = Deadlines()
    plain: dict[bytes, int] = {}
    for key, deadline in done:
        if deadline is None:
            deadlines.drop(key)
            plain.pop(key, None)
        else:
            deadlines.set(key, deadline)
            plain[key] = deadline
        assert deadlines.next_deadline() == min(plain.values(), default=None)
    due = sorted(key for key, deadline in plain.items() if deadline <= now)
    taken = deadlines.take(now=now)
    assert [plain[key] for key in taken] == sorted(plain[key] for key in taken)
    assert sorted(taken) == due
    assert len(deadlines) == len(plain) - len(due)


def test_what_is_set_and_dropped_again_takes_no_memory() -> None:
    deadlines: Deadlines[bytes] = Deadlines()
    deadlines.set(b"first", 0)
    tracemalloc.start()
    try:
        for number in range(20_000):
            deadlines.set(number.to_bytes(4, "big"), 1 + number)
            deadlines.drop(number.to_bytes(4, "big"))
            deadlines.set(b"again", number)
        assert tracemalloc.get_traced_memory()[0] < 50_000
    finally:
        tracemalloc.stop()
