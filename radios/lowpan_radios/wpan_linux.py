"""The machine that we run on, if it is Linux."""

import fcntl
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

from lowpan_radios.nl802154 import Nl802154, WpanDevice, WpanPhy
from lowpan_radios.wpan_system import PacketSocket

ETH_P_IEEE802154 = 0x00F6
RADIOS = Path("/sys/class/ieee802154")
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
IFREQ = struct.Struct("16sH22x")


class Linux:
    """What a System is made of; see there."""

    def __init__(self) -> None:
        self.netlink = Nl802154()

    def is_up(self, name: str) -> bool:
        """Tell whether interface `name` is up."""
        return bool(_flags(name) & IFF_UP)

    def set_up(self, name: str, up: bool) -> None:
        """Take interface `name` up or down."""
        flags = _flags(name) & ~IFF_UP | (IFF_UP if up else 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, IFREQ.pack(name.encode(), flags))

    def carries(self, name: str) -> list[str]:
        """Return the interfaces on top of `name`."""
        below = str(socket.if_nametoindex(name))
        found: list[str] = []
        for interface in Path("/sys/class/net").iterdir():
            with suppress(OSError):  # removed meanwhile
                link = (interface / "iflink").read_text().strip()
                if link == below and interface.name != name:
                    found.append(interface.name)
        return sorted(found)

    def open_socket(self, device: WpanDevice) -> PacketSocket:
        """Open a socket on `device`."""
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # 0: nothing before it is bound
        try:
            opened = PacketSocket(raw)
            raw.bind((device.name, ETH_P_IEEE802154))
        except BaseException:
            raw.close()
            raise
        return opened

    def driver(self, phy: WpanPhy) -> str:
        """Return the name of the kernel's driver of `phy`; empty where sysfs does not show it."""
        try:
            return (RADIOS / phy.name / "device" / "driver").readlink().name
        except OSError:
            return ""

    def lock(self, phy: WpanPhy) -> int:
        """Return a descriptor that holds `phy` for us, as long as it is open."""
        held = os.open(RADIOS / phy.name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(held)
            raise
        return held

    def close(self) -> None:
        """Close the way to the radios."""
        self.netlink.close()


def _flags(name: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, SIOCGIFFLAGS, IFREQ.pack(name.encode(), 0))
    flags: int = IFREQ.unpack(answer)[1]
    return flags
