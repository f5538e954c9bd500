"""What will be in effect when: the same for all, in whatever order and however late they hear."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.parameter_schedule import APART, MOST_AHEAD, Change, ParameterId, ParameterSchedule

CHANNELS = st.integers(11, 26)
S = 1_000_000


@given(
    st.lists(
        st.tuples(st.integers(1, 3), CHANNELS), min_size=1, max_size=3, unique_by=lambda c: c[0]
    ),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, S)), max_size=20),
    st.randoms(use_true_random=False),
)
def test_all_end_with_the_last_change(
    changes: list[tuple[int, int]], repeats: list[tuple[int, int]], random: object
) -> None:
    told = [(minute * 60 * S, channel) for minute, channel in changes]
    late = [(told[which % len(told)], lateness) for which, lateness in repeats]
    messages = [Change(moment, value) for moment, value in told]
    messages += [Change(moment + lateness, value) for (moment, value), lateness in late]
    random.shuffle(messages)  # type: ignore[attr-defined]
    schedule = ParameterSchedule()
    schedule.current[ParameterId.CHANNEL] = 11
    for message in messages:
        schedule.add(ParameterId.CHANNEL, message)
    schedule.take(now=3600 * S)
    assert schedule.current[ParameterId.CHANNEL] == max(told)[1]


@given(st.lists(st.tuples(st.integers(1, 10**9), CHANNELS), max_size=50))
def test_no_more_is_kept_than_a_few_changes_in_order(changes: list[tuple[int, int]]) -> None:
    schedule = ParameterSchedule()
    for moment, value in changes:
        schedule.add(ParameterId.CHANNEL, Change(moment, value))
    ahead = schedule.ahead(ParameterId.CHANNEL)
    assert len(ahead) <= MOST_AHEAD
    assert all(other.moment >= one.moment for one, other in pairwise(ahead))


def test_the_earliest_moment_heard_of_a_change_is_its_own() -> None:
    schedule = ParameterSchedule()
    assert schedule.add(ParameterId.CHANNEL, Change(60 * S, 20))
    assert not schedule.add(ParameterId.CHANNEL, Change(60 * S - 300_000, 20))
    assert not schedule.add(ParameterId.CHANNEL, Change(60 * S + 300_000, 20))
    assert schedule.ahead(ParameterId.CHANNEL) == (Change(60 * S - 300_000, 20),)


def test_of_two_changes_that_are_too_close_the_larger_value_stands() -> None:
    for order in ((15, 20), (20, 15)):
        schedule = ParameterSchedule()
        for value in order:
            schedule.add(ParameterId.CHANNEL, Change(60 * S + value, value))
        (change,) = schedule.ahead(ParameterId.CHANNEL)
        assert change.value == 20
        assert abs(change.moment - 60 * S) < APART
