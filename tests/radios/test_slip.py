import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import MalformedFrame, RadioError
from lowpan.radio import (
    Happening,
    Radio,
    TransmitParameters,
    TransmitStatus,
    open_radio,
    parse_radio_uri,
)
from lowpan_radios import slip
from lowpan_radios.slip import SlipRadio
from lowpan_radios.slip_framing import LONGEST_PACKET, SlipFraming, slip_encoded
from lowpan_radios.slip_messages import (
    PARAMETER_VALUE,
    RADIO_ADDRESS,
    SEND_FRAME,
    SEND_REPORT,
    Attribute,
    ParameterValue,
    RadioAddress,
    SendFrame,
    SendReport,
    decode_message,
    is_text,
    shown_text,
)
from tests.peers.slip import ADDRESS, SlipFirmware, escaped
from tests.radios.contract import RadioContract
from tests.radios.contract_parts import (
    data_frame,
    explained,
    heard_frame,
    notice_of,
    until,
)
from tests.radios.counterpart import Counterpart


class TestContiki(RadioContract):
    tells_bad_fcs = False

    @pytest.fixture
    async def counterpart(self) -> AsyncGenerator[Counterpart]:
        firmware = SlipFirmware()
        yield firmware
        firmware.close()


class TestZephyr(RadioContract):
    tells_bad_fcs = False
    awaits_ack = False

    @pytest.fixture
    async def counterpart(self) -> AsyncGenerator[Counterpart]:
        firmware = SlipFirmware(zephyr=True)
        yield firmware
        firmware.close()


@asynccontextmanager
async def opened(*, zephyr: bool = False) -> AsyncGenerator[tuple[SlipFirmware, Radio]]:
    firmware = SlipFirmware(zephyr=zephyr)
    try:
        async with await open_radio(firmware.uri) as radio:
            yield firmware, radio
    finally:
        firmware.close()


# Framing

PACKETS = st.lists(st.binary(min_size=1, max_size=40))
NOISE = st.lists(
    st.sampled_from([b"\xc0", b"\xdb", b"\xdc", b"\xdd", b"\xdb\xdc", b"a", bytes(1500)])
).map(b"".join)


@given(PACKETS)
def test_packets_come_back(packets: list[bytes]) -> None:
    framing = SlipFraming()
    assert framing.feed(b"".join(map(slip_encoded, packets))) == packets
    assert (framing.garbage, framing.damaged) == (0, 0)


@given(st.binary(max_size=200))
def test_octets_are_escaped_as_rfc_1055_says(packet: bytes) -> None:
    assert slip_encoded(packet) == b"\xc0" + escaped(packet) + b"\xc0"


@given(NOISE | st.binary(), st.lists(st.integers(1, 4000)))
def test_blocks_make_no_difference(octets: bytes, sizes: list[int]) -> None:
    whole, parted = SlipFraming(), SlipFraming()
    packets = list[bytes]()
    rest = octets
    for size in sizes:
        packets += parted.feed(rest[:size])
        rest = rest[size:]
    packets += parted.feed(rest)
    assert packets == whole.feed(octets)
    assert (parted.garbage, parted.damaged) == (whole.garbage, whole.damaged)


def test_an_endless_packet_is_garbage_and_kept_nowhere() -> None:
    framing = SlipFraming()
    for _ in range(100):
        assert framing.feed(bytes(1000)) == []
    assert framing.garbage == 100_000
    assert framing.feed(b"\xc0abc\xc0") == [b"abc"]


def test_the_longest_packet_is_one() -> None:
    framing = SlipFraming()
    assert framing.feed(bytes(LONGEST_PACKET) + b"\xc0") == [bytes(LONGEST_PACKET)]
    assert framing.feed(bytes(LONGEST_PACKET + 1) + b"\xc0") == []
    assert framing.garbage == LONGEST_PACKET + 1


@pytest.mark.parametrize("wrong", [b"a\xdb", b"\xdb\xdb\xdc", b"\xdba\xdb\xdd"])
def test_a_wrong_escape_costs_its_packet(wrong: bytes) -> None:
    framing = SlipFraming()
    assert framing.feed(b"\xc0" + wrong + b"\xc0ok\xc0") == [b"ok"]
    assert framing.damaged == 1


