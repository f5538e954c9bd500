"""The link layer's service: what it asks of the radio and tells the layer above.

Names follow the primitives of IEEE 802.15.4-2020 §8 (MCPS-DATA and the MLME).  Addresses are 2 or
8 octets in display order.  All of these are actions that LinkLayer's inputs return, in order.
"""

from dataclasses import dataclass
from enum import Enum

from lowpan.radio import RadioSettings, TransmitParameters, TransmitStatus
from lowpan.wire.ieee802154 import Frame

BROADCAST = b"\xff\xff"
"""Short address that everybody listens to."""


class LinkProtection(Enum):
    """What the link layer shall do for frames of data."""

    POLICY = "secured, if the network is: as frames are that we would take"
    CLEAR = "nothing: what they carry protects itself, and the receiver may know no key of ours yet"
    WELL_KNOWN = "sealed with Thread's key that everybody knows: Announce, and what orphans send"


@dataclass(frozen=True, slots=True)
class Transmit:
    """Ask the radio to send; LinkLayer.transmit_done() is to be called with the outcome.

    There is never more than one under way.
    """

    psdu: bytes
    parameters: TransmitParameters


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Ask the radio to send this acknowledgment at once, without CSMA.

    Only for radios that do not acknowledge by themselves; no outcome is wanted.
    """

    psdu: bytes


@dataclass(frozen=True, slots=True)
class Configure:
    """Ask the radio to be as `settings` say."""

    settings: RadioSettings


@dataclass(frozen=True, slots=True)
class MeasureEnergy:
    """Ask the radio for the energy on a channel; LinkLayer.energy_measured() takes the answer."""

    channel: int
    duration_us: int


@dataclass(slots=True)
class DataReceived:
    """A data frame for us, opened and new (MCPS-DATA.indication)."""

    source: bytes | None
    source_pan_id: int | None
    destination: bytes | None
    destination_pan_id: int | None
    payload: bytes
    """In clear, behind the payload IEs."""
    security_level: int = 0
    """0..7: what protected it on its way."""
    key_sequence: int | None = None
    """Thread key sequence of the key that opened it; None for other keys."""
    extended_source: bytes | None = None
    """The sender's extended address: proven by the MIC if secured, else as the frame says."""
    rssi: float | None = None
    lqi: int | None = None
    frame_pending: bool = False
    """The sender has more for us: ask again."""


@dataclass(frozen=True, slots=True)
class EmptyReceived:
    """A data frame without payload: the sender has nothing for us, though we asked."""

    source: bytes | None
    frame_pending: bool = False


@dataclass(slots=True)
class DataSent:
    """What became of one send_data() (MCPS-DATA.confirm)."""

    handle: int
    status: TransmitStatus
    transmissions: int
    """How often it was on air as far as is known, 0 if never."""
    acknowledged_secured: bool = False
    """The acknowledgment itself was secured, so that nobody can have forged it."""
    frame_pending: bool = False
    """The receiver has more for us."""
    reason: str = ""


class Drop(Enum):
    """Why a frame was not given on; each is counted."""

    MALFORMED = "malformed"
    BAD_FCS = "bad FCS"
    NOT_FOR_US = "not for us"
    DUPLICATE = "duplicate"
    """The same sequence number of the same sender: our acknowledgment was lost."""
    REPLAYED = "replayed"
    """Its frame counter is not above the last one accepted."""
    MIC_BAD = "MIC bad"
    NO_KEY = "no key"
    NO_ADDRESS = "no extended address for the nonce"
    UNSECURED = "unsecured"
    """In clear, where our policy wants protection."""
    LEVEL = "security level"
    """Weaker than our policy wants, or level 4."""
    COUNTER = "frame counter at its end"
    STORE = "store"
    """That it was taken could not be kept, so that it could be replayed after a crash."""
    UNEXPECTED = "unexpected"
    """Well formed, and nothing that we asked for or know to answer."""
    QUEUE_FULL = "queue full"


@dataclass(slots=True)
class FrameDropped:
    """A frame that went no further, and why."""

    drop: Drop
    reason: str
    psdu: bytes
    source: bytes | None = None


@dataclass(frozen=True, slots=True)
class CommandSent:
    """What became of one command that was sent with a handle."""

    handle: str
    status: TransmitStatus
    transmissions: int
    acknowledged_secured: bool = False
    frame_pending: bool | None = None
    """The receiver has something for us; None: the radio does not show its acknowledgment."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A MAC command that the link layer does not answer by itself, opened and new."""

    source: bytes | None
    payload: bytes
    """From the command identifier on."""
    security_level: int = 0
    source_pan_id: int | None = None
    destination: bytes | None = None
    extended_source: bytes | None = None
    """The sender's extended address: proven by the MIC if secured, else as the frame says."""
    frame_pending: bool = False


@dataclass(frozen=True, slots=True)
class SendCommand:
    """An engine beside the link layer asks it to send `frame`; see LinkLayer.carry_out()."""

    frame: Frame
    handle: str | None = None
    """CommandSent has it again; None: nobody wants to know."""
    indirect: bool = False
    """The receiver sleeps and will ask for it."""
    channel: int | None = None
    at_once: bool = False
    """The receiver listens now, also if it sleeps otherwise."""


@dataclass(frozen=True, slots=True)
class Poll:
    """An engine beside the link layer asks it what waits for us at `parent`."""

    parent: bytes
    """2 or 8 octets."""
    handle: str | None = None


@dataclass(frozen=True, slots=True)
class BeaconReceived:
    """A beacon, while scanning or not (MLME-BEACON-NOTIFY.indication)."""

    psdu: bytes
    channel: int | None
    rssi: float | None
    lqi: int | None


LinkAction = (
    Transmit
    | Acknowledge
    | Configure
    | MeasureEnergy
    | DataReceived
    | EmptyReceived
    | DataSent
    | FrameDropped
    | CommandSent
    | CommandReceived
    | BeaconReceived
)

LinkRequest = SendCommand | Poll | Configure
"""What engines beside the link layer ask of it."""
