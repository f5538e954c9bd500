"""Two operating systems' programs over two of our nodes, in the same boot as all checks."""

from collections.abc import Callable

import pytest

from tests.kernel.test_kernel import Kernel, kernel
from tests.kernel.test_node import WRONG, shown_by
from tests.kernel.tun_scenarios import TUN_PINGS, TUN_SIZES

__all__ = ["kernel"]


@pytest.mark.parametrize("size", TUN_SIZES)
def test_the_systems_own_ping_loses_nothing(kernel: Kernel, size: int) -> None:
    assert kernel.told("tun_to_tun")["answered"][str(size)] == TUN_PINGS


def test_plain_sockets_send_and_receive(kernel: Kernel) -> None:
    assert kernel.told("tun_to_tun")["udp"] == [1, 1232]


def test_what_one_system_sends_the_other_gets(kernel: Kernel) -> None:
    here, there = kernel.told("tun_to_tun")["tun"]
    assert here["from_host"] == there["to_host"] == here["to_host"] == there["from_host"]
    assert here["from_host"] == TUN_PINGS * len(TUN_SIZES) + 2
    assert here["refused_by_host"] == there["refused_by_host"] == 0


def test_tshark_finds_nothing_malformed_in_it(
    kernel: Kernel, require_peer: Callable[[str], str]
) -> None:
    kernel.told("tun_to_tun")
    tshark = require_peer("tshark")
    for name in ("tun.pcapng", "tun-there.pcapng"):
        path = kernel.directory / name
        assert shown_by(tshark, path, WRONG) == []
        for size in TUN_SIZES:
            echoes = shown_by(tshark, path, f"icmpv6.type == 129 && data.len == {size}")
            assert len(echoes) == TUN_PINGS
