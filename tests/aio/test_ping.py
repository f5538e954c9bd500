"""Echo requests of a node, and all that can become of them."""

import asyncio
import errno
from contextlib import suppress
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan import FieldOutOfRange, Node
from lowpan.aio.pinging import MOST_PINGERS, EchoAnswer, EchoFailure, Pinger, echo_request_in
from lowpan.node.service import EchoReplied, ErrorReceived
from lowpan.node.settings import NodeSettings
from lowpan.radio import Radio, RadioNotice, ReceivedFrame
from lowpan.wire.addresses import parse_ipv6
from lowpan.wire.icmpv6 import ICMPV6, Echo, Icmpv6
from lowpan_radios.faults import Faults
from lowpan_radios.wrapper import Wrapper
from tests.aio.media import EXTENDED, MEDIA, SHORT, node_on, nodes, zep_uri
from tests.aio.virtual_time import virtually
from tests.peers.cable import RAW, Cable
from tests.peers.relay import LossyRelay

SIZES = [0, 56, 500, 1232]


async def pinged(node: Node, address: str, size: int, attempts: int = 40) -> int:
    """Ping until there is an answer; return how often that took."""
    for attempt in range(1, attempts + 1):
        try:
            answer = await node.ping(address, size=size, timeout=0.4)
        except TimeoutError:
            continue
        assert answer.octets == 8 + size
        assert not answer.is_altered
        return attempt
    raise AssertionError(f"no answer to {attempts} requests")


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("addresses", [SHORT, EXTENDED], ids=["short", "extended"])
async def test_pings_of_any_size_go_both_ways(medium: str, addresses: list[str]) -> None:
    async with nodes(medium) as both:
        for size in SIZES:
            for node, address in zip(both, addresses[::-1], strict=True):
                answer = await node.ping(address, size=size, timeout=5)
                assert (answer.source, answer.octets) == (address, 8 + size)
                assert (answer.hop_limit, answer.sequence_number) == (64, 1)
                assert 0 < answer.round_trip < 5
                assert not answer.is_altered
                assert not answer.is_duplicate


class Shuffled(Wrapper):
    """Gives frames in the order of `places` within each run of so many of its own kind."""

    def __init__(self, radio: Radio, places: tuple[int, ...]) -> None:
        super().__init__(radio)
        self._places = places
        self._run: list[ReceivedFrame] = []
        self._ready: list[ReceivedFrame | RadioNotice] = []
        self.shuffled = 0

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        while not self._ready:
            event = await self.radio.next_event()
            is_fragment = isinstance(event, ReceivedFrame) and len(event.psdu) > 20
            if not is_fragment:
                self._ready.append(event)
                continue
            assert isinstance(event, ReceivedFrame)
            self._run.append(event)
            if len(self._run) == len(self._places):
                self._ready += [self._run[place] for place in self._places]
                self._run.clear()
                self.shuffled += 1
        return self._ready.pop(0)


@pytest.mark.parametrize("medium", ["cable", "zep", "openthread-air"])
@pytest.mark.parametrize("places", [*permutations(range(3))], ids=str)
async def test_fragments_arrive_in_any_order(medium: str, places: tuple[int, ...]) -> None:
    shuffled: list[Shuffled] = []

    def shuffle(radio: Radio) -> Radio:
        shuffled.append(Shuffled(radio, places))
        return shuffled[-1]

    async with nodes(medium, shuffle) as (one, _):
        answer = await one.ping(SHORT[1], size=220, timeout=5)  # three frames each way
        assert not answer.is_altered
    assert [radio.shuffled for radio in shuffled] == [1, 1]


async def test_losses_on_air_are_made_good_by_repetitions() -> None:
    relay = LossyRelay(Random(1), loss=0.1)
    async with (
        relay,
        node_on(zep_uri(relay.peers[0], relay.ports[0]) + "&ack_timeout_ms=10", 0) as one,
        node_on(zep_uri(relay.peers[1], relay.ports[1]) + "&ack_timeout_ms=10", 1) as other,
    ):
        answered = 0
        for node, address in ((one, SHORT[1]), (other, SHORT[0])):
            for size in (56, 500, 1232):
                for _ in range(3):
                    answered += await pinged(node, address, size, attempts=3) == 1
    assert relay.lost > 20
    assert answered >= 16  # 20 frames a ping at most, of which one in 800 is lost four times


def test_losses_are_made_good_by_our_own_link_layer_too() -> None:
    async def ping(loss: float) -> tuple[int, int]:
        random, answers = Random(7), 0
        cable = Cable(lose=lambda psdu: random.random() < loss)
        async with node_on(cable.radio(RAW), 0) as one, node_on(cable.radio(RAW), 1):
            for _ in range(50):
                with suppress(TimeoutError):
                    await one.ping(SHORT[1], size=500)
                    answers += 1
        return answers, len(cable.on_air)

    (all_answers, frames), (answers, more_frames) = (virtually(ping(loss)) for loss in (0, 0.1))
    assert all_answers == 50
    assert answers >= 48
    assert 1.1 * frames < more_frames < 1.4 * frames


@pytest.mark.parametrize("medium", ["zep", "openthread-air"])
async def test_whatever_a_bad_air_does_some_ping_comes_through(medium: str) -> None:
    faults: list[Faults] = []

    def spoil(radio: Radio) -> Radio:
        rates = {"loss": 0.1, "corruption": 0.02, "duplicates": 0.05, "reordering": 0.1}
        faults.append(Faults(radio, seed=len(faults), **rates))
        return faults[-1]

    async with nodes(medium, spoil) as (one, other):
        for size in (56, 200):
            assert await pinged(one, SHORT[1], size)
            assert await pinged(other, EXTENDED[0], size)
    assert sum(radio.received.lost + radio.transmitted.lost for radio in faults) > 0


