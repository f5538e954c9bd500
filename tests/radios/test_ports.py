"""What is said of ports before anybody is asked."""

import os
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from serial.tools import list_ports

from lowpan.radio.finding import find_radios
from lowpan_radios import port_names, ports
from tests.peers.pty import Pty


def port(device: str, *ids: int, product: str | None = None) -> SimpleNamespace:
    vendor, number = ids or (None, None)
    said = {"product": product, "manufacturer": None}
    return SimpleNamespace(device=device, vid=vendor, pid=number, **said)


@pytest.fixture
async def pty() -> AsyncIterator[Pty]:
    line = Pty(lambda _: None)
    yield line
    line.close()


async def test_ports_have_lasting_names_and_say_what_they_probably_are(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [
        port("/dev/ttyS0"),
        port(pty.number, 0x1915, 0x154B, product="nRF802154 Sniffer"),
        port("/dev/ttyUSB7", 0x10C4, 0xEA60),
        port("/dev/ttyUSB8", 0x1234, 0x5678),
        port("/dev/ttyUSB9", 0x1366, 0x0105),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: there)
    monkeypatch.setattr(port_names, "LASTING", (port_names.Path(pty.path).parent,))
    found = list(ports.serial_ports())
    assert [(each.name, each.hardware) for each in found] == [
        (pty.number, "1915:154B"),
        ("/dev/ttyUSB7", "10C4:EA60"),
        ("/dev/ttyUSB8", "1234:5678"),
        ("/dev/ttyUSB9", "1366:0105"),
        ("/dev/ttyS0", ""),
    ]
    assert found[0].uri == pty.path
    sniffer = 'probably Nordic nRF 802.15.4 sniffer; says "nRF802154 Sniffer"'
    assert found[0].description == sniffer
    assert found[1].description.startswith("probably Silicon Labs CP210x")
    assert found[2].description == "unknown"
    assert found[3].description == "probably board with a SEGGER J-Link"
    assert found[4].description == "port of this machine, not on USB"
    assert {each.kind for each in found} == {"serial"}


async def test_what_stops_us_from_opening_a_port_is_told(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_access(*_: object) -> bool:
        return False

    def held(_: str) -> list[tuple[int, str]]:
        return [(7, "ModemManager")]

    monkeypatch.setattr(list_ports, "comports", lambda: [port(pty.number, 1, 2)])
    monkeypatch.setattr(port_names, "LASTING", ())
    (free,) = ports.serial_ports()
    assert (free.trouble, free.cure) == ("", "")
    monkeypatch.setattr(ports, "holders", held)
    (busy,) = ports.serial_ports()
    assert (busy.held_by, busy.trouble) == ("ModemManager (process 7)", "")
    assert "sudo systemctl stop ModemManager" in busy.cure
    monkeypatch.setattr(os, "access", no_access)
    (shut,) = ports.serial_ports()
    assert shut.trouble == "no permission to open it"
    assert "group" in shut.cure


async def test_ids_are_found_by_any_name_of_the_port(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_ports, "comports", lambda: [port(pty.number, 1, 2)])
    assert ports.usb_ids(pty.path) == ports.usb_ids(pty.number) == (1, 2)
    assert ports.usb_ids("/dev/ttyS0") is None


async def test_who_has_a_port_open_is_seen(pty: Pty) -> None:
    assert [number for number, _ in port_names.holders(pty.path)] == [os.getpid()]
    assert port_names.held_by(pty.path) == "this program"
    assert port_names.holders("/nowhere") == []


def test_finders_are_installed_and_open_nothing() -> None:
    assert all(radio.uri and radio.description and radio.kind for radio in find_radios())


def test_wpan_interfaces_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    wpan = pytest.importorskip("lowpan_radios.wpan")
    interface = wpan.WpanInterface("wpan0", "node", "phy0", 15, 0, 0xABCD, True)
    monkeypatch.setattr(wpan, "list_interfaces", lambda: [interface])
    found = list(ports.wpan_interfaces())
    assert [(each.uri, each.kind) for each in found] == [("wpan:wpan0", "wpan")]
    assert found[0].description == "Linux node of phy0, channel 15, page 0, up"
