"""`lowpan sniff RADIO`, with radios that do as the test says, and with replays."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from lowpan.capture.reader import open_records
from lowpan.capture.record import Record
from lowpan.capture.session import open_capture
from lowpan.capture.writer import CaptureWriter, open_writer
from lowpan.cli import live, live_frames, run
from lowpan.cli.live_counts import Silence
from lowpan.errors import RadioError
from lowpan.radio import Fcs, Happening, RadioCapability, RadioSettings
from tests.cli.commands import ATTACH, KEY, lowpan, pipe_of, start
from tests.peers.scripted import BEGIN_NS, Script, ScriptedRadio, install

AT_ONCE = f"replay:{ATTACH}?speed=max"

Sniff = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOWPAN_KEYS", raising=False)


@pytest.fixture
def sniff(capfd: pytest.CaptureFixture[str]) -> Sniff:
    """Return the function that runs `lowpan sniff` here: status, output, lines of errors."""

    def sniffed(*arguments: object) -> tuple[int, str, list[str]]:
        status = run(["sniff", *map(str, arguments)])
        out, errors = capfd.readouterr()
        lines = errors.splitlines()
        assert all(line.startswith("lowpan: ") for line in lines)
        return status, out, [line.removeprefix("lowpan: ") for line in lines]

    return sniffed


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], ScriptedRadio]:
    """Return the function that makes `scripted:` a radio with that script."""

    def made(script: Script) -> ScriptedRadio:
        return install(monkeypatch, ScriptedRadio("scripted:", script))

    return made


async def two_frames(radio: ScriptedRadio) -> None:
    radio.hear(1)
    radio.hear(2)


FORMS = [
    ["-x", "--key", KEY],
    ["-v", "-x", "-c", "5"],
    ["-T", "json", "--key", KEY],
    ["-T", "fields", "-e", "frame.number", "-e", "frame.time_epoch", "-e", "mle.cmd"],
]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_shown_is_what_is_shown_of_the_capture(
    sniff: Sniff, tmp_path: Path, form: list[str]
) -> None:
    path = tmp_path / "heard.pcapng"
    status, shown, _ = sniff(AT_ONCE, *form, "-w", path)
    assert status == 0
    assert shown == _read_without_looking_ahead(path, form)


def _read_without_looking_ahead(path: Path, form: list[str]) -> str:
    """Return what lowpan shows of a capture that comes through a pipe, as a radio's frames do."""
    with path.open("rb") as file:
        done = lowpan("sniff", "-", *form, stdin=file)
    assert done.stderr == ""
    return done.stdout


def test_it_says_who_answered_where_it_listens_and_what_it_heard(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio]
) -> None:
    scripted(two_frames)
    status, shown, said = sniff("scripted:", "--channel", 20)
    assert status == 0
    assert [line.split()[:6] for line in shown.splitlines()] == [
        ["1", "0.000000", "ch", "20", "-60", "dBm"],
        ["2", "0.001000", "ch", "20", "-60", "dBm"],
    ]
    assert said[0] == "scripted:: scripted 1.0; listens on channel 20"
    assert said[1].startswith("2 frames in ")
    assert said[1].endswith(" s, 0 with bad FCS, 0 undecrypted")
    assert len(said) == 2


def test_it_hops(sniff: Sniff, scripted: Callable[[Script], ScriptedRadio]) -> None:
    async def script(radio: ScriptedRadio) -> None:
        for number in range(1, 5):
            await radio.until(lambda: len(radio.tuned) > number)  # noqa: B023 - awaited here
            radio.hear(number)

    radio = scripted(script)
    fields = ["-T", "fields", "-e", "wpan-tap.ch_num"]
    status, shown, said = sniff("scripted:", "--channel", "15,20", "--hop", "10ms", *fields)
    assert status == 0
    assert shown.split() == ["15", "20", "15", "20"]
    assert said[0] == "scripted:: scripted 1.0; listens on channels 15, 20, 10 ms on each"
    assert said[-1].endswith("; by channel 15: 2, 20: 2")
    assert radio.tuned[:5] == [15, 15, 20, 15, 20]


