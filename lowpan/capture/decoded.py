"""DecodedFrame: all that is known of one captured frame once it was followed."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from lowpan.capture.shown import shown
from lowpan.errors import MalformedFrame
from lowpan.radio import ReceivedFrame

if TYPE_CHECKING:
    from lowpan.capture.datagram import Datagram
    from lowpan.wire.beacon import Beacon, ThreadBeacon
    from lowpan.wire.broadcast_header import BroadcastHeader
    from lowpan.wire.fragment import FragmentHeader
    from lowpan.wire.ieee802154 import AnyFrame
    from lowpan.wire.mac_command import Command
    from lowpan.wire.mesh_header import MeshHeader
    from lowpan.wire.mle import MleEnvelope, MleMessage
    from lowpan.wire.nhc import CompressedHeaders
    from lowpan.wire.payload_ies import PayloadIe


class Outcome(Enum):
    """What became of something secured."""

    DECRYPTED = "decrypted"
    """Its MIC is right under a known key."""
    MIC_BAD = "MIC bad"
    """A key that opened such frames before does not open this one."""
    NO_KEY = "no key"
    NO_ADDRESS = "no address"
    """The sender's extended address, which the nonce holds, is not known."""
    REFUSED = "refused"
    """Protection of a kind that is not opened: level 4, the 2003 suites, an unknown ASN."""


@dataclass(slots=True)
class Protection:
    """What became of the protection of a frame or of an MLE message."""

    outcome: Outcome
    key: str = ""
    """Fingerprint of the key that opened it; never the key."""
    key_sequence: int | None = None
    """Thread key sequence, where the key is of a Thread network."""
    nonce_address: bytes | None = None
    """The sender's extended address, now certain."""
    reason: str = ""
    """Why it was not opened, in words."""
    well_known: bool = False
    """The key is public (Thread's Announce key): anybody could have sent this."""
    repeated: bool = False
    """Its frame counter is not above all before it: sent again, late, or replayed."""


@dataclass(slots=True, repr=False)
class DecodedMle:
    """An MLE message: its envelope, what became of its protection, and what it says."""

    envelope: "MleEnvelope"
    protection: Protection | None
    """None if the message is unsecured."""
    message: "MleMessage | None"
    """None if it was not opened or is malformed."""

    def __repr__(self) -> str:
        """Show the message without octets that may be a key."""
        return shown(self)


class DecodedFrame:
    """One frame of a capture and what was learnt of it, from the outside in.

    A layer that the frame does not have, or that could not be reached, is None.  The class
    attributes are those defaults; a plain frame sets few of them, which keeps it cheap.
    """

    frame: "AnyFrame | None" = None
    """The MAC frame; None if it is malformed.  If its FCS is wrong, do not believe it."""
    protection: Protection | None = None
    """What became of the MAC's protection; None if the frame is unsecured."""
    payload: bytes | None = None
    """MAC payload in clear, behind the payload IEs; None if it could not be opened.

    That of a frame with a MIC only is shown also where nobody could check it: see protection.
    """
    payload_ies: "tuple[PayloadIe, ...]" = ()
    beacon: "Beacon | None" = None
    thread_beacon: "ThreadBeacon | None" = None
    command: "Command | None" = None
    extended_source: bytes | None = None
    """The sender's extended address, from the frame or from what was learnt."""
    extended_destination: bytes | None = None
    """The receiver's extended address, likewise."""
    acknowledges: int | None = None
    """Number of the frame that this acknowledgment answers."""
    acker: bytes | None = None
    """Address (2 or 8 octets) that sent this acknowledgment, as far as the frame before tells."""
    duplicate_of: int | None = None
    """Number of an earlier frame of this sender with the same octets: a retransmission."""
    mesh: "MeshHeader | None" = None
    broadcast: "BroadcastHeader | None" = None
    fragment: "FragmentHeader | None" = None
    dispatch: int | None = None
    """First octet of a 6LoWPAN payload that is recognised and not decoded (NALP, ESC, ...)."""
    compressed: "CompressedHeaders | None" = None
    """Compressed headers in this very frame."""
    datagram: "Datagram | None" = None
    """The IPv6 datagram that this frame holds or completes."""
    reassembled_from: tuple[int, ...] = ()
    """Numbers of the frames whose fragments made the datagram, this one included."""
    reassembled_in: int | None = None
    """Number of the frame that completed the datagram of this fragment, set once it is known."""
    mle: DecodedMle | None = None
    faults: tuple[MalformedFrame, ...] = ()
    """What is malformed, where and why; offsets count from the start of the layer named."""
    notes: tuple[str, ...] = ()
    """Anything else worth knowing, one short sentence each."""

    def __init__(self, number: int, received: ReceivedFrame, length: int) -> None:
        self.number = number
        """Place in the capture, from 1."""
        self.received = received
        self.length = length
        """Octets of the record as sent, pseudo-headers and FCS included."""

    def __repr__(self) -> str:
        """Show what was set: the layers, but no octets that may be a key."""
        told = ", ".join(f"{name}={shown(value, name)}" for name, value in self.__dict__.items())
        return f"DecodedFrame({told})"
