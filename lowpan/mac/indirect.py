"""Frames that wait until their sleeping receiver asks for them (IEEE 802.15.4-2020 §6.7.3)."""

from collections import deque
from dataclasses import dataclass, field

from lowpan.mac.transmission import Outgoing

MOST_INDIRECT = 64
"""Frames held for all sleeping neighbours: one datagram of 1280 octets for each of four."""
MOST_FOR_ONE = 16
"""Frames held for one of them, a datagram of 1280 octets: nobody takes the room of others."""


@dataclass(slots=True)
class _Receiver:
    """What one sleeper has not got yet, and until when each frame waits."""

    held: deque[tuple[int, Outgoing]] = field(default_factory=deque[tuple[int, Outgoing]])
    under_way: bool = False
    """The first of them was handed out, and it is not known yet whether it arrived."""


class IndirectQueue:
    """First in, first out for each receiver; what waits too long is given back.

    A frame that was handed out remains the first one of its receiver until it was delivered: if it
    was not, the next request gets the same frame again.  Times are microseconds on the caller's
    clock.
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
        self._receivers: dict[bytes, _Receiver] = {}
        self._count = 0
        self.deadline: int | None = None
        """When the first frame has waited too long."""
        self.receivers: frozenset[bytes] = frozenset()
        """The addresses that frames wait for: the source match table of a radio."""

    def __len__(self) -> int:
        """Return how many frames are held, those under way included."""
        return self._count

    def hold(self, address: bytes, outgoing: Outgoing, *, now: int) -> bool:
        """Keep a frame; tell whether there was room."""
        receiver = self._receivers.get(address)
        held = 0 if receiver is None else len(receiver.held)
        if self._count >= self._most_frames or held >= self._most_for_one:
            return False
        if receiver is None:
            receiver = self._receivers[address] = _Receiver()
            self.receivers = frozenset(self._receivers)
        deadline = now + self._persistence
        receiver.held.append((deadline, outgoing))
        self._count += 1
        if self.deadline is None or deadline < self.deadline:
            self._set_deadline()
        return True

    def waits_for(self, address: bytes) -> bool:
        """Tell whether a frame waits for `address`."""
        return address in self._receivers

    def take(self, address: bytes) -> tuple[Outgoing, bool] | None:
        """Hand out the next frame for `address`, and tell whether more follow.

        None if none waits, and while the last one is still under way.
        """
        receiver = self._receivers.get(address)
        if receiver is None or receiver.under_way:
            return None
        receiver.under_way = True
        self._set_deadline()
        return receiver.held[0][1], len(receiver.held) > 1

    def delivered(self, address: bytes) -> None:
        """Forget the frame that was under way: it arrived, or nobody wants it any more."""
        receiver = self._receivers[address]
        receiver.under_way = False
        receiver.held.popleft()
        self._count -= 1
        self._tidy(address, receiver)

    def not_delivered(self, address: bytes, *, now: int) -> bool:
        """Keep the frame that was under way for the next request; tell whether it may still wait.

        If not, it is forgotten.
        """
        receiver = self._receivers[address]
        if receiver.held[0][0] <= now:
            self.delivered(address)
            return False
        receiver.under_way = False
        self._set_deadline()
        return True

    def release(self, address: bytes) -> list[Outgoing]:
        """Give up what waits for `address`, except for what is under way, and return it."""
        receiver = self._receivers.get(address)
        if receiver is None:
            return []
        keep = int(receiver.under_way)
        released = [outgoing for _, outgoing in receiver.held][keep:]
        for _ in released:
            receiver.held.pop()
        self._count -= len(released)
        self._tidy(address, receiver)
        return released

    def next_deadline(self) -> int | None:
        """Return when the first frame has waited too long."""
        return self.deadline

    def handle_deadline(self, *, now: int) -> list[Outgoing]:
        """Give up and return what has waited too long (TRANSACTION_EXPIRED)."""
        expired: list[Outgoing] = []
        if self.deadline is None or now < self.deadline:
            return expired
        for address, receiver in list(self._receivers.items()):
            if receiver.under_way:
                continue  # its time comes when its fate is known
            while receiver.held and receiver.held[0][0] <= now:
                expired.append(receiver.held.popleft()[1])
                self._count -= 1
            self._tidy(address, receiver)
        return expired

    def _tidy(self, address: bytes, receiver: _Receiver) -> None:
        if not receiver.held:
            del self._receivers[address]
            self.receivers = frozenset(self._receivers)
        self._set_deadline()

    def _set_deadline(self) -> None:
        """Find the first deadline among a few dozen receivers, once for each change."""
        self.deadline = min(
            (each.held[0][0] for each in self._receivers.values() if not each.under_way),
            default=None,
        )
