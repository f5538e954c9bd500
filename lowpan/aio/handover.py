"""Handover: from an event loop to a thread that waits, in order and bounded."""

import asyncio
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")

MOST_HANDED_OVER = 4096
"""Items that wait for the thread at most; then the event loop's side waits."""


class Handover(Generic[Item]):
    """A queue: `put` and `end` are for the event loop that made it, `take` for another thread."""

    def __init__(self, most: int = MOST_HANDED_OVER) -> None:
        self._most = most
        self._changed = Condition()
        self._items: list[Item] = []
        self._end: BaseException | None = None
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Return how many items wait."""
        return len(self._items)

    async def put(self, item: Item) -> None:
        """Add `item`; wait while there are too many."""
        while len(self._items) >= self._most:
            self._room.clear()
            if len(self._items) >= self._most:  # still: take() may have come in between
                await self._room.wait()
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def end(self, why: BaseException) -> None:
        """Let take() raise `why` once all is fetched; the first reason counts."""
        with self._changed:
            self._end = self._end or why
            self._changed.notify()

    def take(self, timeout: float) -> list[Item]:
        """Return all items that wait; none after `timeout` seconds.  Raises why there are no more.

        The wait is ended by a signal whose handler raises.
        """
        with self._changed:
            if not self._items and self._end is None:
                self._changed.wait(timeout)
            items, self._items = self._items, []
            if not items and self._end is not None:
                raise self._end
        if len(items) >= self._most:
            self._loop.call_soon_threadsafe(self._room.set)
        return items
