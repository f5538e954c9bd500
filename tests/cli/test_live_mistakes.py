"""`lowpan sniff RADIO`: mistakes, with cause and cure."""

from pathlib import Path

import pytest

from tests.cli.commands import ATTACH
from tests.cli.sniffed import AT_ONCE, Sniff, sniffing

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


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOWPAN_KEYS", raising=False)


@pytest.fixture
def sniff(capfd: pytest.CaptureFixture[str]) -> Sniff:
    return sniffing(capfd)


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
