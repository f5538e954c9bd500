"""Linux's 802.15.4 interfaces: `wpan:wpan0` (node), `wpan:mon0` (monitor), `wpan:phy0` (radio)."""

import errno
import sys
from dataclasses import dataclass

from lowpan.errors import RadioError
from lowpan.radio import Radio, RadioUri
from lowpan_radios.software_radio import SOFTWARE_PARAMETERS
from lowpan_radios.wpan_errors import no_modules, not_linux, refused
from lowpan_radios.wpan_monitor import WpanMonitor
from lowpan_radios.wpan_node import WpanNode
from lowpan_radios.wpan_port import WpanPort
from lowpan_radios.wpan_system import System


@dataclass(frozen=True, slots=True)
class WpanInterface:
    """An 802.15.4 interface of this machine, or a radio that has none."""

    name: str
    """What `wpan:` opens it by: the interface's name, or the radio's if it has none."""
    type: str
    """`node`, `monitor`, `coordinator`; `phy` for a radio without interfaces."""
    phy: str
    channel: int
    page: int
    pan_id: int | None
    """None where it has none."""
    up: bool


async def open_wpan(uri: RadioUri) -> Radio:
    """Open the interface or the radio that `uri` names; raises RadioError."""
    uri.only(*SOFTWARE_PARAMETERS)
    system = _system(uri.text)
    port = WpanPort(system, uri.text, uri.target)
    try:
        port.open()
        return WpanMonitor(uri, port) if port.is_monitor else WpanNode(uri, port)
    except BaseException:
        port.close()
        system.close()
        raise


def list_interfaces() -> list[WpanInterface]:
    """Return this machine's 802.15.4 interfaces; none on other systems or without the modules."""
    try:
        system = _system("wpan:")
    except RadioError:
        return []
    try:
        return _interfaces(system)
    finally:
        system.close()


def _interfaces(system: System) -> list[WpanInterface]:
    phys = {phy.index: phy for phy in system.netlink.phys()}
    listed: list[WpanInterface] = []
    for device in system.netlink.devices():
        phy = phys.pop(device.phy, None) or system.netlink.phy(device.phy)
        kind = {0: "node", 1: "monitor", 2: "coordinator"}.get(device.type, str(device.type))
        pan_id = None if device.pan_id == 0xFFFF else device.pan_id
        up = system.is_up(device.name)
        listed.append(WpanInterface(device.name, kind, phy.name, phy.channel, phy.page, pan_id, up))
    listed += [
        WpanInterface(phy.name, "phy", phy.name, phy.channel, phy.page, None, False)
        for phy in phys.values()
    ]
    return sorted(listed, key=lambda interface: (interface.phy, interface.name))


def _system(uri: str) -> System:
    if sys.platform != "linux":
        raise not_linux(uri)
    try:
        return this_machine()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT):
            raise no_modules(uri) from error
        raise refused(uri, "asking the kernel for its radios", error) from error


def this_machine() -> System:
    """Return the System that we run on; raises OSError if it has no nl802154."""
    from lowpan_radios.wpan_linux import Linux  # noqa: PLC0415  (which other systems cannot import)

    return Linux()
