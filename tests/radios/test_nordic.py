"""The nRF 802.15.4 sniffer: its lines, its shells, and the driver's contract."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan import RadioError
from lowpan.radio import Fcs, RadioSettings, open_radio
from lowpan.wire.fcs import append_fcs16
from lowpan_radios.nordic_text import LONGEST_LINE, SniffedLine, SnifferText
from tests.peers.nordic import OLD, ZEPHYR, NordicFirmware, NordicSniffer
from tests.radios.contract import RadioContract
from tests.radios.contract_parts import (
    data_frame,
    frames_of,
    hear_all,
    heard_frame,
    until,
)


class TestNordic(RadioContract):
    tells_bad_fcs = False
    transmits = False

    @pytest.fixture
    async def counterpart(self) -> AsyncIterator[NordicSniffer]:
        async with NordicSniffer() as sniffer:
            yield sniffer


# Lines

LINE = b"received: 0200072b66 power: -61 lqi: 220 time: 1000\r\n"
HEARD = SniffedLine(bytes.fromhex("020007"), Fcs.ABSENT, b"", -61, 220, 1000)


def taken(text: bytes, *, size: int = 0) -> tuple[list[SniffedLine], int]:
    """Return the frames of `text`, taken in blocks of `size`, and the count of damaged lines."""
    sniffer = SnifferText()
    size = size or max(1, len(text))
    blocks = [text[at : at + size] for at in range(0, len(text), size)]
    return [line for block in blocks for line in sniffer.take(block)], sniffer.damaged


def test_a_line_is_a_frame() -> None:
    assert taken(LINE) == ([HEARD], 0)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (b"received", b"psdu", {"psdu": bytes.fromhex("0200072b66")}),
        (b"time: 1000", b"time: -1", {"time": 0xFFFF_FFFF}),
        (b"time: 1000", b"time: 4294967297", {"time": 1}),
        (b"power: -61", b"power: -32768", {"power": None}),
        (b"\r\n", b"\n", {}),
        (b"\r\n", b" crc: 0x2b66 crcstatus: 1\r\n", {}),
        (b"received", b"\x1b[8D\x1b[Jreceived", {}),
        (b"received", b"received: 41880received", {}),
    ],
)
def test_firmwares_print_it_in_several_ways(
    before: bytes, after: bytes, changes: dict[str, object]
) -> None:
    assert taken(LINE.replace(before, after)) == ([replace(HEARD, **changes)], 0)  # type: ignore[arg-type]


def test_an_fcs_that_is_left_in_its_place_is_good() -> None:
    octets = append_fcs16(bytes.fromhex("020007"))
    ((line,), _) = taken(LINE.replace(b"0200072b66", octets.hex().encode()))
    assert (line.psdu, line.fcs, line.fcs_octets) == (octets[:3], Fcs.GOOD, octets[3:])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"0200072b66", b"0200072b6"),
        (b"0200072b66", b"02" * 128),
        (b"0200072b66", b"02"),
        (b"lqi: 220", b"lqi: 256"),
        (b"lqi: 220", b"lqi: -1"),
    ],
)
def test_a_line_that_cannot_be_a_frame_is_damaged(before: bytes, after: bytes) -> None:
    assert taken(LINE.replace(before, after) + LINE) == ([HEARD], 1)


@pytest.mark.parametrize("said", [b"uart:~$ sleep\r\n", b"\x1b[1;32muart:~$ \x1b[m\r\n", b"20\r\n"])
def test_what_the_shell_says_is_no_garbage(said: bytes) -> None:
    sniffer = SnifferText()
    assert sniffer.take(said + LINE) == [HEARD]
    assert sniffer.garbage == 0
    sniffer.take(b"<err> radio: gone\n")
    assert sniffer.garbage == 17


def mutated(at: int, octets: bytes) -> bytes:
    """Return the line with other octets at one place; without any, cut there."""
    return LINE[:at] + octets + (LINE[at + len(octets) :] if octets else b"")


TEXTS = st.lists(
    st.one_of(
        st.just(LINE),
        st.just(LINE.replace(b"received", b"psdu")),
        st.builds(mutated, st.integers(0, len(LINE) - 1), st.binary(max_size=3)),
        st.binary(max_size=80),
        st.sampled_from([b"received: " + b"4" * 700, b"x" * 3000, b"\n"]),
    ),
    max_size=8,
).map(b"".join)


@given(TEXTS, st.integers(1, 64))
def test_blocks_of_any_size_give_the_same(text: bytes, size: int) -> None:
    assert taken(text, size=size) == taken(text)


@given(TEXTS)
def test_after_anything_the_second_line_is_heard(text: bytes) -> None:
    assert taken(text + b"\n" + LINE)[0][-1] == HEARD


def test_a_line_without_end_is_not_kept() -> None:
    sniffer = SnifferText()
    for _ in range(100):
        assert sniffer.take(b"received: " + b"41" * 500) == []
    assert sniffer.garbage == 100 * 1010 - LONGEST_LINE


# The driver

FRAME = heard_frame(1, 11)


@pytest.mark.parametrize("firmware", [OLD, ZEPHYR], ids=["old", "zephyr"])
async def test_every_firmware_is_heard_and_tuned(firmware: NordicFirmware) -> None:
    async with (
        NordicSniffer(firmware) as sniffer,
        await open_radio(sniffer.uri, RadioSettings(channel=26)) as radio,
    ):
        assert sniffer.channel == 26
        await radio.configure(RadioSettings(channel=12))
        assert sniffer.channel == 12
        assert ("cannot tell its channel" in radio.description) is (firmware is OLD)
        await hear_all(sniffer, [FRAME, replace(FRAME, rssi=None)])
        first, second = await frames_of(radio, 2)
        assert (first.psdu, first.fcs, first.channel) == (data_frame(1), Fcs.ABSENT, 12)
        assert (first.rssi, second.rssi) == (FRAME.rssi, None)
        assert radio.statistics.garbage == 0


async def test_the_clock_is_unwrapped_over_the_sign_and_over_zero() -> None:
    times = [0x7FFF_FF00, 0x8000_0100, 0xFFFF_FF00, 0x1_0000_0100]
    async with NordicSniffer() as sniffer, await open_radio(sniffer.uri) as radio:
        await hear_all(sniffer, [replace(FRAME, radio_time_us=time) for time in times])
        heard = [frame.radio_time_us or 0 for frame in await frames_of(radio, 4)]
        assert [later - heard[0] for later in heard] == [time - times[0] for time in times]


async def test_a_firmware_on_another_channel_than_told_is_refused() -> None:
    async with NordicSniffer(NordicFirmware(stuck_on=20)) as sniffer:
        with pytest.raises(RadioError, match="is on channel 20 when told 11") as caught:
            await open_radio(sniffer.uri)
        assert caught.value.cure


@pytest.mark.parametrize(
    ("firmware", "cause"),
    [
        (NordicFirmware(silent=True), "nothing answered"),
        (NordicFirmware(prompt="", text={"sleep": "\x7e\x80\x06\x7e" * 2000}), "4096 octets, but"),
    ],
)
async def test_another_firmware_is_not_taken_for_a_sniffer(
    monkeypatch: pytest.MonkeyPatch, firmware: NordicFirmware, cause: str
) -> None:
    monkeypatch.setattr("lowpan_radios.nordic.SHELL_SECONDS", 0.2)
    async with NordicSniffer(firmware) as sniffer:
        with pytest.raises(RadioError, match=cause) as caught:
            await open_radio(sniffer.uri)
        assert "flash nRF Sniffer" in caught.value.cure


async def test_it_sleeps_when_it_is_closed() -> None:
    async with NordicSniffer() as sniffer:
        async with await open_radio(sniffer.uri):
            await until(lambda: sniffer.commands[-1] == "receive")
        await until(lambda: sniffer.commands[-1] == "sleep")


async def test_closing_while_it_tunes_ends_the_tuning() -> None:
    firmware = NordicFirmware()
    async with NordicSniffer(firmware) as sniffer:
        radio = await open_radio(sniffer.uri)
        firmware.silent = True
        tuning = asyncio.create_task(radio.configure(RadioSettings(channel=20)))
        await until(lambda: "channel 20" in sniffer.commands)
        await radio.close()
        with pytest.raises(RadioError, match="closed"):
            await tuning


@pytest.mark.parametrize("settings", [RadioSettings(page=2), RadioSettings(promiscuous=False)])
async def test_what_a_sniffer_cannot_be_is_refused(settings: RadioSettings) -> None:
    async with NordicSniffer() as sniffer, await open_radio(sniffer.uri) as radio:
        with pytest.raises(RadioError, match="nordic:") as caught:
            await radio.configure(settings)
        assert caught.value.cure


async def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(RadioError, match="no parameter chanel"):
        await open_radio("nordic:/dev/null?chanel=15")
