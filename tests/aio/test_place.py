"""Nodes that join a PAN, coordinate one, sleep and scan, over radios of this machine."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lowpan import FieldOutOfRange, Node, NodeSecurity, RadioError
from lowpan.aio.events import Events
from lowpan.errors import AssociationError
from lowpan.mac.association import Associated, NotAssociated, Why
from lowpan.mac.coordinating import DeviceJoined, DeviceLeft
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.polling import ParentLost
from lowpan.node.service import AddressChanged
from lowpan.store import MemoryStore
from tests.aio.media import PAN_ID, radios, uris
from tests.peers.cable import RAW, Cable

MEDIA = ["cable", "raw cable", "zep", "openthread-air"]
COORDINATOR, DEVICE = "02:00:00:00:00:00:00:01", "02:00:00:00:00:00:00:02"
KEY = bytes(range(16))


def coordinator_on(radio: Any, **options: Any) -> Node:
    """Return a coordinator that nobody may join yet."""
    return Node(
        radio,
        channel=15,
        pan_id=PAN_ID,
        coordinator=True,
        extended_address=COORDINATOR,
        random=Random(1),
        **options,
    )


def device_on(radio: Any, **options: Any) -> Node:
    """Return a device that joins where it can on channel 15."""
    given: dict[str, Any] = {"channel": 15, "associate": True, **options}
    return Node(radio, extended_address=DEVICE, random=Random(2), **given)


def all_lost(psdu: bytes) -> bool:
    """Let nobody hear anything."""
    return True


def none_lost(psdu: bytes) -> bool:
    """Let everybody hear everything."""
    return False


@asynccontextmanager
async def joined(medium: str, **options: Any) -> AsyncGenerator[tuple[Node, Node]]:
    """Let a device join a coordinator; `options` are the device's."""
    async with (
        radios(medium) as (one, other),
        one,
        other,
        coordinator_on(one) as coordinator,
    ):
        coordinator.permit_joining()
        async with device_on(other, **options) as device:
            yield coordinator, device


async def told(events: Events, kind: type[Any], seconds: float = 20.0) -> Any:
    """Return the next event of one kind."""
    async with asyncio.timeout(seconds):
        async for event in events:
            if isinstance(event, kind):
                return event
    raise AssertionError(f"it has ended without {kind}")


@pytest.mark.parametrize("medium", MEDIA)
async def test_a_device_joins_and_both_ping(medium: str) -> None:
    async with joined(medium) as (coordinator, device):
        assert coordinator.addresses[0] == "fe80::ff:fe00:0"
        assert len(device.addresses) == 2
        assert device.addresses[1] == "fe80::2"
        settings = device.radio_settings
        assert (settings.pan_id, settings.channel) == (PAN_ID, 15)
        assert device.addresses[0] == f"fe80::ff:fe00:{settings.short_address:x}"
        for near, far in ((coordinator, device), (device, coordinator)):
            reply = await near.ping(far.addresses[0], size=300, timeout=5)
            assert reply.octets == 308


@pytest.mark.parametrize("medium", ["zep", "openthread-air"])
async def test_a_sleeper_is_pinged_within_its_interval(medium: str) -> None:
    async with joined(medium, poll_interval=0.5) as (coordinator, device):
        await asyncio.sleep(2)
        assert not device.radio.settings.rx_on_when_idle
        begin = asyncio.get_running_loop().time()
        await coordinator.ping(device.addresses[0], timeout=5)
        await device.ping(coordinator.addresses[0], timeout=5)
        assert asyncio.get_running_loop().time() - begin < 3


async def test_where_nobody_lets_it_in_it_says_why_and_what_to_do() -> None:
    cable = Cable()
    async with coordinator_on(cable.radio()):
        with pytest.raises(AssociationError, match="1 found, where nobody may join") as caught:
            await device_on(cable.radio()).__aenter__()
        assert "--permit" in caught.value.cure
        with pytest.raises(AssociationError, match="not PAN 0x1234 on channel 15"):
            await device_on(cable.radio(), pan_id=0x1234).__aenter__()


async def test_it_joins_leaves_and_joins_again() -> None:
    async with joined("zep") as (coordinator, device):
        events, others = device.events(), coordinator.events()
        address = device.addresses[0]
        await device.disassociate()
        await device.disassociate()
        assert device.addresses == ["fe80::2"]
        assert (await told(others, DeviceLeft)).reason == "it has left"
        assert (await told(events, NotAssociated)).why is Why.LEFT
        with pytest.raises(OSError, match="we are in no PAN"):
            await device.ping(coordinator.addresses[0])
        again = await device.associate()
        assert isinstance(again, Associated)
        assert len(device.addresses) == 2
        assert address != device.addresses[0] or again.short_address is not None


async def test_the_permission_to_join_ends() -> None:
    cable = Cable()
    async with coordinator_on(cable.radio()) as coordinator:
        coordinator.permit_joining(0.1)
        await asyncio.sleep(0.2)
        with pytest.raises(AssociationError):
            await device_on(cable.radio()).__aenter__()
        with pytest.raises(FieldOutOfRange):
            async with Node(cable.radio()) as other:
                other.permit_joining()


