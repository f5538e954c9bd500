"""UDP sockets of radios: read in batches, with the kernel's own word on arrival and losses."""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from time import time_ns
from typing import Any

from lowpan.errors import RadioError

Address = tuple[Any, ...]
"""Host and port, and for IPv6 flow and scope, as the socket module has them."""

OnDatagram = Callable[[bytes, Address, int], None]
"""Takes a datagram, who sent it, and when it arrived, nanoseconds since 1970."""

LONGEST_DATAGRAM = 2048
"""Octets that are read of a datagram at most; no frame of ours needs more."""

MOST_IN_A_TURN = 64
"""Datagrams that are read before the event loop may do something else."""

_RECEIVE_QUEUE = 4 << 20
"""Octets asked of the kernel for datagrams that wait for us; it may give less."""

_LINUX = sys.platform == "linux"
_SO_TIMESTAMPNS, _SO_RXQ_OVFL = 35, 40
"""Numbers of Linux's asm-generic/socket.h, which Python has no names for."""

_TIMESPEC, _COUNT = struct.Struct("@ll"), struct.Struct("@I")
_ANCILLARY = socket.CMSG_SPACE(_TIMESPEC.size) + socket.CMSG_SPACE(_COUNT.size) if _LINUX else 0


class DatagramReader:
    """Hands each datagram that `sock` gets to `on_datagram`, on the event loop.

    It closes `sock`, also when it raises RadioError: the loop cannot watch sockets.
    """

    dropped: int | None = None
    """Datagrams that the kernel had no room for; None until it tells of one."""

    def __init__(
        self,
        sock: socket.socket,
        uri: str,
        on_datagram: OnDatagram,
        on_error: Callable[[str], None],
    ) -> None:
        self._socket = sock
        self._on_datagram, self._on_error = on_datagram, on_error
        self._open = True
        sock.setblocking(False)
        _set_if_known(sock, socket.SO_RCVBUF, _RECEIVE_QUEUE)
        if _LINUX:
            _set_if_known(sock, _SO_TIMESTAMPNS, 1)
            _set_if_known(sock, _SO_RXQ_OVFL, 1)
        self._loop = asyncio.get_running_loop()
        try:
            self._loop.add_reader(sock, self._readable)
        except NotImplementedError:
            sock.close()
            cause = f"{uri}: this event loop cannot watch sockets"
            raise RadioError(cause, "use asyncio.SelectorEventLoop") from None

    def close(self) -> None:
        """Read no more, and close the socket."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _readable(self) -> None:
        receive = self._receive_with_facts if _LINUX else self._receive
        for _ in range(MOST_IN_A_TURN):
            try:
                datagram, arrived_ns, source = receive()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._on_error(f"socket: {error.strerror or error}")
                return
            self._on_datagram(datagram, source, arrived_ns)
            if not self._open:  # closed by who took it
                return

    def _receive(self) -> tuple[bytes, int, Address]:
        datagram, source = self._socket.recvfrom(LONGEST_DATAGRAM)
        return datagram, time_ns(), source

    def _receive_with_facts(self) -> tuple[bytes, int, Address]:
        datagram, facts, _, source = self._socket.recvmsg(LONGEST_DATAGRAM, _ANCILLARY)
        arrived_ns = 0
        for level, kind, octets in facts:
            if level != socket.SOL_SOCKET:
                continue
            if kind == _SO_TIMESTAMPNS and len(octets) == _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack(octets)
                arrived_ns = seconds * 1_000_000_000 + nanoseconds
            elif kind == _SO_RXQ_OVFL and len(octets) == _COUNT.size:
                self.dropped = _COUNT.unpack(octets)[0]
        return datagram, arrived_ns or time_ns(), source


def _set_if_known(sock: socket.socket, option: int, value: int) -> None:
    """Set an option that makes things better; a system that lacks it works without."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, option, value)
    except OSError:
        return


def send_datagram(sock: socket.socket, octets: bytes, to: Address, uri: str) -> None:
    """Send at once; raise RadioError if the system does not take it."""
    try:
        sock.sendto(octets, to)
    except (BlockingIOError, InterruptedError):
        raise RadioError(f"{uri}: the system takes no more datagrams now", "send less") from None
    except OSError as error:
        cause = f"{uri}: cannot send to {to[0]}: {error.strerror or error}"
        raise RadioError(cause, "look at the routes and the firewall of this machine") from error


def bound_socket(
    family: int, to: Address, uri: str, options: Iterable[tuple[int, int, Any]] = ()
) -> socket.socket:
    """Return a UDP socket bound to `to`, with (level, name, value) `options`; raise RadioError."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.bind(to)
    except OSError as error:
        sock.close()
        cause = f"{uri}: cannot use {to[0]} port {to[1]}: {error.strerror or error}"
        raise RadioError(cause, "end what uses it, or choose another") from error
    return sock
