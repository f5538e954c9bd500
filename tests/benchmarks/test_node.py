"""The benchmark of round trips measures what it says it does."""

from tests.benchmarks.node import rows


def test_round_trips_are_measured() -> None:
    found = list(rows(20))
    assert [row.met is None for row in found] == [False, False, True, True, True, True]
    small, large = (float(row.measured.split()[0]) for row in (found[0], found[3]))
    assert 0 < small < large
