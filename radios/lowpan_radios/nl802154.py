"""nl802154: the kernel's 802.15.4 radios (phys) and their interfaces, listed, made and tuned.

Numbers from the kernel's net/nl802154.h, 6.12; those used here are the same in 6.1.
Its experimental attributes, which differ between kernels, are left alone.
"""

import sys
from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType
from typing import Self

from lowpan_radios.netlink import Answer, GenericNetlink, number, text


class Command(IntEnum):
    """What the kernel is asked or told."""

    GET_WPAN_PHY = 1
    GET_INTERFACE = 5
    NEW_INTERFACE = 7
    DEL_INTERFACE = 8
    SET_CHANNEL = 9
    SET_PAN_ID = 10
    SET_SHORT_ADDR = 11
    SET_TX_POWER = 12
    SEND_BEACONS = 38
    """Only in kernels that send beacons at all."""


class Attr(IntEnum):
    """What a message tells."""

    WPAN_PHY = 1
    WPAN_PHY_NAME = 2
    IFINDEX = 3
    IFNAME = 4
    IFTYPE = 5
    PAGE = 7
    CHANNEL = 8
    PAN_ID = 9
    SHORT_ADDR = 10
    TX_POWER = 11
    CHANNELS_SUPPORTED = 21
    EXTENDED_ADDR = 23


class InterfaceType(IntEnum):
    """What an interface is to its radio."""

    NODE = 0
    MONITOR = 1
    COORDINATOR = 2


@dataclass(frozen=True, slots=True)
class WpanPhy:
    """A radio of this machine."""

    index: int
    name: str
    page: int
    channel: int
    channels: tuple[tuple[int, ...], ...]
    """Channels that it has, by page; none for pages behind the last."""
    transmit_power: float | None
    """dBm; None where it does not tell."""

    def channels_of(self, page: int) -> tuple[int, ...]:
        """Return the channels of `page`, none if it has no such page."""
        return self.channels[page] if 0 <= page < len(self.channels) else ()


@dataclass(frozen=True, slots=True)
class WpanDevice:
    """An interface of such a radio."""

    index: int
    """Interface index."""
    name: str
    phy: int
    """Index of its radio."""
    type: int
    """An InterfaceType."""
    pan_id: int
    """0xFFFF where it has none, as a monitor."""
    short_address: int
    extended_address: bytes | None
    """8 octets as displayed."""


class Nl802154:
    """The kernel's family nl802154; every method raises OSError when the kernel refuses.

    OSError with ENOENT from here says that the kernel has none: its module is not loaded.
    """

    def __init__(self) -> None:
        self._netlink = GenericNetlink("nl802154")
        self.sends_beacons = Command.SEND_BEACONS in self._netlink.commands
        """This kernel lets a node interface send beacons."""

    def phys(self) -> list[WpanPhy]:
        """Return the radios of this network namespace."""
        return [_phy(answer) for answer in self._netlink.dump(Command.GET_WPAN_PHY)]

    def phy(self, index: int) -> WpanPhy:
        """Return one radio."""
        (answer,) = self._netlink.ask(Command.GET_WPAN_PHY, {Attr.WPAN_PHY: number(index, 4)})
        return _phy(answer)

    def devices(self) -> list[WpanDevice]:
        """Return the interfaces of those radios."""
        return [_device(answer) for answer in self._netlink.dump(Command.GET_INTERFACE)]

    def add_monitor(self, phy: int, name: str) -> None:
        """Make a monitor interface of radio `phy`."""
        kind = number(InterfaceType.MONITOR, 4)
        self._netlink.tell(
            Command.NEW_INTERFACE,
            {Attr.WPAN_PHY: number(phy, 4), Attr.IFNAME: text(name), Attr.IFTYPE: kind},
        )

    def remove(self, index: int) -> None:
        """Remove an interface."""
        self._netlink.tell(Command.DEL_INTERFACE, {Attr.IFINDEX: number(index, 4)})

    def set_channel(self, phy: int, page: int, channel: int) -> None:
        """Tune a radio."""
        where: dict[int, bytes] = {Attr.PAGE: number(page, 1), Attr.CHANNEL: number(channel, 1)}
        self._netlink.tell(Command.SET_CHANNEL, {Attr.WPAN_PHY: number(phy, 4), **where})

    def set_pan_id(self, index: int, pan_id: int) -> None:
        """Set the PAN ID of an interface that is down."""
        where: dict[int, bytes] = {Attr.IFINDEX: number(index, 4)}
        self._netlink.tell(Command.SET_PAN_ID, {**where, Attr.PAN_ID: number(pan_id, 2)})

    def set_short_address(self, index: int, address: int) -> None:
        """Set the short address of an interface that is down."""
        where: dict[int, bytes] = {Attr.IFINDEX: number(index, 4)}
        self._netlink.tell(Command.SET_SHORT_ADDR, {**where, Attr.SHORT_ADDR: number(address, 2)})

    def set_transmit_power(self, phy: int, power: int) -> None:
        """Set how strong a radio sends, dBm."""
        power_mbm = number(100 * power & 0xFFFFFFFF, 4)
        where: dict[int, bytes] = {Attr.WPAN_PHY: number(phy, 4)}
        self._netlink.tell(Command.SET_TX_POWER, {**where, Attr.TX_POWER: power_mbm})

    def close(self) -> None:
        """Close the socket."""
        self._netlink.close()

    def __enter__(self) -> Self:
        """Return the family itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the socket."""
        self.close()


def _phy(answer: Answer) -> WpanPhy:
    pages = answer.nested(Attr.CHANNELS_SUPPORTED)
    power = answer.integer(Attr.TX_POWER)
    return WpanPhy(
        index=answer.integer(Attr.WPAN_PHY) or 0,
        name=answer.text(Attr.WPAN_PHY_NAME),
        page=answer.integer(Attr.PAGE) or 0,
        channel=answer.integer(Attr.CHANNEL) or 0,
        channels=tuple(_channels(int.from_bytes(page.value, sys.byteorder)) for page in pages),
        transmit_power=None if power is None else _signed(power) / 100,
    )


def _channels(mask: int) -> tuple[int, ...]:
    return tuple(channel for channel in range(32) if mask >> channel & 1)


def _device(answer: Answer) -> WpanDevice:
    address = answer.integer(Attr.EXTENDED_ADDR)
    return WpanDevice(
        index=answer.integer(Attr.IFINDEX) or 0,
        name=answer.text(Attr.IFNAME),
        phy=answer.integer(Attr.WPAN_PHY) or 0,
        type=answer.integer(Attr.IFTYPE) or 0,
        pan_id=_or(answer.integer(Attr.PAN_ID), 0xFFFF),
        short_address=_or(answer.integer(Attr.SHORT_ADDR), 0xFFFF),
        extended_address=address.to_bytes(8, "big") if address else None,
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value
