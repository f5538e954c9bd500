"""Sniffer firmwares at the end of a line: they only listen, and answer one question at a time."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from lowpan.errors import RadioClosed, RadioError
from lowpan.radio import CHANNELS_2450, RadioCapability, RadioSettings, RadioUri
from lowpan_radios.stream_radio import StreamRadio

LISTENS = RadioCapability.PROMISCUOUS | RadioCapability.RSSI
"""What all of them do."""

FAREWELL_SECONDS = 0.1
"""How long closing waits for the firmware to say that it has heard it."""

Answer = TypeVar("Answer")


class ListeningRadio(StreamRadio, Generic[Answer]):
    """A StreamRadio that gives every frame and sends none.

    A driver hands each thing that might be an answer to `_answered`; what nobody has asked for,
    or what comes too late, is left out.
    """

    def __init__(
        self,
        uri: RadioUri,
        capabilities: RadioCapability,
        *,
        baudrate: int,
        channels: tuple[int, ...] = CHANNELS_2450,
    ) -> None:
        super().__init__(uri, capabilities, baudrate=baudrate, channels=channels)
        self._question: Callable[[Answer], bool] | None = None
        self._reply: asyncio.Future[Answer] | None = None

    async def _ask(
        self, octets: bytes, is_answer: Callable[[Answer], bool], seconds: float
    ) -> Answer | None:
        """Send `octets`; return the first thing that `is_answer`, None if there is none in time.

        Raises RadioError if the line is lost meanwhile.  Only one question at a time.
        """
        reply: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._question, self._reply = is_answer, reply
        try:
            self._write(octets)
            async with asyncio.timeout(seconds):
                return await reply
        except TimeoutError:
            return None
        finally:
            if self._reply is reply:
                self._question = self._reply = None

    def _answered(self, answer: Answer) -> None:
        """Let whoever asks have `answer`, if it is one."""
        question, reply = self._question, self._reply
        if question is not None and reply is not None and not reply.done() and question(answer):
            reply.set_result(answer)

    def _forget(self, why: RadioError) -> None:
        """Let whoever asks have `why`; see StreamRadio."""
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(why)
            self._reply.exception()  # seen, even if whoever asked has gone

    async def _quiet(self, octets: bytes, is_answer: Callable[[Answer], bool]) -> None:
        """Tell the firmware by `octets` to be quiet, while the line is still open."""
        self._forget(RadioClosed(f"{self.uri}: closed"))
        with suppress(RadioError):  # a lost line needs no farewell
            await self._ask(octets, is_answer, FAREWELL_SECONDS)

    def _check(self, settings: RadioSettings) -> None:
        """Raise RadioError for settings that no sniffer firmware has."""
        if settings.page != 0:
            raise RadioError(f"{self.uri}: has no channel page {settings.page}", "it has page 0")
        if not settings.promiscuous:
            cure = "configure it with promiscuous=True"
            raise RadioError(f"{self.uri}: always gives every frame", cure)
