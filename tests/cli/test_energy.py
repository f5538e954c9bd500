import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lowpan.cli.measuring import HIGHEST, LOWEST, bar
from lowpan.radio import RadioCapability
from tests.cli.commands import ROOT, pipe_of
from tests.cli.fake_radios import behind_air, command
from tests.peers.air import ALL, AirRadio

QUICK = ("--duration", "1ms")


@pytest.fixture(autouse=True)
def radio(monkeypatch: pytest.MonkeyPatch) -> AirRadio:
    made = AirRadio()
    made.energies = {11: -100.0, 15: -60.0, 26: -20.0}
    behind_air(monkeypatch, lambda: made)
    return made


def test_each_channel_has_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = command(capsys, "energy", "air:", *QUICK)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "channel  dBm  highest"
    assert [int(line.split()[0]) for line in lines[1:]] == list(range(11, 27))
    assert lines[1] == "     11  -100    -100"
    assert lines[5] == "     15   -60     -60  " + "█" * 20
    assert lines[16] == "     26   -20     -20  " + "█" * 40


def test_a_bar_is_longer_for_more_energy_and_never_too_long() -> None:
    assert bar(LOWEST - 10) == bar(LOWEST) == ""
    assert bar(LOWEST + 0.25) == "▏"
    assert bar(HIGHEST) == bar(HIGHEST + 30) == "█" * 40


def test_json_has_a_line_for_each_round(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = command(
        capsys, "energy", "air:", "-T", "json", "--channels", "15,26", "-c", "3", *QUICK
    )
    assert status == 0
    rounds = [json.loads(line) for line in out.splitlines()]
    assert [each["round"] for each in rounds] == [1, 2, 3]
    assert rounds[0]["energy_dbm"] == {"15": -60.0, "26": -20.0}


def test_who_interrupts_has_what_was_measured() -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tests.peers.air import AirRadio; import lowpan.cli.measuring as m\n"
        "async def opened(uri): return AirRadio()\n"
        "m.open_radio = opened\n"
        "from lowpan.cli import run; sys.exit(run(['energy', 'air:', '-c', '0', '-T', 'json']))"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "radios")])
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
    )
    with process:
        assert json.loads(pipe_of(process.stdout).readline())["round"] == 1
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_picture_is_drawn(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "energy.png"
    assert command(capsys, "energy", "air:", "-o", str(path), *QUICK)[0] == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    behind_air(monkeypatch, AirRadio)
    status, _, err = command(capsys, "energy", "air:", "-o", "/nowhere/energy.png", *QUICK)
    assert status == 2
    assert "/nowhere/energy.png" in err


def test_without_matplotlib_the_cure_is_told_before_anything_is_measured(
    radio: AirRadio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    status, out, err = command(capsys, "energy", "air:", "-o", "energy.png", *QUICK)
    assert (status, out) == (2, "")
    assert "lowpan[plot]" in err.splitlines()[1]
    assert not Path("energy.png").exists()


def test_a_radio_without_that_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    behind_air(monkeypatch, lambda: AirRadio(capabilities=ALL & ~RadioCapability.ENERGY))
    status, out, err = command(capsys, "energy", "air:")
    assert (status, out) == (2, "")
    assert err == (
        "lowpan: air:: a radio of the test cannot measure energy\n"
        "lowpan: take a radio that can, such as spinel:\n"
    )
