"""Clocks of radios: counters that wrap and drift, mapped to the host's time.

What is known is when each message arrived, never before it was sent.  So the offset between the
clocks is where the least delayed arrivals lie: the line below all of them, and nearest to them.
"""

from collections import deque

WINDOW_NS = 60_000_000_000
"""The arrivals of this last span tell offset and drift."""

SLOT_NS = 1_000_000_000
"""Of each such span the least delayed arrival is kept: 60 points make the line."""

SHORTEST_BASE_NS = 5_000_000_000
"""Points nearer to each other tell no drift: their delays differ by more than it does."""

FEWEST = 6
"""Points that tell drift, at least."""

MOST_DRIFT = 250e-6
"""A crystal is within 40 ppm (IEEE 802.15.4-2020 §12.3.9), a host's too; more is a misreading."""

MOST_DELAY_NS = 10_000_000_000
"""A message later than this is none: the radio was reset, or the host's clock was set ahead."""

EARLY_NS = 10_000_000
"""A message earlier than its clock, by more than drift allows: the host's clock was set back."""

Point = tuple[int, int]
"""A moment of the radio's clock, ns, and the arrival's distance from it, ns."""


class RadioClock:
    """Maps ticks of a radio's clock to host time, given when each tick's message arrived.

    Unwraps counters of `bits` bits to 64 bit; estimates offset and drift from the arrivals that
    were delayed least.  Times that it returns never go back, and are never after their arrival
    (only where the host's own clock was set back, the first rule breaks the second).  The least
    delay itself cannot be told from the offset: it stays in the times.  Where messages are late
    by it and up to J more, evenly spread, and 50 or more come in a second, times are within J / 5
    of that after ten seconds, and within J + 1 ms from the start, whatever the drift to 100 ppm.
    """

    def __init__(self, bits: int, tick_ns: int = 1_000) -> None:
        self._period, self._tick_ns = 1 << bits, tick_ns
        self._newest: int | None = None
        self._newest_arrival: int | None = None
        self._last_time = 0
        self._points = deque[Point]()
        self._best: Point | None = None
        self._slot_end = 0
        self._least = 0
        self._origin: Point | None = None
        self._drift = 0.0

    @property
    def drift_ppm(self) -> float:
        """Return by how much the host's clock is faster than the radio's, as far as is known."""
        return self._drift * 1e6

    def unwrapped(self, ticks: int, arrival_ns: int | None = None) -> int:
        """Return `ticks` since the clock's first zero; a step back by less than half a turn is one.

        With the time of arrival, turns that nobody saw because the radio was silent are counted.
        """
        period, newest = self._period, self._newest
        ticks %= period
        if newest is None:
            found = ticks
        else:
            near = newest + self._silent_ticks(arrival_ns)
            half = period >> 1
            found = max(near + (ticks - near + half) % period - half, 0)
        if newest is None or found > newest:
            self._newest, self._newest_arrival = found, arrival_ns
        return found

    def _silent_ticks(self, arrival_ns: int | None) -> int:
        """Return the ticks since the newest if those are half a turn or more, else 0."""
        if arrival_ns is None or self._newest_arrival is None:
            return 0
        ticks = (arrival_ns - self._newest_arrival) // self._tick_ns
        return ticks if ticks >= self._period >> 1 else 0

    def time_ns(self, ticks: int, arrival_ns: int) -> int:
        """Return when the clock showed `ticks`, nanoseconds since 1970, for an unwrapped clock."""
        moment = ticks * self._tick_ns
        origin = self._origin
        if origin is None:
            self._begin(moment, arrival_ns - moment)
            time = arrival_ns
        else:
            offset = arrival_ns - moment
            since = moment - origin[0]
            expected = origin[1] + int(since * self._drift)  # floats alone round to 256 ns
            delay = offset - expected
            if delay > MOST_DELAY_NS or delay < -EARLY_NS - MOST_DRIFT * abs(since):
                self._forget()
                self._begin(moment, offset)
                time = arrival_ns
            else:
                time = moment + expected if delay > 0 else arrival_ns
                if self._best is None or delay < self._least:
                    self._best, self._least = (moment, offset), delay
                if delay < 0:  # the line was too high
                    self._origin = (origin[0], origin[1] + delay)
                if moment >= self._slot_end:
                    self._end_slot(moment)
        if time < self._last_time:
            return self._last_time
        self._last_time = time
        return time

    def restart(self) -> None:
        """Forget the offset: the radio was reset and counts from zero again."""
        self._newest = self._newest_arrival = None
        self._forget()

    def _forget(self) -> None:
        self._points.clear()
        self._origin = self._best = None
        self._drift = 0.0

    def _begin(self, moment: int, offset: int) -> None:
        self._origin = self._best = (moment, offset)
        self._least, self._slot_end = 0, moment + SLOT_NS

    def _end_slot(self, moment: int) -> None:
        """Keep the best of the slot, and lay the line anew below those of the window."""
        points = self._points
        if self._best is not None:
            points.append(self._best)
        while len(points) > 1 and points[0][0] < moment - WINDOW_NS:
            points.popleft()
        self._best, self._least, self._slot_end = None, 0, moment + SLOT_NS
        self._drift = _slope(sorted(points), self._drift)
        start = points[-1][0]
        height = min(offset - int((at - start) * self._drift) for at, offset in points)
        self._origin = (start, height)


def _slope(points: list[Point], before: float) -> float:
    """Return the slope between the least delayed of the oldest and of the newest third.

    Which those are depends on the slope itself: `before` is the one known so far.
    """
    if len(points) < FEWEST or points[-1][0] - points[0][0] < SHORTEST_BASE_NS:
        return before
    third = len(points) // 3

    def delay(point: Point) -> float:
        return point[1] - points[0][1] - (point[0] - points[0][0]) * before

    (x1, y1), (x2, y2) = min(points[:third], key=delay), min(points[-third:], key=delay)
    if x2 <= x1:  # a clock that stood still
        return before
    return min(max((y2 - y1) / (x2 - x1), -MOST_DRIFT), MOST_DRIFT)
