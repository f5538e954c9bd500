"""What neighbour discovery asks of the node, and tells it."""

from dataclasses import dataclass
from enum import Enum

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
    """2 or 8 octets; None where `destination` is a group, or is to be routed and resolved."""
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
    NO_SERVICE = "asks for something that we do not do"


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """A message that changed nothing, and why."""

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
    | MessageRefused
)
