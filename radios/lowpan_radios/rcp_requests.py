"""Requests to a radio co-processor and their answers, told apart by transaction identifiers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from lowpan.errors import MalformedFrame, RadioError
from lowpan_radios.spinel import SpinelMessage, decode_pui, encode_spinel
from lowpan_radios.spinel_names import Command, Property, Status, status_name

TIDS = 15
"""1..15; a message with 0 gets no answer."""

ANSWER_TIMEOUT = 2.0
"""Seconds for an answer, as OpenThread's host has it."""


_ANSWERS = (Command.PROP_VALUE_IS, Command.PROP_VALUE_INSERTED, Command.PROP_VALUE_REMOVED)


class RadioRefused(RadioError):
    """The radio has answered a request with a status other than OK."""

    def __init__(self, cause: str, cure: str, status: int) -> None:
        super().__init__(cause, cure)
        self.status = status
        """See Status."""


class RadioWasReset(RadioError):
    """The radio restarted before it answered."""


@dataclass(slots=True)
class _Request:
    property: int
    answer: asyncio.Future[SpinelMessage]
    timer: asyncio.TimerHandle


class Requests:
    """Sends requests by `write` (of whole messages) and pairs answers with them.

    TIDs rotate, so that an answer that comes too late finds nobody; one that is waited for is not
    given out again.  Up to 15 requests may wait; more wait for a TID.
    """

    def __init__(self, uri: str, iid: int, write: Callable[[bytes], None]) -> None:
        self._uri, self._iid, self._write = uri, iid, write
        self._waiting: dict[int, _Request] = {}
        self._free = asyncio.Semaphore(TIDS)
        self._tid = 0
        self.stale = 0
        """Answers that nobody waited for."""

    async def send(
        self, command: Command, number: Property, value: bytes, patience: float = ANSWER_TIMEOUT
    ) -> asyncio.Future[SpinelMessage]:
        """Send a request; the future is its answer, or RadioError after `patience` seconds.

        Whoever stops waiting leaves the TID taken until one of the two has come.
        """
        await self._free.acquire()
        tid = self._next_tid()
        message = SpinelMessage(tid, command, number, value, self._iid)
        try:
            self._write(encode_spinel(message))
        except BaseException:
            self._free.release()
            raise
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[SpinelMessage] = loop.create_future()
        answer.add_done_callback(lambda _: self._end(tid))
        timer = loop.call_later(patience, self._give_up, tid, patience)
        self._waiting[tid] = _Request(number, answer, timer)
        return answer

    async def ask(self, command: Command, number: Property, value: bytes = b"") -> bytes:
        """Return the value that the radio answers; raise RadioRefused and other RadioErrors."""
        message = await asyncio.shield(await self.send(command, number, value))
        if message.property == Property.LAST_STATUS != number:
            self.check(number, message.value)
            return b""
        return message.value

    def check(self, number: Property, status_octets: bytes) -> None:
        """Raise RadioRefused unless `status_octets`, a LAST_STATUS, begin with OK."""
        try:
            status = decode_pui(status_octets)[0]
        except MalformedFrame:
            status = Status.FAILURE
        if status != Status.OK:
            cause = f"{self._uri}: the radio answers {status_name(status)} to {number.name}"
            cure = "its firmware may be too old for this, or the value out of its range"
            raise RadioRefused(cause, cure, status)

    def take(self, message: SpinelMessage) -> None:
        """Give an answer to whoever waits for it; count it if nobody does."""
        request = self._waiting.get(message.tid)
        if request is None or request.answer.done() or not _answers(message, request.property):
            self.stale += 1
        else:
            request.answer.set_result(message)

    def fail(self, why: RadioError) -> None:
        """Let everybody who waits have `why`."""
        for request in list(self._waiting.values()):
            if not request.answer.done():
                request.answer.set_exception(why)
                request.answer.exception()  # seen, even if whoever waited has gone

    def _next_tid(self) -> int:
        """Return the TID after the last one that is not waited for."""
        while True:
            self._tid = self._tid % TIDS + 1
            if self._tid not in self._waiting:
                return self._tid

    def _give_up(self, tid: int, patience: float) -> None:
        request = self._waiting[tid]
        name = Property(request.property).name
        why = f"{self._uri}: no answer to {name} within {patience:g} s"
        if not request.answer.done():
            request.answer.set_exception(RadioError(why, "plug it in again"))
            request.answer.exception()

    def _end(self, tid: int) -> None:
        self._waiting.pop(tid).timer.cancel()
        self._free.release()


def _answers(message: SpinelMessage, number: int) -> bool:
    """Tell whether `message` can answer a request for this property; an echo of it cannot."""
    if message.command not in _ANSWERS:
        return False
    if message.property == Property.LAST_STATUS:
        return True
    return message.property == number != Property.STREAM_RAW