def test_nobody_answers() -> None:
    async def ping() -> float:
        async with node_on(Cable().radio(RAW), 0) as one:
            begin = asyncio.get_running_loop().time()
            with pytest.raises(TimeoutError):
                await one.ping("fe80::ff:fe00:9", timeout=2.5)
            return asyncio.get_running_loop().time() - begin

    assert virtually(ping()) == pytest.approx(2.5)


def test_nobody_is_there() -> None:
    async def ping() -> OSError:
        cable, asking = Cable(), NodeSettings(derive=False)
        async with node_on(cable.radio(RAW), 0, settings=asking) as one:
            with pytest.raises(OSError, match="does not answer") as raised:
                await one.ping(SHORT[1], timeout=60)
            return raised.value

    assert virtually(ping()).errno == errno.EHOSTUNREACH


async def test_what_cannot_be_asked() -> None:
    async with nodes("cable", addresses=["2001:db8::/64"]) as (one, _):
        for size in (-1, 1233):
            with pytest.raises(FieldOutOfRange):
                await one.ping(SHORT[1], size=size)
        with pytest.raises(FieldOutOfRange):
            await one.ping("nobody")
        with pytest.raises(OSError, match="no way") as raised:
            await one.ping("2001:db8:1::1")
        assert raised.value.errno == errno.ENETUNREACH


async def test_a_group_answers_many_times() -> None:
    cable = Cable()
    async with (
        node_on(cable.radio(), 0) as one,
        node_on(cable.radio(), 1),
        Node(cable.radio(), pan_id=0xBEEF, short_address=3),
    ):
        with one.pinger("ff02::1") as pinger:
            pinger.send()
            answers = [await pinger.answer() for _ in range(2)]
        assert {answer.source for answer in answers} == {SHORT[1], "fe80::ff:fe00:3"}
        assert [isinstance(each, EchoAnswer) and each.is_duplicate for each in answers] == [
            False,
            True,
        ]


async def test_hop_limits() -> None:
    cable = Cable()
    async with node_on(cable.radio(), 0) as one, node_on(cable.radio(), 1):
        await one.ping(SHORT[1], hop_limit=3)
        compressed = next(psdu for psdu in cable.on_air if len(psdu) > 20)
    assert compressed[9] & 3 == 0  # IPHC: the hop limit is in line
    assert b"\x03\x80\x00" in compressed


async def test_many_at_once_and_no_more() -> None:
    async with nodes("cable") as (one, _):
        pingers = [one.pinger(SHORT[1]) for _ in range(MOST_PINGERS)]
        assert len({pinger.identifier for pinger in pingers}) == MOST_PINGERS
        with pytest.raises(FieldOutOfRange):
            one.pinger(SHORT[1])
        for pinger in pingers:
            pinger.close()
        answers = await asyncio.gather(*(one.ping(SHORT[1]) for _ in range(30)))
        assert len(answers) == 30


async def told(pinger: Pinger, number: int, data: bytes) -> EchoAnswer | EchoFailure | None:
    """Let a reply come in; return what it is taken for."""
    reply = EchoReplied(
        parse_ipv6(SHORT[1]), parse_ipv6(SHORT[0]), pinger.identifier, number, data, 64
    )
    pinger.replied(reply)
    try:
        return await asyncio.wait_for(pinger.answer(), 0.001)
    except TimeoutError:
        return None


async def test_replies_are_told_apart() -> None:
    async with node_on(Cable().radio(RAW), 0) as one:
        with one.pinger(SHORT[1], size=4) as pinger:
            assert await told(pinger, 1, bytes(range(4))) is None  # not asked for
            pinger.send()
            altered = await told(pinger, 1, b"else")
            assert isinstance(altered, EchoAnswer)
            assert altered.is_altered
            again = await told(pinger, 1, bytes(range(4)))
            assert isinstance(again, EchoAnswer)
            assert (again.is_altered, again.is_duplicate) == (False, True)
            assert await told(pinger, 2, bytes(range(4))) is None
            assert await told(pinger, 0xFFFF, bytes(range(4))) is None


async def test_sequence_numbers_go_on_beyond_16_bits() -> None:
    async with node_on(Cable().radio(RAW), 0) as one:
        with one.pinger(SHORT[1], size=0) as pinger:
            pinger.sent = 0x1FFFE
            assert [pinger.send(), pinger.send()] == [0x1FFFF, 0x20000]
            for number in (0x1FFFF, 0x20000):
                answer = await told(pinger, number & 0xFFFF, b"")
                assert answer is not None
                assert answer.sequence_number == number


async def test_an_error_about_a_request_is_its_answer() -> None:
    async with node_on(Cable().radio(RAW), 0) as one:
        with one.pinger(SHORT[1]) as pinger:
            pinger.send()
            message = ICMPV6.encode(Icmpv6(128, 0, 0, Echo(pinger.identifier, 1, bytes(56))))
            ends = parse_ipv6(SHORT[0]) + parse_ipv6(SHORT[1])
            datagram = bytes.fromhex("6000000000403a40") + ends + message
            error = ErrorReceived(parse_ipv6("fe80::99"), 1, 1, 0, datagram)
            one._live.put([error])  # pyright: ignore[reportPrivateUsage]
            failure = await pinger.answer()
            assert isinstance(failure, EchoFailure)
            assert (failure.sequence_number, failure.source) == (1, "fe80::99")
            assert isinstance(failure.error, PermissionError)
            assert failure.received is error


@given(st.binary(max_size=80))
def test_any_octets_hold_a_request_or_none(datagram: bytes) -> None:
    echo = echo_request_in(datagram)
    assert echo is None or len(datagram) >= 48
