from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.sequence_gaps import MOST_MISSED, SequenceGaps


def test_numbers_that_are_left_out_were_lost() -> None:
    gaps = SequenceGaps()
    assert [gaps.heard(number) for number in (7, 8, 10, 14)] == [0, 0, 1, 3]


def test_a_repetition_is_no_frame_of_its_own() -> None:
    gaps = SequenceGaps()
    assert [gaps.heard(number) for number in (7, 7, 8)] == [0, None, 0]


def test_numbers_wrap() -> None:
    gaps = SequenceGaps(bits=8)
    assert [gaps.heard(number) for number in (254, 255, 0, 3)] == [0, 0, 0, 2]


def test_a_restart_is_no_loss() -> None:
    gaps = SequenceGaps()
    assert [gaps.heard(number) for number in (7, 1000, 1002, 0, 1)] == [0, 0, 1, 0, 0]


def test_as_many_as_are_said_can_be_missed_in_a_row() -> None:
    gaps = SequenceGaps()
    gaps.heard(0)
    assert gaps.heard(MOST_MISSED + 1) == MOST_MISSED
    assert gaps.heard(2 * MOST_MISSED + 3) == 0


@given(st.lists(st.integers(0, MOST_MISSED), max_size=60), st.integers(0, 255))
def test_all_that_is_lost_between_frames_is_counted(losses: list[int], first: int) -> None:
    gaps, number = SequenceGaps(bits=8), first
    gaps.heard(number)
    for lost in losses:
        number = (number + lost + 1) % 256
        assert gaps.heard(number) == lost


@given(st.lists(st.integers(0, 2**32 - 1), max_size=60))
def test_whatever_the_numbers_are_what_is_lost_is_bounded(numbers: list[int]) -> None:
    gaps = SequenceGaps()
    assert all((gaps.heard(number) or 0) <= MOST_MISSED for number in numbers)
