"""Nodes on asyncio: who they are, what they tell, how they end."""

import asyncio
import json
from typing import Any

import pytest

from lowpan import FieldOutOfRange, Node, RadioError
from lowpan.aio.events import Events, EventsMissed, RadioFailed
from lowpan.errors import RadioClosed
from lowpan.mac.link_layer import LinkSettings
from lowpan.mac.service import Drop, FrameDropped
from lowpan.node.service import AddressChanged, DatagramDiscarded, Discard
from lowpan.node.settings import NodeSettings
from lowpan.radio import (
    Happening,
    RadioNotice,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
)
from lowpan.wire.addresses import parse_ipv6
from tests.aio.media import EXTENDED, PAN_ID, SHORT, Notes, node_on, nodes, tasks
from tests.aio.virtual_time import virtually
from tests.peers.cable import COMPLETE, RAW, Cable, CableRadio


async def test_it_is_who_it_was_told_to_be() -> None:
    radio = Cable().radio()
    async with node_on(radio, 0, channel=20) as node:
        assert node.addresses == [SHORT[0], EXTENDED[0]]
        assert (node.radio_settings.channel, node.radio_settings.pan_id) == (20, PAN_ID)
        assert node.radio is radio
    assert radio.configured == [
        RadioSettings(
            channel=20,
            promiscuous=False,
            pan_id=PAN_ID,
            short_address=1,
            extended_address=bytes.fromhex("0200000000000001"),
        )
    ]


async def test_what_it_was_not_told_is_as_the_radio_has_it() -> None:
    radio = Cable().radio()
    await radio.configure(RadioSettings(channel=17, pan_id=0x1234, short_address=7))
    async with Node(radio) as node:
        settings = node.radio_settings
        assert (settings.channel, settings.pan_id, settings.short_address) == (17, 0x1234, 7)
        extended = settings.extended_address
        assert extended is not None
        assert extended[0] & 3 == 2  # the radio had none: locally administered, of one station


@pytest.mark.parametrize(
    ("told", "virtual", "asked"),
    [(None, False, True), (None, True, False), (True, True, True), (False, False, False)],
)
async def test_acknowledgments_are_asked_for_where_anybody_gives_them(
    told: bool | None, virtual: bool, asked: bool
) -> None:
    cable = Cable()
    radio = cable.radio()
    if virtual:
        radio.neighbours_acknowledge = False
    settings = NodeSettings(link=LinkSettings(acknowledged=told))
    async with node_on(radio, 0, settings=settings) as node:
        assert node.state()["acknowledged"] == asked
        with pytest.raises(TimeoutError):
            await node.ping(EXTENDED[1], timeout=0.05)
        unicast = [psdu for psdu in cable.on_air if psdu[1] & 0x0C == 0x0C]
        assert {bool(psdu[0] & 0x20) for psdu in unicast} == {asked}


async def test_without_a_short_address_it_has_one_address() -> None:
    async with Node(Cable().radio(), extended_address=bytes.fromhex("0200000000000001")) as node:
        assert node.addresses == ["fe80::1"]
        assert node.radio_settings.short_address == 0xFFFE


def test_further_addresses_come_and_go() -> None:
    async def live() -> None:
        given = ["2001:db8::/64", "2001:db8:1::77/48"]
        async with node_on(Cable().radio(), 0, addresses=given) as node:
            assert node.addresses[2:] == ["2001:db8::1"]
            await asyncio.sleep(5)  # for others to say that they have the other one
            assert node.addresses[2:] == ["2001:db8::1", "2001:db8:1::77"]
            lengths = [entry["prefix_length"] for entry in node.state()["addresses"]]
            assert lengths == [64, 64, 64, 48]
            events = node.events()
            node.remove_address("2001:db8:1::77")
            assert await anext(events) == AddressChanged(parse_ipv6("2001:db8:1::77"), ready=False)
            node.remove_address("2001:db8:1::77")
            assert node.addresses[2:] == ["2001:db8::1"]

    virtually(live())


@pytest.mark.parametrize(
    "options",
    [
        {"extended_address": "02:00"},
        {"extended_address": b"\x02"},
        {"addresses": ["2001:db8::x/64"]},
        {"routes": ["2001:db8::1/64"]},
    ],
)
def test_nonsense_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(FieldOutOfRange):
        Node("zep://127.0.0.1", **options)


async def test_numbers_of_more_than_16_bits_are_refused() -> None:
    with pytest.raises(FieldOutOfRange):
        await Node(Cable().radio(), pan_id=0x10000).__aenter__()


