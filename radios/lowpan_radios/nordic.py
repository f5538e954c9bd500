"""Driver of the nRF 802.15.4 sniffer firmware, and of Zephyr's sniffer sample: `nordic:PORT`."""

import re
from enum import Enum
from time import time_ns

from lowpan.errors import RadioError
from lowpan.radio import RadioCapability, RadioSettings, RadioUri, ReceivedFrame
from lowpan_radios.clock import RadioClock
from lowpan_radios.listening import LISTENS, ListeningRadio
from lowpan_radios.nordic_text import SnifferText
from lowpan_radios.stream import STREAM_PARAMETERS

BAUDRATE = 115_200
"""For sniffers behind a UART; USB itself has no speed to set."""

SHELL_SECONDS = 1.0
"""How long a shell may take to say anything."""

READ_BACK_SECONDS = 0.6
"""How long we wait for a channel of which we do not know yet whether the firmware prints it."""

MOST_SAID = 4096
"""Octets of the firmware's text that are kept while we wait for an answer."""

_SHELL = re.compile(rb"sleep|\$ |> |received: |psdu: ")
"""What a sniffer's shell says to `sleep`: its echo, its prompt, or frames."""

_SLEEPS = re.compile(rb"sleep\r?\n|\$ ")

_CHANNEL = re.compile(rb"(?:[\r\n]|[$>] |\x1b\[[\d;]*[A-Za-z])(\d{1,3})\r?\n")
"""A number alone on its line or behind a prompt, as `channel` without a number prints it."""


class _Confirms(Enum):
    """What a firmware says when it is told a channel."""

    NUMBER = "prints the channel when asked"
    ECHO = "repeats what it was told"
    NOTHING = "is silent"


class NordicRadio(ListeningRadio[bytes]):
    """A sniffer that is commanded by lines of text, and prints what it hears."""

    def __init__(self, uri: RadioUri) -> None:
        shows = RadioCapability.LQI | RadioCapability.TIMESTAMPS
        super().__init__(uri, LISTENS | shows, baudrate=BAUDRATE)
        self._text = SnifferText()
        self._clock = RadioClock(32)
        self._channel: int | None = None
        self._said = b""
        self._confirms: _Confirms | None = None
        """None: not tried yet."""

    def _heard(self, octets: bytes) -> None:
        now = time_ns()
        clock, channel, deliver = self._clock, self._channel, self._deliver
        for line in self._text.take(octets):
            ticks = clock.unwrapped(line.time, now)
            deliver(
                ReceivedFrame(
                    line.psdu,
                    line.fcs,
                    line.fcs_octets,
                    clock.time_ns(ticks, now),
                    channel,
                    0,
                    line.power,
                    line.lqi,
                    ticks,
                )
            )
        self.statistics.garbage, self.statistics.damaged = self._text.garbage, self._text.damaged
        if self._question is not None:
            self._said = (self._said + octets)[-MOST_SAID:]
            self._answered(self._said)

    async def _bring_up(self) -> None:
        self._clock.restart()
        self._confirms = None
        said = await self._command("", "sleep", pattern=_SHELL, seconds=SHELL_SECONDS)
        if said is None:
            much = f"{len(self._said)} octets, but no shell" if self._said else "nothing"
            cure = "flash nRF Sniffer for 802.15.4, or name the radio's own driver"
            raise RadioError(f"{self.uri}: {much} answered", cure)
        kind = "Zephyr" if b"psdu: " in said else "nRF 802.15.4"
        self.description = f"{kind} sniffer"
        self._command_only("shell echo off")

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        self._check(settings)
        self._command_only("sleep")
        await self._tune(settings.channel)
        self._channel = settings.channel
        self._command_only("receive")
        return settings

    async def _tune(self, channel: int) -> None:
        """Set the channel; read it back where the firmware prints it, otherwise trust its echo.

        Firmwares before nRF Connect SDK have no way to ask, so nothing more is known there.
        """
        told = f"channel {channel}"
        number = re.compile(_CHANNEL.pattern.replace(rb"\d{1,3}", b"%d" % channel))
        if self._confirms is None:
            await self._command(told, "channel", pattern=number, seconds=READ_BACK_SECONDS)
            self._confirms = self._kind_of_confirmation(told)
            if self._confirms is not _Confirms.NUMBER:
                self.description += ", which cannot tell its channel"
        elif self._confirms is _Confirms.NUMBER:
            await self._command(told, "channel", pattern=number, seconds=SHELL_SECONDS)
        elif self._confirms is _Confirms.ECHO:
            echo = re.compile(rb"%b\s" % told.encode())
            await self._command(told, pattern=echo, seconds=SHELL_SECONDS)
        else:
            self._command_only(told)
        if self._confirms is _Confirms.NUMBER:
            self._compare(channel)

    def _kind_of_confirmation(self, told: str) -> "_Confirms":
        if _CHANNEL.search(self._said):
            return _Confirms.NUMBER
        return _Confirms.ECHO if told.encode() in self._said else _Confirms.NOTHING

    def _compare(self, channel: int) -> None:
        """Raise RadioError if the firmware does not say that it is on `channel`."""
        numbers = _CHANNEL.findall(self._said)
        if not numbers:
            raise RadioError(f"{self.uri}: does not answer any more", "plug it in again")
        if int(numbers[-1]) != channel:
            cause = f"{self.uri}: is on channel {int(numbers[-1])} when told {channel}"
            raise RadioError(cause, "take another channel, or plug it in again")

    async def _command(
        self, *lines: str, pattern: re.Pattern[bytes], seconds: float
    ) -> bytes | None:
        """Send lines; return all that was said until `pattern` is in it, None if it never is."""
        self._said = b""
        return await self._ask(_lines(*lines), lambda said: bool(pattern.search(said)), seconds)

    def _command_only(self, line: str) -> None:
        self._write(_lines(line))

    def _forget(self, why: RadioError) -> None:
        super()._forget(why)
        self._said = b""
        self._text.restart()

    async def _close(self) -> None:
        try:
            if self._channel is not None:
                await self._quiet(_lines("sleep"), lambda said: bool(_SLEEPS.search(said)))
        finally:
            await super()._close()


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


async def open_nordic(uri: RadioUri) -> NordicRadio:
    """Open the sniffer at `nordic:PORT`; raises RadioError."""
    uri.only(*STREAM_PARAMETERS)
    radio = NordicRadio(uri)
    await radio.start()
    return radio
