"""sensniff: its messages, old and new, among printed text; the driver's contract."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan import RadioError
from lowpan.radio import Fcs, Happening, RadioCapability, RadioSettings, open_radio
from lowpan_radios.sensniff_format import (
    LONGEST_PAYLOAD,
    LONGEST_TEXT,
    MAGIC,
    SNIFFED_FRAME,
    Command,
    SensniffMessage,
    SensniffStream,
    SniffedFrame,
    encode_question,
    encode_reply,
)
from tests.peers.sensniff import SensniffFirmware, SensniffSniffer
from tests.radios.contract import RadioContract
from tests.radios.contract_parts import (
    data_frame,
    frames_of,
    hear_all,
    heard_frame,
    notice_of,
    until,
)


class TestSensniff(RadioContract):
    transmits = False

    @pytest.fixture
    async def counterpart(self) -> AsyncIterator[SensniffSniffer]:
        async with SensniffSniffer() as sniffer:
            yield sniffer


class TestLegacySensniff(RadioContract):
    transmits = False
    tunes = False

    @pytest.fixture
    async def counterpart(self) -> AsyncIterator[SensniffSniffer]:
        async with SensniffSniffer(SensniffFirmware(legacy=True)) as sniffer:
            yield sniffer


# Messages

FRAME = SensniffMessage(Command.FRAME, bytes.fromhex("020007c3e4"))
CHANNEL = SensniffMessage(Command.CHANNEL, b"\x0f")
LEGACY = replace(FRAME, legacy=True)

REPLIES = {  # by hand, from sensniff.c and sensniff.py
    "c1 1f fe 72 02 00 00 05 02 00 07 c3 e4": FRAME,
    "c1 1f fe 72 02 01 00 01 0f": CHANNEL,
    "c1 1f fe 72 02 7f 00 00": SensniffMessage(Command.NOT_SUPPORTED, b""),
    "53 6e 69 66 05 02 00 07 c3 e4": LEGACY,
}


@pytest.mark.parametrize(("octets", "message"), REPLIES.items())
def test_a_reply_is_read_and_written(octets: str, message: SensniffMessage) -> None:
    assert encode_reply(message) == bytes.fromhex(octets)
    assert SensniffStream().take(bytes.fromhex(octets)) == [message]


def test_the_magic_does_not_tell_the_version_but_the_octet_behind_it_does() -> None:
    assert SensniffStream().take(MAGIC + b"\x05" + FRAME.payload) == [LEGACY]
    assert SensniffStream().take(b"Snif\x02\x01\x00\x01\x0f") == [CHANNEL]


def test_questions_have_no_length_unless_they_have_a_payload() -> None:
    assert encode_question(Command.GET_CHANNEL).hex(" ") == "c1 1f fe 72 02 81"
    asked = encode_question(Command.SET_CHANNEL, b"\x0f")
    assert asked.hex(" ") == "c1 1f fe 72 02 84 00 01 0f"


def test_a_frame_ends_in_what_the_chip_puts_in_place_of_its_fcs() -> None:
    frame = SNIFFED_FRAME.decode(FRAME.payload)
    assert frame == SniffedFrame(b"\x02\x00\x07", -61, 0xE4)
    assert (frame.fcs_good, frame.lqi) == (True, 100)
    assert SNIFFED_FRAME.encode(frame) == FRAME.payload
    assert not SniffedFrame(b"", 0, 0x64).fcs_good


OCTETS = encode_reply(FRAME)


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (b"Contiki-NG\r\nchannel 15\n" + OCTETS, ["Contiki-NG", "channel 15", FRAME]),
        (b"no end" + OCTETS + b"\n" + OCTETS, ["no end", FRAME, FRAME]),
        (b"Sniffer on channel 15\n" + OCTETS, ["Sniffer on channel 15", FRAME]),
        (b"\xc1\x1f" + OCTETS, [FRAME]),
        (MAGIC + b"\x80" + OCTETS, [FRAME]),
        (MAGIC + b"\x00" + OCTETS, [FRAME]),
        (MAGIC + b"\x02\x55\x00\x05" + OCTETS, [FRAME]),
        (MAGIC + b"\x02\x00\xff\xff" + OCTETS, [FRAME]),
        (MAGIC + b"\x02\x00" + OCTETS, [FRAME]),
        (b"x" * 600 + b"\n", ["x" * LONGEST_TEXT, "x" * LONGEST_TEXT, "x" * 88]),
    ],
)
def test_messages_are_found_among_anything(
    octets: bytes, found: list[SensniffMessage | str]
) -> None:
    assert SensniffStream().take(octets) == found


def test_what_is_no_text_is_garbage() -> None:
    stream = SensniffStream()
    assert stream.take(b"\x00\xff\x00\n" + OCTETS) == [FRAME]
    assert stream.garbage == 3


def test_a_message_without_end_is_given_up() -> None:
    stream = SensniffStream()
    assert stream.take(MAGIC + b"\x02\x00\x00\x40\x41\x88" + OCTETS) == []
    assert stream.waits
    assert stream.give_up() == [FRAME]
    assert stream.give_up() == []


MESSAGES = st.one_of(
    st.builds(
        SensniffMessage,
        st.sampled_from([0, 1, 2, 3, 0x7F]),
        st.binary(max_size=LONGEST_PAYLOAD),
    ),
    st.builds(
        SensniffMessage,
        st.just(0),
        st.one_of(st.binary(min_size=1, max_size=1), st.binary(min_size=3, max_size=101)),
        st.just(True),
    ),
)
STREAMS = st.lists(
    st.one_of(
        MESSAGES.map(encode_reply),
        MESSAGES.map(lambda message: encode_reply(message)[: len(message.payload)]),
        st.binary(max_size=30),
        st.sampled_from(
            [MAGIC, MAGIC[:3], b"Snif", b"Sniff", b"Sniffer 1.0\r\n", b"\n", b"y" * 500]
        ),
    ),
    max_size=8,
).map(b"".join)


@given(MESSAGES)
def test_a_message_comes_back(message: SensniffMessage) -> None:
    assert SensniffStream().take(encode_reply(message)) == [message]


@given(STREAMS, st.integers(1, 40))
def test_blocks_of_any_size_give_the_same(octets: bytes, size: int) -> None:
    whole, parts = SensniffStream(), SensniffStream()
    found = [
        one for at in range(0, len(octets), size) for one in parts.take(octets[at : at + size])
    ]
    assert found == whole.take(octets)
    assert parts.garbage == whole.garbage


@given(STREAMS)
def test_frames_are_heard_again_after_anything(octets: bytes) -> None:
    assert SensniffStream().take(octets + OCTETS * 60)[-1] == FRAME


# The driver

HEARD = heard_frame(1, 11)


@pytest.mark.parametrize(
    ("firmware", "channels"),
    [
        (SensniffFirmware(supports_limits=False), range(11, 27)),
        (SensniffFirmware(channels=range(34)), range(34)),
        (SensniffFirmware(channels=range(1, 11)), range(1, 11)),
        (SensniffFirmware(ignores_first=1), range(11, 27)),
        (SensniffFirmware(stale=encode_reply(CHANNEL)), range(11, 27)),
    ],
    ids=["no limits", "sub-GHz", "915 MHz", "deaf at first", "stale answers"],
)
async def test_every_firmware_is_heard_and_tuned(
    monkeypatch: pytest.MonkeyPatch, firmware: SensniffFirmware, channels: range
) -> None:
    monkeypatch.setattr("lowpan_radios.sensniff.ANSWER_SECONDS", 0.2)
    async with SensniffSniffer(firmware) as sniffer, await open_radio(sniffer.uri) as radio:
        assert radio.channels == tuple(channels)
        assert radio.settings.channel == (11 if 11 in channels else channels[-1])
        await radio.configure(replace(radio.settings, channel=channels[2]))
        assert sniffer.channel == channels[2]
        await hear_all(sniffer, [HEARD])
        (frame,) = await frames_of(radio, 1)
        assert (frame.psdu, frame.rssi, frame.lqi) == (data_frame(1), HEARD.rssi, HEARD.lqi)
        assert (frame.channel, frame.fcs) == (channels[2], Fcs.GOOD)


async def test_the_rssi_of_raw_chips_is_only_told_with_their_offset() -> None:
    async with (
        SensniffSniffer(SensniffFirmware(legacy=True)) as sniffer,
        await open_radio(f"{sniffer.uri}&rssi_offset=-73") as radio,
    ):
        assert RadioCapability.RSSI in radio.capabilities
        await hear_all(sniffer, [replace(HEARD, rssi=12)])
        assert (await frames_of(radio, 1))[0].rssi == -61


async def test_a_legacy_firmware_that_talks_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lowpan_radios.sensniff.ANSWER_SECONDS", 0.1)
    async with SensniffSniffer(SensniffFirmware(legacy=True)) as sniffer:
        opening = asyncio.create_task(open_radio(sniffer.uri.partition("?")[0]))
        await until(lambda: sniffer.questions > 0)
        await hear_all(sniffer, [HEARD])
        async with await opening as radio:
            assert "legacy" in radio.description
            assert (await frames_of(radio, 1))[0].psdu == data_frame(1)


@pytest.mark.parametrize(
    ("firmware", "cause"),
    [
        (SensniffFirmware(silent=True), "nobody answers as sensniff"),
        (SensniffFirmware(stuck_on=20), "is on channel 20 when told 11"),
    ],
)
async def test_what_does_not_do_as_told_is_refused(
    monkeypatch: pytest.MonkeyPatch, firmware: SensniffFirmware, cause: str
) -> None:
    monkeypatch.setattr("lowpan_radios.sensniff.ANSWER_SECONDS", 0.1)
    async with SensniffSniffer(firmware) as sniffer:
        with pytest.raises(RadioError, match=cause) as caught:
            await open_radio(sniffer.uri)
        assert caught.value.cure


async def test_a_firmware_that_refuses_or_falls_silent_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lowpan_radios.sensniff.ANSWER_SECONDS", 0.1)
    firmware = SensniffFirmware()
    async with SensniffSniffer(firmware) as sniffer, await open_radio(sniffer.uri) as radio:
        firmware.channels = range(11, 12)
        with pytest.raises(RadioError, match="refuses channel 20"):
            await radio.configure(RadioSettings(channel=20))
        firmware.silent = True
        with pytest.raises(RadioError, match="does not answer any more"):
            await radio.configure(RadioSettings(channel=20))
        assert radio.settings.channel == 11


async def test_text_is_said_and_a_frame_too_short_is_damaged() -> None:
    async with SensniffSniffer() as sniffer, await open_radio(sniffer.uri) as radio:
        await sniffer.garbage(encode_reply(SensniffMessage(Command.FRAME, b"\x01")))
        await sniffer.garbage(b"rf: rx timeout\r\n")
        assert (await notice_of(radio, Happening.SAID)).text == "rf: rx timeout"
        assert radio.statistics.damaged == 1


async def test_after_a_pause_half_a_message_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lowpan_radios.sensniff.PAUSE", -1.0)  # any time is a pause
    async with SensniffSniffer() as sniffer, await open_radio(sniffer.uri) as radio:
        octets = radio.statistics.octets
        await sniffer.half_a_message()
        await until(lambda: radio.statistics.octets > octets)
        await hear_all(sniffer, [HEARD])
        assert (await frames_of(radio, 1))[0].psdu == data_frame(1)
