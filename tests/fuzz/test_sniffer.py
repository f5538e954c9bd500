"""Mutated frames through the sniffer: whatever is sent, it goes on with the next frame."""

from collections import deque
from collections.abc import Callable, Iterable
from random import Random
from resource import RUSAGE_SELF, getrusage
from time import process_time

import pytest

from lowpan.capture.follower import Follower
from lowpan.radio import ReceivedFrame
from tests.fuzz.corpus import FRAMES as CORPUS_OF_FRAMES
from tests.fuzz.corpus import fewest, keep, pcap_of
from tests.fuzz.plan import FRAMES, SEED, SHARDS
from tests.fuzz.printers import Printers
from tests.fuzz.seeds import every_seed, given
from tests.fuzz.traffic import Traffic

PRINTED = 128 if FRAMES > 100_000 else 16
"""Each so many-th frame is printed in every form, which takes 30 times as long as following it."""
REMEMBERED = 2_000
"""Frames before a failing one that may have had a part in it."""
GROWTH = 64 << 10
"""KiB by which memory may grow after the first quarter of the frames: tables that fill up."""


@pytest.mark.parametrize("shard", range(SHARDS))
def test_mutated_frames(shard: int, tried: Callable[[str, int, float], None]) -> None:
    traffic = Traffic(every_seed(), Random(f"frames {SEED} {shard}"))
    sniffer, wanted, frames = Sniffer(), FRAMES // SHARDS, traffic.frames()
    began = process_time()
    while traffic.mutants < wanted // 4:
        sniffer.take(frames, 1_000)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    while traffic.mutants < wanted:
        sniffer.take(frames, 1_000)
    tried("mutated frames through the sniffer", traffic.mutants, process_time() - began)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < GROWTH


class Sniffer:
    """A follower with its printers; what makes it raise is kept in the corpus."""

    def __init__(self) -> None:
        self._follower, self._printers = Follower(given()), Printers()
        self._recent: deque[ReceivedFrame] = deque(maxlen=REMEMBERED)
        self._number = 0

    def take(self, frames: Iterable[ReceivedFrame], count: int) -> None:
        """Follow the next `count` frames."""
        follow, recent, number = self._follower.follow, self._recent.append, self._number
        try:
            for received in frames:
                number += 1
                recent(received)
                decoded = follow(number, received, len(received.psdu))
                if number % PRINTED == 0:
                    self._printers.look_at(decoded)
                if number - self._number == count:
                    break
        except Exception as error:
            self._report(error)
        self._number = number

    def _report(self, error: Exception) -> None:
        few = fewest(list(self._recent), lambda frames: raised_by(frames) is not None)
        path = keep(pcap_of(few), CORPUS_OF_FRAMES)
        pytest.fail(f"{path.name} of {len(few)} frames, seed {SEED}: {error!r}")


def raised_by(frames: Iterable[ReceivedFrame]) -> Exception | None:
    """Return what a new sniffer raises on `frames`, None as it should be."""
    follower, printers = Follower(given()), Printers()
    try:
        for number, received in enumerate(frames, 1):
            printers.look_at(follower.follow(number, received, len(received.psdu)))
    except Exception as error:
        return error
    return None
