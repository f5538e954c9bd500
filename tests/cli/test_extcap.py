"""`lowpan extcap`: Wireshark's part is played here, and then Wireshark's own tshark plays it."""

import os
import re
import signal
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lowpan.capture.reader import Records, open_records
from lowpan.capture.writer import CaptureWriter, open_writer
from lowpan.cli import extcap_installing, extcap_radios, run
from lowpan.cli.extcap_installing import MARK, extcap_folder, launcher_text
from lowpan.cli.extcap_radios import Listed, radios_to_list
from lowpan.errors import RadioError
from lowpan.radio.finding import FoundRadio
from tests.cli.commands import ATTACH, ROOT, lowpan, start

REPLAY = f"replay:{ATTACH}?speed=max"

Asked = Callable[..., list[str]]


@pytest.fixture
def asked(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Return the function that asks lowpan as Wireshark does, for the lines of its answer."""
    monkeypatch.setenv("LOWPAN_EXTCAP_RADIOS", f"{REPLAY} zep://127.0.0.1:17754")
    find(monkeypatch)

    def answer(*arguments: object) -> list[str]:
        assert run(["extcap", *map(str, arguments)]) == 0
        out, errors = capfd.readouterr()
        assert errors == ""
        return out.splitlines()

    return answer


def values(line: str) -> tuple[str, dict[str, str]]:
    """Take a line of an answer apart, as Wireshark does: a value ends at the first brace."""
    word, _, rest = line.partition(" ")
    assert re.fullmatch(r"(\{[a-z]+=[^{}]*\})+", rest), rest
    return word, dict(re.findall(r"\{([a-z]+)=([^{}]*)\}", rest))


def test_interfaces_are_listed(asked: Asked) -> None:
    lines = [values(line) for line in asked("--extcap-interfaces", "--extcap-version=4.0")]
    assert [word for word, _ in lines] == ["extcap", "interface", "interface"]
    assert lines[0][1]["display"] == "lowpan"
    assert [value["value"] for _, value in lines[1:]] == [REPLAY, "zep://127.0.0.1:17754"]
    assert lines[2][1]["display"] == "lowpan: zep://127.0.0.1:17754"
    assert asked("--extcap-interfaces", "--extcap-version")  # older ones do not say which


def test_link_types_are_listed(asked: Asked) -> None:
    lines = asked("--extcap-dlts", "--extcap-interface", REPLAY)
    display = {"number": "283", "name": "IEEE802_15_4_TAP", "display": "IEEE 802.15.4 TAP"}
    assert [values(line) for line in lines] == [("dlt", display)]


def test_settings_are_listed_and_their_defaults_are_valid(asked: Asked) -> None:
    lines = [values(line) for line in asked("--extcap-config", "--extcap-interface", REPLAY)]
    assert [word for word, _ in lines] == ["arg"] * 3
    arguments = [value for _, value in lines]
    assert [a["number"] for a in arguments] == ["0", "1", "2"]
    assert [a["call"] for a in arguments] == ["--channel", "--hop", "--page"]
    for argument in arguments:
        assert re.search(argument["validation"], argument.get("default", ""))


def test_a_filter_is_said_to_be_of_no_use_only_if_there_is_one(asked: Asked) -> None:
    assert asked("--extcap-interface", REPLAY, "--extcap-capture-filter", "") == []
    said = asked("--extcap-interface", REPLAY, "--extcap-capture-filter", "wpan")
    assert said == ["capture filters are not evaluated"]


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "wireshark_extcap"
    os.mkfifo(path)
    return path


def read_all(fifo: Path, numbers: list[int]) -> threading.Thread:
    """Read a capture from `fifo` beside us, for the numbers of its frames."""

    def read() -> None:
        with open_records(fifo) as records:
            numbers.extend(record.number for record in records)
            assert {record.link_type for record in records.interfaces} == {283}

    thread = threading.Thread(target=read)
    thread.start()
    return thread


def test_a_capture_goes_into_the_fifo(asked: Asked, fifo: Path) -> None:
    numbers: list[int] = []
    thread = read_all(fifo, numbers)
    settings = ["--channel", "", "--hop", "250ms", "--page", ""]
    filter_ = ["--extcap-capture-filter", "wpan"]
    capture = ["--capture", "--extcap-interface", REPLAY, "--fifo", fifo]
    assert asked(*capture, *settings, *filter_) == []
    thread.join(10)
    assert numbers == list(range(1, 60))


MISTAKES: list[tuple[list[str], str, str]] = [
    ([], "lowpan extcap is to be told what to do", "Wireshark runs it"),
    (["--extcap-interface", "x:", "--capture"], "--capture without --fifo", "name the FIFO"),
    (["--capture", "--fifo", "F", "--channel", "x"], "--channel: 'x' names", "--channel takes"),
    (["--capture", "--fifo", "F", "--page", "99"], "--page: '99' is no", "--page takes 0..31"),
    (["--capture", "--fifo", "F", "--channel", "1,2", "--hop", "x"], "--hop: 'x'", "--hop takes"),
]


@pytest.mark.parametrize(("arguments", "cause", "cure"), MISTAKES)
def test_mistakes(
    capfd: pytest.CaptureFixture[str], arguments: list[str], cause: str, cure: str
) -> None:
    if "--fifo" in arguments:
        arguments = ["--extcap-interface", REPLAY, *arguments]
    assert run(["extcap", *arguments]) == 2
    out, errors = capfd.readouterr()
    said = errors.splitlines()
    assert (out, len(said)) == ("", 2)
    assert said[0].startswith(f"lowpan: {cause}")
    assert said[1].startswith(f"lowpan: {cure}")


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[tuple[Path, CaptureWriter]]:
    """Return a pipe that is a capture without end, and what writes into it."""
    path = tmp_path / "growing"
    os.mkfifo(path)
    with (
        os.fdopen(os.open(path, os.O_RDWR), "wb", buffering=0) as file,
        open_writer(file, flush_each=True) as writer,
    ):
        yield path, writer


@pytest.mark.parametrize("end", ["close", "terminate"])
def test_it_ends_quietly_when_wireshark_has_enough(
    fifo: Path, growing: tuple[Path, CaptureWriter], end: str
) -> None:
    path, writer = growing
    radio = f"replay:{path}?speed=max"
    process = start("extcap", "--capture", "--extcap-interface", radio, "--fifo", fifo)
    with fifo.open("rb", buffering=0) as file:
        for record in list(open_records(ATTACH))[:2]:
            writer.copy(record)
        records: Records = open_records(file)
        assert [next(records).number for _ in range(2)] == [1, 2]  # without delay
        if end == "terminate":
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
    out, errors = process.communicate(timeout=10)
    assert (process.returncode, out, errors) == (0, b"", b"")


def test_a_radio_that_cannot_be_opened_is_told_and_the_capture_is_whole(fifo: Path) -> None:
    numbers: list[int] = []
    thread = read_all(fifo, numbers)
    done = lowpan("extcap", "--capture", "--extcap-interface", "nosuch:x", "--fifo", fifo)
    thread.join(10)
    assert (done.returncode, done.stdout, numbers) == (2, "", [])
    assert done.stderr.startswith("lowpan: nosuch:x: no driver nosuch\nlowpan: there are ")


# Radios to list


def find(monkeypatch: pytest.MonkeyPatch, *radios: FoundRadio) -> None:
    """Let these be the radios that are there."""
    monkeypatch.setattr(extcap_radios, "find_radios", lambda: list(radios))


PORT = FoundRadio("/dev/ttyACM0", "nRF52840 Dongle", "serial", hardware="1915:154B")


def test_radios_are_listed_once_and_those_that_the_user_named_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find(
        monkeypatch,
        PORT,
        FoundRadio("wpan:wpan0", "Linux node", "wpan", held_by="wireshark (process 7)"),
        FoundRadio("wpan:wpan1", "Linux node", "wpan", held_by="wireshark (process 7)"),
        FoundRadio("wpan:{x}", "no value can hold it", "wpan"),
        FoundRadio("/dev/ttyS0", "port of this machine, not on USB", "serial"),
    )
    assert radios_to_list({"LOWPAN_EXTCAP_RADIOS": " zep://h:1  wpan:wpan0 "}) == [
        Listed("zep://h:1"),
        Listed("wpan:wpan0"),
        Listed("/dev/ttyACM0", "nRF52840 Dongle"),
        Listed("wpan:wpan1", "Linux node; in use by wireshark (process 7)"),
    ]


def test_those_that_are_named_are_listed_though_nobody_can_look(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> list[FoundRadio]:
        raise RadioError("wpan: no netlink", "load the modules")

    monkeypatch.setattr(extcap_radios, "find_radios", refuse)
    assert radios_to_list({"LOWPAN_EXTCAP_RADIOS": "zep://h:1"}) == [Listed("zep://h:1")]
    assert capsys.readouterr().err == "lowpan: wpan: no netlink\nlowpan: load the modules\n"


def test_what_a_stick_calls_itself_cannot_break_the_list(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(monkeypatch, replace(PORT, description="x}{value=evil}\ninterface {value=y}"))
    lines = [values(line) for line in asked("--extcap-interfaces")]
    assert [value["value"] for _, value in lines[1:]][-1] == "/dev/ttyACM0"
    assert len(lines) == 4


# Installing


def test_install_and_uninstall(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a" / "extcap"
    launcher = folder / "lowpan"
    assert run(["extcap", "--install", "--path", str(folder)]) == 0
    assert capsys.readouterr().out.startswith(f"installed {launcher}\n")
    assert launcher.stat().st_mode & stat.S_IXUSR
    asked = subprocess.run(
        [launcher, "--extcap-dlts", "--extcap-interface=x"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert asked.stdout.startswith("dlt {number=283}")
    assert run(["extcap", "--install", "--path", str(folder)]) == 0  # once more does no harm
    assert run(["extcap", "--uninstall", "--path", str(folder)]) == 0
    assert list(folder.iterdir()) == []
    assert run(["extcap", "--uninstall", "--path", str(folder)]) == 2
    assert capsys.readouterr().err.startswith(f"lowpan: {launcher}: is not there\n")


@pytest.mark.parametrize("option", ["--install", "--uninstall"])
def test_a_strange_file_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    strange = tmp_path / "lowpan"
    strange.write_bytes(b"\xff not ours")
    assert run(["extcap", option, "--path", str(tmp_path)]) == 2
    assert "there is another file of that name" in capsys.readouterr().err
    assert strange.read_bytes() == b"\xff not ours"


def test_a_folder_that_cannot_be_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["extcap", "--install", "--path", "/dev/null/x"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "lowpan: /dev/null/x/lowpan: Not a directory",
        "lowpan: name a folder that can be written with --path",
    ]


def test_the_launcher_survives_names_with_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "exec '/a b/python' -m lowpan.cli extcap \"$@\"\n" in launcher_text("/a b/python")
    monkeypatch.setattr("sys.platform", "win32")
    text = launcher_text("C:\\a b\\python.exe")
    assert text == f'@rem {MARK}\r\n@"C:\\a b\\python.exe" -m lowpan.cli extcap %*\r\n'


FOLDERS = [
    (
        "Temp:\t/tmp\nPersonal Extcap path:\t/usr/a/extcap\nPersonal configuration:\t/c\n",
        "/usr/a/extcap",
    ),
    ("Personal configuration:\t/c\nExtcap path:\t/usr/lib/extcap\n", "/c/extcap"),
    ("", "~/.local/lib/wireshark/extcap"),
]


@pytest.mark.parametrize(("said", "folder"), FOLDERS)
def test_the_folder_is_the_one_that_tshark_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, folder: str
) -> None:
    text = tmp_path / "said"
    text.write_text(said)
    program = tmp_path / "tshark"
    program.write_text(f'#!/bin/sh\n[ "$*" = "-G folders" ] && cat {text}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert extcap_folder() == Path(folder).expanduser()


def test_without_tshark_the_folder_is_that_of_the_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nosuch")
    assert extcap_folder() == Path("~/.local/lib/wireshark/extcap").expanduser()


# Wireshark's own part


@pytest.fixture
def tshark(
    require_peer: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Return the function that runs a tshark into which lowpan is installed."""
    program = require_peer("tshark")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "wireshark").mkdir(parents=True)
    monkeypatch.setenv("LOWPAN_EXTCAP_RADIOS", REPLAY)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, ROOT / "radios"))))
    assert list(extcap_installing.install(None))

    def run_tshark(*arguments: str) -> str:
        command = [program, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path
        )
        assert "Error by extcap pipe" not in done.stderr
        return done.stdout

    return run_tshark


def test_tshark_finds_the_radio_and_captures_from_it(tshark: Callable[..., str]) -> None:
    assert f" {REPLAY} (lowpan: {REPLAY})" in tshark("-D")
    shown = tshark("-i", REPLAY, "-c", "5", "-T", "fields", "-e", "frame.number", "-e", "mle.cmd")
    assert [line.split("\t")[0] for line in shown.splitlines()] == ["1", "2", "3", "4", "5"]
