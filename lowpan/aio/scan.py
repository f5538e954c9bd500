"""Scan: which networks are on air, asked channel by channel over a radio."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from lowpan.aio.tuning import tune
from lowpan.capture.follower import Follower
from lowpan.capture.networks import Networks
from lowpan.errors import RadioClosed
from lowpan.mac.active_scan import beacon_request
from lowpan.mesh.discovery import discovery_request
from lowpan.radio import (
    Radio,
    RadioCapability,
    RadioNotice,
    RadioSettings,
    ReceivedFrame,
    TransmitParameters,
    TransmitStatus,
)

SCAN_S = 0.3
"""Seconds on each channel, as OpenThread stays: answers come within a few hundredths."""

CHANNELS = tuple(range(11, 27))
"""Scanned if nobody says otherwise and the radio has them: the 2450 MHz band."""


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """What to do on each channel."""

    channels: tuple[int, ...]
    page: int = 0
    seconds: float = SCAN_S
    passive: bool = False
    """Send nothing."""


class Scan:
    """One scan of one radio; `networks` are those found so far."""

    def __init__(self, radio: Radio, plan: ScanPlan, random: Random) -> None:
        self.networks = Networks()
        self.unsent = 0
        """Requests that did not get on air: the channel was busy."""
        self.plan = plan
        self._radio, self._follower = radio, Follower()
        self._address = bytes([random.randrange(256) & 0xFC | 2, *random.randbytes(7)])
        """Locally administered, of one station (the universal/local and group bits)."""
        self._pan_id = random.randrange(0xFFFE)
        self._sequence_number = random.randrange(256)

    async def run(self, begun: Callable[[int], None] = lambda _: None) -> None:
        """Visit every channel, calling `begun` with each; raise RadioError.

        A replay that ends, ends the scan.
        """
        for channel in self.plan.channels:
            begun(channel)
            try:
                await tune(self._radio, self._settings(channel))
                await self._visit(channel)
            except RadioClosed:
                return

    def _settings(self, channel: int) -> RadioSettings:
        promiscuous = RadioCapability.PROMISCUOUS in self._radio.capabilities
        return replace(
            self._radio.settings,
            channel=channel,
            page=self.plan.page,
            promiscuous=promiscuous,
            pan_id=0xFFFF,
            extended_address=self._address,
        )

    async def _visit(self, channel: int) -> None:
        if not self.plan.passive:
            await self._send(beacon_request(self._next_number()))
            await self._send(discovery_request(self._address, self._pan_id, self._next_number()))
        end = asyncio.get_running_loop().time() + self.plan.seconds
        try:
            async with asyncio.timeout_at(end):
                while True:
                    self._hear(await self._radio.next_event(), channel)
        except TimeoutError:
            return

    async def _send(self, psdu: bytes) -> None:
        outcome = await self._radio.transmit(psdu, TransmitParameters())
        self.unsent += outcome.status is not TransmitStatus.SUCCESS

    def _hear(self, event: ReceivedFrame | RadioNotice, channel: int) -> None:
        if isinstance(event, ReceivedFrame):
            number = self.networks.frames + 1
            self.networks.add(self._follower.follow(number, event, len(event.psdu)), channel)

    def _next_number(self) -> int:
        self._sequence_number = self._sequence_number + 1 & 0xFF
        return self._sequence_number
