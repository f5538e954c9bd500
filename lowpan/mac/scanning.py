"""Scanning: what is on the channels, one after the other (IEEE 802.15.4-2020 §6.3.1).

An engine that has the radio for itself while it runs: what the radio hears and reports is for it,
not for the link layer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.mac.framing import beacon_request
from lowpan.mac.service import Configure, MeasureEnergy, Transmit
from lowpan.radio import (
    Fcs,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.wire.beacon import BEACON, Beacon
from lowpan.wire.ieee802154 import Frame, FrameType, decode_frame, encode_frame

MOST_PANS = 256
"""Coordinators that are remembered, 0.1 MB: with forged beacons anybody makes up as many more."""
MEASURING_PATIENCE = 1_000_000
"""Microseconds after which a channel is left out that the radio does not measure."""
ANY_PAN = 0xFFFF

Request = Callable[[int], bytes]
"""Makes the PSDU of a question from its sequence number."""


def ask_for_beacons(sequence_number: int) -> bytes:
    """Return a beacon request."""
    frame = beacon_request()
    frame.sequence_number = sequence_number
    return encode_frame(frame)


class ScanType(Enum):
    """What is looked for."""

    ENERGY = "how loud each channel is"
    ACTIVE = "who answers"
    PASSIVE = "who is heard"


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """What to do on each channel."""

    scan_type: ScanType
    channels: tuple[int, ...]
    duration: int
    """Microseconds on each, see PhyTiming.scan_duration()."""
    page: int = 0
    requests: Sequence[Request] = (ask_for_beacons,)
    """What an active scan sends."""
    most_pans: int = MOST_PANS

    def __post_init__(self) -> None:
        """Raise FieldOutOfRange for a plan that scans nothing."""
        if not self.channels or self.duration <= 0:
            raise FieldOutOfRange("a scan needs channels, and time on each of them")


@dataclass(frozen=True, slots=True)
class PanDescriptor:
    """A coordinator that was heard (table 8-24)."""

    pan_id: int | None
    address: bytes | None
    """2 or 8 octets."""
    channel: int
    page: int
    beacon: Beacon | None
    """None: it could not be read, or is secured or an Enhanced Beacon."""
    psdu: bytes
    rssi: float | None
    lqi: int | None
    security_enabled: bool = False

    @property
    def association_permit(self) -> bool:
        """Tell whether it says that devices may join."""
        return self.beacon is not None and self.beacon.superframe_specification.association_permit


@dataclass(frozen=True, slots=True)
class ChannelBegun:
    """The radio is on this channel."""

    channel: int


@dataclass(frozen=True, slots=True)
class PanFound:
    """A coordinator was heard for the first time on this channel."""

    pan: PanDescriptor


@dataclass(frozen=True, slots=True)
class ScanDone:
    """Every channel was visited, and the radio is to be as before."""

    pans: tuple[PanDescriptor, ...]
    energies: tuple[tuple[int, float], ...]
    """Channel, and the highest energy on it, dBm."""
    unsent: int
    """Questions that did not get on air: the channel was busy."""
    unremembered: int
    """Beacons of coordinators beyond `most_pans`."""


ScanAction = Configure | Transmit | MeasureEnergy | ChannelBegun | PanFound | ScanDone


class _State(Enum):
    IDLE = "not begun, or done"
    TUNING = "the radio changes the channel"
    ASKING = "a question is being sent"
    LISTENING = "until the time on this channel is over"
    MEASURING = "the radio measures"


class Scanning:
    """One scan; `radio` is what the radio is before and afterwards, `now` microseconds.

    After each Configure, configured() is to be called: a radio may take its time to tune.
    """

    def __init__(self, plan: ScanPlan, radio: RadioSettings, random: Random) -> None:
        self.plan, self._radio = plan, radio
        self.channel: int | None = None
        """Where we are."""
        self.unsent = 0
        self._state = _State.IDLE
        self._deadline: int | None = None
        self._sequence_number = random.randrange(256)
        self._channels = list(reversed(plan.channels))
        self._requests: list[Request] = []
        self._pans: dict[tuple[int, int | None, bytes | None], PanDescriptor] = {}
        self._energies: list[tuple[int, float]] = []
        self._unremembered = 0

    def start(self) -> list[ScanAction]:
        """Begin with the first channel."""
        return self._next_channel() if self._state is _State.IDLE else []

    def configured(self, *, now: int) -> list[ScanAction]:
        """Take that the radio is as the last Configure said."""
        channel = self.channel
        if self._state is not _State.TUNING or channel is None:
            return []
        begun = ChannelBegun(channel)
        if self.plan.scan_type is ScanType.ENERGY:
            self._state = _State.MEASURING
            self._deadline = now + self.plan.duration + MEASURING_PATIENCE
            return [begun, MeasureEnergy(channel, self.plan.duration)]
        asks = self.plan.scan_type is ScanType.ACTIVE
        self._requests = list(reversed(self.plan.requests)) if asks else []
        return [begun, *self._ask(now)]

    def transmit_done(self, outcome: TransmitOutcome, *, now: int) -> list[ScanAction]:
        """Take what became of the last Transmit."""
        if self._state is not _State.ASKING:
            return []
        self.unsent += outcome.status is not TransmitStatus.SUCCESS
        return self._ask(now)

    def energy_measured(self, dbm: float) -> list[ScanAction]:
        """Take the answer to MeasureEnergy."""
        if self._state is not _State.MEASURING or self.channel is None:
            return []
        self._energies.append((self.channel, dbm))
        return self._next_channel()

    def receive_frame(self, received: ReceivedFrame) -> list[ScanAction]:
        """Take a frame; all but beacons change nothing."""
        channel = self.channel
        asks = self._state in (_State.ASKING, _State.LISTENING)
        if not asks or channel is None or received.fcs is Fcs.BAD:
            return []
        if received.channel not in (None, channel):
            return []  # it was on its way from the radio when we left that channel
        try:
            frame = decode_frame(received.psdu)
        except MalformedFrame:
            return []
        if not isinstance(frame, Frame) or frame.control.frame_type != FrameType.BEACON:
            return []
        return self._found(self._descriptor(frame, received, channel))

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        return self._deadline

    def handle_deadline(self, *, now: int) -> list[ScanAction]:
        """Go on to the next channel."""
        if self._deadline is None or now < self._deadline:
            return []
        return self._next_channel()

    def _next_channel(self) -> list[ScanAction]:
        self._deadline = None
        if not self._channels:
            self._state, self.channel = _State.IDLE, None
            pans, energies = tuple(self._pans.values()), tuple(self._energies)
            done = ScanDone(pans, energies, self.unsent, self._unremembered)
            return [Configure(self._radio), done]
        self.channel, self._state = self._channels.pop(), _State.TUNING
        everybody = replace(self._radio, channel=self.channel, page=self.plan.page, pan_id=ANY_PAN)
        return [Configure(everybody)]

    def _ask(self, now: int) -> list[ScanAction]:
        """Send the next question; the time on the channel begins when all are sent."""
        if not self._requests:
            self._state, self._deadline = _State.LISTENING, now + self.plan.duration
            return []
        self._state = _State.ASKING
        self._sequence_number = self._sequence_number + 1 & 0xFF
        psdu = self._requests.pop()(self._sequence_number)
        return [Transmit(psdu, TransmitParameters())]

    def _descriptor(self, frame: Frame, received: ReceivedFrame, channel: int) -> PanDescriptor:
        beacon = None
        if not frame.control.security_enabled and frame.control.frame_version != 2:
            try:
                beacon = BEACON.decode(frame.payload)
            except MalformedFrame:
                beacon = None  # OpenThread sends beacons without content
        return PanDescriptor(
            frame.source_pan_id if frame.source_pan_id is not None else frame.destination_pan_id,
            frame.source,
            channel,
            self.plan.page,
            beacon,
            received.psdu,
            received.rssi,
            received.lqi,
            frame.control.security_enabled,
        )

    def _found(self, pan: PanDescriptor) -> list[ScanAction]:
        name = (pan.channel, pan.pan_id, pan.address)
        if name in self._pans:
            return []
        if len(self._pans) >= self.plan.most_pans:
            self._unremembered += 1
            return []
        self._pans[name] = pan
        return [PanFound(pan)]
