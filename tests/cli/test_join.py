"""Which Thread network a command line names, what is said of the way in, and `lowpan join`."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lowpan.cli import run
from lowpan.cli.join import join as command
from lowpan.cli.node_identity import IdentityOptions
from lowpan.cli.node_lines import event_json, said
from lowpan.cli.report import CommandError
from lowpan.cli.thread_making import thread_of
from lowpan.mesh.key_sequence import Cause, KeySequenceChanged
from lowpan.mesh.service import LinkDown, LinkUp, MeshNews, MleRefused, ReplayRejected
from lowpan.mesh.thread import events
from lowpan.mesh.thread.settings import Role
from lowpan.wire.dataset import DATASET
from tests.mesh.thread_network import NETWORK, NETWORK_KEY, PARENT, dataset

ROOT = Path(__file__).parents[2]
HEX = DATASET.encode(dataset()).hex()
RLOC16, PARENT_RLOC16 = b"\xd8\x01", b"\xd8\x00"


def test_dataset_says_all() -> None:
    thread = thread_of(IdentityOptions(dataset=HEX), None)
    assert thread is not None
    assert (thread.network, thread.role) == (NETWORK, Role.MED)


def test_role_and_poll_interval_of_a_sleeper() -> None:
    thread = thread_of(IdentityOptions(dataset=HEX, role="sed"), 0.5)
    assert thread is not None
    assert (thread.role, thread.poll_interval) == (Role.SED, 0.5)


def test_nothing_named_is_no_thread_network() -> None:
    assert thread_of(IdentityOptions(), None) is None


@pytest.mark.parametrize("line", [f"dataset {HEX}", f"thread {NETWORK_KEY.hex()}"])
def test_key_file_names_the_network(line: str, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(line)
    identity = IdentityOptions(key_files=(str(file),), role="fed", channel=11)
    thread = thread_of(identity, None)
    assert thread is not None
    assert thread.network.network_key == NETWORK_KEY
    assert thread.network.channel == 11
    assert thread.network.is_located == line.startswith("dataset")


@pytest.mark.parametrize(
    ("identity", "poll_interval", "cause"),
    [
        (IdentityOptions(dataset="00"), None, "cut or damaged"),
        (IdentityOptions(dataset="zz"), None, "hex digits"),
        (IdentityOptions(dataset="0003000010"), None, "without a network key"),
        (IdentityOptions(dataset=HEX, channel=11), None, "--channel"),
        (IdentityOptions(dataset=HEX, short=1), None, "--short"),
        (IdentityOptions(dataset=HEX, raw_key="00" * 16), None, "--raw-key"),
        (IdentityOptions(dataset=HEX), 1.0, "--poll-interval"),
        (IdentityOptions(dataset=HEX, role="sed"), 300.0, "poll interval"),
    ],
)
def test_options_that_make_no_sense(
    identity: IdentityOptions, poll_interval: float | None, cause: str
) -> None:
    with pytest.raises(CommandError, match=cause) as caught:
        thread_of(identity, poll_interval)
    assert NETWORK_KEY.hex() not in str(caught.value)


def test_role_without_any_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOWPAN_KEYS", raising=False)
    with pytest.raises(CommandError, match="0 Thread networks"):
        thread_of(IdentityOptions(role="med"), None)


ATTACHED = events.Attached(Role.MED, RLOC16, PARENT, PARENT_RLOC16, 0x2A, 54)
SAID: list[tuple[MeshNews, str]] = [
    (events.Discovering(11), "asks on channel 11 which networks are there"),
    (
        events.NetworkFound(11, 0xFACE, bytes(8), "lab", PARENT),
        "found lab (0000000000000000) on channel 11, PAN 0xface",
    ),
    (events.NetworkFound(11, None, None, None, PARENT), "found a network on channel 11"),
    (
        events.Restoring(PARENT, RLOC16),
        "asks its last parent 02:aa:bb:cc:dd:00:00:01 whether it is still 0xd801",
    ),
    (events.ParentRequested(1, False), "asks routers to be its parent (attempt 1)"),
    (
        events.ParentRequested(2, True),
        "asks routers, and who may become one, to be its parent (attempt 2)",
    ),
    (
        events.ParentHeard(PARENT, PARENT_RLOC16, 80, 3, 0, 1, 7),
        "02:aa:bb:cc:dd:00:00:01 (0xd800) offers to: link quality 3, margin 80 dB, priority 0, "
        "1 to the leader",
    ),
    (events.ChildIdRequested(PARENT), "asks 02:aa:bb:cc:dd:00:00:01 for an address"),
    (
        ATTACHED,
        "attached: med 0xd801, child of 02:aa:bb:cc:dd:00:00:01 (0xd800), partition 0000002a",
    ),
    (
        replace(ATTACHED, restored=True),
        "is still med 0xd801, child of 02:aa:bb:cc:dd:00:00:01 (0xd800), partition 0000002a",
    ),
    (events.NobodyAnswered(1, 251_000), "attempt 1 was in vain, the next is in 0.3 s"),
    (
        events.Detached(events.Loss.NO_ANSWER, PARENT),
        "lost its parent 02:aa:bb:cc:dd:00:00:01: the parent does not answer",
    ),
    (events.PartitionChanged(7, 54), "partition 00000007 now, whose leader is router 54"),
    (events.NetworkDataChanged(1, 2), "network data of version 1, stable 2"),
    (events.DatasetChanged(5, 11, 0xFACE), "dataset 5 holds now: channel 11, PAN 0xface"),
    (events.DatasetScheduled(5, 30_000_000), "dataset 5 will hold in 30 s"),
    (events.DatasetRefused("older"), "dataset refused: older"),
    (events.AnnounceHeard(20, 1), "heard that the network is on channel 20, PAN 0x0001"),
    (KeySequenceChanged(1, 0, Cause.NEIGHBOUR), "key sequence 1 after 0: a neighbour has gone on"),
    (events.SendingFailed("no store"), "a message was not sent: no store"),
    (LinkUp(PARENT, PARENT_RLOC16), "link to 02:aa:bb:cc:dd:00:00:01 (0xd800)"),
    (LinkDown(PARENT, "silence"), "no link to 02:aa:bb:cc:dd:00:00:01 any more: silence"),
    (
        ReplayRejected(PARENT, 7),
        "message of 02:aa:bb:cc:dd:00:00:01 came before: frame counter 7",
    ),
    (MleRefused(PARENT, "MIC bad"), "message of 02:aa:bb:cc:dd:00:00:01 refused: MIC bad"),
]


@pytest.mark.parametrize(("news", "text"), SAID)
def test_what_is_said(news: MeshNews, text: str) -> None:
    assert said(news) == text


@pytest.mark.parametrize("news", [news for news, _ in SAID])
def test_every_event_has_its_json(news: MeshNews) -> None:
    assert json.loads(event_json(news))["event"]


def test_attached_as_json() -> None:
    shown = json.loads(event_json(ATTACHED))
    assert shown["role"] == "med"
    assert (shown["rloc16"], shown["parent_rloc16"]) == ("0xd801", "0xd800")
    assert shown["parent"] == "02:aa:bb:cc:dd:00:00:01"


def test_who_finds_nobody_within_the_time_ends_with_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["--dataset", HEX, "--eui64", "02:00:00:00:00:00:00:07", "--within", "0.3s"]
    store = str(tmp_path / "store")
    uri = "openthread-air://?port_offset=699&node=7"
    assert run(["join", uri, *arguments, "--store", store, "--once"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].endswith("asks routers to be its parent (attempt 1)")
    assert NETWORK_KEY.hex() not in "".join(lines)


def test_the_page_names_every_option() -> None:
    offered = {name for parameter in command.params for name in parameter.opts if "-" in name}
    pages = [(ROOT / "docs" / f"{page}.md").read_text() for page in ("thread", "node", "mle")]
    named = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z0-9-]*", " ".join(pages)))
    assert {option for option in offered if option not in named} == set()
