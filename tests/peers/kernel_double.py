"""Linux's 802.15.4 in one process: radios, interfaces and air, as measured on a real kernel.

Packet sockets are socket pairs of the Unix kind, whose far end is the air.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.fcs import append_fcs16
from lowpan_radios.nl802154 import InterfaceType, Nl802154, WpanDevice, WpanPhy
from lowpan_radios.wpan_filter import Instruction
from lowpan_radios.wpan_system import Arrival, PacketSocket

NODE, MONITOR = InterfaceType.NODE, InterfaceType.MONITOR
EXTENDED = bytes.fromhex("0200000000000001")
CHANNELS = (tuple(range(27)), tuple(range(11)))


class AirSocket(PacketSocket):
    """The driver's end of a pair."""

    def __init__(self, kernel: "KernelDouble", raw: socket.socket) -> None:
        super().__init__(raw)
        self._kernel = kernel
        self.program: list[Instruction] = []

    def arrivals(self) -> Iterator[Arrival]:
        for arrival in super().arrivals():
            if not arrival[0]:  # the far end is closed
                raise OSError(errno.ENETDOWN, os.strerror(errno.ENETDOWN))
            yield arrival

    def filter(self, program: list[Instruction]) -> None:
        self.program = program

    def count_dropped(self) -> int:
        return self._kernel.dropped


class KernelDouble(Nl802154):
    """A System and its netlink, and a Counterpart for one interface."""

    acknowledges = True

    def __init__(self, uri: str, kind: InterfaceType, directory: Path) -> None:
        self.uri = uri
        told = {"time_ns", "channel", "page"}
        self.shows = frozenset(told if kind is NODE else told | {"fcs"})
        self.deaf = False
        self.sends_beacons = True
        self.dropped = 0
        self.on_air: list[tuple[int, bytes]] = []
        self.radios = {0: WpanPhy(0, "phy0", 0, 11, CHANNELS, None)}
        self.interfaces: dict[str, WpanDevice] = {}
        self.up: set[str] = set()
        self.upper: dict[str, list[str]] = {}
        self.refuses: dict[str, int] = {}
        """errno with which the kernel refuses a call, by the call's name."""
        self.sticky_channel = False
        self.driver_name = "at86rf230"
        self._indices = 1
        self._air: socket.socket | None = None
        self._opened: AirSocket | None = None
        self._directory = directory
        self.name = uri.partition(":")[2]
        if self.name.startswith("phy"):
            return
        self.add(self.name, kind)

    @property
    def netlink(self) -> "KernelDouble":
        return self

    @netlink.setter
    def netlink(self, value: Nl802154) -> None:
        raise NotImplementedError

    def _check(self, call: str) -> None:
        if call in self.refuses:
            raise OSError(self.refuses[call], os.strerror(self.refuses[call]))

    def add(self, name: str, kind: InterfaceType) -> WpanDevice:
        self._indices += 1
        node = kind is NODE
        address = EXTENDED if node else None
        pan = (0xABCD, 0x0002) if node else (0xFFFF, 0xFFFF)
        device = WpanDevice(self._indices, name, 0, kind, *pan, address)
        self.interfaces[name] = device
        return device

    # Netlink

    def phys(self) -> list[WpanPhy]:
        self._check("phys")
        return list(self.radios.values())

    def phy(self, index: int) -> WpanPhy:
        return self.radios[index]

    def devices(self) -> list[WpanDevice]:
        return list(self.interfaces.values())

    def add_monitor(self, phy: int, name: str) -> None:
        self._check("add_monitor")
        self.add(name, MONITOR)

    def remove(self, index: int) -> None:
        name = self._name(index)
        self.take_down(name)
        del self.interfaces[name]

    def set_channel(self, phy: int, page: int, channel: int) -> None:
        self._check("set_channel")
        if not self.sticky_channel:
            self.radios[phy] = replace(self.radios[phy], page=page, channel=channel)

    def set_pan_id(self, index: int, pan_id: int) -> None:
        self._set(index, pan_id=pan_id)

    def set_short_address(self, index: int, address: int) -> None:
        self._set(index, short_address=address)

    def set_transmit_power(self, phy: int, power: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    def _set(self, index: int, **values: int) -> None:
        name = self._name(index)
        if name in self.up:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        device = self.interfaces[name]
        pan_id = values.get("pan_id", device.pan_id)
        short = values.get("short_address", device.short_address)
        self.interfaces[name] = replace(device, pan_id=pan_id, short_address=short)

    def _name(self, index: int) -> str:
        for name, device in self.interfaces.items():
            if device.index == index:
                return name
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    def close(self) -> None:
        """Nothing is open."""

    # The machine

    def is_up(self, name: str) -> bool:
        return name in self.up

    def set_up(self, name: str, up: bool) -> None:
        self._check("set_up")
        if name not in self.interfaces:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        if not up:
            self.take_down(name, lose=False)
            return
        kinds = {self.interfaces[other].type for other in self.up}
        if kinds - {self.interfaces[name].type}:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self.up.add(name)

    def carries(self, name: str) -> list[str]:
        return self.upper.get(name, [])

    def open_socket(self, device: WpanDevice) -> PacketSocket:
        self._check("open_socket")
        self._hang_up()
        ours, self._air = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._air.setblocking(False)
        self._opened = AirSocket(self, ours)
        asyncio.get_running_loop().add_reader(self._air.fileno(), self._sent, self._air)
        return self._opened

    def driver(self, phy: WpanPhy) -> str:
        return self.driver_name

    def lock(self, phy: WpanPhy) -> int:
        import fcntl  # noqa: PLC0415  (as the driver: Linux only)

        held = os.open(self._directory / phy.name, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(held)
            raise
        return held

    # The air

    def _sent(self, air: socket.socket) -> None:
        while True:
            try:
                psdu = air.recv(2048)
            except OSError:
                return
            if not psdu:  # closed by the driver
                self._hang_up()
                return
            self.on_air.append((self.channel, psdu))
            if psdu[0] & 0x20 and not self.deaf and self.kind is MONITOR:
                air.send(append_fcs16(bytes([0x02, 0x00, psdu[2]])))

    @property
    def kind(self) -> int:
        return next(iter(self.interfaces.values())).type

    @property
    def channel(self) -> int:
        return self.radios[0].channel

    async def hear(self, frame: ReceivedFrame) -> None:
        octets = frame.psdu
        if self.kind is MONITOR:
            octets = append_fcs16(octets)
            if frame.fcs is Fcs.BAD:
                octets = octets[:-1] + bytes([octets[-1] ^ 1])
        assert self._air is not None
        while True:
            try:
                self._air.send(octets)
            except BlockingIOError:
                await asyncio.sleep(0.001)
            else:
                return

    async def garbage(self, octets: bytes) -> None:
        """There is no line."""

    async def half_a_message(self) -> None:
        """There is no line."""

    async def unplug(self) -> None:
        for name in list(self.interfaces):
            self.take_down(name)
        self.interfaces.clear()
        self.radios.clear()

    async def plug_in(self) -> None:
        self.radios = {0: WpanPhy(0, "phy0", 0, 11, CHANNELS, None)}
        if not self.name.startswith("phy"):
            self.add(self.name, NODE if self.name.startswith("wpan") else MONITOR)

    def take_down(self, name: str, *, lose: bool = True) -> None:
        """Take an interface down: its sockets end, unless the driver itself did it."""
        self.up.discard(name)
        if lose:
            self._hang_up()

    def _hang_up(self) -> None:
        air, self._air = self._air, None
        if air is not None:
            asyncio.get_running_loop().remove_reader(air.fileno())
            air.close()
