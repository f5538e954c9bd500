"""Averages, margins and qualities, with Thread's numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.link_quality import (
    AVERAGED,
    DELIVERY_SCALE,
    MARGIN_SCALE,
    MOST_RISE,
    RssAverage,
    link_margin,
)

DBM = st.floats(-128, 0)
MARGINS = st.floats(0, 110)
QUALITIES = st.none() | st.integers(0, 3)


def average(*samples: float) -> float:
    rss = RssAverage()
    for sample in samples:
        rss.add(sample)
    assert rss.dbm is not None
    return rss.dbm


def test_without_a_sample_there_is_no_average() -> None:
    assert RssAverage().dbm is None


@given(st.lists(st.integers(-80, -72), min_size=1, max_size=AVERAGED))
def test_the_first_eight_are_averaged_alike(samples: list[int]) -> None:
    assert average(*samples) == pytest.approx(sum(samples) / len(samples))


def test_then_each_counts_an_eighth() -> None:
    assert average(*[-80] * 8, -72) == -79
    assert average(*[-80] * 8, -72, -71) == -78
    assert average(*[-80] * 8, -112) == -84


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=50))
def test_an_average_is_within_its_samples_and_the_possible(samples: list[float]) -> None:
    clamped = [min(max(sample, -128), 0) for sample in samples]
    slack = 1e-9
    assert min(clamped) - slack <= average(*samples) <= max(clamped) + slack


@given(DBM, st.integers(1, 100))
def test_constant_samples_are_their_average(sample: float, number: int) -> None:
    assert average(*[sample] * number) == sample


@given(st.lists(DBM, min_size=1, max_size=30), st.lists(DBM, min_size=30, max_size=30))
def test_stronger_samples_never_make_a_weaker_average(
    samples: list[float], more: list[float]
) -> None:
    stronger = [max(pair) for pair in zip(samples, more, strict=False)]
    assert average(*samples) <= average(*stronger) + 1e-9


@given(st.lists(DBM, min_size=AVERAGED, max_size=30), DBM)
def test_attack_29_one_lifted_frame_does_not_lift_an_average_past_the_hysteresis(
    samples: list[float], lifted: float
) -> None:
    assert average(*samples, lifted) - average(*samples) <= MARGIN_SCALE.hysteresis + 1e-9


def test_attack_29_without_the_bound_one_frame_would() -> None:
    rss = RssAverage(most_rise=200)
    for sample in [-104.0] * 8 + [0.0]:
        rss.add(sample)
    assert rss.dbm == -91
    assert average(*[-104.0] * 8, 0.0) == -104 + MOST_RISE / AVERAGED


@pytest.mark.parametrize(
    ("rss", "noise_floor", "margin"),
    [(-20, -100, 80), (-110, -100, 0), (-87.5, -110, 23), (-87.6, -110, 22), (-128, -110, 0)],
)
def test_margin_is_what_is_above_the_noise_floor(
    rss: float, noise_floor: float, margin: int
) -> None:
    assert link_margin(rss, noise_floor) == margin


@pytest.mark.parametrize(
    ("margin", "qualities"),
    [
        (0, (0, 0, 0, 0, 0)),
        (2, (0, 0, 0, 0, 0)),
        (3, (1, 0, 1, 1, 1)),
        (4, (1, 0, 1, 1, 1)),
        (5, (1, 1, 1, 1, 1)),
        (10, (1, 1, 1, 1, 1)),
        (11, (2, 1, 1, 2, 2)),
        (12, (2, 1, 1, 2, 2)),
        (13, (2, 2, 2, 2, 2)),
        (20, (2, 2, 2, 2, 2)),
        (21, (3, 2, 2, 2, 3)),
        (22, (3, 2, 2, 2, 3)),
        (23, (3, 3, 3, 3, 3)),
        (80, (3, 3, 3, 3, 3)),
    ],
)
def test_quality_of_a_margin(margin: int, qualities: tuple[int, ...]) -> None:
    """Thresholds and hysteresis, at and beside each: at first, and then from 0, 1, 2 and 3."""
    past = (None, 0, 1, 2, 3)
    assert tuple(MARGIN_SCALE.quality(margin, quality) for quality in past) == qualities


@pytest.mark.parametrize(
    ("transmissions", "quality"), [(1, 3), (1.4, 3), (1.5, 2), (2.8, 2), (2.9, 1), (7, 1), (9, 0)]
)
def test_quality_of_a_delivery_ratio_is_of_the_nearest_cost(
    transmissions: float, quality: int
) -> None:
    assert DELIVERY_SCALE.quality(1 / transmissions, None) == quality


@given(MARGINS, MARGINS, QUALITIES)
def test_more_margin_never_gives_less_quality(one: float, other: float, past: int | None) -> None:
    low, high = sorted((one, other))
    assert 0 <= MARGIN_SCALE.quality(low, past) <= MARGIN_SCALE.quality(high, past) <= 3


@given(MARGINS, st.integers(0, 3), st.integers(0, 3))
def test_a_better_past_never_gives_less_quality(margin: float, one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert MARGIN_SCALE.quality(margin, low) <= MARGIN_SCALE.quality(margin, high)


@given(MARGINS, QUALITIES)
def test_quality_of_a_constant_margin_never_flaps(margin: float, past: int | None) -> None:
    quality = MARGIN_SCALE.quality(margin, past)
    assert MARGIN_SCALE.quality(margin, quality) == quality


@given(st.floats(0, 108), st.lists(st.floats(0, 1.99), min_size=1, max_size=60))
def test_quality_changes_once_at_most_while_a_margin_stays_within_the_hysteresis(
    margin: float, noise: list[float]
) -> None:
    quality, changes = None, -1
    for above in noise:
        before, quality = quality, MARGIN_SCALE.quality(margin + above, quality)
        changes += quality != before
    assert changes <= 1


@given(st.floats(0, 0.9), st.lists(st.floats(0, 0.049), min_size=1, max_size=60))
def test_quality_of_delivery_does_so_as_well(ratio: float, noise: list[float]) -> None:
    quality, changes = None, -1
    for above in noise:
        before, quality = quality, DELIVERY_SCALE.quality(ratio + above, quality)
        changes += quality != before
    assert changes <= 1
