"""A process that forks senders, one after the other, so that tests can kill them."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(slots=True)
class Parent:
    """What a test says to that process, and hears from it."""

    said: IO[str]
    heard: IO[str]

    def fork(self) -> int:
        """Have a sender started; return its process number."""
        print(file=self.said, flush=True)
        return int(self.heard.readline())

    def line(self) -> str:
        """Return the next line that the parent or its child writes, with its end."""
        return self.heard.readline()


@contextmanager
def parent_of_senders(script: str, *arguments: str) -> Generator[Parent]:
    """Run `script`, of this directory, and hold that it ends well."""
    with subprocess.Popen(
        [sys.executable, Path(__file__).with_name(script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Parent(process.stdin, process.stdout)
        process.stdin.close()
    assert process.returncode == 0
