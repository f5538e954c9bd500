"""The medium: what each radio hears of what the others send."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import TypeVar

from lowpan.mac.service import BROADCAST
from lowpan.mac.timing import O_QPSK_2450, PhyTiming
from lowpan.radio import RadioSettings
from lowpan.sim.addressing import destination_of
from lowpan.sim.links import Links
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
_FEW = 32
"""Frames on air that are looked through one by one; of more, those of each radio's neighbours."""
_ACKNOWLEDGMENT = int(FrameType.ACKNOWLEDGMENT)


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
    HELD = "held back by a fault"
    DAMAGED = "received, damaged by a fault"
    DUPLICATED = "received, and once more by a fault"


_FATES = tuple(Fate)
RECEIVED, _NOT_LISTENING, _COLLIDED, _FAINT, _LOST, _BEHIND, HELD, DAMAGED, DUPLICATED = range(
    len(_FATES)
)

Interference = Callable[[Transmission, Link], int]
"""Says what becomes of a frame that would be received; all but RECEIVED it sees to itself."""
Radio = TypeVar("Radio", bound=SimRadio)


class Medium(Links):
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
        settings = self.settings
        super().__init__(settings.path_loss, settings.transmit_power, settings.faintest)
        self.timing = timing = settings.timing
        self.cca, self.turnaround = timing.cca, timing.turnaround
        self.unit_backoff_period, self.ack_wait = timing.unit_backoff_period, timing.ack_wait
        self.header = timing.air_time(-timing.fcs_octets)
        self.air_time, self.interframe_space = timing.air_time, timing.interframe_space
        self.air_times = [timing.air_time(octets) for octets in range(timing.longest_frame)]
        """By octets of a PSDU without its FCS."""
        self.loss = settings.loss
        """Share of frames that are lost on every link; may be changed at any time."""
        self.transmissions = 0
        self.on_air: Callable[[Transmission], None] | None = None
        """Called with each transmission when it has ended, for traces."""
        self.judged: Callable[[Transmission, list[Link], bytes | bytearray], None] | None = None
        """Called then with the radios that it was for, and what became of it there, for digests."""
        self.interference: Interference | None = None
        """Asked about each frame that would be received, for faults."""
        self.given: Transmission | None = None
        """What receivers are being given, so that they can tell whose it is."""
        self.radios: list[SimRadio] = []
        self._fates = [0] * len(_FATES)
        self._shown: dict[int, tuple[float, int]] = {}
        self._random = random
        self._noise, self._cca_threshold = milliwatts(settings.noise_floor), settings.cca_threshold
        self._longest = 0
        self._recent: deque[Transmission] = deque()
        """What may overlap with what is on air, in order of beginning."""
        self._by_address: dict[bytes, dict[SimRadio, None]] = {}
        self._promiscuous: dict[SimRadio, None] = {}

    @property
    def fates(self) -> Counter[Fate]:
        """Return how many frames met each fate, at radios that they were for."""
        return Counter({_FATES[code]: count for code, count in enumerate(self._fates) if count})

    # Radios and links

    def add_radio(self, position: Position | None = None) -> SimRadio:
        """Add a radio: with a position its links follow, without one they are set by connect()."""
        power = self.settings.transmit_power
        return self.add(SimRadio(self, len(self.radios), None, power), position)

    def add(self, radio: Radio, position: Position | None = None) -> Radio:
        """Add a radio of whatever kind; its number is how many there are before it."""
        self.radios.append(radio)
        if position is not None:
            self.place(radio, position)
        return radio

    def shown(self, rssi: int) -> tuple[float, int]:
        """Return RSSI and LQI as radios tell them of a level in whole dBm."""
        told = self._shown.get(rssi)
        if told is None:
            lqi = max(0, min(255, round(4 * (rssi - self.settings.noise_floor))))
            told = self._shown[rssi] = (float(rssi), lqi)
        return told

    def is_clear(self, rssi: float) -> bool:
        """Tell whether every frame of this level is understood as long as nothing overlaps."""
        sinr = rssi - self.settings.noise_floor
        return self.settings.delivery_ratio(sinr, self.timing.longest_frame) >= 1

    # What radios ask

    def is_busy(self, radio: SimRadio, channel: int, begin: int) -> bool:
        """Tell whether `radio` has noticed energy on the channel from `begin` until now."""
        hears, threshold = radio.hears, self._cca_threshold
        for signal in self._on_air(radio, channel, begin, self.schedule.now):
            link = hears.get(signal.sender)
            if link is not None and link.rssi + signal.gain >= threshold:
                return True
        return False

    def energy(self, radio: SimRadio, channel: int, begin: int) -> float:
        """Return the highest level that `radio` has noticed from `begin` until now, dBm."""
        hears, highest = radio.hears, self.settings.noise_floor
        for signal in self._on_air(radio, channel, begin, self.schedule.now):
            link = hears.get(signal.sender)
            if link is not None:
                highest = max(highest, link.rssi + signal.gain)
        return highest

    def put_on_air(self, transmission: Transmission) -> None:
        """Take note of a frame that is about to be sent; its sender forgets what is long over."""
        duration = transmission.end - transmission.start
        if duration > self._longest:  # noqa: PLR1730  (max() takes thrice the time)
            self._longest = duration
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
        for address in sorted(radio.addresses):
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
        links = self._audience(transmission)
        judged = self.judged
        if not links:
            if judged is not None:
                judged(transmission, links, bytearray())
            return
        fates, interference = self._fates, self.interference
        overlapping = self._overlapping(transmission)
        if len(links) == 1 and interference is None:  # most frames, in fewer steps
            link = links[0]
            code = self._fate(transmission, link, overlapping)
            fates[code] += 1
            if judged is not None:
                judged(transmission, links, _ALONE[code])
            if code == RECEIVED:
                self.given = transmission
                link.receiver.hear(transmission, link, transmission.psdu)
            return
        codes = bytearray()
        for link in links:
            code = self._fate(transmission, link, overlapping)
            if interference is not None and code == RECEIVED:
                code = interference(transmission, link)
            codes.append(code)
            fates[code] += 1
        if judged is not None:
            judged(transmission, links, codes)
        psdu = transmission.psdu
        for link, code in zip(links, codes, strict=True):
            if code == RECEIVED:
                self.give(transmission, link, psdu)

    def give(self, transmission: Transmission, link: Link, psdu: bytes) -> None:
        """Let a receiver have `psdu`, as what it understood of a transmission, if it is on."""
        if link.receiver.is_on:
            self.given = transmission
            link.receiver.hear(transmission, link, psdu)

    def _audience(self, transmission: Transmission) -> list[Link]:
        """Return the links to the radios that would give the frame on, in order of the radios."""
        psdu, reaches = transmission.psdu, transmission.sender.reaches
        radios: Iterable[SimRadio]
        if psdu and psdu[0] & 7 == _ACKNOWLEDGMENT:
            radios = self._waiting(reaches, psdu)
        else:
            transmission.destination = destination = destination_of(psdu)
            if destination is None or destination == BROADCAST:
                faintest = self.settings.noise_floor - _HOPELESS - transmission.gain
                return [link for link in reaches.values() if link.rssi > faintest]
            radios = self._by_address.get(destination, _NOBODY)
            if self._promiscuous:
                radios = {**dict.fromkeys(radios), **self._promiscuous}
        links = [reaches[radio] for radio in radios if radio in reaches]
        if len(links) > 1:
            links.sort(key=_receiver)
        return links

    def _waiting(self, reaches: Mapping[SimRadio, Link], psdu: bytes) -> Iterable[SimRadio]:
        """Return who waits for an acknowledgment: hardware wakes nobody for those of others."""
        recent, since = self._recent, self.schedule.now - 2 * self.ack_wait
        if len(recent) <= _FEW:
            senders = [sent.sender for sent in recent if sent.end > since]
        else:
            senders = [radio for radio in reaches if radio.last_end > since]
        waiting = [radio for radio in senders if radio.awaits(psdu)]
        if self._promiscuous or len(waiting) > 1:  # nobody twice
            return {**dict.fromkeys(waiting), **self._promiscuous}
        return waiting

    def _on_air(self, radio: SimRadio, channel: int, begin: int, end: int) -> list[Transmission]:
        """Return at least what `radio` hears on a channel between two moments."""
        recent: Iterable[Transmission] = self._recent
        if len(self._recent) > _FEW:
            senders = [sender for sender in radio.hears if sender.last_end > begin]
            recent = [signal for sender in senders for signal in sender.sent]
        return [
            signal
            for signal in recent
            if signal.end > begin and signal.start < end and signal.channel == channel
        ]

    def _overlapping(self, transmission: Transmission) -> list[Transmission] | None:
        """Return all others that were on air with it; None: each receiver has to look for them."""
        recent = self._recent
        if len(recent) > _FEW:
            return None
        start, end, channel = transmission.start, transmission.end, transmission.channel
        return [
            signal
            for signal in recent
            if signal.end > start
            and signal.start < end
            and signal.channel == channel
            and signal is not transmission
        ]

    def _fate(
        self, transmission: Transmission, link: Link, overlapping: list[Transmission] | None
    ) -> int:
        """Judge one transmission at one receiver."""
        receiver = link.receiver
        if not receiver.listened(transmission):
            return _NOT_LISTENING
        if overlapping is None:
            channel, start, end = transmission.channel, transmission.start, transmission.end
            overlapping = self._on_air(receiver, channel, start, end)
        disturbance, hears = 0.0, receiver.hears
        for signal in overlapping:
            other = hears.get(signal.sender)
            if other is not None and signal is not transmission:
                if self._holds(signal, other, transmission):
                    return _BEHIND
                disturbance += milliwatts(other.rssi + signal.gain)
        if link.is_clear and not disturbance and not transmission.gain and not self.loss:
            return RECEIVED
        return self._drawn_fate(transmission, link, disturbance)

    def _drawn_fate(self, transmission: Transmission, link: Link, disturbance: float) -> int:
        """Judge a transmission that may be too faint, or lost."""
        rssi = link.rssi + transmission.gain
        if disturbance:  # rounded here and below: the last bits of logarithms are the machine's
            if round(rssi - decibel_milliwatts(disturbance), 3) < self.settings.capture:
                return _COLLIDED
            sinr = round(rssi - decibel_milliwatts(self._noise + disturbance), 3)
        else:
            sinr = rssi - self.settings.noise_floor
        ratio = self.settings.delivery_ratio(sinr, len(transmission.psdu))
        if ratio < 1 and self._random.random() >= ratio:
            return _COLLIDED if disturbance else _FAINT
        kept = (1 - link.loss) * (1 - self.loss)
        if kept < 1 and self._random.random() >= kept:
            return _LOST
        return RECEIVED

    def _holds(self, signal: Transmission, link: Link, transmission: Transmission) -> bool:
        """Tell whether the receiver had synchronised to `signal` before the other began."""
        return (
            signal.start + self.header <= transmission.start
            and link.rssi + signal.gain > self.settings.noise_floor
            and link.receiver.listened(signal)
        )


_NOBODY: dict[SimRadio, None] = {}
_ALONE = tuple(bytes((code,)) for code in range(len(_FATES)))
"""What became of a frame that was for one radio, as digests want it."""


def _receiver(link: Link) -> int:
    return link.receiver.number
