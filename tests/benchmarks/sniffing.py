"""`lowpan sniff -T fields` beside `tshark -T fields` and scapy's PcapReader, on the same files."""

import shutil
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.benchmarks.capture import capture, profile
from tests.benchmarks.processes import Spent, lowpan, run
from tests.benchmarks.table import Row, at_least, at_most

FIELDS = (
    *("frame.number", "frame.time_epoch", "frame.len", "wpan.frame_type", "wpan.seq_no"),
    *("wpan.dst_pan", "wpan.dst16", "wpan.src16", "wpan.src64", "wpan.aux_sec.frame_counter"),
    *("6lowpan.frag.tag", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport"),
    *("mle.cmd", "icmpv6.type"),
)
_CHOSEN = [argument for field in FIELDS for argument in ("-e", field)]

TO_TSHARK, EQUAL, MEMORY, GROWTH, TO_SCAPY = 0.35, 0.995, 100, 1.1, 20
"""Targets: CPU to tshark's, share of equal values, MiB, peak to peak, times faster than scapy."""
SCAPY_FRAMES = 20_000
"""Enough of a long file to know what a frame costs."""
_SCAPY = """
import sys
from scapy.config import conf
from scapy.layers import dot15d4, sixlowpan
from scapy.utils import PcapReader
conf.dot15d4_protocol = "sixlowpan"
if len(sys.argv) > 1:
    for frame in PcapReader(sys.argv[1]):
        pass
"""


class Measured(NamedTuple):
    """What one run of lowpan took, and one of tshark right after it."""

    ours: Spent
    theirs: Spent | None
    """None where tshark is not there."""


def rows(folder: Path, counts: tuple[int, ...], rounds: int) -> Iterator[Row]:
    """Yield what is found on captures of so many frames, the fewest first."""
    tshark = shutil.which("tshark")
    if tshark is None:
        yield Row("tshark is missing: apt install tshark", "-")
    peaks: list[float] = []
    for number, count in enumerate(counts):
        path, found = capture(folder, count), list[Measured]()
        for _ in range(rounds if number == 0 else 1):
            found.append(_in_turn(folder, path, tshark))
        peaks.append(max(measured.ours.peak for measured in found))
        yield from _to_tshark(count, found)
        if tshark is not None:
            yield _agreement(count, folder)
        yield at_most(f"{count:,} frames, peak memory", peaks[-1], MEMORY, "{:.1f} MiB")
        if number == 0:
            frames = min(SCAPY_FRAMES, counts[-1])
            yield from _to_scapy(capture(folder, frames), frames, count, found)
    yield at_most("peak memory, most frames to fewest", peaks[-1] / peaks[0], GROWTH, "{:.2f}")


def _in_turn(folder: Path, path: Path, tshark: str | None) -> Measured:
    profile_path, ours, theirs = profile(folder), _output(folder, "lowpan"), None
    command = lowpan("sniff", str(path), "-T", "fields", *_CHOSEN, "--profile", str(profile_path))
    spent = run(command, output=ours)
    if tshark is not None:
        theirs = run(
            [tshark, "-r", str(path), "-T", "fields", *_CHOSEN],
            output=_output(folder, "tshark"),
            environment={"WIRESHARK_CONFIG_DIR": str(profile_path)},
        )
    return Measured(spent, theirs)


def _output(folder: Path, program: str) -> Path:
    return folder / f"{program}.txt"


def _to_tshark(count: int, found: list[Measured]) -> Iterator[Row]:
    cpu = median(measured.ours.cpu for measured in found)
    yield Row(f"{count:,} frames, lowpan", f"{cpu:.2f} s CPU, {1e6 * cpu / count:.1f} µs a frame")
    ratios = [ours.cpu / theirs.cpu for ours, theirs in found if theirs is not None]
    if ratios:
        seconds = median(theirs.cpu for _, theirs in found if theirs is not None)
        peak = max(theirs.peak for _, theirs in found if theirs is not None)
        yield Row(f"{count:,} frames, tshark", f"{seconds:.2f} s CPU, peak {peak:.0f} MiB")
        yield at_most(f"{count:,} frames, CPU to tshark's", median(ratios), TO_TSHARK, "{:.3f}")


def _agreement(count: int, folder: Path) -> Row:
    """Compare the values that both have printed."""
    equal = values = 0
    with _output(folder, "lowpan").open() as ours, _output(folder, "tshark").open() as theirs:
        for lines in zip_longest(ours, theirs, fillvalue=""):
            first, second = (line.rstrip("\n").split("\t") for line in lines)
            values += len(FIELDS)
            equal += sum(a == b for a, b in zip(first, second, strict=False))
    return at_least(f"{count:,} frames, values equal to tshark's", equal / values, EQUAL, "{:.3%}")


def _to_scapy(path: Path, frames: int, count: int, found: list[Measured]) -> Iterator[Row]:
    """Compare what a frame costs; the import of scapy is not counted, that of lowpan is."""
    if not _has_scapy():
        yield Row("scapy is missing: pip install scapy", "-")
        return
    alone = run([sys.executable, "-c", _SCAPY]).cpu
    theirs = (run([sys.executable, "-c", _SCAPY, str(path)]).cpu - alone) / frames
    ours = median(measured.ours.cpu for measured in found) / count
    yield Row("scapy's PcapReader", f"{1e6 * theirs:.0f} µs a frame")
    yield at_least("times faster than scapy's PcapReader", theirs / ours, TO_SCAPY, "{:.1f}")


def _has_scapy() -> bool:
    from importlib.util import find_spec  # noqa: PLC0415  (imports nothing)

    return find_spec("scapy") is not None
