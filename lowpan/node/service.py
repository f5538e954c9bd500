"""What a node tells whoever runs it, besides what it asks of the radio (lowpan.mac.service)."""

from dataclasses import dataclass
from enum import Enum

from lowpan.adaptation.neighbour_discovery.actions import (
    NeighbourDeregistered,
    NeighbourRegistered,
    Registered,
    RegistrationRefused,
    RouterLearnt,
    RouterLost,
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IPv6 address and a UDP port."""

    address: bytes
    """16 octets."""
    port: int
    """0..65535."""


@dataclass(slots=True)
class UdpReceived:
    """A UDP datagram for a port that is open."""

    local: Endpoint
    remote: Endpoint
    payload: bytes
    hop_limit: int
    security_level: int
    """0..7: the least that protected any of its frames on the last hop."""
    rssi: float | None = None
    lqi: int | None = None
    link_source: bytes = b""
    """Who sent it on the last hop, 2 or 8 octets."""
    pan_id: int | None = None
    """Of that one, as its frame says."""


@dataclass(slots=True)
class EchoReplied:
    """An answer to an echo request of ours."""

    source: bytes
    destination: bytes
    """16 octets each."""
    identifier: int
    sequence_number: int
    data: bytes
    hop_limit: int


@dataclass(slots=True)
class ErrorReceived:
    """An ICMPv6 error about a datagram of ours."""

    source: bytes
    type: int
    """See lowpan.wire.icmpv6.Icmpv6Type."""
    code: int
    parameter: int
    """MTU or pointer, 0 for other types."""
    invoking_datagram: bytes
    """As much as came back."""


@dataclass(slots=True)
class DatagramForHost:
    """A datagram for the operating system behind us, which has our addresses (TUN)."""

    datagram: bytes


class Discard(Enum):
    """Why a datagram went no further; each is counted."""

    MALFORMED = "malformed"
    NOT_FOR_US = "not for us"
    CHECKSUM = "checksum wrong"
    NO_PORT = "nobody listens at its port"
    NO_PROTOCOL = "unknown protocol"
    NO_ROUTE = "no way to its destination"
    NO_PAN = "we are in no PAN"
    NO_NEIGHBOUR = "its next hop does not answer"
    NO_ADDRESS = "we have no address to send it from"
    TOO_BIG = "larger than the link's MTU"
    HOP_LIMIT = "its hop limit is used up"
    NOT_DELIVERED = "a frame of it was not acknowledged"
    QUEUE_FULL = "too many datagrams wait"
    IN_CLEAR = "in clear, and nothing that protects itself"
    SPOOFED = "from an address that nobody can have"
    FRAGMENT = "a piece of a datagram that IPv6 has cut"
    UNKNOWN_OPTION = "an option that we do not know and may not ignore"
    REPEATED = "a multicast that came before by another way"
    """Counted only: it is how a mesh spreads them."""


@dataclass(slots=True)
class DatagramDiscarded:
    """A datagram that went no further, and why."""

    discard: Discard
    datagram: bytes
    reason: str = ""


@dataclass(slots=True)
class AddressChanged:
    """An address of ours is ready for use, or is gone."""

    address: bytes
    """16 octets."""
    ready: bool
    reason: str = ""


@dataclass(slots=True)
class NeighbourChanged:
    """A neighbour became reachable, or stopped answering."""

    address: bytes
    """16 octets."""
    link_address: bytes | None
    """2 or 8 octets."""
    reachable: bool


RouterNews = (
    RouterLearnt
    | RouterLost
    | Registered
    | RegistrationRefused
    | NeighbourRegistered
    | NeighbourDeregistered
)
"""What neighbour discovery tells of routers and registrations, passed on as it is."""

IpAction = (
    UdpReceived
    | EchoReplied
    | ErrorReceived
    | DatagramForHost
    | DatagramDiscarded
    | AddressChanged
    | NeighbourChanged
    | RouterNews
)
