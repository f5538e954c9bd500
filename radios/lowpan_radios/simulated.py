"""A radio in a simulated world, for programs on asyncio that run in its time."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from lowpan.mac.acknowledging import SecuredAck
from lowpan.radio import (
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.sim.propagation import Position
from lowpan.sim.world import World
from lowpan_radios.base import BaseRadio

if TYPE_CHECKING:
    from lowpan.sim.transceiver import Transceiver

_CLOSED = TransmitOutcome(status=TransmitStatus.ABORTED, reason="closed")


class SimulatedRadio(BaseRadio):
    """A transceiver of `world`, at a position or with links that are set in its medium.

    It is for programs that World.run() runs: `async with lowpan.Node(SimulatedRadio(world), ...)`.
    Times are those of the world, whose beginning is 1970.
    """

    def __init__(
        self, world: World, position: Position | None = None, *, uri: str = "sim:"
    ) -> None:
        self.sim_radio: Transceiver = world.add_transceiver(position)
        """The radio in the medium: what links and faults are asked for."""
        super().__init__(uri, "simulated transceiver", self.sim_radio.capabilities)
        self._schedule = world.schedule
        self._outcome: asyncio.Future[TransmitOutcome] | None = None
        self._energy: asyncio.Future[float] | None = None
        self.sim_radio.received = self._received
        self.sim_radio.transmitted = self._transmitted
        self.sim_radio.energy_measured = self._measured

    @property
    def acknowledge_secured(self) -> SecuredAck | None:
        """Return what makes the acknowledgments of secured frames; see AcknowledgesSecured."""
        return self.sim_radio.acknowledge_secured

    @acknowledge_secured.setter
    def acknowledge_secured(self, make: SecuredAck | None) -> None:
        self.sim_radio.acknowledge_secured = make

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        self.sim_radio.configure(settings)
        return settings

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        if self._outcome is not None:  # of a caller that was cancelled meanwhile
            await asyncio.wait([self._outcome])
        self._outcome = asyncio.get_running_loop().create_future()
        self.sim_radio.transmit(psdu, parameters)
        return await asyncio.shield(self._outcome)

    async def _measure_energy(self, channel: int, duration_ms: int) -> float:
        self._energy = asyncio.get_running_loop().create_future()
        self.sim_radio.measure_energy(channel, duration_ms * 1000)
        return await self._energy

    async def _close(self) -> None:
        self.sim_radio.reset()
        self._transmitted(_CLOSED)

    def _received(self, frame: ReceivedFrame) -> None:
        frame.time_ns = self._time_ns()
        self._deliver(frame)

    def _transmitted(self, outcome: TransmitOutcome) -> None:
        done, self._outcome = self._outcome, None
        if done is not None and not done.done():
            done.set_result(self._timed(outcome))

    def _timed(self, outcome: TransmitOutcome) -> TransmitOutcome:
        if outcome.ack is not None:
            outcome.ack.time_ns = self._time_ns()
        return replace(outcome, time_ns=self._time_ns())

    def _time_ns(self) -> int:
        """Return what the clock of our user shows, nanoseconds since 1970."""
        return self._schedule.now * 1000

    def _measured(self, dbm: float) -> None:
        if self._energy is not None and not self._energy.done():
            self._energy.set_result(dbm)
