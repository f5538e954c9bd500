"""Recoverable fragments across the line, over any air."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.recovery_sender import Outcome
from tests.adaptation.hops import A, B, C, D, datagram, hops_later
from tests.adaptation.recovery_line import PARAMETERS, Fate, RecoveryLine


@st.composite
def fates(draw: st.DrawFn, lost: int) -> Fate:
    """Return an air that loses so many frames at most, and delays and repeats any."""
    numbers = draw(st.sets(st.integers(0, 40), max_size=lost))
    moods = draw(st.lists(st.sampled_from([[0], [0], [0], [25], [0, 1], [4, 14]]), max_size=40))
    count = -1

    def fate(*_: bytes) -> list[int]:
        nonlocal count
        count += 1
        if count in numbers:
            return []
        return moods[count % len(moods)] if moods else [0]

    return fate


SIZES = st.integers(100, 1232)
WINDOWS = st.sampled_from([1, 2, 5, 32])


@given(fates(lost=3), SIZES, st.sampled_from([B, C, D]), WINDOWS)
def test_under_bounded_loss_every_datagram_arrives_once(
    fate: Fate, size: int, destination: bytes, window: int
) -> None:
    parameters = replace(PARAMETERS, opt_window_size=window, max_window_size=window)
    line, octets = RecoveryLine(fate, parameters=parameters), datagram(bytes(size), A, destination)
    line.send(octets)
    line.run()
    hops = [B, C, D].index(destination)
    assert line.received == [(destination, hops_later(octets, hops))]
    assert line.ended == {1: Outcome.DELIVERED}
    line.expire()
    for node in line.nodes.values():
        assert (len(node), len(vars(node)["_labels"]), node.next_deadline()) == (0, 0, None)


@given(
    st.lists(st.sampled_from([[], [0], [0], [0], [60], [0, 200], [900]]), min_size=1, max_size=60),
    st.lists(SIZES, min_size=1, max_size=4),
)
def test_under_any_loss_what_arrives_is_what_was_sent(
    moods: list[list[int]], sizes: list[int]
) -> None:
    count = -1

    def fate(*_: bytes) -> list[int]:
        nonlocal count
        count += 1
        return moods[count % len(moods)]

    line = RecoveryLine(fate)
    octets = [datagram(bytes([number]) * size) for number, size in enumerate(sizes)]
    for handle, one in enumerate(octets):
        line.send(one, handle)
    line.run()
    arrived = {one for here, one in line.received if here == D}
    assert {here for here, _ in line.received} <= {D}
    assert arrived <= {hops_later(one, 2) for one in octets}
    assert set(line.ended) == set(range(len(octets)))
    for handle, outcome in line.ended.items():
        if outcome is Outcome.DELIVERED:
            assert hops_later(octets[handle], 2) in arrived
    line.expire()
    for node in line.nodes.values():
        assert (len(node), len(vars(node)["_labels"]), node.next_deadline()) == (0, 0, None)
