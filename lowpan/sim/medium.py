"""The medium: what each radio hears of what the others send."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from random import Random

from lowpan.mac.service import BROADCAST
from lowpan.mac.timing import O_QPSK_2450, PhyTiming
from lowpan.radio import Fcs, RadioSettings, ReceivedFrame
from lowpan.sim.propagation import (
    DeliveryRatio,
    PathLoss,
    Position,
    decibel_milliwatts,
    milliwatts,
    o_qpsk,
)
from lowpan.sim.schedule import Schedule
from lowpan.sim.sim_radio import Link, SimRadio, Transmission, addresses_of
from lowpan.wire.ieee802154 import FrameType

_HOPELESS = 5.0
"""dB below the noise at which no frame is understood."""


@dataclass(frozen=True, slots=True)
class MediumSettings:
    """What the air is like; levels in dBm."""

    timing: PhyTiming = O_QPSK_2450
    path_loss: PathLoss = field(default_factory=PathLoss)
    transmit_power: float = 0.0
    noise_floor: float = -99.0
    """Thermal noise in 2 MHz and the receiver's own; frames are understood from 1 dB above."""
    cca_threshold: float = -85.0
    """From which a signal makes the channel busy (CCA mode 1): what the standard wants receivers to
    understand; it allows 10 dB more."""
    capture: float = 3.0
    """dB that a frame must be above all others together that overlap with it."""
    faintest: float = -109.0
    """What is below does not even disturb."""
    loss: float = 0.0
    """Share of frames that are lost on every link, whatever its level."""
    delivery_ratio: DeliveryRatio = o_qpsk


class Fate(Enum):
    """What became of a frame at one radio that it was for."""

    RECEIVED = "received"
    NOT_LISTENING = "receiver off, elsewhere or sending"
    COLLIDED = "disturbed by another frame"
    FAINT = "too faint"
    LOST = "lost by the link"
    BEHIND = "receiver busy with an earlier frame"


