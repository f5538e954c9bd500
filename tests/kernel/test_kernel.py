"""Linux's own 802.15.4: one boot of a Debian kernel in QEMU, in which all checks are made."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lowpan.capture.rows import RowStyle, row_function
from lowpan.capture.session import open_capture
from lowpan.radio import Fcs
from tests.capture.made_frames import given
from tests.capture.test_fields_tshark import LEARNT, OURS, rows_of_tshark, wiresharks
from tests.kernel.inside import checks

ROOT = Path(__file__).parent.parent.parent
RUN_IN_KERNEL = Path(__file__).with_name("run-in-kernel.sh")
NO_KERNEL = 125
"""Exit status of run-in-kernel.sh when it could not boot one."""
LONGEST = 900
"""Seconds for the boot and all checks; 140 are usual where QEMU emulates the processor, 320 if that
has three times as much to do.  It ends what hangs, and is no measure of speed."""


MORE = LEARNT | {"icmpv6.opt.linkaddr", "icmpv6.opt.target_linkaddr"}
"""Fields that tshark leaves empty at times: here it does not read a target's EUI-64."""


@dataclass
class Kernel:
    """What the checks in the kernel left behind."""

    directory: Path
    results: dict[str, Any]

    def told(self, check: str) -> Any:
        """Return what a check says; fail with its error if it failed."""
        assert check in self.results, f"the kernel stopped before {check}"
        result = self.results[check]
        if result["error"]:
            pytest.fail(f"in the kernel: {result['error']}", pytrace=False)
        return result["told"]


@pytest.fixture(scope="session")
def kernel(require_peer: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """Boot and run all checks, once for all workers of this test run."""
    require_peer("qemu-system-x86_64")
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    directory = base / "kernel"
    with (base / "kernel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            directory.mkdir()
            boot(directory)
    told = directory / "unavailable"
    if told.exists():
        unavailable(told.read_text())
    return Kernel(directory, json.loads((directory / "results.json").read_text()))


def boot(directory: Path) -> None:
    inside = [sys.executable, "-m", "tests.kernel.inside", str(directory)]
    command = [str(RUN_IN_KERNEL), "-w", str(directory), "-t", str(LONGEST), "--", *inside]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'radios'}"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    results = directory / "results.json"
    if done.returncode == NO_KERNEL and not results.exists():
        (directory / "unavailable").write_text(done.stderr)
    elif not results.exists():
        results.write_text("{}")
    (directory / "output").write_text(done.stdout + done.stderr)


def unavailable(why: str) -> None:
    last = (why.strip().splitlines() or ["no kernel"])[-1]
    if os.environ.get("LOWPAN_PEERS") == "require":
        pytest.fail(f"no kernel to test with and LOWPAN_PEERS=require: {why}", pytrace=False)
    pytest.skip(f"no kernel to test with: {last}")


@pytest.mark.parametrize("check", list(checks()))
def test_in_the_kernel(kernel: Kernel, check: str) -> None:
    kernel.told(check)


def test_all_was_run(kernel: Kernel) -> None:
    assert list(kernel.results) == list(checks()), (kernel.directory / "output").read_text()


def test_what_the_driver_refuses_the_kernel_would_drop(kernel: Kernel) -> None:
    assert kernel.told("what_a_node_lets_out") == {
        "acknowledgement": False,
        "MAC command": False,
        "reserved type": False,
        "secured, unknown key": False,
        "beacon": True,
        "data, version 2": True,
        "data": True,
    }


def test_refusals_name_cause_and_cure(kernel: Kernel) -> None:
    told = kernel.told("refusals")
    assert told["both"] == (
        "wpan:phy0: phy0 cannot be node and monitor at once, and wpan0 is up; "
        "sudo ip link set wpan0 down"
    )
    assert told["promiscuous"].endswith("; use the radio itself: wpan:phy0")
    assert "there are phy0, phy1, wpan0" in told["missing"]
    assert "Operation not permitted; run it by sudo, or give Python" in told["no rights"]
    assert "making a monitor interface of phy1" in told["no rights, down"]
    assert "lowpan0 is on it; remove it: sudo ip link del lowpan0" in told["stacked"]
    assert "Operation not supported; leave that setting" in told["power"]


def test_interfaces_are_listed(kernel: Kernel) -> None:
    wpan0, phy1 = kernel.told("listed")
    assert wpan0 == {
        "name": "wpan0",
        "type": "node",
        "phy": "phy0",
        "channel": 26,
        "page": 0,
        "pan_id": 0xABCD,
        "up": True,
    }
    assert (phy1["name"], phy1["type"], phy1["up"]) == ("phy1", "phy", False)


def test_the_filter_in_the_kernel_saves_work(kernel: Kernel) -> None:
    microseconds = kernel.told("the_filter_saves_work")
    assert microseconds["kernel"] < microseconds["python"]


# -- what two nodes of the kernel say to each other


def test_every_ping_is_heard_in_full(kernel: Kernel) -> None:
    told = kernel.told("nodes_ping")
    assert told["answered"] == [True, True]
    assert told["statistics"]["bad_fcs"] == told["statistics"]["dropped_by_radio"] == 0
    for name in ("ping.pcapng", "sniff.pcapng"):
        with open_capture(kernel.directory / name, given()) as capture:
            frames = list(capture)
        assert [frame.received.psdu.hex() for frame in frames] == told["psdus"]
        assert {(frame.received.channel, frame.received.page) for frame in frames} == {(13, 0)}
        assert {frame.received.fcs for frame in frames} == {Fcs.GOOD}


@pytest.mark.parametrize("name", ["ping.pcapng", "sniff.pcapng"])
def test_the_capture_is_what_tshark_makes_of_it(
    kernel: Kernel, require_peer: Callable[[str], str], name: str
) -> None:
    kernel.told("nodes_ping")
    path = kernel.directory / name
    fields = [field for field in wiresharks() if field.name not in OURS]
    theirs = rows_of_tshark(require_peer("tshark"), path, fields)
    line = row_function(fields, RowStyle(separator="|"))
    with open_capture(path, given()) as capture:
        ours = [line(frame).split("|") for frame in capture]
    assert len(ours) == len(theirs) > 20
    different = [
        (number, field.name, mine, other)
        for number, (row, other_row) in enumerate(zip(ours, theirs, strict=True), 1)
        for field, mine, other in zip(fields, row, other_row, strict=True)
        if mine != other and not (field.name in MORE and not other)
    ]
    assert different == []


@pytest.mark.parametrize("size", [56, 1000])
def test_pings_of_each_size_are_in_it(
    kernel: Kernel, require_peer: Callable[[str], str], size: int
) -> None:
    kernel.told("nodes_ping")
    tshark = require_peer("tshark")
    path = str(kernel.directory / "ping.pcapng")
    for kind in (128, 129):  # echo request and reply
        condition = f"icmpv6.type == {kind} && data.len == {size}"
        command = [tshark, "-n", "-r", path, "-Y", condition, "-T", "fields", "-e", "frame.number"]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert len(printed.split()) >= 2, (kind, size)
