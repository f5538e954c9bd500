"""Scan: which networks are on air, asked channel by channel over a radio."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from lowpan.aio.tuning import tune
from lowpan.capture.follower import Follower
from lowpan.capture.networks import Networks
from lowpan.errors import RadioClosed
from lowpan.mac.scanning import (
    ChannelBegun,
    ScanAction,
    Scanning,
    ScanType,
    ask_for_beacons,
)
from lowpan.mac.scanning import ScanPlan as ChannelPlan
from lowpan.mac.service import Configure, Transmit
from lowpan.mesh.discovery import discovery_request
from lowpan.radio import (
    Radio,
    RadioCapability,
    RadioNotice,
    RadioSettings,
    ReceivedFrame,
)

SCAN_S = 0.3
"""Seconds on each channel, as OpenThread stays: answers come within a few hundredths."""


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
        self.plan = plan
        self._radio, self._follower = radio, Follower()
        self._address = bytes([random.randrange(256) & 0xFC | 2, *random.randbytes(7)])
        """Locally administered, of one station (the universal/local and group bits)."""
        self._pan_id = random.randrange(0xFFFE)
        self._engine = Scanning(self._channel_plan(), self._settings(), random)

    @property
    def unsent(self) -> int:
        """Return how many requests did not get on air: the channel was busy."""
        return self._engine.unsent

    async def run(self, begun: Callable[[int], None] = lambda _: None) -> None:
        """Visit every channel, calling `begun` with each; raise RadioError.

        A replay that ends, ends the scan.
        """
        try:
            await self._do(self._engine.start(), begun)
            while (deadline := self._engine.next_deadline()) is not None:
                await self._listen(deadline)
                await self._do(self._engine.handle_deadline(now=_now()), begun)
        except RadioClosed:
            return

    def _channel_plan(self) -> ChannelPlan:
        return ChannelPlan(
            ScanType.PASSIVE if self.plan.passive else ScanType.ACTIVE,
            self.plan.channels,
            round(self.plan.seconds * 1_000_000),
            self.plan.page,
            (ask_for_beacons, self._ask_thread),
        )

    def _ask_thread(self, sequence_number: int) -> bytes:
        return discovery_request(self._address, self._pan_id, sequence_number)

    def _settings(self) -> RadioSettings:
        promiscuous = RadioCapability.PROMISCUOUS in self._radio.capabilities
        return replace(
            self._radio.settings,
            promiscuous=promiscuous,
            pan_id=0xFFFF,
            extended_address=self._address,
        )

    async def _do(self, actions: list[ScanAction], begun: Callable[[int], None]) -> None:
        """Do what the engine asks of the radio, and what follows from it."""
        waiting = deque(actions)
        while waiting:
            action = waiting.popleft()
            if isinstance(action, Configure):
                await tune(self._radio, action.settings)
                waiting += self._engine.configured(now=_now())
            elif isinstance(action, Transmit):
                outcome = await self._radio.transmit(action.psdu, action.parameters)
                waiting += self._engine.transmit_done(outcome, now=_now())
            elif isinstance(action, ChannelBegun):
                begun(action.channel)

    async def _listen(self, deadline: int) -> None:
        try:
            async with asyncio.timeout_at(deadline / 1_000_000):
                while True:
                    self._hear(await self._radio.next_event())
        except TimeoutError:
            return

    def _hear(self, event: ReceivedFrame | RadioNotice) -> None:
        channel = self._engine.channel
        if isinstance(event, ReceivedFrame) and channel is not None:
            number = self.networks.frames + 1
            self.networks.add(self._follower.follow(number, event, len(event.psdu)), channel)


def _now() -> int:
    """Return the loop's clock in microseconds."""
    return round(asyncio.get_running_loop().time() * 1_000_000)
