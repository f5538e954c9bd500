"""A nRF 802.15.4 sniffer on a pty, as its host tool and Zephyr's shell describe it; faults too."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lowpan.radio import Fcs, ReceivedFrame
from tests.peers.pty import Pty


@dataclass
class NordicFirmware:
    """How versions differ."""

    word: str = "received"
    """Begins a line with a frame; Zephyr's sample says `psdu`, and gives no octets of an FCS."""
    fcs: bytes = b"\x7f\x3b"
    """Stands where the FCS was."""
    prompt: str = "uart:~$ "
    echoes: bool = False
    prints_channel: bool = True
    silent: bool = False
    """Says nothing at all: another firmware, or none."""
    stuck_on: int | None = None
    """A channel that it never leaves."""
    text: dict[str, str] = field(default_factory=dict[str, str])
    """More answers, by command."""


OLD = NordicFirmware(prompt="", echoes=True, prints_channel=False)
ZEPHYR = NordicFirmware(word="psdu", fcs=b"")


class NordicSniffer:
    """The firmware behind a pty; see Counterpart."""

    shows = frozenset({"rssi", "lqi", "channel", "radio_time_us"})
    acknowledges = False

    def __init__(self, firmware: NordicFirmware) -> None:
        self.firmware = firmware
        self.deaf = False
        self.on_air: list[tuple[int, bytes]] = []
        self.commands: list[str] = []
        self._tasks = set[asyncio.Task[None]]()
        self._pty = Pty(self._take)
        self.uri = f"nordic:{self._pty.path}"
        self._boot()

    def _boot(self) -> None:
        self.channel = 11
        self._unfinished = b""
        self._echoes = self.firmware.echoes
        self._receiving = asyncio.Event()

    async def hear(self, frame: ReceivedFrame) -> None:
        """Print `frame` once we were told to receive; those with a bad FCS are left out."""
        await self._receiving.wait()
        if frame.fcs is not Fcs.BAD:
            await self._pty.write(self.line(frame))

    def line(self, frame: ReceivedFrame) -> bytes:
        """Return how `frame` is printed."""
        ticks = (frame.radio_time_us or 0) & 0xFFFF_FFFF
        signed = ticks - (ticks >> 31 << 32)
        power = -32768 if frame.rssi is None else round(frame.rssi)
        octets = (frame.psdu + self.firmware.fcs).hex()
        lqi = frame.lqi or 0
        word = self.firmware.word
        return f"{word}: {octets} power: {power} lqi: {lqi} time: {signed}\r\n".encode()

    async def garbage(self, octets: bytes) -> None:
        await self._pty.write(octets)

    async def half_a_message(self) -> None:
        await self._pty.write(f"{self.firmware.word}: 41880".encode())

    async def unplug(self) -> None:
        self._pty.unplug()

    async def plug_in(self) -> None:
        self._boot()
        self._pty.plug_in()

    async def close(self) -> None:
        self._pty.close()
        await asyncio.gather(*self._tasks)

    def _take(self, octets: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + octets).split(b"\r\n")
        for line in lines:
            command = line.decode()
            self.commands.append(command)
            if not self.firmware.silent:
                self._start(self._pty.write(self._answer(command).encode()))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _answer(self, command: str) -> str:
        """Do what `command` says; return all that is printed."""
        said = f"{command}\r\n" if self._echoes else ""
        word, _, number = command.partition(" ")
        if command == "shell echo off" and self.firmware.prompt:
            self._echoes = False
        elif command == "sleep":
            self._receiving.clear()
        elif command == "receive":
            self._receiving.set()
        elif word == "channel" and number:
            self.channel = self.firmware.stuck_on or int(number)
        elif word == "channel" and self.firmware.prints_channel:
            said += f"{self.channel}\r\n"
        return said + self.firmware.text.get(command, "") + self.firmware.prompt


@asynccontextmanager
async def nordic_sniffer(firmware: NordicFirmware | None = None) -> AsyncGenerator[NordicSniffer]:
    """Yield a sniffer that is plugged in, and end it."""
    sniffer = NordicSniffer(firmware or NordicFirmware())
    try:
        yield sniffer
    finally:
        await sniffer.close()
