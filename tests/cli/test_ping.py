"""`lowpan ping`: what it prints, and its exit status."""

import asyncio
import errno
import re
import signal
import time
from collections.abc import Generator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from lowpan.aio.pinging import EchoAnswer, EchoFailure
from lowpan.cli.ping import ping as command_line
from lowpan.cli.ping_report import Tally, line_of, milliseconds_of
from lowpan.node.service import ErrorReceived
from tests.aio.media import node_on, uris
from tests.aio.test_registration import ROUTER, announce
from tests.cli.commands import LOWPAN, ROOT, lowpan, pipe_of, start
from tests.cli.fake_radios import command

KEY = "000102030405060708090a0b0c0d0e0f"


@pytest.fixture(scope="module")
def peer() -> Generator[str]:
    """A node, short address 1; give the radio to reach it by."""
    near, far = uris("zep")
    process = start("node", near, "--pan", "0xbeef", "--short", "1")
    while not pipe_of(process.stdout).readline().startswith(b"address"):
        assert process.poll() is None
    yield far
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe_of(pipe).close()


def ping(radio: str, *arguments: object) -> CompletedProcess[str]:
    """Ping as short address 2."""
    return lowpan("ping", radio, *arguments, "--pan", "0xbeef", "--short", "2")


def test_it_prints_as_ping_does(peer: str) -> None:
    done = ping(peer, "fe80::ff:fe00:1", "-c", "2", "-i", "0.2", "-s", "500")
    assert done.returncode == 0, done.stderr
    form = r"""PING fe80::ff:fe00:1\(fe80::ff:fe00:1\) 500 data bytes
508 bytes from fe80::ff:fe00:1: icmp_seq=1 ttl=64 time=[\d.]+ ms
508 bytes from fe80::ff:fe00:1: icmp_seq=2 ttl=64 time=[\d.]+ ms

--- fe80::ff:fe00:1 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time \d+ms
rtt min/avg/max/mdev = \d+\.\d{3}/\d+\.\d{3}/\d+\.\d{3}/\d+\.\d{3} ms
"""
    assert re.fullmatch(form, done.stdout), done.stdout


def test_a_zone_is_ignored_with_a_reason(peer: str) -> None:
    done = ping(peer, "fe80::ff:fe00:1%wlan0", "-c", "1", "-q")
    assert done.returncode == 0
    assert done.stderr == "lowpan: the zone %wlan0 is ignored: a radio has one link\n"
    assert "bytes from" not in done.stdout


def test_nobody_answers(peer: str) -> None:
    done = ping(peer, "fe80::ff:fe00:9", "-c", "1", "-W", "300ms")
    assert done.returncode == 1
    assert "1 packets transmitted, 0 received, 100% packet loss" in done.stdout


def test_too_few_answers_before_the_deadline(peer: str) -> None:
    done = ping(peer, "fe80::ff:fe00:1", "-c", "50", "-i", "0.2", "-w", "0.7")
    assert done.returncode == 1
    transmitted = re.search(r"(\d+) packets transmitted, (\d+) received", done.stdout)
    assert transmitted is not None
    assert 0 < int(transmitted[2]) <= int(transmitted[1]) < 50
    assert ping(peer, "fe80::ff:fe00:1", "-i", "0.2", "-w", "0.7").returncode == 0


def test_a_group(peer: str) -> None:
    done = ping(peer, "ff02::1", "-c", "2", "-i", "0.2")
    assert done.returncode == 0
    assert done.stdout.count("bytes from fe80::") == 2


def test_it_can_be_interrupted(peer: str) -> None:
    process = start(
        *("ping", peer, "fe80::ff:fe00:1", "-i", "0.2"), *("--pan", "0xbeef", "--short", "2")
    )
    while b"icmp_seq=2" not in pipe_of(process.stdout).readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, complaints = pipe_of(process.stdout).read(), pipe_of(process.stderr).read()
    assert (process.wait(10), complaints) == (0, b"")
    assert b"ping statistics" in out
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe_of(pipe).close()


def test_why_nothing_comes_is_said_as_far_as_it_is_known(peer: str, tmp_path: Path) -> None:
    few = ("-c", "1", "-W", "300ms")
    for wrong in (("fe80::ff:fe00:9",), ("fe80::ff:fe00:1", "--channel", "12")):
        done = ping(peer, *wrong, *few)
        channel = 12 if "--channel" in wrong else 11
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            f"lowpan: no frame got through on channel {channel}, PAN 0xbeef",
            "lowpan: check the address, --channel and --pan; `lowpan scan` lists networks",
        ]
    keyed = ("--raw-key", KEY, "--store", str(tmp_path / "store"))
    done = ping(peer, "fe80::ff:fe00:1", *few, *keyed)
    assert (done.returncode, KEY in done.stderr) == (1, False)
    assert done.stderr.splitlines()[0] in (
        "lowpan: frames were sent, and nothing came back",
        "lowpan: frames that came were dropped: unsecured 1",
    )


def test_beyond_the_link_there_has_to_be_a_router(peer: str) -> None:
    done = ping(peer, "2001:db8::9", "-c", "1")
    assert (done.returncode, done.stdout) == (2, "")
    cause, cure = done.stderr.splitlines()
    assert cause == ("lowpan: Network is unreachable: no router offers a way to 2001:db8::9")
    assert "--address" in cure
    done = ping(peer, "2001:db8::9", "-c", "1", "-W", "5", "--address", "2001:db8::/64")
    assert done.returncode == 1
    assert "icmp_seq=1 Destination unreachable: Address unreachable\n" in done.stdout


