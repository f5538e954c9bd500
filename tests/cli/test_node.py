"""`lowpan node`: who it says it is, what it tells, how it ends."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from lowpan.adaptation.neighbour_discovery.actions import (
    NeighbourDeregistered,
    NeighbourRegistered,
    Registered,
    RegistrationRefused,
    RouterLearnt,
    RouterLost,
)
from lowpan.aio.events import EventsMissed, InterfaceNotice, NodeEvent, RadioFailed
from lowpan.cli import node_lines
from lowpan.cli.node import node
from lowpan.mac.service import BeaconReceived, CommandReceived, Drop, FrameDropped
from lowpan.node.service import (
    AddressChanged,
    DatagramDiscarded,
    Discard,
    ErrorReceived,
    NeighbourChanged,
)
from lowpan.radio import Happening, RadioNotice
from lowpan.wire.addresses import parse_ipv6
from tests.aio.media import uris
from tests.cli.commands import LOWPAN, ROOT, lowpan, pipe_of, start
from tests.cli.fake_radios import command

KEY = "000102030405060708090a0b0c0d0e0f"
EUI64 = "02:00:00:00:00:00:00:01"
IDENTITY = ("--pan", "0xbeef", "--short", "0x0001", "--eui64", EUI64)


def ended(process: "subprocess.Popen[bytes]", number: int = signal.SIGINT) -> list[str]:
    """Interrupt it; return what it printed since the first lines were read."""
    process.send_signal(number)
    out, complaints = pipe_of(process.stdout).read(), pipe_of(process.stderr).read()
    assert (process.wait(10), complaints) == (0, b"")
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe_of(pipe).close()
    return out.decode().splitlines()


def first_lines(process: "subprocess.Popen[bytes]", count: int) -> list[str]:
    """Return the first lines."""
    return [pipe_of(process.stdout).readline().decode().rstrip("\n") for _ in range(count)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_who_it_is_and_at_the_end_what_it_counted(number: int) -> None:
    process = start(
        "node", uris("zep")[0], *IDENTITY, "--channel", "20", "--address", "2001:db8::/64"
    )
    first = first_lines(process, 5)
    assert re.fullmatch(
        r"ZEP over UDP, 127\.0\.0\.1:\d+, channel 20, PAN 0xbeef, in clear", first[0]
    )
    assert first[1:] == [
        f"link-layer addresses {EUI64}, 0x0001",
        "address fe80::ff:fe00:1",
        "address fe80::1",
        "address 2001:db8::1",
    ]
    rest = ended(process, number)
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{6} address fe80::1 is ready", rest[1])
    assert "--- counters ---" in rest
    assert "frames dropped: none" in rest


def test_json_is_one_object_a_line() -> None:
    process = start("node", uris("zep")[0], *IDENTITY, "--json")
    started = json.loads(first_lines(process, 1)[0])
    assert (started["event"], started["pan_id"], started["short_address"]) == (
        "started",
        0xBEEF,
        "0x0001",
    )
    assert started["extended_address"] == EUI64
    *events, last = map(json.loads, ended(process))
    assert [event["event"] for event in events] == ["address_changed"] * 2
    assert events[1]["address"] == "fe80::1"
    assert events[1]["time"] > 1.7e9
    assert last["event"] == "ended"
    assert last["counters"]["frames_dropped"] == {}


def keyed(tmp_path: Path, text: str) -> dict[str, str]:
    """Return the environment with keys, and a place of its own for what must last."""
    return {**os.environ, "LOWPAN_KEYS": text, "XDG_STATE_HOME": str(tmp_path)}


def test_the_key_comes_from_the_environment_and_counters_last(tmp_path: Path) -> None:
    near, far = (f"{uri}&ack_timeout_ms=1000" for uri in uris("zep"))  # machines can be busy
    peers = ("--peer", f"{EUI64}=0x0001")
    environment = keyed(tmp_path, f"raw {KEY} index=3")
    pipe = subprocess.PIPE
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [*LOWPAN, "node", near, *IDENTITY],
        cwd=ROOT,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=environment,
    )
    said = first_lines(process, 4)
    assert said[0].endswith("secured at level 5 with key be45cb26")
    other = ("--pan", "0xbeef", "--eui64", "02:00:00:00:00:00:00:02", *peers)
    for _ in range(2):  # the second time with counters from the store
        done = lowpan("ping", far, "fe80::1", "-c", "1", "-W", "5s", *other, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
    in_clear = ("-c", "1", "-W", "100ms", "--pan", "0xbeef", "--level", "0")
    assert lowpan("ping", far, "fe80::1", *in_clear).returncode == 1
    rest = ended(process)
    assert any("dropped: in clear" in line or "unsecured" in line for line in rest)
    assert KEY not in "".join(said + rest)
    stores = sorted(path.name for path in (tmp_path / "lowpan").glob("*.store"))
    assert stores == [f"node-020000000000000{number}.store" for number in (1, 2)]


def test_a_key_from_a_file_or_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"thread {KEY}\nraw {KEY} index=1\nraw {KEY[::-1]} index=2\n")
    store = ("--store", str(tmp_path / "store"))
    for option in (("--keys", str(file), "--key-index", "1"), ("--raw-key", KEY)):
        process = start("node", uris("zep")[0], *IDENTITY, *option, *store, "--level", "7")
        assert first_lines(process, 1)[0].endswith("secured at level 7 with key be45cb26")
        ended(process)


def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    radio, file = uris("zep")[0], tmp_path / "keys"
    file.write_text(f"raw {KEY} index=1\nraw {KEY[::-1]} index=2\n")
    mistakes = {
        ("--keys", str(file)): "2 keys that may be meant",
        ("--keys", str(file), "--key-index", "9"): "no line `raw HEX` that is meant",
        ("--keys", str(tmp_path / "none")): "No such file",
        ("--raw-key", f"{KEY},index=0"): "key index 0 names no key",
        ("--pan", "beef"): "'beef' is no number",
        ("--short", "010"): "'010' is no number",
        ("--level", "4"): "'4' is not one of",
        ("--address", "nowhere"): "is not like 2001:db8::1/64",
        ("--route", "2001:db8::/32"): "--route without --tun",
        ("--tun", "lowpan0", "--route", "2001:db8::1/32"): "is not like",
        ("--address", "ff02::fd/64"): "ff02::fd is no address that a node can have",
        ("--address", "::1"): "::1 is no address that a node can have",
        ("--level", "5"): "--level, but no key: all frames would be in clear",
        ("--key-index", "3"): "--key-index, but no key with index 3: all frames",
        ("--peer", EUI64): "--peer, but no key: all frames",
        ("--raw-key", KEY, "--peer", f"{EUI64}=0x12345"): "'0x12345' is no short address",
        ("--raw-key", KEY, "--store", str(tmp_path)): str(tmp_path),
    }
    for arguments, complaint in mistakes.items():
        status, out, complaints = command(capsys, "node", radio, *arguments)
        assert status == 2, arguments
        assert complaint in complaints
        assert KEY not in out + complaints


def test_a_radio_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, complaints = command(capsys, "node", "spinel:/dev/none")
    assert status == 2
    assert "/dev/none" in complaints


def test_a_key_in_the_environment_with_another_index_secures_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWPAN_KEYS", f"raw {KEY} index=1")
    status, out, complaints = command(capsys, "node", uris("zep")[0], "--key-index", "3")
    assert (status, out) == (2, "")
    assert "no key with index 3: all frames would be in clear" in complaints
    assert "a line `raw HEX index=N`" in complaints


def test_a_radio_that_only_listens_is_no_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    replay = f"replay:{ROOT}/tests/captures/openthread/i-attach-router.pcap"
    for name, *more in (("node",), ("ping", "fe80::1")):
        status, out, complaints = command(capsys, name, replay, *more)
        assert (status, out) == (2, "")
        cause, cure = complaints.splitlines()
        assert cause.endswith("only listens, and a node has to answer")
        assert cure == "lowpan: take a radio that can send, such as spinel:"


def test_who_stops_listening_ends_it() -> None:
    process = start("node", uris("zep")[0], *IDENTITY, "--json")
    first_lines(process, 3)
    pipe_of(process.stdout).close()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert pipe_of(process.stderr).read() == b""
    for pipe in (process.stdin, process.stderr):
        pipe_of(pipe).close()


# Lines

ONE, OTHER = parse_ipv6("fe80::1"), parse_ipv6("fe80::2")
DATAGRAM = bytes.fromhex("60000000 0008 11 40") + ONE + OTHER + bytes.fromhex("16331634 0008 0000")

SAID: dict[str, NodeEvent] = {
    "address fe80::1 is ready": AddressChanged(ONE, ready=True),
    "address fe80::1 is gone (somebody else has it)": AddressChanged(
        ONE, False, "somebody else has it"
    ),
    "neighbour fe80::1 at 0x0001 is there": NeighbourChanged(ONE, b"\0\x01", True),
    "neighbour fe80::1 does not answer": NeighbourChanged(ONE, None, False),
    "ICMPv6 error from fe80::1: type 1 code 4": ErrorReceived(ONE, 1, 4, 0, DATAGRAM),
    "datagram [fe80::1]:5683 > [fe80::2]:5684 discarded: too many datagrams wait": (
        DatagramDiscarded(Discard.QUEUE_FULL, DATAGRAM)
    ),
    "datagram discarded: malformed (too short)": DatagramDiscarded(
        Discard.MALFORMED, b"", "too short"
    ),
    "frame of 3 octets from 0x0001 dropped: replayed (frame counter 1)": FrameDropped(
        Drop.REPLAYED, "frame counter 1", b"abc", b"\0\x01"
    ),
    "frame of 3 octets dropped: malformed": FrameDropped(Drop.MALFORMED, "", b"abc"),
    "data request from 0x0001": CommandReceived(b"\0\x01", b"\x04"),
    "beacon request": CommandReceived(None, b"\x07"),
    "PAN ID conflict notification from 0x0001": CommandReceived(b"\0\x01", b"\x05"),
    "command ee from 0x0001": CommandReceived(b"\0\x01", b"\xee"),
    "command empty": CommandReceived(None, b""),
    "beacon of 3 octets": BeaconReceived(b"abc", None, None, None),
    "radio lost: unplugged": RadioNotice(Happening.LOST, "unplugged", 0),
    "it is unwell; give it a rest": RadioFailed("it is unwell", "give it a rest"),
    "lowpan0: removed": InterfaceNotice("lowpan0: removed"),
    "7 events missed": EventsMissed(7),
    "router fe80::1 is there": RouterLearnt(ONE),
    "router fe80::1 is gone": RouterLost(ONE),
    "address fe80::2 registered with fe80::1 for 60 s": Registered(OTHER, ONE, 60_000_000),
    "address fe80::2 not registered with fe80::1, which is asked again (neighbour cache full)": (
        RegistrationRefused(OTHER, ONE, 2)
    ),
    "address fe80::2 not registered with fe80::1, which is asked again (status 99)": (
        RegistrationRefused(OTHER, ONE, 99)
    ),
    "address fe80::2 not registered with fe80::1, which is asked again (it does not answer)": (
        RegistrationRefused(OTHER, ONE, None)
    ),
    "neighbour fe80::2 at 0x0002 registered with us": NeighbourRegistered(OTHER, b"\0\2"),
    "neighbour fe80::2 no longer registered with us": NeighbourDeregistered(OTHER),
}


@pytest.mark.parametrize(("text", "event"), SAID.items())
def test_each_event_has_a_line(text: str, event: NodeEvent) -> None:
    assert node_lines.said(event) == text
    assert "\n" not in node_lines.event_json(event)
    assert json.loads(node_lines.event_json(event))["event"]


def test_values_in_json() -> None:
    dropped = json.loads(
        node_lines.event_json(FrameDropped(Drop.REPLAYED, "old", b"abc", b"\0\x01"))
    )
    del dropped["time"]
    assert dropped == {
        "event": "frame_dropped",
        "drop": "replayed",
        "reason": "old",
        "psdu": "616263",
        "source": "0x0001",
    }


def test_the_page_names_every_option() -> None:
    offered = {name for parameter in node.params for name in parameter.opts if "-" in name}
    pages = [(ROOT / "docs" / "node.md").read_text()]
    named = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z0-9-]*", " ".join(pages)))
    assert {option for option in offered if option not in named} == set()
