"""Another node on the air of OpenThread's simulation, as simple as its radio is."""

import asyncio
import os
import socket
from collections.abc import Callable

from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.fcs import append_fcs16, has_good_fcs16

GROUP, LOOPBACK = "224.0.0.116", "127.0.0.1"


class AirPeer:
    """Counterpart of `openthread-air:`: node 1 of a network that nobody else is in."""

    shows = frozenset({"channel", "fcs"})
    acknowledges = True
    tuned: Callable[[], int]
    """Tells the channel that the radio is tuned to, which no datagram does."""

    def __init__(self) -> None:
        self.deaf = False
        self.on_air = list[tuple[int, bytes]]()
        self.tuned = lambda: 11
        self._sender, self.offset = self._own_network()
        self._group = (GROUP, 9000 + 34 * self.offset)
        loopback = socket.inet_aton(LOOPBACK)
        self._sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, loopback)
        self._heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._heard.bind(self._group)
        member = socket.inet_aton(GROUP) + loopback
        self._heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._heard.setblocking(False)
        self.uri = f"openthread-air://?port_offset={self.offset}&node=2"
        self.beside = f"openthread-air://?port_offset={self.offset}&node=3"
        asyncio.get_running_loop().add_reader(self._heard, self._take)

    @staticmethod
    def _own_network() -> tuple[socket.socket, int]:
        """Return the socket of node 1 in the first network that has none."""
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        offset = 100 + os.getpid() % 590  # below the ports that the system gives away
        while True:
            try:
                sender.bind((LOOPBACK, 9000 + 34 * offset + 1))
            except OSError:
                offset = offset % 690 + 1
            else:
                return sender, offset

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._heard)
        self._heard.close()
        self._sender.close()

    @property
    def channel(self) -> int:
        return self.tuned()

    async def hear(self, frame: ReceivedFrame) -> None:
        trailed = append_fcs16(frame.psdu)
        if frame.fcs is Fcs.BAD:
            trailed = trailed[:-1] + bytes([trailed[-1] ^ 0x55])
        self.send(bytes([frame.channel or 11]) + trailed)
        await asyncio.sleep(0)

    def send(self, datagram: bytes) -> None:
        """Send any octets to all."""
        self._sender.sendto(datagram, self._group)

    def _take(self) -> None:
        datagram, source = self._heard.recvfrom(2048)
        if source[1] == self._group[1] + 1:
            return  # our own
        assert source[0] == LOOPBACK
        channel, trailed = datagram[0], datagram[1:]
        assert has_good_fcs16(trailed)
        psdu = trailed[:-2]
        self.on_air.append((channel, psdu))
        if psdu[0] & 0x20 and not self.deaf:
            self.send(bytes([channel]) + append_fcs16(bytes([2, 0, psdu[2]])))

    async def garbage(self, octets: bytes) -> None:
        self.send(octets)

    async def half_a_message(self) -> None:
        pass

    async def unplug(self) -> None:
        pass

    async def plug_in(self) -> None:
        pass
