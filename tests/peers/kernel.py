"""A real kernel's radios as Counterpart: phy0 is the driver's, phy1 with a raw socket its peer.

Only inside tests/kernel/run-in-kernel.sh, with two radios of mac802154_hwsim, phy0 and phy1.
"""

import asyncio
import socket
import subprocess
from typing import Self

from lowpan.radio import ReceivedFrame
from lowpan_radios import wpan
from lowpan_radios.nl802154 import Nl802154, WpanDevice, WpanPhy
from lowpan_radios.wpan_linux import ETH_P_IEEE802154, Linux
from lowpan_radios.wpan_system import PacketSocket

PEER = 1
EXTENDED = "02:00:00:00:00:00:00:01"


class FollowedRadios(Nl802154):
    """Radios whose peer is tuned along, so that it goes on hearing them."""

    def set_channel(self, phy: int, page: int, channel: int) -> None:
        super().set_channel(phy, page, channel)
        if phy == 0:
            super().set_channel(PEER, page, channel)


class FollowedLinux(Linux):
    """This machine, with a peer that follows."""

    def __init__(self) -> None:
        self.netlink = FollowedRadios()

    def open_socket(self, device: WpanDevice) -> PacketSocket:
        return super().open_socket(device)

    def lock(self, phy: WpanPhy) -> int:
        return super().lock(phy)


def run(command: str) -> None:
    """Run a command of words that hold no spaces."""
    subprocess.run(command.split(), check=True)


class KernelCounterpart:
    """Plugs interfaces of phy0 in and out, and hears and sends by a monitor of phy1."""

    shows = frozenset({"time_ns", "channel", "page"})
    acknowledges = True

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.deaf = False
        self.on_air: list[tuple[int, bytes]] = []
        self._name = uri.partition(":")[2]
        self._node = self._name.startswith("wpan")
        self._netlink = Nl802154()
        self._peer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._before = wpan.this_machine

    async def __aenter__(self) -> Self:
        self._clear()
        self._netlink.add_monitor(PEER, "peer1")
        run("ip link set peer1 up")
        for phy in (0, PEER):
            self._netlink.set_channel(phy, 0, 11)
        self._peer.bind(("peer1", ETH_P_IEEE802154))
        self._peer.setblocking(False)
        asyncio.get_running_loop().add_reader(self._peer.fileno(), self._overheard)
        await self.plug_in()
        wpan.this_machine = FollowedLinux
        return self

    async def __aexit__(self, *exception: object) -> None:
        wpan.this_machine = self._before
        asyncio.get_running_loop().remove_reader(self._peer.fileno())
        self._peer.close()
        self._clear()
        self._netlink.close()

    def _clear(self) -> None:
        for device in self._netlink.devices():
            if device.phy in (0, PEER):
                self._netlink.remove(device.index)

    @property
    def channel(self) -> int:
        return self._netlink.phy(0).channel

    def _overheard(self) -> None:
        while True:
            try:
                octets = self._peer.recv(2048)
            except BlockingIOError:
                return
            self.on_air.append((self.channel, octets[:-2]))
            if octets[0] & 0x20 and not self.deaf and not self._node:
                self._peer.send(bytes([0x02, 0x00, octets[2]]))

    async def hear(self, frame: ReceivedFrame) -> None:
        while True:
            try:
                self._peer.send(frame.psdu)
            except (BlockingIOError, OSError) as error:
                if not isinstance(error, BlockingIOError) and error.errno != 105:  # ENOBUFS
                    raise
                await asyncio.sleep(0.001)
            else:
                await asyncio.sleep(0)
                return

    async def garbage(self, octets: bytes) -> None:
        """There is no line."""

    async def half_a_message(self) -> None:
        """There is no line."""

    async def unplug(self) -> None:
        for device in self._netlink.devices():
            if device.phy == 0:
                self._netlink.remove(device.index)

    async def plug_in(self) -> None:
        if self._node:
            run(f"iwpan phy phy0 interface add {self._name} type node")
            run(f"ip link set {self._name} address {EXTENDED}")
            run(f"iwpan dev {self._name} set pan_id 0xabcd")
            run(f"iwpan dev {self._name} set short_addr 0x0002")
        elif not self._name.startswith("phy"):
            self._netlink.add_monitor(0, self._name)
