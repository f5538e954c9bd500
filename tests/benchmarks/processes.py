"""Programs run and measured from outside: processor time, time and memory."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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


_MEASURE = """
import os, sys, time
target = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
nothing = os.open(os.devnull, os.O_RDWR)
files = [(os.POSIX_SPAWN_DUP2, file, at) for at, file in enumerate((nothing, target, nothing))]
began = time.perf_counter()
process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, file_actions=files)
_, status, usage = os.wait4(process, 0)
elapsed = time.perf_counter() - began
cpu = usage.ru_utime + usage.ru_stime
print(os.waitstatus_to_exitcode(status), cpu, elapsed, usage.ru_maxrss)
"""
"""A program is charged with the memory of the one that starts it, so a small one does that."""


def run(
    command: Sequence[str],
    *,
    output: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Spent:
    """Run `command` with its standard output in a file, or nowhere; raise Failed."""
    paths = os.environ.get("PYTHONPATH", "")
    surroundings = {**os.environ, "PYTHONPATH": f"{_PATHS}{os.pathsep}{paths}"}
    surroundings |= environment or {}
    start = [sys.executable, "-I", "-S", "-c", _MEASURE, str(output or os.devnull)]
    measured = subprocess.run(
        [*start, *command], env=surroundings, check=True, capture_output=True, text=True
    )
    status, *numbers = measured.stdout.split()
    if int(status):
        raise Failed(f"{' '.join(command[:4])} ...: exit status {status}")
    cpu, elapsed, peak = map(float, numbers)
    return Spent(cpu, elapsed, peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))
