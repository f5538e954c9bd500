"""A ZEP peer: a simulated network, or a capture device, that sends and takes datagrams."""

import asyncio
import socket
import struct
from collections.abc import Callable

from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.fcs import append_fcs16, has_good_fcs16


def free_port(family: socket.AddressFamily, host: str) -> int:
    """Return a UDP port that nobody uses now."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def ntp_of(microseconds: int) -> int:
    """Return the smallest NTP timestamp that is not before `microseconds` of its clock."""
    return -(-(microseconds << 32) // 1_000_000)


class ZepPeer:
    """Counterpart of `zep:`, written from what Wireshark's dissector expects."""

    shows = frozenset({"channel", "lqi", "radio_time_us", "fcs"})
    acknowledges = True
    tuned: Callable[[], int]
    """Tells the channel that the radio is tuned to, which no datagram does."""

    def __init__(self, *, version: int = 2, host: str = "127.0.0.1", parameters: str = "") -> None:
        self.version = version
        self.deaf = False
        self.on_air = list[tuple[int, bytes]]()
        self.headers = list[bytes]()
        self.tuned = lambda: 11
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self.radio = (host, free_port(family, host))
        shown = f"[{host}]" if ":" in host else host
        self.uri = f"zep://{shown}:{self.port}?bind={shown}:{self.radio[1]}{parameters}"
        self._sequence = 0
        asyncio.get_running_loop().add_reader(self._socket, self._take)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    @property
    def channel(self) -> int:
        return self.tuned()

    async def hear(self, frame: ReceivedFrame) -> None:
        trailed = append_fcs16(frame.psdu)
        if frame.fcs is Fcs.BAD:
            trailed = trailed[:-1] + bytes([trailed[-1] ^ 0x55])
        self.send(self.datagram(frame, trailed))
        await asyncio.sleep(0)

    def datagram(self, frame: ReceivedFrame, trailed: bytes, mode: int = 1) -> bytes:
        """Return `trailed`, a frame and its trailer, in a datagram."""
        channel, lqi = frame.channel or 11, frame.lqi or 0
        if self.version == 1:
            head = struct.pack(">2sBBHBB7xB", b"EX", 1, channel, 7, mode, lqi, len(trailed))
            return head + trailed
        self._sequence += 1
        head = struct.pack(">2sBBBHBB", b"EX", 2, 1, channel, 7, mode, lqi)
        time = ntp_of(frame.radio_time_us or 0)
        return head + struct.pack(">QI10xB", time, self._sequence, len(trailed)) + trailed

    def send(self, datagram: bytes) -> None:
        """Send any octets to the radio."""
        self._socket.sendto(datagram, self.radio)

    def _take(self) -> None:
        datagram, _ = self._socket.recvfrom(2048)
        assert datagram[:2] == b"EX"
        size = 16 if datagram[2] == 1 else 32
        channel = datagram[3] if datagram[2] == 1 else datagram[4]
        trailed = datagram[size:]
        assert datagram[size - 1] == len(trailed)
        assert has_good_fcs16(trailed)
        psdu = trailed[:-2]
        self.headers.append(datagram[:size])
        self.on_air.append((channel, psdu))
        if psdu[0] & 0x20 and not self.deaf:
            ack = append_fcs16(bytes([2, 0, psdu[2]]))
            self.send(self.datagram(ReceivedFrame(b"", Fcs.GOOD, channel=channel), ack))

    async def garbage(self, octets: bytes) -> None:
        self.send(octets)

    async def half_a_message(self) -> None:
        pass

    async def unplug(self) -> None:
        pass

    async def plug_in(self) -> None:
        pass
