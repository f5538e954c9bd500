"""A radio that does what a test says: it hears frames, is lost, returns, and lies when asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

import pytest

import lowpan.radio.opening
from lowpan.errors import RadioError
from lowpan.radio import (
    CHANNELS_2450,
    Fcs,
    Happening,
    RadioCapability,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
)
from lowpan_radios.base import BaseRadio

Script = Callable[["ScriptedRadio"], Awaitable[None]]

BEGIN_NS = 1_700_000_000_000_000_000

ALL = RadioCapability.PROMISCUOUS | RadioCapability.TRANSMIT


class ScriptedRadio(BaseRadio):
    """Runs its script once somebody listens, and is closed at the script's end."""

    def __init__(
        self,
        uri: str,
        script: Script,
        *,
        capabilities: RadioCapability = ALL,
        channels: tuple[int, ...] = CHANNELS_2450,
    ) -> None:
        super().__init__(uri, "scripted 1.0", capabilities, channels=channels)
        self._script, self._asked = script, asyncio.Event()
        self._playing: asyncio.Task[None] | None = None
        self.tuned: list[int] = []
        """Channels that were asked for."""
        self.refusals = 0
        """Attempts to configure it that are still to fail."""
        self.stuck_on: int | None = None
        """Channel that it reads back, whatever it was told."""
        self.is_closed = False

    def hear(self, number: int, **more: Any) -> None:
        """Receive a data frame whose sequence number is `number`."""
        psdu = b"\x41\x88" + bytes([number]) + b"\xcd\xab\xff\xff\x01\x00hello"
        frame = ReceivedFrame(psdu, Fcs.ABSENT, channel=self.settings.channel, page=0)
        frame.time_ns = BEGIN_NS + number * 1_000_000
        frame.rssi, frame.lqi = -60.0, 200
        self._deliver(replace(frame, **more))

    def happens(self, happening: Happening, text: str) -> None:
        """Report that something happened to it."""
        self._notice(happening, text)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds after it was configured, or was to be."""
        while not condition():
            self._asked.clear()
            await self._asked.wait()

    async def next_event(self) -> Any:
        """Begin the script at the first call."""
        if self._playing is None:
            self._playing = asyncio.get_running_loop().create_task(self._play())
        return await super().next_event()

    async def _play(self) -> None:
        await self._script(self)
        self._end()

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        self.tuned.append(settings.channel)
        self._asked.set()
        if self.refusals:
            self.refusals -= 1
            raise RadioError(f"{self.uri}: does not answer", "plug it in again")
        channel = settings.channel if self.stuck_on is None else self.stuck_on
        return replace(settings, channel=channel)

    async def _close(self) -> None:
        self.is_closed = True
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)


class Driver:
    """The entry point of scheme `scripted`, whose radio is made in advance."""

    name = "scripted"

    def __init__(self, radio: ScriptedRadio) -> None:
        self.radio = radio

    def load(self) -> Callable[[RadioUri], Awaitable[ScriptedRadio]]:
        """Return the coroutine that opens it."""

        async def open_scripted(_: RadioUri) -> ScriptedRadio:
            return self.radio

        return open_scripted


def install(monkeypatch: pytest.MonkeyPatch, radio: ScriptedRadio) -> ScriptedRadio:
    """Let open_radio("scripted:") give `radio`."""
    driver = cast("EntryPoint", Driver(radio))

    def installed(*, group: str) -> list[EntryPoint]:
        return [*entry_points(group=group), driver]

    monkeypatch.setattr(lowpan.radio.opening, "entry_points", installed)
    return radio
