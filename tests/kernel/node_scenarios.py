"""Our own node beside Linux's 6LoWPAN: ours on the monitor of phy0, Linux's on phy1."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import lowpan
from lowpan.aio.securing import NodeSecurity
from lowpan.capture.writer import open_writer
from lowpan.radio import Radio, RadioSettings, open_radio
from lowpan_radios.tee import Tee
from tests.kernel.llsec import Llsec
from tests.kernel.scenarios import clear
from tests.peers.kernel import run

PAN_ID = 0xBEEF
OUR_EUI64, THEIR_EUI64 = "02:00:00:00:00:00:00:01", "02:00:00:00:00:00:00:02"
OURS, THEIRS = "fe80::1", "fe80::2"
OURS_SHORT, THEIRS_SHORT = "fe80::ff:fe00:1", "fe80::ff:fe00:2"
SIZES = (56, 200, 500, 1000, 1232)
PINGS = 50


@asynccontextmanager
async def beside_linux(
    directory: Path,
    name: str,
    *,
    short: bool = False,
    security: NodeSecurity | None = None,
    around: Callable[[Radio], Radio] = lambda radio: radio,
) -> AsyncGenerator["lowpan.Node"]:
    """Yield our node, acquainted with Linux's; all that it hears and sends goes into a capture.

    With `security`, both seal what they send.  `around` puts a radio around ours.
    """
    set_linux_up(short=short, security=security)
    if short:  # what IPHC makes of a short address; Linux itself only knows the form with the PAN
        run(f"ip -6 addr add {THEIRS_SHORT}/64 dev lowpan1")
    radio = await open_radio("wpan:phy0", RadioSettings(channel=13))
    with open_writer(directory / f"{name}.pcapng") as writer:
        async with (
            around(Tee(radio, writer)) as heard,
            lowpan.Node(
                heard,
                channel=13,
                pan_id=PAN_ID,
                short_address=1 if short else 0xFFFE,
                extended_address=OUR_EUI64,
                security=security,
                store=directory / f"{name}.sqlite",
            ) as node,
        ):
            await settled()
            yield node
    clear()


def set_linux_up(*, short: bool = False, security: NodeSecurity | None = None) -> None:
    """Make lowpan1, with THEIR_EUI64, out of phy1."""
    clear()
    run("iwpan phy phy1 set channel 0 13")
    run("iwpan phy phy1 interface add wpan1 type node")
    run(f"ip link set wpan1 address {THEIR_EUI64}")
    run(f"iwpan dev wpan1 set pan_id {PAN_ID:#x}")
    if short:
        run("iwpan dev wpan1 set short_addr 0x0002")
    if security is not None:
        secure_linux(security)
    run("ip link add link wpan1 name lowpan1 type lowpan")
    run("ip link set wpan1 up")
    run("ip link set lowpan1 up")


def secure_linux(security: NodeSecurity) -> None:
    """Give Linux's node our key, and make it know us."""
    with Llsec("wpan1") as llsec:
        llsec.secure(security.key, index=security.key_index, level=security.level)
        llsec.add_peer(bytes.fromhex(OUR_EUI64.replace(":", "")), PAN_ID)


async def settled() -> None:
    """Wait until the addresses of lowpan1 are no longer tentative."""
    for _ in range(100):
        if "tentative" not in await output("ip -6 addr show dev lowpan1"):
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the addresses of lowpan1 stay tentative")


async def output(command: str) -> str:
    """Return what a command prints, whatever its status."""
    process = await asyncio.create_subprocess_exec(
        *command.split(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    return (await process.communicate())[0].decode()


async def received(command: str) -> int:
    """Return how many echo requests of iputils' ping were answered."""
    told = await output(command)
    for line in told.splitlines():
        if "packets transmitted" in line:
            return int(line.split(",")[1].split()[0])
    raise AssertionError(told)


async def linux_pings(address: str, size: int, count: int = PINGS) -> int:
    return await received(f"ping -6 -A -c {count} -W 10 -s {size} {address}%lowpan1")


async def we_ping(node: "lowpan.Node", address: str, size: int, count: int = PINGS) -> int:
    answered = 0
    for _ in range(count):
        try:
            answer = await node.ping(address, size=size, timeout=10)
        except TimeoutError:
            continue
        answered += answer.octets == size + 8
    return answered


async def pings(directory: Path) -> dict[str, dict[int, tuple[int, int]]]:
    """Return how many of PINGS were answered, Linux's and ours, by kind of address and size."""
    told: dict[str, dict[int, tuple[int, int]]] = {}
    for kind, ours, theirs in (
        ("extended", OURS, THEIRS),
        ("short", OURS_SHORT, THEIRS_SHORT),
    ):
        async with beside_linux(directory, f"pings-{kind}", short=kind == "short") as node:
            told[kind] = {
                size: (await linux_pings(ours, size), await we_ping(node, theirs, size))
                for size in SIZES
            }
    return told


class Collected(asyncio.DatagramProtocol):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[bytes, Any]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.came.put_nowait((data, addr))

    async def next(self) -> tuple[bytes, Any]:
        async with asyncio.timeout(10):
            return await self.came.get()


async def udp(directory: Path) -> dict[str, list[int]]:
    """Return the sizes that went through: to Linux, back, and to a group both ways."""
    told: dict[str, list[int]] = {"there": [], "back": [], "group": []}
    loop = asyncio.get_running_loop()
    async with beside_linux(directory, "udp") as node:
        index = socket.if_nametoindex("lowpan1")
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as linux:
            linux.setblocking(False)
            linux.bind(("::", 5050))
            group = socket.inet_pton(socket.AF_INET6, "ff02::fd")
            membership = group + struct.pack("@I", index)
            linux.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
            linux.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            linux.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
            transport, protocol = await node.create_datagram_endpoint(
                Collected, local_addr=("::", 5050)
            )
            node.join("ff02::fd")
            for size in (0, 1, 80, 500, 1232):
                data = os.urandom(size)
                transport.sendto(data, (THEIRS, 5050))
                async with asyncio.timeout(10):
                    came, address = await loop.sock_recvfrom(linux, 2048)
                assert came == data
                told["there"].append(size)
                linux.sendto(data, address)
                assert (await protocol.next())[0] == data
                told["back"].append(size)
            transport.sendto(b"to the group", ("ff02::fd", 5050))
            async with asyncio.timeout(10):
                came, _ = await loop.sock_recvfrom(linux, 2048)
            linux.sendto(came, ("ff02::fd", 5050))
            assert (await protocol.next())[0] == came == b"to the group"
            told["group"].append(len(came))
            transport.close()
    return told


async def port_unreachable(directory: Path) -> str:
    """Return what a program is told of a port of Linux where nobody listens."""

    class Told(asyncio.DatagramProtocol):
        def __init__(self) -> None:
            self.error: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

        def error_received(self, exc: Exception) -> None:
            self.error.set_result(exc)

    async with beside_linux(directory, "unreachable") as node:
        transport, protocol = await node.create_datagram_endpoint(Told, remote_addr=(THEIRS, 9))
        transport.sendto(b"anybody?")
        async with asyncio.timeout(10):
            error = await protocol.error
        transport.close()
        return type(error).__name__


NODE_SCENARIOS: dict[str, Callable[[Path], Coroutine[Any, Any, object]]] = {
    scenario.__name__: scenario for scenario in (pings, udp, port_unreachable)
}
