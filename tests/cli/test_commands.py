"""The commands beside sniff, and what the command line as a whole does."""

from io import StringIO
from types import SimpleNamespace
from typing import cast

import pytest

import lowpan
from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.fields import ALL_FIELDS
from lowpan.capture.reader import Records
from lowpan.capture.statistics import Statistics
from lowpan.cli import COMMANDS, group, output, progress, run
from lowpan.cli.source import Patient
from lowpan.cli.tables import plain_tables, print_rich_tables
from tests.capture.made_frames import frames_of
from tests.cli.commands import lowpan as lowpan_process


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"lowpan {lowpan.__version__}\n"


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    bare = capsys.readouterr().out
    assert run(["--help"]) == 0
    assert capsys.readouterr().out == bare
    assert all(f"  {name}" in bare for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_there_and_says_what_the_list_says(name: str) -> None:
    command = group.get_command(cast("object", None), name)  # type: ignore[arg-type]
    assert command is not None
    assert command.get_short_help_str(200) == COMMANDS[name]


def test_fields_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fields"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [field.name for field in ALL_FIELDS]


def test_fields_filters(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fields", "frag.tag"]) == 0
    assert capsys.readouterr().out == "6lowpan.frag.tag  0x and 4 digits  Datagram tag\n"
    assert run(["fields", "zzzz"]) == 2
    assert capsys.readouterr().err == (
        "lowpan: no field has 'zzzz' in it\nlowpan: `lowpan fields` lists them all\n"
    )


def test_lines_wait_for_each_other_and_not_too_long(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    lines = output.Output()
    for number in range(output.MOST_LINES - 1):
        lines.line(str(number))
    assert capsysbinary.readouterr().out == b""
    lines.line("last")
    assert capsysbinary.readouterr().out.endswith(b"510\nlast\n")


class Terminal(StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        return True


def records_of(size: int | None) -> Records:
    return cast("Records", SimpleNamespace(size=size, name="long.pcap", position=10))


@pytest.fixture
def frames() -> list[DecodedFrame]:
    return list(frames_of())


def test_a_bar_lets_every_frame_pass(
    monkeypatch: pytest.MonkeyPatch, frames: list[DecodedFrame]
) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    watched = progress.watched(iter(frames), records_of(progress.LEAST_SIZE), wanted=True)
    assert list(watched) == frames
    assert "long.pcap" in screen.getvalue()


@pytest.mark.parametrize(
    ("size", "wanted", "terminal"),
    [
        (progress.LEAST_SIZE - 1, True, True),
        (None, True, True),
        (progress.LEAST_SIZE, False, True),
        (progress.LEAST_SIZE, True, False),
    ],
)
def test_no_bar_where_it_is_of_no_use(
    monkeypatch: pytest.MonkeyPatch,
    frames: list[DecodedFrame],
    size: int | None,
    wanted: bool,
    terminal: bool,
) -> None:
    monkeypatch.setattr("sys.stderr", Terminal() if terminal else StringIO())
    assert progress.watched(frames, records_of(size), wanted=wanted) is frames


def test_lines_are_written_before_more_octets_are_awaited() -> None:
    order: list[str] = []

    class File:
        def read(self, size: int) -> bytes:
            order.append(f"read {size}")
            return b"x"

        def fileno(self) -> int:
            return -1

    patient = Patient(File(), "-", lambda: order.append("flush"))
    assert patient.read(5) == b"x"
    assert order == ["flush", "read 5"]


def test_python_m_runs_the_command() -> None:
    done = lowpan_process("--version")
    assert (done.returncode, done.stdout) == (0, f"lowpan {lowpan.__version__}\n")


def test_tables_say_on_a_terminal_what_they_say_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    statistics = Statistics()
    for decoded in frames_of():
        statistics.add(decoded)
    print_rich_tables(statistics)
    rich = capsys.readouterr().out
    for line in plain_tables(statistics):
        assert all(word in rich for word in line.split())
