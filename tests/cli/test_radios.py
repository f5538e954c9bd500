"""`lowpan radios`: the list, as text and as JSON, with and without asking."""

import json

import pytest
from click.testing import CliRunner

from lowpan.cli import radios as command
from lowpan.errors import RadioError
from lowpan.radio.finding import Firmware, FoundRadio

STICK = FoundRadio(
    "/dev/serial/by-id/usb-A-if00", "probably a stick", "serial", "/dev/ttyACM0", "1915:154B"
)
HELD = FoundRadio(
    "/dev/ttyUSB0", "unknown", "serial", "/dev/ttyUSB0", "10C4:EA60", "ModemManager (process 7)"
)
SHUT = FoundRadio(
    "/dev/ttyUSB2",
    "unknown",
    "serial",
    "/dev/ttyUSB2",
    "0403:6001",
    trouble="no permission to open it",
    cure="join its group",
)
MUTE = FoundRadio("/dev/ttyUSB1", "unknown", "serial", "/dev/ttyUSB1", "0403:6001")
BOARD = FoundRadio("/dev/ttyS0", "port of this machine", "serial", "/dev/ttyS0")
KERNEL = FoundRadio("wpan:wpan0", "Linux node of phy0", "wpan", "wpan0")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    uris = list[str]()

    async def probe(radio: FoundRadio) -> Firmware | None:
        uris.append(radio.uri)
        if radio is MUTE:
            raise RadioError(f"{radio.uri}: no answer", "name the driver")
        return Firmware(f"spinel:{radio.uri}?baudrate=460800", "OPENTHREAD/1 \x1b[31m")

    monkeypatch.setattr(command, "find_radios", lambda: [STICK, HELD, MUTE, BOARD, KERNEL])
    monkeypatch.setattr(command, "probe_radio", probe)
    return uris


def lines(*arguments: str) -> list[str]:
    result = CliRunner().invoke(command.radios, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output.splitlines()


def test_ports_are_listed_and_nobody_is_asked(asked: list[str]) -> None:
    shown = lines()
    assert shown[0].split() == ["radio", "now", "USB", "id", "what", "it", "is"]
    assert shown[1].split()[:3] == [STICK.uri, STICK.name, STICK.hardware]
    assert "in use by ModemManager (process 7)" in shown[2]
    assert shown[5].startswith("wpan:wpan0")
    assert len(shown) == 6
    assert asked == []


def test_probing_asks_ports_on_usb_that_are_free(asked: list[str]) -> None:
    shown = lines("--probe")
    assert asked == [STICK.uri, MUTE.uri]
    assert shown[1].startswith(f"spinel:{STICK.uri}?baudrate=460800")
    assert "OPENTHREAD/1" in shown[1]
    assert "\x1b" not in "".join(shown)
    assert "no answer" in shown[3]
    assert "lowpan radios --probe /dev/ttyS0" in shown[4]


def test_a_port_that_is_named_is_asked_wherever_it_is(asked: list[str]) -> None:
    shown = lines("--probe", "/dev/ttyS0", "/dev/ttyACM0", "/dev/ttyNEW")
    assert asked == ["/dev/ttyS0", STICK.uri, "/dev/ttyNEW"]
    assert len(shown) == 4


def test_json_has_what_is_known(asked: list[str]) -> None:
    stick, held, mute, board, kernel = json.loads("\n".join(lines("--probe", "-T", "json")))
    assert stick["uri"] == STICK.uri
    assert stick["opened_by"] == f"spinel:{STICK.uri}?baudrate=460800"
    assert stick["firmware"].startswith("OPENTHREAD/1")
    assert held["held_by"] == "ModemManager (process 7)"
    assert mute["error"] == "/dev/ttyUSB1: no answer"
    assert mute["cure"] == "name the driver"
    assert "unprobed" in board
    assert kernel == {"uri": "wpan:wpan0", "name": "wpan0", "description": "Linux node of phy0"}
    assert asked


def test_what_stops_us_is_told_with_its_cure(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "find_radios", lambda: [SHUT, STICK])
    shown = lines()
    assert shown[1].endswith("unknown; no permission to open it")
    assert shown[3:] == ["/dev/ttyUSB2: join its group"]
    lines("--probe")
    assert asked == [STICK.uri]


def test_what_stops_probing_is_told_with_its_cure(asked: list[str]) -> None:
    assert lines("--probe")[-1] == "/dev/ttyUSB1: name the driver"
    assert asked == [STICK.uri, MUTE.uri]


def test_where_nothing_is_found_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_radios", list)
    assert lines() == ["no serial port and no wpan interface: plug a radio in"]
    assert lines("-T", "json") == ["[]"]


def test_a_terminal_gets_a_table(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    command.show_rich([command.cells(command.row(STICK))])
    shown = capsys.readouterr().out
    assert "1915:154B" in shown
    assert "radio" in shown
    assert asked == []