class Medium:
    """One air for all channels.

    A frame is understood if its level is far enough above the noise and above all that overlaps
    with it (capture), if its receiver did not send meanwhile, and if it had not begun to receive an
    earlier frame.  Distances do not delay.  What a frame costs depends on how many radios are near,
    not on how many there are.
    """

    def __init__(
        self, schedule: Schedule, random: Random, settings: MediumSettings | None = None
    ) -> None:
        self.schedule, self.settings = schedule, settings or MediumSettings()
        self.timing = self.settings.timing
        self.fates: Counter[Fate] = Counter()
        self.transmissions = 0
        self.on_air: Callable[[Transmission], None] | None = None
        """Called with each transmission when it has ended, for traces."""
        self.radios: list[SimRadio] = []
        self._random = random
        self._noise = milliwatts(self.settings.noise_floor)
        self._header = self.timing.air_time(-self.timing.fcs_octets)
        self._longest = 0
        self._recent: deque[Transmission] = deque()
        """What may overlap with what is on air, in order of beginning."""
        self._by_address: dict[bytes, dict[SimRadio, None]] = {}
        self._promiscuous: dict[SimRadio, None] = {}
        most_loss = self.settings.transmit_power - self.settings.faintest
        self._cell = self.settings.path_loss.reach(most_loss)
        self._cells: dict[tuple[int, int], list[SimRadio]] = {}

    # Radios and links

    def add_radio(self, position: Position | None = None) -> SimRadio:
        """Add a radio: with a position its links follow, without one they are set by connect()."""
        radio = SimRadio(self, len(self.radios), position, self.settings.transmit_power)
        self.radios.append(radio)
        if position is not None:
            path_loss, power = self.settings.path_loss, self.settings.transmit_power
            for other, where in list(self._around(position)):
                rssi = power - path_loss.between(position, where)
                if rssi >= self.settings.faintest:
                    self.connect(radio, other, rssi)
            self._cells.setdefault(self._cell_of(position), []).append(radio)
        return radio

    def connect(self, one: SimRadio, other: SimRadio, rssi: float, *, loss: float = 0.0) -> None:
        """Let two radios hear each other at `rssi` dBm; a link that was there is replaced."""
        for sender, receiver in ((one, other), (other, one)):
            self.set_link(sender, receiver, rssi, loss=loss)

    def set_link(
        self, sender: SimRadio, receiver: SimRadio, rssi: float, *, loss: float = 0.0
    ) -> None:
        """Let `receiver` hear `sender`, in this direction alone."""
        link = Link(sender, receiver, rssi, milliwatts(rssi), loss)
        sender.reaches[receiver] = receiver.hears[sender] = link

    def disconnect(self, one: SimRadio, other: SimRadio) -> None:
        """Let two radios hear nothing of each other; harmless if they do not."""
        for sender, receiver in ((one, other), (other, one)):
            sender.reaches.pop(receiver, None)
            receiver.hears.pop(sender, None)

    def _around(self, position: Position) -> Iterator[tuple[SimRadio, Position]]:
        east, north = self._cell_of(position)
        for column in (east - 1, east, east + 1):
            for row in (north - 1, north, north + 1):
                for radio in self._cells.get((column, row), ()):
                    if radio.position is not None:
                        yield radio, radio.position

    def _cell_of(self, position: Position) -> tuple[int, int]:
        return int(position[0] // self._cell), int(position[1] // self._cell)

    # What radios ask

    def is_busy(self, radio: SimRadio, channel: int, begin: int) -> bool:
        """Tell whether `radio` has noticed energy on the channel from `begin` until now."""
        threshold = self.settings.cca_threshold
        signals = self._signals(radio, channel, begin, self.schedule.now)
        return any(link.rssi + signal.gain >= threshold for signal, link in signals)

    def energy(self, radio: SimRadio, channel: int, begin: int) -> float:
        """Return the highest level that `radio` has noticed from `begin` until now, dBm."""
        signals = self._signals(radio, channel, begin, self.schedule.now)
        levels = [link.rssi + signal.gain for signal, link in signals]
        return max([self.settings.noise_floor, *levels])

    def put_on_air(self, transmission: Transmission) -> None:
        """Take note of a frame that is about to be sent; its sender forgets what is long over."""
        self._longest = max(self._longest, transmission.end - transmission.start)
        over = self.schedule.now - self._longest
        for signals in (self._recent, transmission.sender.sent):
            while signals and signals[0].end < over:
                signals.popleft()
            signals.append(transmission)

    def listen_for(self, radio: SimRadio, settings: RadioSettings) -> None:
        """Give `radio` what `settings` let through from now on, as its own filter would."""
        for address in radio.addresses:
            self._by_address[address].pop(radio, None)
        radio.addresses = addresses_of(settings)
        for address in radio.addresses:
            self._by_address.setdefault(address, {})[radio] = None
        if settings.promiscuous:
            self._promiscuous[radio] = None
        else:
            self._promiscuous.pop(radio, None)

    def deliver(self, transmission: Transmission) -> None:
        """Give a frame that has ended to whoever has understood it."""
        self.transmissions += 1
        if self.on_air is not None:
            self.on_air(transmission)
        for link in self._audience(transmission):
            fate = self._fate(transmission, link)
            self.fates[fate] += 1
            if fate is Fate.RECEIVED:
                link.receiver.received(self._received(transmission, link))

    def _audience(self, transmission: Transmission) -> list[Link]:
        """Return the links to the radios that would give the frame on, in order of the radios."""
        psdu, reaches = transmission.psdu, transmission.sender.reaches
        destination = destination_of(psdu)
        if destination is not None and destination != BROADCAST:
            radios = {**self._by_address.get(destination, {}), **self._promiscuous}
        elif psdu and psdu[0] & 7 == FrameType.ACKNOWLEDGMENT:
            # hardware wakes nobody for the acknowledgment of another's frame
            since = self.schedule.now - 2 * self.timing.ack_wait
            waiting = [sent.sender for sent in self._recent if sent.end > since]
            radios = {**dict.fromkeys(waiting), **self._promiscuous}
        else:
            faintest = self.settings.noise_floor - _HOPELESS - transmission.gain
            return [link for link in reaches.values() if link.rssi > faintest]
        links = [reaches[radio] for radio in radios if radio in reaches]
        return sorted(links, key=_receiver) if len(links) > 1 else links

    def _signals(
        self, radio: SimRadio, channel: int, begin: int, end: int
    ) -> list[tuple[Transmission, Link]]:
        """Return what `radio` hears on a channel between two moments."""
        hears = radio.hears
        if len(self._recent) <= len(hears):
            return [
                (signal, hears[signal.sender])
                for signal in self._recent
                if signal.end > begin
                and signal.start < end
                and signal.sender in hears
                and signal.channel == channel
            ]
        return [
            (signal, link)
            for sender, link in hears.items()
            if sender.last_end > begin
            for signal in sender.sent
            if signal.end > begin and signal.start < end and signal.channel == channel
        ]

    def _received(self, transmission: Transmission, link: Link) -> ReceivedFrame:
        rssi = float(round(link.rssi + transmission.gain))
        lqi = max(0, min(255, round(4 * (rssi - self.settings.noise_floor))))
        return ReceivedFrame(
            transmission.psdu,
            Fcs.GOOD,
            channel=transmission.channel,
            rssi=rssi,
            lqi=lqi,
            radio_time_us=transmission.start + self._header,
        )

    def _fate(self, transmission: Transmission, link: Link) -> Fate:
        """Judge one transmission at one receiver."""
        receiver = link.receiver
        if not receiver.listened(transmission):
            return Fate.NOT_LISTENING
        disturbance = 0.0
        start, end = transmission.start, transmission.end
        for signal, other in self._signals(receiver, transmission.channel, start, end):
            if signal is not transmission:
                if self._holds(signal, other, transmission):
                    return Fate.BEHIND
                disturbance += other.power
        rssi = link.rssi + transmission.gain
        if disturbance and rssi - decibel_milliwatts(disturbance) < self.settings.capture:
            return Fate.COLLIDED
        sinr = rssi - decibel_milliwatts(self._noise + disturbance)
        ratio = self.settings.delivery_ratio(sinr, len(transmission.psdu))
        if ratio < 1 and self._random.random() >= ratio:
            return Fate.COLLIDED if disturbance else Fate.FAINT
        kept = (1 - link.loss) * (1 - self.settings.loss)
        if kept < 1 and self._random.random() >= kept:
            return Fate.LOST
        return Fate.RECEIVED

    def _holds(self, signal: Transmission, link: Link, transmission: Transmission) -> bool:
        """Tell whether the receiver had synchronised to `signal` before the other began."""
        return (
            signal.start + self._header <= transmission.start
            and link.rssi + signal.gain > self.settings.noise_floor
            and link.receiver.listened(signal)
        )


def _receiver(link: Link) -> int:
    return link.receiver.number


def destination_of(psdu: bytes) -> bytes | None:
    """Return the destination address, in display order, where filters look for it.

    None if there is none or the frame is of a kind that every receiver looks at itself.
    """
    if len(psdu) < 7 or psdu[0] & 4 or psdu[1] & 0x30 > 0x10:
        return None
    mode = psdu[1] & 0x0C
    if mode == 0x08:
        return psdu[6:4:-1]
    return psdu[12:4:-1] if mode == 0x0C and len(psdu) > 12 else None
