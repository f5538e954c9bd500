"""The terminal below a radio's frames, and what is counted for it."""

import os
import pty
import re
import subprocess
from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace
from typing import cast

import pytest

from lowpan.aio.live_radio import LiveRadio
from lowpan.aio.tuning import Tuning
from lowpan.capture.decoded import DecodedFrame, Outcome, Protection
from lowpan.cli import live_output
from lowpan.cli.live_counts import LiveCounts, Silence
from lowpan.cli.live_output import StatusLine
from lowpan.cli.live_texts import (
    beginning,
    channel_names,
    silence_text,
    status_text,
    undecrypted_text,
)
from lowpan.radio import Fcs, RadioSettings, RadioStatistics, ReceivedFrame
from tests.cli.commands import ATTACH, LOWPAN, ROOT


def test_each_silence_is_told_once_and_later_each_time() -> None:
    silence = Silence(0.0, first=10.0)
    assert silence.due(9.9) is None
    assert silence.due(10.5) == 10.5
    assert silence.due(1000.0) is None
    silence.heard(1000.0)
    assert silence.due(1019.9) is None
    assert silence.due(1020.0) == 20.0


def test_the_time_until_silence_is_told_is_bounded() -> None:
    silence = Silence(0.0, first=10.0)
    for now in range(0, 10_000, 1000):
        silence.heard(now)
        silence.due(now + 999)
    silence.heard(10_000)
    assert silence.due(10_160) == 160


def frame(channel: int | None = 15, fcs: Fcs = Fcs.GOOD) -> DecodedFrame:
    return DecodedFrame(1, ReceivedFrame(b"\x02\x00\x01", fcs, channel=channel), 3)


def counted() -> LiveCounts:
    counts = LiveCounts(0.0)
    closed = frame(fcs=Fcs.BAD)
    closed.protection = Protection(Outcome.NO_KEY)
    opened = frame(channel=None)
    opened.protection = Protection(Outcome.DECRYPTED)
    for each in (closed, opened, frame()):
        counts.add(each)
    return counts


def test_counts() -> None:
    counts = counted()
    assert (counts.frames, counts.bad_fcs, counts.undecrypted) == (3, 1, 1)
    assert dict(counts.channels) == {15: 2}


def test_why_frames_were_not_decrypted() -> None:
    counts = LiveCounts(0.0)
    assert undecrypted_text(counts) == "0 undecrypted"
    for why in (Outcome.NO_KEY, Outcome.NO_ADDRESS, Outcome.NO_ADDRESS):
        closed = frame()
        closed.protection = Protection(why)
        counts.add(closed)
    assert undecrypted_text(counts) == "3 undecrypted (2 no address and 1 no key)"


def test_the_rate_is_that_of_the_last_seconds() -> None:
    counts = LiveCounts(0.0)
    rates: list[float] = []
    for second in range(1, 20):
        for _ in range(10 if second < 10 else 0):
            counts.add(frame())
        rates.append(counts.rate(float(second)))
    assert rates[:9] == [10.0] * 9
    assert rates[-1] == 0.0
    assert counts.rate(19.0) == 0.0


def heard(
    *,
    lost: bool = False,
    everywhere: bool = False,
    tuning: Tuning | None = None,
    **more: int,
) -> LiveRadio:
    radio = SimpleNamespace(
        uri="x:",
        description="1.0",
        hears_all_channels=everywhere,
        settings=RadioSettings(channel=15),
    )
    radio.statistics = RadioStatistics(**more)
    made = SimpleNamespace(radio=radio, is_lost=lost, tuning=tuning or Tuning())
    return cast("LiveRadio", made)


def test_status() -> None:
    counts = counted()
    status = "3 frames  3.0/s  1 bad FCS  1 undecrypted  channel 15"
    assert status_text(counts, heard(), 1.0) == status
    text = status_text(
        counts, heard(lost=True, everywhere=True, dropped_by_radio=2, overflowed=1), 1.0
    )
    assert text.startswith("no radio: waits for it to return  3 frames")
    assert "  3 dropped by the radio  " in text
    assert "channel" not in text


def test_where_it_listens() -> None:
    assert beginning(heard()) == "x:: 1.0; listens on channel 15"
    assert beginning(heard(everywhere=True)) == "x:: 1.0; listens on all channels"
    hopping = beginning(heard(tuning=Tuning(tuple(range(11, 27)), hop_s=1.5)))
    assert hopping == "x:: 1.0; listens on channels 11-26, 1500 ms on each"


def test_names_of_channels() -> None:
    assert channel_names((11, 12, 13)) == "11-13"
    assert channel_names((11, 12)) == "11, 12"
    assert channel_names((13, 12, 11)) == "13, 12, 11"


