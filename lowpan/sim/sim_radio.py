"""A radio in the simulated medium: it sends, listens and assesses the channel, nothing more."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lowpan.mac.service import BROADCAST
from lowpan.radio import (
    Fcs,
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
    from lowpan.sim.schedule import Event

CAPABILITIES = (
    RadioCapability.TRANSMIT
    | RadioCapability.PROMISCUOUS
    | RadioCapability.ENERGY
    | RadioCapability.RSSI
    | RadioCapability.LQI
    | RadioCapability.TIMESTAMPS
    | RadioCapability.RECEIVER_OFF
)
"""CSMA-CA, acknowledgments and repetitions are the link layer's, as its time is the medium's."""

_SENT = TransmitOutcome(status=TransmitStatus.SUCCESS, transmissions=1)
_BUSY = TransmitOutcome(status=TransmitStatus.CHANNEL_ACCESS_FAILURE, transmissions=0)
SWITCHED_OFF = TransmitOutcome(
    status=TransmitStatus.ABORTED, transmissions=0, reason="switched off"
)


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
    destination: bytes | None = None
    """Whom it is for, as far as radios find out by themselves; known once it is delivered."""


class Link:
    """How one radio hears another."""

    __slots__ = ("is_clear", "loss", "receiver", "rssi", "sender")

    def __init__(
        self, sender: "SimRadio", receiver: "SimRadio", rssi: float, loss: float = 0.0
    ) -> None:
        self.sender, self.receiver = sender, receiver
        self.rssi = rssi
        """dBm."""
        self.loss = loss
        """Share of frames that are lost besides those that the medium takes."""
        self.is_clear = not loss and sender.medium.is_clear(rssi)
        """Every frame is understood that nothing overlaps with."""


class SimRadio:
    """A half-duplex transceiver in `medium`, at a position or with links that are set one by one.

    `received`, `transmitted` and `energy_measured` are called with what it has to tell.  As
    hardware does, it leaves out frames that are for others unless it is promiscuous, and those
    that came in damaged.
    """

    capabilities: ClassVar[RadioCapability] = CAPABILITIES

    __slots__ = (
        "_pending",
        "_since",
        "addresses",
        "channel",
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
        self.received: Callable[[ReceivedFrame], None] = _ignore
        self.transmitted: Callable[[TransmitOutcome], None] = _ignore
        self.energy_measured: Callable[[float], None] = _ignore
        self.hears: dict[SimRadio, Link] = {}
        self.reaches: dict[SimRadio, Link] = {}
        self.addresses: frozenset[bytes] = frozenset()
        """Whom frames are for that are given on; 2 and 8 octets."""
        self.sent: deque[Transmission] = deque()
        """What it sent last, as long as it may overlap with what is on air."""
        self.last_end = -1
        self.is_on = True
        self._since = 0
        self._pending: Event | None = None
        """What comes next of an order to transmit or to measure."""
        self.settings = RadioSettings()
        self.channel = self.settings.channel
        self.configure(self.settings)

    def configure(self, settings: RadioSettings) -> None:
        """Be as `settings` say; what is on air as it tunes, or wakes, is missed."""
        woken = settings.rx_on_when_idle and not self.settings.rx_on_when_idle
        if settings.channel != self.channel or woken:
            self._since = self.medium.schedule.now
        self.settings, self.channel = settings, settings.channel
        self.medium.listen_for(self, settings)

    def switch(self, *, on: bool) -> None:
        """Sleep, or listen from now on."""
        if on and not self.is_on:
            self._since = self.medium.schedule.now
        self.is_on = on

    def reset(self) -> None:
        """Forget what it was told to do, and be off; a frame that is on air goes out all the same.

        Nobody is told any more.
        """
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        self.received = self.transmitted = self.energy_measured = _ignore
        self.switch(on=False)

    def transmit(self, psdu: bytes, parameters: TransmitParameters) -> None:
        """Assess the channel once unless told not to, and send; transmitted() tells the end.

        Backoff and repetitions are the caller's.
        """
        medium = self.medium
        channel, gain = self._manner(parameters)
        if parameters.csma:
            now = medium.schedule.now
            self._pending = medium.schedule.at(
                now + medium.cca, self._assessed, psdu, channel, gain, now
            )
        else:
            self._put_on_air(psdu, channel, gain, self._transmitted)

    def acknowledge(self, psdu: bytes) -> None:
        """Send at once, without assessing the channel; nobody is told."""
        medium = self.medium
        if self.last_end <= medium.schedule.now and self.is_on:
            self._put_on_air(psdu, self.channel, 0.0, medium.deliver)

    def measure_energy(self, channel: int, duration: int) -> None:
        """Listen to a channel for `duration` microseconds; energy_measured() gets the highest."""
        now = self.medium.schedule.now
        self._listen_on(channel, now + duration, self.medium.settings.noise_floor, now)

    def awaits(self, acknowledgment: bytes) -> bool:
        """Tell whether the radio lets an acknowledgment through; a bare one lets all through."""
        return True

    @property
    def awaits_any(self) -> bool:
        """Tell whether it listens for an acknowledgment, though it is asleep otherwise."""
        return False

    def listened(self, transmission: Transmission) -> bool:
        """Tell whether it had its receiver on for the whole of `transmission`."""
        start = transmission.start
        if not self.is_on or self._since > start or self.channel != transmission.channel:
            return False
        if not self.settings.rx_on_when_idle and not self.awaits_any:
            return False
        if self.last_end <= start:
            return True
        end, turnaround = transmission.end, self.medium.turnaround
        return not any(own.end > start and own.start - turnaround < end for own in self.sent)

    def hear(self, transmission: Transmission, link: Link, psdu: bytes) -> None:
        """Take what has come in of a transmission: `psdu`, all of it, as `link` carried it."""
        self.received(self.frame_of(transmission, link, psdu))

    def frame_of(self, transmission: Transmission, link: Link, psdu: bytes) -> ReceivedFrame:
        """Return a transmission as it is given to whoever is above."""
        medium = self.medium
        rssi, lqi = medium.shown(round(link.rssi + transmission.gain))
        begin = transmission.start + medium.header
        return ReceivedFrame(psdu, _GOOD, b"", None, transmission.channel, None, rssi, lqi, begin)

    def _manner(self, parameters: TransmitParameters) -> tuple[int, float]:
        """Return the channel and the gain that a transmission is ordered with."""
        channel, power = parameters.channel, parameters.transmit_power
        if power is None:
            power = self.settings.transmit_power
        return (
            self.channel if channel is None else channel,
            0.0 if power is None else power - self.power,
        )

    def _listen_on(self, channel: int, until: int, highest: float, begin: int) -> None:
        """Take one sample after the other: nobody remembers for long what was on air."""
        medium = self.medium
        highest = max(highest, medium.energy(self, channel, begin))
        now = medium.schedule.now
        if now >= until:
            self.energy_measured(highest)
        else:
            following = min(now + medium.unit_backoff_period, until)
            self._pending = medium.schedule.at(
                following, self._listen_on, channel, until, highest, now
            )

    def _assessed(self, psdu: bytes, channel: int, gain: float, begin: int) -> None:
        if not self.is_on:
            self.transmitted(SWITCHED_OFF)
        elif self.last_end > begin or self.medium.is_busy(self, channel, begin):
            self.transmitted(_BUSY)
        else:
            self._put_on_air(psdu, channel, gain, self._transmitted)

    def _put_on_air(
        self, psdu: bytes, channel: int, gain: float, then: Callable[[Transmission], None]
    ) -> None:
        """Turn round and send; others see it in `sent` when its time has come."""
        medium = self.medium
        start = medium.schedule.now + medium.turnaround
        octets, known = len(psdu), medium.air_times
        end = start + (known[octets] if octets < len(known) else medium.air_time(octets))
        transmission = Transmission(self, psdu, channel, start, end, gain)
        medium.put_on_air(transmission)
        self.last_end = end
        medium.schedule.at(end, then, transmission)

    def _transmitted(self, transmission: Transmission) -> None:
        self.medium.deliver(transmission)
        self.transmitted(_SENT)


_GOOD = Fcs.GOOD


def _ignore(told: object) -> None:
    """Nobody listens."""


def addresses_of(settings: RadioSettings) -> frozenset[bytes]:
    """Return the addresses that a radio with `settings` listens to, broadcast left out."""
    addresses = {settings.short_address.to_bytes(2, "big"), settings.extended_address or BROADCAST}
    return frozenset(addresses - {BROADCAST})
