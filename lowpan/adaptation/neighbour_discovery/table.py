"""The neighbours that are remembered, bounded so that strangers crowd out strangers only."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from lowpan.adaptation.neighbour_discovery.own import LinkAddresses
from lowpan.wire.addresses import iid_of, link_local

MOST_CONFIRMED = 256
"""Neighbours that have answered us: more than share one channel."""
MOST_ASKED = 64
"""Neighbours that we look for, or talk to without an answer so far; they take seconds."""
MOST_HEARD = 64
"""Neighbours that only have written to us: forgetting one costs a solicitation."""
MOST_PER_SENDER = 16
"""Neighbours that one link-layer address answers for: eight prefixes, two identifiers each."""


class State(Enum):
    """How far the link-layer address of a neighbour can be trusted (RFC 4861 §7.3.2)."""

    INCOMPLETE = "incomplete"
    REACHABLE = "reachable"
    STALE = "stale"
    DELAY = "delay"
    PROBE = "probe"


class Standing(Enum):
    """What a neighbour has shown us; each has room of its own."""

    HEARD = "heard"
    ASKED = "asked"
    CONFIRMED = "confirmed"


@dataclass(slots=True)
class Neighbour:
    """An IPv6 address on the link and where it is."""

    address: bytes
    """16 octets."""
    state: State
    standing: Standing
    link: LinkAddresses
    """As far as known; none while INCOMPLETE."""
    sender: bytes | None = None
    """Link-layer address that the news of it came from."""
    is_router: bool = False
    derived: bool = False
    """Its link-layer address was read off `address`, and never answered."""
    reachable_until: int = 0
    """While REACHABLE: the moment at which it is STALE; nothing wakes up for it."""
    answered_at: int = 0
    """While CONFIRMED: the moment of its last answer."""
    solicitations: int = 0
    """Sent in this state."""
    solicited_at: int | None = None
    """The moment of the last one, in whatever state."""
    source: bytes | None = None
    """The address to ask from, None: the best one."""

    @property
    def link_address(self) -> bytes | None:
        """Where to send to: what saves most octets.

        An extended address costs 6 octets more than a short one in a frame, and spares the 8 of
        the interface identifier of a link-local address that is made of it.
        """
        extended, short = self.link.extended, self.link.short
        if short is None or extended is None:
            return short or extended
        return extended if self.address == link_local(iid_of(extended)) else short


class _Room:
    """Neighbours of one standing, those that moved in first are first to go."""

    def __init__(self, most: int, most_per_sender: int) -> None:
        self._most, self._most_per_sender = most, most_per_sender
        self._all: dict[bytes, bytes | None] = {}
        self._by_sender: dict[bytes, dict[bytes, None]] = {}

    def add(self, address: bytes, sender: bytes | None) -> bytes | None:
        """Move in, or to the end; return who has to leave for it."""
        self.remove(address)
        leaving = None
        of_sender = self._by_sender.get(sender, {}) if sender is not None else {}
        if len(of_sender) >= self._most_per_sender:
            leaving = next(iter(of_sender))
        elif len(self._all) >= self._most:
            leaving = next(iter(self._all))
        if leaving is not None:
            self.remove(leaving)
        self._all[address] = sender
        if sender is not None:
            self._by_sender.setdefault(sender, {})[address] = None
        return leaving

    def remove(self, address: bytes) -> None:
        sender = self._all.pop(address, None)
        if sender is not None:
            of_sender = self._by_sender[sender]
            del of_sender[address]
            if not of_sender:
                del self._by_sender[sender]


class NeighbourTable:
    """Neighbours by their IPv6 address, in three rooms by what they have shown.

    Who only wrote to us displaces only others of that kind, and so on; within a room the oldest
    of the same sender goes if that has its quota, else the oldest of all.
    """

    def __init__(
        self,
        *,
        most_confirmed: int = MOST_CONFIRMED,
        most_asked: int = MOST_ASKED,
        most_heard: int = MOST_HEARD,
        most_per_sender: int = MOST_PER_SENDER,
    ) -> None:
        self._neighbours: dict[bytes, Neighbour] = {}
        self._rooms = {
            Standing.CONFIRMED: _Room(most_confirmed, most_per_sender),
            Standing.ASKED: _Room(most_asked, most_asked),
            Standing.HEARD: _Room(most_heard, most_per_sender),
        }

    def __len__(self) -> int:
        """Return how many neighbours are remembered."""
        return len(self._neighbours)

    def __iter__(self) -> Iterator[Neighbour]:
        """Yield the neighbours."""
        return iter(self._neighbours.values())

    def get(self, address: bytes) -> Neighbour | None:
        """Return the neighbour with an IPv6 address, None if it is not known."""
        return self._neighbours.get(address)

    def place(self, neighbour: Neighbour, standing: Standing) -> Neighbour | None:
        """Remember `neighbour`, anew or with another standing; return who was forgotten for it."""
        if neighbour.standing is not standing:
            self._rooms[neighbour.standing].remove(neighbour.address)
            neighbour.standing = standing
        self._neighbours[neighbour.address] = neighbour
        leaving = self._rooms[standing].add(neighbour.address, neighbour.sender)
        return None if leaving is None else self._neighbours.pop(leaving)

    def remove(self, neighbour: Neighbour) -> None:
        """Forget `neighbour`."""
        self._rooms[neighbour.standing].remove(neighbour.address)
        del self._neighbours[neighbour.address]
