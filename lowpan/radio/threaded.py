"""A radio for programs without asyncio: it lives in a thread of its own, and can be selected on.

Not a LiveRadio of lowpan.aio, which only listens: this one also sends, and answers select().
"""

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, Self, TypeVar

from lowpan.errors import RadioClosed
from lowpan.radio.opening import open_radio
from lowpan.radio.received import ReceivedFrame
from lowpan.radio.transceiver import (
    Radio,
    RadioNotice,
    RadioSettings,
    TransmitOutcome,
    TransmitParameters,
)

MOST_WAITING = 256
"""Events that are fetched ahead; the radio keeps the rest, and counts what it must give up."""

MOST_OFFERED = 16
"""Events of which it is known that they were offered, or came from the radio."""

Value = TypeVar("Value")


class ThreadedRadio:
    """An open radio whose methods wait, from whatever thread they are called.

    `fileno()` is readable exactly while `next_event()` would not wait.  Raises RadioError if the
    radio cannot be opened, and as the radio itself does.  Must be closed.
    """

    def __init__(self, uri: str, settings: RadioSettings | None = None) -> None:
        self.uri = uri
        self._events = deque[ReceivedFrame | RadioNotice]()
        self._changed = threading.Condition()
        self._put_lately = deque[ReceivedFrame | RadioNotice](maxlen=MOST_OFFERED)
        self._offered = deque[ReceivedFrame | RadioNotice](maxlen=MOST_OFFERED)
        self._end: Exception | None = None
        self._told, self._tell = socket.socketpair()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._calls = set[Future[Any]]()
        self._tasks = set[asyncio.Task[None]]()
        self._over = self._finished = False
        """No further task is begun in the radio's thread; that thread has ended."""
        begun, opened = threading.Event(), Future[Radio]()
        self._thread = threading.Thread(
            target=self._live, args=(settings, begun, opened), name=f"radio {uri}", daemon=True
        )
        self._thread.start()
        begun.wait()
        try:
            self.radio = opened.result()
            """The radio itself; its coroutines are for its own thread."""
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        """Return the descriptor for select() and the like, -1 once this is closed."""
        return self._told.fileno()

    def next_event(self, timeout: float | None = None) -> ReceivedFrame | RadioNotice:
        """Return the next frame or notice; wait for it, at most `timeout` seconds.

        Raises TimeoutError, RadioClosed once the radio is closed or has ended, and whatever else
        has ended it.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._events or self._end, timeout):
                raise TimeoutError(f"{self.uri}: nothing in {timeout} s")
            if not self._events:
                assert self._end is not None
                raise self._end
            event = self._events.popleft()
            if not self._events and self._end is None:
                self._told.recv(1)
            if len(self._events) == MOST_WAITING // 2:
                self._wake()
        return event

    def offer(self, frame: ReceivedFrame) -> None:
        """Let next_event() give `frame`, such as an acknowledgement, unless the radio does anyway.

        Left out if nobody fetches what waits.
        """
        with self._changed:
            if not any(frame is event for event in self._put_lately):
                self._offered.append(frame)
                if len(self._events) < 2 * MOST_WAITING and self._end is None:
                    self._append(frame)

    def transmit(
        self,
        psdu: bytes,
        parameters: TransmitParameters = TransmitParameters(),  # noqa: B008  (frozen)
    ) -> TransmitOutcome:
        """Send `psdu` and wait for the outcome; see Radio."""
        return self._call(self.radio.transmit(psdu, parameters))

    def configure(self, settings: RadioSettings) -> None:
        """Apply `settings`; see Radio."""
        self._call(self.radio.configure(settings))

    def measure_energy(self, channel: int, duration_ms: int) -> float:
        """Return the highest energy on `channel`; see Radio."""
        return self._call(self.radio.measure_energy(channel, duration_ms))

    def close(self) -> None:
        """Close the radio and end its thread; harmless if that was done."""
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with suppress(RuntimeError):  # the loop has ended already
                loop.call_soon_threadsafe(task.cancel)
        self._thread.join()
        self._told.close()
        self._tell.close()

    def __enter__(self) -> Self:
        """Return the radio itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    # In the calling thread

    def _call(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Let the radio's thread do `work`; return or raise what comes of it."""
        call = self._begin(work)
        if call is not None:
            with suppress(CancelledError):  # closed meanwhile
                return call.result()
        work.close()
        raise RadioClosed(f"{self.uri}: closed")

    def _begin(self, work: Coroutine[Any, Any, Value]) -> "Future[Value] | None":
        call = Future[Value]()
        with self._changed:
            if self._loop is None or self._finished:
                return None
            try:
                self._loop.call_soon_threadsafe(self._start, work, call)
            except RuntimeError:  # the loop has ended just now
                return None
            self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return call

    def _wake(self) -> None:
        """Let the radio's thread fetch more."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended: there is no more
                self._loop.call_soon_threadsafe(self._room.set)

    # In the radio's thread

    def _live(
        self, settings: RadioSettings | None, begun: threading.Event, opened: "Future[Radio]"
    ) -> None:
        closed = RadioClosed(f"{self.uri}: closed")
        with suppress(asyncio.CancelledError):
            asyncio.run(self._work(settings, begun, opened))
        if not opened.done():
            opened.set_exception(closed)
        self._ended(closed)
        with self._changed:
            self._finished = True
            calls = list(self._calls)
        for call in calls:  # begun too late to be heard of
            call.cancel()

    async def _work(
        self, settings: RadioSettings | None, begun: threading.Event, opened: "Future[Radio]"
    ) -> None:
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        begun.set()
        try:
            await self._serve(settings, opened)
        finally:
            self._over = True

    async def _serve(self, settings: RadioSettings | None, opened: "Future[Radio]") -> None:
        try:
            radio = await open_radio(self.uri, settings)
        except Exception as error:  # for who waits for the opening
            opened.set_exception(error)
            return
        async with radio:
            opened.set_result(radio)
            try:
                while True:
                    self._put(await radio.next_event())
                    await self._has_room()
            except Exception as error:  # for who fetches
                self._ended(error)
            await asyncio.Event().wait()  # until close()

    def _start(self, work: Coroutine[Any, Any, Value], call: "Future[Value]") -> None:
        if self._over:  # the loop is ending: it would cancel no further task
            call.cancel()
            return
        task = asyncio.get_running_loop().create_task(_told(work, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _has_room(self) -> None:
        while len(self._events) >= MOST_WAITING:
            self._room.clear()
            if len(self._events) >= MOST_WAITING:  # it may have been fetched just now
                await self._room.wait()

    def _put(self, event: ReceivedFrame | RadioNotice) -> None:
        with self._changed:
            if any(event is one for one in self._offered):
                return
            self._put_lately.append(event)
            self._append(event)

    def _append(self, event: ReceivedFrame | RadioNotice) -> None:
        self._events.append(event)
        if len(self._events) == 1:
            self._tell.send(b"\0")
        self._changed.notify()

    def _ended(self, error: Exception) -> None:
        """Let `error` be the end: from now on fileno() stays readable."""
        with self._changed:
            if self._end is None:
                self._end = error
                if not self._events:
                    self._tell.send(b"\0")
                self._changed.notify_all()


async def _told(work: Coroutine[Any, Any, Value], call: "Future[Value]") -> None:
    """Do `work`, and let who waits for `call` have what comes of it."""
    try:
        value = await work
    except asyncio.CancelledError:
        call.cancel()
        raise
    except Exception as error:  # for who waits
        call.set_exception(error)
    else:
        call.set_result(value)
