"""An asyncio event loop in virtual time: nobody waits, and one seed decides everything."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import Executor
from math import ceil
from typing import Any, TypeVar

from lowpan.sim.schedule import Schedule

Value = TypeVar("Value")

_SECOND = 1_000_000
_SLACK = 0.001
"""Microseconds that the loop's own arithmetic may be off by."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks when `schedule` gets to them, and the schedule when no callback is ready.

    time() is the schedule's, in seconds.  There are no descriptors to wait for: sockets, signals
    and subprocesses are refused, and what is meant for a thread is done at once, in this one.
    """

    _ready: "Collection[Any]"

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self.schedule = schedule
        self._selector = self
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Return the moment, in seconds."""
        return self.schedule.now / _SECOND

    def select(self, timeout: float | None) -> list[Any]:
        """Let time pass until a callback is ready or `timeout` seconds are over (a selector's)."""
        schedule, ready = self.schedule, self._ready
        if timeout is not None and timeout <= 0:
            return []
        if timeout is not None:
            until = schedule.now + ceil(timeout * _SECOND - _SLACK)
            while not ready and schedule.step(until):
                pass
            return []
        while not ready:
            until_next = schedule.next_time()
            if until_next is None:
                raise RuntimeError("everybody waits, and nothing will ever happen in this world")
            schedule.step(until_next)
        return []

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call `func` at once: a thread would make no two runs alike."""
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # the caller's, as it is from a thread
            done.set_exception(error)
        return done

    def _process_events(self, event_list: list[Any]) -> None:
        """Do nothing: select() finds none."""

    def _write_to_self(self) -> None:
        """Do nothing: there is nobody to be woken."""


def run_in_time_of(schedule: Schedule, main: Coroutine[Any, Any, Value]) -> Value:
    """Run an asyncio program whose time is the schedule's, and return what it returns."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(schedule)) as runner:
        return runner.run(main)
