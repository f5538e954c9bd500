"""A payload that comes by two ways, or round a loop, is taken once."""

from lowpan.adaptation.fair_table import FairTable, Timeouts

DUPLICATE_PERIOD = 500_000
"""Microseconds that a payload is remembered: a loop or a second path takes less, and at 250 kbit/s
no more than MOST_PAYLOADS come in it."""
MOST_PAYLOADS = 128
MOST_PER_NEIGHBOUR = 64
"""Remembered payloads of one neighbour, so that its flood leaves room for the others'."""

Payload = tuple[bytes, bytes, bytes]
"""Originator, final destination, and what follows the mesh header."""


class Duplicates:
    """The unicast payloads of the last moment.

    The same once more from the same neighbour after as many hops is a datagram that was sent
    twice: what a neighbour transmits twice, the link layer has sorted out.  `now` is microseconds.
    """

    def __init__(
        self,
        *,
        period: int = DUPLICATE_PERIOD,
        most_payloads: int = MOST_PAYLOADS,
        most_per_neighbour: int = MOST_PER_NEIGHBOUR,
    ) -> None:
        self._seen: FairTable[Payload, tuple[bytes, int]] = FairTable(
            most=most_payloads,
            most_per_owner=most_per_neighbour,
            timeouts=Timeouts(period, period, period),
        )

    def __len__(self) -> int:
        """Return how many payloads are remembered."""
        return len(self._seen)

    def is_new(self, payload: Payload, neighbour: bytes, hops_left: int, *, now: int) -> bool:
        """Note a payload; tell whether it came by no other way a moment ago."""
        self._seen.expire(now=now)
        before = self._seen.get(payload)
        if before is not None and before != (neighbour, hops_left):
            return False
        self._seen.add(payload, neighbour, (neighbour, hops_left), now=now)
        return True
