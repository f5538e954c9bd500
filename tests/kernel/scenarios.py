"""What is checked in the kernel besides the contract; each returns what is to be known outside."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from time import process_time
from typing import Any

from lowpan.capture.writer import open_writer
from lowpan.errors import RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    Radio,
    RadioSettings,
    ReceivedFrame,
    TransmitStatus,
    open_radio,
)
from lowpan_radios.nl802154 import Nl802154
from lowpan_radios.wpan import list_interfaces
from lowpan_radios.wpan_filter import assembled
from lowpan_radios.wpan_linux import ETH_P_IEEE802154
from lowpan_radios.wpan_monitor import WpanMonitor
from tests.peers.kernel import run
from tests.radios.contract_parts import (
    data_frame,
    frames_of,
    notice_of,
    until,
)

NODE = RadioSettings(channel=11, promiscuous=False, pan_id=0xABCD, short_address=2)
MARK = data_frame(0xFFFFFFFF)
"""Sent last, so that all before it must have come."""


def clear() -> None:
    """Leave no interface."""
    with Nl802154() as netlink:
        for device in netlink.devices():
            netlink.remove(device.index)


def add_node(phy: str = "phy0", name: str = "wpan0") -> None:
    """Make a node interface in PAN 0xabcd with short address 2, down."""
    run(f"iwpan phy {phy} interface add {name} type node")
    run(f"iwpan dev {name} set pan_id 0xabcd")
    run(f"iwpan dev {name} set short_addr 0x0002")


@asynccontextmanager
async def monitors(
    settings: RadioSettings | None = None,
) -> AsyncGenerator[tuple[Radio, Radio], None]:
    """Yield monitors of phy0, with `settings`, and of phy1, on channel 11."""
    clear()
    plain = RadioSettings(channel=11)
    async with (
        await open_radio("wpan:phy0", settings or plain) as one,
        await open_radio("wpan:phy1", plain) as other,
    ):
        yield one, other


async def heard_before_mark(radio: Radio, sender: Radio) -> list[ReceivedFrame]:
    """Return what `radio` hears before a mark that `sender` sends."""
    await sender.transmit(MARK)
    heard: list[ReceivedFrame] = []
    async with asyncio.timeout(20):
        while (frame := await radio.receive()).psdu != MARK:
            heard.append(frame)
    return heard


async def refusal(awaited: Coroutine[Any, Any, object]) -> str:
    """Return cause and cure of the RadioError that must come."""
    try:
        await awaited
    except RadioError as error:
        return f"{error}; {error.cure}"
    raise AssertionError("not refused")


async def node_and_monitor(_: Path) -> None:
    clear()
    add_node()
    async with (
        await open_radio("wpan:wpan0", NODE) as node,
        await open_radio("wpan:phy1", RadioSettings(channel=11)) as monitor,
    ):
        await node.transmit(data_frame(1))
        (at_monitor,) = await frames_of(monitor, 1)
        assert (at_monitor.psdu, at_monitor.fcs) == (data_frame(1), Fcs.GOOD)
        assert len(at_monitor.fcs_octets) == 2
        await monitor.transmit(data_frame(2).replace(b"\x02\x00\x01\x00", b"\x07\x00\x01\x00"))
        await monitor.transmit(b"\x03\x08\x01\xff\xff\xff\xff\x07")  # a command: none for a node
        await monitor.transmit(data_frame(3))
        (at_node,) = await frames_of(node, 1)
        assert (at_node.psdu, at_node.fcs_octets) == (data_frame(3), b"")
        assert (node.statistics.frames, node.statistics.filtered) == (1, 0)  # the kernel did it


async def every_type_between_monitors(_: Path) -> dict[str, int]:
    chance = random.Random(802154)
    frames = [
        bytes([kind | chance.randrange(32) << 3, version << 4 | chance.randrange(256) & 0xCF])
        + chance.randbytes(length - 2)
        for kind in range(8)
        for version in range(4)
        for length in (3, 4, 20, 125)
    ]
    frames = [bytes([frame[0] & ~0x20]) + frame[1:] for frame in frames]  # ask for no ack
    frames = [frame[:1] + bytes([frame[1] & ~0x40]) + frame[2:] for frame in frames]
    async with monitors() as (one, other):
        for frame in frames:
            await one.transmit(frame)
        heard = await heard_before_mark(other, one)
        assert [frame.psdu for frame in heard] == frames
        assert {frame.fcs for frame in heard} == {Fcs.GOOD}
        times = [frame.time_ns or 0 for frame in heard]
        assert times == sorted(times)
    return {"frames": len(frames)}


async def channels_isolate(_: Path) -> None:
    async with monitors() as (one, other):
        with Nl802154() as netlink:
            for channel in (12, 26):
                await one.configure(replace(one.settings, channel=channel))
                assert netlink.phy(0).channel == channel
                assert netlink.phy(1).channel == 11
                await one.transmit(data_frame(channel))
        await other.transmit(data_frame(1))
        await one.configure(replace(one.settings, channel=11))
        await one.transmit(data_frame(2))
        assert [frame.psdu for frame in await heard_before_mark(other, one)] == [data_frame(2)]
        assert one.statistics.frames == 0


DROPPED = {
    "acknowledgement": "020007",
    "MAC command": "03080bffffffff07",
    "reserved type": "05000b00",
    "secured, unknown key": "69980bcdab020001000d0000000001010203040506070811223344",
    "beacon": "00800bcdab0200ff0f0000",
    "data, version 2": "41a80bcdab070001001122",
    "data": "41880bcdab070001001122",
}


async def what_a_node_lets_out(_: Path) -> dict[str, object]:
    """Send by a bare socket what the driver refuses: were it carried, refusing would be wrong."""
    clear()
    add_node()
    run("ip link set wpan0 up")
    told: dict[str, object] = {}
    async with await open_radio("wpan:phy1", RadioSettings(channel=11)) as monitor:
        with Nl802154() as netlink:
            netlink.set_channel(0, 0, 11)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
            raw.bind(("wpan0", ETH_P_IEEE802154))
            for what, octets in DROPPED.items():
                raw.send(bytes.fromhex(octets))
                raw.send(MARK)
                heard: list[str] = []
                async with asyncio.timeout(5):
                    while (frame := await monitor.receive()).psdu != MARK:
                        heard.append(frame.psdu.hex())
                told[what] = heard == [octets]
    async with await open_radio("wpan:wpan0", NODE) as node:
        for what in ("acknowledgement", "MAC command", "reserved type", "secured, unknown key"):
            said = await refusal(node.transmit(bytes.fromhex(DROPPED[what])))
            assert said.endswith("use the radio itself: wpan:phy0")
        for what in ("beacon", "data, version 2", "data"):
            outcome = await node.transmit(bytes.fromhex(DROPPED[what]))
            assert outcome.status is TransmitStatus.SUCCESS
    return told


async def refusals(_: Path) -> dict[str, str]:
    clear()
    add_node()
    run("ip link set wpan0 up")
    told = {"both": await refusal(open_radio("wpan:phy0"))}
    with Nl802154() as netlink:
        assert [d.name for d in netlink.devices() if d.phy == 0] == ["wpan0"]
    told["promiscuous"] = await refusal(open_radio("wpan:wpan0", RadioSettings()))
    told["missing"] = await refusal(open_radio("wpan:wpan9"))
    os.seteuid(65534)
    try:
        told["no rights"] = await refusal(open_radio("wpan:wpan0"))
        told["no rights, down"] = await refusal(open_radio("wpan:phy1"))
    finally:
        os.seteuid(0)
    run("ip link add link wpan0 name lowpan0 type lowpan")
    async with await open_radio("wpan:wpan0") as node:
        told["stacked"] = await refusal(node.configure(replace(NODE, pan_id=0x1234)))
        told["power"] = await refusal(node.configure(replace(node.settings, transmit_power=3)))
    run("ip link del lowpan0")
    return told


async def listed(_: Path) -> list[dict[str, object]]:
    clear()
    add_node()
    run("ip link set wpan0 up")
    with Nl802154() as netlink:
        netlink.set_channel(0, 0, 26)
    return [asdict(interface) for interface in list_interfaces()]


async def acknowledged_in_software(_: Path) -> dict[str, object]:
    async with monitors(NODE) as (addressed, other):
        outcomes = [await other.transmit(data_frame(n, ack_request=True)) for n in range(20)]
        assert {outcome.status for outcome in outcomes} == {TransmitStatus.SUCCESS}
        assert all(outcome.ack and outcome.ack.fcs is Fcs.GOOD for outcome in outcomes)
        await frames_of(addressed, 20)
        stranger = data_frame(1, ack_request=True).replace(b"\x02\x00\x01\x00", b"\x03\x00\x01\x00")
        assert (await other.transmit(stranger)).status is TransmitStatus.NO_ACK
        return {"microseconds": sorted(outcome.duration_us or 0 for outcome in outcomes)}


async def the_filter_saves_work(_: Path) -> dict[str, float]:
    """Measure what a frame for another PAN costs with and without the filter in the kernel.

    Each figure has the sending in it: microseconds of processor time, emulated.
    """
    told: dict[str, float] = {}
    count = 600
    async with monitors(NODE) as (addressed, other):
        assert isinstance(addressed, WpanMonitor)
        foreign = data_frame(1).replace(b"\xcd\xab", b"\x34\x12")
        for name in ("kernel", "python"):
            if name == "python":
                addressed.port.filter(assembled([]))
            begin = process_time()
            for _number in range(count):
                await other.transmit(foreign)
                await asyncio.sleep(0)
            if name == "python":
                await until(lambda: addressed.statistics.filtered == count)
            told[name] = round(1e6 * (process_time() - begin) / count, 1)
            await asyncio.sleep(0.1)
            assert addressed.statistics.filtered == (count if name == "python" else 0)
        assert addressed.statistics.frames == 0
    return told


async def what_was_lost_is_counted(_: Path) -> dict[str, int]:
    count = 400
    async with monitors() as (one, other):
        assert isinstance(other, WpanMonitor)
        link, port = other.link, other.port
        with socket.socket(fileno=os.dup(port.fileno())) as raw:  # its room is made small
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        asyncio.get_running_loop().remove_reader(port.fileno())
        for number in range(count):
            await one.transmit(data_frame(number))
        await asyncio.sleep(0.2)
        link.start()
        await asyncio.sleep(0.2)
        statistics = other.statistics
        dropped = statistics.dropped_by_radio
        assert dropped
        assert statistics.frames + dropped == count
        return {"dropped": dropped}


async def taken_down_and_up(_: Path) -> None:
    clear()
    run("iwpan phy phy0 interface add mon0 type monitor")
    run("ip link set mon0 up")
    async with await open_radio("wpan:mon0", RadioSettings(channel=21)) as radio:
        run("ip link set mon0 down")
        await notice_of(radio, Happening.LOST)
        with Nl802154() as netlink:
            netlink.set_channel(0, 0, 11)
        run("ip link set mon0 up")
        await notice_of(radio, Happening.RETURNED)
        with Nl802154() as netlink:
            assert netlink.phy(0).channel == 21


PING_SIZES = (56, 1000)


async def nodes_ping(directory: Path) -> Mapping[str, object]:
    """Write what two more radios hear while two nodes, each in a namespace, ping.

    One is the driver's alone, the other is given to `lowpan sniff`.
    """
    for sniffer in (2, 3):
        run("wpan-hwsim add")
        for node in range(2):
            run(f"wpan-hwsim edge add {node} {sniffer}")
            run(f"wpan-hwsim edge add {sniffer} {node}")
    clear()
    addresses = [node_in_namespace(number) for number in range(2)]
    path = directory / "ping.pcapng"
    psdus: list[str] = []
    async with (
        await open_radio("wpan:phy2", RadioSettings(channel=13)) as radio,
        lowpan_sniff("wpan:phy3", "--channel", "13", "-w", str(directory / "sniff.pcapng")),
    ):

        async def write() -> None:
            with open_writer(path) as writer:
                while True:
                    frame = await radio.receive()
                    psdus.append(frame.psdu.hex())
                    writer.write(frame)
                    writer.flush()

        writing = asyncio.create_task(write())
        for number in range(2):
            run(f"ip netns exec ns{number} ip link set wpan{number} up")
            run(f"ip netns exec ns{number} ip link set lowpan{number} up")
        assert await acquainted(addresses[1])
        answered = [await ping(addresses[1], size) for size in PING_SIZES]
        await asyncio.sleep(0.3)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        return {"psdus": psdus, "answered": answered, "statistics": asdict(radio.statistics)}


@asynccontextmanager
async def lowpan_sniff(*arguments: str) -> AsyncGenerator[None, None]:
    """Have the command running, and end it as a user does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lowpan.cli", "sniff", *arguments),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        assert b"listens on channel" in await process.stderr.readline()
        yield
    finally:
        process.send_signal(signal.SIGINT)
        said = (await process.communicate())[1]
    assert process.returncode == 0, said


