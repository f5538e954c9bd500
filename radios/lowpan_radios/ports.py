"""Which radios this machine may have: serial ports by their USB ids, and wpan interfaces."""

import os
from collections.abc import Iterator
from pathlib import Path

from lowpan.radio.finding import FoundRadio
from lowpan_radios.port_names import holders, lasting_name
from lowpan_radios.serial_line import how_to_be_let_in, how_to_free

PROBABLY = {
    (0x1915, 0x154B): "Nordic nRF 802.15.4 sniffer",
    (0x0451, 0x16AE): "TI CC2531 with its own sniffer firmware, for which there is no driver",
    (0x0451, 0xBEF3): "TI LaunchPad (XDS110): SmartRF sniffer, Contiki-NG or an RCP",
    (0x10C4, 0xEA60): "Silicon Labs CP210x: many an 802.15.4 stick, and much else",
    (0x1A86, 0x7523): "WCH CH340: some 802.15.4 sticks, and much else",
    (0x1A86, 0x55D4): "WCH CH9102: some 802.15.4 sticks, and much else",
    (0x0403, 0x6001): "FTDI FT232R: some 802.15.4 boards, and much else",
    (0x0403, 0x6015): "FTDI FT-X: some 802.15.4 boards, and much else",
    (0x303A, 0x1001): "Espressif ESP32 with its own USB: an RCP on C6 and H2",
}
"""What has these vendor and product ids, mostly; bridge chips do not tell what is behind them."""

VENDORS = {
    0x1915: "Nordic board",
    0x1366: "board with a SEGGER J-Link",
    0x0451: "TI board",
    0x10C4: "Silicon Labs board",
    0x303A: "Espressif board",
    0x2FE3: "board with Zephyr",
}
"""What most products of a vendor are."""


def find() -> list[FoundRadio]:
    """Return the ports and interfaces that are here; opens none of them."""
    return [*serial_ports(), *wpan_interfaces()]


def serial_ports() -> Iterator[FoundRadio]:
    """Yield the serial ports, those on USB first."""
    from serial.tools.list_ports import comports  # noqa: PLC0415  (slow to import)

    for port in sorted(comports(), key=lambda port: (port.vid is None, port.device)):
        others = [(number, name) for number, name in holders(port.device) if number != os.getpid()]
        held_by = ", ".join(f"{name} (process {number})" for number, name in others)
        trouble, cure = "", how_to_free(held_by) if held_by else ""
        if not os.access(port.device, os.R_OK | os.W_OK) and Path(port.device).exists():
            trouble, cure = "no permission to open it", how_to_be_let_in(port.device)
        yield FoundRadio(
            uri=lasting_name(port.device),
            description=_describe(port.vid, port.pid, port.product, port.manufacturer),
            kind="serial",
            name=port.device,
            hardware="" if port.vid is None else f"{port.vid:04X}:{port.pid or 0:04X}",
            held_by=held_by,
            trouble=trouble,
            cure=cure,
        )


def _describe(
    vendor: int | None, product: int | None, name: str | None, manufacturer: str | None
) -> str:
    """Say what a port probably is, and what it says of itself."""
    if vendor is None:
        return "port of this machine, not on USB"
    guess = PROBABLY.get((vendor, product or 0)) or VENDORS.get(vendor, "")
    said = " ".join(text for text in (manufacturer, name) if text)
    parts = [f"probably {guess}" if guess else "unknown", f'says "{said}"' if said else ""]
    return "; ".join(part for part in parts if part)


def wpan_interfaces() -> Iterator[FoundRadio]:
    """Yield Linux's 802.15.4 interfaces; none on other systems."""
    if not hasattr(os, "uname") or os.uname().sysname != "Linux":
        return
    from lowpan_radios.wpan import list_interfaces  # noqa: PLC0415  (Linux only)

    for interface in list_interfaces():
        state = "up" if interface.up else "down"
        where = f"channel {interface.channel}, page {interface.page}"
        yield FoundRadio(
            uri=f"wpan:{interface.name}",
            description=f"Linux {interface.type} of {interface.phy}, {where}, {state}",
            kind="wpan",
            name=interface.name,
        )


def usb_ids(path: str) -> tuple[int, int] | None:
    """Return vendor and product of the port at `path`; None if it is not on USB."""
    from serial.tools.list_ports import comports  # noqa: PLC0415

    for port in comports():
        if port.vid is not None and os.path.realpath(port.device) == os.path.realpath(path):
            return port.vid, port.pid or 0
    return None
