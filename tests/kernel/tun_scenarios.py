"""Two of our nodes, each the network of an operating system's programs by a TUN interface."""

import asyncio
import ctypes
import os
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import lowpan
from lowpan.capture.writer import open_writer
from lowpan.radio import RadioSettings, open_radio
from lowpan_radios.tee import Tee
from tests.kernel.node_scenarios import PAN_ID, received
from tests.kernel.scenarios import clear
from tests.peers.kernel import run

TUN_SIZES = (56, 1232)
TUN_PINGS = 10
_CLONE_NEWNET = 0x40000000


@contextmanager
def within(namespace: str) -> Generator[None]:
    """Open sockets and interfaces in a network namespace; those that are open stay elsewhere."""
    libc = ctypes.CDLL(None, use_errno=True)  # os.setns() is in Python from 3.12 on

    def enter(file: int) -> None:
        if libc.setns(file, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    with (
        Path("/proc/self/ns/net").open("rb") as here,
        Path("/run/netns", namespace).open("rb") as there,
    ):
        enter(there.fileno())
        try:
            yield
        finally:
            enter(here.fileno())


@asynccontextmanager
async def host(number: int, capture: Path) -> AsyncGenerator["lowpan.Node"]:
    """Yield a node by phy `number` whose TUN interface `lp` is in namespace `host<number>`."""
    run(f"ip netns add host{number}")
    radio = await open_radio(f"wpan:phy{number}", RadioSettings(channel=13))
    with open_writer(capture) as writer:
        node = lowpan.Node(
            Tee(radio, writer),
            channel=13,
            pan_id=PAN_ID,
            extended_address=f"02:00:00:00:00:00:00:0{number + 1}",
            addresses=[f"fd00:6c::{number + 1}/64"],
            tun="lp",
        )
        async with radio, AsyncExitStack() as stack:
            with within(f"host{number}"):
                await stack.enter_async_context(node)
            yield node
    run(f"ip netns del host{number}")


async def tun_to_tun(directory: Path) -> dict[str, object]:
    """Return how many pings of the system's own command were answered, and what sockets got."""
    begin = perf_counter()
    clear()
    run("modprobe tun")
    async with (
        host(0, directory / "tun.pcapng") as here,
        host(1, directory / "tun-there.pcapng") as there,
    ):
        ready = perf_counter() - begin
        command = "ip netns exec host0 ping -6 -A -W 10"
        answered = {
            size: await received(f"{command} -c {TUN_PINGS} -s {size} fe80::2%lp")
            for size in TUN_SIZES
        }
        return {
            "answered": answered,
            "udp": await datagrams_by_sockets(),
            "tun": [node.state()["counters"]["tun"] for node in (here, there)],
            "seconds until ready": round(ready, 1),
        }


async def datagrams_by_sockets() -> list[int]:
    """Return the sizes that plain sockets of the two sent and got back."""
    loop = asyncio.get_running_loop()
    echoed: list[int] = []
    with plain_socket("host0") as client, plain_socket("host1") as server:
        for size in (1, 1232):
            data = os.urandom(size)
            await loop.sock_sendto(client, data, ("fd00:6c::2", 5050))
            async with asyncio.timeout(10):
                came, address = await loop.sock_recvfrom(server, 2048)
                await loop.sock_sendto(server, came, address)
                back, sender = await loop.sock_recvfrom(client, 2048)
            assert (back, sender[:2]) == (data, ("fd00:6c::2", 5050))
            echoed.append(len(back))
    return echoed


def plain_socket(namespace: str) -> socket.socket:
    with within(namespace):
        made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind(("::", 5050))
    return made


TUN_SCENARIOS: dict[str, Callable[[Path], Coroutine[Any, Any, object]]] = {"tun_to_tun": tun_to_tun}
