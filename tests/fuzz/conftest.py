"""The seed of this run at its start, what was tried and how fast at its end."""

import os
from collections import defaultdict
from collections.abc import Callable
from random import SystemRandom
from typing import Any

import pytest

if "LOWPAN_FUZZ_EXAMPLES" in os.environ:  # before any module reads it; workers inherit it
    os.environ.setdefault("LOWPAN_FUZZ_SEED", str(SystemRandom().randrange(1 << 32)))


def pytest_report_header() -> list[str]:
    if "LOWPAN_FUZZ_SEED" not in os.environ:
        return []
    seed = os.environ["LOWPAN_FUZZ_SEED"]
    return [f"fuzz: seed {seed}; LOWPAN_FUZZ_SEED={seed} gives the same inputs again"]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the sums of what the tests have recorded as tried(what, inputs, seconds)."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "tried" and report.when == "call":
                what, inputs, seconds = value
                sums[what][0] += inputs
                sums[what][1] += seconds
    if sums and "LOWPAN_FUZZ_SEED" in os.environ:
        terminalreporter.section(f"fuzz: seed {os.environ['LOWPAN_FUZZ_SEED']}")
        for what, (inputs, seconds) in sorted(sums.items()):
            rate = f"{inputs / seconds:,.0f} a CPU second" if seconds else "at once"
            terminalreporter.write_line(f"{inputs:>12,.0f} {what}: {rate}")


@pytest.fixture
def tried(record_property: Callable[[str, object], None]) -> Callable[[str, int, float], None]:
    """Return the function that notes what a test has tried: what, inputs, CPU seconds."""

    def note(what: str, inputs: int, seconds: float) -> None:
        record_property("tried", (what, inputs, seconds))

    return note
