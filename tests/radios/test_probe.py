"""Probing: who is there is recognised, nobody is harmed, no held port is touched."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import RadioError
from lowpan.radio import RadioCapability, open_radio
from lowpan_radios import probe as probing
from lowpan_radios.hdlc import hdlc_encode
from lowpan_radios.probe import TRIED, probe
from lowpan_radios.probe_answers import (
    ANSWERS,
    SENSNIFF,
    SLIP,
    SPINEL,
    TI,
    Question,
    recognised,
)
from tests.peers.nordic import NordicSniffer
from tests.peers.pty import Pty
from tests.peers.rcp import rcp_on_pty, rcp_on_tcp
from tests.peers.sensniff import SensniffSniffer
from tests.peers.slip import SlipFirmware
from tests.peers.ti import TiSniffer
from tests.radios.contract_parts import open_descriptors

QUESTIONS = (SPINEL, SENSNIFF, TI, SLIP)

ANSWERED = {
    "spinel": hdlc_encode(b"\x81\x06\x01\x04\x03") + hdlc_encode(b"\x82\x06\x02OPENTHREAD/1\0"),
    "sensniff": bytes.fromhex("c11ffe72 02 01 0001 19"),
    "ti": bytes.fromhex("4053 80 0700 00 5213 02 03 0100 ee 4045"),
    "slip": b"\xc0!M\x00\x12\x4b\x00\xdb\xdc\x01\x02\x03\xc0",
    "nordic": b"received: 4188 power: -50 lqi: 120 time: 99\r\n",
}
"""From the documents of the firmwares (docs/radios)."""

NAMES = {
    "spinel": "OPENTHREAD/1",
    "sensniff": "sensniff firmware",
    "ti": "TI SmartRF Packet Sniffer 2 on chip 0x1352",
    "slip": "Contiki slip-radio 00:12:4b:00:c0:01:02:03",
    "nordic": "nRF 802.15.4 sniffer",
}


@pytest.mark.parametrize("scheme", ANSWERED)
def test_each_firmware_is_known_by_its_answer_also_among_noise(scheme: str) -> None:
    assert recognised(ANSWERED[scheme]) == (scheme, NAMES[scheme])
    assert recognised(b"boot 1.0\r\n\x00\xff" + ANSWERED[scheme]) == (scheme, NAMES[scheme])
    assert recognised(ANSWERED[scheme][:-8]) in (None, ("spinel", "Spinel firmware"))


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_echo_is_no_answer(question: Question) -> None:
    assert recognised(question.octets) is None
    assert recognised(b"".join(each.octets for each in QUESTIONS)) is None


@given(st.binary(max_size=300))
def test_noise_is_recognised_by_nobody_and_harms_nobody(noise: bytes) -> None:
    for scheme, answer in ANSWERS.items():
        assert answer(noise) == "" or scheme == "slip"


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_is_what_another_firmware_obeys(question: Question) -> None:
    octets = question.octets
    assert not set(b"\r\n\x03\x04\x11\x13#") & set(octets)  # no line, break, flow control, boot
    assert b"AT" not in octets
    assert b"+++" not in octets
    others = {"spinel": b"\x7e", "sensniff": b"\xc1\x1f\xfe\x72", "ti": b"@S", "slip": b"\xc0"}
    del others[question.scheme]
    assert [mark for mark in others.values() if mark in octets] == []


@pytest.fixture
async def firmware() -> AsyncIterator["Firmware"]:
    peer = Firmware()
    yield peer
    peer.pty.close()


class Firmware:
    """Answers one question, and notes all it was sent."""

    def __init__(self) -> None:
        self.pty = Pty(self._take)
        self.asked = b""
        self.knows = b"?"
        self.answer = b""

    def _take(self, octets: bytes) -> None:
        before, self.asked = self.knows in self.asked, self.asked + octets
        if self.knows in self.asked and not before:
            self.pty.write_soon(self.answer)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_whoever_answers_is_found_and_nothing_else_was_sent(
    firmware: Firmware, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "ANSWERING", 0.1)
    monkeypatch.setattr(probing, "LISTENING", 0.02)
    firmware.knows, firmware.answer = question.octets, ANSWERED[question.scheme]
    before = open_descriptors()
    found = await probe(firmware.pty.path)
    assert found.description == NAMES[question.scheme]
    speed = next(speed for speed, asked in TRIED.items() if question in asked)
    assert found.uri == f"{question.scheme}:{firmware.pty.path}?baudrate={speed}"
    assert open_descriptors() == before
    rest = firmware.asked
    for each in QUESTIONS:
        rest = rest.replace(each.octets, b"")
    assert rest == b""


async def test_who_speaks_by_itself_is_asked_nothing(firmware: Firmware) -> None:
    async def chatter() -> None:
        while True:
            firmware.pty.write_soon(ANSWERED["nordic"])
            await asyncio.sleep(0.01)

    talking = asyncio.create_task(chatter())
    found = await probe(f"{firmware.pty.path}?baudrate=115200")
    talking.cancel()
    assert found.uri == f"nordic:{firmware.pty.path}?baudrate=115200"
    assert firmware.asked == b""


async def test_where_nobody_answers_it_is_said_what_was_tried(
    firmware: Firmware, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "ANSWERING", 0.01)
    monkeypatch.setattr(probing, "LISTENING", 0.01)
    with pytest.raises(
        RadioError, match=r"no answer .asked for sensniff, slip, spinel, ti"
    ) as told:
        await open_radio(firmware.pty.path)
    assert "460800, 115200, 1000000, 921600, 3000000 baud" in str(told.value)
    assert f"spinel:{firmware.pty.path}?baudrate=" in told.value.cure
    firmware.asked, firmware.knows, firmware.answer = b"", SPINEL.octets, b"login: "
    with pytest.raises(RadioError, match="7 octets that are none of theirs"):
        await open_radio(f"{firmware.pty.path}?baudrate=9600")


async def test_unplugging_ends_the_probe(firmware: Firmware) -> None:
    probe_task = asyncio.create_task(probe(firmware.pty.path))
    await asyncio.sleep(0.02)
    firmware.pty.unplug()
    with pytest.raises(RadioError, match="unplugged"):
        await probe_task


async def test_a_port_that_another_process_has_open_is_not_touched(firmware: Firmware) -> None:
    script = "import os, sys; os.open(sys.argv[1], os.O_RDWR); print(1, flush=True); input()"
    pipe = asyncio.subprocess.PIPE
    holder = await asyncio.create_subprocess_exec(
        "python3", "-c", script, firmware.pty.path, stdin=pipe, stdout=pipe
    )  # opened, and not locked
    assert holder.stdout is not None
    await holder.stdout.readline()
    with pytest.raises(RadioError, match=f"in use by .* .process {holder.pid}.") as told:
        await probe(firmware.pty.path)
    assert "nothing was sent" in told.value.cure
    await holder.communicate(b"\n")
    assert firmware.asked == b""


async def test_a_parameter_that_is_none_is_refused(firmware: Firmware) -> None:
    with pytest.raises(RadioError, match="no parameter speed"):
        await probe(f"{firmware.pty.path}?speed=1")


def bare(uri: str) -> str:
    return uri.partition(":")[2].partition("?")[0]


@asynccontextmanager
async def slip_radio() -> AsyncGenerator[SlipFirmware]:
    firmware = SlipFirmware()
    yield firmware
    firmware.close()


async def test_zephyrs_slip_radio_is_opened_with_its_trailing_octet() -> None:
    firmware = SlipFirmware(zephyr=True)
    path = bare(firmware.uri)
    async with await open_radio(path) as radio:
        assert f"slip:{path}?baudrate=115200&lqi=1" in radio.description
        assert RadioCapability.LQI in radio.capabilities
    firmware.close()


@pytest.mark.parametrize(
    ("peer", "scheme"),
    [
        (rcp_on_pty, "spinel"),
        (TiSniffer, "ti"),
        (SensniffSniffer, "sensniff"),
        (slip_radio, "slip"),
    ],
)
async def test_a_bare_path_opens_the_driver_of_who_answers(
    peer: Any, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "ANSWERING", 0.1)
    monkeypatch.setattr(probing, "LISTENING", 0.02)
    async with peer() as double:
        path = bare(double.uri)
        async with await open_radio(path) as radio:
            assert radio.uri == path
            assert f"found by probing: {scheme}:{path}?baudrate=" in radio.description


async def test_a_bare_path_to_a_sniffer_with_nordics_usb_ids_opens_its_driver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nordics(_: str) -> tuple[int, int]:
        return 0x1915, 0x154B

    monkeypatch.setattr(probing, "usb_ids", nordics)
    async with NordicSniffer() as double:
        path = bare(double.uri)
        async with await open_radio(path) as radio:
            assert f"found by probing: nordic:{path}" in radio.description


async def test_network_radios_are_probed_too() -> None:
    async with rcp_on_tcp() as double:
        found = await probe(f"serial:{bare(double.uri)}")
        assert found.uri == f"spinel:{bare(double.uri)}"
