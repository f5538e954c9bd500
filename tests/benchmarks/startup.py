"""How long `import lowpan` and `lowpan --help` take."""

import sys
from collections.abc import Iterator

from tests.benchmarks.processes import lowpan, run
from tests.benchmarks.table import Row, at_most

TARGET = 0.15
"""Seconds: below, a person takes it for at once."""


def rows(rounds: int) -> Iterator[Row]:
    """Yield elapsed time and processor time of each: the least of some rounds.

    Whatever else the machine does can only add to them.
    """
    commands = {
        "import lowpan": [sys.executable, "-c", "import lowpan"],
        "lowpan --help": lowpan("--help"),
        "python alone": [sys.executable, "-c", ""],
    }
    spent = {name: list[tuple[float, float]]() for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            found = run(command)
            if number:  # the first round fills the caches of the system
                spent[name].append((found.elapsed, found.cpu))
    for name, found_of in spent.items():
        elapsed, cpu = (min(values) for values in zip(*found_of, strict=True))
        if name == "python alone":
            yield Row(f"{name}, for comparison", f"{elapsed:.3f} s ({cpu:.3f} s CPU)")
            continue
        yield at_most(name, elapsed, TARGET, "{:.3f} s")
        yield Row(f"{name}, processor time", f"{cpu:.3f} s")