# Messages

VECTORS = [  # from the table of Contiki-NG's slip-radio
    (SEND_REPORT.encode(SendReport(7, 2, 4)), "215207 02 04"),
    (PARAMETER_VALUE.encode(ParameterValue(1, 26)), "2156 0001 001a"),
    (RADIO_ADDRESS.encode(RadioAddress(ADDRESS)), "214d 00124b000a0b0c0d"),
    (SEND_FRAME.encode(SendFrame(7, 1, (Attribute(5, 4),), b"abc")), "2153 07 01 050004 616263"),
]


@pytest.mark.parametrize(("octets", "wanted"), VECTORS)
def test_vector(octets: bytes, wanted: str) -> None:
    assert octets == bytes.fromhex(wanted)


@given(
    st.binary(max_size=12)
    | st.sampled_from([b"!R", b"!V", b"!M"]).flatmap(
        lambda mark: st.binary(max_size=10).map(lambda rest: mark + rest)
    )
)
def test_any_packet_is_a_message_or_none_or_malformed(packet: bytes) -> None:
    try:
        message = decode_message(packet)
    except MalformedFrame:
        return
    match message:
        case SendReport():
            assert packet.startswith(SEND_REPORT.encode(message))
        case ParameterValue():
            assert packet.startswith(PARAMETER_VALUE.encode(message))
        case RadioAddress():
            assert packet.startswith(RADIO_ADDRESS.encode(message))
        case None:
            assert packet[:2] not in (b"!R", b"!V", b"!M")


@pytest.mark.parametrize("frame", ["020007", "03082affffffff07", data_frame(1).hex(), "40d8aa"])
def test_frames_are_no_text(frame: str) -> None:
    assert not is_text(bytes.fromhex(frame))


@pytest.mark.parametrize("text", [b"\rradio: \xc3\xa4\n", b"EUnknown command", b"Booting\r\n"])
def test_text_is_text(text: bytes) -> None:
    assert is_text(text)


def test_text_cannot_write_to_a_terminal_what_it_likes() -> None:
    assert shown_text(b"\r\x1b[2Jboo\x07\xff\n") == "[2Jboo \ufffd"


# The radio


async def test_it_says_who_it_is() -> None:
    async with opened() as (_, radio):
        assert radio.description == "Contiki slip-radio, address 00:12:4b:00:0a:0b:0c:0d"
        assert radio.settings.extended_address == ADDRESS


async def test_promiscuous_turns_the_filter_of_the_radio_off_and_on() -> None:
    async with opened() as (firmware, radio):
        assert firmware.values[4] == 0
        settings = replace(
            radio.settings,
            promiscuous=False,
            pan_id=0xFACE,
            short_address=0xFFFE,
            transmit_power=-7,
        )
        await radio.configure(settings)
        assert firmware.values == {1: 11, 2: 0xFACE, 3: 0xFFFE, 4: 3, 6: 0x10000 - 7}


async def test_another_extended_address_is_refused() -> None:
    async with opened() as (_, radio):
        before = radio.settings
        with pytest.raises(RadioError) as caught:
            await radio.configure(replace(before, promiscuous=False, extended_address=bytes(8)))
        explained(caught.value, radio.uri)
        assert radio.settings == before


async def test_a_setting_that_was_lost_is_set_again() -> None:
    async with opened() as (firmware, radio):
        firmware.lazy = 1
        await radio.configure(replace(radio.settings, channel=20))
        assert firmware.channel == 20


async def test_a_setting_that_does_not_hold_is_an_error() -> None:
    async with opened() as (firmware, radio):
        firmware.lazy = 100
        with pytest.raises(RadioError, match="channel set to 20, it says 11") as caught:
            await radio.configure(replace(radio.settings, channel=20))
        explained(caught.value, radio.uri)


