"""Frames that wait until their sleeping receiver asks for them (IEEE 802.15.4-2020 §6.7.3)."""

from collections import deque

from lowpan.mac.transmission import Outgoing

MOST_INDIRECT = 64
"""Frames held for all sleeping neighbours: one datagram of 1280 octets for each of four."""
MOST_FOR_ONE = 16
"""Frames held for one of them, a datagram of 1280 octets: nobody takes the room of others."""


class IndirectQueue:
    """First in, first out for each receiver; what waits too long is given back.

    Times are microseconds on the caller's clock.
    """

    def __init__(
        self,
        persistence: int,
        *,
        most_frames: int = MOST_INDIRECT,
        most_for_one: int = MOST_FOR_ONE,
    ) -> None:
        self._persistence = persistence
        self._most_frames, self._most_for_one = most_frames, most_for_one
        self._held: dict[bytes, deque[tuple[int, Outgoing]]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Return how many frames are held."""
        return self._count

    @property
    def receivers(self) -> frozenset[bytes]:
        """Return the addresses that frames wait for: the source match table of a radio."""
        return frozenset(self._held)

    def hold(self, receiver: bytes, outgoing: Outgoing, *, now: int) -> bool:
        """Keep a frame; tell whether there was room."""
        held = self._held.get(receiver)
        if self._count >= self._most_frames or (held and len(held) >= self._most_for_one):
            return False
        if held is None:
            held = self._held[receiver] = deque()
        held.append((now + self._persistence, outgoing))
        self._count += 1
        return True

    def waits_for(self, receiver: bytes) -> bool:
        """Tell whether a frame waits for `receiver`."""
        return receiver in self._held

    def take(self, receiver: bytes) -> tuple[Outgoing, bool] | None:
        """Return the next frame for `receiver`, and whether more follow; None if none waits."""
        held = self._held.get(receiver)
        if not held:
            return None
        _, outgoing = held.popleft()
        self._count -= 1
        if not held:
            del self._held[receiver]
        return outgoing, bool(held)

    def next_deadline(self) -> int | None:
        """Return when the first frame has waited too long."""
        return min((held[0][0] for held in self._held.values()), default=None)

    def handle_deadline(self, *, now: int) -> list[Outgoing]:
        """Give up and return what has waited too long (TRANSACTION_EXPIRED)."""
        expired: list[Outgoing] = []
        for receiver, held in list(self._held.items()):
            while held and held[0][0] <= now:
                expired.append(held.popleft()[1])
                self._count -= 1
            if not held:
                del self._held[receiver]
        return expired
