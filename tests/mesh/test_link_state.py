"""States of a link, and the numbers of advertisements."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.link_state import NEXT, Link, LinkInput, LinkState

DOWN, RECEIVING = LinkState.DOWN, LinkState.RECEIVING
TRANSMITTING, UP = LinkState.TRANSMITTING, LinkState.UP

TABLE = {  # input: state after it, by state before: Receive State and Transmit State of the draft
    LinkInput.ANSWERED: (RECEIVING, RECEIVING, UP, UP),
    LinkInput.ACCEPTED: (TRANSMITTING, UP, TRANSMITTING, UP),
    LinkInput.HEARD: (DOWN, UP, TRANSMITTING, UP),
    LinkInput.UNHEARD: (DOWN, RECEIVING, DOWN, RECEIVING),
    LinkInput.ENDED: (DOWN, DOWN, DOWN, DOWN),
}


@pytest.mark.parametrize("what", LinkInput)
def test_states_follow_the_table(what: LinkInput) -> None:
    after = tuple(NEXT.get((state, what), state) for state in LinkState)
    assert after == TABLE[what]


def test_the_table_is_drawn_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "mle.md").read_text()
    for state, what in product(LinkState, LinkInput):
        after = NEXT.get((state, what))
        if after is not None:
            assert f"| {state.name} | {what.name} | {after.name} |" in page


@given(st.lists(st.sampled_from(LinkInput), max_size=30))
def test_nobody_receives_who_was_not_answered(inputs: list[LinkInput]) -> None:
    state, answered = DOWN, False
    for what in inputs:
        state = NEXT.get((state, what), state)
        answered = what is LinkInput.ANSWERED or (answered and what is not LinkInput.ENDED)
        assert answered or not state.receiving


ADVERTISEMENTS = [  # frame counters and moments; the numbers that they get
    ([(5, 0), (6, 64), (7, 128)], [1, 2, 3]),
    ([(5, 0), (7, 128)], [1, 3]),  # one missed
    ([(5, 0), (8, 130)], [1, 3]),  # one missed, and something sent to others
    ([(5, 0), (6, 128)], [1, 2]),  # nothing was sent in between: its interval was doubled
    ([(5, 0), (9, 4)], [1, 2]),  # a link with somebody else was made
    ([(5, 0), (1005, 4)], [1, 2]),  # a restart
    ([(5, 0), (2, 64)], [1, 2]),  # another key
    ([(5, 0), (50, 64 * 45)], [1, 2]),  # out of reach for too long to say anything
]


@pytest.mark.parametrize(("heard", "numbers"), ADVERTISEMENTS)
def test_numbers_of_advertisements(heard: list[tuple[int, int]], numbers: list[int]) -> None:
    link = Link(bytes(8))
    assert [
        link.number_advertisement(counter, 64, now=moment) for counter, moment in heard
    ] == numbers
