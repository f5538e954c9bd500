"""Discrete events: what is to happen in virtual time, in order."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any


class Event:
    """Something that is to happen; cancel() makes it not happen."""

    __slots__ = ("arguments", "call", "order", "time")

    def __init__(
        self, time: int, order: int, call: Callable[..., None], arguments: tuple[Any, ...]
    ) -> None:
        self.time, self.order = time, order
        self.call: Callable[..., None] | None = call
        self.arguments = arguments

    def cancel(self) -> None:
        """Do not let it happen; harmless once it has happened."""
        self.call = None
        self.arguments = ()


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
        self._waiting: list[tuple[int, int, Event]] = []

    def __len__(self) -> int:
        """Return how many events wait, cancelled ones included until their time comes."""
        return len(self._waiting)

    def at(self, time: int, call: Callable[..., None], *arguments: Any) -> Event:
        """Let `call(*arguments)` happen at `time`, at once if that is past."""
        time = max(time, self.now)
        self._order = order = self._order + 1
        event = Event(time, order, call, arguments)
        heappush(self._waiting, (time, order, event))
        return event

    def after(self, duration: int, call: Callable[..., None], *arguments: Any) -> Event:
        """Let `call(*arguments)` happen in `duration` microseconds."""
        return self.at(self.now + duration, call, *arguments)

    def run_until(self, time: int) -> None:
        """Let everything happen that is due up to and including `time`; it is `time` then."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= time:
            self.now, _, event = heappop(waiting)
            call = event.call
            if call is not None:
                event.call = None
                self.happened += 1
                call(*event.arguments)
        self.now = max(self.now, time)

    def run_for(self, duration: int) -> None:
        """Let `duration` microseconds pass."""
        self.run_until(self.now + duration)
