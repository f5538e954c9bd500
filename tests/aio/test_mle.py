"""Nodes with MLE on asyncio: links, network parameters and keys over any radio."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from lowpan import FieldOutOfRange, MleOptions, Node, NodeSecurity
from lowpan.errors import StoreError
from lowpan.mesh.key_sequence import Cause, KeySequenceChanged
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import LinkState
from lowpan.mesh.parameter_events import ParameterApplied, ParameterScheduled
from lowpan.mesh.parameter_schedule import ParameterId
from lowpan.mesh.service import LinkDown, LinkUp, ReplayRejected
from lowpan.radio import RadioCapability
from lowpan.store import MemoryStore
from lowpan.wire.ieee802154 import Frame, decode_frame
from tests.aio.media import MEDIA, PAN_ID, Notes, node_on, radios
from tests.aio.virtual_time import virtually
from tests.peers.cable import COMPLETE, Cable

KEY, OTHER_KEY = bytes(range(16)), bytes(range(1, 17))
MLE = MleOptions(network_key=KEY)
SHORT = [f"fe80::ff:fe00:{number}" for number in range(1, 5)]
LINKED_S = 10.0
"""Seconds within which all links are up: after a start, and after one that was killed."""


@asynccontextmanager
async def network(
    cable: Cable, count: int, stores: list[MemoryStore] | None = None, mle: MleOptions = MLE
) -> AsyncGenerator[list[Node]]:
    """Let `count` nodes live on a cable, and wait for their links."""
    stores = stores or [MemoryStore() for _ in range(count)]
    async with AsyncExitStack() as members:
        nodes = [
            await members.enter_async_context(
                node_on(cable.radio(), number, channel=15, mle=mle, store=store)
            )
            for number, store in enumerate(stores)
        ]
        await asyncio.sleep(LINKED_S)
        yield nodes


def up(node: Node) -> dict[str, tuple[int, int]]:
    """Return the qualities of the links that are up, by the short address of the neighbour."""
    return {
        link.short_address.hex(): (link.quality_in, link.quality_out)
        for link in node.mle.links
        if link.state is LinkState.UP and link.short_address is not None
    }


def copy_of(store: MemoryStore) -> MemoryStore:
    """Return what would be there after a loss of power now."""
    copy = MemoryStore()
    for name in store.names():
        octets = store.load(name)
        assert octets is not None
        copy.save(name, octets)
    return copy


def test_three_nodes_find_each_other_and_ping_by_short_address() -> None:
    async def live() -> None:
        async with network(Cable(), 3) as nodes:
            expected = {"0001": (3, 3), "0002": (3, 3), "0003": (3, 3)}
            for number, node in enumerate(nodes, 1):
                others = {name: both for name, both in expected.items() if int(name) != number}
                assert up(node) == others
            assert (await nodes[0].ping(SHORT[2], size=500)).octets == 508
            assert (await nodes[2].ping(SHORT[1])).hop_limit == 64
            state = nodes[0].state()
            assert json.loads(json.dumps(state)) == state
            assert state["security_level"] == 5
            first, second = state["mle"]["links"]
            etx, silent = first.pop("expected_transmissions"), first.pop("silent_for")
            assert first == {
                "extended_address": "02:00:00:00:00:00:00:02",
                "short_address": "0x0002",
                "state": "up",
                "quality_in": 3,
                "quality_out": 3,
                "sleeps": False,
                "pinned": False,
            }
            assert 1 <= etx < 2
            assert 0 <= silent < LINKED_S
            assert second["short_address"] == "0x0003"
            assert state["mle"]["parameters"] == {"channel": 15, "pan_id": PAN_ID}
            assert state["mle"]["key_sequence"] == 0
            assert state["counters"]["mle_refused"] == {}

    virtually(live())


@pytest.mark.parametrize("medium", MEDIA)
async def test_two_nodes_on_each_medium(medium: str) -> None:
    quick = MleOptions(network_key=KEY, links=MeshLinkSettings(start_within=200_000))
    async with radios(medium, "&ack_timeout_ms=1000" if medium == "zep" else "") as (one, other):
        near = node_on(one, 0, mle=quick, store=MemoryStore())
        far = node_on(other, 1, mle=quick, store=MemoryStore())
        events = near.events()
        async with near, far:
            async with asyncio.timeout(LINKED_S):
                async for event in events:
                    if isinstance(event, LinkUp):
                        break
            answer = await near.ping(SHORT[1], size=300, timeout=5)
            assert (answer.source, answer.octets) == (SHORT[1], 308)


def test_separate_keys_of_link_layer_and_mle_link_too_and_stay() -> None:
    async def live() -> None:
        separate = MleOptions(link_key=KEY, mle_key=OTHER_KEY)
        async with network(Cable(), 2, mle=separate) as (one, other):
            assert up(one) == {"0002": (3, 3)}
            assert await other.ping(SHORT[0])
            assert one.mle.key_sequence is None
            with pytest.raises(FieldOutOfRange, match="no sequence"):
                one.mle.use_next_keys()

    virtually(live())


@pytest.mark.parametrize(
    "wrong",
    [
        MleOptions(network_key=OTHER_KEY),
        MleOptions(link_key=KEY, mle_key=OTHER_KEY),
    ],
)
def test_who_has_another_key_never_gets_a_link(wrong: MleOptions) -> None:
    async def live() -> None:
        cable = Cable()
        async with network(cable, 2) as (one, _):
            events = one.events()
            stranger = node_on(cable.radio(), 2, channel=15, mle=wrong, store=MemoryStore())
            async with stranger:
                await asyncio.sleep(120)
                assert up(one) == {"0002": (3, 3)}
                assert stranger.mle.links == []
                for address in (SHORT[0], "fe80::1"):
                    with pytest.raises(TimeoutError):
                        await stranger.ping(address, timeout=10)
            assert sum(one.state()["counters"]["mle_refused"].values()) > 3
            told = [event for event in events.take_waiting() if isinstance(event, LinkUp)]
            assert told == []

    virtually(live())


def test_who_is_killed_and_started_again_has_its_links_back_and_repeats_no_counter() -> None:
    async def live() -> None:
        cable, store = Cable(), MemoryStore()
        async with network(cable, 2) as others:
            async with node_on(cable.radio(), 2, channel=15, mle=MLE, store=store) as first:
                await asyncio.sleep(LINKED_S)
                assert await first.ping(SHORT[0])
                lost = copy_of(store)  # and nothing of what it saves at its end
            cable.radios.pop()
            async with node_on(cable.radio(), 2, channel=15, mle=MLE, store=lost) as again:
                assert up(again) == {}
                await asyncio.sleep(LINKED_S)
                assert set(up(again)) == {"0001", "0002"}
                for other in others:
                    assert "0003" in up(other)
                    assert (await other.ping(SHORT[2])).octets == 64
                assert await again.ping(SHORT[0])
        used = [
            (frame.source, frame.security.key_index, frame.security.frame_counter)
            for frame in map(decode_frame, cable.on_air)
            if isinstance(frame, Frame) and frame.security is not None
        ]
        assert len(used) > 10
        assert max(Counter(used).values()) == 1

    virtually(live())


def test_a_parameter_is_changed_by_all_at_once_and_by_who_was_away() -> None:
    async def live() -> None:
        cable, away = Cable(channels=True), MemoryStore()
        async with network(cable, 3) as there:
            events = there[1].events()
            async with node_on(cable.radio(), 3, channel=15, mle=MLE, store=away) as leaver:
                await asyncio.sleep(LINKED_S)
                assert set(up(leaver)) == {"0001", "0002", "0003"}
            there[0].mle.change_parameter("channel", 20, delay=30)
            await asyncio.sleep(29)
            assert [node.radio_settings.channel for node in there] == [15] * 3
            await asyncio.sleep(2)
            assert [node.radio.settings.channel for node in there] == [20] * 3
            assert await there[2].ping(SHORT[0])
            scheduled, applied = (
                event
                for event in events.take_waiting()
                if isinstance(event, ParameterScheduled | ParameterApplied)
            )
            assert (scheduled.parameter, scheduled.value) == (ParameterId.CHANNEL, 20)
            assert applied == ParameterApplied(ParameterId.CHANNEL, 20)
            back = node_on(cable.radio(), 3, channel=15, mle=MLE, store=away)
            async with back:
                await asyncio.sleep(60)
                assert back.radio_settings.channel == 20
                assert back.mle.parameters["channel"] == 20
                assert set(up(back)) == {"0001", "0002", "0003"}
                assert await back.ping(SHORT[1])

    virtually(live())


def test_after_a_change_a_restart_stays_with_it_whatever_the_options_say() -> None:
    async def live() -> None:
        cable, store = Cable(), MemoryStore()
        async with node_on(cable.radio(), 0, channel=15, mle=MLE, store=store) as node:
            node.mle.change_parameter(ParameterId.CHANNEL, 25, delay=1)
            await asyncio.sleep(2)
        async with node_on(cable.radio(), 0, channel=15, mle=MLE, store=store) as node:
            assert node.radio.settings.channel == 25

    virtually(live())


def test_the_next_keys_are_used_by_all() -> None:
    async def live() -> None:
        async with network(Cable(), 3) as nodes:
            events = nodes[1].events()
            nodes[0].mle.use_next_keys()
            await asyncio.sleep(70)  # the longest time between two advertisements, and some
            assert [node.mle.key_sequence for node in nodes] == [1, 1, 1]
            changes = [one for one in events.take_waiting() if isinstance(one, KeySequenceChanged)]
            assert changes == [KeySequenceChanged(1, 0, Cause.NEIGHBOUR)]
            assert await nodes[2].ping(SHORT[1])

    virtually(live())


def test_attack_18_replayed_frames_change_nothing() -> None:
    async def live() -> None:
        cable = Cable()
        async with network(cable, 2) as (one, other):
            _, notes = await other.create_datagram_endpoint(Notes, local_addr=("::", 5683))
            transport, _ = await one.create_datagram_endpoint(Notes, remote_addr=(SHORT[1], 5683))
            transport.sendto(b"once")
            assert await notes.told() == ("made",)
            assert (await notes.told())[0] == b"once"
            events, recorded, before = other.events(), list(cable.on_air), up(other)
            for _ in range(2):
                for psdu in recorded:
                    cable.radios[1].hear(psdu)
                    await asyncio.sleep(0.01)
            assert notes.notes.empty()
            assert sum(other.state()["counters"]["frames_dropped"].values()) > 0
            told = events.take_waiting()
            assert sum(isinstance(event, ReplayRejected) for event in told) > 4
            assert not any(isinstance(event, LinkUp | LinkDown) for event in told)
            assert up(other) == before
            assert await one.ping(SHORT[1])

    virtually(live())


def test_a_link_goes_down_when_its_neighbour_has_gone() -> None:
    async def live() -> None:
        cable = Cable()
        async with network(cable, 1) as (one,):
            events = one.events()
            async with node_on(cable.radio(), 1, channel=15, mle=MLE, store=MemoryStore()):
                await asyncio.sleep(LINKED_S)
                assert up(one) == {"0002": (3, 3)}
            cable.radios.pop()
            await asyncio.sleep(300)
            (down,) = (event for event in events.take_waiting() if isinstance(event, LinkDown))
            assert down.neighbour.hex() == "0200000000000002"
            assert up(one) == {}

    virtually(live())


def test_a_sleeper_links_with_one_neighbour_and_gets_answers() -> None:
    async def live() -> None:
        cable = Cable()
        async with network(cable, 2) as nodes:
            radio = cable.radio(COMPLETE | RadioCapability.RECEIVER_OFF)
            async with node_on(
                radio, 2, channel=15, mle=MLE, poll_interval=0.5, store=MemoryStore()
            ) as sleeper:
                await asyncio.sleep(LINKED_S)
                (parent,) = sleeper.mle.links
                awake = 0
                for _ in range(100):
                    await asyncio.sleep(0.0371)
                    awake += sleeper.radio.settings.rx_on_when_idle
                assert awake < 40, "it listens for a moment twice in a second, when it asks"
                assert parent.short_address is not None
                number = int.from_bytes(parent.short_address, "big")
                assert await sleeper.ping(SHORT[number - 1])
                assert await nodes[number - 1].ping(SHORT[2], timeout=3)
                (link,) = [link for link in nodes[number - 1].mle.links if link.sleeps]
                assert link.short_address == b"\0\x03"

    virtually(live())


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"network_key": KEY[:15]},
        {"network_key": KEY, "mle_key": KEY},
        {"link_key": KEY},
        {"mle_key": KEY},
        {"link_key": KEY, "mle_key": KEY},
        {"network_key": KEY, "rotation_hours": 1},
    ],
)
def test_nonsense_is_refused_at_once_and_no_key_is_quoted(keys: dict[str, Any]) -> None:
    with pytest.raises(FieldOutOfRange) as refused:
        MleOptions(**keys)
    assert "0001020304" not in str(refused.value)
    assert repr(KEY) not in str(refused.value)


@pytest.mark.parametrize(
    "beside",
    [
        {"security": NodeSecurity(key=OTHER_KEY)},
        {"associate": True},
        {"coordinator": True},
    ],
)
def test_what_does_not_go_with_it_is_refused(beside: dict[str, Any]) -> None:
    with pytest.raises(FieldOutOfRange, match="beside mle"):
        Node("zep://127.0.0.1", mle=MLE, **beside)


def test_keys_are_not_shown() -> None:
    shown = repr(MLE) + repr(MleOptions(link_key=KEY, mle_key=OTHER_KEY)) + str(MLE)
    for key in (KEY, OTHER_KEY):
        assert key.hex() not in shown
        assert repr(key) not in shown


async def test_a_store_is_needed() -> None:
    with pytest.raises(StoreError, match="needs a store"):
        await node_on(Cable().radio(), 0, mle=MLE).__aenter__()


async def test_a_pan_is_needed() -> None:
    with pytest.raises(FieldOutOfRange, match="PAN ID"):
        await Node(Cable().radio(), mle=MLE, store=MemoryStore()).__aenter__()


async def test_without_mle_there_is_none() -> None:
    async with node_on(Cable().radio(), 0) as node:
        with pytest.raises(RuntimeError, match="no MLE"):
            _ = node.mle


async def test_parameters_that_cannot_be_are_refused() -> None:
    async with node_on(Cable().radio(), 0, channel=15, mle=MLE, store=MemoryStore()) as node:
        for parameter, value, delay in (
            ("colour", 1, 60),
            ("channel", 27, 60),
            ("channel", 20, 0),
            ("pan_id", 0xFFFF, 60),
        ):
            with pytest.raises(FieldOutOfRange):
                node.mle.change_parameter(parameter, value, delay=delay)
