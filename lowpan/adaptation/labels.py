"""Datagram tags of eight bits, which are labels on a path (RFC 8931 §6.1)."""

from random import Random
from typing import Generic, TypeVar

from lowpan.errors import FieldOutOfRange

MOST_LABELS = 256

Owner = TypeVar("Owner")


class Labels(Generic[Owner]):
    """The tags that we have given datagrams towards each next hop, and whose they are.

    In an order that `random` draws once, so that a tag comes again as late as can be, and nobody
    can foretell the next.
    """

    def __init__(self, random: Random) -> None:
        self._order = random.sample(range(MOST_LABELS), MOST_LABELS)
        self._next = 0
        self._owners: dict[tuple[bytes, int], Owner] = {}

    def __len__(self) -> int:
        """Return how many tags are in use."""
        return len(self._owners)

    def give(self, next_hop: bytes, owner: Owner) -> int:
        """Return a tag for a datagram of `owner`; raise FieldOutOfRange if all are in use."""
        for _ in range(MOST_LABELS):
            tag = self._order[self._next]
            self._next = (self._next + 1) % MOST_LABELS
            if (next_hop, tag) not in self._owners:
                self._owners[next_hop, tag] = owner
                return tag
        raise FieldOutOfRange("every datagram tag is in use")

    def owner(self, next_hop: bytes, tag: int) -> Owner | None:
        """Return whose datagram that is, None if nobody's."""
        return self._owners.get((next_hop, tag))

    def free(self, next_hop: bytes, tag: int) -> None:
        """Take a tag back."""
        del self._owners[next_hop, tag]
