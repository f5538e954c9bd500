"""Room for a number of neighbours of one standing, in the order in which they leave it."""

from collections import OrderedDict

from lowpan.mesh.link_quality import BEST_LINK


class NeighbourRoom:
    """Extended addresses by their worth, and within one worth by how long they were silent.

    Nothing here takes longer the more there are.
    """

    __slots__ = ("_most", "_pinned", "_ranks", "_worths")

    def __init__(self, most: int) -> None:
        """Make room for `most` neighbours."""
        self._most = most
        self._worths: dict[bytes, int] = {}
        self._pinned: set[bytes] = set()
        self._ranks: tuple[OrderedDict[bytes, None], ...] = tuple(
            OrderedDict() for _ in range(BEST_LINK + 1)
        )

    @property
    def full(self) -> bool:
        """Whether somebody has to leave before another can move in."""
        return len(self._worths) + len(self._pinned) >= self._most

    def place(self, address: bytes, worth: int, *, pinned: bool = False) -> None:
        """Move in, or behind the others of the same worth 0..3; the pinned never leave."""
        if pinned:
            self.remove(address)
            self._pinned.add(address)
            return
        before = self._worths.get(address)
        if before == worth:
            self._ranks[worth].move_to_end(address)
            return
        self.remove(address)
        self._worths[address] = worth
        self._ranks[worth][address] = None

    def has(self, address: bytes, worth: int) -> bool:
        """Tell whether it is here and of this worth, or pinned."""
        return self._worths.get(address) == worth or address in self._pinned

    def remove(self, address: bytes) -> None:
        """Move out, if it is here."""
        self._pinned.discard(address)
        worth = self._worths.pop(address, None)
        if worth is not None:
            del self._ranks[worth][address]

    def least(self) -> tuple[bytes, int] | None:
        """Return who is to leave first, and its worth; None if all are pinned."""
        for worth, rank in enumerate(self._ranks):
            if rank:
                return next(iter(rank)), worth
        return None
