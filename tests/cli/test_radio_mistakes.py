"""What can be wrong with a radio: one line of cause, one of cure, exit status 2."""

import errno
import os
import tty
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import serial

import lowpan.radio.finding
from lowpan.cli import run
from lowpan.radio.finding import FoundRadio
from lowpan_radios import probe, serial_line

STICK = FoundRadio("/dev/ttyACM7", "a stick", "serial", "/dev/ttyACM7", "1915:154B")
BOARD = FoundRadio("/dev/ttyS0", "a port", "serial", "/dev/ttyS0")
WPAN = FoundRadio("wpan:wpan0", "a node", "wpan", "wpan0")


@pytest.fixture
def port() -> Generator[str]:
    """Yield a port at which nobody answers."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def mistake(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """Return what lowpan says of cause and cure."""
    status = run(arguments)
    out, errors = capfd.readouterr()
    lines = errors.splitlines()
    assert (status, out, len(lines)) == (2, "", 2), errors
    assert all(line.startswith("lowpan: ") for line in lines)
    cause, cure = (line.removeprefix("lowpan: ") for line in lines)
    return cause, cure


AIR = "openthread-air://?port_offset=1501"


@pytest.mark.parametrize(
    ("radio", "cause", "cure"),
    [
        ("spinel:", "names no port", ""),
        ("spinel:/dev/ttyNOSUCH9", "there is no /dev/ttyNOSUCH9", ""),
        ("slip:/dev/null", "/dev/null is no serial port", ""),
        ("spinel:/dev/x?baud=3", "no parameter baud", "spinel: has baudrate, iid, log"),
        ("spinel:/dev/x?baudrate=fast", "baudrate is fast", "baudrate is 300..12000000"),
        ("spinel:tcp://localhost", "names no host and port", "write tcp://host:port"),
        ("spinel:tcp://127.0.0.1:1", "no connection to 127.0.0.1 port 1", "is the port right"),
        ("nordic:fd:x", "names no descriptor", "write fd:NUMBER"),
        ("zep://[::1", "no address in //[::1", "write HOST:PORT"),
        ("zep://127.0.0.1:99999", "no address in //127.0.0.1:99999", "write HOST:PORT"),
        ("replay:nosuch.pcap", "nosuch.pcap: No such file", "give the path of a pcap"),
        ("replay:README.md?speed=0", "speed is 0", "speed is 1, 4 (times faster) .. or max"),
        ("openthread-air://elsewhere", "it is on this machine only", "write openthread-air://?"),
        ("openthread-air:?node=34", "node is 34", "node is 1..33"),
    ],
)
def test_what_is_wrong_with_a_uri(
    capfd: pytest.CaptureFixture[str], radio: str, cause: str, cure: str
) -> None:
    said, help_ = mistake(capfd, "sniff", radio)
    assert said.startswith(f"{radio}: ")
    assert cause in said
    assert help_.startswith(cure)


@pytest.mark.parametrize(
    ("options", "cause", "cure"),
    [
        (["--channel", "9"], "there is no channel 9", "it has 11-26"),
        (["--channel", "11-27"], "there is no channel 27", "it has 11-26"),
        (["--page", "3"], "has no channel page 3", "it has page 0"),
    ],
)
@pytest.mark.parametrize("radio", [AIR, "zep:?bind=127.0.0.1:0"])
def test_channels_that_a_radio_has_not_got(
    capfd: pytest.CaptureFixture[str], radio: str, options: list[str], cause: str, cure: str
) -> None:
    if radio.startswith("zep") and options[0] == "--channel":
        options, cure = [options[0], "0-27"], "it has 0-26"
        cause = "there is no channel 27"
    assert mistake(capfd, "sniff", radio, *options) == (f"{radio}: {cause}", cure)


def test_a_port_that_we_may_not_open(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    def refused(*_: object, **__: object) -> serial.Serial:
        raise serial.SerialException(errno.EACCES, "x")

    monkeypatch.setattr(serial, "Serial", refused)

    def dialout(_: Path) -> str:
        return "dialout"

    monkeypatch.setattr(Path, "group", dialout)
    cause, cure = mistake(capfd, "sniff", f"spinel:{port}")
    assert cause == f"spinel:{port}: no permission to open {port}"
    assert cure == "join its group and log in again: sudo usermod -aG dialout $USER"


@pytest.mark.parametrize("who", ["ModemManager", "otbr-agent"])
@pytest.mark.parametrize("scheme", ["", "spinel:"])
def test_a_port_that_another_process_has(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    port: str,
    scheme: str,
    who: str,
) -> None:
    def holders(_: str) -> Iterator[tuple[int, str]]:
        yield 812, who

    monkeypatch.setattr(probe, "holders", holders)

    def held_by(_: str) -> str:
        return f"{who} (process 812)"

    monkeypatch.setattr(serial_line, "held_by", held_by)
    first = serial.Serial(port, exclusive=True)
    try:
        cause, said = mistake(capfd, "sniff", scheme + port)
    finally:
        first.close()
    assert cause == f"{scheme}{port}: {port} is in use by {who} (process 812)"
    assert ("sudo systemctl stop ModemManager" if who == "ModemManager" else "end it") in said


def test_a_port_at_which_nobody_answers(capfd: pytest.CaptureFixture[str], port: str) -> None:
    cause, cure = mistake(capfd, "sniff", f"serial:{port}?baudrate=115200")
    assert "no answer (asked for sensniff, slip, spinel, ti at 115200 baud)" in cause
    assert cure.startswith("name the driver and the speed")


def test_a_kernel_without_the_modules(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr("lowpan_radios.wpan.this_machine", missing)
    cause, cure = mistake(capfd, "sniff", "wpan:wpan0")
    assert cause == "wpan:wpan0: this kernel has no 802.15.4 loaded (no nl802154)"
    assert "sudo modprobe" in cure


@pytest.mark.parametrize(
    ("found", "cure"),
    [
        ([], "lowpan sniff capture.pcapng, or lowpan sniff spinel:/dev/ttyACM0"),
        ([BOARD], "lowpan sniff capture.pcapng, or lowpan sniff spinel:/dev/ttyACM0"),
        ([BOARD, STICK], "here is a radio, perhaps: lowpan sniff /dev/ttyACM7"),
        (
            [WPAN, STICK],
            "here is a radio, perhaps: lowpan sniff wpan:wpan0; `lowpan radios` lists all",
        ),
    ],
)
def test_without_a_name_the_radios_that_are_here_are_named(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    found: list[FoundRadio],
    cure: str,
) -> None:
    monkeypatch.setattr(lowpan.radio.finding, "find_radios", lambda: found)
    assert mistake(capfd, "sniff") == ("neither a capture nor a radio is named", cure)
