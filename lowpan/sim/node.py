"""A node in a world: the engine that runs on hardware, a simulated radio, and a clock."""

from collections.abc import Callable
from typing import Any

from lowpan.errors import LowpanError
from lowpan.mac.acknowledging import AcknowledgesSecured
from lowpan.mac.service import Acknowledge, Configure, FrameDropped, MeasureEnergy, Transmit
from lowpan.node.node import Node, NodeAction
from lowpan.radio import RadioCapability, ReceivedFrame, TransmitOutcome
from lowpan.sim.clock import Clock
from lowpan.sim.schedule import Event, Schedule
from lowpan.sim.sim_radio import SimRadio
from lowpan.wire.ieee802154 import Frame

Told = Callable[[NodeAction], None]

Boot = Callable[[RadioCapability], Node]
"""Makes the engine of a node, from what is durable: called at its start and at each restart."""


class NodeCrashed(LowpanError):
    """There is no engine: the node has crashed, and was not restarted."""


class SimNode:
    """A node and its radio; `told` gets what the node has to tell."""

    __slots__ = (
        "_boot",
        "_clock",
        "_deadline",
        "_event",
        "_node",
        "_schedule",
        "drift_ppm",
        "number",
        "radio",
        "restarts",
        "told",
    )

    def __init__(  # noqa: PLR0913  (its parts)
        self,
        number: int,
        boot: Boot,
        radio: SimRadio,
        schedule: Schedule,
        *,
        told: Told | None = None,
        drift_ppm: float = 0.0,
    ) -> None:
        self.number, self.radio, self.told, self.drift_ppm = number, radio, told, drift_ppm
        self.restarts = 0
        self._boot, self._schedule = boot, schedule
        self._clock: Clock | None = None
        self._node: Node | None = None
        self._event: Event | None = None
        """When we are woken: no later than at the deadline."""
        self._deadline: int | None = None
        """By our clock."""

    @property
    def node(self) -> Node:
        """Return the engine; raise NodeCrashed if there is none."""
        if self._node is None:
            raise NodeCrashed(f"node {self.number} has crashed")
        return self._node

    @property
    def is_running(self) -> bool:
        """Tell whether it has not crashed."""
        return self._node is not None

    @property
    def now(self) -> int:
        """Return what our own clock shows, microseconds: what inputs of the engine are given."""
        now, clock = self._schedule.now, self._clock
        return now if clock is None else clock.local(now)

    def start(self) -> None:
        """Boot, and be on air."""
        clock = Clock(self.drift_ppm, self._schedule.now if self.restarts else 0)
        self._clock = None if clock.is_worlds else clock
        self._node = node = self._boot(self.radio.capabilities)
        radio = self.radio
        radio.received = self._received
        radio.transmitted = self._transmitted
        radio.energy_measured = self._energy_measured
        if isinstance(radio, AcknowledgesSecured):
            radio.acknowledge_secured = self._acknowledgment
        radio.switch(on=True)
        self.take(node.start(now=self.now))

    def crash(self) -> None:
        """Be gone without a word; what was not saved is lost.  Harmless if it is gone."""
        self._node = self._deadline = None
        if self._event is not None:
            self._event.cancel()
            self._event = None
        self.radio.reset()

    def restart(self) -> None:
        """Crash if it runs, and boot again from what is durable; the clock begins at 0."""
        self.crash()
        self.restarts += 1
        self.start()

    def take(self, actions: list[NodeAction]) -> None:
        """Do what the node asks of its radio, pass on what it tells, and wake it in time.

        What a caller's own call of the node returns is to be handed in here.
        """
        for action in actions:
            carry_out = _ORDERS.get(type(action))
            if carry_out is not None:
                carry_out(self.radio, action)
            elif self.told is not None:
                self.told(action)
        node = self._node
        if node is None:
            return  # crashed by what it told
        deadline = self._deadline = node.next_deadline()
        if deadline is None:
            return
        event = self._event
        moment = deadline if self._clock is None else self._clock.moment(deadline)
        if event is None or moment < event[0]:
            if event is not None:
                event.cancel()
            self._event = self._schedule.at(moment, self._wake)

    def _wake(self) -> None:
        self._event, deadline = None, self._deadline
        if deadline is None or self._node is None:
            return
        now = self.now
        if deadline <= now:
            self.take(self._node.handle_deadline(now=now))
        else:  # it has become later since
            moment = deadline if self._clock is None else self._clock.moment(deadline)
            self._event = self._schedule.at(moment, self._wake)

    def _received(self, frame: ReceivedFrame) -> None:
        assert self._node is not None
        self.take(self._node.receive_frame(frame, now=self.now))

    def _transmitted(self, outcome: TransmitOutcome) -> None:
        assert self._node is not None
        self.take(self._node.transmit_done(outcome, now=self.now))

    def _energy_measured(self, dbm: float) -> None:
        assert self._node is not None
        self.take(self._node.energy_measured(dbm, now=self.now))

    def _acknowledgment(self, frame: Frame, psdu: bytes) -> bytes | None:
        assert self._node is not None
        return self._node.link.acknowledge_secured(frame, psdu, now=self.now)


def _transmit(radio: SimRadio, order: Transmit) -> None:
    radio.transmit(order.psdu, order.parameters)


def _acknowledge(radio: SimRadio, order: Acknowledge) -> None:
    radio.acknowledge(order.psdu)


def _configure(radio: SimRadio, order: Configure) -> None:
    radio.configure(order.settings)


def _measure(radio: SimRadio, order: MeasureEnergy) -> None:
    radio.measure_energy(order.channel, order.duration_us)


def _leave(radio: SimRadio, dropped: FrameDropped) -> None:
    """Leave it to the link layer's counters."""


_ORDERS: dict[type, Callable[[SimRadio, Any], None]] = {
    Transmit: _transmit,
    Acknowledge: _acknowledge,
    Configure: _configure,
    MeasureEnergy: _measure,
    FrameDropped: _leave,
}
