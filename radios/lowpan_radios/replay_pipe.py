"""Captures that come through a pipe: read by a thread, so that the event loop never waits."""

import asyncio
import os
import select
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from threading import Semaphore, Thread

from lowpan.capture.reader import Records, open_records
from lowpan.capture.record import Interface, Record
from lowpan.errors import CaptureError, RadioError

MOST_IN_BATCH = 256
"""Records that are handed over together; whatever came is handed over before more is awaited."""

MOST_BATCHES = 4
"""Batches that wait: then the pipe is not read any further, and its writer has to wait."""


class PipeReader:
    """The records of a FIFO, or of standard input for `-`, as they come.

    Raises RadioError where pipes cannot be waited for.
    """

    def __init__(self, name: str) -> None:
        if sys.platform == "win32":
            raise RadioError(f"replay:{name}: no file", "give a file: here pipes cannot be read")
        self.name = name
        self._loop = asyncio.get_running_loop()
        self._room = Semaphore(MOST_BATCHES)
        self._batch: list[Record] = []
        self._batches: asyncio.Queue[list[Record] | CaptureError | None] = asyncio.Queue()
        self._records: Records | None = None
        self._closed = False
        self._pipe = -1
        self._ending, self._wake = os.pipe()
        self._thread = Thread(target=self._run, name=f"replay {name}", daemon=True)

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Those that the capture has described so far."""
        return self._records.interfaces if self._records is not None else ()

    async def batches(self) -> AsyncIterator[list[Record]]:
        """Yield records as they come; raise CaptureError where the capture is damaged."""
        self._thread.start()
        while (batch := await self._batches.get()) is not None:
            if isinstance(batch, CaptureError):
                raise batch
            self._room.release()
            yield batch

    def close(self) -> None:
        """Stop reading, at once; harmless if that was done."""
        if self._closed:
            return
        self._closed = True
        self._room.release()
        os.write(self._wake, b"\0")
        if self._thread.ident is not None:
            self._thread.join()
        for descriptor in (self._ending, self._wake):
            os.close(descriptor)

    # In the thread

    def read(self, size: int) -> bytes:
        """Return what is there, at most `size` octets, once there is something; none at the end."""
        self._hand_over()
        ready, _, _ = select.select([self._pipe, self._ending], [], [])
        if self._closed or self._ending in ready:
            return b""
        return os.read(self._pipe, size)

    def _run(self) -> None:
        damage: CaptureError | None = None
        try:
            self._open()
            self._records = open_records(self)
            for record in self._records:
                self._batch.append(record)
                if len(self._batch) >= MOST_IN_BATCH:
                    self._hand_over()
                if self._closed:
                    break
        except CaptureError as error:
            damage = error
        finally:
            if self._pipe >= 0:
                os.close(self._pipe)
        self._hand_over()
        self._give(damage)

    def _open(self) -> None:
        """Open without waiting for a writer: read() waits, and close() can interrupt that."""
        try:
            if self.name == "-":
                self._pipe = os.dup(0)
            else:
                self._pipe = os.open(Path(self.name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise CaptureError(f"{self.name}: {error.strerror}") from error

    def _hand_over(self) -> None:
        if self._batch and not self._closed:
            self._room.acquire()
            batch, self._batch = self._batch, []
            self._give(batch)

    def _give(self, what: list[Record] | CaptureError | None) -> None:
        if not self._closed:
            with suppress(RuntimeError):  # the loop has ended before the radio was closed
                self._loop.call_soon_threadsafe(self._batches.put_nowait, what)
