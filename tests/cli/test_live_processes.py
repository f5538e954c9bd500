"""`lowpan sniff RADIO` in a process of its own: Wireshark, signals, pipes."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from lowpan.capture.reader import open_records
from lowpan.capture.record import Record
from lowpan.capture.session import open_capture
from lowpan.capture.writer import CaptureWriter, open_writer
from tests.cli.commands import ATTACH, lowpan, pipe_of, start
from tests.cli.sniffed import AT_ONCE


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOWPAN_KEYS", raising=False)


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
