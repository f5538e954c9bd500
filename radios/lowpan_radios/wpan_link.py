"""An open interface on the event loop: frames as they come, its loss, and its return."""

import asyncio
import errno
from contextlib import suppress
from typing import Protocol

from lowpan.errors import RadioError
from lowpan.radio import RadioStatistics
from lowpan_radios.base import end_tasks
from lowpan_radios.stream_radio import FIRST_WAIT, LONGEST_WAIT
from lowpan_radios.wpan_port import WpanPort


class Listener(Protocol):
    """The radio that the interface is for."""

    statistics: RadioStatistics

    def hears(self, octets: bytes, time_ns: int | None, kind: int) -> None:
        """Take what came in; `kind` is its PACKET_ type."""
        ...

    def loses(self, why: str) -> None:
        """Take notice that the interface is down or gone."""
        ...

    async def returns(self) -> None:
        """Apply all settings to the interface, which is there again; raises RadioError."""
        ...


class WpanLink:
    """Reads a port for its radio, and opens it again whenever it was lost."""

    def __init__(self, port: WpanPort, radio: Listener) -> None:
        self._port, self._radio = port, radio
        self._returning: asyncio.Task[None] | None = None
        radio.statistics.dropped_by_radio = 0

    def start(self) -> None:
        """Begin to read."""
        asyncio.get_running_loop().add_reader(self._port.fileno(), self._readable)

    def fetch(self) -> None:
        """Read all that has come in so far, as before the channel changes."""
        if self._returning is None:
            self._readable()

    def _readable(self) -> None:
        radio = self._radio
        statistics = radio.statistics
        try:
            for octets, time_ns, kind in self._port.arrivals():
                statistics.octets += len(octets)
                radio.hears(octets, time_ns, kind)
            statistics.dropped_by_radio = self._dropped_before + self._port.count_dropped()
        except OSError as error:
            self._lost(error)

    _dropped_before = 0
    """By sockets that were lost."""

    def _lost(self, error: OSError) -> None:
        self._stop()
        with suppress(RadioError):  # what is gone need not be given back
            self._port.close()
        down = error.errno == errno.ENETDOWN
        why = "the interface is down or gone" if down else error.strerror or "lost"
        self._radio.loses(why)
        self._returning = asyncio.get_running_loop().create_task(self._return())

    async def _return(self) -> None:
        wait = FIRST_WAIT
        while True:
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
            try:
                self._port.open()
                await self._radio.returns()
            except RadioError:  # not there yet: the loss has been told already
                with suppress(RadioError):
                    self._port.close()
            else:
                self._returning = None
                self.start()
                return

    def _stop(self) -> None:
        self._dropped_before = self._radio.statistics.dropped_by_radio or 0
        if self._port.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._port.fileno())

    async def close(self) -> None:
        """Read no more, and give the interface back."""
        returning, self._returning = self._returning, None
        try:
            await end_tasks(returning)
        finally:
            self._stop()
            try:
                self._port.close()
            finally:
                self._port.system.close()
