"""When each of many things is due, without looking at all of them."""

from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

Key = TypeVar("Key", bytes, tuple[bytes, int], tuple[bytes, bytes])

_SLACK = 64
"""Outdated places in the heap that are not worth a tidying."""


class Deadlines(Generic[Key]):
    """A deadline for each of some keys; setting, dropping and finding the next are cheap."""

    def __init__(self) -> None:
        self._deadlines: dict[Key, int] = {}
        self.changes = 0
        """How often one was set."""
        self._heap: list[tuple[int, Key]] = []

    def __len__(self) -> int:
        """Return how many keys have a deadline."""
        return len(self._deadlines)

    def get(self, key: Key) -> int | None:
        """Return the deadline of `key`, None if it has none."""
        return self._deadlines.get(key)

    def set(self, key: Key, deadline: int) -> None:
        """Give `key` a deadline, instead of the one that it had."""
        if self._deadlines.get(key) == deadline:
            return
        self._deadlines[key] = deadline
        self.changes += 1
        heappush(self._heap, (deadline, key))
        if len(self._heap) > 2 * len(self._deadlines) + _SLACK:
            self._heap = [(due, held) for held, due in self._deadlines.items()]
            heapify(self._heap)

    def drop(self, key: Key) -> None:
        """Have no deadline for `key`."""
        self._deadlines.pop(key, None)

    def next_deadline(self) -> int | None:
        """Return the first deadline of all, None without any."""
        heap = self._heap
        while heap and self._deadlines.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def take(self, *, now: int) -> list[Key]:
        """Drop and return the keys whose deadline has come, the first one first."""
        due: list[Key] = []
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            key = heappop(self._heap)[1]
            del self._deadlines[key]
            due.append(key)
        return due