STATUSES = [
    (1, TransmitStatus.CHANNEL_ACCESS_FAILURE, "collision"),
    (2, TransmitStatus.NO_ACK, "no ack"),
    (6, TransmitStatus.ABORTED, "queue full"),
    (77, TransmitStatus.ABORTED, "status 77"),
]


@pytest.mark.parametrize(("status", "outcome", "reason"), STATUSES)
async def test_the_report_tells_the_outcome(
    status: int, outcome: TransmitStatus, reason: str
) -> None:
    async with opened() as (firmware, radio):
        firmware.status = status
        told = await radio.transmit(data_frame(1))
        assert (told.status, told.reason) == (outcome, reason)


async def test_retries_are_told_to_the_radio() -> None:
    async with opened() as (firmware, radio):
        firmware.deaf = True
        parameters = TransmitParameters(max_frame_retries=1)
        outcome = await radio.transmit(data_frame(1, ack_request=True), parameters)
        assert (outcome.status, outcome.transmissions) == (TransmitStatus.NO_ACK, 2)
        assert firmware.attributes == [[(5, 2)]]


async def test_a_frame_on_another_channel() -> None:
    async with opened() as (firmware, radio):
        await radio.transmit(data_frame(1), TransmitParameters(channel=25))
        assert firmware.on_air == [(25, data_frame(1))]
        assert firmware.channel == radio.settings.channel == 11


async def test_text_among_frames_is_told_and_no_frame() -> None:
    async with opened() as (firmware, radio):
        firmware.chatty = True
        await radio.configure(replace(radio.settings, channel=20))
        await firmware.hear(heard_frame(1, 20))
        texts = [(await notice_of(radio, Happening.SAID)).text for _ in range(2)]
        assert texts == ["radio: setting param 1", "radio: setting param 4"]
        async with asyncio.timeout(5):
            assert (await radio.receive()).psdu == data_frame(1)
        assert radio.statistics.frames == 1


async def test_stale_and_doubled_answers_do_no_harm() -> None:
    async with opened() as (firmware, radio):
        for stale in ("215207 00 01", "2156 0001 000f", "214d 0000000000000000", "2152"):
            firmware.say(bytes.fromhex(stale))
        outcome = await radio.transmit(data_frame(1))
        assert outcome.status is TransmitStatus.SUCCESS
        await until(lambda: radio.statistics.damaged == 1)


async def test_a_firmware_that_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slip, "ANSWER_TIMEOUT", 0.02)
    monkeypatch.setattr(slip, "REPORT_TIMEOUT", 0.02)
    async with opened() as (firmware, radio):
        firmware.mute = True
        for call in (
            radio.transmit(data_frame(1)),
            radio.configure(replace(radio.settings, channel=20)),
        ):
            with pytest.raises(RadioError) as caught:
                await call
            explained(caught.value, radio.uri)
        assert radio.settings.channel == 11
        await radio.close()
        with pytest.raises(RadioError) as caught:
            await open_radio(firmware.uri)
        explained(caught.value, firmware.uri)


async def test_zephyrs_variant_is_tuned_without_read_back_and_says_what_failed() -> None:
    async with opened(zephyr=True) as (firmware, radio):
        assert firmware.channel == 11
        assert radio.description.startswith("Zephyr")
        firmware.status = 0xFB
        outcome = await radio.transmit(data_frame(1))
        assert (outcome.status, outcome.reason) == (TransmitStatus.ABORTED, "driver status 251")
        with pytest.raises(RadioError) as caught:
            await radio.configure(replace(radio.settings, promiscuous=False))
        explained(caught.value, radio.uri)


class Fed(SlipRadio):
    """A radio that is given octets without a line."""

    def feed(self, octets: bytes) -> None:
        self._heard(octets)


@given(st.lists(st.binary(max_size=40) | st.just(b"\xc0")))
def test_no_octets_break_it(blocks: list[bytes]) -> None:
    for uri in ("slip:/dev/null", "slip:/dev/null?lqi=1"):
        radio = Fed(parse_radio_uri(uri))
        for block in blocks:
            radio.feed(block)
        statistics = radio.statistics
        assert statistics.garbage <= sum(map(len, blocks))
        assert statistics.frames == 0
