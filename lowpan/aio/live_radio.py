"""LiveRadio: an open radio that listens beside the program, for code that does not await.

Its event loop runs in a thread of its own, so that nothing is lost at the radio while the
program decodes, prints, or waits for a reader of its output.  Not a ThreadedRadio, which gives
events one by one and can be selected on: this one gives all that came at once, tunes and hops.
"""

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any, Self, TypeVar

from lowpan.aio.handover import Handover
from lowpan.aio.tuning import Tuning, hop, open_tuned
from lowpan.errors import RadioError
from lowpan.radio import Happening, Radio, RadioNotice, ReceivedFrame

Result = TypeVar("Result")

CLOSING_S = 5.0
"""Seconds that a radio gets to close."""


class LiveRadio:
    """Opens and tunes the radio at `uri` where its `with` block begins; raises RadioError."""

    radio: Radio
    """For reading only: URI, description, settings, statistics."""
    is_lost = False
    """Whether the radio is away at this moment."""

    def __init__(self, uri: str, tuning: Tuning | None = None) -> None:
        self._uri, self.tuning = uri, tuning or Tuning()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"radio {uri}", daemon=True)
        self._tasks: list[asyncio.Task[None]] = []

    def take(self, timeout: float) -> list[ReceivedFrame | RadioNotice]:
        """Return what came since the last call; wait for it `timeout` seconds at most.

        Raises RadioClosed at the end of a replay, RadioError if the radio fails for good.
        """
        return self._handover.take(timeout)

    def __enter__(self) -> Self:
        """Open the radio and begin to listen."""
        self._thread.start()
        try:
            self._call(self._open())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the radio."""
        try:
            self._call(self._close(), CLOSING_S)
        except TimeoutError:
            cause = f"{self._uri}: did not close within {CLOSING_S:g} s"
            raise RadioError(cause, "unplug it and plug it in again") from None
        finally:
            self._end()

    def _call(self, coroutine: Coroutine[Any, Any, Result], timeout: float | None = None) -> Result:
        """Run `coroutine` on the radio's loop, and wait for it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    async def _open(self) -> None:
        self.radio = await open_tuned(self._uri, self.tuning)
        self._handover: Handover[ReceivedFrame | RadioNotice] = Handover()
        jobs = [self._listen()]
        if len(self.tuning.channels) > 1:
            jobs.append(hop(self.radio, self.tuning, lambda: self.is_lost))
        self._tasks = [self._loop.create_task(self._job(job)) for job in jobs]

    async def _job(self, job: Coroutine[Any, Any, None]) -> None:
        """Do `job`; whatever stops it is for the thread that takes."""
        try:
            await job
        except Exception as why:  # take() raises it
            self._handover.end(why)

    async def _listen(self) -> None:
        while True:
            event = await self.radio.next_event()
            if isinstance(event, RadioNotice):
                self._note(event.happening)
            await self._handover.put(event)

    def _note(self, happening: Happening) -> None:
        if happening is Happening.LOST:
            self.is_lost = True
        elif happening is Happening.RETURNED:
            self.is_lost = False

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.radio.close()

    def _end(self) -> None:
        """End the loop and its thread; whatever still runs there is cancelled first."""
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop)
        self._thread.join(CLOSING_S)
        if not self._thread.is_alive():
            self._loop.close()

    async def _cancel_all(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()  # of name look-ups
        self._loop.call_soon(self._loop.stop)
