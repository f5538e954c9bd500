"""A radio out of a file: a capture, given at its own pace, faster, or at once.

`replay:FILE?speed=1&times=file&loop=0&channel=N`; FILE may be a FIFO, or `-` for standard input.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import time_ns

from lowpan.capture.linktype import LINK_TYPES
from lowpan.capture.reader import Records, open_records
from lowpan.capture.record import Record
from lowpan.errors import CaptureError, MalformedFrame, RadioClosed, RadioError
from lowpan.radio import (
    Happening,
    RadioCapability,
    RadioNotice,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
)
from lowpan_radios.base import BaseRadio, end_tasks
from lowpan_radios.replay_pipe import PipeReader

MOST_AHEAD = 256
"""Frames that wait at most: the file is read no faster than they are fetched."""

LONGEST_GAP = 3_600_000_000_000
"""Nanoseconds between two frames that are waited for: a longer gap is a clock that was set."""

_PAGE_0 = tuple(range(27))
"""Channels of page 0: 868 MHz (0), 915 MHz (1-10) and 2450 MHz (11-26)."""

SLOWEST, FASTEST = 0.001, 1_000_000.0
"""Range of the speed, in times of the capture's own."""

_IDLE_ROUND = 0.1
"""Seconds between rounds of a loop in which no frame was for the channel."""

_CURE = "give the path of a pcap or pcapng file, or - for standard input"


async def open_replay(uri: RadioUri) -> "ReplayRadio":
    """Open the capture that `uri` names; raises RadioError if it cannot be read."""
    radio = ReplayRadio(uri)
    radio.start()
    return radio


class Pace:
    """When the frames of a capture are due, from their times in the file."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._elapsed = 0
        self._last: int | None = None

    def due(self, time_ns: int | None) -> tuple[int, int]:
        """Return when the next frame is due, and the gap that was left out before it.

        Both are nanoseconds, the first one since the first frame.  Frames without a time, or
        with one before their predecessor's, are due together with that.
        """
        skipped = 0
        if time_ns is not None:
            step = 0 if self._last is None else time_ns - self._last
            if step > LONGEST_GAP:
                skipped = step
            elif step > 0:
                self._elapsed += step
            self._last = time_ns
        return int(self._elapsed / self._speed), skipped

    def begin_again(self) -> None:
        """Let the next frame, the file's first one, follow its last one at once."""
        self._last = None


