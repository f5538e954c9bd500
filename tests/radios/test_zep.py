import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import time_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import MalformedFrame, RadioError
from lowpan.radio import Fcs, Radio, RadioCapability, ReceivedFrame, open_radio, parse_radio_uri
from lowpan.wire.fcs import append_fcs16
from lowpan_radios.software_radio import SoftwareRadio
from lowpan_radios.zep import ZepRadio
from lowpan_radios.zep_format import (
    ZEP_V1,
    ZEP_V2,
    ZEP_V2_ACK,
    AnyZep,
    ZepV1,
    ZepV2,
    ZepV2Ack,
    decode_zep,
    microseconds_from_ntp,
    ntp_from_unix,
)
from tests.peers.zep import ZepPeer, ntp_of
from tests.radios.contract import RadioContract
from tests.radios.contract_parts import data_frame, explained, until
from tests.radios.counterpart import Counterpart

OCTET, PAIR = st.integers(0, 255), st.integers(0, 0xFFFF)


class ZepContract(RadioContract):
    line = False
    unplugged = False

    async def open(self, uri: str) -> Radio:
        radio = await super().open(uri)
        self.peer.tuned = lambda: radio.settings.channel
        return radio

    peer: ZepPeer


class TestVersion2(ZepContract):
    @pytest.fixture
    async def counterpart(self) -> AsyncGenerator[Counterpart]:
        self.peer = ZepPeer()
        yield self.peer
        self.peer.close()


class TestVersion1(ZepContract):
    @pytest.fixture
    async def counterpart(self) -> AsyncGenerator[Counterpart]:
        self.peer = ZepPeer(version=1, parameters="&version=1")
        self.peer.shows = self.peer.shows - {"radio_time_us"}
        yield self.peer
        self.peer.close()


@asynccontextmanager
async def opened(peer: ZepPeer, uri: str = "") -> AsyncGenerator[Radio]:
    try:
        async with await open_radio(uri or peer.uri) as radio:
            yield radio
    finally:
        peer.close()


# The format

VECTORS: list[tuple[str, AnyZep, str]] = [  # from the offsets of the table in Wireshark's dissector
    (
        "4558 01 1a 1234 01 ff 00000000000000 05 0200071234",
        ZepV1(26, 0x1234, 1, 255, 5),
        "0200071234",
    ),
    (
        "4558 02 01 0f 0007 00 64 00000001 80000000 0000002a 00000000000000000000 03 410188",
        ZepV2(15, 7, 0, 100, 0x1_8000_0000, 42, 3),
        "410188",
    ),
    ("4558 02 02 0000002a", ZepV2Ack(42), ""),
]


def encoded(header: AnyZep) -> bytes:
    match header:
        case ZepV1():
            return ZEP_V1.encode(header)
        case ZepV2():
            return ZEP_V2.encode(header)
        case ZepV2Ack():
            return ZEP_V2_ACK.encode(header)


@pytest.mark.parametrize(("octets", "header", "frame"), VECTORS)
def test_vector(octets: str, header: AnyZep, frame: str) -> None:
    datagram = bytes.fromhex(octets)
    assert decode_zep(datagram) == (header, bytes.fromhex(frame))
    assert encoded(header) + bytes.fromhex(frame) == datagram


@given(
    st.builds(
        ZepV2,
        channel=OCTET,
        device_id=PAIR,
        mode=OCTET,
        lqi=OCTET,
        timestamp=st.integers(0, 2**64 - 1),
        sequence=st.integers(0, 2**32 - 1),
        length=st.integers(2, 127),
        reserved=st.binary(min_size=10, max_size=10),
    )
)
def test_a_header_decodes_to_itself(header: ZepV2) -> None:
    frame = bytes(header.length)
    assert decode_zep(ZEP_V2.encode(header) + frame) == (header, frame)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"EX\x02\x01" + rest))
def test_any_datagram_decodes_or_is_malformed(datagram: bytes) -> None:
    try:
        header, frame = decode_zep(datagram)
    except MalformedFrame:
        return
    assert datagram.startswith(encoded(header) + frame)


def test_ntp_time_begins_in_1900_and_wraps_in_2036() -> None:
    assert ntp_from_unix(0) == 2_208_988_800 << 32
    assert ntp_from_unix(500_000_000) == (2_208_988_800 << 32) + (1 << 31)
    seconds_to_2036 = 2**32 - 2_208_988_800
    assert ntp_from_unix(seconds_to_2036 * 1_000_000_000) == 0


