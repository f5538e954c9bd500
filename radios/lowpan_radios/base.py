"""What every driver shares: the queue of what came in, statistics, one transmission at a time."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import replace
from time import time_ns
from typing import Any, Self, TypeVar

from lowpan.errors import FieldOutOfRange, RadioClosed, RadioError
from lowpan.radio import (
    CHANNELS_2450,
    Fcs,
    Happening,
    RadioCapability,
    RadioNotice,
    RadioSettings,
    RadioStatistics,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)

MOST_WAITING = 65_536
"""Events that wait for next_event() at most, some 30 MiB: ten seconds of the fastest line."""

SHORTEST_PSDU, LONGEST_PSDU = 3, 125
"""Octets of a frame without FCS-16: from an Imm-Ack to aMaxPhyPacketSize (§11.1)."""

Value = TypeVar("Value")


async def end_tasks(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks and wait until they have ended; None is one that has."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)


class EventSource:
    """receive() and `async with` of a radio that adds next_event() and close()."""

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        """Return the next frame or notice; see Radio."""
        raise NotImplementedError

    async def close(self) -> None:
        """Give it back; see Radio."""
        raise NotImplementedError

    async def receive(self) -> ReceivedFrame:
        """Return the next frame; see Radio."""
        while True:
            event = await self.next_event()
            if isinstance(event, ReceivedFrame):
                return event

    async def __aenter__(self) -> Self:
        """Return the radio itself."""
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close it."""
        await self.close()


class BaseRadio(EventSource):
    """A Radio without its firmware: a driver adds `_apply`, and what else it can do.

    A driver hands in what it hears by `_deliver` and `_notice`, in order, from the event loop.
    """

    neighbours_acknowledge = True
    """False on radios that are virtual; see lowpan.radio.neighbours_acknowledge()."""

    def __init__(
        self,
        uri: str,
        description: str,
        capabilities: RadioCapability,
        *,
        channels: tuple[int, ...] = CHANNELS_2450,
        settings: RadioSettings | None = None,
    ) -> None:
        self.uri = uri
        self.description = description
        self.capabilities = capabilities
        self.channels = channels
        self.settings = settings or RadioSettings()
        self.statistics = RadioStatistics()
        self._events: deque[ReceivedFrame | RadioNotice] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._sending = asyncio.Lock()
        self._under_way = set[asyncio.Task[Any]]()
        self._newest_ns = 0
        self._closed = False

    # What a driver does in its own way

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        """Make the radio be `settings`; return them as they were read back, or raise RadioError."""
        raise NotImplementedError

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        """Send `psdu`, alone: nobody else is sending."""
        raise NotImplementedError

    async def _measure_energy(self, channel: int, duration_ms: int) -> float:
        raise NotImplementedError

    async def _close(self) -> None:
        """Give back whatever is open."""

    # What a driver reports

    def _deliver(self, frame: ReceivedFrame) -> None:
        """Queue a frame that came in; its time is never before that of the one before it."""
        time = frame.time_ns
        if time is not None:
            if time < self._newest_ns:  # the host's clock was set back
                frame.time_ns = self._newest_ns
            else:
                self._newest_ns = time
        self._give(frame)

    def _give(self, frame: ReceivedFrame) -> None:
        """Queue a frame with the time it has."""
        statistics = self.statistics
        statistics.frames += 1
        if frame.fcs is Fcs.BAD:
            statistics.bad_fcs += 1
        self._queue(frame)

    def _notice(self, happening: Happening, text: str) -> None:
        """Queue something that happened."""
        if happening is Happening.LOST:
            self.statistics.losses += 1
        elif happening is Happening.RESET:
            self.statistics.resets += 1
        self._queue(RadioNotice(happening, text, time_ns()))

    def _queue(self, event: ReceivedFrame | RadioNotice) -> None:
        if self._closed:
            return
        if len(self._events) >= MOST_WAITING:  # the oldest goes: who comes late wants the newest
            self._events.popleft()
            self.statistics.overflowed += 1
        self._events.append(event)
        self._wake()

    def _end(self) -> None:
        """Let no more come: next_event() gives what waits, then raises RadioClosed."""
        self._closed = True
        self._wake(everyone=True)

    def _wake(self, *, everyone: bool = False) -> None:
        waiting = self._waiting
        while waiting:
            waiter = waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                if not everyone:
                    return

    # What the stack asks

    async def configure(self, settings: RadioSettings) -> None:
        """Apply `settings`; see Radio."""
        self._open()
        if self.channels and settings.channel not in self.channels:
            known = f"{self.channels[0]}-{self.channels[-1]}"
            raise RadioError(f"{self.uri}: no channel {settings.channel}", f"it has {known}")
        if settings.promiscuous and RadioCapability.PROMISCUOUS not in self.capabilities:
            cure = "configure it with promiscuous=False"
            raise RadioError(f"{self.uri}: has no promiscuous mode", cure)
        await self._to_its_end(self._configure(settings))

    async def _configure(self, settings: RadioSettings) -> None:
        async with self._sending:
            self._open()
            before = self.settings
            try:
                self.settings = await self._apply(settings)
            except BaseException:
                self.settings = before
                raise

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        """Return the next frame or notice; see Radio."""
        events = self._events
        while not events:
            if self._closed:
                raise RadioClosed(f"{self.uri}: closed")
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake()  # what woke us is for the next one
                raise
        return events.popleft()

    async def transmit(
        self,
        psdu: bytes,
        parameters: TransmitParameters = TransmitParameters(),  # noqa: B008  (frozen)
    ) -> TransmitOutcome:
        """Send `psdu`; see Radio."""
        self._open()
        if RadioCapability.TRANSMIT not in self.capabilities:
            cure = "take a radio that can send, such as spinel:"
            raise RadioError(f"{self.uri}: this firmware only listens", cure)
        if not SHORTEST_PSDU <= len(psdu) <= LONGEST_PSDU:
            limits = f"{SHORTEST_PSDU}..{LONGEST_PSDU}"
            raise FieldOutOfRange(f"psdu has {len(psdu)} octets, not {limits} without FCS")
        loop = asyncio.get_running_loop()
        begin = loop.time()
        async with self._sending:
            self._open()
            outcome = await self._transmit(psdu, parameters)
        if outcome.status in (TransmitStatus.SUCCESS, TransmitStatus.NO_ACK):
            self.statistics.transmitted += 1
        duration = round((loop.time() - begin) * 1e6)
        return replace(outcome, time_ns=outcome.time_ns or time_ns(), duration_us=duration)

    async def measure_energy(self, channel: int, duration_ms: int) -> float:
        """Return the highest energy on `channel`; see Radio."""
        self._open()
        if RadioCapability.ENERGY not in self.capabilities:
            raise RadioError(f"{self.uri}: cannot measure energy", "spinel: radios can")
        return await self._to_its_end(self._measure(channel, duration_ms))

    async def _measure(self, channel: int, duration_ms: int) -> float:
        async with self._sending:
            self._open()
            return await self._measure_energy(channel, duration_ms)

    async def _to_its_end(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Do `work` to its end, also if its caller is cancelled: half told, a radio may be deaf."""
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._no_more_under_way)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            raise RadioClosed(f"{self.uri}: closed") from None  # by close(), not by the caller

    def _no_more_under_way(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # seen, even if its caller has gone

    async def close(self) -> None:
        """Give it back; see Radio."""
        self._end()
        try:
            await self._close()
        finally:
            await end_tasks(*self._under_way)

    def _open(self) -> None:
        if self._closed:
            raise RadioClosed(f"{self.uri}: closed")