async def test_a_pan_with_a_key() -> None:
    cable = Cable()
    security = NodeSecurity(key=KEY)
    first, second = cable.radio(), cable.radio()
    async with coordinator_on(first, security=security, store=MemoryStore()) as coordinator:
        coordinator.permit_joining()
        events = coordinator.events()
        async with device_on(second, security=security, store=MemoryStore()) as device:
            assert (await told(events, DeviceJoined)).verified
            await device.ping(coordinator.addresses[0], timeout=5)
            await coordinator.ping(device.addresses[0], timeout=5)
        with pytest.raises(AssociationError, match="no answer") as caught:
            await device_on(cable.radio()).__aenter__()
        assert caught.value.cure == "if the network has a key, this node needs it too"


async def test_a_pan_that_strangers_may_join_in_clear() -> None:
    cable, policy = (
        Cable(),
        SecurityPolicy.for_level(5, joining_in_clear=True, beacon_requests_in_clear=True),
    )
    security = NodeSecurity(key=KEY, policy=policy)
    async with coordinator_on(cable.radio(), security=security, store=MemoryStore()) as coordinator:
        coordinator.permit_joining()
        events = coordinator.events()
        radio = cable.radio()
        async with device_on(radio, security=security, store=MemoryStore()) as device:
            assert not (await told(events, DeviceJoined)).verified
            await device.ping(coordinator.addresses[0], timeout=5)


@pytest.mark.parametrize("permitted", [True, False])
async def test_a_coordinator_that_was_killed_knows_its_devices(
    permitted: bool, tmp_path: Path
) -> None:
    cable, store = Cable(), tmp_path / "coordinator.store"
    radio = cable.radio()
    async with coordinator_on(radio, store=store) as coordinator:
        coordinator.permit_joining()
        joining = device_on(cable.radio(), poll_interval=0.2)
        device = await joining.__aenter__()
        address, events = device.addresses[0], device.events()
    cable.lose = all_lost
    assert await told(events, ParentLost)
    cable.lose = none_lost
    async with coordinator_on(radio, store=store) as coordinator:
        if permitted:
            coordinator.permit_joining()
        await told(events, Associated, 40)
        assert device.addresses[0] == address
        await coordinator.ping(address, timeout=5)
        await joining.__aexit__(None, None, None)


@pytest.mark.parametrize("medium", ["zep", "openthread-air"])
async def test_a_scan_while_it_runs_finds_the_coordinator(medium: str) -> None:
    async with joined(medium) as (coordinator, device):
        scan = asyncio.create_task(device.scan([11, 15], seconds=0.2))
        await asyncio.sleep(0.1)
        reply = asyncio.create_task(device.ping(coordinator.addresses[0], timeout=5))
        (found,) = await scan
        assert (found.pan_id, found.channel) == (PAN_ID, 15)
        assert found.association_permit
        await reply
        both = await asyncio.gather(device.scan([15], seconds=0.1), device.scan([15], seconds=0.1))
        assert [len(pans) for pans in both] == [1, 1]
        assert await device.scan([15], seconds=0.1, passive=True) == []
        await coordinator.ping(device.addresses[0], timeout=5)


async def test_a_scan_whose_caller_has_gone_gives_the_radio_back() -> None:
    async with joined("zep") as (coordinator, device):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(device.scan([11, 12], seconds=0.3), 0.1)
        assert len(await device.scan([15], seconds=0.1)) == 1
        await device.ping(coordinator.addresses[0], timeout=5)


async def test_what_cannot_be_scanned_is_refused() -> None:
    async with Node(Cable().radio(RAW)) as node:
        with pytest.raises(RadioError, match="measures no energy"):
            await node.scan_energy()
        with pytest.raises(FieldOutOfRange, match="no channel 30"):
            await node.scan([30])
        scan = asyncio.create_task(node.scan([11], seconds=60))
        await asyncio.sleep(0.01)
    with pytest.raises(RadioError):
        await scan


@pytest.mark.parametrize(
    "options",
    [
        {"associate": True, "coordinator": True},
        {"associate": True, "short_address": 5},
        {"poll_interval": 4.0},
        {"associate": True, "poll_interval": 8.0},
    ],
)
def test_what_nobody_can_be_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(FieldOutOfRange):
        Node("zep://127.0.0.1", **options)


async def test_what_the_coordinator_is_not_told_it_makes_up() -> None:
    async with Node(Cable().radio(), coordinator=True) as node:
        assert node.radio_settings.pan_id < 0xFFFF
        assert node.radio_settings.short_address == 0


async def test_a_node_by_uri_joins() -> None:
    near, far = uris("zep")
    async with coordinator_on(near) as coordinator:
        coordinator.permit_joining()
        node = device_on(far)
        events = node.events()
        async with node:
            ready = [event for event in events.take_waiting() if isinstance(event, AddressChanged)]
            assert [event.ready for event in ready] == [True, True]