@given(st.integers(0, 2**51))
def test_microseconds_of_ntp_time_are_exact(microseconds: int) -> None:
    assert microseconds_from_ntp(ntp_of(microseconds)) == microseconds


# The radio


async def test_version_2_carries_time_and_a_count() -> None:
    peer = ZepPeer(parameters="&device=0xbeef")
    async with opened(peer) as radio:
        before = time_ns()
        await radio.transmit(data_frame(1))
        await radio.transmit(data_frame(2))
        await until(lambda: len(peer.headers) == 2)
        first, second = (struct.unpack(">2sBBBHBBQI10xB", header) for header in peer.headers)
        assert first[:7] == (b"EX", 2, 1, 11, 0xBEEF, 1, 255)
        assert (first[8], second[8]) == (1, 2)
        assert ntp_from_unix(before) <= first[7] <= second[7] <= ntp_from_unix(time_ns())


async def test_frames_of_other_channels_are_not_heard() -> None:
    peer = ZepPeer(parameters="&channel=26")
    async with opened(peer) as radio:
        assert radio.settings.channel == 26
        await peer.hear(ReceivedFrame(data_frame(1), Fcs.GOOD, channel=25))
        await peer.hear(ReceivedFrame(data_frame(2), Fcs.GOOD, channel=26))
        assert (await radio.receive()).psdu == data_frame(2)
        assert radio.statistics.filtered == 1


async def test_all_channels_are_heard_if_asked() -> None:
    peer = ZepPeer(parameters="&channel=26&all_channels=1")
    async with opened(peer) as radio:
        await peer.hear(ReceivedFrame(data_frame(1), Fcs.GOOD, channel=15))
        assert (await radio.receive()).channel == 15
        assert isinstance(radio, SoftwareRadio)
        assert radio.hears_all_channels
        await radio.configure(replace(radio.settings, promiscuous=False))
        assert not radio.hears_all_channels


async def test_it_has_no_other_channel_page() -> None:
    async with opened(ZepPeer()) as radio:
        with pytest.raises(RadioError, match="has no channel page 2"):
            await radio.configure(replace(radio.settings, page=2))
        assert radio.settings.page == 0


@pytest.mark.parametrize("correlation", [0x80 | 107, 107])
async def test_a_cc24xx_trailer_tells_strength_and_whether_the_fcs_was_good(
    correlation: int,
) -> None:
    peer = ZepPeer(parameters="&rssi_offset=-73")
    async with opened(peer) as radio:
        trailed = data_frame(1) + bytes([0xF6, correlation])
        peer.send(peer.datagram(ReceivedFrame(b"", Fcs.GOOD, lqi=9), trailed, mode=0))
        frame = await radio.receive()
        assert frame.psdu == data_frame(1)
        assert frame.fcs is (Fcs.GOOD if correlation & 0x80 else Fcs.BAD)
        assert (frame.fcs_octets, frame.rssi, frame.lqi) == (b"", -10 - 73, 9)


async def test_strength_without_an_offset_is_not_made_up() -> None:
    peer = ZepPeer()
    async with opened(peer) as radio:
        trailed = data_frame(1) + b"\xf6\xff"
        peer.send(peer.datagram(ReceivedFrame(b"", Fcs.GOOD), trailed, mode=0))
        assert (await radio.receive()).rssi is None


async def test_an_unknown_mode_leaves_the_fcs_open() -> None:
    peer = ZepPeer()
    async with opened(peer) as radio:
        trailed = append_fcs16(data_frame(1))
        peer.send(peer.datagram(ReceivedFrame(b"", Fcs.GOOD), trailed, mode=9))
        frame = await radio.receive()
        assert (frame.psdu, frame.fcs) == (data_frame(1), Fcs.ABSENT)


async def test_an_lqi_that_was_not_filled_in_is_none() -> None:
    peer = ZepPeer()
    async with opened(peer) as radio:
        await peer.hear(ReceivedFrame(data_frame(1), Fcs.GOOD, lqi=0))
        assert (await radio.receive()).lqi is None


async def test_acknowledgements_of_zep_are_no_frames_and_malformed_datagrams_are_counted() -> None:
    peer = ZepPeer()
    async with opened(peer) as radio:
        peer.send(bytes.fromhex("4558020200000001"))
        peer.send(b"")
        peer.send(b"EX\x03")
        peer.send(peer.datagram(ReceivedFrame(b"", Fcs.GOOD), append_fcs16(b"abc"))[:-1])
        await peer.hear(ReceivedFrame(data_frame(1), Fcs.GOOD))
        assert (await radio.receive()).psdu == data_frame(1)
        assert (radio.statistics.damaged, radio.statistics.frames) == (3, 1)


