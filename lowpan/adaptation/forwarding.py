"""What the engines that forward below IPv6 ask of each other and of the link layer."""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple


class Forward(NamedTuple):
    """Ask the link layer to send a payload to a neighbour, or to all of them."""

    next_hop: bytes
    """Link-layer address, 2 or 8 octets."""
    payload: bytes
    source: bytes = b""
    """Which address of ours the frame has to be from; empty: the one of the hop or the mesh."""


class Deliver(NamedTuple):
    """A payload that is to be taken here, with mesh and broadcast headers taken off."""

    payload: bytes
    source: bytes
    """Who sent it on this PAN, over however many hops; empty if the frame did not say."""
    destination: bytes


class Drop(Enum):
    """Why a payload or a datagram went no further; each is counted."""

    MALFORMED = "malformed"
    UNFIT = "a fragment that fits no datagram"
    OWN = "our own, come back"
    HOPS_SPENT = "no hops left"
    NO_ROUTE = "no route"
    DUPLICATE = "duplicate"
    OVERLAP = "a fragment overlaps another one"
    GIVEN_UP = "rest of a datagram that was given up"
    NO_STATE = "of a datagram that is not known here"
    CROWDED_OUT = "too many datagrams at once"
    TIMED_OUT = "its fragments stopped coming"
    ABORTED = "given up by its sender"


class Dropped(NamedTuple):
    """A payload, or a datagram under way, that went no further."""

    source: bytes
    drop: Drop
    detail: str = ""


class Hop(NamedTuple):
    """The neighbour on the way to an IPv6 destination."""

    address: bytes
    """Its link-layer address."""
    source: bytes
    """Ours, as frames to it will carry it."""
    room: int
    """Octets that one such frame has for 6LoWPAN (LinkLayer.largest_payload)."""


Route = Callable[[bytes], Hop | None]
"""From an IPv6 address of 16 octets to the next hop; None for what IPv6 here is to decide on:
our own addresses, and those that nobody has a route to."""
