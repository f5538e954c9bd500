"""Discrete events: what is to happen in virtual time, in order."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

_TIME, _CALL, _ARGUMENTS = 0, 2, 3


class Event(list[Any]):
    """Something that is to happen: time, order, call, arguments; cancel() makes it not happen.

    A list, since the heap compares them hundreds of thousands of times in a second.
    """

    __slots__ = ()

    def cancel(self) -> None:
        """Do not let it happen; harmless once it has happened."""
        self[_CALL], self[_ARGUMENTS] = None, ()


class Schedule:
    """Time, in microseconds, and what is to happen.

    Events of one moment happen in the order in which they were asked for, so that a run depends
    on nothing but its seed.  An event costs the logarithm of the events that wait, which are a few
    for each node.
    """

    def __init__(self) -> None:
        self.now = 0
        """The present moment; it only goes up."""
        self.happened = 0
        """Events since the start, for measuring."""
        self._order = 0
        self._waiting: list[Event] = []

    def __len__(self) -> int:
        """Return how many events wait, cancelled ones included until their time comes."""
        return len(self._waiting)

    def at(self, time: int, call: Callable[..., object], *arguments: Any) -> Event:
        """Let `call(*arguments)` happen at `time`, at once if that is past."""
        if time < self.now:  # noqa: PLR1730  (max() takes thrice the time)
            time = self.now
        self._order = order = self._order + 1
        event = Event((time, order, call, arguments))
        heappush(self._waiting, event)
        return event

    def after(self, duration: int, call: Callable[..., object], *arguments: Any) -> Event:
        """Let `call(*arguments)` happen in `duration` microseconds."""
        return self.at(self.now + duration, call, *arguments)

    def next_time(self) -> int | None:
        """Return when the next thing happens, None if nothing waits."""
        waiting = self._waiting
        while waiting and waiting[0][_CALL] is None:
            heappop(waiting)
        return waiting[0][_TIME] if waiting else None

    def step(self, until: int) -> bool:
        """Let the next thing happen if it is due by `until`; tell whether it was.

        If not, it is `until` then.
        """
        time = self.next_time()
        if time is None or time > until:
            self.now = max(self.now, until)
            return False
        self.now, _, call, arguments = event = heappop(self._waiting)
        event[_CALL] = None
        self.happened += 1
        call(*arguments)
        return True

    def run_until(self, time: int) -> None:
        """Let everything happen that is due up to and including `time`; it is `time` then."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= time:
            event = heappop(waiting)
            call = event[2]
            if call is not None:
                self.now = event[0]
                self.happened += 1
                event[2] = None
                call(*event[3])
        self.now = max(self.now, time)

    def run_for(self, duration: int) -> None:
        """Let `duration` microseconds pass."""
        self.run_until(self.now + duration)
