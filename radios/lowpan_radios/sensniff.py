"""Driver of sensniff firmwares, Contiki's and Contiki-NG's sniffers: `sensniff:PORT`."""

import asyncio
from dataclasses import replace
from time import time_ns

from lowpan.errors import MalformedFrame, RadioError
from lowpan.radio import (
    CHANNELS_2450,
    Fcs,
    Happening,
    RadioCapability,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
)
from lowpan_radios.listening import LISTENS, ListeningRadio
from lowpan_radios.sensniff_format import (
    SNIFFED_FRAME,
    Command,
    SensniffMessage,
    SensniffStream,
    encode_question,
)
from lowpan_radios.stream import STREAM_PARAMETERS

BAUDRATE = 460_800

ANSWER_SECONDS = 0.7
"""A firmware forgets half a command after 0.5 s, so a second question is understood."""

ATTEMPTS = 2

PAUSE = 0.25
"""Seconds after which the rest of a message does not come any more: the longest takes 6 ms."""


class SensniffRadio(ListeningRadio[SensniffMessage]):
    """A sniffer that can be asked for its channel, and be tuned; legacy ones only talk."""

    def __init__(self, uri: RadioUri) -> None:
        super().__init__(uri, LISTENS | RadioCapability.LQI, baudrate=BAUDRATE)
        self._legacy = uri.flag("legacy", False)
        given = uri.integer("rssi_offset", 0, low=-128, high=127)
        self._rssi_offset = given if "rssi_offset" in uri.parameters else None
        self._octets = SensniffStream()
        self._channel: int | None = None
        self._latest_ns = 0
        self._arrived_at = 0.0
        self._legacy_heard = False

    # Hearing

    def _heard(self, octets: bytes) -> None:
        self._latest_ns = max(self._latest_ns, time_ns())  # the firmware has no clock to tell
        now = asyncio.get_running_loop().time()
        if self._octets.waits and now - self._arrived_at > PAUSE:
            self._take(self._octets.give_up())
        self._arrived_at = now
        self._take(self._octets.take(octets))
        self.statistics.garbage = self._octets.garbage

    def _take(self, found: list[SensniffMessage | str]) -> None:
        for one in found:
            if isinstance(one, str):
                self._notice(Happening.SAID, one)
            elif one.command == Command.FRAME:
                self._frame(one)
            else:
                if one.command == Command.CHANNEL and len(one.payload) == 1:
                    self._channel = one.payload[0]
                self._answered(one)

    def _frame(self, message: SensniffMessage) -> None:
        self._legacy_heard = self._legacy_heard or message.legacy
        try:
            frame = SNIFFED_FRAME.decode(message.payload)
        except MalformedFrame:
            self.statistics.damaged += 1
            return
        offset = self._rssi_offset
        rssi = None if message.legacy and offset is None else frame.rssi + (offset or 0)
        fcs = Fcs.GOOD if frame.fcs_good else Fcs.BAD
        page = None if self._channel is None else 0
        self._deliver(
            ReceivedFrame(
                frame.psdu, fcs, b"", self._latest_ns, self._channel, page, rssi, frame.lqi
            )
        )

    # Opening and tuning

    async def _bring_up(self) -> None:
        self._channel = None
        if not self._legacy:
            self._legacy = not await self._introduce()
        if self._legacy:
            self.description = "sensniff, legacy protocol: cannot be asked or tuned"
            self.channels = ()
            if self._rssi_offset is None:
                self.capabilities &= ~RadioCapability.RSSI

    async def _introduce(self) -> bool:
        """Ask for channel and limits; return False if a legacy firmware was heard instead."""
        for _ in range(ATTEMPTS):
            if await self._inquire(Command.GET_CHANNEL, Command.CHANNEL) is not None:
                break
        else:
            if self._legacy_heard:
                return False
            cure = "flash sensniff, give its speed by ?baudrate=, or ?legacy=1 for old firmware"
            raise RadioError(f"{self.uri}: nobody answers as sensniff", cure)
        lowest = await self._number(Command.GET_CHANNEL_MIN, Command.CHANNEL_MIN)
        highest = await self._number(Command.GET_CHANNEL_MAX, Command.CHANNEL_MAX)
        known = lowest is not None and highest is not None and lowest <= highest
        self.channels = tuple(range(lowest or 0, (highest or 0) + 1)) if known else CHANNELS_2450
        self.description = f"sensniff, channels {self.channels[0]}-{self.channels[-1]}"
        if self.settings.channel not in self.channels:  # never heard of by the user
            at = self._channel if self._channel in self.channels else self.channels[0]
            self.settings = replace(self.settings, channel=at or self.channels[0])
        return True

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        self._check(settings)
        if self._legacy:
            if settings.channel != self.settings.channel:
                cause = f"{self.uri}: this legacy firmware cannot be tuned"
                raise RadioError(cause, "flash a current sensniff, or build it for that channel")
            return settings
        await self._tune(settings.channel)
        return settings

    async def _tune(self, channel: int) -> None:
        """Set the channel; raise RadioError unless the firmware replies that it has."""
        octets = encode_question(Command.SET_CHANNEL, bytes([channel]))

        def is_reply(message: SensniffMessage) -> bool:
            right = message.command == Command.CHANNEL and message.payload == bytes([channel])
            return right or message.command == Command.NOT_SUPPORTED

        reply = await self._ask(octets, is_reply, ANSWER_SECONDS)
        if reply is None:
            now = await self._number(Command.GET_CHANNEL, Command.CHANNEL)
            if now is None:
                raise RadioError(f"{self.uri}: does not answer any more", "plug it in again")
            if now != channel:
                cause = f"{self.uri}: is on channel {now} when told {channel}"
                raise RadioError(cause, "take another channel, or plug it in again")
        elif reply.command == Command.NOT_SUPPORTED:
            raise RadioError(f"{self.uri}: refuses channel {channel}", "take another channel")

    async def _number(self, command: Command, reply: Command) -> int | None:
        """Return the number that the firmware answers, None if it knows none."""
        message = await self._inquire(command, reply)
        return message.payload[0] if message is not None and len(message.payload) == 1 else None

    async def _inquire(self, command: Command, reply: Command) -> SensniffMessage | None:
        replies = (reply, Command.NOT_SUPPORTED)
        octets = encode_question(command)
        return await self._ask(octets, lambda one: one.command in replies, ANSWER_SECONDS)

    def _forget(self, why: RadioError) -> None:
        super()._forget(why)
        self._octets.restart()


async def open_sensniff(uri: RadioUri) -> SensniffRadio:
    """Open the sniffer at `sensniff:PORT`; raises RadioError."""
    uri.only("legacy", "rssi_offset", *STREAM_PARAMETERS)
    radio = SensniffRadio(uri)
    await radio.start()
    return radio
