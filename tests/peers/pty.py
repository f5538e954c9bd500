"""A serial port for tests: a pty at a name that stays when it is unplugged and plugged in again."""

import asyncio
import os
import termios
import tty
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

MUCH = 16_384
"""Octets that may wait before write() waits too."""


class Pty:
    """The firmware's end of a serial line; the driver's end is at `path`, a link.

    `on_octets` is called with each block that the driver has sent.
    """

    def __init__(self, on_octets: Callable[[bytes], None]) -> None:
        self._on_octets = on_octets
        self._folder = Path(mkdtemp(prefix="lowpan-"))
        self.path = str(self._folder / "ttyTEST0")
        self._master: int | None = None
        self._slave: int | None = None
        self._unsent = bytearray()
        self._room = asyncio.Event()
        self.plug_in()

    def plug_in(self) -> None:
        """Make a new line at the same name."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.number = os.ttyname(self._slave)
        """The name that is another one each time."""
        Path(self.path).symlink_to(self.number)
        asyncio.get_running_loop().add_reader(self._master, self._take, self._master)

    def runs_at(self, baudrate: int) -> bool:
        """Tell whether the driver has set this speed."""
        code: int = getattr(termios, f"B{baudrate}")
        return self._slave is not None and termios.tcgetattr(self._slave)[5] == code

    def unplug(self) -> None:
        """Take the line away: whoever has it open gets EIO; harmless if it is away."""
        master, self._master = self._master, None
        slave, self._slave = self._slave, None
        if master is None or slave is None:
            return
        asyncio.get_running_loop().remove_reader(master)
        asyncio.get_running_loop().remove_writer(master)
        self._unsent.clear()
        self._room.set()
        Path(self.path).unlink()
        os.close(slave)
        os.close(master)

    def close(self) -> None:
        """Unplug it for good and remove the link's folder."""
        self.unplug()
        self._folder.rmdir()

    def stop_reading(self) -> None:
        """Take nothing more of what the driver sends, as a firmware that hangs."""
        if self._master is not None:
            asyncio.get_running_loop().remove_reader(self._master)

    async def write(self, octets: bytes) -> None:
        """Send to the driver, as fast as it reads; what it has not read when unplugged is lost."""
        self.write_soon(octets)
        while len(self._unsent) > MUCH:
            self._room.clear()
            await self._room.wait()

    def write_soon(self, octets: bytes) -> None:
        """Send to the driver without waiting, in the order of all that is written."""
        if self._master is None:
            return
        idle = not self._unsent
        self._unsent += octets
        if idle and not self._send(self._master):
            asyncio.get_running_loop().add_writer(self._master, self._send_more, self._master)

    def _send(self, master: int) -> bool:
        """Send what the line takes; tell whether that was all."""
        try:
            del self._unsent[: os.write(master, self._unsent)]
        except BlockingIOError:
            return False
        if len(self._unsent) <= MUCH:
            self._room.set()
        return not self._unsent

    def _send_more(self, master: int) -> None:
        if self._send(master):
            asyncio.get_running_loop().remove_writer(master)

    def _take(self, master: int) -> None:
        try:
            octets = os.read(master, 65_536)
        except (BlockingIOError, OSError):  # OSError: the driver's end is closed, which is no fault
            return
        self._on_octets(octets)
