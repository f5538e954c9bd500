"""The system's table of interfaces, addresses and routes, as far as it is about one TUN interface.

Asked and told by rtnetlink, through pyroute2.  Only what differs is changed, so that an interface
which somebody with the rights has prepared needs none.
"""

import errno
import socket
from collections.abc import Awaitable
from importlib import import_module
from pathlib import Path
from typing import Any

from lowpan.aio.tun import TunError, refused
from lowpan.wire.addresses import format_ipv6
from lowpan.wire.ipv6 import MTU

MARK = 0x6C
"""What our addresses and routes bear, as proto (IFA_PROTO, rtm_protocol): `l`, nobody else's."""
QUEUE = 16
"""Datagrams that the system holds for us: a second of air, more would only be late."""

_IFF_UP, _IFA_F_NODAD, _ADDR_GEN_MODE_NONE = 0x1, 0x2, 1


class TunLink:
    """One interface by its name; open() it, close() it.  Raises TunError."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._routes: Any = None
        self._index = 0

    @classmethod
    async def open(cls, name: str) -> "TunLink":
        """Return the interface `name`, which is there."""
        link = cls(name)
        try:
            pyroute2: Any = import_module("pyroute2")
        except ImportError as error:
            cause = f"TUN interface {name}: pyroute2 is not installed"
            raise TunError(cause, "pip install 'lowpan[tun]'") from error
        link._routes = pyroute2.AsyncIPRoute(ext_ack=True)
        try:
            await link._ask("cannot be found", link._find())
        except BaseException:
            link.close()
            raise
        return link

    def close(self) -> None:
        """Close the socket to the system."""
        if self._routes is not None:
            self._routes.close()

    async def set_up(self) -> None:
        """Let it carry IPv6 datagrams, without addresses that the system makes up."""
        (link,) = await self._ask("cannot be read", self._routes.link("get", index=self._index))
        mode = link.get_nested("IFLA_AF_SPEC", "AF_INET6", "IFLA_INET6_ADDR_GEN_MODE")
        if mode != _ADDR_GEN_MODE_NONE:
            none = {"attrs": [("IFLA_INET6_ADDR_GEN_MODE", _ADDR_GEN_MODE_NONE)]}
            await self._set(IFLA_AF_SPEC={"attrs": [("AF_INET6", none)]})
        if link.get("IFLA_MTU") != MTU:
            await self._set(mtu=MTU)
        if not link["flags"] & _IFF_UP:
            await self._set(txqlen=QUEUE)
            await self._set(state="up")
        self._enable_ipv6()

    async def add_address(self, address: bytes, prefix_length: int) -> None:
        """Give the system one of our addresses, and with it the route to its prefix."""
        if (address, prefix_length) in [found[:2] for found in await self._addresses()]:
            return
        adding = self._routes.addr(
            "add",
            index=self._index,
            address=format_ipv6(address),
            prefixlen=prefix_length,
            flags=_IFA_F_NODAD,
            proto=MARK,
        )
        await self._ask(f"cannot be given {format_ipv6(address)}", adding)

    async def remove_address(self, address: bytes) -> None:
        """Take one of our addresses away; harmless if it is not there, or not from us."""
        for found, length, mark in await self._addresses():
            if found == address and mark == MARK:
                await self._remove_address(found, length)

    async def add_route(self, prefix: str) -> None:
        """Let the system reach `prefix` by us; harmless if it does already."""
        adding = self._routes.route("add", dst=prefix, oif=self._index, proto=MARK)
        await self._ask(f"cannot be given the route {prefix}", adding, fine=errno.EEXIST)

    async def remove_ours(self) -> list[str]:
        """Take away the addresses and routes that bear our mark; return what they were."""
        removed: list[str] = []
        for address, length, mark in await self._addresses():
            if mark == MARK:
                await self._remove_address(address, length)
                removed.append(f"{format_ipv6(address)}/{length}")
        for route in await self._marked_routes():
            prefix = f"{route.get('RTA_DST') or '::'}/{route['dst_len']}"
            removing = self._routes.route("del", dst=prefix, oif=self._index, proto=MARK)
            await self._ask(f"keeps the route {prefix}", removing, fine=errno.ESRCH)
            removed.append(prefix)
        return removed

    def _enable_ipv6(self) -> None:
        """Undo what systems without IPv6, containers above all, do to all new interfaces."""
        setting = Path(f"/proc/sys/net/ipv6/conf/{self.name}/disable_ipv6")
        try:
            if setting.exists() and setting.read_text().strip() != "0":
                setting.write_text("0")
        except OSError as error:
            cure = f"sudo sysctl -w net.ipv6.conf.{self.name}.disable_ipv6=0"
            raise TunError(f"TUN interface {self.name}: IPv6 is switched off", cure) from error

    async def _find(self) -> None:
        self._index = socket.if_nametoindex(self.name)

    async def _set(self, **what: Any) -> None:
        """Change the interface itself."""
        name = next(iter(what))
        await self._ask(
            f"cannot be set up ({name})", self._routes.link("set", index=self._index, **what)
        )

    async def _remove_address(self, address: bytes, length: int) -> None:
        shown = format_ipv6(address)
        removing = self._routes.addr("del", index=self._index, address=shown, prefixlen=length)
        await self._ask(f"keeps {shown}", removing, fine=errno.EADDRNOTAVAIL)

    async def _addresses(self) -> list[tuple[bytes, int, int | None]]:
        """Return each address, the length of its prefix, and its mark."""
        dump = self._routes.addr("dump", family=socket.AF_INET6, index=self._index)
        found = await self._ask("cannot be read", _listed(dump))
        return [
            (
                socket.inet_pton(socket.AF_INET6, address.get("IFA_ADDRESS")),
                address["prefixlen"],
                address.get("IFA_PROTO"),
            )
            for address in found
            if address["index"] == self._index
        ]

    async def _marked_routes(self) -> list[Any]:
        dump = self._routes.route("dump", family=socket.AF_INET6)
        found = await self._ask("cannot be read", _listed(dump))
        return [
            route
            for route in found
            if route["proto"] == MARK and route.get("RTA_OIF") == self._index
        ]

    async def _ask(self, doing: str, request: Awaitable[Any], *, fine: int | None = None) -> Any:
        """Return the answer of the system; raise TunError unless the error is `fine`."""
        netlink: Any = import_module("pyroute2.netlink.exceptions")
        try:
            return await request
        except netlink.NetlinkError as error:
            if error.code == fine:
                return None
            raise refused(self.name, doing, OSError(error.code, error.args[1])) from error
        except OSError as error:
            raise refused(self.name, doing, error) from error


async def _listed(dump: Awaitable[Any]) -> list[Any]:
    """Return all that a dump yields."""
    return [found async for found in await dump]
