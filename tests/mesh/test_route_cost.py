import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange
from lowpan.mesh.route_cost import (
    INFINITE_COST,
    advertised_cost,
    cost_of_advertised,
    link_cost,
    path_cost,
    two_way_quality,
)

QUALITIES = st.integers(0, 3)
COSTS = st.integers(1, INFINITE_COST)


def test_costs_of_links() -> None:
    assert [link_cost(quality) for quality in range(4)] == [16, 4, 2, 1]


@pytest.mark.parametrize("quality", [-1, 4])
def test_there_are_no_other_qualities(quality: int) -> None:
    with pytest.raises(FieldOutOfRange):
        link_cost(quality)


@given(QUALITIES, QUALITIES)
def test_attack_29_what_is_claimed_of_one_direction_never_betters_the_other(
    measured: int, claimed: int
) -> None:
    assert link_cost(two_way_quality(measured, claimed)) >= link_cost(measured)


@given(QUALITIES, QUALITIES)
def test_both_ends_find_the_same_cost(there: int, back: int) -> None:
    assert link_cost(two_way_quality(there, back)) == link_cost(two_way_quality(back, there))


@given(COSTS, COSTS)
def test_ways_get_longer_with_each_link_and_end_at_infinity(link: int, advertised: int) -> None:
    assert min(advertised + 1, INFINITE_COST) <= path_cost(link, advertised) <= INFINITE_COST
    assert path_cost(link, INFINITE_COST) == path_cost(INFINITE_COST, advertised) == INFINITE_COST


@given(COSTS)
def test_a_cost_is_the_same_after_it_was_advertised(cost: int) -> None:
    assert 0 <= advertised_cost(cost) <= 15
    assert cost_of_advertised(advertised_cost(cost)) == cost
