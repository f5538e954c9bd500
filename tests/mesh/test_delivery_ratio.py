from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.delivery_ratio import (
    delivery_ratio_of,
    expected_transmissions,
    inverse_delivery_ratio,
)

RATIOS = st.floats(0, 1)


@pytest.mark.parametrize(
    ("ratio", "octet"),
    [(1.0, 32), (0.5, 64), (0.25, 128), (0.126, 254), (1 / 8, 255), (0.1, 255), (0.0, 255)],
)
def test_octets_of_ratios(ratio: float, octet: int) -> None:
    assert inverse_delivery_ratio(ratio) == octet


def test_a_link_of_which_nothing_is_known_is_not_offered() -> None:
    assert inverse_delivery_ratio(None) == 255


@given(st.integers(0, 255))
def test_every_octet_has_a_ratio_and_is_the_octet_of_it(octet: int) -> None:
    assert inverse_delivery_ratio(delivery_ratio_of(octet)) == max(octet, 32)


def test_attack_29_nobody_is_better_than_perfect() -> None:
    assert [delivery_ratio_of(octet) for octet in (0, 1, 31, 32)] == [1.0] * 4
    assert delivery_ratio_of(255) == 0


@given(RATIOS, RATIOS)
def test_more_delivered_never_gives_a_greater_octet(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 32 <= inverse_delivery_ratio(high) <= inverse_delivery_ratio(low) <= 255


def test_expected_transmissions() -> None:
    assert expected_transmissions(0.5) == 2
    assert expected_transmissions(0.5, 0.5) == 4
    assert expected_transmissions(0) == expected_transmissions(1, 0) == inf


@given(RATIOS, RATIOS)
def test_a_frame_is_sent_once_at_least(forward: float, backward: float) -> None:
    assert expected_transmissions(forward, backward) >= 1