class ReplayRadio(BaseRadio):
    """Gives the frames of a capture; it ends with RadioClosed, or RadioError where it is damaged.

    All frames are given until a channel is asked for, by the URI or configure(); then those that
    say they are of another are left out.
    """

    def __init__(self, uri: RadioUri) -> None:
        uri.only("speed", "times", "loop", "channel")
        self._name = uri.target
        self._paced = uri.parameters.get("speed") != "max"
        self._pace = Pace(_speed(uri))
        self._begin, self._begin_ns = 0.0, 0
        self._shift = _shift(uri)
        channel = uri.integer("channel", -1, low=0, high=0xFFFF)
        self._tuned = channel >= 0
        self._damage: RadioError | None = None
        self._playing: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._pipe = None if _is_regular(self._name) else PipeReader(self._name)
        self._loop = uri.flag("loop", False)
        if self._loop and self._pipe is not None:
            raise RadioError(f"{uri.text}: what is no file cannot be read again", "leave loop out")
        super().__init__(
            uri.text,
            f"replay of {self._name}",
            RadioCapability.PROMISCUOUS | RadioCapability.RSSI | RadioCapability.LQI,
            channels=_PAGE_0,
            settings=RadioSettings(channel=channel) if self._tuned else None,
        )
        self._records: Records | None = None if self._pipe is not None else self._opened()

    @property
    def hears_all_channels(self) -> bool:
        """Whether no channel was asked for, so that nothing is left out."""
        return not self._tuned

    def start(self) -> None:
        """Begin to play; to be called once."""
        self._playing = asyncio.get_running_loop().create_task(self._play())

    async def configure(self, settings: RadioSettings) -> None:
        """Apply `settings`; see Radio.  Other pages than 0 have channels of any number."""
        before = self.channels
        self.channels = () if settings.page else _PAGE_0
        try:
            await super().configure(settings)
        except Exception:  # who is cancelled does not stop it
            self.channels = before
            raise

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        """Leave out other channels from here on, also of what was read ahead."""
        self.settings, self._tuned = settings, True
        ahead = list(self._events)
        self._events.clear()
        self._events.extend(
            event for event in ahead if isinstance(event, RadioNotice) or self._heard(event)
        )
        left_out = len(ahead) - len(self._events)
        self.statistics.filtered += left_out
        self.statistics.frames -= left_out
        return settings

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        """Return the next frame or notice; see Radio."""
        if len(self._events) <= MOST_AHEAD // 2:
            self._room.set()
        try:
            return await super().next_event()
        except RadioClosed:
            damage, self._damage = self._damage, None
            if damage is None:
                raise
        raise damage

    async def _close(self) -> None:
        playing, self._playing = self._playing, None
        try:
            await end_tasks(playing)
        finally:
            if self._pipe is not None:
                self._pipe.close()
            if self._records is not None:
                self._records.close()

    def _opened(self) -> Records:
        try:
            return open_records(self._name)
        except CaptureError as error:
            raise RadioError(f"{self.uri}: {error}", _CURE) from error

    # Playing

    async def _play(self) -> None:
        """Deliver all frames, each when it is due and there is room for it."""
        try:
            self._begin, self._begin_ns = asyncio.get_running_loop().time(), time_ns()
            given = await self._play_once()
            while self._loop and self.statistics.frames:
                await asyncio.sleep(0 if given else _IDLE_ROUND)
                self._records = self._opened()
                self._pace.begin_again()
                given = await self._play_once()
        except CaptureError as error:
            self._damage = RadioError(f"{self.uri}: {error}", "frames before the damage were given")
        except RadioError as error:  # the file has gone before its next round
            self._damage = error
        while self._events:  # until then it is open, and can still be tuned
            await self._wait_for_room()
        self._end()

    async def _play_once(self) -> int:
        """Play the capture to its end, and return how many frames were given."""
        given = self.statistics.frames
        async for record in self._all_records():
            self.statistics.octets += len(record.octets)
            frame = self._frame(record)
            if frame is None:
                continue
            due, skipped = self._pace.due(frame.time_ns)
            if skipped:
                text = f"{skipped // 1_000_000_000} s without a frame are left out"
                self._notice(Happening.SAID, text)
            if self._shift:
                frame.time_ns = self._begin_ns + due
            if self._paced:
                await _sleep_until(self._begin + due / 1e9)
            if self._heard(frame):
                self._give(frame)  # the times are the file's
            else:
                self.statistics.filtered += 1
            if len(self._events) >= MOST_AHEAD:
                await self._wait_for_room()
        return self.statistics.frames - given

    async def _all_records(self) -> AsyncIterator[Record]:
        """Yield the records; let others run now and then where nobody has to wait for them."""
        if self._pipe is not None:
            async for batch in self._pipe.batches():
                for record in batch:
                    yield record
        elif self._records is not None:
            for record in self._records:
                if not record.number % MOST_AHEAD:
                    await asyncio.sleep(0)
                yield record

    async def _wait_for_room(self) -> None:
        self._room.clear()
        await self._room.wait()

    def _frame(self, record: Record) -> ReceivedFrame | None:
        """Return the frame in `record`; None, counted, if there is none for us."""
        try:
            return record.interface.frame_of(record)
        except MalformedFrame:
            self.statistics.damaged += 1
        except CaptureError:
            source = self._records if self._pipe is None else self._pipe
            interfaces = source.interfaces if source is not None else ()
            if not any(interface.link_type in LINK_TYPES for interface in interfaces):
                raise  # there is nothing in this file for us
            self.statistics.filtered += 1
        return None

    def _heard(self, frame: ReceivedFrame) -> bool:
        """Tell whether a receiver tuned as this one is would have heard `frame`."""
        if not self._tuned or frame.channel is None:
            return True
        settings = self.settings
        return frame.channel == settings.channel and (frame.page or 0) == settings.page


def _speed(uri: RadioUri) -> float:
    """Return how much faster than its own the capture is to be played; raise RadioError."""
    text = uri.parameters.get("speed", "1")
    if text == "max":
        return 1.0
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not SLOWEST <= speed <= FASTEST:
        raise RadioError(f"{uri.text}: speed is {text}", "speed is 1, 4 (times faster) .. or max")
    return speed


def _shift(uri: RadioUri) -> bool:
    """Return whether the frames get times of today; raise RadioError."""
    times = uri.parameters.get("times", "file")
    if times not in ("file", "now"):
        raise RadioError(f"{uri.text}: times is {times}", "times is file or now")
    return times == "now"


def _is_regular(name: str) -> bool:
    """Tell whether `name` can be read without waiting; what is not there cannot be waited for."""
    if name == "-":
        return False
    try:
        path = Path(name)
        return path.is_file() or not path.is_fifo()
    except ValueError:  # a NUL in the path: opening it says so
        return True


async def _sleep_until(moment: float) -> None:
    wait = moment - asyncio.get_running_loop().time()
    if wait > 0:
        await asyncio.sleep(wait)