async def test_a_router_gets_the_time_to_answer_first() -> None:
    near, far = uris("zep")
    async with node_on(near, 0, settings=ROUTER, addresses=["fd00:db8::/64"]) as border:
        announce(border)
        process = await asyncio.create_subprocess_exec(
            *LOWPAN,
            *("ping", far, "fd00:db8::1", "-c", "1", "--pan", "0xbeef", "--short", "2"),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        assert b"64 bytes from fd00:db8::1: icmp_seq=1" in said


@pytest.mark.parametrize("after", [0.1, 0.2, 0.3, 0.5])
def test_interrupted_before_an_answer_it_says_that_there_was_none(peer: str, after: float) -> None:
    process = start("ping", peer, "fe80::ff:fe00:9", "--pan", "0xbeef", "--short", "2")
    time.sleep(after)  # at any moment, also while it begins
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode in (1, -signal.SIGINT)  # the latter before it is ours


MISTAKES = {
    ("nobody",): "no names on this network",
    ("fe80::1", "-s", "1233"): "1233 is not in the range",
    ("fe80::1", "-i", "soon"): "'soon' is no time",
    ("fe80::1", "--eui64", "02"): "no extended address",
    ("fe80::1", "--channel", "99"): "no channel 99",
    ("fe80::1", "--raw-key", KEY[2:]): "16 octets, not 15",
    ("fe80::1", "--peer", "02:00:00:00:00:00:00:01=x", "--raw-key", KEY): "no short address",
    ("fe80::1", "--raw-key", f"{KEY},mode=0"): "mode 0",
}


@pytest.mark.parametrize(("arguments", "complaint"), MISTAKES.items())
def test_mistakes(
    arguments: tuple[str, ...], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = (*arguments, "--store", str(tmp_path / "store"))
    status, out, complaints = command(capsys, "ping", uris("zep")[0], *more)
    assert status == 2
    assert complaint in complaints
    assert KEY[2:20] not in out + complaints


LONG = {"--count", "--size", "--interval", "--timeout", "--deadline", "--ttl", "--quiet"}
"""Of options that the page names by their letters, as ping's does."""

# The words


def test_lines_of_answers() -> None:
    answer = EchoAnswer(7, "fe80::1", 0.00321, 63, 64)
    assert line_of(answer) == "64 bytes from fe80::1: icmp_seq=7 ttl=63 time=3.21 ms"
    again = EchoAnswer(7, "fe80::1", 0.1234, 63, 64, is_duplicate=True, is_altered=True)
    assert line_of(again) == (
        "64 bytes from fe80::1: icmp_seq=7 ttl=63 time=123 ms (DUP!) (not what was sent)"
    )


FAILURES = {
    (1, 4, 0): "Destination unreachable: Port unreachable",
    (1, 9, 0): "Destination unreachable: Unknown code 9",
    (2, 0, 1280): "Packet too big: mtu=1280",
    (3, 0, 0): "Time exceeded: Hop limit",
    (3, 1, 0): "Time exceeded: Defragmentation failure",
    (4, 1, 40): "Parameter problem: code 1, pointer 40",
}


@pytest.mark.parametrize(("kind", "words"), FAILURES.items())
def test_lines_of_errors(kind: tuple[int, int, int], words: str) -> None:
    error = ErrorReceived(b"", *kind, b"")
    failure = EchoFailure(3, "fe80::9", OSError(), error)
    assert line_of(failure) == f"From fe80::9 icmp_seq=3 {words}"


def test_line_of_a_request_that_never_left() -> None:
    for number, words in (
        (errno.EHOSTUNREACH, "Address unreachable"),
        (errno.ENETUNREACH, "No route"),
        (errno.EIO, "it is unwell"),
    ):
        failure = EchoFailure(3, "fe80::2", OSError(number, "it is unwell"), None)
        said = f"From fe80::2 icmp_seq=3 Destination unreachable: {words}"
        assert line_of(failure) == said


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.00004, "0.040"), (0.0032149, "3.21"), (0.0122, "12.2"), (0.0999, "99.9"), (0.1, "100")],
)
def test_times_have_three_digits(seconds: float, shown: str) -> None:
    assert milliseconds_of(seconds) == shown


def test_statistics() -> None:
    tally = Tally(transmitted=4, begun=1.0, ended=4.5)
    for number, round_trip in ((1, 0.001), (2, 0.003), (2, 0.004)):
        duplicate = number in tally.answered
        tally.add(EchoAnswer(number, "", round_trip, 64, 64, duplicate, is_altered=duplicate))
    tally.add(EchoFailure(3, "", OSError(), None))
    assert tally.lines("fe80::1") == [
        "",
        "--- fe80::1 ping statistics ---",
        "4 packets transmitted, 2 received, +1 duplicates, +1 corrupted, +1 errors, "
        "50% packet loss, time 3500ms",
        "rtt min/avg/max/mdev = 1.000/2.667/4.000/1.247 ms",
    ]
    assert Tally().lines("x")[2:] == [
        "0 packets transmitted, 0 received, 0% packet loss, time 0ms",
        "",
    ]


def test_the_page_names_every_option() -> None:
    offered = {name for parameter in command_line.params for name in parameter.opts if "-" in name}
    pages = [(ROOT / "docs" / f"{page}.md").read_text() for page in ("ping", "node")]
    named = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z0-9-]*", " ".join(pages)))
    assert {option for option in offered if option not in named} <= LONG
