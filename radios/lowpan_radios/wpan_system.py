"""What Linux is asked for a radio: its family of netlink, its interfaces, and packet sockets."""

import socket
import struct
from collections.abc import Iterator
from typing import Protocol

from lowpan_radios.nl802154 import Nl802154, WpanDevice, WpanPhy
from lowpan_radios.wpan_filter import Instruction, attach

SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@ll")
SOL_PACKET, PACKET_STATISTICS = 263, 6
SO_RCVBUFFORCE = 33
RECEIVE_OCTETS = 4 << 20
"""Room for what we have not fetched yet, some 5,000 frames; without CAP_NET_ADMIN some 500."""
SEND_OCTETS = 1
"""As little as the kernel lets wait: two or three frames, so that a send that waits is noticed."""
MOST_AT_ONCE = 256
"""Frames fetched before others of the loop get their turn."""
LONGEST_FRAME = 2048

Arrival = tuple[bytes, int | None, int]
"""Octets of a frame, when it came (nanoseconds since 1970), and its PACKET_ type."""


class PacketSocket:
    """A raw socket on one interface, which neither waits to send nor to receive."""

    def __init__(self, raw: socket.socket) -> None:
        self.raw = raw
        self.dropped = 0
        """Frames that the kernel had no room for."""
        raw.setblocking(False)
        try:
            raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_OCTETS)
        except PermissionError:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_OCTETS)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_OCTETS)
        raw.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def fileno(self) -> int:
        """Return its descriptor, -1 once it is closed."""
        return self.raw.fileno()

    def arrivals(self) -> Iterator[Arrival]:
        """Yield what has come in, up to MOST_AT_ONCE frames; raises OSError, ENETDOWN if lost."""
        receive = self.raw.recvmsg
        for _ in range(MOST_AT_ONCE):
            try:
                octets, control, _, sender = receive(LONGEST_FRAME, 64)
            except BlockingIOError:
                return
            time_ns = None
            if control:
                seconds, nanoseconds = TIMESPEC.unpack(control[0][2])
                time_ns = 1_000_000_000 * seconds + nanoseconds
            yield octets, time_ns, sender[2] if sender else 0

    def send(self, psdu: bytes) -> None:
        """Give one frame to the kernel; raises OSError, BlockingIOError if others still wait."""
        self.raw.send(psdu)

    def filter(self, program: list[Instruction]) -> None:
        """Let the kernel choose what comes in from now on; raises OSError."""
        attach(program, self.raw)

    def count_dropped(self) -> int:
        """Return how many frames the kernel had no room for, since the socket was opened."""
        counted = self.raw.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        self.dropped += struct.unpack("@II", counted)[1]  # it counts from 0 after each answer
        return self.dropped

    def close(self) -> None:
        """Close it."""
        self.raw.close()


class System(Protocol):
    """What a driver needs of the machine; all of it raises OSError with its reason."""

    netlink: Nl802154
    """The way to the radios."""

    def is_up(self, name: str) -> bool:
        """Tell whether interface `name` is up."""
        ...

    def set_up(self, name: str, up: bool) -> None:
        """Take interface `name` up or down."""
        ...

    def carries(self, name: str) -> list[str]:
        """Return the interfaces on top of `name`, such as lowpan0."""
        ...

    def open_socket(self, device: WpanDevice) -> PacketSocket:
        """Open a socket on `device`."""
        ...

    def driver(self, phy: WpanPhy) -> str:
        """Return the name of the kernel's driver of `phy`, such as at86rf230; empty: not told."""
        ...

    def lock(self, phy: WpanPhy) -> int:
        """Return a descriptor that holds `phy` for us; raises BlockingIOError if another does."""
        ...

    def close(self) -> None:
        """Close the way to the radios."""
        ...
