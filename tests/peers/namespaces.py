"""Network namespaces that tests make for themselves, empty but for what they put there."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAMS = ("unshare", "nsenter", "ip")
HOW = "apt install iproute2 util-linux iputils-ping, and run the tests as root"


class Namespace:
    """One network namespace; it lives as long as the process that holds it."""

    def __init__(self) -> None:
        held = ["unshare", "--net", "sh", "-c", "echo there; exec sleep 600"]
        self._holder = subprocess.Popen(held, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._holder.stdout is not None
        self.made = self._holder.stdout.readline() == b"there\n"
        self._started: list[subprocess.Popen[str]] = []
        self.pid = self._holder.pid

    def close(self) -> None:
        """End what runs in it, and so the namespace."""
        for process in self._started:
            process.kill()
            process.communicate()
        self._holder.kill()
        self._holder.communicate()

    def run(self, *command: str, check: bool = True, **more: Any) -> str:
        """Run a command inside; return what it said on both channels."""
        done = subprocess.run(
            self._inside(command),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment(),
            check=False,
            timeout=60,
            **more,
        )
        assert not check or done.returncode == 0, done.stdout
        return done.stdout

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command inside, to be read from line by line."""
        process = subprocess.Popen(
            self._inside(command),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment(),
        )
        self._started.append(process)
        return process

    def _inside(self, command: tuple[str, ...]) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", *command]


def environment() -> dict[str, str]:
    """Return the environment of programs inside: ours, without keys, and the sources found."""
    kept = {name: value for name, value in os.environ.items() if name != "LOWPAN_KEYS"}
    paths = f"{ROOT}{os.pathsep}{ROOT / 'radios'}"
    return {**kept, "PYTHONPATH": paths, "PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"}


@contextlib.contextmanager
def two_namespaces() -> Generator[tuple[Namespace, Namespace]]:
    """Make two namespaces with a cable between them; skip the test where that is not allowed.

    They have the addresses 10.77.0.1 and 10.77.0.2, and nobody else can reach them.
    """
    with one_namespace() as one, one_namespace() as other:
        one.run(*f"ip link add cable type veth peer name cable netns {other.pid}".split())
        for number, namespace in enumerate((one, other), start=1):
            namespace.run(*f"ip address add 10.77.0.{number}/24 dev cable".split())
            namespace.run("ip", "link", "set", "cable", "up")
        yield one, other


@contextlib.contextmanager
def one_namespace() -> Generator[Namespace]:
    """Make a namespace; skip the test where that is not allowed."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if sys.platform != "linux" or missing or not Path("/dev/net/tun").exists():
        pytest.skip(f"no network namespaces with TUN here ({HOW})")
    namespace = Namespace()
    try:
        if not namespace.made:
            pytest.skip(f"may make no network namespaces ({HOW})")
        namespace.run("ip", "link", "set", "lo", "up")
        yield namespace
    finally:
        namespace.close()


def interrupted(process: "subprocess.Popen[str]", number: int = signal.SIGINT) -> tuple[int, str]:
    """Send a signal; return exit status and the rest of the output."""
    process.send_signal(number)
    assert process.stdout is not None
    rest = process.stdout.read()  # not communicate(), which misses what was read ahead
    return process.wait(20), rest