async def test_a_radio_by_its_uri_is_closed_again_and_one_that_was_open_is_not() -> None:
    async with Node("zep://127.0.0.1:1?bind=127.0.0.1:0") as node:
        owned = node.radio
    with pytest.raises(RadioClosed):
        await owned.next_event()
    radio = Cable().radio()
    async with Node(radio):
        pass
    await radio.configure(RadioSettings())


async def test_a_radio_that_refuses_at_the_start_is_the_end() -> None:
    with pytest.raises(RadioError, match="no channel 30"):
        await Node(Cable().radio(), channel=30).__aenter__()
    assert tasks() == set()


async def test_it_lives_inside_its_block_and_once() -> None:
    node = node_on(Cable().radio(), 0)
    with pytest.raises(RuntimeError, match="async with"):
        node.state()
    async with node:
        pass
    with pytest.raises(RuntimeError, match="once"):
        await node.__aenter__()
    with pytest.raises(RadioClosed):
        await node.ping("fe80::2")


@pytest.mark.parametrize("after", [0, 1, 2, 3, 5, 8])
async def test_it_can_be_cancelled_at_any_moment_and_leaves_no_task(after: int) -> None:
    cable = Cable()

    async def live() -> None:
        async with node_on(cable.radio(), 0) as one, node_on(cable.radio(), 1):
            while True:
                await one.ping(SHORT[1])

    task = asyncio.ensure_future(live())
    for _ in range(after):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert tasks() == set()


async def test_what_was_sent_before_the_end_still_leaves() -> None:
    cable = Cable()
    async with node_on(cable.radio(), 1) as other:
        _, protocol = await other.create_datagram_endpoint(Notes, ("::", 5683))
        await protocol.told()
        async with node_on(cable.radio(), 0) as one:
            transport, _ = await one.create_datagram_endpoint(Notes, None, (SHORT[1], 5683))
            transport.sendto(bytes(1000))
        assert len((await protocol.told())[0]) == 1000


def test_time_is_that_of_the_loop() -> None:
    async def round_trips() -> list[float]:
        cable = Cable()
        async with node_on(cable.radio(RAW), 0) as one, node_on(cable.radio(RAW), 1):
            return [(await one.ping(SHORT[1])).round_trip for _ in range(5)]

    first, again = virtually(round_trips()), virtually(round_trips())
    assert first == again
    # in units of 320 us, a backoff of 0 to 7 each way and 2 of silence after the last frame; in
    # the cable itself no time passes
    units = [each * 1e6 / 320 for each in first]
    assert units == [pytest.approx(round(unit)) for unit in units]
    assert 0 <= min(units) < max(units) <= 16


# Events


async def test_events_tell_what_happens_and_end_with_the_node() -> None:
    node = node_on(Cable().radio(), 0)
    events = node.events()
    async with node:
        assert await anext(events) == AddressChanged(parse_ipv6(SHORT[0]), ready=True)
        assert await anext(events) == AddressChanged(parse_ipv6(EXTENDED[0]), ready=True)
        later = node.events()
    assert [event async for event in events] == [event async for event in later] == []
    assert [event async for event in node.events()] == []


async def test_events_of_a_slow_reader_are_bounded() -> None:
    events = Events(most=3)
    for count in range(10):
        events.put(EventsMissed(count))
    kept = [EventsMissed(7), *(EventsMissed(count) for count in (7, 8, 9))]
    assert events.take_waiting() == kept
    assert events.take_waiting() == []
    for count in range(10):
        events.put(EventsMissed(count))
    events.end()
    assert [event async for event in events] == kept


async def test_a_reader_that_has_gone_is_forgotten() -> None:
    async with node_on(Cable().radio(), 0) as node:
        events = node.events()
        del events
        with pytest.raises(TimeoutError):
            await node.ping("fe80::9", timeout=0.01)
        assert node.state()["ended"] is None


async def test_others_have_their_turn_while_frames_flood_in_or_out() -> None:
    cable = Cable()
    near, far = cable.radio(), cable.radio()
    async with node_on(near, 0) as one, node_on(far, 1):
        for _ in range(1000):
            near.hear(bytes.fromhex("6188 01 efbe 0100 0200 00"))
        for _ in range(60):
            one.pinger(SHORT[1], size=1232).send()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert near.waiting > 800
        assert one.engine.waiting > 40


