"""The conversation with a radio co-processor: bring-up, what it says, resets and what follows."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import time_ns
from typing import TYPE_CHECKING, TypeVar

from lowpan.errors import MalformedFrame, RadioError
from lowpan.radio import Happening, RadioCapability, RadioSettings, RadioUri
from lowpan_radios.base import end_tasks
from lowpan_radios.hdlc import HdlcDecoder, hdlc_encode
from lowpan_radios.rcp_frames import RawFrames
from lowpan_radios.rcp_identity import RcpIdentity, identify
from lowpan_radios.rcp_log import LogLines
from lowpan_radios.rcp_requests import RadioWasReset, Requests
from lowpan_radios.rcp_state import Applying, RcpState, check_settings
from lowpan_radios.spinel import SpinelMessage, decode_pui, decode_spinel, encode_spinel
from lowpan_radios.spinel_names import (
    RESETS,
    SCAN_IDLE,
    Command,
    Property,
    ResetKind,
    status_name,
)
from lowpan_radios.stream_radio import StreamRadio

if TYPE_CHECKING:
    from lowpan_radios.rcp_scan import EnergyScan

T = TypeVar("T")

BAUDRATE = 460_800
RESET_TIMEOUT = 1.0
"""Seconds from RESET to the notice of it; a second try is given as long again."""
MOST_RESETS = 3
"""Restarts in a row after which the radio is taken for lost."""

_RAW_HEAD = bytes([Command.PROP_VALUE_IS, Property.STREAM_RAW])


class RcpLine(StreamRadio):
    """A radio co-processor that can be told what to be, and is told again what it forgot.

    A reset that nobody asked for fails what was under way, then all is applied again, and
    `_steadily` does once more what had failed.
    """

    def __init__(self, uri: RadioUri) -> None:
        super().__init__(uri, RadioCapability.PROMISCUOUS, baudrate=BAUDRATE)
        self._iid = uri.integer("iid", 0, low=0, high=3)
        self._log_level = uri.integer("log", 0, low=0, high=5)
        self._hdlc = HdlcDecoder()
        self._raw = RawFrames()
        self._raw_heads = tuple({bytes([0x80 | iid << 4]) + _RAW_HEAD for iid in (0, self._iid)})
        self.requests = Requests(uri.text, self._iid, self._write_message)
        self.state = RcpState()
        self._applying = Applying(uri.text, self.requests, self.state)
        self.log = LogLines()
        self._malformed = 0
        self._identity: RcpIdentity | None = None
        self._up = False  # brought up: a reset from here on is one that nobody asked for
        self._listening = False
        self._was_reset: asyncio.Future[int] | None = None
        self._scan: EnergyScan | None = None
        self._restoring: asyncio.Task[None] | None = None
        self._resets = 0  # that nobody asked for

    # What comes in

    def _heard(self, octets: bytes) -> None:
        now = time_ns()
        hdlc, raw, statistics = self._hdlc, self._raw, self.statistics
        heads = self._raw_heads
        for message in hdlc.decode(octets):
            if message.startswith(heads):
                frame = raw.frame(message, 3, now)
                if frame is not None and self._listening:
                    self._deliver(frame)
            else:
                self._take(message, now)
        statistics.garbage = hdlc.garbage
        statistics.damaged = hdlc.damaged + raw.malformed + self._malformed
        statistics.filtered = raw.sent
        if raw.ack_frame_counter >= 0:
            self.state.used(raw.ack_frame_counter)
            raw.ack_frame_counter = -1

    def _take(self, octets: bytes, now_ns: int) -> None:
        """Take a message that is no frame."""
        try:
            message = decode_spinel(octets)
        except MalformedFrame:
            self._malformed += 1
            return
        if message.iid not in (0, self._iid):
            return
        if message.tid:
            self.requests.take(message)
        elif message.command == Command.PROP_VALUE_IS:
            self._notified(message, now_ns)

    def _notified(self, message: SpinelMessage, now_ns: int) -> None:
        value = message.value
        match message.property:
            case Property.LAST_STATUS:
                with suppress(MalformedFrame):  # a status without a number says nothing
                    self._status_came(decode_pui(value)[0])
            case Property.STREAM_DEBUG:
                self._said(self.log.take(value, now_ns))
            case Property.STREAM_LOG:
                self._said(self.log.take_whole(value, now_ns))
            case Property.MAC_ENERGY_SCAN_RESULT if self._scan is not None:
                self._scan.measured(value)
            case Property.MAC_SCAN_STATE if self._scan is not None and value == bytes([SCAN_IDLE]):
                self._scan.ended()
            case _:
                pass

    def _said(self, lines: list[str]) -> None:
        for line in lines:
            self._notice(Happening.SAID, line)

    def _status_came(self, status: int) -> None:
        """Take note of a reset, whether it was asked for or not."""
        if status not in RESETS:
            return
        self._raw.clock.restart()
        self._applying.forget()
        if self._was_reset is not None:
            if not self._was_reset.done():
                self._was_reset.set_result(status)
            return
        self._resets += 1
        why = status_name(status)
        self._fail(RadioWasReset(f"{self.uri}: the radio restarted ({why})", "look at its power"))
        if self._up and self._restoring is None:
            self._restoring = asyncio.get_running_loop().create_task(self._restore(why))

    def _fail(self, why: RadioError) -> None:
        self.requests.fail(why)
        if self._scan is not None:
            self._scan.fail(why)

    def _forget(self, why: RadioError) -> None:
        self._up = self._listening = False
        self._hdlc.restart()
        self._raw.clock.restart()
        self._applying.forget()
        if self._was_reset is not None and not self._was_reset.done():
            self._was_reset.set_exception(why)
        self._fail(why)

    # Bring-up and restoration

    def _write_message(self, message: bytes) -> None:
        self._write(hdlc_encode(message))

    async def _bring_up(self) -> None:
        self._up = self._listening = False
        self._applying.forget()
        before = self.statistics.octets
        await self._reset(before)
        identity = await self._despite_resets(lambda: identify(self.uri, self.requests))
        self._identity = identity
        self.description = identity.description
        self.capabilities = identity.capabilities
        self.channels = identity.channels

    async def _reset(self, octets_before: int) -> None:
        """Restart the radio's software, or if it does not know how, the radio; drop what was."""
        for kind in (ResetKind.STACK, ResetKind.PLATFORM):
            self._was_reset = asyncio.get_running_loop().create_future()
            reset = SpinelMessage(0, Command.RESET, None, bytes([kind]), self._iid)
            try:
                self._write_message(encode_spinel(reset))
                async with asyncio.timeout(RESET_TIMEOUT):
                    await self._was_reset
            except TimeoutError:
                continue
            else:
                return
            finally:
                self._was_reset = None
        octets = self.statistics.octets - octets_before
        what = f"{octets} octets came that are no Spinel" if octets else "nothing came"
        cure = "give its baud rate (?baudrate=115200), or flash OpenThread's ot-rcp on it"
        raise RadioError(f"{self.uri}: no radio co-processor answers: {what}", cure)

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        check_settings(self.uri, settings)
        if not self._up:
            await self._despite_resets(lambda: self._set_up(settings))
            self._up = True
            return settings
        try:
            await self._steadily(lambda: self._set_up(settings), settles=True)
        except RadioError:
            if self._up:  # it is there but refuses: what held before holds again
                self._applying.forget()
                with suppress(RadioError):  # the first refusal is the one to tell
                    await self._steadily(lambda: self._set_up(self.settings), settles=True)
            raise
        return settings

    async def _set_up(self, settings: RadioSettings) -> None:
        self._listening = True
        await self._applying.apply(settings, self._who(), self._log_level)

    def _who(self) -> RcpIdentity:
        if self._identity is None:
            raise RadioError(f"{self.uri}: not brought up", "open it again")
        return self._identity

    async def _restore(self, why: str) -> None:
        """Tell the radio all again after a reset that nobody asked for."""
        stream = self._stream
        try:
            await self._despite_resets(lambda: self._set_up(self.settings))
        except RadioError as error:
            if stream is not None:
                self._lost(stream, f"does not come back from a reset ({why}): {error}")
        else:
            self._notice(Happening.RESET, f"restarted: {why}")
        finally:
            self._restoring = None

    async def _despite_resets(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Do it, again and again if the radio restarts meanwhile: its boot may be told late."""
        for _ in range(MOST_RESETS):
            resets = self._resets
            try:
                result = await operation()
            except RadioError:  # what a restart forgot may be refused, or read back as another
                if resets == self._resets:
                    raise
            else:
                if resets == self._resets:
                    return result
        raise RadioWasReset(f"{self.uri}: the radio restarts again and again", "look at its power")

    async def _steadily(self, operation: Callable[[], Awaitable[T]], *, settles: bool = False) -> T:
        """Do it, and once more if the radio restarts meanwhile: after it was told all again.

        A restart between two requests fails neither; what it forgot may fail the second one.
        What `settles` the radio is then done again even if nothing failed.
        """
        for last in (False, True):
            if self._restoring is not None:
                await asyncio.wait([self._restoring])
            resets = self._resets
            try:
                result = await operation()
            except RadioError:
                if last or resets == self._resets:
                    raise
            else:
                if last or not settles or resets == self._resets:
                    return result
        raise AssertionError("unreachable")

    async def _close(self) -> None:
        restoring, self._restoring = self._restoring, None
        try:
            await end_tasks(restoring)
        finally:
            await super()._close()
