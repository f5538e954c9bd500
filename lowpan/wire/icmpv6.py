"""ICMPv6 messages (RFC 4443 §2.1)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from construct import GreedyBytes, Int8ub, Int16ub, Int32ub, Struct, this

from lowpan.schema import Content, Layout
from lowpan.wire.neighbour_discovery import (
    DUPLICATE_ADDRESS,
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    REDIRECT,
    ROUTER_ADVERTISEMENT,
    ROUTER_SOLICITATION,
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    Redirect,
    RouterAdvertisement,
    RouterSolicitation,
)


class Icmpv6Type(IntEnum):
    """Kinds of messages."""

    DESTINATION_UNREACHABLE = 1
    PACKET_TOO_BIG = 2
    TIME_EXCEEDED = 3
    PARAMETER_PROBLEM = 4
    ECHO_REQUEST = 128
    ECHO_REPLY = 129
    ROUTER_SOLICITATION = 133
    ROUTER_ADVERTISEMENT = 134
    NEIGHBOUR_SOLICITATION = 135
    NEIGHBOUR_ADVERTISEMENT = 136
    REDIRECT = 137
    DUPLICATE_ADDRESS_REQUEST = 157
    DUPLICATE_ADDRESS_CONFIRMATION = 158


@dataclass(slots=True)
class Unanswerable:
    """Destination unreachable or time exceeded; the code says why (RFC 4443 §3.1, §3.3)."""

    invoking_datagram: bytes
    """The first octets of what could not be delivered."""
    unused: int = 0
    """32 bits."""


UNANSWERABLE = Layout(Unanswerable, Struct("unused" / Int32ub, "invoking_datagram" / GreedyBytes))


@dataclass(slots=True)
class PacketTooBig:
    """Packet too big (RFC 4443 §3.2)."""

    mtu: int
    """Octets that the next link carries."""
    invoking_datagram: bytes
    """The first octets of what could not be delivered."""


PACKET_TOO_BIG = Layout(PacketTooBig, Struct("mtu" / Int32ub, "invoking_datagram" / GreedyBytes))


@dataclass(slots=True)
class ParameterProblem:
    """Parameter problem (RFC 4443 §3.4)."""

    pointer: int
    """Octets before the place of the problem in the datagram."""
    invoking_datagram: bytes
    """The first octets of what could not be understood."""


PARAMETER_PROBLEM = Layout(
    ParameterProblem, Struct("pointer" / Int32ub, "invoking_datagram" / GreedyBytes)
)


@dataclass(slots=True)
class Echo:
    """Echo request or reply (RFC 4443 §4)."""

    identifier: int
    """0..65535."""
    sequence_number: int
    """0..65535."""
    data: bytes


ECHO = Layout(
    Echo, Struct("identifier" / Int16ub, "sequence_number" / Int16ub, "data" / GreedyBytes)
)

Icmpv6Body = (
    Unanswerable
    | PacketTooBig
    | ParameterProblem
    | Echo
    | RouterSolicitation
    | RouterAdvertisement
    | NeighbourSolicitation
    | NeighbourAdvertisement
    | Redirect
    | DuplicateAddress
    | bytes
)
"""Octets where the type is unknown or its body is malformed."""


@dataclass(slots=True)
class Icmpv6:
    """An ICMPv6 message; for its checksum see lowpan.wire.checksum."""

    type: int
    """Icmpv6Type, 0..255."""
    code: int
    """0..255."""
    checksum: int
    """0..65535, as received."""
    body: Icmpv6Body


_BODIES: dict[Icmpv6Type, Layout[Any]] = {
    Icmpv6Type.DESTINATION_UNREACHABLE: UNANSWERABLE,
    Icmpv6Type.PACKET_TOO_BIG: PACKET_TOO_BIG,
    Icmpv6Type.TIME_EXCEEDED: UNANSWERABLE,
    Icmpv6Type.PARAMETER_PROBLEM: PARAMETER_PROBLEM,
    Icmpv6Type.ECHO_REQUEST: ECHO,
    Icmpv6Type.ECHO_REPLY: ECHO,
    Icmpv6Type.ROUTER_SOLICITATION: ROUTER_SOLICITATION,
    Icmpv6Type.ROUTER_ADVERTISEMENT: ROUTER_ADVERTISEMENT,
    Icmpv6Type.NEIGHBOUR_SOLICITATION: NEIGHBOUR_SOLICITATION,
    Icmpv6Type.NEIGHBOUR_ADVERTISEMENT: NEIGHBOUR_ADVERTISEMENT,
    Icmpv6Type.REDIRECT: REDIRECT,
    Icmpv6Type.DUPLICATE_ADDRESS_REQUEST: DUPLICATE_ADDRESS,
    Icmpv6Type.DUPLICATE_ADDRESS_CONFIRMATION: DUPLICATE_ADDRESS,
}

ICMPV6 = Layout(
    Icmpv6,
    Struct(
        "type" / Int8ub,
        "code" / Int8ub,
        "checksum" / Int16ub,
        "body" / Content(this.type, {int(kind): layout for kind, layout in _BODIES.items()}),
    ),
)
