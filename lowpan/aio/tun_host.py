"""The operating system behind a node: it has the node's addresses, by a TUN interface."""

import asyncio
from collections.abc import Sequence
from ipaddress import IPv6Network
from typing import Any

from lowpan.aio.events import InterfaceNotice
from lowpan.aio.host_datagrams import GroupChange, groups_in, is_link_business
from lowpan.aio.running import Running
from lowpan.aio.tun import TunDevice, TunError
from lowpan.aio.tun_link import TunLink
from lowpan.errors import FieldOutOfRange
from lowpan.node.service import AddressChanged, DatagramForHost
from lowpan.wire.addresses import format_ipv6


class TunHost:
    """Carries datagrams between the system and the engine, which runs with `for_host`.

    The system has the addresses that are ready; the engine listens to the groups that the system's
    programs have joined, which the system reports (MLD) and nobody else needs to hear.  Neighbour
    discovery and MLD of the system stay here.
    """

    def __init__(self, running: Running, device: TunDevice, link: TunLink) -> None:
        self._running, self._device, self._link = running, device, link
        self.name = device.name
        self.from_host = self.to_host = 0
        """Datagrams."""
        self._groups: set[bytes] = set()
        self._changes: asyncio.Queue[AddressChanged] = asyncio.Queue()
        running.take(DatagramForHost, self._write)
        running.take(AddressChanged, self._changes.put_nowait)
        running.heed_congestion(device.pause)

    @classmethod
    async def open(
        cls, running: Running, name: str, routes: Sequence[IPv6Network] = ()
    ) -> "TunHost":
        """Make the interface and set it up, for start() to follow; raise TunError."""
        device = TunDevice(name)
        try:
            link = await TunLink.open(device.name)
        except BaseException:
            device.close()
            raise
        host = cls(running, device, link)
        try:
            await host._set_up(routes)
        except BaseException:
            await host.close()
            raise
        return host

    async def start(self) -> None:
        """Give the system the addresses that are ready, and carry datagrams; raise TunError."""
        while not self._changes.empty():
            await self._change_address(self._changes.get_nowait())
        self._running.run(self._keep_addresses())
        self._device.start(self._running.loop, self._read, self._gone)

    async def close(self) -> None:
        """Take the interface away; from one that stays, what we put on it."""
        try:
            if self._device.was_there:
                await self._link.remove_ours()
        finally:
            self._link.close()
            self._device.close()

    def counters(self) -> dict[str, Any]:
        """Return what was carried."""
        return {
            "interface": self.name,
            "from_host": self.from_host,
            "to_host": self.to_host,
            "refused_by_host": self._device.dropped,
            "groups": len(self._groups),
        }

    async def _set_up(self, routes: Sequence[IPv6Network]) -> None:
        if self._device.was_there:
            left = await self._link.remove_ours()
            if left:
                text = f"{self.name}: removed what an earlier run left: {', '.join(left)}"
                self._running.events.put(InterfaceNotice(text))
        await self._link.set_up()
        for route in routes:
            await self._link.add_route(str(route))

    async def _keep_addresses(self) -> None:
        """Let the system have our addresses as they come and go."""
        while True:
            try:
                await self._change_address(await self._changes.get())
            except TunError as error:
                self._running.events.put(InterfaceNotice(str(error), error.cure))

    async def _change_address(self, change: AddressChanged) -> None:
        own = self._running.engine.own.get(change.address)
        if not change.ready:
            await self._link.remove_address(change.address)
        elif own is not None:
            await self._link.add_address(change.address, own.prefix_length)

    # Datagrams

    def _write(self, for_host: DatagramForHost) -> None:
        self.to_host += 1
        self._device.write(for_host.datagram)

    def _read(self, datagram: bytes) -> None:
        running = self._running
        for change in groups_in(datagram):
            self._change_group(change)
        if is_link_business(datagram):
            return
        self.from_host += 1
        try:
            running.put(running.engine.send_datagram(datagram, now=running.now()))
        except Exception as error:  # a fault of ours: nothing may go on as if it worked
            running.fail(error)

    def _gone(self, error: OSError) -> None:
        cause = f"TUN interface {self.name} is gone: {error.strerror}"
        self._running.fail(TunError(cause, "somebody has removed it; start again"))

    def _change_group(self, change: GroupChange) -> None:
        engine, group = self._running.engine, change.group
        if change.is_wanted and group not in self._groups:
            try:
                engine.join(group)
            except FieldOutOfRange as error:
                text = f"{self.name}: cannot listen to {format_ipv6(group)}: {error}"
                self._running.events.put(InterfaceNotice(text))
                return
            self._groups.add(group)
        elif not change.is_wanted and group in self._groups:
            self._groups.remove(group)
            engine.leave(group)
