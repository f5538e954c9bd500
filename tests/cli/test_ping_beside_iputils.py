"""`lowpan ping` beside the ping of iputils: the same lines but for numbers, the same status."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Generator

import pytest

from tests.aio.media import uris
from tests.cli.commands import LOWPAN, ROOT, pipe_of, start

IDENTITY = ("--pan", "0xbeef", "--short", "2")
THERE, NOBODY = "fe80::ff:fe00:1", "ff02::99"

Said = tuple[int, list[str]]
Pings = Callable[..., tuple[Said, Said]]


@pytest.fixture(scope="module")
def peer() -> Generator[str]:
    """A node, short address 1; give the radio to reach it by."""
    near, far = uris("zep")
    process = start("node", near, "--pan", "0xbeef", "--short", "1")
    while not pipe_of(process.stdout).readline().startswith(b"address"):
        assert process.poll() is None
    yield far
    process.send_signal(signal.SIGINT)
    process.communicate()


@pytest.fixture
def both(peer: str, require_peer: Callable[[str], str]) -> Pings:
    """Let both ping somebody; return exit status and standard output, all numbers made one."""
    iputils = require_peer("ping")
    version = subprocess.run([iputils, "-V"], capture_output=True, text=True, check=False)
    if "iputils" not in version.stdout:
        pytest.skip("this ping is not that of iputils")

    def ping(
        destinations: tuple[str, str], *options: str, interrupt_after: float | None = None
    ) -> tuple[Said, Said]:
        theirs = [iputils, "-6", *options, destinations[0]]
        ours = [*LOWPAN, "ping", peer, destinations[1], *options, *IDENTITY]
        return run(theirs, interrupt_after), run(ours, interrupt_after)

    return ping


def run(command: list[str], interrupt_after: float | None) -> Said:
    process = subprocess.Popen(
        ["timeout", "-s", "KILL", "30", *command] if interrupt_after is None else command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    with process:
        assert process.stdout is not None
        said = ""
        if interrupt_after is not None:
            if command[0] == LOWPAN[0]:  # the other one is quick, and keeps its lines at first
                said = process.stdout.readline()
            time.sleep(interrupt_after)
            process.send_signal(signal.SIGINT)
        said += process.stdout.read()  # not communicate(), which misses what was read ahead
    return process.returncode, shape(said)


def shape(said: str) -> list[str]:
    """Return the lines with one address for all, and one number for all times and hop limits."""
    for address in (THERE, f"{NOBODY}%lo", NOBODY):
        said = said.replace(address, "ADDRESS")
    said = re.sub(r"(?<![\w:])::1(?!\w)", "ADDRESS", said)
    said = re.sub(r"ttl=\d+", "ttl=N", said)
    said = re.sub(r"time[= ]\d[\d.]*", "time N", said)
    said = re.sub(r"\d+\.\d{3}/\d+\.\d{3}/\d+\.\d{3}/\d+\.\d{3}", "N/N/N/N", said)
    return re.sub(r", (?:pipe \d+|ipg/ewma [\d./]+ ms)", "", said).splitlines()


@pytest.mark.parametrize(
    "options",
    [
        ("-c", "2", "-i", "0.2"),
        ("-c", "1", "-s", "1000"),
        ("-c", "1", "-W", "3"),
        ("-c", "2", "-i", "0.2", "-q"),
        ("-c", "50", "-i", "0.2", "-w", "1"),
    ],
    ids=" ".join,
)
def test_answers(both: Pings, options: tuple[str, ...]) -> None:
    theirs, ours = both(("::1", THERE), *options)
    if "-w" in options:  # how many there were by then is a matter of time
        theirs, ours = counted(theirs), counted(ours)
        assert theirs[0] == 1
    else:
        assert theirs[0] == 0
    assert ours == theirs


def counted(said: Said) -> Said:
    status, lines = said
    kept = [line for line in lines if "icmp_seq" not in line]
    return status, [re.sub(r"\d+ packets transmitted, \d+ received", "N sent", s) for s in kept]


def test_nobody_answers(both: Pings) -> None:
    theirs, ours = both((f"{NOBODY}%lo", NOBODY), "-c", "2", "-i", "0.2", "-W", "0.5")
    assert ours == theirs
    assert theirs[0] == 1
    assert "2 packets transmitted, 0 received, 100% packet loss, time N" in theirs[1][3]


def test_interrupted(both: Pings) -> None:
    """With answers the status is 0, without any 1."""
    theirs, ours = both(("::1", THERE), "-i", "5", interrupt_after=0.5)
    assert ours == theirs
    assert theirs[0] == 0
    theirs, ours = both((f"{NOBODY}%lo", NOBODY), "-i", "5", interrupt_after=0.5)
    assert ours == theirs
    assert theirs[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("::1", "--no-such-option"),
        ("no/host",),
        ("::1", "-t", "256"),
    ],
    ids=" ".join,
)
def test_mistakes(both: Pings, arguments: tuple[str, ...]) -> None:
    destination, *options = arguments
    theirs, ours = both((destination, destination), *options)
    assert ours[1] == []
    assert ours[0] == 2
    assert theirs[0] in (1, 2)  # 2 as its manual says, but for numbers that are none
