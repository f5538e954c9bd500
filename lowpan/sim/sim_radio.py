"""A radio in the simulated medium: it sends, listens and assesses the channel, nothing more."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lowpan.mac.service import BROADCAST
from lowpan.radio import (
    RadioCapability,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.sim.propagation import Position

if TYPE_CHECKING:
    from lowpan.sim.medium import Medium

CAPABILITIES = (
    RadioCapability.TRANSMIT
    | RadioCapability.PROMISCUOUS
    | RadioCapability.ENERGY
    | RadioCapability.RSSI
    | RadioCapability.LQI
    | RadioCapability.TIMESTAMPS
)
"""CSMA-CA, acknowledgments and repetitions are the link layer's, as its time is the medium's."""

_SENT = TransmitOutcome(status=TransmitStatus.SUCCESS, transmissions=1)
_BUSY = TransmitOutcome(status=TransmitStatus.CHANNEL_ACCESS_FAILURE, transmissions=0)
_OFF = TransmitOutcome(status=TransmitStatus.ABORTED, transmissions=0, reason="switched off")


@dataclass(slots=True, eq=False)
class Transmission:
    """A frame on air."""

    sender: "SimRadio"
    psdu: bytes
    channel: int
    start: int
    """When its preamble begins, which may be yet to come, and when its last octet has left."""
    end: int
    gain: float = 0.0
    """dB above the power that the sender's links are computed with."""


@dataclass(slots=True, eq=False)
class Link:
    """How one radio hears another."""

    sender: "SimRadio"
    receiver: "SimRadio"
    rssi: float
    """dBm."""
    power: float
    """The same in mW."""
    loss: float = 0.0
    """Share of frames that are lost besides those that the medium takes."""


class SimRadio:
    """A half-duplex transceiver in `medium`, at a position or with links that are set one by one.

    `received`, `transmitted` and `energy_measured` are called with what it has to tell.  As
    hardware does, it leaves out frames that are for others unless it is promiscuous, and those
    that came in damaged.
    """

    __slots__ = (
        "_since",
        "addresses",
        "energy_measured",
        "hears",
        "is_on",
        "last_end",
        "medium",
        "number",
        "position",
        "power",
        "reaches",
        "received",
        "sent",
        "settings",
        "transmitted",
    )

    def __init__(
        self, medium: "Medium", number: int, position: Position | None, power: float
    ) -> None:
        self.medium, self.number, self.position, self.power = medium, number, position, power
        self.received: Callable[[ReceivedFrame], None] = lambda frame: None
        self.transmitted: Callable[[TransmitOutcome], None] = lambda outcome: None
        self.energy_measured: Callable[[float], None] = lambda dbm: None
        self.hears: dict[SimRadio, Link] = {}
        self.reaches: dict[SimRadio, Link] = {}
        self.addresses: frozenset[bytes] = frozenset()
        """Whom frames are for that are given on; 2 and 8 octets."""
        self.sent: deque[Transmission] = deque()
        """What it sent last, as long as it may overlap with what is on air."""
        self.last_end = -1
        self.is_on = True
        self._since = 0
        self.settings = RadioSettings()
        self.configure(self.settings)

    def configure(self, settings: RadioSettings) -> None:
        """Be as `settings` say; what is on air at a change of channel is missed."""
        if settings.channel != self.settings.channel:
            self._since = self.medium.schedule.now
        self.settings = settings
        self.medium.listen_for(self, settings)

    def switch(self, *, on: bool) -> None:
        """Sleep, or listen from now on."""
        if on and not self.is_on:
            self._since = self.medium.schedule.now
        self.is_on = on

    def transmit(self, psdu: bytes, parameters: TransmitParameters) -> None:
        """Assess the channel once unless told not to, and send; transmitted() tells the end.

        Backoff and repetitions are the caller's.
        """
        schedule, timing = self.medium.schedule, self.medium.timing
        channel = self.settings.channel if parameters.channel is None else parameters.channel
        gain = 0.0
        if parameters.transmit_power is not None:
            gain = parameters.transmit_power - self.power
        if parameters.csma:
            schedule.after(timing.cca, self._assessed, psdu, channel, gain, schedule.now)
        else:
            self._put_on_air(psdu, channel, gain, self._transmitted)

    def acknowledge(self, psdu: bytes) -> None:
        """Send at once, without assessing the channel; nobody is told."""
        if self.last_end <= self.medium.schedule.now and self.is_on:
            self._put_on_air(psdu, self.settings.channel, 0.0, self.medium.deliver)

    def measure_energy(self, channel: int, duration: int) -> None:
        """Listen to a channel for `duration` microseconds; energy_measured() gets the highest."""
        now = self.medium.schedule.now
        self._listen_on(channel, now + duration, self.medium.settings.noise_floor, now)

    def listened(self, transmission: Transmission) -> bool:
        """Tell whether it had its receiver on for the whole of `transmission`."""
        start = transmission.start
        if not self.is_on or self._since > start or self.settings.channel != transmission.channel:
            return False
        if self.last_end <= start:
            return True
        end, turnaround = transmission.end, self.medium.timing.turnaround
        return not any(own.end > start and own.start - turnaround < end for own in self.sent)

    def _listen_on(self, channel: int, until: int, highest: float, begin: int) -> None:
        """Take one sample after the other: nobody remembers for long what was on air."""
        medium = self.medium
        highest = max(highest, medium.energy(self, channel, begin))
        now = medium.schedule.now
        if now >= until:
            self.energy_measured(highest)
        else:
            following = min(now + medium.timing.unit_backoff_period, until)
            medium.schedule.at(following, self._listen_on, channel, until, highest, now)

    def _assessed(self, psdu: bytes, channel: int, gain: float, begin: int) -> None:
        if not self.is_on:
            self.transmitted(_OFF)
        elif self.last_end > begin or self.medium.is_busy(self, channel, begin):
            self.transmitted(_BUSY)
        else:
            self._put_on_air(psdu, channel, gain, self._transmitted)

    def _put_on_air(
        self, psdu: bytes, channel: int, gain: float, then: Callable[[Transmission], None]
    ) -> None:
        """Turn round and send; others see it in `sent` when its time has come."""
        medium = self.medium
        start = medium.schedule.now + medium.timing.turnaround
        end = start + medium.timing.air_time(len(psdu))
        transmission = Transmission(self, psdu, channel, start, end, gain)
        medium.put_on_air(transmission)
        self.last_end = end
        medium.schedule.at(end, then, transmission)

    def _transmitted(self, transmission: Transmission) -> None:
        self.medium.deliver(transmission)
        self.transmitted(_SENT)


def addresses_of(settings: RadioSettings) -> frozenset[bytes]:
    """Return the addresses that a radio with `settings` listens to, broadcast left out."""
    addresses = {settings.short_address.to_bytes(2, "big"), settings.extended_address or BROADCAST}
    return frozenset(addresses - {BROADCAST})
