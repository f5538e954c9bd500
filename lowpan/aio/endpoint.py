"""UDP endpoints of a node, in asyncio's own classes: transports and protocols."""

import asyncio
import errno
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from lowpan.aio.running import Running
from lowpan.aio.socket_addresses import (
    SocketAddress,
    endpoint_of,
    error_of,
    error_of_discard,
    is_error,
    os_error,
    socket_address_of,
)
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.node.service import (
    DatagramDiscarded,
    Endpoint,
    ErrorReceived,
    UdpReceived,
)
from lowpan.wire.addresses import is_multicast
from lowpan.wire.ipv6 import UDP, upper_layer

Protocol = TypeVar("Protocol", bound=asyncio.DatagramProtocol)


class NodeDatagramTransport(asyncio.DatagramTransport):
    """A UDP port of a node; made by Node.create_datagram_endpoint().

    get_extra_info() knows `sockname`, `peername` and `node`.  A protocol that has them is told to
    pause_writing() and resume_writing() as the air allows.
    """

    def __init__(
        self,
        endpoints: "Endpoints",
        local: Endpoint,
        remote: Endpoint | None,
        protocol: asyncio.DatagramProtocol,
        extra: dict[str, Any],
    ) -> None:
        super().__init__(extra)
        self.local, self.remote = local, remote
        self._endpoints = endpoints
        self._protocol: asyncio.BaseProtocol = protocol
        self._closing = False
        self._paused = False

    def __repr__(self) -> str:
        """Say which port it is, and whether it is open."""
        host, port, _, _ = socket_address_of(self.local)
        return f"<{type(self).__name__} [{host}]:{port}{' closing' if self._closing else ''}>"

    def sendto(self, data: "bytes | bytearray | memoryview[Any]", addr: Any = None) -> None:
        """Send `data` to `addr`, by default to the remote address of the endpoint.

        What cannot be sent is told to the protocol's error_received().
        """
        if isinstance(data, int | str):  # of which bytes() would make octets as well, or complain
            raise TypeError(f"data is octets, not {type(data).__name__}")
        remote, payload = self._remote_of(addr), bytes(data)
        if not self._closing:
            self._endpoints.send(self, payload, remote)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who is told what comes in."""
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another protocol be told."""
        self._protocol = protocol

    def is_closing(self) -> bool:
        """Tell whether it is closed, or about to be."""
        return self._closing

    def close(self) -> None:
        """Give the port back; connection_lost(None) follows.  What was sent still goes out."""
        self.end(None)

    def abort(self) -> None:
        """Do the same as close()."""
        self.end(None)

    # What the node tells; each reaches the protocol from the event loop, never from within a call

    def end(self, why: BaseException | None) -> None:
        """Close because of `why`."""
        if not self._closing:
            self._closing = True
            self._endpoints.forget(self)
            error = why if isinstance(why, Exception) else None
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, error)

    def deliver(self, received: UdpReceived) -> None:
        """Pass a datagram on, unless it is from others than the remote address."""
        if self.remote is None or self.remote == received.remote:
            asyncio.get_running_loop().call_soon(self._received, received)

    def refuse(self, error: OSError) -> None:
        """Pass on that a datagram did not arrive."""
        asyncio.get_running_loop().call_soon(self._failed, error)

    def pause(self, paused: bool) -> None:
        """Ask the protocol to write no more, or to go on."""
        if paused is not self._paused:
            self._paused = paused
            tell = self._protocol.pause_writing if paused else self._protocol.resume_writing
            asyncio.get_running_loop().call_soon(tell)

    def _received(self, received: UdpReceived) -> None:
        protocol = self._protocol
        if not self._closing and isinstance(protocol, asyncio.DatagramProtocol):
            source: Any = socket_address_of(received.remote)  # typeshed knows those of IPv4 only
            protocol.datagram_received(received.payload, source)

    def _failed(self, error: OSError) -> None:
        protocol = self._protocol
        if not self._closing and isinstance(protocol, asyncio.DatagramProtocol):
            protocol.error_received(error)

    def _remote_of(self, addr: Any) -> Endpoint:
        if addr is None:
            if self.remote is None:
                raise ValueError("no address: give addr, or remote_addr to the endpoint")
            return self.remote
        remote = endpoint_of(addr)
        if self.remote is not None and remote != self.remote:
            raise ValueError(f"this endpoint sends to {socket_address_of(self.remote)} alone")
        return remote


