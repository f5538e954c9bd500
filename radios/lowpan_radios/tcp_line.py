"""TCP connections to radios on the network: `tcp://host:port`, IPv6 as `tcp://[::1]:7638`."""

import asyncio
import os
import socket
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from lowpan.errors import RadioError
from lowpan.radio import RadioUri
from lowpan_radios.line import BLOCK, Line, ReadyLine, ReadyWay, ThreadLine, WaitingWay

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for the other end."""

KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""Seconds of silence before asking, between asking, and times: 25 s until a loss is seen."""

ENDED = "the connection has ended"


async def open_tcp(uri: RadioUri) -> Line:
    """Connect; raise RadioError if there is no such host, or it refuses or stays silent."""
    host, port = _place(uri)
    connection = await _connect(uri, host, port)
    return socket_line(uri.text, ENDED, connection)


def socket_line(name: str, ended: str, connection: socket.socket) -> Line:
    """Return the line that `connection` is; it is closed with it."""
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    try:  # not every event loop can watch a descriptor
        loop.add_reader(connection.fileno(), lambda: None)
    except NotImplementedError:
        connection.setblocking(True)
        read, cancel = partial(connection.recv, BLOCK), partial(_hang_up, connection)
        return ThreadLine(
            name, ended, WaitingWay(read, connection.sendall, cancel, connection.close)
        )
    loop.remove_reader(connection.fileno())
    way = ReadyWay(connection.fileno(), connection.recv, connection.send, connection.close)
    return ReadyLine(name, ended, way)


def _place(uri: RadioUri) -> tuple[str, int]:
    try:
        parts = urlsplit(uri.target)
        host, port = parts.hostname, parts.port
    except ValueError:  # urlsplit's word for brackets and ports that are none
        host, port = None, None
    if not host or not port:
        raise RadioError(f"{uri.text}: names no host and port", "write tcp://host:port")
    return host, port


async def _connect(uri: RadioUri, host: str, port: int) -> socket.socket:
    loop, last = asyncio.get_running_loop(), OSError("no address")
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            for family, kind, protocol, _, address in await loop.getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            ):
                connection = socket.socket(family, kind, protocol)
                try:
                    connection.setblocking(False)
                    await loop.sock_connect(connection, address)
                except OSError as error:
                    connection.close()
                    last = error
                except BaseException:
                    connection.close()
                    raise
                else:
                    _set_up(connection)
                    return connection
    except TimeoutError as error:
        cause = f"{uri.text}: {host} has not answered for {CONNECT_TIMEOUT:g} s"
        raise RadioError(cause, "is it switched on, and its address right?") from error
    except socket.gaierror as error:
        cause = f"{uri.text}: no host {host}: {error.strerror}"
        raise RadioError(cause, "check the name, or write its address") from error
    cause = f"{uri.text}: no connection to {host} port {port}: {_why(last)}"
    raise RadioError(cause, "is the port right, and nobody else connected to it?") from last


def _why(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


def _set_up(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the other end was first
        connection.shutdown(socket.SHUT_RDWR)
