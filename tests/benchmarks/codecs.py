"""Compiled codecs beside hand-written ones, on the frames of the benchmark's capture.

Run as a program, it prints what it measured as JSON: measuring wants a process of its own.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import process_time
from typing import NamedTuple

from tests.benchmarks.processes import ROOT, run
from tests.benchmarks.table import Row, at_most

TARGET = 1.2
"""Times a hand-written codec."""
FRAMES = 20_000
"""Of the capture."""

Work = Callable[[], object]


class Timing(NamedTuple):
    """Microseconds a frame."""

    what: str
    compiled: float
    by_hand: float
    interpreted: float
    ratio: float
    """Compiled to by hand: the median of what the rounds gave."""


def rows(path: Path, rounds: int, folder: Path) -> Iterator[Row]:
    """Yield what another process finds for the frames of the capture at `path`."""
    output = folder / "codecs.json"
    run([sys.executable, "-m", "tests.benchmarks.codecs", str(path), str(rounds)], output=output)
    for timing in (Timing(*values) for values in json.loads(output.read_text())):
        times = f"{timing.compiled:.2f} µs by {timing.by_hand:.2f} µs"
        yield at_most(f"{timing.what}, compiled to hand-written", timing.ratio, TARGET, "{:.2f}")
        yield Row("  compiled, by hand", times)
        yield Row("  interpreted Construct", f"{timing.interpreted:.0f} µs")


class Pair(NamedTuple):
    """One piece of work, three ways."""

    what: str
    compiled: Work
    by_hand: Work
    interpreted: Work
    """Of some of the inputs only."""
    inputs: int
    interpreted_inputs: int


def timing(pair: Pair, rounds: int) -> Timing:
    """Measure in turn, so that a busy machine slows all alike."""
    for work in (pair.compiled, pair.by_hand):  # the first time they are compiled, tables filled
        work()
    times = [(spent(pair.compiled), spent(pair.by_hand)) for _ in range(rounds)]
    compiled, by_hand = (median(column) for column in zip(*times, strict=True))
    ratio = median(first / second for first, second in times)
    interpreted = spent(pair.interpreted) / pair.interpreted_inputs
    micro = 1e6 / pair.inputs
    return Timing(pair.what, compiled * micro, by_hand * micro, interpreted * 1e6, ratio)


def spent(work: Work) -> float:
    """Return the seconds of processor time that `work` takes."""
    began = process_time()
    work()
    return process_time() - began


def main(path: Path, rounds: int) -> None:
    """Measure, and print the timings."""
    from tests.benchmarks.codec_pairs import pairs  # noqa: PLC0415  (imports all of lowpan.wire)

    json.dump([timing(pair, rounds) for pair in pairs(path)], sys.stdout)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(Path(sys.argv[1]), int(sys.argv[2]))
