"""Radios at the end of a line of octets: bring-up, loss of the line, and return."""

import asyncio

from lowpan.errors import LowpanError, RadioClosed, RadioError
from lowpan.radio import CHANNELS_2450, Happening, RadioCapability, RadioSettings, RadioUri
from lowpan_radios.base import BaseRadio, end_tasks
from lowpan_radios.stream import Stream, lasting, open_stream

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
"""Seconds between attempts to reach a line that was lost: doubled from the first to the longest."""


class StreamRadio(BaseRadio):
    """A BaseRadio over a Stream; it reopens the line whenever that was lost.

    A driver adds `_heard` (octets came in, in blocks of any size), `_bring_up` (ask who is there),
    `_apply`, and `_forget` (the line is new: half a message of the old one means nothing).
    """

    def __init__(
        self,
        uri: RadioUri,
        capabilities: RadioCapability,
        *,
        baudrate: int,
        channels: tuple[int, ...] = CHANNELS_2450,
        settings: RadioSettings | None = None,
    ) -> None:
        super().__init__(uri.text, uri.scheme, capabilities, channels=channels, settings=settings)
        self._where = uri
        self._baudrate = baudrate
        self._stream: Stream | None = None
        self._returning: asyncio.Task[None] | None = None

    # What a driver does in its own way

    def _heard(self, octets: bytes) -> None:
        """Take octets that came in."""
        raise NotImplementedError

    async def _bring_up(self) -> None:
        """Find out who answers; set `description`, `capabilities` and `channels`."""
        raise NotImplementedError

    def _forget(self, why: RadioError) -> None:
        """Drop what was half received, and let whoever waits for an answer have `why`."""

    # What a driver uses

    def _write(self, octets: bytes) -> None:
        """Send octets; raise RadioError while the line is lost."""
        if self._stream is None:
            raise RadioError(f"{self.uri}: not connected", "plug it in again")
        self._stream.write(octets)

    # Opening, losing, returning

    async def start(self) -> None:
        """Open the line and bring the radio up; raises RadioError."""
        try:
            await self._connect()
        except BaseException:
            await self.close()
            raise

    async def _connect(self) -> None:
        stream = await open_stream(self._where, self._baudrate)
        self._stream = stream
        self._where = lasting(self._where)  # it may come back under another number
        stream.start(self._arrived, lambda why: self._lost(stream, why))
        await self._bring_up()
        self.settings = await self._apply(self.settings)

    def _arrived(self, octets: bytes) -> None:
        self.statistics.octets += len(octets)
        self._heard(octets)

    def _lost(self, stream: Stream, why: str) -> None:
        if stream is not self._stream or self._closed:
            return
        self._stream = None
        stream.close()
        self._forget(RadioError(f"{self.uri}: {why}", "plug it in again"))
        if self._returning is None:  # otherwise it was lost again while it returned
            self._notice(Happening.LOST, why)
            self._returning = asyncio.get_running_loop().create_task(self._return())

    async def _return(self) -> None:
        wait = FIRST_WAIT
        try:
            while not self._closed:
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
                if await self._is_back():
                    self._returning = None
                    self._notice(Happening.RETURNED, self.description)
                    return
        except Exception as error:  # a driver's own fault: nobody is to wait for a dead radio
            self._end()
            told = {"message": f"{self.uri}: its driver failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(told)

    async def _is_back(self) -> bool:
        """Try to reach it; tell whether it is there with all settings."""
        try:
            async with self._sending:
                await self._connect()
        except LowpanError:  # not there yet, or not ready: the loss has been told already
            self._disconnect()
        return self._stream is not None  # it may be lost again after its last answer

    def _disconnect(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    async def _close(self) -> None:
        returning, self._returning = self._returning, None
        try:
            await end_tasks(returning)
        finally:
            self._disconnect()
            self._forget(RadioClosed(f"{self.uri}: closed"))
