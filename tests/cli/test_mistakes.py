"""What users do wrong, what files are like, and how a command is stopped."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lowpan.cli import run, sniffing
from tests.cli.commands import ATTACH, FRAGMENTS, KEY, ROOT, lowpan, pipe_of, start

FIELDS = ["-T", "fields", "-e", "frame.number"]


Mistakes = Callable[..., list[str]]


@pytest.fixture
def mistakes(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Mistakes:
    """Return the function that gives what lowpan says when a mistake stops it."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("LOWPAN_KEYS", raising=False)

    def said(*arguments: object) -> list[str]:
        assert run(list(map(str, arguments))) == 2
        out, errors = capfd.readouterr()
        lines = errors.splitlines()
        assert out == ""
        assert all(line.startswith("lowpan: ") for line in lines)
        return [line.removeprefix("lowpan: ") for line in lines]

    return said


NOT_A_KEY = KEY[:-1] + "g"
FILE_CURE = (
    "give the path of a pcap or pcapng file, or - for standard input;"
    " or a radio such as spinel:/dev/ttyACM0"
)


@pytest.mark.parametrize(
    ("arguments", "cause", "cure"),
    [
        (["nosuch.pcap"], "nosuch.pcap: No such file or directory", FILE_CURE),
        (["tests"], "tests: Is a directory", FILE_CURE),
        (["/dev/null"], "/dev/null: the file is empty", FILE_CURE),
        (["README.md"], "README.md: neither pcap nor pcapng", FILE_CURE),
        (["a", "-r", "b"], "Give one CAPTURE or RADIO.", "`lowpan sniff --help` lists"),
        (["nosuch:/dev/tty"], "nosuch:/dev/tty: no such file, and no driver nosuch", "there are"),
        ([ATTACH, "--nonsense"], "No such option", "`lowpan sniff --help` lists"),
        ([ATTACH, "-c", "x"], "Invalid value for '-c'", "`lowpan sniff --help` lists"),
        ([ATTACH, "-T", "pdml"], "Invalid value for '-T'", "`lowpan sniff --help` lists"),
        ([ATTACH, "--key", NOT_A_KEY], "--key: a Thread network key is written", "--key takes 32"),
        ([ATTACH, "--key", KEY[2:]], "--key: a Thread network key has 16 octets, not 15", "--key"),
        ([ATTACH, "--raw-key", f"{KEY},mode=9"], "--raw-key: key identifier mode", "--raw-key"),
        ([ATTACH, "--dataset", "0e08"], "--dataset: ", "--dataset takes the TLVs"),
        ([ATTACH, "--keys", "nosuch"], "--keys: nosuch: No such file", "--keys takes lines"),
        ([ATTACH, "--profile", "nosuch"], "--profile: nosuch: no Wireshark profile", "--profile"),
        ([ATTACH, "--context", "99=::/64"], "--context: a context is written", "--context takes N"),
        ([ATTACH, "-T", "fields"], "-T fields without -e FIELD", "`lowpan fields` lists"),
        ([ATTACH, "-T", "fields", "-e", "x.y"], "x.y is no field", "`lowpan fields` lists"),
        ([ATTACH, "-e", "frame.len"], "-e FIELD without -T", "add -T fields"),
        ([ATTACH, "-E", "header=y"], "-E without -T fields", "add -T fields"),
        ([ATTACH, *FIELDS, "-E", "head=y"], "-E head=y: there is no such", "-E takes header=y|n"),
        ([ATTACH, *FIELDS, "-E", "separator="], "-E separator=: ", "-E takes header=y|n"),
        ([ATTACH, *FIELDS, "-v"], "-v and -x do not go with -T fields", "leave them out"),
        ([ATTACH, "--stats", "-x"], "--stats shows counts only", "use --stats alone"),
        ([ATTACH, "-w", "-", "-x"], "-w - writes the capture where", "give -w a file"),
    ],
)
def test_a_mistake_is_said_with_its_cure(
    mistakes: Mistakes, arguments: list[object], cause: str, cure: str
) -> None:
    said = mistakes("sniff", *arguments)
    assert [len(said), said[0].startswith(cause), said[1].startswith(cure)] == [2, True, True], said
    assert not [line for line in said if NOT_A_KEY in line or KEY[2:] in line]


def test_unknown_command(mistakes: Mistakes) -> None:
    assert mistakes("snif")[0].startswith("No such command 'snif'")


