"""Joining a network of unmodified OpenThread nodes, where LOWPAN_OT_CLI names an `ot-cli-ftd`."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

import lowpan
from lowpan.aio.pinging import EchoAnswer
from lowpan.aio.thread_options import ThreadOptions
from lowpan.mesh.key_sequence import KeySequenceChanged
from lowpan.mesh.thread.events import Attached, Detached
from lowpan.mesh.thread.network import network_from_dataset, network_of
from lowpan.mesh.thread.settings import Role
from lowpan.wire.addresses import format_ipv6
from tests.peers.openthread_cli import NO_OT_CLI, OT_CLI, OpenThreadNode, leader

pytestmark = pytest.mark.skipif(not OT_CLI, reason=NO_OT_CLI)

US = "02:00:00:00:00:00:12:34"
SIZES = (8, 500, 1200)


async def options_for(node: OpenThreadNode, role: Role) -> ThreadOptions:
    """Return what joins the network that `node` is in."""
    network = network_from_dataset((await node.ask("dataset active -x"))[0])
    return ThreadOptions(network=network, role=role, poll_interval=0.3)


def child(uri: str, thread: ThreadOptions, folder: Path) -> lowpan.Node:
    return lowpan.Node(uri, thread=thread, store=folder / "store", extended_address=US)


async def attached(node: lowpan.Node, most: float) -> float:
    """Wait until it is; return how long that took."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    async with asyncio.timeout(most):
        await node.attached()
    return loop.time() - begin


async def pinged(node: lowpan.Node, address: str, size: int, count: int) -> int:
    """Return how many of `count` pings are answered."""
    answered = 0
    for _ in range(count):
        try:
            await node.ping(address, size=size, timeout=5)
        except TimeoutError:
            continue
        answered += 1
    return answered


def ours(node: lowpan.Node) -> str:
    address = node.thread.mesh_local_address
    assert address is not None
    return format_ipv6(address)


@pytest.mark.parametrize("role", Role)
async def test_joins_is_listed_and_answers(role: Role, tmp_path: Path) -> None:
    async with leader(tmp_path) as (parent, uri, _):
        thread = await options_for(parent, role)
        async with child(uri, thread, tmp_path) as node:
            assert await attached(node, 10) < 3  # 0.8 s, on a machine that has nothing else to do
            rloc16 = node.thread.rloc16
            assert rloc16 is not None
            table = await parent.ask("child table")
            assert any(f"0x{rloc16.hex()}" in line for line in table)
            assert any(US.replace(":", "") in line for line in table)
            mesh_local = (await parent.ask("ipaddr mleid"))[0]
            for size in SIZES:
                assert await pinged(node, mesh_local, size, 20) == 20
                answer = f"ping {ours(node)} {size} 20 0.4 64 5"
                lines = await parent.ask(answer, patience=60)
                assert "20 packets transmitted, 20 packets received" in lines[-1]


@pytest.mark.parametrize("role", Role)
async def test_comes_back_to_its_parent_after_a_restart(role: Role, tmp_path: Path) -> None:
    async with leader(tmp_path) as (parent, uri, _):
        thread = await options_for(parent, role)
        async with child(uri, thread, tmp_path) as node:
            await attached(node, 10)
            before = ours(node)
        again = child(uri, thread, tmp_path)
        events = again.events()
        async with again:
            await attached(again, 3)
            assert ours(again) == before
            assert await pinged(again, (await parent.ask("ipaddr mleid"))[0], 100, 3) == 3
            news = [event for event in events.take_waiting() if isinstance(event, Attached)]
            assert [event.restored for event in news] == [True]


async def test_finds_a_network_by_its_key_alone(tmp_path: Path) -> None:
    key = "00112233445566778899aabbccddeeff"
    async with leader(tmp_path, f"networkkey {key}", channel=12) as (parent, uri, _):
        network = replace(network_of(bytes.fromhex(key)), channels=(11, 12, 13))
        async with child(uri, ThreadOptions(network=network), tmp_path) as node:
            await attached(node, 20)
            assert node.thread.network.channel == 12
            assert await pinged(node, (await parent.ask("ipaddr mleid"))[0], 100, 3) == 3