async def told(radio: ScriptedRadio) -> None:
    radio.hear(1, fcs_octets=b"\x01\x02", fcs=Fcs.BAD)
    radio.hear(2, rssi=None, lqi=None, channel=None, page=None)
    radio.hear(3, fcs=Fcs.BAD)
    radio.hear(4, page=2, channel=5, rssi=-71.5, lqi=0)


def test_the_capture_tells_what_the_radio_told(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio], tmp_path: Path
) -> None:
    scripted(told)
    path = tmp_path / "heard.pcapng"
    assert sniff("scripted:", "-w", path)[:2] == (0, "")
    records = list(open_records(path))
    first = records[0]
    assert (first.interface.link_type, first.interface.name) == (283, "scripted:")
    assert first.interface.description == "scripted 1.0"
    frames = [record.interface.frame_of(record) for record in records]
    assert [(f.channel, f.page, f.rssi, f.lqi) for f in frames] == [
        (11, 0, -60.0, 200),
        (None, None, None, None),
        (11, 0, -60.0, 200),
        (5, 2, -71.5, 0),
    ]
    assert [frame.time_ns for frame in frames] == [BEGIN_NS + n * 1_000_000 for n in range(1, 5)]
    assert (frames[0].fcs, frames[0].fcs_octets) == (Fcs.BAD, b"\x01\x02")
    assert [record.comments for record in records] == [
        (),
        (),
        ("bad FCS, says the radio, and keeps it",),
        (),
    ]


def test_tshark_reads_what_the_radio_told(
    sniff: Sniff,
    scripted: Callable[[Script], ScriptedRadio],
    tmp_path: Path,
    require_peer: Callable[[str], str],
) -> None:
    scripted(told)
    path = tmp_path / "heard.pcapng"
    sniff("scripted:", "-w", path)
    names = ["wpan-tap.ch_num", "wpan-tap.rss", "wpan-tap.lqi", "wpan.seq_no", "frame.time_epoch"]
    fields = [word for name in names for word in ("-e", name)]
    command = [require_peer("tshark"), "-r", str(path), "-T", "fields", *fields]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert [line.split("\t") for line in shown.splitlines()] == [
        ["11", "-60", "200", "1", "1700000000.001000000"],
        ["", "", "", "2", "1700000000.002000000"],
        ["11", "-60", "200", "3", "1700000000.003000000"],
        ["5", "-71.5", "0", "4", "1700000000.004000000"],
    ]


async def unplugged(radio: ScriptedRadio) -> None:
    radio.hear(1)
    radio.happens(Happening.LOST, "the line is gone")
    radio.happens(Happening.SAID, "boot\x1b[2J")
    radio.happens(Happening.RETURNED, "scripted 1.0")
    radio.hear(2)
    radio.happens(Happening.RESET, "watchdog")
    radio.hear(3)
    radio.hear(4)


def test_unplugging_is_told_and_marked_in_the_capture(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio], tmp_path: Path
) -> None:
    scripted(unplugged)
    path = tmp_path / "heard.pcapng"
    status, _, said = sniff("scripted:", "-w", path)
    assert status == 0
    assert said[1:-1] == [
        "scripted:: radio lost: the line is gone",
        "scripted:: radio returned: scripted 1.0",
        "scripted:: radio reset: watchdog",
    ]
    assert said[-1].endswith("lost and back 1 times, 1 resets")
    comments = [record.comments for record in open_records(path)]
    assert comments == [
        (),
        ("radio lost: the line is gone", "radio returned after 0.0 s: scripted 1.0"),
        ("radio reset: watchdog",),
        (),
    ]


def test_the_firmware_s_log_is_told_if_all_is_wanted_and_gives_the_terminal_no_orders(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio]
) -> None:
    scripted(unplugged)
    _, _, said = sniff("scripted:", "-v")
    assert "scripted:: radio said: boot\\x1b[2J" in said


def test_silence_is_explained(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "Silence", partial(Silence, first=0.05))
    monkeypatch.setattr(live_frames, "TICK_S", 0.01)

    async def script(radio: ScriptedRadio) -> None:
        radio.statistics.octets = 123
        await asyncio.sleep(0.1)  # what is tested is that time passes
        radio.hear(1)

    scripted(script)
    status, _, said = sniff("scripted:", "--channel", 15)
    assert status == 0
    assert said[1:3] == [
        "no frame for 0 s: 123 octets from the radio, unknown how many frames dropped, "
        "channel 15, page 0, promiscuous, so without filter",
        "the network may be on another channel: --channel 11-26 --hop 2s listens on all,"
        " `lowpan scan` asks on all",
    ]
    assert len(said) == 4


