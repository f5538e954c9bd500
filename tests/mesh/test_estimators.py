"""All estimators keep the same promises; each has a few of its own."""

from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.estimators import (
    MEMORY,
    BatchEstimator,
    BayesEstimator,
    LinkEstimator,
    MarginEstimator,
    MovingAverageEstimator,
    WindowEstimator,
    WorstOf,
)

COUNTING: list[Callable[[], LinkEstimator]] = [
    WindowEstimator,
    MovingAverageEstimator,
    BatchEstimator,
    BayesEstimator,
]
ALL: list[Callable[[], LinkEstimator]] = [
    *COUNTING,
    MarginEstimator,
    lambda: WorstOf(MarginEstimator(), BayesEstimator()),
]
OUTCOMES = st.lists(st.booleans(), max_size=200)

counting = pytest.mark.parametrize("new", COUNTING)
each = pytest.mark.parametrize("new", ALL)


def fed(new: Callable[[], LinkEstimator], outcomes: list[bool], rss: float = -80) -> LinkEstimator:
    estimator = new()
    for arrived in outcomes:
        if arrived:
            estimator.received(rss)
        else:
            estimator.lost(1)
    return estimator


def ratio_of(estimator: LinkEstimator) -> float:
    assert estimator.delivery_ratio is not None
    return estimator.delivery_ratio


@each
def test_without_frames_nothing_is_known(new: Callable[[], LinkEstimator]) -> None:
    assert new().delivery_ratio is None
    assert new().quality is None


@each
@given(outcomes=OUTCOMES, rss=st.floats(-128, 20))
def test_estimates_are_within_their_range(
    new: Callable[[], LinkEstimator], outcomes: list[bool], rss: float
) -> None:
    estimator = fed(new, outcomes, rss)
    if estimator.delivery_ratio is not None:
        assert 0 <= estimator.delivery_ratio <= 1
        assert estimator.quality in range(4)
    if any(outcomes):
        assert estimator.delivery_ratio is not None


@counting
@given(outcomes=OUTCOMES)
def test_a_frame_that_arrives_never_lowers_and_one_lost_never_raises(
    new: Callable[[], LinkEstimator], outcomes: list[bool]
) -> None:
    """Not so in a window, where an old frame leaves for the new one; but never beyond that."""
    slack = 1e-12
    better, worse = ratio_of(fed(new, [*outcomes, True])), ratio_of(fed(new, [*outcomes, False]))
    assert worse <= better + slack
    before = fed(new, outcomes).delivery_ratio
    if before is not None and new is not WindowEstimator and new is not BatchEstimator:
        assert worse - slack <= before <= better + slack


@counting
@given(outcomes=st.lists(st.booleans(), min_size=1, max_size=150), which=st.integers(0, 149))
def test_had_one_more_arrived_the_estimate_would_not_be_lower(
    new: Callable[[], LinkEstimator], outcomes: list[bool], which: int
) -> None:
    luckier = outcomes.copy()
    luckier[which % len(luckier)] = True
    assert ratio_of(fed(new, outcomes)) <= ratio_of(fed(new, luckier)) + 1e-12


@counting
@pytest.mark.parametrize("arrived", [True, False])
def test_constant_input_is_estimated_as_what_it_is(
    new: Callable[[], LinkEstimator], arrived: bool
) -> None:
    estimator = fed(new, [arrived] * 500)
    assert ratio_of(estimator) == pytest.approx(float(arrived), abs=1 / 30)
    assert estimator.quality == (3 if arrived else 0)


@each
@given(rss=st.floats(-128, 0), arrived=st.booleans())
def test_quality_of_constant_input_moves_one_way_only(
    new: Callable[[], LinkEstimator], rss: float, arrived: bool
) -> None:
    estimator, qualities = new(), list[int]()
    for _ in range(200):
        if arrived:
            estimator.received(rss)
        else:
            estimator.lost(1)
        if estimator.quality is not None:
            qualities.append(estimator.quality)
    assert qualities in (sorted(qualities), sorted(qualities, reverse=True))


@counting
def test_a_change_of_the_link_is_seen(new: Callable[[], LinkEstimator]) -> None:
    estimator = fed(new, [True] * 1000 + [False] * 2 * MEMORY)
    assert ratio_of(estimator) < 0.1
    assert estimator.quality == 0


