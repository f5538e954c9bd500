"""`lowpan simulate`: what it prints and writes."""

import json
from pathlib import Path

import pytest

from lowpan.capture.reader import open_records
from lowpan.cli import run

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
