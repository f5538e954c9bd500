"""A relay between two ZEP radios that loses datagrams on their way, acknowledgments as well."""

import socket
from asyncio import DatagramProtocol, DatagramTransport, get_running_loop
from random import Random
from typing import Any, Self

from tests.peers.zep import free_port

LOOPBACK = "127.0.0.1"


class LossyRelay:
    """Radio n binds to peers[n], and has ports[n] for its peer."""

    def __init__(self, random: Random, *, loss: float) -> None:
        self._random, self._loss = random, loss
        self.peers = [free_port(socket.AF_INET, LOOPBACK) for _ in range(2)]
        self.ports = [0, 0]
        self.lost = self.passed = 0
        self._transports: list[DatagramTransport] = []

    async def __aenter__(self) -> Self:
        for number in range(2):
            transport, _ = await get_running_loop().create_datagram_endpoint(
                lambda number=number: _Side(self, number),  # type: ignore[misc]
                (LOOPBACK, 0),
            )
            self._transports.append(transport)
            self.ports[number] = transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        for transport in self._transports:
            transport.close()

    def pass_on(self, number: int, datagram: bytes) -> None:
        """Carry what radio `number` has sent to the other, or lose it."""
        if self._random.random() < self._loss:
            self.lost += 1
            return
        self.passed += 1
        other = 1 - number
        self._transports[other].sendto(datagram, (LOOPBACK, self.peers[other]))


class _Side(DatagramProtocol):
    def __init__(self, relay: LossyRelay, number: int) -> None:
        self._relay, self._number = relay, number

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._relay.pass_on(self._number, data)