@given(st.data())
def test_mutated_datagrams_are_frames_or_damaged(data: st.DataObject) -> None:
    radio = ZepRadio(parse_radio_uri("zep://?all_channels=1"))
    header = ZEP_V2.encode(ZepV2(15, 7, 1, 200, 1 << 32, 1, 13))
    datagram = bytearray(header + append_fcs16(data_frame(1)))
    for _ in range(data.draw(st.integers(1, 4))):
        datagram[data.draw(st.integers(0, len(datagram) - 1))] = data.draw(OCTET)
    end = data.draw(st.integers(0, len(datagram)))
    radio.take_datagram(bytes(datagram[:end]), ("127.0.0.1", 17754), time_ns())
    statistics = radio.statistics
    is_ack = bytes(datagram[2:4]) == b"\x02\x02"
    assert statistics.damaged + statistics.frames + is_ack >= 1
    assert statistics.damaged + statistics.frames <= 1


async def test_a_port_is_learnt_from_the_first_datagram() -> None:
    peer = ZepPeer()
    async with opened(peer, f"zep://127.0.0.1?bind=127.0.0.1:{peer.radio[1]}") as radio:
        await peer.hear(ReceivedFrame(data_frame(1), Fcs.GOOD))
        await radio.receive()
        assert (await radio.transmit(data_frame(2, ack_request=True))).ack is not None
        assert peer.on_air == [(11, data_frame(2, ack_request=True))]


async def test_without_a_host_the_first_who_sends_is_the_peer() -> None:
    peer = ZepPeer()
    async with opened(peer, f"zep:?bind=127.0.0.1:{peer.radio[1]}") as radio:
        with pytest.raises(RadioError) as caught:
            await radio.transmit(data_frame(1))
        explained(caught.value, radio.uri)
        await peer.hear(ReceivedFrame(data_frame(1), Fcs.GOOD))
        await radio.receive()
        await radio.transmit(data_frame(2))
        await until(lambda: bool(peer.on_air))


async def test_strangers_are_not_heard() -> None:
    peer = ZepPeer(host="127.0.0.2")
    peer.radio = ("127.0.0.1", peer.radio[1])
    uri = f"zep://127.0.0.1:1?bind=127.0.0.1:{peer.radio[1]}"
    async with opened(peer, uri) as radio:
        await peer.hear(ReceivedFrame(data_frame(1), Fcs.GOOD))
        await until(lambda: radio.statistics.garbage > 0)
        assert radio.statistics.frames == 0


async def test_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        peer = ZepPeer(host="::1")
    except OSError:
        pytest.skip("no IPv6 loopback here")
    async with opened(peer) as radio:
        await peer.hear(ReceivedFrame(data_frame(1), Fcs.GOOD))
        assert (await radio.receive()).psdu == data_frame(1)
        assert (await radio.transmit(data_frame(2, ack_request=True))).ack is not None


async def test_a_frame_to_us_is_acknowledged() -> None:
    peer = ZepPeer()
    async with opened(peer) as radio:
        settings = replace(radio.settings, promiscuous=False, pan_id=0xABCD, short_address=2)
        await radio.configure(settings)
        await peer.hear(ReceivedFrame(data_frame(5, ack_request=True), Fcs.GOOD))
        await until(lambda: bool(peer.on_air))
        assert peer.on_air == [(11, b"\x02\x00\x05")]
        assert RadioCapability.ACKNOWLEDGE in radio.capabilities


@pytest.mark.parametrize(
    "uri",
    [
        "zep://127.0.0.1:99999",
        "zep://a/b",
        "zep://user@127.0.0.1",
        "zep://127.0.0.1?bind=127.0.0.1:x",
        "zep://127.0.0.1?channel=27",
        "zep://127.0.0.1?colour=1",
        "zep://[::1]:17754?bind=127.0.0.1:0",
        "zep://127.0.0.1?bind=203.0.113.7:0",
    ],
)
async def test_a_wrong_uri_is_refused_with_cause_and_cure(uri: str) -> None:
    with pytest.raises(RadioError) as caught:
        async with asyncio.timeout(5):
            await open_radio(uri)
    explained(caught.value, uri)