class Endpoints:
    """All UDP endpoints of a node, by their local address and port."""

    def __init__(self, running: Running, node: object) -> None:
        self._running, self._node = running, node
        self._transports: dict[Endpoint, NodeDatagramTransport] = {}
        running.take(UdpReceived, self._received)
        running.take(ErrorReceived, self._refused)
        running.take(DatagramDiscarded, self._discarded)
        running.heed_congestion(self._heed_congestion)
        running.ended.add_done_callback(lambda _: self._end())

    def open(
        self,
        factory: Callable[[], Protocol],
        local_addr: Sequence[object] | None,
        remote_addr: Sequence[object] | None,
    ) -> tuple[NodeDatagramTransport, Protocol]:
        """Take a port for the protocol that `factory` makes; raise OSError.

        Its connection_made() is about to be called.
        """
        remote = None if remote_addr is None else endpoint_of(remote_addr)
        if remote is not None and not (remote.address and remote.port):
            raise os_error(errno.EADDRNOTAVAIL, "nobody is at that remote address")
        local = self._local(Endpoint(b"", 0) if local_addr is None else endpoint_of(local_addr))
        try:
            protocol = factory()
            transport = NodeDatagramTransport(
                self, local, remote, protocol, self._extra(local, remote)
            )
        except BaseException:
            self._running.engine.close_port(local)
            raise
        self._transports[local] = transport
        asyncio.get_running_loop().call_soon(protocol.connection_made, transport)
        transport.pause(self._running.is_congested)
        return transport, protocol

    def send(self, transport: NodeDatagramTransport, payload: bytes, remote: Endpoint) -> None:
        """Send from a transport's port; it learns of errors."""
        running = self._running
        try:
            running.put(
                running.engine.send_udp(payload, transport.local, remote, now=running.now())
            )
        except FieldOutOfRange as error:
            transport.refuse(os_error(errno.EMSGSIZE, str(error)))

    def forget(self, transport: NodeDatagramTransport) -> None:
        """Give its port back."""
        if self._transports.pop(transport.local, None) is not None:
            self._running.engine.close_port(transport.local)

    def _local(self, wanted: Endpoint) -> Endpoint:
        engine, shown = self._running.engine, socket_address_of(wanted)
        address = wanted.address
        if address and not is_multicast(address) and engine.own.get(address) is None:
            raise os_error(errno.EADDRNOTAVAIL, f"{shown[0]} is no address of this node")
        try:
            return engine.open_port(wanted)
        except FieldOutOfRange as error:
            raise os_error(errno.EADDRINUSE, f"port {shown[1]}: {error}") from error

    def _extra(self, local: Endpoint, remote: Endpoint | None) -> dict[str, Any]:
        sockname: SocketAddress = socket_address_of(local)
        if remote is None:
            return {"sockname": sockname, "node": self._node}
        own = None if local.address else self._running.engine.own.source_for(remote.address)
        if own is not None:
            sockname = socket_address_of(Endpoint(own.address, local.port))
        peername = socket_address_of(remote)
        return {"sockname": sockname, "peername": peername, "node": self._node}

    def _find(self, local: Endpoint) -> NodeDatagramTransport | None:
        return self._transports.get(local) or self._transports.get(Endpoint(b"", local.port))

    def _received(self, received: UdpReceived) -> None:
        transport = self._find(received.local)
        if transport is not None:
            transport.deliver(received)

    def _refused(self, error: ErrorReceived) -> None:
        for transport, about in self._sender_of(error.invoking_datagram):
            transport.refuse(error_of(error, about))

    def _discarded(self, discarded: DatagramDiscarded) -> None:
        if is_error(discarded.discard):
            for transport, about in self._sender_of(discarded.datagram):
                transport.refuse(error_of_discard(discarded.discard, about))

    def _sender_of(self, datagram: bytes) -> Iterator[tuple[NodeDatagramTransport, str]]:
        """Yield whose UDP datagram it was, if it was one of ours, and to whom it was."""
        ends = udp_ends(datagram)
        if ends is None or self._running.engine.own.get(ends[0].address) is None:
            return
        transport = self._find(ends[0])
        if transport is not None and transport.remote in (None, ends[1]):
            host, port, _, _ = socket_address_of(ends[1])
            yield transport, f"[{host}]:{port}"

    def _heed_congestion(self, is_congested: bool) -> None:
        for transport in self._transports.values():
            transport.pause(is_congested)

    def _end(self) -> None:
        for transport in list(self._transports.values()):
            transport.end(self._running.failure)


def udp_ends(datagram: bytes) -> tuple[Endpoint, Endpoint] | None:
    """Return source and destination of a UDP datagram, perhaps cut short; None if it is none."""
    try:
        protocol, at = upper_layer(datagram)
    except MalformedFrame:
        return None
    ports = datagram[at : at + 4]
    if protocol != UDP or len(ports) < 4:
        return None
    source, destination = int.from_bytes(ports[:2], "big"), int.from_bytes(ports[2:], "big")
    return Endpoint(datagram[8:24], source), Endpoint(datagram[24:40], destination)
