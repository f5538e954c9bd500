"""Payloads that are flooded wait a random time, so that hidden forwarders do not collide."""

from collections import Counter
from heapq import heappop, heappush
from random import Random

from lowpan.adaptation.forwarding import Forward

MOST_JITTER = 80_000
"""Microseconds.  Two hidden forwarders collide when they begin within one frame of each other, 2 to
5 ms with backoff: of 80 ms that is about one time in ten.  And the mean, 40 ms a hop, brings a
solicitation over 14 hops within the second in which it is not repeated."""
MOST_WAITING, MOST_FROM_ONE = 64, 32
"""Payloads of all neighbours and of one: what MOST_FORWARDED and MOST_FROM_ONE of
lowpan.node.outbox let wait for the radio; more than the air carries in that time."""


class FloodJitter:
    """Holds each payload for 0 to `most_jitter` microseconds, in the order of who sent it to us.

    All who hear a broadcast get it at one moment.  Those of them that do not hear each other would
    pass it on at one moment too, but for the backoff of CSMA-CA, and who hears two of them would
    get nothing.  RFC 4944 §11.1 leaves the delay open; RFC 5148 §5.2 is about such ones.  `now` is
    microseconds.
    """

    def __init__(
        self,
        random: Random,
        *,
        most_jitter: int = MOST_JITTER,
        most: int = MOST_WAITING,
        most_from_one: int = MOST_FROM_ONE,
    ) -> None:
        self._random, self._most_jitter = random, most_jitter
        self._most, self._most_from_one = most, most_from_one
        self._waiting: list[tuple[int, int, Forward, bytes]] = []
        """Moments, order of arrival, payloads and whom they came from; a heap."""
        self._arrived = 0
        self._from: Counter[bytes] = Counter()
        self._last: dict[bytes, int] = {}
        """The moment of the last payload of each neighbour that has some waiting."""

    def __len__(self) -> int:
        """Return how many payloads wait."""
        return len(self._waiting)

    def put(self, forward: Forward, by: bytes, *, now: int) -> bool:
        """Hold a payload that came from the neighbour `by`; tell whether there was room."""
        if len(self._waiting) >= self._most or self._from[by] >= self._most_from_one:
            return False
        drawn = now + self._random.randint(0, self._most_jitter)
        moment = self._last[by] = max(drawn, self._last.get(by, drawn))
        self._from[by] += 1
        self._arrived += 1
        heappush(self._waiting, (moment, self._arrived, forward, by))
        return True

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing waits."""
        return self._waiting[0][0] if self._waiting else None

    def handle_deadline(self, *, now: int) -> list[tuple[Forward, bytes]]:
        """Return the payloads that go on now, and the neighbours that they came from."""
        done: list[tuple[Forward, bytes]] = []
        while self._waiting and self._waiting[0][0] <= now:
            _, _, forward, by = heappop(self._waiting)
            done.append((forward, by))
            self._from[by] -= 1
            if not self._from[by]:
                del self._from[by], self._last[by]
        return done
