"""`lowpan node` that joins a PAN, coordinates one, sleeps: what it says, and what mistakes say."""

import json
import re
from pathlib import Path

import pytest

from lowpan.aio.sqlite_store import SqliteStore
from tests.aio.media import uris
from tests.cli.commands import lowpan, start
from tests.cli.fake_radios import command
from tests.cli.test_node import ended, first_lines

CHANNEL = ("--channel", "15")
COORDINATOR = (*CHANNEL, "--pan", "0xbeef", "--eui64", "02:00:00:00:00:00:00:01", "--coordinator")
DEVICE = (*CHANNEL, "--eui64", "02:00:00:00:00:00:00:02", "--associate")


def patient(medium: str) -> list[str]:
    """Return two radios that forgive a busy machine."""
    if medium == "zep":
        return [f"{uri}&ack_timeout_ms=500" for uri in uris(medium)]
    return uris(medium)


def joined_before(directory: Path) -> list[str]:
    """Return the devices that a coordinator will know after a restart."""
    with SqliteStore(directory / "coordinator.store") as store:
        return store.names("device/")


@pytest.mark.parametrize("medium", ["zep", "openthread-air"])
def test_a_device_joins_a_coordinator(medium: str, tmp_path: Path) -> None:
    near, far = patient(medium)
    store = ("--store", str(tmp_path / "coordinator.store"))
    coordinator = start("node", near, *COORDINATOR, "--permit", *store)
    assert first_lines(coordinator, 3)[2] == "address fe80::ff:fe00:0"
    device = start("node", far, *DEVICE, "--poll-interval", "500ms", "--json")
    started = json.loads(first_lines(device, 1)[0])
    assert (started["pan_id"], started["channel"]) == (0xBEEF, 15)
    short = started["short_address"]
    assert re.fullmatch(r"0x[0-9a-f]{4}", short)
    events = [json.loads(line) for line in ended(device)]
    (joined,) = [event for event in events if event["event"] == "associated"]
    assert joined["short_address"] == short
    assert joined["coordinator"] == "02:00:00:00:00:00:00:01"
    said = ended(coordinator)
    (line,) = [line for line in said if " joined " in line]
    assert line.endswith(f"device 02:00:00:00:00:00:00:02 joined as {short} (in clear, sleeps)")
    assert joined_before(tmp_path) == ["device/0200000000000002"]


def test_a_device_that_nobody_lets_in_says_what_to_do(tmp_path: Path) -> None:
    near, far = patient("zep")
    coordinator = start("node", near, *COORDINATOR, "--store", str(tmp_path / "store"))
    first_lines(coordinator, 3)
    done = lowpan("node", far, *DEVICE)
    ended(coordinator)
    assert (done.returncode, done.stdout) == (2, "")
    cause, cure = done.stderr.splitlines()
    assert cause == (
        "lowpan: joined no PAN on channel 15: nobody lets us in, 1 found, where nobody may join now"
    )
    assert cure.startswith("lowpan: let devices join at the coordinator: lowpan node RADIO")


def test_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    radio = uris("zep")[0]
    mistakes = {
        ("--poll-interval", "4s"): "--poll-interval without --associate",
        ("--associate", "--poll-interval", "8s"): "'8s' is no time such as",
        ("--permit",): "--permit without --coordinator",
        ("--associate", "--coordinator"): "--associate with --coordinator or --short",
        ("--associate", "--short", "5"): "--associate with --coordinator or --short",
    }
    for arguments, complaint in mistakes.items():
        status, out, complaints = command(capsys, "node", radio, *arguments)
        assert (status, out) == (2, ""), arguments
        assert complaint in complaints
