"""How a line of octets is read and written: when its descriptor is ready, or by two threads."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lowpan.errors import RadioError

BLOCK = 65_536
"""Octets read at once at most."""

MOST_UNSENT = 1 << 20
"""Octets that wait to be sent at most: twenty seconds of a line at 460800 baud."""

OnOctets = Callable[[bytes], None]
OnLost = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ReadyWay:
    """A descriptor whose readiness is told; `read` and `write` never wait."""

    descriptor: int
    read: Callable[[int], bytes]
    write: Callable[[bytes], int]
    give_back: Callable[[], None]


@dataclass(frozen=True, slots=True)
class WaitingWay:
    """A port whose `read` waits for octets, and whose `write` waits for room."""

    read: Callable[[], bytes]
    write: Callable[[bytes], object]
    cancel: Callable[[], None]
    """Make `read` and `write` return."""
    give_back: Callable[[], None]


class Line:
    """A Stream without its way of waiting; `name` begins every error, `ended` is why it ends."""

    def __init__(self, name: str, ended: str) -> None:
        self._name, self._ended = name, ended
        self._loop = asyncio.get_running_loop()
        self._on_octets: OnOctets | None = None
        self._on_lost: OnLost | None = None
        self._unsent = 0
        self._closed = False

    def start(self, on_octets: OnOctets, on_lost: OnLost) -> None:
        """Begin to read; see Stream."""
        self._on_octets, self._on_lost = on_octets, on_lost

    def write(self, octets: bytes) -> None:
        """Send octets; see Stream."""
        raise NotImplementedError

    def set_baudrate(self, baudrate: int) -> None:
        """Go on at another speed; see Stream."""

    def close(self) -> None:
        """Give it back; see Stream."""
        raise NotImplementedError

    def _refuse_more(self, octets: bytes) -> None:
        """Raise RadioError if the line is closed, or has no room for `octets`."""
        if self._closed:
            raise RadioError(f"{self._name}: closed", "open it again")
        if self._unsent + len(octets) > MOST_UNSENT:
            cause = f"{self._name}: takes no octets: {self._unsent} wait to be sent"
            raise RadioError(cause, "plug it in again, or look at its flow control (?rtscts=0)")

    def _lose(self, why: str) -> None:
        """Tell once that the line has ended; called by the event loop."""
        on_lost, self._on_lost = self._on_lost, None
        if on_lost is not None and not self._closed:
            on_lost(why)


class ReadyLine(Line):
    """A line whose descriptor the event loop watches."""

    def __init__(self, name: str, ended: str, way: ReadyWay) -> None:
        super().__init__(name, ended)
        self._descriptor, self._read, self._write = way.descriptor, way.read, way.write
        self._give_back = way.give_back
        self._queue = deque[bytes]()

    def start(self, on_octets: OnOctets, on_lost: OnLost) -> None:
        """Begin to read; see Stream."""
        super().start(on_octets, on_lost)
        self._loop.add_reader(self._descriptor, self._take)

    def write(self, octets: bytes) -> None:
        """Send octets; see Stream."""
        self._refuse_more(octets)
        if self._queue:
            self._queue.append(octets)
            self._unsent += len(octets)
            return
        rest = self._send(octets)
        if rest:
            self._queue.append(rest)
            self._unsent = len(rest)
            self._loop.add_writer(self._descriptor, self._send_more)

    def close(self) -> None:
        """Give it back; see Stream."""
        if not self._closed:
            self._closed = True
            self._stop()
            self._give_back()

    def _take(self) -> None:
        try:
            octets = self._read(BLOCK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(f"{self._ended}: {error.strerror or error}")
            return
        if not octets:
            self._fail(self._ended)
        elif self._on_octets is not None:
            self._on_octets(octets)

    def _send(self, octets: bytes) -> bytes:
        """Send what the line takes now and return the rest."""
        try:
            sent = self._write(octets)
        except (BlockingIOError, InterruptedError):
            return octets
        except OSError as error:  # the caller is not to be lost within its own write()
            why = f"{self._ended}: {error.strerror or error}"
            self._loop.call_soon(self._fail, why)
            return b""
        return octets[sent:]

    def _send_more(self) -> None:
        queue = self._queue
        octets = b"".join(queue)
        queue.clear()
        rest = self._send(octets)
        self._unsent = len(rest)
        if rest:
            queue.append(rest)
        elif not self._closed:
            self._loop.remove_writer(self._descriptor)

    def _fail(self, why: str) -> None:
        if not self._closed:
            self._stop()
            self._lose(why)

    def _stop(self) -> None:
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        self._queue.clear()
        self._unsent = 0


class ThreadLine(Line):
    """A line read by one thread and written by another, where descriptors tell no readiness."""

    def __init__(self, name: str, ended: str, way: WaitingWay) -> None:
        super().__init__(name, ended)
        self._read, self._write, self._cancel = way.read, way.write, way.cancel
        self._give_back = way.give_back
        self._queue = deque[bytes]()
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=work, name=f"{name} {work.__name__}", daemon=True)
            for work in (self._reading, self._writing)
        ]

    def start(self, on_octets: OnOctets, on_lost: OnLost) -> None:
        """Begin to read; see Stream."""
        super().start(on_octets, on_lost)
        for thread in self._threads:
            thread.start()

    def write(self, octets: bytes) -> None:
        """Send octets; see Stream."""
        with self._changed:
            self._refuse_more(octets)
            self._queue.append(octets)
            self._unsent += len(octets)
            self._changed.notify()

    def close(self) -> None:
        """Give it back; see Stream."""
        if self._closed:
            return
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._cancel()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._give_back()

    def _reading(self) -> None:
        try:
            while not self._closed:
                octets = self._read()
                if octets:
                    self._tell(self._hand_on, octets)
                elif not self._closed:
                    self._tell(self._lose, self._ended)
                    return
        except OSError as error:
            self._tell(self._lose, f"{self._ended}: {error.strerror or error}")

    def _writing(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._queue)
                    if self._closed:
                        return
                    octets = b"".join(self._queue)
                    self._queue.clear()
                    self._unsent = len(octets)
                self._write(octets)
                with self._changed:
                    self._unsent -= len(octets)
        except OSError as error:
            self._tell(self._lose, f"{self._ended}: {error.strerror or error}")

    def _tell(self, what: Callable[[Any], None], about: bytes | str) -> None:
        """Let the event loop call `what`."""
        with suppress(RuntimeError):  # the loop has ended: nobody is there to be told
            self._loop.call_soon_threadsafe(what, about)

    def _hand_on(self, octets: bytes) -> None:
        if self._on_octets is not None and not self._closed:
            self._on_octets(octets)
