"""TUN: the operating system's side of a node, as an interface whose datagrams we carry.

The interface lives as long as the file that is open to it: however this process ends, the kernel
takes it away, with its addresses and routes.  One that somebody else made to last
(`ip tuntap add`) stays, and what we put on it bears our mark, so that the next start takes it off.
"""

import errno
import os
import socket
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from lowpan.errors import LowpanError
from lowpan.wire.ipv6 import MTU

DEVICE = Path("/dev/net/tun")
LONGEST_NAME = 15
"""Octets of an interface's name (IFNAMSIZ - 1)."""
MOST_AT_ONCE = 16
"""Datagrams that are read before others have their turn."""

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000

PERMISSION = (
    "run it by sudo, or give Python the right once: "
    f"sudo setcap cap_net_admin+ep {Path(sys.executable).resolve()}"
)
_MODULE = "load the module: sudo modprobe tun"
_CURES = {
    errno.EPERM: PERMISSION,
    errno.EACCES: PERMISSION,
    errno.ENOENT: _MODULE,
    errno.ENODEV: _MODULE,
    errno.ENXIO: _MODULE,
    errno.EBUSY: "another process has it: end that, or choose another name",
    errno.EINVAL: "there is another kind of interface with that name: choose another one",
}


class TunError(LowpanError):
    """A TUN interface that cannot be had."""

    def __init__(self, cause: str, cure: str = "") -> None:
        super().__init__(cause)
        self.cure = cure
        """What the user can do about it, one line; empty where we know of nothing."""


def refused(name: str, doing: str, error: OSError) -> TunError:
    """Return what to raise when the system refuses with `error` while we are `doing` something."""
    cure = _CURES.get(error.errno or 0, "")
    return TunError(f"TUN interface {name}: {doing}: {error.strerror or error}", cure)


class TunDevice:
    """An open TUN interface, by its file alone; close() it.  Raises TunError."""

    def __init__(self, name: str) -> None:
        if not 0 < len(name.encode()) <= LONGEST_NAME or "/" in name or name in (".", ".."):
            raise TunError(f"{name!r} is no name of an interface", "give one such as lowpan0")
        self.was_there = name in [there for _, there in socket.if_nameindex()]
        """Somebody else has made it, to last."""
        self.dropped = 0
        """Datagrams that the system did not take."""
        self._file = -1
        self._loop: AbstractEventLoop | None = None
        self._taker: Callable[[bytes], None] | None = None
        self._gone: Callable[[OSError], None] | None = None
        try:
            self._file = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            self.name = _attach(self._file, name)
        except OSError as error:
            self.close()
            raise refused(name, "cannot be opened", error) from error

    def start(
        self,
        loop: AbstractEventLoop,
        taker: Callable[[bytes], None],
        gone: Callable[[OSError], None],
    ) -> None:
        """Give each datagram of the system to `taker` from now on; tell `gone` when it is."""
        self._loop, self._taker, self._gone = loop, taker, gone
        self.pause(False)

    def pause(self, paused: bool) -> None:
        """Leave datagrams with the system for a while, or go on."""
        if self._loop is None or self._file < 0:
            return
        if paused:
            self._loop.remove_reader(self._file)
        else:
            self._loop.add_reader(self._file, self._read)

    def write(self, datagram: bytes) -> None:
        """Give a datagram to the system; count it if it is not wanted."""
        try:
            os.write(self._file, datagram)
        except OSError:  # it is down, or its queue is full: as on any interface
            self.dropped += 1

    def close(self) -> None:
        """Take the interface away, or leave it if it was there before."""
        if self._file >= 0:
            self.pause(True)
            os.close(self._file)
            self._file = -1

    def _read(self) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                datagram = os.read(self._file, MTU + 1)
            except BlockingIOError:
                return
            except OSError as error:  # removed: readable for ever, with an error each time
                self.pause(True)
                if self._gone is not None:
                    self._gone(error)
                return
            if self._taker is not None:
                self._taker(datagram)


def _attach(file: int, name: str) -> str:
    """Make the interface, or attach to the one that is there; return its name."""
    fcntl: Any = import_module("fcntl")  # which Windows has not
    request = name.encode().ljust(16, b"\0") + (_IFF_TUN | _IFF_NO_PI).to_bytes(2, sys.byteorder)
    answer: bytes = fcntl.ioctl(file, _TUNSETIFF, request.ljust(40, b"\0"))
    return answer[:16].rstrip(b"\0").decode()
