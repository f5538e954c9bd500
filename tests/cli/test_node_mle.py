"""`lowpan node --mle` and `lowpan ping --mle`: links over radios of this machine."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lowpan.cli.node_lines import event_json, said
from lowpan.mesh.parameter_events import ParameterApplied, ParameterScheduled
from lowpan.mesh.parameter_schedule import ParameterId
from tests.aio.media import uris
from tests.cli.commands import LOWPAN, ROOT, lowpan, pipe_of
from tests.cli.fake_radios import command

KEY, OTHER_KEY = "000102030405060708090a0b0c0d0e0f", "0102030405060708090a0b0c0d0e0f10"
NETWORK = ("--mle", "--pan", "0xbeef", "--channel", "15")

Event = dict[str, Any]
Start = Callable[..., "subprocess.Popen[bytes]"]
"""Starts `lowpan node` with MLE."""


def who(number: int) -> tuple[str, ...]:
    """Return the options that name node `number`."""
    return ("--short", str(number), "--eui64", f"02:00:00:00:00:00:00:{number:02x}")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment with a key, and a place of its own for what must last."""
    return {**os.environ, "LOWPAN_KEYS": f"thread {KEY}", "XDG_STATE_HOME": str(tmp_path)}


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Start nodes, none of which outlives the test."""
    pipe = subprocess.PIPE
    with ExitStack() as processes:

        def started(*arguments: str) -> "subprocess.Popen[bytes]":
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [*LOWPAN, "node", *arguments, *NETWORK],
                cwd=ROOT,
                stdout=pipe,
                stderr=pipe,
                env=environment,
            )
            processes.enter_context(process)
            processes.callback(process.kill)
            return process

        yield started


def until(process: "subprocess.Popen[bytes]", wanted: str) -> Event:
    """Return the next event of a kind."""
    for line in pipe_of(process.stdout):
        event: Event = json.loads(line)
        if event["event"] == wanted:
            return event
    raise AssertionError(pipe_of(process.stderr).read().decode())


def ended(process: "subprocess.Popen[bytes]", number: int = signal.SIGINT) -> str:
    """Interrupt or kill it; return what it still said."""
    process.send_signal(number)
    out, complaints = pipe_of(process.stdout).read(), pipe_of(process.stderr).read()
    assert complaints == b""
    assert process.wait() == (0 if number == signal.SIGINT else -number)
    return out.decode()


def test_nodes_link_and_after_a_kill_link_again_and_move_to_another_channel(start: Start) -> None:
    near, far = uris("openthread-air")
    one = start(near, *who(1), "--json")
    other = start(far, *who(2), "--json")
    started = until(one, "started")
    assert (started["security_level"], started["mle"]["links"]) == (5, [])
    up = until(one, "link_up")
    assert (up["neighbour"], up["short_address"]) == ("02:00:00:00:00:00:00:02", "0x0002")
    assert until(other, "link_up")["short_address"] == "0x0001"

    ended(other, signal.SIGKILL)
    other = start(far, *who(2), "--json", "--set", "channel=20", "--after", "9s")
    told = until(other, "parameter_scheduled")
    assert (told["parameter"], told["value"]) == ("channel", 20)
    assert 8 < told["seconds"] <= 9
    again = until(other, "link_up")
    assert again["time"] - told["time"] < 9
    for process in (one, other):
        assert until(process, "parameter_applied")["value"] == 20
    told_by = json.loads(ended(one).splitlines()[-1])
    assert told_by["event"] == "ended"
    (link,) = told_by["mle"]["links"]
    assert (link["short_address"], link["state"]) == ("0x0002", "up")
    assert told_by["mle"]["parameters"]["channel"] == 20
    assert KEY not in ended(other)


def test_ping_waits_for_the_link(start: Start, environment: dict[str, str], tmp_path: Path) -> None:
    near, far = (f"{uri}&ack_timeout_ms=1000" for uri in uris("zep"))  # machines can be busy
    process = start(near, *who(1))
    identity = pipe_of(process.stdout).readline().decode()
    assert "secured at level 5 with key " in identity
    keys = tmp_path / "keys"
    keys.write_text(f"raw {OTHER_KEY} index=1\nthread {KEY}\n")
    done = lowpan(
        *("ping", far, "fe80::ff:fe00:1", "-c", "2", *NETWORK, *who(2), "--keys", keys),
        env={**environment, "LOWPAN_KEYS": f"thread {OTHER_KEY}"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 packets transmitted, 2 received" in done.stdout
    rest = ended(process)
    assert "link to 02:00:00:00:00:00:00:02 (0x0002)\n" in rest
    assert "--- links ---\n02:00:00:00:00:00:00:02 (0x0002): up, quality " in rest
    assert "mle refused: none" in rest


def test_another_network_key_never_links(start: Start, environment: dict[str, str]) -> None:
    near, far = uris("zep")
    process = start(near, *who(1), "--json")
    until(process, "started")
    done = lowpan(
        *("ping", far, "fe80::ff:fe00:1", *NETWORK, *who(2), "--network-key", OTHER_KEY),
        env=environment,
    )
    assert done.returncode == 2
    assert "no link to fe80::ff:fe00:1 was established within 10 s" in done.stderr
    last = json.loads(ended(process).splitlines()[-1])
    assert last["mle"]["links"] == []
    assert sum(last["counters"]["mle_refused"].values()) > 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--mle",), "LOWPAN_KEYS has 0 network keys"),
        (("--network-key", KEY), "--network-key without --mle"),
        (("--mle", "--network-key", "00"), "a Thread network key has 16 octets, not 1"),
        (("--mle", "--network-key", KEY, "--raw-key", KEY), "--raw-key beside --mle"),
        (("--mle", "--network-key", KEY, "--peer", "02::1"), "--peer beside --mle"),
        (("--mle", "--network-key", KEY, "--coordinator"), "coordinator beside mle"),
        (("--mle", "--network-key", KEY, "--set", "colour=1"), "is no network parameter"),
        (("--mle", "--network-key", KEY, "--set", "channel=x"), "has no number"),
        (("--mle", "--network-key", KEY, "--set", "channel"), "has no number"),
        (("--mle", "--network-key", KEY, "--set", "pan_id=0xffff"), "is no pan_id"),
        (("--mle", "--network-key", KEY, "--set", "permit_joining=1"), "nothing that --set sets"),
        (("--mle", "--network-key", KEY), "say which, by its PAN ID"),
        (("--set", "channel=20"), "--set without --mle"),
        (("--mle", "--network-key", KEY, "--after", "9s"), "--after without --set"),
    ],
)
def test_mistakes(
    options: tuple[str, ...],
    complaint: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("LOWPAN_KEYS", raising=False)
    status, out, complaints = command(capsys, "node", uris("zep")[0], *who(1), *options)
    assert (status, out) == (2, "")
    assert complaint in complaints
    assert KEY not in complaints


def test_parameters_are_told_by_name_and_how_far_off_they_are() -> None:
    scheduled = ParameterScheduled(1, 0xBEEF, 0)  # its moment is over
    assert said(scheduled) == "PAN ID 0xbeef in 0.0 s"
    assert said(ParameterApplied(ParameterId.CHANNEL, 20)) == "channel 20 from now on"
    assert said(ParameterApplied(ParameterId.BEACON_PAYLOAD, b"\xab")) == (
        "beacon payload ab from now on"
    )
    told = json.loads(event_json(scheduled))
    assert (told["event"], told["parameter"], told["value"], told["seconds"]) == (
        *("parameter_scheduled", "pan_id", 0xBEEF),
        0,
    )
    told = json.loads(event_json(ParameterApplied(ParameterId.BEACON_PAYLOAD, b"\xab")))
    assert (told["parameter"], told["value"]) == ("beacon_payload", "ab")
