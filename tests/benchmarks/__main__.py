"""`python -m tests.benchmarks`, or `make bench`: measure, and print the table."""

import argparse
import os
import platform
from pathlib import Path

from tests.benchmarks import (
    codecs,
    goodput,
    mesh_simulation,
    node,
    radio,
    simulation,
    sniffing,
    startup,
)
from tests.benchmarks.capture import capture
from tests.benchmarks.processes import ROOT
from tests.benchmarks.table import show
from tests.sim import thousand

FOLDER = ROOT / ".bench"
"""Captures stay here for the next run."""


def main() -> None:
    """Measure all, or quickly."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the frames, fewer rounds")
    parser.add_argument(
        "--large", action="store_true", help="ten thousand nodes with MLE too: a quarter of an hour"
    )
    options = parser.parse_args()
    quick = options.quick
    sizes = list(mesh_simulation.QUICK if quick else mesh_simulation.SIZES)
    if options.large:
        sizes += mesh_simulation.LARGE
    counts = (20_000, 100_000) if quick else (200_000, 1_000_000)
    print(machine())  # noqa: T201
    show("Start", startup.rows(5 if quick else 15))
    path = capture(FOLDER, counts[0])
    show("Codecs", codecs.rows(path, 7 if quick else 25, FOLDER))
    show("Node", node.rows(500 if quick else 5000))
    show("Radios", radio.rows(2, 2 if quick else 5))
    show("Goodput", goodput.rows(10 if quick else 60))
    show("Simulator", simulation.rows(10 if quick else 60))
    show("Large mesh", thousand.rows(100 if quick else 1000, FOLDER / "mesh.pcapng"))
    show("Mesh", mesh_simulation.rows(sizes))
    show("Sniffing", sniffing.rows(FOLDER, counts, 3))


def machine() -> str:
    """Return what the numbers depend on: processor, Python, and how busy others keep it."""
    busy = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    return f"Python {platform.python_version()}, {_processor()}; {busy}"


def _processor() -> str:
    """Return the name of the processor, as the system tells it."""
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
