"""Which octets of a datagram have been seen."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class Extents:
    """Stretches of octets, merged where they touch: octets are placed, never counted."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        """Note octets `start` .. `end` - 1."""
        at = bisect_left(self._ends, start)
        beyond = bisect_right(self._starts, end)
        if at < beyond:
            start, end = min(start, self._starts[at]), max(end, self._ends[beyond - 1])
        self._starts[at:beyond] = [start]
        self._ends[at:beyond] = [end]

    def within(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the stretches of `start` .. `end` - 1 that have been noted."""
        at = bisect_right(self._ends, start)
        while at < len(self._starts) and self._starts[at] < end:
            yield max(start, self._starts[at]), min(end, self._ends[at])
            at += 1

    def covers(self, start: int, end: int) -> bool:
        """Tell whether all of `start` .. `end` - 1 has been noted."""
        return next(self.within(start, end), None) == (start, end)
