"""What neighbour discovery asks of the node, and tells it."""

from dataclasses import dataclass
from enum import Enum

from lowpan.wire.addresses import Context
from lowpan.wire.icmpv6 import Icmpv6

HOP_LIMIT = 255
"""Of all messages between neighbours: proof that no router has passed them on (RFC 4861 §3.1)."""


@dataclass(slots=True)
class SendMessage:
    """Send an ICMPv6 message; its checksum is yet to come."""

    message: Icmpv6
    source: bytes
    """16 octets; `::` while we check an address of ours."""
    destination: bytes
    """16 octets."""
    link_destination: bytes | None = None
    """2 or 8 octets; None where `destination` is a group, or still to be routed and resolved."""
    hop_limit: int = HOP_LIMIT


@dataclass(frozen=True, slots=True)
class LinkAddressKnown:
    """What waits for `address` can go: this is where to, from now on."""

    address: bytes
    link_address: bytes
    """2 or 8 octets."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody answers for `address`: what waits for it is in vain, and it is forgotten."""

    address: bytes


@dataclass(frozen=True, slots=True)
class AddressConfirmed:
    """An address of ours is unique, as far as can be told, and ready for use."""

    address: bytes


@dataclass(frozen=True, slots=True)
class AddressDuplicate:
    """Somebody else has an address that we wanted; it is not to be used."""

    address: bytes


@dataclass(frozen=True, slots=True)
class RouterLearnt:
    """A router offers to pass on datagrams: one more default router."""

    address: bytes
    """Its link-local address."""


@dataclass(frozen=True, slots=True)
class RouterLost:
    """A default router has withdrawn, its lifetime is over, or it does not answer."""

    address: bytes


@dataclass(frozen=True, slots=True)
class PrefixLearnt:
    """A prefix of the link; said once, and again when what it may be used for changes."""

    prefix: bytes
    """16 octets, zero behind `prefix_length` bits."""
    prefix_length: int
    on_link: bool
    """Addresses with this prefix are reached without a router."""
    autonomous: bool
    """We may make an address of it and our interface identifier (RFC 4862 §5.5.3)."""


@dataclass(frozen=True, slots=True)
class PrefixDeprecated:
    """Addresses with this prefix are no longer for new conversations (RFC 4862 §5.5.4)."""

    prefix: bytes
    prefix_length: int


@dataclass(frozen=True, slots=True)
class PrefixLost:
    """The lifetime of a prefix is over: its addresses are not to be used."""

    prefix: bytes
    prefix_length: int


@dataclass(frozen=True, slots=True)
class ContextLearnt:
    """A context for header compression; said each time, as lifetimes count from now."""

    identifier: int
    """0..15."""
    context: Context
    lifetime: int | None
    """Microseconds; 0: forget it; None: until told otherwise."""


@dataclass(frozen=True, slots=True)
class HopLimitLearnt:
    """A router says what hop limit to begin with."""

    hop_limit: int
    """1..255."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A router has taken an address of ours for some time."""

    address: bytes
    router: bytes
    lifetime: int
    """Microseconds."""


@dataclass(frozen=True, slots=True)
class RegistrationRefused:
    """A router has not taken an address of ours; it will be asked again."""

    address: bytes
    router: bytes
    status: int | None
    """AddressRegistrationStatus; None: it did not answer."""


@dataclass(frozen=True, slots=True)
class NeighbourRegistered:
    """A neighbour may be reached through us at an address, for as long as it refreshes it."""

    address: bytes
    link_address: bytes


@dataclass(frozen=True, slots=True)
class NeighbourDeregistered:
    """An address is no longer registered with us."""

    address: bytes


class Refusal(Enum):
    """Why a message was ignored; each is counted."""

    MALFORMED = "malformed"
    HOP_LIMIT = "hop limit not 255: it comes from beyond the link"
    CODE = "code not 0"
    TARGET = "its target is a group"
    SOURCE = "its source may not send this"
    DESTINATION = "its destination may not get this"
    FLAGS = "solicited, yet sent to a group"
    OPTIONS = "options that may not stand there"
    NOT_OURS = "about an address that is not ours"
    UNASKED = "about a neighbour of whom we did not ask"
    OURS = "claims an address of ours"
    IMPOSTOR = "comes from elsewhere than the router that it speaks for"
    CONTESTED = "contradicts what another border router vouches for"
    OUTDATED = "its border router has said something newer"
    NO_ROOM = "no room for more of its kind"
    NO_SERVICE = "asks for something that we do not do"


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """A message, or an option of it, that changed nothing, and why."""

    refusal: Refusal
    type: int
    """Of the ICMPv6 message."""
    source: bytes


NdAction = (
    SendMessage
    | LinkAddressKnown
    | Unreachable
    | AddressConfirmed
    | AddressDuplicate
    | RouterLearnt
    | RouterLost
    | PrefixLearnt
    | PrefixDeprecated
    | PrefixLost
    | ContextLearnt
    | HopLimitLearnt
    | Registered
    | RegistrationRefused
    | NeighbourRegistered
    | NeighbourDeregistered
    | MessageRefused
)
