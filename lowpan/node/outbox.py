"""Datagrams on their way out: frames of one after the other, what cannot be sent given up whole."""

from collections import deque
from dataclasses import dataclass

MOST_DATAGRAMS = 64
"""Datagrams that wait for the radio: 64 of 1280 octets keep it busy for four seconds."""
MOST_UNRESOLVED, MOST_FOR_ONE = 32, 3
"""Datagrams that wait for a link address, of all and of one neighbour (RFC 4861 §7.2.2)."""


@dataclass(slots=True)
class Departing:
    """A datagram in frames."""

    datagram: bytes
    payloads: list[bytes]
    source: bytes
    destination: bytes
    """Link-layer addresses, 2 or 8 octets."""
    next_hop: bytes
    """16 octets."""
    sent: int = 0
    """Payloads handed to the link layer."""


class Outbox:
    """Hands over one payload at a time: a lost fragment ends its datagram, not the others."""

    def __init__(self, *, most_datagrams: int = MOST_DATAGRAMS) -> None:
        self._most = most_datagrams
        self._waiting: deque[Departing] = deque()
        self._current: Departing | None = None
        self._handle = 0

    def __len__(self) -> int:
        """Return how many datagrams are not out yet."""
        return len(self._waiting) + (self._current is not None)

    def put(self, departing: Departing) -> bool:
        """Queue a datagram; tell whether there was room."""
        if len(self) >= self._most:
            return False
        self._waiting.append(departing)
        return True

    def next_payload(self) -> tuple[int, Departing, bytes] | None:
        """Return handle, datagram and payload to be sent now; None while one is being sent."""
        if self._current is not None or not self._waiting:
            return None
        self._current = departing = self._waiting.popleft()
        return self._hand_over(departing)

    def payload_sent(self, handle: int) -> tuple[int, Departing, bytes] | None:
        """Go on after a payload that arrived: the next one of the same datagram, if there is."""
        departing = self._current
        if departing is None or handle != self._handle:
            return None
        if departing.sent < len(departing.payloads):
            return self._hand_over(departing)
        self._current = None
        return None

    def finished(self, handle: int) -> Departing | None:
        """Return the datagram that `handle` is of, if that was its last payload."""
        departing = self._current
        if departing is None or handle != self._handle:
            return None
        return departing if departing.sent == len(departing.payloads) else None

    def give_up(self, handle: int) -> Departing | None:
        """End the datagram whose payload was not delivered, and return it."""
        if handle != self._handle:
            return None
        departing, self._current = self._current, None
        return departing

    def _hand_over(self, departing: Departing) -> tuple[int, Departing, bytes]:
        self._handle += 1
        payload = departing.payloads[departing.sent]
        departing.sent += 1
        return self._handle, departing, payload


class Unresolved:
    """Datagrams that wait until the link address of their next hop is known; bounded."""

    def __init__(self, *, most: int = MOST_UNRESOLVED, most_for_one: int = MOST_FOR_ONE) -> None:
        self._most, self._most_for_one = most, most_for_one
        self._waiting: dict[bytes, deque[bytes]] = {}
        self._count = 0

    def hold(self, next_hop: bytes, datagram: bytes) -> list[bytes]:
        """Keep a datagram; return those that are given up for it."""
        given_up: list[bytes] = []
        waiting = self._waiting.setdefault(next_hop, deque())
        if len(waiting) >= self._most_for_one:
            given_up.append(waiting.popleft())
            self._count -= 1
        elif self._count >= self._most:
            given_up += self._give_up_oldest()
        waiting.append(datagram)
        self._waiting[next_hop] = waiting
        self._count += 1
        return given_up

    def take(self, next_hop: bytes) -> list[bytes]:
        """Return, and keep no longer, what waited for `next_hop`, in order."""
        waiting = self._waiting.pop(next_hop, None)
        if waiting is None:
            return []
        self._count -= len(waiting)
        return list(waiting)

    def _give_up_oldest(self) -> list[bytes]:
        for next_hop, waiting in self._waiting.items():
            if waiting:
                oldest = waiting.popleft()
                self._count -= 1
                if not waiting:
                    del self._waiting[next_hop]
                return [oldest]
        return []
