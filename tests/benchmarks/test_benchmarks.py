"""The benchmarks measure what they say they do."""

import sys
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from lowpan.capture.decoded import Outcome
from lowpan.capture.session import open_capture
from lowpan.capture.wireshark_profile import read_profile
from tests.benchmarks import codecs, goodput, mesh_simulation, simulation, sniffing, startup
from tests.benchmarks.capture import Network, capture, profile
from tests.benchmarks.processes import Failed, lowpan, run
from tests.benchmarks.table import Row, at_least, at_most, show

FRAMES = 3_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def test_same_seed_gives_same_frames() -> None:
    first, again, other = (list(islice(Network(seed).frames(), 300)) for seed in (1, 1, 2))
    assert first == again != other


def test_capture_is_secured_and_sound(folder: Path) -> None:
    kinds: Counter[str] = Counter()
    with open_capture(capture(folder, FRAMES), read_profile(profile(folder))) as frames:
        for decoded in frames:
            assert not decoded.faults
            assert decoded.frame is not None
            kinds[f"type {decoded.frame.control.frame_type}"] += 1
            for protection in (decoded.protection, decoded.mle and decoded.mle.protection):
                if protection is not None:
                    assert protection.outcome is Outcome.DECRYPTED
                    kinds["decrypted"] += 1
            if decoded.datagram is not None:
                assert decoded.datagram.checksum_good
            for layer in ("datagram", "mesh", "fragment", "mle", "thread_beacon"):
                kinds[layer] += getattr(decoded, layer) is not None
    assert kinds["decrypted"] > 0.6 * FRAMES
    assert kinds["datagram"] > 0.5 * FRAMES
    for kind in ("type 2", "type 3", "mesh", "fragment", "mle", "thread_beacon"):
        assert kinds[kind] > 0.01 * FRAMES, kind


def test_capture_and_profile_are_made_once(folder: Path) -> None:
    path = capture(folder, FRAMES)
    made = path.stat().st_mtime_ns
    assert capture(folder, FRAMES) == path
    assert path.stat().st_mtime_ns == made
    assert profile(folder) == profile(folder)


def test_what_a_program_takes_is_measured() -> None:
    busy = run([sys.executable, "-c", "x = b'x' * (80 << 20); sum(range(3_000_000))"])
    idle = run([sys.executable, "-c", ""])
    assert busy.cpu > idle.cpu > 0
    assert busy.elapsed > 0
    assert busy.peak > idle.peak + 70
    with pytest.raises(Failed, match="exit status 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(Failed):
        run(lowpan("sniff", "no such file"))


def test_verdicts() -> None:
    assert at_most("a", 1.0, 1.2, "{:.1f}") == Row("a", "1.0", "<= 1.2", met=True)
    assert at_most("a", 1.3, 1.2, "{:.1f}").cells == ("a", "1.3", "<= 1.2", "NOT MET")
    assert at_least("a", 1.3, 1.2, "{:.1f}").met
    assert not at_least("a", 1.1, 1.2, "{:.1f}").met


def test_plain_table(capsys: pytest.CaptureFixture[str]) -> None:
    show("Title", [Row("first", "1"), at_most("second", 2.0, 1.0, "{:.0f}")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [
        "Title",
        "  what    measured  target",
        "  first          1",
        "  second         2    <= 1  NOT MET",
    ]


def test_start_is_measured() -> None:
    rows = list(startup.rows(1))
    assert [row.met is None for row in rows] == [False, True, False, True, True]


def test_codecs_are_measured(folder: Path) -> None:
    rows = list(codecs.rows(capture(folder, FRAMES), 1, folder))
    assert len(rows) == 12
    assert all(0.1 < float(row.measured) < 10 for row in rows if row.target)


@pytest.mark.parametrize(
    ("payload", "secured", "frames"),
    [
        (60, False, [78]),
        (60, True, [88]),
        (107, False, [125]),
        (108, False, [118, 26]),
        (1000, False, [118] * 9 + [86]),
        (1000, True, [120] * 10 + [72]),
    ],
)
def test_bound_of_goodput_counts_the_smallest_frames(
    payload: int, secured: bool, frames: list[int]
) -> None:
    assert goodput.frames_of(payload, secured=secured) == frames


def test_a_frame_takes_what_the_standard_says() -> None:
    # backoff, CCA, turnaround, 6 + 80 octets, turnaround, acknowledgment, long interframe space
    assert goodput.duration(78) == 1120 + 128 + 192 + 2752 + 192 + 352 + 640


@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.parametrize("payload", [60, 1000])
def test_goodput_is_near_its_bound(payload: int, secured: bool) -> None:
    run = goodput.measure(payload, 10, secured=secured)
    share = run.bit_rate / goodput.bound(payload, secured=secured)
    assert 0.96 < share < 1.02
    frames = len(goodput.frames_of(payload, secured=secured))
    assert frames <= run.frames < frames * 1.02


def test_simulated_nodes_send_to_their_neighbours() -> None:
    run = simulation.measure(36, 4, interval=2_000_000)
    assert run.arrived > 0.95
    assert run.events < 30


def test_simulated_nodes_with_mle_have_links_and_send_over_them() -> None:
    run = mesh_simulation.measure(mesh_simulation.Size(36, 10, 32, 64, None))
    assert run.links > 6  # the corners have three near neighbours, all others eight or five
    assert run.arrived > 0.95


def test_sniffer_is_measured_beside_others(
    folder: Path, require_peer: Callable[[str], str]
) -> None:
    require_peer("tshark")
    rows = {row.what: row for row in sniffing.rows(folder, (500, FRAMES), 1)}
    assert rows[f"{FRAMES:,} frames, values equal to tshark's"].measured == "100.000%"
    assert rows["peak memory, most frames to fewest"].met
    assert rows["times faster than scapy's PcapReader"].target == ">= 20.0"
    assert rows["500 frames, CPU to tshark's"].target == "<= 0.350"