async def test_finds_another_parent_when_its_own_is_killed(tmp_path: Path) -> None:
    async with leader(tmp_path) as (first, uri, offset):
        thread = await options_for(first, Role.MED)
        thread = replace(thread, timeout=6)  # which is heard of every two seconds
        async with child(uri, thread, tmp_path) as node:
            await attached(node, 10)
            dataset = (await first.ask("dataset active -x"))[0]
            (tmp_path / "second").mkdir()
            second = await OpenThreadNode.start(offset, tmp_path / "second", 3)
            try:
                await second.ask(f"dataset set active {dataset}")
                await second.ask("routerselectionjitter 1")
                await second.ask("ifconfig up")
                await second.ask("thread start")
                await second.until("state", "router", patience=60)
                extended = bytes.fromhex((await second.ask("extaddr"))[0])
                events = node.events()
                await first.stop()
                async with asyncio.timeout(60):
                    async for event in events:
                        if isinstance(event, Attached):
                            break
                assert node.thread.parent == extended
                assert await pinged(node, (await second.ask("ipaddr mleid"))[0], 100, 3) == 3
            finally:
                await second.stop()


@pytest.mark.parametrize("role", [Role.MED, Role.SED])
async def test_follows_key_sequence_and_pending_dataset(role: Role, tmp_path: Path) -> None:
    async with leader(tmp_path) as (parent, uri, _):
        thread = await options_for(parent, role)
        async with child(uri, thread, tmp_path) as node:
            await attached(node, 10)
            events = node.events()
            await parent.ask("keysequence counter 1")
            mesh_local = (await parent.ask("ipaddr mleid"))[0]
            async with asyncio.timeout(40):  # until the next advertisement, or frame
                while node.thread.key_sequence != 1:
                    await parent.ask(f"ping {ours(node)} 8 1 1 64 2")
            assert await pinged(node, mesh_local, 100, 3) == 3
            await parent.ask("dataset init active")
            for name in ("activetimestamp 5", "pendingtimestamp 5", "channel 20", "delay 5000"):
                await parent.ask(f"dataset {name}")
            await parent.ask("dataset commit pending")
            async with asyncio.timeout(60):
                while node.radio_settings.channel != 20:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            await parent.until("channel", "20")
            assert await pinged(node, mesh_local, 100, 3) == 3
            news = events.take_waiting()
            assert not [event for event in news if isinstance(event, Detached)]
            assert [event for event in news if isinstance(event, KeySequenceChanged)]


async def test_reaches_a_leader_two_hops_away_and_groups(tmp_path: Path) -> None:
    async with leader(tmp_path) as (far, uri, offset):
        (tmp_path / "near").mkdir()
        near = await OpenThreadNode.start(offset, tmp_path / "near", 3)
        try:
            await near.ask(f"dataset set active {(await far.ask('dataset active -x'))[0]}")
            await near.ask("routerselectionjitter 1")
            await near.ask("ifconfig up")
            await near.ask("thread start")
            await near.until("state", "router", patience=60)
            await far.ask("nodeidfilter deny 2")  # which is us
            async with child(uri, await options_for(far, Role.FED), tmp_path) as node:
                await attached(node, 10)
                mesh_local = (await far.ask("ipaddr mleid"))[0]
                assert await pinged(node, mesh_local, 500, 5) == 5
                lines = await far.ask(f"ping {ours(node)} 1200 5 0.5 64 5", patience=60)
                assert "5 packets transmitted, 5 packets received" in lines[-1]
                answered = set[str]()
                with node.pinger("ff03::1", size=8) as pinger:
                    pinger.send()
                    async with asyncio.timeout(5):
                        while len(answered) < 2:
                            answer = await pinger.answer()
                            assert isinstance(answer, EchoAnswer)
                            answered.add(answer.source)
                assert answered == {mesh_local, (await near.ask("ipaddr mleid"))[0]}
        finally:
            await near.stop()
