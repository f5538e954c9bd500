"""`lowpan simulate`: what it prints and writes."""

import json
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lowpan.capture.reader import open_records
from lowpan.cli import run
from tests.cli.commands import LOWPAN, ROOT, start

SCENARIO = """
title = "Three"
duration = "20 s"
[network]
key = "00112233445566778899aabbccddeeff"
mle = true
[[nodes]]
name = "n"
count = 3
"""


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "three.toml"
    path.write_text(SCENARIO)
    return str(path)


def test_a_summary_is_printed(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", scenario]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Three, seed 0\n20 s simulated, ")
    assert "6 ends of links up" in printed
    assert printed.splitlines()[-1].startswith("digest ")


def test_the_summary_as_json(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", scenario, "-T", "json", "--seed", "7", "--duration", "10s"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["seed"], summary["simulated_s"], summary["nodes"]) == (7, 10.0, 3)


def test_frames_states_and_a_picture_are_written(scenario: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    trace, states, picture = (tmp_path / name for name in ("t.pcapng", "s.jsonl", "mesh.svg"))
    options = ["-w", str(trace), "--states", str(states), "--topology", str(picture)]
    assert run(["simulate", scenario, *options, "--every", "5s"]) == 0
    lines = [json.loads(line) for line in states.read_text().splitlines()]
    assert [line["time_s"] for line in lines[::3]] == [0.0, 5.0, 10.0, 15.0, 20.0]
    assert "<svg" in picture.read_text()
    with open_records(str(trace)) as capture:
        assert sum(1 for _ in capture) > 10


def test_the_log_tells_when_who_and_what(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", scenario, "--log"]) == 0
    assert "LinkUp" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["duration = 5", ""])
def test_a_mistake_is_one_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert run(["simulate", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_is_not_written_twice_and_not_over_the_scenario(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = str(tmp_path / "both.pcapng")
    assert run(["simulate", scenario, "-w", both, "--states", both]) == 2
    assert run(["simulate", scenario, "--states", scenario]) == 2
    assert run(["simulate", scenario, "-w", scenario]) == 2
    assert Path(scenario).read_text() == SCENARIO
    assert len(capsys.readouterr().err.splitlines()) == 6


@pytest.mark.parametrize("name", ["mesh", "mesh.xyz", "nowhere/mesh.svg"])
def test_a_picture_that_cannot_be_drawn_is_refused_before_the_run(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "day.toml"
    path.write_text(SCENARIO.replace("20 s", "3000 d"))
    assert run(["simulate", str(path), "--topology", str(tmp_path / name)]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "options", [["--states", "-"], ["-w", "-", "--log"], ["-w", "-", "-T", "json"]]
)
def test_two_things_do_not_go_to_standard_output(scenario: str, options: list[str]) -> None:
    assert run(["simulate", scenario, *options]) == 2


def simulated(*options: str, stdout: str) -> "subprocess.CompletedProcess[str]":
    """Run the command with its output somewhere else, by the shell."""
    command = f"{shlex.join([*LOWPAN, 'simulate', *options])} {stdout}"
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_capture_on_standard_output_is_followed_by_nothing(scenario: str, tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    assert simulated(scenario, "-w", "-", stdout=f"> {path}").returncode == 0
    assert b"digest" not in path.read_bytes()
    with open_records(str(path)) as capture:
        assert sum(1 for _ in capture) > 10


@pytest.mark.parametrize("options", [["--log"], ["--log", "--states"], []])
def test_who_stops_reading_is_told_nothing(
    scenario: str, options: list[str], tmp_path: Path
) -> None:
    states = [str(tmp_path / "s.jsonl")] if "--states" in options else []
    done = simulated(scenario, *options, *states, "--duration", "5min", stdout="| head -1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("output", ["--states", "-w", "stdout"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line(scenario: str, output: str) -> None:
    options = [] if output == "stdout" else [output, "/dev/full"]
    done = simulated(scenario, *options, stdout="> /dev/full" if output == "stdout" else "")
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_interrupted_run_leaves_whole_files(scenario: str, tmp_path: Path) -> None:
    trace, states = tmp_path / "t.pcapng", tmp_path / "s.jsonl"
    options = [scenario, "--duration", "300000s", "-w", trace, "--states", states]
    with start("simulate", *options) as running:
        deadline = time.monotonic() + 30
        while not (states.exists() and states.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=30)
    assert told == b""
    assert all(json.loads(line) for line in states.read_text().splitlines())
    with open_records(str(trace)) as capture:
        assert sum(1 for _ in capture) > 10
