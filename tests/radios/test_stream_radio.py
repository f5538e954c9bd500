"""The contract, kept by the smallest driver: lines of hexadecimal digits."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from time import time_ns

import pytest

from lowpan.errors import RadioClosed, RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    Radio,
    RadioCapability,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
    parse_radio_uri,
)
from lowpan_radios import port_names
from lowpan_radios.stream_radio import StreamRadio
from tests.peers.pty import Pty
from tests.radios.contract import RadioContract
from tests.radios.contract_parts import PATIENCE, notice_of
from tests.radios.counterpart import Counterpart

CAPABILITIES = (
    RadioCapability.TRANSMIT
    | RadioCapability.ACK_TIMEOUT
    | RadioCapability.ENERGY
    | RadioCapability.PROMISCUOUS
    | RadioCapability.RSSI
)


class HexRadio(StreamRadio):
    """`f HEX RSSI` is heard; `hi`, `c N`, `t HEX`, `e N` are asked, and answered by `= WORD`."""

    _half = b""
    _asked: asyncio.Future[str] | None = None

    def _heard(self, octets: bytes) -> None:
        *lines, half = (self._half + octets).split(b"\n")
        self._half = half[-2048:]
        for line in lines:
            try:
                self._hear_line(line.decode("ascii").split(" "))
            except ValueError:
                self.statistics.garbage += len(line)

    def _hear_line(self, words: list[str]) -> None:
        match words:
            case ["f", digits, rssi]:
                psdu = bytes.fromhex(digits)
                self._deliver(ReceivedFrame(psdu, Fcs.GOOD, time_ns=time_ns(), rssi=int(rssi)))
            case ["=", word] if self._asked is not None and not self._asked.done():
                self._asked.set_result(word)
            case _:
                raise ValueError

    async def _ask(self, question: str) -> str:
        self._asked = asyncio.get_running_loop().create_future()
        self._write(question.encode() + b"\n")
        try:
            async with asyncio.timeout(5):
                return await self._asked
        except TimeoutError:
            raise RadioError(f"{self.uri}: no answer", "reset it") from None

    def _forget(self, why: RadioError) -> None:
        self._half = b""
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(why)

    async def _bring_up(self) -> None:
        self.description = await self._ask("hi")

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        return replace(settings, channel=int(await self._ask(f"c {settings.channel}")))

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        return TransmitOutcome(status=TransmitStatus[await self._ask(f"t {psdu.hex()}")])

    async def _measure_energy(self, channel: int, duration_ms: int) -> float:
        return float(await self._ask(f"e {channel}"))


class HexPeer:
    """Its firmware."""

    shows = frozenset({"rssi"})
    acknowledges = True

    def __init__(self) -> None:
        self.pty = Pty(self._take)
        self.uri = f"hex:{self.pty.path}"
        self.deaf = False
        self.on_air: list[tuple[int, bytes]] = []
        self.channel = 11
        self._half = b""

    def _take(self, octets: bytes) -> None:
        *lines, self._half = (self._half + octets).split(b"\n")
        for line in lines:
            answer = self._answer(*line.decode().split(" "))
            self.pty.write_soon(f"= {answer}\n".encode())

    def _answer(self, verb: str, word: str = "") -> str:
        if verb == "c":
            self.channel = int(word)
            return word
        if verb == "t":
            self.on_air.append((self.channel, bytes.fromhex(word)))
            return "NO_ACK" if self.deaf and word[0:2] == "61" else "SUCCESS"
        return "-70" if verb == "e" else "hex"

    async def hear(self, frame: ReceivedFrame) -> None:
        await self.pty.write(f"f {frame.psdu.hex()} {frame.rssi}\n".encode())

    async def garbage(self, octets: bytes) -> None:
        await self.pty.write(octets)

    async def half_a_message(self) -> None:
        await self.pty.write(b"f 41880")

    async def unplug(self) -> None:
        self.pty.unplug()

    async def plug_in(self) -> None:
        self.channel, self.deaf = 11, False
        self.pty.plug_in()


class TestHexRadio(RadioContract):
    tells_bad_fcs = False
    measures_energy = True

    @pytest.fixture
    async def counterpart(self) -> AsyncIterator[Counterpart]:
        peer = HexPeer()
        yield peer
        peer.pty.close()

    async def open(self, uri: str) -> Radio:
        return await open_hex(uri)


async def open_hex(uri: str) -> HexRadio:
    radio = HexRadio(parse_radio_uri(uri), CAPABILITIES, baudrate=115_200)
    await radio.start()
    return radio


async def test_a_port_that_comes_back_under_another_number_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer, others = HexPeer(), list[Pty]()
    monkeypatch.setattr(port_names, "LASTING", (Path(peer.pty.path).parent,))
    before = peer.pty.number
    async with await open_hex(f"hex:{before}") as radio:
        peer.pty.unplug()
        await notice_of(radio, Happening.LOST)
        while not others or others[-1].number != before:
            others.append(Pty(ignore))  # until the old number is somebody else's
        await peer.plug_in()
        assert peer.pty.number != before
        await notice_of(radio, Happening.RETURNED)
        assert radio.uri == f"hex:{before}"
    for pty in [peer.pty, *others]:
        pty.close()


async def test_a_firmware_that_stays_mute_is_waited_for_and_comes_back() -> None:
    peer = HexPeer()
    async with await open_hex(peer.uri) as radio:
        peer.pty.unplug()
        await notice_of(radio, Happening.LOST)
        peer.pty.plug_in()
        await asyncio.sleep(0)
        peer.pty.unplug()  # lost again, perhaps while it returned: told once
        await peer.plug_in()
        await notice_of(radio, Happening.RETURNED)
        assert radio.statistics.losses == 1
    peer.pty.close()


class Slipping(HexRadio):
    """Slips out of its socket behind its last answer, when it is asked to."""

    slips = False
    broken = False

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        applied = await super()._apply(settings)
        if self.slips:
            self.slips = False
            assert self._stream is not None
            self._lost(self._stream, "pulled")
        if self.broken:
            raise ZeroDivisionError
        return applied


async def test_lost_behind_the_last_answer_of_its_return_it_is_looked_for_again() -> None:
    peer = HexPeer()
    radio = Slipping(parse_radio_uri(peer.uri), CAPABILITIES, baudrate=115_200)
    await radio.start()
    async with radio:
        peer.pty.unplug()
        await notice_of(radio, Happening.LOST)
        radio.slips = True
        await peer.plug_in()
        await notice_of(radio, Happening.RETURNED)
        assert not radio.slips
        assert (await radio.transmit(bytes(5))).status is TransmitStatus.SUCCESS
    peer.pty.close()


async def test_a_driver_that_breaks_while_it_returns_lets_nobody_wait() -> None:
    broken = list[object]()
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: broken.append(context["exception"])
    )
    peer = HexPeer()
    radio = Slipping(parse_radio_uri(peer.uri), CAPABILITIES, baudrate=115_200)
    await radio.start()
    radio.broken = True
    peer.pty.unplug()
    await notice_of(radio, Happening.LOST)
    await peer.plug_in()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(RadioClosed):
            await radio.next_event()
    await radio.close()
    assert [type(error) for error in broken] == [ZeroDivisionError]
    peer.pty.close()


def ignore(octets: bytes) -> None:
    """Nobody is there."""
