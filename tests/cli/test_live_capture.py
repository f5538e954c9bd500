"""`lowpan sniff RADIO -w`: the capture tells what the radio told."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lowpan.capture.reader import open_records
from lowpan.radio import Fcs
from tests.cli.commands import KEY, lowpan
from tests.cli.sniffed import AT_ONCE, Sniff, scripting, sniffing
from tests.peers.scripted import BEGIN_NS, Script, ScriptedRadio

FORMS = [
    ["-x", "--key", KEY],
    ["-v", "-x", "-c", "5"],
    ["-T", "json", "--key", KEY],
    ["-T", "fields", "-e", "frame.number", "-e", "frame.time_epoch", "-e", "mle.cmd"],
]


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOWPAN_KEYS", raising=False)


@pytest.fixture
def sniff(capfd: pytest.CaptureFixture[str]) -> Sniff:
    return sniffing(capfd)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], ScriptedRadio]:
    return scripting(monkeypatch)


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