@pytest.mark.parametrize(
    ("live", "fact", "cure"),
    [
        (heard(lost=True), "0 octets from the radio", "the radio is away"),
        (heard(octets=9, garbage=4), "9 octets from the radio, 4 of them no messages", "another f"),
        (heard(damaged=4), "4 messages damaged", "another firmware or baud rate"),
        (heard(octets=900, garbage=4), "4 of them no messages", "the network may be on another"),
        (heard(damaged=4, frames=9), "4 messages damaged", "the network may be on another"),
        (heard(tuning=Tuning((11, 12))), "channel 15, page 0", "a network that speaks seldom"),
        (heard(everywhere=True), "all channels, promiscuous", "no network may be near"),
        (heard(dropped_by_radio=0), "0 frames dropped", "the network may be on another channel"),
        (heard(filtered=3), "3 frames of other channels left out", "the network is on another ch"),
        (heard(filtered=3, everywhere=True), "3 frames of other networks left", "no network may"),
    ],
)
def test_what_is_said_of_silence(live: LiveRadio, fact: str, cure: str) -> None:
    cause, said = silence_text(live, 10.4)
    assert cause.startswith("no frame for 10 s: ")
    assert fact in cause
    assert said.startswith(cure)


class Terminal(StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        return True


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Let standard error be a terminal."""
    made = Terminal()
    monkeypatch.setattr("sys.stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    return made


def shown_by(terminal: Terminal) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())


def test_the_status_line_steps_aside_for_text(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    line = StatusLine()
    assert line.is_wanted
    line.show(lambda: "3 frames")
    line.tell("radio lost")
    line.show(lambda: "not made so soon")
    line.hide()
    erase = "\r\x1b[2K"
    assert shown_by(terminal) == f"3 frames{erase}lowpan: radio lost\n3 frames{erase}"


def test_the_status_line_is_cut_to_the_terminal_and_gives_it_no_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = a_terminal(monkeypatch)
    StatusLine().show(lambda: "\x1b[2J a text that is much too long")
    assert shown_by(terminal) == r"\x1b[2J a text that…"[:18] + "…"


def test_the_status_line_is_not_painted_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = a_terminal(monkeypatch)
    now = [100.0]
    monkeypatch.setattr(live_output, "monotonic", lambda: now[0])
    made: list[str] = []

    def text() -> str:
        made.append("x")
        return "x" * len(made)

    line = StatusLine()
    for step in (0.0, 0.01, 0.05, 0.05):
        now[0] += step
        line.show(text)
    assert len(made) == 2
    assert shown_by(terminal) == "x\r\x1b[2Kxx"


@pytest.mark.parametrize("term", ["dumb", None])
def test_no_status_line_where_there_is_no_terminal_for_it(
    monkeypatch: pytest.MonkeyPatch, term: str | None
) -> None:
    monkeypatch.setattr("sys.stderr", Terminal() if term else StringIO())
    monkeypatch.setenv("TERM", term or "xterm")
    line = StatusLine()
    assert not line.is_wanted
    line.show(lambda: pytest.fail("nobody would see it"))


def on_terminal(*arguments: str) -> str:
    """Return what a terminal gets when lowpan runs on it, output and errors."""
    outer, inner = pty.openpty()
    command = [*LOWPAN, *arguments]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"}
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=inner, stdout=inner, stderr=inner, env=environment
    )
    os.close(inner)
    octets = b""
    while True:
        try:
            octets += os.read(outer, 4096)
        except OSError:  # the other end is closed (Linux)
            break
    os.close(outer)
    assert process.wait(timeout=10) == 0
    return octets.decode()


def without_orders(text: str) -> str:
    """Return `text` as it stays on the terminal: without what was erased."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return re.sub(r"[^\n]*\r\x1b\[2K", "", text).replace("\r\n", "\n")


PAIRS: list[tuple[list[str], Callable[[str], bool]]] = [
    (["-c", "3"], lambda text: text.count("Parent Request") == 0 and "ff02::2" in text),
    (["--stats"], lambda text: "Kinds of frames" in text),
]


@pytest.mark.parametrize(("options", "is_right"), PAIRS)
def test_nothing_of_the_status_line_stays(
    options: list[str], is_right: Callable[[str], bool]
) -> None:
    raw = on_terminal("sniff", f"replay:{ATTACH}?speed=50", *options)
    assert "/s  0 bad FCS  " in re.sub(r"\x1b\[[0-9;]*m", "", raw)
    left = without_orders(raw)
    assert is_right(left)
    assert "/s  0 bad FCS" not in left
    assert "lowpan: " in left.splitlines()[0]
    assert " frames in " in left.splitlines()[-1]