def test_a_radio_that_fails_for_good_is_cause_and_cure(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(radio: ScriptedRadio) -> None:
        radio.hear(1)

    radio = scripted(script)
    real, calls = radio.next_event, iter([True])

    async def failing() -> object:
        if next(calls, False):
            return await real()
        raise RadioError("scripted:: burnt", "buy another")

    monkeypatch.setattr(radio, "next_event", failing)
    status, shown, said = sniff("scripted:")
    assert status == 2
    assert shown.count("\n") == 1
    assert said[-2:] == ["scripted:: burnt", "buy another"]


MISTAKES: list[tuple[list[object], str, str]] = [
    (["replay:nosuch.pcap"], "replay:nosuch.pcap: nosuch.pcap: No such file", "give the path"),
    ([AT_ONCE, "--channel", "x"], "--channel: 'x' names no channels", "--channel takes a channel"),
    ([AT_ONCE, "--hop", "1s"], "--hop without several channels", "add --channel"),
    ([AT_ONCE, "-w", "-", "-v"], "-w - writes the capture where", "give -w a file"),
    ([AT_ONCE, "-w", "/nosuch/x"], "/nosuch/x: No such file", "name a file that can be written"),
    ([ATTACH, "--channel", "15"], "--channel is for radios", "leave it out, or give a radio"),
    ([ATTACH, "--page", "0"], "--page is for radios", "leave it out, or give a radio"),
    ([ATTACH, "--wireshark"], "--wireshark is for radios", "leave it out, or give a radio"),
]


@pytest.mark.parametrize(("arguments", "cause", "cure"), MISTAKES)
def test_mistakes(sniff: Sniff, arguments: list[object], cause: str, cure: str) -> None:
    status, shown, said = sniff(*arguments)
    assert (status, shown) == (2, "")
    said = [line for line in said if "replay of" not in line and "frames in" not in line]
    assert said[0].startswith(cause)
    assert said[1].startswith(cure)
    assert len(said) == 2


def test_the_capture_that_is_replayed_is_not_overwritten(sniff: Sniff, tmp_path: Path) -> None:
    path = tmp_path / "only.pcap"
    path.write_bytes(ATTACH.read_bytes())
    said = [f"{path}: that is the capture that is read", "name another file"]
    assert sniff(f"replay:{path}?speed=max", "-w", path) == (2, "", said)
    assert path.read_bytes() == ATTACH.read_bytes()


def test_wireshark_is_missing(sniff: Sniff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nosuch")
    status, _, said = sniff(AT_ONCE, "--wireshark")
    assert status == 2
    assert said[0] == "--wireshark: there is no program wireshark in PATH"
    assert "install it" in said[1]


def test_wireshark_is_started_on_what_is_heard(tmp_path: Path) -> None:
    program = tmp_path / "wireshark"
    heard = tmp_path / "heard.pcapng"
    program.write_text(
        f'#!/bin/sh\n[ "$*" = "-k -i -" ] && cat > {heard}.part; mv {heard}.part {heard}\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = lowpan("sniff", AT_ONCE, "--wireshark", env={**os.environ, "PATH": path})
    assert (done.returncode, done.stdout) == (0, "")
    wait_until(heard.exists)
    assert len(list(open_records(heard))) == len(list(open_records(ATTACH)))


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for another process to make `condition` true."""
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end
        os.sched_yield()


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


def records() -> list[Record]:
    return list(open_records(ATTACH))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_ends_it_with_a_whole_file_and_the_summary(
    growing: tuple[Path, CaptureWriter], tmp_path: Path, number: int
) -> None:
    path, writer = growing
    heard = tmp_path / "heard.pcapng"
    process = start(
        "sniff", f"replay:{path}?speed=max", "-T", "fields", "-e", "frame.number", "-w", heard
    )
    for record in records()[:3]:
        writer.copy(record)
    lines = [pipe_of(process.stdout).readline() for _ in range(3)]  # without delay
    process.send_signal(number)
    out, errors = process.communicate(timeout=10)
    assert (process.returncode, out, lines) == (0, b"", [b"1\n", b"2\n", b"3\n"])
    assert b"lowpan: 3 frames in " in errors
    assert errors.count(b"\n") == 2
    with open_capture(heard) as capture:
        assert len(list(capture)) == 3
        assert capture.damage is None


@pytest.mark.parametrize("form", [[], ["-w", "-"]])
def test_a_reader_that_goes_ends_it_though_nothing_is_heard(
    growing: tuple[Path, CaptureWriter], form: list[str]
) -> None:
    path, writer = growing
    process = start("sniff", f"replay:{path}?speed=max", *form)
    writer.copy(records()[0])
    assert pipe_of(process.stdout).read(10)
    pipe_of(process.stdout).close()
    process.stdout = None
    errors = pipe_of(process.stderr).read()
    assert process.wait(timeout=10) == 0
    assert errors.count(b"\n") == 1  # who answered, and nothing of pipes
    pipe_of(process.stderr).close()
    pipe_of(process.stdin).close()


def test_frames_go_through_a_pipe_as_they_come(
    growing: tuple[Path, CaptureWriter], require_peer: Callable[[str], str]
) -> None:
    """The way to `wireshark -k -i -`, with tshark at its end."""
    path, writer = growing
    process = start("sniff", f"replay:{path}?speed=max", "-w", "-")
    command = [
        require_peer("tshark"),
        "-l",
        "-i",
        "-",
        "-T",
        "fields",
        "-e",
        "wpan.seq_no",
        "-c",
        "2",
    ]
    reader = subprocess.Popen(
        command, stdin=process.stdout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    pipe_of(process.stdout).close()
    process.stdout = None
    for record in records()[:2]:
        writer.copy(record)
    out, _ = reader.communicate(timeout=20)
    assert len(out.split()) == 2
    assert process.wait(timeout=10) == 0
    pipe_of(process.stderr).close()
    pipe_of(process.stdin).close()


def test_sniffing_of_files_imports_nothing_of_radios() -> None:
    script = (
        "import sys; from lowpan.cli import run; "
        f"run(['sniff', {str(ATTACH)!r}, '-c', '1']); "
        "print([name for name in ('asyncio', 'rich', 'lowpan.aio') if name in sys.modules])"
    )
    run_ = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert run_.stdout.splitlines()[-1] == "[]"


def test_help_names_the_schemes() -> None:
    said = lowpan("sniff", "--help").stdout
    for scheme in ("spinel:", "replay:", "zep:"):
        assert scheme in said


def test_silence_is_counted_anew_when_the_radio_is_back(
    sniff: Sniff,
    scripted: Callable[[Script], ScriptedRadio],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = list[float]()

    class Recorded(Silence):
        def heard(self, now: float) -> None:
            begun.append(now)

    async def script(radio: ScriptedRadio) -> None:
        radio.happens(Happening.SAID, "hello")
        radio.happens(Happening.LOST, "unplugged")
        radio.happens(Happening.RETURNED, "tuned as before")

    monkeypatch.setattr(live, "Silence", Recorded)
    scripted(script)
    assert sniff("scripted:")[0] == 0
    assert len(begun) == 2


def test_settings_of_a_radio_that_filters_are_told(
    sniff: Sniff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "Silence", partial(Silence, first=0.0))

    async def script(radio: ScriptedRadio) -> None:
        radio.statistics.filtered = 7
        radio.statistics.dropped_by_radio = 3
        radio.happens(Happening.SAID, "hello")

    radio = ScriptedRadio("scripted:", script, capabilities=RadioCapability.TRANSMIT)
    radio.settings = RadioSettings(promiscuous=False, pan_id=0xABCD, short_address=1)
    install(monkeypatch, radio)
    _, _, said = sniff("scripted:")
    assert said[1] == (
        "no frame for 0 s: 0 octets from the radio, 7 frames for others left out, "
        "3 frames dropped, channel 11, page 0, "
        "not promiscuous, filter: PAN 0xabcd, short address 0x0001"
    )
    assert said[2].startswith("the filter may leave out")
