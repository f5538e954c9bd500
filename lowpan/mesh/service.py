"""How a mesh engine plugs into a node: what it is told, what it asks, what it tells.

A mesh engine speaks MLE: link establishment as drafted, or the Thread dialect.  It stands beside
IPv6 and above the link layer, has no I/O and no clock, and draws from the `random` handed to it.
All its inputs return the MeshAction list that they cause, in order.  `now` is microseconds.
IPv6 addresses have 16 octets, link-layer addresses 2 or 8, in display order.
"""

from dataclasses import dataclass
from typing import Protocol

from lowpan.mac.service import Configure, LinkProtection
from lowpan.mesh.neighbour import NeighbourEvent
from lowpan.radio import RadioSettings


@dataclass(slots=True)
class MleReceived:
    """The payload of a UDP datagram between MLE ports, whose checksum was right."""

    source: bytes
    destination: bytes
    hop_limit: int
    payload: bytes
    """What MLE_ENVELOPE decodes, as it came: nothing of it is verified."""
    link_source: bytes
    """Who sent its frame on this link."""
    link_security_level: int
    """0..7: the least that protected any of its frames on the link."""
    rssi: float | None = None
    lqi: int | None = None
    pan_id: int | None = None
    """Of who sent its frame, as that says; None: the layers below do not tell."""


@dataclass(slots=True)
class MeshUdpReceived:
    """A UDP datagram to one of the engine's own ports, whose checksum was right."""

    source: bytes
    destination: bytes
    source_port: int
    destination_port: int
    payload: bytes
    link_security_level: int
    """0..7: the least that protected any of its frames on the link."""


@dataclass(slots=True)
class FrameHeard:
    """A frame of a neighbour went through the link layer, MLE or not: what its link is worth."""

    sender: bytes
    """Extended address."""
    rssi: float | None
    authentic: bool
    """Its MIC was right and its counter new; False for frames in clear."""
    key_sequence: int | None = None


@dataclass(slots=True)
class FrameSent:
    """What became of a unicast frame of ours."""

    receiver: bytes
    """Link-layer address that it went to."""
    transmissions: int
    acknowledged: bool
    secured: bool
    """The acknowledgment was secured, so that nobody can have forged it."""


@dataclass(slots=True)
class SendMle:
    """Send `payload`, a whole envelope, from MLE port to MLE port with hop limit 255."""

    destination: bytes
    payload: bytes
    source: bytes
    """Ours, link-local as a rule: MLE's MIC covers both addresses."""
    protection: LinkProtection = LinkProtection.CLEAR
    channel: int | None = None
    """None: the one we are on; an Announce goes to others."""


@dataclass(frozen=True, slots=True)
class TakeAddress:
    """Have an IPv6 address; frames of its datagrams are from `link_address`."""

    address: bytes
    prefix_length: int
    link_address: bytes
    preferred: bool = True
    """False: a locator, which changes: used for what wants it, not for new conversations."""


@dataclass(frozen=True, slots=True)
class DropAddress:
    """Have an IPv6 address no longer."""

    address: bytes


@dataclass(frozen=True, slots=True)
class JoinGroup:
    """Listen to a multicast group; LeaveGroup undoes it."""

    group: bytes


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    """Listen to a multicast group no longer."""

    group: bytes


@dataclass(frozen=True, slots=True)
class UseContext:
    """Know a 6LoWPAN context, and compress with it if `compress`."""

    context_id: int
    """0..15."""
    prefix: bytes
    """16 octets, zero behind the prefix."""
    prefix_length: int
    compress: bool = True


@dataclass(frozen=True, slots=True)
class ForgetContext:
    """Know a 6LoWPAN context no longer."""

    context_id: int


@dataclass(frozen=True, slots=True)
class SendVia:
    """Give all datagrams that are not link-local to this neighbour; None: as IPv6 finds it."""

    link_address: bytes | None


@dataclass(frozen=True, slots=True)
class SetSleepers:
    """These neighbours sleep, and ask for what waits for them."""

    link_addresses: frozenset[bytes]
    named: frozenset[tuple[bytes, bytes]] = frozenset()
    """Short and extended address of each that may ask by either for what waits for both."""


@dataclass(frozen=True, slots=True)
class SleepOn:
    """Be a sleeper from now on, who asks `parent`; `interval` is microseconds between polls."""

    parent: bytes
    interval: int


@dataclass(frozen=True, slots=True)
class StayAwake:
    """Be a sleeper no longer."""


@dataclass(frozen=True, slots=True)
class ExpectAnswer:
    """Something is about to come: a sleeper shall ask more often, until `until` at the latest."""

    until: int


@dataclass(frozen=True, slots=True)
class SendUdp:
    """Send a UDP datagram of the engine's own, such as Thread's management messages."""

    source: bytes
    destination: bytes
    source_port: int
    destination_port: int
    payload: bytes


class MeshNews:
    """Base of what only whoever runs the node wants to know; engines add their own."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class LinkUp(MeshNews):
    """A neighbour has answered our challenge: there is a link, both ends know of it."""

    neighbour: bytes
    """Extended address."""
    short_address: bytes | None = None


@dataclass(frozen=True, slots=True)
class LinkDown(MeshNews):
    """A link is no more."""

    neighbour: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class ReplayRejected(MeshNews):
    """A message whose MIC was right, of a counter that is not new: recorded and sent again."""

    sender: bytes
    frame_counter: int


@dataclass(frozen=True, slots=True)
class MleRefused(MeshNews):
    """A message that went no further, and why; each reason is counted."""

    sender: bytes
    """Extended address, as far as anybody can tell."""
    reason: str


MeshRequest = (
    SendMle
    | SendUdp
    | Configure
    | TakeAddress
    | DropAddress
    | JoinGroup
    | LeaveGroup
    | UseContext
    | ForgetContext
    | SendVia
    | SetSleepers
    | SleepOn
    | StayAwake
    | ExpectAnswer
)
"""What the node does for the engine."""


MeshAction = MeshRequest | MeshNews | NeighbourEvent
"""Requests are the node's to carry out; everything else is passed on as an event."""


class MeshEngine(Protocol):
    """What a node asks of a mesh engine."""

    udp_ports: frozenset[int]
    """Ports besides MLE's whose datagrams it takes, as receive_udp(): Thread's 61631."""

    def start(self, radio: RadioSettings, *, now: int) -> list[MeshAction]:
        """Begin; `radio` is who we are and where, with an extended address."""
        ...

    def receive_message(self, received: MleReceived, *, now: int) -> list[MeshAction]:
        """Take an MLE datagram."""
        ...

    def receive_udp(self, received: MeshUdpReceived, *, now: int) -> list[MeshAction]:
        """Take a datagram to one of `udp_ports`."""
        ...

    def frame_heard(self, heard: FrameHeard, *, now: int) -> list[MeshAction]:
        """Take note of a frame that the link layer has accepted.

        If that causes no action, nothing is due any earlier.
        """
        ...

    def frame_sent(self, sent: FrameSent, *, now: int) -> list[MeshAction]:
        """Take note of what became of a frame.

        If it was acknowledged, and that causes no action, nothing is due any earlier.
        """
        ...

    def parent_lost(self, *, now: int) -> list[MeshAction]:
        """Whom a sleeper asks has not answered its last polls."""
        ...

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        ...

    def handle_deadline(self, *, now: int) -> list[MeshAction]:
        """Do what is due."""
        ...
