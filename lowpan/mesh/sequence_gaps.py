"""How many frames of a neighbour we have missed, told by the numbers on those that we got."""

MOST_MISSED = 32
"""Numbers in a row that can all have been lost.

A longer step is a restart, a counter that goes on above what was reserved, or a sender that was out
of reach for that long, which its silence has told before."""


class SequenceGaps:
    """Counts frames lost between those that arrive, by a number that goes up one by one.

    The number has to go up for frames that we should have heard, and for no others: that of
    advertisements or of broadcasts.  Each that goes elsewhere would count as lost.  It may wrap.
    """

    __slots__ = ("_last", "_modulus", "_most_missed")

    def __init__(self, *, bits: int = 32, most_missed: int = MOST_MISSED) -> None:
        """Compare numbers of `bits` bits; after more than `most_missed` it starts afresh."""
        self._modulus, self._most_missed = 1 << bits, most_missed
        self._last: int | None = None

    def heard(self, number: int) -> int | None:
        """Return how many were lost since the last one; None if this one was heard just before."""
        step = 1 if self._last is None else (number - self._last) % self._modulus
        if step == 0:
            return None
        self._last = number % self._modulus
        return step - 1 if step - 1 <= self._most_missed else 0