async def test_what_happens_to_the_radio_is_told() -> None:
    radio = Cable().radio()
    async with node_on(radio, 0) as node:
        events = node.events()
        radio._notice(Happening.LOST, "unplugged")  # pyright: ignore[reportPrivateUsage]
        notice = await anext(events)
        assert isinstance(notice, RadioNotice)
        assert notice.happening is Happening.LOST


class Deaf(CableRadio):
    """Fails at first when it is to give what it hears."""

    failures = 2

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        if self.failures:
            self.failures -= 1
            raise RadioError("it hears nothing")
        return await super().next_event()


def test_a_radio_that_hears_nothing_is_asked_again() -> None:
    async def live() -> float:
        cable = Cable()
        deaf = Deaf(cable, 1, COMPLETE)
        cable.radios.append(deaf)
        node = node_on(deaf, 0)
        events = node.events()
        async with node, node_on(cable.radio(), 1) as other:
            await other.ping(SHORT[0], timeout=10)
            told = [event for event in events.take_waiting() if isinstance(event, RadioFailed)]
            assert told == [RadioFailed("it hears nothing")] * 2
            return asyncio.get_running_loop().time()

    assert virtually(live()) == 2  # after two attempts, a second apart


class Refusing(CableRadio):
    """Refuses to send."""

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        raise RadioError("it is unwell", "give it a rest")


async def test_a_radio_that_fails_is_told_and_the_datagram_given_up() -> None:
    async with node_on(Refusing(Cable(), 1, RAW), 0) as node:
        events = node.events()
        with pytest.raises(TimeoutError):
            await node.ping(SHORT[1], timeout=0.05)
        told = [await anext(events), await anext(events)]
        assert told[0] == RadioFailed("it is unwell", "give it a rest")
        assert isinstance(told[1], DatagramDiscarded)
        assert (told[1].discard, told[1].reason) == (
            Discard.NOT_DELIVERED,
            "aborted it is unwell",
        )


async def test_frames_that_are_dropped_are_told_unless_they_are_for_others() -> None:
    radio = Cable().radio(RAW)
    async with node_on(radio, 0) as node:
        events = node.events()
        radio.hear(bytes.fromhex("6188 01 efbe 0900 0200 00"))  # to 0x0009
        radio.hear(b"\x61")
        dropped = await anext(events)
        assert isinstance(dropped, FrameDropped)
        assert dropped.drop is Drop.MALFORMED
        counters = node.state()["counters"]
        assert counters["frames_dropped"] == {"not for us": 1, "malformed": 1}


async def test_datagrams_for_groups_of_others_are_counted_and_not_told() -> None:
    async with nodes("cable") as (one, other):
        events = other.events()
        sender, _ = await one.create_datagram_endpoint(Notes, ("::", 1))
        sender.sendto(b"to routers", ("ff02::2", 2))
        sender.sendto(b"to nobody", (SHORT[1], 2))
        discarded = await anext(events)
        assert isinstance(discarded, DatagramDiscarded)
        assert discarded.discard is Discard.NO_PORT
        assert other.state()["counters"]["datagrams_discarded"]["not for us"] >= 1


async def test_the_end_of_the_radio_is_the_end_of_the_node() -> None:
    radio = Cable().radio()
    async with node_on(radio, 0) as node:
        _, protocol = await node.create_datagram_endpoint(Notes, ("::", 1))
        events = node.events()
        await radio.close()
        assert [event async for event in events] == []
        assert isinstance(node.failure, RadioClosed)
        assert await protocol.told() == ("made",)
        assert await protocol.told() == ("lost", node.failure)
        with pytest.raises(RadioClosed):
            await node.ping(SHORT[1])


async def test_a_fault_of_ours_ends_it_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hear() -> None:
        radio = Cable().radio(RAW)
        async with node_on(radio, 0) as node:
            monkeypatch.setattr(node.engine, "receive_frame", None)
            radio.hear(bytes(20))
            async for _ in node.events():
                pass

    with pytest.raises(TypeError):
        await hear()
    assert tasks() == set()


def test_its_state_can_be_written_as_json() -> None:
    async def state() -> dict[str, Any]:
        async with nodes("cable") as (one, _):
            await one.ping(EXTENDED[1])
            return one.state()

    written = json.loads(json.dumps(virtually(state())))
    assert written["pan_id"] == PAN_ID
    assert [address["address"] for address in written["addresses"]] == [SHORT[0], EXTENDED[0]]
    assert [entry["address"] for entry in written["neighbours"]] == [EXTENDED[1]]
    assert written["counters"]["datagrams"]["sent"] == 1
