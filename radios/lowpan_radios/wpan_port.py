"""One interface of one of Linux's 802.15.4 radios: found or made, taken up, held, bound, tuned."""

import asyncio
import errno
import os
import select
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from lowpan.errors import RadioError
from lowpan.radio import RadioSettings
from lowpan_radios.nl802154 import InterfaceType, WpanDevice, WpanPhy
from lowpan_radios.wpan_errors import refused
from lowpan_radios.wpan_filter import Instruction
from lowpan_radios.wpan_system import Arrival, PacketSocket, System

OWN = "lowpan-"
"""What the monitor interfaces that we make begin with, before the name of their radio."""

NO_DEVICE = WpanDevice(0, "", 0, InterfaceType.NODE, 0xFFFF, 0xFFFF, None)
NO_PHY = WpanPhy(0, "", 0, 0, (), None)
"""Before it is found."""

QUEUE_PATIENCE = 1.0
"""Seconds for a queue of two frames to move: one takes 4 ms, with all retries tens of them."""


class WpanPort:
    """The interface that a URI names, open; everything raises RadioError.

    `wpan:wpan0` and `wpan:mon0` name an interface, `wpan:phy0` a radio: of that the first monitor
    interface is taken, or one is made, and removed at the end.
    """

    def __init__(self, system: System, uri: str, target: str) -> None:
        self.system, self.uri, self._target = system, uri, target
        self.device, self.phy = NO_DEVICE, NO_PHY
        self._seen = 0
        """Index of the interface that we last had open."""
        self._socket: PacketSocket | None = None
        self._lock: int | None = None
        self._taken_up = False
        self._program: list[Instruction] = []
        self._moved = asyncio.Event()
        self._moved.set()
        """The queue has room again, or there is none any more."""

    @property
    def is_monitor(self) -> bool:
        """Tell whether it is a monitor interface."""
        return self.device.type == InterfaceType.MONITOR

    # Finding

    def _find(self) -> tuple[WpanDevice, WpanPhy]:
        """Return the interface that the target names, making one if it names a radio."""
        with self._refusing("looking for interfaces"):
            phys = {phy.index: phy for phy in self.system.netlink.phys()}
            devices = self.system.netlink.devices()
        for device in devices:
            if device.name == self._target and device.phy in phys:
                return device, phys[device.phy]
        for phy in phys.values():
            if phy.name == self._target:
                monitor = next((d for d in devices if d.phy == phy.index and _monitors(d)), None)
                return monitor or self._make(phy), phy
        known = sorted([*(device.name for device in devices), *(phy.name for phy in phys.values())])
        cure = f"there are {', '.join(known)}" if known else "there are none: plug a radio in"
        raise RadioError(f"{self.uri}: no interface or radio {self._target}", cure)

    def _make(self, phy: WpanPhy) -> WpanDevice:
        name = f"{OWN}{phy.name}"[:15]
        with self._refusing(f"making a monitor interface of {phy.name}"):
            self.system.netlink.add_monitor(phy.index, name)
            for device in self.system.netlink.devices():
                if device.name == name:
                    self.device = device  # to be removed, whatever happens next
                    return device
        raise RadioError(f"{self.uri}: {name} was made and is not there", "try again")

    # Opening and closing

    def open(self) -> None:
        """Take hold of the radio, take the interface up, and open a socket on it."""
        try:
            self.device, self.phy = self._find()
            with self._refusing(f"{self.phy.name} is in use by another program"):
                self._lock = self.system.lock(self.phy)
            self._take_up()
            with self._refusing(f"opening a packet socket on {self.device.name}"):
                self._socket = self.system.open_socket(self.device)
                if self._program:
                    self._socket.filter(self._program)
        except BaseException:
            self.close()
            raise
        self._seen = self.device.index

    def _take_up(self) -> None:
        name = self.device.name
        with self._refusing(f"looking whether {name} is up"):
            if self.system.is_up(name):
                return
        if self.device.index == self._seen:
            raise RadioError(f"{self.uri}: {name} was taken down", f"sudo ip link set {name} up")
        try:
            self.system.set_up(name, True)
        except OSError as error:
            raise self._not_up(error) from error
        self._taken_up = True

    def _not_up(self, error: OSError) -> RadioError:
        name = self.device.name
        if error.errno == errno.EBUSY:
            with self._refusing(f"looking what else {self.phy.name} carries"):
                others = [other.name for other in self._others() if self.system.is_up(other.name)]
            up = ", ".join(others) or "another interface"
            cause = f"{self.phy.name} cannot be node and monitor at once, and {up} is up"
            return RadioError(f"{self.uri}: {cause}", f"sudo ip link set {up} down")
        if error.errno in (errno.EPERM, errno.EACCES):
            cure = f"sudo ip link set {name} up"
            return RadioError(f"{self.uri}: {name} is down, and we may not take it up", cure)
        return refused(self.uri, f"taking {name} up", error)

    def _others(self) -> list[WpanDevice]:
        devices = self.system.netlink.devices()
        return [d for d in devices if d.phy == self.device.phy and d.index != self.device.index]

    def own_address(self) -> bytes | None:
        """Return the extended address of the radio, as its interfaces tell it."""
        with self._refusing("looking for the radio's address"):
            addresses = [self.device.extended_address]
            addresses += [other.extended_address for other in self._others()]
        return next((address for address in addresses if address is not None), None)

    def close(self) -> None:
        """Give everything back as it was; harmless if it is not open."""
        opened, self._socket = self._socket, None
        if opened is not None:
            if not self._moved.is_set():  # somebody waits for room
                asyncio.get_running_loop().remove_writer(opened.fileno())
                self._moved.set()
            opened.close()
        device, self.device = self.device, NO_DEVICE
        try:
            if device.name.startswith(OWN) and self._lock is not None:
                self.system.netlink.remove(device.index)
            elif self._taken_up:
                self.system.set_up(device.name, False)
        except OSError as error:
            if error.errno not in (errno.ENODEV, errno.ENXIO):  # it is gone: nothing to give back
                raise refused(self.uri, f"giving {device.name} back", error) from error
        finally:
            self._taken_up = False
            held, self._lock = self._lock, None
            if held is not None:
                os.close(held)

    # Tuning

    def page(self, page: int) -> tuple[int, ...]:
        """Return the channels that the radio has on `page`; raise RadioError for no such page."""
        channels = self.phy.channels_of(page)
        if not channels:
            pages = [number for number, of in enumerate(self.phy.channels) if of]
            cure = f"it has {', '.join(map(str, pages))}"
            raise RadioError(f"{self.uri}: no page {page}", cure)
        return channels

    def tune(self, settings: RadioSettings) -> WpanPhy:
        """Set channel, page and transmit power; return what the radio says it has then."""
        self.phy = self._told()
        wanted = settings.page, settings.channel
        if (self.phy.page, self.phy.channel) != wanted:
            with self._refusing(f"setting channel {settings.channel} of page {settings.page}"):
                self.system.netlink.set_channel(self.phy.index, *wanted)
        power = settings.transmit_power
        if power is not None and self.phy.transmit_power != power:
            with self._refusing(f"setting the transmit power to {power} dBm"):
                self.system.netlink.set_transmit_power(self.phy.index, power)
        self.phy = self._told()
        if (self.phy.page, self.phy.channel) != wanted:
            now = f"channel {self.phy.channel} of page {self.phy.page}"
            cure = "see whether another program tunes it as well"
            raise RadioError(f"{self.uri}: set to channel {wanted[1]}, it says {now}", cure)
        return self.phy

    def _told(self) -> WpanPhy:
        with self._refusing("reading the channel"):
            return self.system.netlink.phy(self.phy.index)

    def set_addresses(self, pan_id: int, short_address: int) -> None:
        """Set PAN ID and short address of a node interface, which goes down meanwhile."""
        device, netlink = self.device, self.system.netlink
        if (device.pan_id, device.short_address) == (pan_id, short_address):
            return
        upper = self.system.carries(device.name)
        if upper:
            names = ", ".join(upper)
            cause = f"PAN ID and short address change only while it is down, and {names} is on it"
            raise RadioError(f"{self.uri}: {cause}", f"remove it: sudo ip link del {upper[0]}")
        with self._refusing("setting PAN ID and short address"):
            self.system.set_up(device.name, False)
            try:
                netlink.set_pan_id(device.index, pan_id)
                netlink.set_short_address(device.index, short_address)
            finally:
                self.system.set_up(device.name, True)
            self.device = next((d for d in netlink.devices() if d.index == device.index), device)

    def filter(self, program: list[Instruction]) -> None:
        """Let the kernel choose by `program` what comes in, from now on."""
        self._program = program
        if self._socket is not None:
            with self._refusing("attaching a filter"):
                self._socket.filter(program)

    # Frames

    def fileno(self) -> int:
        """Return the descriptor to wait for, -1 while there is none."""
        return -1 if self._socket is None else self._socket.fileno()

    def arrivals(self) -> Iterator[Arrival]:
        """Yield what has come in; raises OSError once the interface is down or gone."""
        return iter(()) if self._socket is None else self._socket.arrivals()

    def count_dropped(self) -> int:
        """Return how many frames the kernel had no room for."""
        return 0 if self._socket is None else self._socket.count_dropped()

    def send(self, psdu: bytes) -> None:
        """Give a frame to the kernel."""
        if self._socket is None:
            raise RadioError(f"{self.uri}: not there", "plug it in again, or take it up")
        try:
            self._socket.send(psdu)
        except BlockingIOError as error:
            raise self.stuck() from error
        except OSError as error:
            raise refused(self.uri, "sending", error) from error

    def stuck(self) -> RadioError:
        """Return what to raise when frames stay in the kernel's queue."""
        cure = "see what else sends on it, or try another channel"
        return RadioError(f"{self.uri}: frames wait in the kernel and do not leave", cure)

    async def room(self) -> bool:
        """Wait until the kernel takes another frame; False if it does not."""
        descriptor = self.fileno()
        if descriptor < 0 or select.select((), (descriptor,), (), 0)[1]:
            return True
        loop = asyncio.get_running_loop()
        self._moved.clear()
        loop.add_writer(descriptor, self._moved.set)
        try:
            async with asyncio.timeout(QUEUE_PATIENCE):
                await self._moved.wait()
        except TimeoutError:
            return False
        finally:
            self._moved.set()
            if self.fileno() == descriptor:
                loop.remove_writer(descriptor)
        return True

    @contextmanager
    def _refusing(self, doing: str) -> Generator[None, None, None]:
        try:
            yield
        except OSError as error:
            raise refused(self.uri, doing, error) from error


def _monitors(device: WpanDevice) -> bool:
    return device.type == InterfaceType.MONITOR
