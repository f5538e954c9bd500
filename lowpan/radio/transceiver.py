"""What the stack asks of a transceiver, and what it is told."""

from dataclasses import dataclass
from enum import Enum, Flag, auto
from typing import Protocol, Self

from lowpan.radio.received import ReceivedFrame

CHANNELS_2450 = tuple(range(11, 27))
"""Channels of page 0 in the 2450 MHz band (IEEE 802.15.4-2020 §10.1.3.3)."""


class RadioCapability(Flag):
    """What a transceiver does by itself; the link layer above it does the rest."""

    TRANSMIT = auto()
    """Sends frames; a radio without this only listens."""
    CSMA = auto()
    """Waits for a free channel before it sends (IEEE 802.15.4-2020 §6.2.5.1)."""
    ACK_TIMEOUT = auto()
    """Waits for the acknowledgement of what it sent, and tells how it ended (§6.7.4.3)."""
    RETRIES = auto()
    """Sends again, up to macMaxFrameRetries times, what was not acknowledged."""
    ACKNOWLEDGE = auto()
    """Filters by address and acknowledges in time, unless it is promiscuous (§6.6.2, §6.7.4)."""
    SOURCE_MATCH = auto()
    """Knows for whom frames wait, and says so in the frame pending bit of its acknowledgements."""
    SECURITY = auto()
    """Secures what it sends, and its Enh-Acks, with keys that it is given."""
    TIMED_TRANSMIT = auto()
    """Sends at a given moment of its own clock."""
    RECEIVER_OFF = auto()
    """Turns its receiver off between its own frames if told so (macRxOnWhenIdle)."""
    PROMISCUOUS = auto()
    """Can give every frame it hears, whoever it is for."""
    ENERGY = auto()
    """Measures the energy of a channel (§6.2.10)."""
    TIMESTAMPS = auto()
    """Says when a frame came in, by its own clock."""
    RSSI = auto()
    """Says how strong a frame came in."""
    LQI = auto()
    """Says how well a frame came in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioSettings:
    """All that a radio is told to be: what is applied again when it comes back from a reset."""

    channel: int = 11
    page: int = 0
    promiscuous: bool = True
    """Give every frame and acknowledge none; if False, filter by the addresses below."""
    pan_id: int = 0xFFFF
    short_address: int = 0xFFFF
    """0xFFFE: associated, without one; 0xFFFF: not associated."""
    extended_address: bytes | None = None
    """8 octets as displayed; None: the radio's own."""
    transmit_power: int | None = None
    """dBm; None: as the radio has it."""
    ack_pending: bool = False
    """Frame pending bit of acknowledgements to data requests, for all senders alike."""
    source_match: frozenset[bytes] | None = None
    """Senders (2 or 8 octets, as displayed) for whom frames wait: with SOURCE_MATCH, they alone get
    that bit, whatever `ack_pending` is.  None: unused."""
    rx_on_when_idle: bool = True
    """If False, hear nothing but acknowledgments, as sleepers do: needs RECEIVER_OFF."""


class TransmitStatus(Enum):
    """How a transmission ended (IEEE 802.15.4-2020 §8.3.2, MCPS-DATA.confirm)."""

    SUCCESS = "success"
    """Sent, and acknowledged if the frame asked for that."""
    NO_ACK = "no ack"
    """Sent as often as allowed, and never acknowledged."""
    CHANNEL_ACCESS_FAILURE = "channel access failure"
    """Never sent: the channel was busy at each attempt."""
    ABORTED = "aborted"
    """The radio gave up for a reason of its own, or went away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransmitParameters:
    """How to send one frame; the defaults are the standard's (IEEE 802.15.4-2020 table 8-94)."""

    csma: bool = True
    max_csma_backoffs: int = 4
    max_frame_retries: int = 3
    channel: int | None = None
    """None: the one that the radio listens on."""
    transmit_power: int | None = None
    """dBm; None: as the radio has it."""