def node_in_namespace(number: int) -> str:
    """Make node `number` in a namespace of its own, down; return its link-local address."""
    inside = f"ip netns exec ns{number}"
    run(f"ip netns add ns{number}")
    run(f"iwpan phy phy{number} set channel 0 13")
    run(f"iwpan phy phy{number} interface add wpan{number} type node")
    run(f"iwpan phy phy{number} set netns name ns{number}")
    run(f"{inside} ip link set wpan{number} address 02:00:00:00:00:00:00:0{number + 1}")
    run(f"{inside} iwpan dev wpan{number} set pan_id 0xbeef")
    run(f"{inside} ip link add link wpan{number} name lowpan{number} type lowpan")
    return f"fe80::{number + 1}"  # EUI-64 with its U/L bit inverted


async def ping(address: str, size: int, count: int = 2, patience: int = 5) -> bool:
    """Ping from the first namespace; tell whether anything was answered."""
    options = f"-6 -c {count} -i 0.3 -W {patience} -s {size}"
    command = f"ip netns exec ns0 ping {options} {address}%lowpan0"
    process = await asyncio.create_subprocess_exec(
        *command.split(), stdout=asyncio.subprocess.DEVNULL
    )
    return await process.wait() == 0


async def acquainted(address: str) -> bool:
    """Wait until addresses are no longer tentative and neighbours know each other."""
    for _ in range(20):
        if await ping(address, 8, 1, 1):
            return True
        await asyncio.sleep(0.5)
    return False


SCENARIOS: dict[str, Callable[[Path], Coroutine[Any, Any, object]]] = {
    scenario.__name__: scenario
    for scenario in (
        node_and_monitor,
        every_type_between_monitors,
        channels_isolate,
        what_a_node_lets_out,
        refusals,
        listed,
        acknowledged_in_software,
        the_filter_saves_work,
        what_was_lost_is_counted,
        taken_down_and_up,
        nodes_ping,  # last: it takes the radios to other namespaces
    )
}
