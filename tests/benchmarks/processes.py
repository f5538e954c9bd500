"""Programs run and measured from outside: processor time, time and memory."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parent.parent.parent
_PATHS = os.pathsep.join((str(ROOT), str(ROOT / "radios")))


class Failed(Exception):
    """A program that was to be measured has failed."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a program took."""

    cpu: float
    """Seconds, in the program and in the system for it."""
    elapsed: float
    """Seconds."""
    peak: float
    """MiB in memory at most."""


def lowpan(*arguments: str) -> list[str]:
    """Return the command line of `lowpan`: the program beside this Python, else its module."""
    program = Path(sys.executable).with_name("lowpan")
    start = [str(program)] if program.exists() else [sys.executable, "-m", "lowpan.cli"]
    return [*start, *arguments]


def run(
    command: Sequence[str],
    *,
    output: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Spent:
    """Run `command` with its standard output in a file, or nowhere; raise Failed.

    A new process counts the memory of the one that starts it until it is a program of its own, so
    whoever calls this had better be small.
    """
    paths = os.environ.get("PYTHONPATH", "")
    surroundings = {**os.environ, "PYTHONPATH": f"{_PATHS}{os.pathsep}{paths}"}
    surroundings |= environment or {}
    with (output or Path(os.devnull)).open("wb") as target:
        began = perf_counter()
        process = subprocess.Popen(
            command, stdout=target, stderr=subprocess.DEVNULL, env=surroundings
        )
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"{' '.join(command[:4])} ...: exit status {process.returncode}")
    peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return Spent(usage.ru_utime + usage.ru_stime, elapsed, peak)
