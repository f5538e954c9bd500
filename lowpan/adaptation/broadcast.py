"""Each broadcast of the mesh is taken once: sequence suppression of BC0 (RFC 4944 §11.1)."""

from lowpan.adaptation.fair_table import FairTable, Timeouts

WINDOW = 32
"""Sequence numbers remembered of an originator: well below the 256 after which they come again,
well above the broadcasts of one that are under way at once."""
BROADCAST_PERIOD = 10_000_000
"""Microseconds that a sequence number is remembered: a flood over 20 hops has ended, and an
originator that starts anew at any number is heard again."""
MOST_ORIGINATORS = 256
"""Originators remembered: more than send broadcasts within a period in the largest networks."""
MOST_PER_NEIGHBOUR = 128
"""Of these, how many one neighbour may have told of: half, so that a neighbour that invents
originators displaces no more than what came through it."""


class BroadcastWindows:
    """The latest sequence numbers of each originator.

    A number is new unless it is among the last few of its originator, whatever their order: the
    counter wraps, restarts, and may be forged ahead without silencing the ones that follow.
    `now` is microseconds.
    """

    def __init__(
        self,
        *,
        window: int = WINDOW,
        period: int = BROADCAST_PERIOD,
        most_originators: int = MOST_ORIGINATORS,
        most_per_neighbour: int = MOST_PER_NEIGHBOUR,
    ) -> None:
        self._window, self._period = window, period
        self._heard: FairTable[bytes, dict[int, int]] = FairTable(
            most=most_originators,
            most_per_owner=most_per_neighbour,
            timeouts=Timeouts(period, period, period),
        )

    def __len__(self) -> int:
        """Return how many originators are remembered."""
        return len(self._heard)

    def is_new(
        self, originator: bytes, sequence_number: int, neighbour: bytes, *, now: int
    ) -> bool:
        """Note a broadcast that came through `neighbour`; tell whether it is the first time."""
        self._heard.expire(now=now)
        deadlines = self._heard.get(originator)
        if deadlines is None:
            self._heard.add(originator, neighbour, {sequence_number: now + self._period}, now=now)
            return True
        if deadlines.get(sequence_number, now) > now:
            return False
        deadlines.pop(sequence_number, None)
        if len(deadlines) >= self._window:
            del deadlines[next(iter(deadlines))]
        deadlines[sequence_number] = now + self._period
        self._heard.proceed(originator, now=now)
        return True
