"""A sensniff firmware on a pty, as host tool and Contiki-NG's example describe it; faults too."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from lowpan.radio import Fcs, ReceivedFrame
from lowpan_radios.sensniff_format import (
    SNIFFED_FRAME,
    Command,
    SensniffMessage,
    SniffedFrame,
    encode_reply,
)
from tests.peers.pty import Pty

_QUESTION = re.compile(
    rb"\xc1\x1f\xfe\x72\x02(?:([\x81-\x83])|(\x84)\x00\x01(.))", re.DOTALL
)  # only these have no length


@dataclass
class SensniffFirmware:
    """How versions differ."""

    channels: range = range(11, 27)
    legacy: bool = False
    """Tells frames only, in the old form."""
    silent: bool = False
    supports_limits: bool = True
    stuck_on: int | None = None
    """A channel that it never leaves."""
    ignores_first: int = 0
    """Questions that it misses."""
    stale: bytes = b""
    """Sent before each answer."""


class SensniffSniffer:
    """The firmware behind a pty; see Counterpart."""

    acknowledges = False

    def __init__(self, firmware: SensniffFirmware) -> None:
        self.firmware = firmware
        self.shows = frozenset(
            {"lqi", "fcs"} if firmware.legacy else {"rssi", "lqi", "channel", "fcs"}
        )
        self.deaf = False
        self.on_air: list[tuple[int, bytes]] = []
        self.questions = 0
        self._tasks = set[asyncio.Task[None]]()
        self._pty = Pty(self._take)
        self.uri = f"sensniff:{self._pty.path}{'?legacy=1' if firmware.legacy else ''}"
        self._boot()

    def _boot(self) -> None:
        self.channel = self.firmware.channels[-1]
        self._unfinished = b""

    async def hear(self, frame: ReceivedFrame) -> None:
        await self._pty.write(self.octets(frame))

    def octets(self, frame: ReceivedFrame) -> bytes:
        """Return how `frame` is told."""
        quality = (frame.lqi or 0) & 0x7F | (0 if frame.fcs is Fcs.BAD else 0x80)
        told = SniffedFrame(frame.psdu, round(frame.rssi or 0), quality)
        payload = SNIFFED_FRAME.encode(told)
        return encode_reply(SensniffMessage(Command.FRAME, payload, self.firmware.legacy))

    async def garbage(self, octets: bytes) -> None:
        await self._pty.write(octets)

    async def half_a_message(self) -> None:
        whole = self.octets(ReceivedFrame(bytes(60), Fcs.GOOD))
        await self._pty.write(whole[: len(whole) // 2])

    async def unplug(self) -> None:
        self._pty.unplug()

    async def plug_in(self) -> None:
        self._boot()
        self._pty.plug_in()

    async def close(self) -> None:
        self._pty.close()
        await asyncio.gather(*self._tasks)

    def _take(self, octets: bytes) -> None:
        data = self._unfinished + octets
        done = 0
        for question in _QUESTION.finditer(data):
            done = question.end()
            self.questions += 1
            if self.questions <= self.firmware.ignores_first:
                continue
            asked, set_channel, channel = question.groups()
            answer = self._answer((asked or set_channel)[0], channel)
            if not (self.firmware.legacy or self.firmware.silent):
                self._send(self.firmware.stale + encode_reply(answer))
        self._unfinished = data[done:][-8:]

    def _send(self, octets: bytes) -> None:
        task = asyncio.get_running_loop().create_task(self._pty.write(octets))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _answer(self, command: int, channel: bytes | None) -> SensniffMessage:
        firmware = self.firmware
        if command == Command.SET_CHANNEL and channel is not None:
            if channel[0] not in firmware.channels:
                return SensniffMessage(Command.NOT_SUPPORTED, b"")
            self.channel = firmware.stuck_on or channel[0]
        if command in (Command.SET_CHANNEL, Command.GET_CHANNEL):
            return SensniffMessage(Command.CHANNEL, bytes([self.channel]))
        if not firmware.supports_limits:
            return SensniffMessage(Command.NOT_SUPPORTED, b"")
        lowest = command == Command.GET_CHANNEL_MIN
        limit = firmware.channels[0 if lowest else -1]
        return SensniffMessage(command - 0x80, bytes([limit]))


@asynccontextmanager
async def sensniff_sniffer(
    firmware: SensniffFirmware | None = None,
) -> AsyncGenerator[SensniffSniffer]:
    """Yield a sniffer that is plugged in, and end it."""
    sniffer = SensniffSniffer(firmware or SensniffFirmware())
    try:
        yield sniffer
    finally:
        await sniffer.close()
