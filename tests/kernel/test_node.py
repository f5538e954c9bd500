"""Our node beside Linux's own 6LoWPAN, in the same boot as the other checks of the kernel."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernel.node_scenarios import PINGS, SIZES
from tests.kernel.test_kernel import Kernel, kernel

__all__ = ["kernel"]

CAPTURES = {
    "pings-extended.pcapng": "pings",
    "pings-short.pcapng": "pings",
    "udp.pcapng": "udp",
    "unreachable.pcapng": "port_unreachable",
}
"""What was heard and sent, and the check that wrote it."""

WRONG = (
    "_ws.malformed || _ws.expert.severity >= 8388608"
    " || udp.checksum.status == 0 || icmpv6.checksum.status == 0"
)
"""What tshark must not find in any frame."""


@pytest.mark.parametrize("kind", ["extended", "short"])
@pytest.mark.parametrize("size", SIZES)
def test_no_ping_is_lost_either_way(kernel: Kernel, kind: str, size: int) -> None:
    assert kernel.told("pings")[kind][str(size)] == [PINGS, PINGS]


def test_udp_goes_both_ways_and_to_groups(kernel: Kernel) -> None:
    sizes = [0, 1, 80, 500, 1232]
    assert kernel.told("udp") == {"there": sizes, "back": sizes, "group": [12]}


def test_a_closed_port_of_linux_is_a_refused_connection(kernel: Kernel) -> None:
    assert kernel.told("port_unreachable") == "ConnectionRefusedError"


@pytest.mark.parametrize("name", CAPTURES)
def test_tshark_finds_nothing_malformed(
    kernel: Kernel, require_peer: Callable[[str], str], name: str
) -> None:
    kernel.told(CAPTURES[name])
    tshark, path = require_peer("tshark"), kernel.directory / name
    assert shown_by(tshark, path, WRONG) == []
    assert len(shown_by(tshark, path, "ipv6")) > 2


def shown_by(tshark: str, path: Path, condition: str, *options: str) -> list[str]:
    """Return a line for each frame of the capture that meets the condition."""
    command = [tshark, "-n", "-r", str(path), "-Y", condition]
    command += ["-o", "udp.check_checksum:TRUE", *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
