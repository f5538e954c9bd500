"""A nRF 802.15.4 sniffer on a pty, as its host tool and Zephyr's shell describe it; faults too."""

import asyncio
from dataclasses import dataclass, field

from lowpan.radio import Fcs, ReceivedFrame
from tests.peers.listener import PtyListener


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


class NordicSniffer(PtyListener):
    """The firmware behind a pty; see Counterpart."""

    shows = frozenset({"rssi", "lqi", "channel", "radio_time_us"})

    def __init__(self, firmware: NordicFirmware | None = None) -> None:
        self.firmware = firmware or NordicFirmware()
        self.commands: list[str] = []
        super().__init__("nordic")

    def _boot(self) -> None:
        self.channel = 11
        self._unfinished = b""
        self._echoes = self.firmware.echoes
        self._receiving = asyncio.Event()

    async def hear(self, frame: ReceivedFrame) -> None:
        """Print `frame` once we were told to receive; those with a bad FCS are left out."""
        await self._receiving.wait()
        if frame.fcs is not Fcs.BAD:
            await super().hear(frame)

    def octets(self, frame: ReceivedFrame) -> bytes:
        ticks = (frame.radio_time_us or 0) & 0xFFFF_FFFF
        signed = ticks - (ticks >> 31 << 32)
        power = -32768 if frame.rssi is None else round(frame.rssi)
        octets = (frame.psdu + self.firmware.fcs).hex()
        lqi = frame.lqi or 0
        word = self.firmware.word
        return f"{word}: {octets} power: {power} lqi: {lqi} time: {signed}\r\n".encode()

    async def half_a_message(self) -> None:
        await self._pty.write(f"{self.firmware.word}: 41880".encode())

    def _take(self, octets: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + octets).split(b"\r\n")
        for line in lines:
            command = line.decode()
            self.commands.append(command)
            if not self.firmware.silent:
                self._answer_with(self._answer(command).encode())

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
