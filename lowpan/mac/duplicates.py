"""Frames that come twice because our acknowledgment was lost (IEEE 802.15.4-2020 §6.7.4.2)."""

MOST_SENDERS = 1024
"""Senders whose last frame is remembered, some 200 kB; the one heard longest ago goes first."""
DUPLICATE_WINDOW = 2_000_000
"""Microseconds: all repetitions of a frame come within them, and no counter of 256 comes round."""

Sender = tuple[int | None, bytes]
"""PAN ID and address."""


class DuplicateFilter:
    """Remembers the sequence number that each sender used last."""

    def __init__(self, *, most_senders: int = MOST_SENDERS, window: int = DUPLICATE_WINDOW) -> None:
        self._most_senders, self._window = most_senders, window
        self._last: dict[Sender, tuple[int, int]] = {}

    def is_duplicate(self, sender: Sender, sequence_number: int, *, now: int) -> bool:
        """Tell whether this is the frame of `sender` that came before, and remember it."""
        last = self._last.pop(sender, None)
        self._last[sender] = (sequence_number, now)
        if len(self._last) > self._most_senders:
            del self._last[next(iter(self._last))]
        return last is not None and last[0] == sequence_number and now - last[1] <= self._window
