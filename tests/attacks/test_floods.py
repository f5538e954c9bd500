"""Floods from forged senders fill no memory; `python -m tests.attacks.floods` is the long form."""

from itertools import islice

import pytest

from tests.attacks import floods

FRAMES = 4_000
"""More senders than any table holds."""
MOST_KEPT, MOST_CACHED = 400_000, 1_500_000
MOST_GROWTH = 30_000


@pytest.mark.parametrize("name", floods.FLOODS)
def test_a_flood_from_forged_senders_fills_no_memory(name: str) -> None:
    kept = floods.measure(name, FRAMES)
    assert kept.end < MOST_KEPT
    assert kept.end - kept.half < MOST_GROWTH, "what it holds, it holds after half of it"
    assert kept.peak < MOST_KEPT + MOST_CACHED


def test_no_forged_sender_comes_twice() -> None:
    frames = list(islice(floods.first_fragments(), 1000))
    assert len({frame[7:15] for frame in frames}) == 1000