@dataclass(slots=True, kw_only=True)
class TransmitOutcome:
    """What became of a frame that was to be sent."""

    status: TransmitStatus
    ack: ReceivedFrame | None = None
    """The acknowledgement, if the frame asked for one and the radio shows it."""
    transmissions: int | None = None
    """How often the frame was on air, if the radio tells."""
    time_ns: int | None = None
    """When the outcome was known, nanoseconds since 1970-01-01 00:00 UTC."""
    duration_us: int | None = None
    """From the call to the outcome."""
    reason: str = ""
    """What the radio said, where the status alone does not tell."""


class Happening(Enum):
    """What can happen to a radio while it is in use."""

    LOST = "lost"
    """Unplugged or disconnected: from here on frames are missed."""
    RETURNED = "returned"
    """There again, with all settings applied: frames are heard again."""
    RESET = "reset"
    """It restarted by itself, and all settings were applied again; frames may be missing."""
    SAID = "said"
    """A line of the firmware's log."""


@dataclass(frozen=True, slots=True)
class RadioNotice:
    """Something that happened to the radio, in its place between the frames."""

    happening: Happening
    text: str
    time_ns: int


@dataclass(slots=True)
class RadioStatistics:
    """What a radio has counted since it was opened."""

    octets: int = 0
    """That came over the cable or the socket, of whatever kind."""
    frames: int = 0
    """Received and given on, also those with a bad FCS."""
    bad_fcs: int = 0
    garbage: int = 0
    """Octets that were no message of the firmware's protocol."""
    damaged: int = 0
    """Messages of the protocol whose own check or form was wrong."""
    filtered: int = 0
    """Frames for others that a radio without own filter left out."""
    overflowed: int = 0
    """Frames given up because nobody fetched them in time."""
    dropped_by_radio: int | None = None
    """Frames that the radio or the kernel says it lost; None where it does not tell."""
    transmitted: int = 0
    resets: int = 0
    losses: int = 0
    """How often it was unplugged or disconnected."""


def neighbours_acknowledge(radio: "Radio") -> bool:
    """Tell whether those that `radio` reaches acknowledge frames that ask for it.

    All do but neighbours on a virtual radio, of which a radio may say so by a false
    `neighbours_acknowledge` of its own.
    """
    return bool(getattr(radio, "neighbours_acknowledge", True))


class Radio(Protocol):
    """An open transceiver.  Times out by itself; every method raises RadioError when it fails."""

    @property
    def uri(self) -> str:
        """Return what it was opened by."""
        ...

    @property
    def description(self) -> str:
        """Return which firmware answered, for people to read."""
        ...

    @property
    def capabilities(self) -> RadioCapability:
        """Return what it does by itself."""
        ...

    @property
    def channels(self) -> tuple[int, ...]:
        """Return the channels of the current page that it can be tuned to; empty: unknown."""
        ...

    @property
    def settings(self) -> RadioSettings:
        """Return what it was last told to be, and confirmed where it can."""
        ...

    @property
    def statistics(self) -> RadioStatistics:
        """Return what it has counted; the same object each time."""
        ...

    async def configure(self, settings: RadioSettings) -> None:
        """Apply all of `settings`, read back what can be; on failure the old ones hold."""
        ...

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        """Return the next frame or notice, in the order of arrival; wait for it.

        Raises RadioClosed once the radio is closed (or a replay has ended) and all is fetched.
        """
        ...

    async def receive(self) -> ReceivedFrame:
        """Return the next frame, leaving out notices; otherwise like next_event()."""
        ...

    async def transmit(
        self, psdu: bytes, parameters: TransmitParameters = TransmitParameters()
    ) -> TransmitOutcome:
        """Send `psdu`, a MAC frame without its FCS, 3..125 octets, and tell what became of it.

        Raises FieldOutOfRange for another length.  Calls wait for each other in their order.
        """
        ...

    async def measure_energy(self, channel: int, duration_ms: int) -> float:
        """Return the highest energy on `channel` within `duration_ms`, dBm."""
        ...

    async def close(self) -> None:
        """Give it back: no more frames, nothing left open.  Harmless if it is closed."""
        ...

    async def __aenter__(self) -> Self:
        """Return the radio itself."""
        ...

    async def __aexit__(self, *exception: object) -> None:
        """Close it."""
        ...
