"""Datagrams for neighbours that sleep: each has a line of its own, nobody else waits for it."""

from collections import deque
from dataclasses import dataclass, field

from lowpan.node.outbox import MOST_FORWARDED, MOST_FROM_ONE, Departing

MOST_WAITING, MOST_FOR_ONE = 64, 8
"""Datagrams that wait for all sleepers and for one of them: as many as for all who listen, and
what a sleeper that polls every second can be told in eight."""
MOST_FRAMES = 4
"""Frames of one sleeper that the link layer has: enough to tell it that more waits, so that it
fetches one after the other; few enough for sixteen of them."""
_FIRST_HANDLE = 1 << 32
"""Above all handles of an Outbox."""


@dataclass(slots=True)
class _Line:
    waiting: deque[Departing] = field(default_factory=deque[Departing])
    frames: int = 0
    """Handed to the link layer, and not ended."""
    forwarded: int = 0
    """How many of those that wait are payloads of others."""


class SleeperBox:
    """Hands over payloads as sleepers fetch them; a lost one ends its datagram.

    What is passed on has room of its own, as in an Outbox.
    """

    def __init__(
        self, *, most_waiting: int = MOST_WAITING, most_for_one: int = MOST_FOR_ONE
    ) -> None:
        self._most_waiting, self._most_for_one = most_waiting, most_for_one
        self._lines: dict[bytes, _Line] = {}
        self._under_way: dict[int, tuple[bytes, Departing]] = {}
        self._waiting = self._forwarded = 0
        self._handle = _FIRST_HANDLE

    def __len__(self) -> int:
        """Return how many datagrams of ours are not handed over yet."""
        return self._waiting - self._forwarded

    def put(self, sleeper: bytes, departing: Departing) -> bool:
        """Queue a datagram or a payload; tell whether there was room."""
        line = self._lines.get(sleeper) or _Line()
        if departing.forward is not None:
            if self._forwarded >= MOST_FORWARDED or line.forwarded >= MOST_FROM_ONE:
                return False
            self._forwarded += 1
            line.forwarded += 1
        else:
            of_one = len(line.waiting) - line.forwarded
            if len(self) >= self._most_waiting or of_one >= self._most_for_one:
                return False
        self._lines[sleeper] = line
        line.waiting.append(departing)
        self._waiting += 1
        return True

    def next_payload(self, sleeper: bytes) -> tuple[int, Departing, bytes] | None:
        """Return handle, datagram and payload to be handed over; None while there are enough."""
        line = self._lines.get(sleeper)
        if line is None or not line.waiting or line.frames >= MOST_FRAMES:
            return None
        departing = line.waiting[0]
        payload = departing.payloads[departing.sent]
        departing.sent += 1
        if departing.sent == len(departing.payloads):
            self._pop(line)
        line.frames += 1
        self._handle += 1
        self._under_way[self._handle] = sleeper, departing
        return self._handle, departing, payload

    def payload_ended(self, handle: int, *, delivered: bool) -> tuple[bytes, Departing | None]:
        """Take what became of a payload of ours; return whose, and what is given up for it."""
        sleeper, departing = self._under_way.pop(handle)
        line = self._lines[sleeper]
        line.frames -= 1
        lost: Departing | None = None
        if not delivered and departing.payloads:
            lost = departing
            if line.waiting and line.waiting[0] is departing:
                self._pop(line)
            departing.payloads = []  # so that it is given up once
        if not line.frames and not line.waiting:
            del self._lines[sleeper]
        return sleeper, lost

    def has(self, handle: int) -> bool:
        """Tell whether `handle` is of a payload from here."""
        return handle in self._under_way

    def _pop(self, line: _Line) -> None:
        departing = line.waiting.popleft()
        self._waiting -= 1
        if departing.forward is not None:
            self._forwarded -= 1
            line.forwarded -= 1