def test_exit_status_and_streams_of_a_process() -> None:
    done = lowpan("sniff", "nosuch.pcap")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"lowpan: nosuch.pcap: No such file or directory\nlowpan: {FILE_CURE}\n")


def test_bad_key_in_the_environment() -> None:
    done = lowpan("sniff", ATTACH, env={**os.environ, "LOWPAN_KEYS": f"thread {NOT_A_KEY}"})
    assert done.returncode == 2
    assert done.stderr.startswith("lowpan: LOWPAN_KEYS, line 1: ")
    assert NOT_A_KEY not in done.stderr


def test_the_capture_that_is_read_is_not_overwritten(mistakes: Mistakes, tmp_path: Path) -> None:
    path = tmp_path / "only.pcap"
    path.write_bytes(ATTACH.read_bytes())
    assert mistakes("sniff", path, "-w", path) == [
        f"{path}: that is the capture that is read",
        "name another file",
    ]
    assert path.read_bytes() == ATTACH.read_bytes()


def test_a_file_that_cannot_be_written(mistakes: Mistakes, tmp_path: Path) -> None:
    said = mistakes("sniff", ATTACH, "-w", tmp_path / "no" / "where.pcap")
    assert said[0].endswith("No such file or directory")


def test_a_damaged_file_gives_its_frames_first(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(ATTACH.read_bytes()[:-10])
    done = lowpan("sniff", path, *FIELDS)
    assert done.stdout.split() == [str(number) for number in range(1, 59)]
    assert done.returncode == 2
    assert done.stderr.startswith(f"lowpan: {path}: octet ")
    assert done.stderr.count("\n") == 1


def test_a_damaged_file_is_copied_as_far_as_it_goes(tmp_path: Path) -> None:
    path, copy = tmp_path / "cut.pcap", tmp_path / "copy.pcap"
    path.write_bytes(ATTACH.read_bytes()[:-10])
    done = lowpan("sniff", path, "-w", copy)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"lowpan: {path}: octet ")
    assert lowpan("sniff", copy, *FIELDS).stdout.split()[-1] == "58"


@pytest.mark.parametrize("options", [[], ["-x"], ["-T", "json"], ["-w", "-"]])
def test_a_closed_pipe_ends_quietly(options: list[str]) -> None:
    process = start("sniff", FRAGMENTS, "--key", KEY, *options)
    pipe_of(process.stdin).close()
    assert pipe_of(process.stdout).read(1)
    pipe_of(process.stdout).close()
    assert pipe_of(process.stderr).read() == b""
    assert process.wait(60) == 0
    pipe_of(process.stderr).close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize(
    ("options", "seen"), [(FIELDS, b"1\n2\n3\n"), (["--stats", "-T", "json"], b'{"frames": 3,')]
)
def test_interruption_ends_quietly_with_what_was_read(options: list[str], seen: bytes) -> None:
    process = start("sniff", "-", *options)
    octets = ATTACH.read_bytes()
    pipe_of(process.stdin).write(octets[: octets_of_frames(octets, 3) + 7])
    pipe_of(process.stdin).flush()
    lines = b"".join(pipe_of(process.stdout).readline() for _ in range(3 * (options is FIELDS)))
    assert lines == (seen if options is FIELDS else b"")  # they do not wait for more
    if options is not FIELDS:
        wait_until_it_reads(process.pid)
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    assert (lines + rest).startswith(seen)
    assert errors == b""
    assert process.returncode == 0


def octets_of_frames(pcap: bytes, count: int) -> int:
    """Return how long the file is up to the end of its first `count` frames."""
    at = 24
    for _ in range(count):
        at += 16 + int.from_bytes(pcap[at + 8 : at + 12], "little")
    return at


def wait_until_it_reads(pid: int) -> None:
    """Return once the process waits in read() for its standard input."""
    for _ in range(3000):
        state = Path(f"/proc/{pid}/wchan")
        try:
            if "pipe" in state.read_text():
                return
        except OSError:
            break
        time.sleep(0.01)
    time.sleep(5.0)


def test_internal_mistakes_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(options: object) -> int:
        raise ZeroDivisionError(str(options is None))

    monkeypatch.setattr(sniffing, "sniff", broken)
    with pytest.raises(ZeroDivisionError):
        run(["sniff", str(ATTACH)])
