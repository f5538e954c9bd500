"""Our node beside Linux's own 6LoWPAN, in the same boot as the other checks of the kernel."""

import subprocess
from collections.abc import Callable

import pytest

from tests.kernel.node_scenarios import PINGS, SIZES
from tests.kernel.test_kernel import Kernel, kernel

__all__ = ["kernel"]

pytestmark = pytest.mark.xdist_group("kernel")

CAPTURES = {
    "pings-extended.pcapng": "pings",
    "pings-short.pcapng": "pings",
    "udp.pcapng": "udp",
    "unreachable.pcapng": "port_unreachable",
}
"""What was heard and sent, and the check that wrote it."""


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
    kernel.told(
        name.split("-", maxsplit=1)[0]
        .split(".", maxsplit=1)[0]
        .replace("unreachable", "port_unreachable")
    )
    wrong = (
        "_ws.malformed || _ws.expert.severity >= 8388608"
        " || ipv6.checksum.bad || udp.checksum.status == 0 || icmpv6.checksum.status == 0"
    )
    command = [require_peer("tshark"), "-n", "-r", str(kernel.directory / name), "-Y"]
    told = subprocess.run(
        [*command, wrong, "-o", "wpan.fcs_format:ITU-T CRC-16"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (told.stdout, told.returncode) == ("", 0), told.stderr
    some = subprocess.run([*command, "ipv6"], check=True, capture_output=True, text=True)
    assert len(some.stdout.splitlines()) > 2
