import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import time_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import RadioError
from lowpan.mesh.discovery import discovery_request
from lowpan.radio import Fcs, Radio, ReceivedFrame, open_radio, parse_radio_uri
from lowpan.wire.fcs import append_fcs16
from lowpan.wire.ieee802154 import Frame, decode_frame
from lowpan_radios.openthread_air import OpenThreadAir
from tests.peers.openthread_air import LOOPBACK, AirPeer
from tests.peers.openthread_cli import NO_OT_CLI, OT_CLI, leader
from tests.radios.contract import RadioContract
from tests.radios.contract_parts import (
    data_frame,
    explained,
    frames_of,
    until,
)
from tests.radios.counterpart import Counterpart


class TestOpenThreadAir(RadioContract):
    line = False
    unplugged = False

    peer: AirPeer

    @pytest.fixture
    async def counterpart(self) -> AsyncGenerator[Counterpart]:
        self.peer = AirPeer()
        yield self.peer
        self.peer.close()

    async def open(self, uri: str) -> Radio:
        radio = await super().open(uri)
        self.peer.tuned = lambda: radio.settings.channel
        return radio


@asynccontextmanager
async def on_air() -> AsyncGenerator[tuple[AirPeer, Radio]]:
    peer = AirPeer()
    try:
        async with await open_radio(peer.uri) as radio:
            yield peer, radio
    finally:
        peer.close()


async def test_two_radios_hear_each_other_and_not_themselves() -> None:
    async with on_air() as (peer, alice), await open_radio(peer.beside) as bob:
        peer.deaf = True
        await alice.transmit(data_frame(1))
        await bob.transmit(data_frame(2))
        assert [frame.psdu for frame in await frames_of(bob, 1)] == [data_frame(1)]
        assert [frame.psdu for frame in await frames_of(alice, 1)] == [data_frame(2)]
        assert alice.statistics.frames == bob.statistics.frames == 1


async def test_one_acknowledges_what_the_other_sends() -> None:
    async with on_air() as (peer, alice), await open_radio(peer.beside) as bob:
        peer.deaf = True
        settings = replace(bob.settings, promiscuous=False, pan_id=0xABCD, short_address=2)
        await bob.configure(settings)
        outcome = await alice.transmit(data_frame(7, ack_request=True))
        assert outcome.ack is not None
        assert (outcome.ack.psdu, outcome.transmissions) == (b"\x02\x00\x07", 1)


async def test_frames_of_other_channels_are_not_heard() -> None:
    async with on_air() as (peer, radio):
        await peer.hear(ReceivedFrame(data_frame(1), Fcs.GOOD, channel=12))
        await peer.hear(ReceivedFrame(data_frame(2), Fcs.GOOD, channel=11))
        assert [frame.psdu for frame in await frames_of(radio, 1)] == [data_frame(2)]
        assert radio.statistics.filtered == 1


async def test_all_channels_are_heard_if_asked() -> None:
    async with on_air() as (peer, _), await open_radio(f"{peer.beside}&all_channels=1") as radio:
        await peer.hear(ReceivedFrame(data_frame(1), Fcs.GOOD, channel=12))
        assert (await radio.receive()).channel == 12
        assert isinstance(radio, OpenThreadAir)
        assert radio.hears_all_channels


async def test_it_has_no_other_channel_page() -> None:
    async with on_air() as (_, radio):
        with pytest.raises(RadioError, match="has no channel page 3"):
            await radio.configure(replace(radio.settings, page=3))
        assert radio.settings.page == 0


async def test_datagrams_without_a_frame_are_counted() -> None:
    async with on_air() as (peer, radio):
        peer.send(b"")
        peer.send(b"\x0b\x01")
        await until(lambda: radio.statistics.damaged == 2)


@given(st.binary(max_size=140))
def test_any_datagram_is_a_frame_or_damaged(datagram: bytes) -> None:
    radio = OpenThreadAir(parse_radio_uri("openthread-air://"))
    radio.take_datagram(datagram, (LOOPBACK, 9001), time_ns())
    statistics = radio.statistics
    assert statistics.damaged + statistics.frames + statistics.filtered == 1
    assert statistics.damaged == (len(datagram) < 3)


async def test_the_node_is_its_source_port() -> None:
    radio = OpenThreadAir(parse_radio_uri("openthread-air://?port_offset=2&node=5"))
    radio.take_datagram(b"\x0b" + append_fcs16(data_frame(1)), (LOOPBACK, 9000 + 2 * 34 + 5), 1)
    assert radio.statistics.octets == 0
    radio.take_datagram(b"\x0b" + append_fcs16(data_frame(1)), (LOOPBACK, 9000 + 2 * 34 + 6), 1)
    assert radio.statistics.frames == 1


@pytest.mark.parametrize(
    "uri",
    [
        "openthread-air://?node=0",
        "openthread-air://?node=34",
        "openthread-air://?port_offset=1662",
        "openthread-air://elsewhere",
        "openthread-air://?ack_wait_us=2001",
        "openthread-air://?ack_timeout_ms=never",
    ],
)
async def test_a_wrong_uri_is_refused_with_cause_and_cure(uri: str) -> None:
    with pytest.raises(RadioError) as caught:
        await open_radio(uri)
    explained(caught.value, uri)


# Beside a real one


@pytest.mark.skipif(not OT_CLI, reason=NO_OT_CLI)
async def test_beside_an_unmodified_openthread_node(tmp_path: Path) -> None:
    async with (
        leader(tmp_path, "panid 0xabcd") as (node, uri, _),
        await open_radio(uri) as radio,
    ):
        us = bytes.fromhex("0200000000001234")
        settings = replace(radio.settings, channel=15, promiscuous=False, pan_id=0x1111)
        await radio.configure(replace(settings, extended_address=us))

        extended = bytes.fromhex((await node.ask("extaddr"))[0])
        outcome = await radio.transmit(directed(extended, 7))
        assert outcome.ack is not None
        assert outcome.ack.psdu[2] == 7

        await radio.transmit(discovery_request(us, 0x1111, 8))
        async with asyncio.timeout(10):
            answer = await radio.receive()
        frame = decode_frame(answer.psdu)
        assert isinstance(frame, Frame)
        assert (frame.source, frame.destination) == (extended, us)
        assert frame.control.acknowledgment_request
        async with asyncio.timeout(10):
            while "TxAcked: 1" not in await node.ask("counters mac"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


def directed(extended: bytes, number: int) -> bytes:
    """Return a data frame in PAN 0xabcd to `extended` that asks for an acknowledgement."""
    return (
        bytes.fromhex("618c")
        + bytes([number])
        + bytes.fromhex("cdab")
        + extended[::-1]
        + b"\x01\x00"
    )
