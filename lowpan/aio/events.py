"""What a node tells: an iterator of events for each who asks, none of which can hold it up."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Self
from weakref import WeakSet

from lowpan.mac.management_service import PlaceChange
from lowpan.mac.service import BeaconReceived, CommandReceived, FrameDropped
from lowpan.mesh.neighbour import NeighbourEvent
from lowpan.mesh.service import MeshNews
from lowpan.node.service import (
    AddressChanged,
    DatagramDiscarded,
    ErrorReceived,
    NeighbourChanged,
    RouterNews,
)
from lowpan.radio import RadioNotice

MOST_EVENTS = 4096
"""Events that wait for one reader: some seconds of a full channel."""


@dataclass(frozen=True, slots=True)
class RadioFailed:
    """Radio or store did not do what they were asked; the node goes on."""

    cause: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class InterfaceNotice:
    """Something about the TUN interface that its user should know."""

    text: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class EventsMissed:
    """The reader was too slow: so many events, older than the next one, are gone."""

    count: int


NodeEvent = (
    AddressChanged
    | BeaconReceived
    | CommandReceived
    | DatagramDiscarded
    | ErrorReceived
    | EventsMissed
    | FrameDropped
    | InterfaceNotice
    | MeshNews
    | NeighbourChanged
    | NeighbourEvent
    | PlaceChange
    | RadioFailed
    | RadioNotice
    | RouterNews
)


class Events:
    """Events from the moment on at which this was made; ends when the node does.

    Of more than `most` that wait, the oldest are given up, and an EventsMissed says how many.
    """

    def __init__(self, most: int = MOST_EVENTS) -> None:
        self._most = most
        self._waiting: deque[NodeEvent] = deque()
        self._missed = 0
        self._ended = False
        self._news = asyncio.Event()

    def put(self, event: NodeEvent) -> None:
        """Add an event."""
        if len(self._waiting) >= self._most:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(event)
        self._news.set()

    def end(self) -> None:
        """Let nothing follow."""
        self._ended = True
        self._news.set()

    def take_waiting(self) -> list[NodeEvent]:
        """Return what has come and nobody has fetched; without waiting for more."""
        missed: list[NodeEvent] = [EventsMissed(self._missed)] if self._missed else []
        taken = [*missed, *self._waiting]
        self._missed = 0
        self._waiting.clear()
        return taken

    def __aiter__(self) -> Self:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> NodeEvent:
        """Return the next event; wait for it."""
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        if self._missed:
            missed, self._missed = self._missed, 0
            return EventsMissed(missed)
        return self._waiting.popleft()


class EventReaders:
    """All who read the events of one node; those who have gone away are forgotten."""

    def __init__(self) -> None:
        self._readers: WeakSet[Events] = WeakSet()
        self._ended = False

    def add(self, most: int = MOST_EVENTS) -> Events:
        """Return a new reader's events."""
        events = Events(most)
        if self._ended:
            events.end()
        self._readers.add(events)
        return events

    def put(self, event: NodeEvent) -> None:
        """Tell everybody."""
        for events in self._readers:
            events.put(event)

    def end(self) -> None:
        """Tell everybody that there is no more."""
        self._ended = True
        for events in self._readers:
            events.end()