@counting
def test_estimates_vary_as_little_as_the_mean_of_a_memory(
    new: Callable[[], LinkEstimator],
) -> None:
    """On half of 4,000 frames lost at random: 0.0625 would be the deviation of such a mean."""
    random, estimator, squares = Random(64), new(), list[float]()
    for number in range(4000):
        if random.random() < 0.5:
            estimator.received(None)
        else:
            estimator.lost(1)
        if number >= 500:
            squares.append((ratio_of(estimator) - 0.5) ** 2)
    assert (sum(squares) / len(squares)) ** 0.5 == pytest.approx(0.0625, rel=0.25)


@counting
@given(outcomes=OUTCOMES, lost=st.integers(1, 100))
def test_many_lost_at_once_are_as_many_lost_one_by_one(
    new: Callable[[], LinkEstimator], outcomes: list[bool], lost: int
) -> None:
    at_once, one_by_one = fed(new, outcomes), fed(new, outcomes + [False] * lost)
    at_once.lost(lost)
    assert at_once.delivery_ratio == one_by_one.delivery_ratio


@each
def test_a_claim_of_endless_losses_costs_no_endless_time(new: Callable[[], LinkEstimator]) -> None:
    estimator = fed(new, [True])
    estimator.lost(2**64)
    assert (estimator.quality or 0) <= 3


@each
def test_no_losses_change_nothing(new: Callable[[], LinkEstimator]) -> None:
    estimator = new()
    estimator.lost(0)
    assert estimator.delivery_ratio is None


@pytest.mark.parametrize(("rss", "quality"), [(-80, 3), (-95, 2), (-102, 1), (-109, 0)])
def test_margin_gives_a_quality_from_the_first_frame_on(rss: float, quality: int) -> None:
    estimator = fed(MarginEstimator, [True], rss)
    assert estimator.quality == quality
    assert estimator.delivery_ratio == (0, 1 / 4, 1 / 2, 1)[quality]


def test_margin_takes_the_noise_floor_of_the_radio() -> None:
    estimator = MarginEstimator(noise_floor=-100)
    estimator.received(-80)
    assert estimator.margin == 20
    assert estimator.quality == 2


def test_margin_is_unknown_to_a_radio_that_measures_no_strength() -> None:
    estimator = MarginEstimator()
    estimator.received(None)
    assert estimator.margin is None
    assert estimator.quality is None


@given(st.lists(st.floats(-1.0, 0.99), min_size=8, max_size=100), st.integers(-105, -60))
def test_quality_by_margin_does_not_flap_within_the_hysteresis(
    noise: list[float], centre: int
) -> None:
    estimator, qualities = MarginEstimator(), list[int | None]()
    for deviation in noise:
        estimator.received(centre + deviation)
        qualities.append(estimator.quality)
    assert sum(one != next_one for one, next_one in pairwise(qualities)) < 2


def test_attack_29_lifted_strength_does_not_hide_losses() -> None:
    """Somebody makes a bad neighbour's frames strong, so that it be chosen."""
    estimator = WorstOf(MarginEstimator(), BayesEstimator())
    for _ in range(50):
        estimator.received(0)
        estimator.lost(4)
    assert estimator.quality == 1
    assert ratio_of(estimator) < 0.3


def test_bayes_says_nothing_bold_after_one_frame() -> None:
    assert ratio_of(fed(BayesEstimator, [True])) == pytest.approx(2 / 3, abs=0.01)
    assert ratio_of(fed(BayesEstimator, [False])) == pytest.approx(1 / 3, abs=0.01)


def test_a_window_forgets_what_left_it() -> None:
    estimator = fed(lambda: WindowEstimator(4), [False] * 10 + [True, True, True, False])
    assert ratio_of(estimator) == 0.75


def test_batches_move_the_estimate_once_they_are_full() -> None:
    estimator = fed(lambda: BatchEstimator(4, 0.5), [True] * 4 + [False] * 3)
    assert ratio_of(estimator) == 1
    estimator.lost(1)
    assert ratio_of(estimator) == 0.5
