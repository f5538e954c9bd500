"""`python -m tests.sim.thousand`: a thousand nodes link; what they and tshark say of it.

All links that the medium allows are up within ESTABLISHED_WITHIN, and after SETTLED both ends name
their quality alike, one apart at most.  The trace has no malformed frame, and the network key opens
it, for lowpan and for tshark.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lowpan.capture.decoded import DecodedFrame, Outcome
from lowpan.capture.session import open_capture
from lowpan.capture.writer import open_writer
from lowpan.sim.scenario.building import PORT
from lowpan.sim.scenario.running import ScenarioRun
from tests.benchmarks.table import Row, at_least, at_most, show
from tests.sim.large import KEY, SECOND, established_within, found, grid

ESTABLISHED_WITHIN, SETTLED = 120 * SECOND, 180 * SECOND
"""Simulated time from the start of all nodes, which is at once."""


@dataclass(frozen=True, slots=True)
class Thousand:
    """What a run has shown."""

    nodes: int
    links: int
    """Ends that the medium allows."""
    established_s: float | None
    disagreeing: int
    """Ends at the end of the run."""
    arrived: float
    """Share of datagrams."""
    frames: int
    speed: float
    digest: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader made of a trace."""

    frames: int
    malformed: int
    closed: int
    """Secured, and not opened by the key."""
    messages: int
    """Of MLE, in clear or opened."""
    datagrams: int
    """UDP between the ports of the traffic, opened."""


def measure(count: int, trace: Path | None = None) -> Thousand:
    """Let `count` nodes link, and write all that is on air to `trace`."""
    run, begin = ScenarioRun(grid(count)), time.process_time()
    if trace is None:
        established = _run(run)
    else:
        with open_writer(str(trace)) as writer:
            run.world.trace(writer)
            established = _run(run)
    took, seen = time.process_time() - begin, found(run)
    return Thousand(
        count,
        seen.possible,
        None if established is None else established / SECOND,
        seen.disagreeing,
        run.arrived / run.sent,
        run.world.medium.transmissions,
        run.world.now / SECOND / took,
        run.world.digest,
    )


def _run(run: ScenarioRun) -> int | None:
    established = established_within(run, ESTABLISHED_WITHIN)
    run.run(SETTLED - run.world.now)
    return established


def read_by_lowpan(trace: Path) -> Reading:
    """Read a trace as `lowpan sniff --key` does."""
    frames = malformed = closed = messages = datagrams = 0
    with open_capture(trace, keys=KEY) as capture:
        for frame in capture:
            frames += 1
            malformed += bool(frame.faults)
            closed += _is_closed(frame)
            messages += frame.mle is not None and frame.mle.message is not None
            datagrams += frame.mle is None and _is_traffic(frame)
    return Reading(frames, malformed, closed, messages, datagrams)


def _is_closed(frame: DecodedFrame) -> bool:
    of_mle = None if frame.mle is None else frame.mle.protection
    both = (frame.protection, of_mle)
    return any(each is not None and each.outcome is not Outcome.DECRYPTED for each in both)


def _is_traffic(frame: DecodedFrame) -> bool:
    datagram = frame.datagram
    return datagram is not None and datagram.udp is not None and datagram.udp.source_port == PORT


def read_by_tshark(tshark: str, trace: Path) -> Reading:
    """Read a trace as Wireshark does that was given the network key.

    And that random octets are no message of a protocol: one in 20,000 looks like GOOSE to it.
    """
    fields = ("_ws.malformed", "wpan.decrypt_error", "mle.cmd", "udp.srcport")
    command = [tshark, "-r", str(trace), "-o", f'uat:ieee802154_keys:"{KEY}","0","Thread hash"']
    command += ["-d", f"udp.port=={PORT},data"]
    command += ["-T", "fields", "-E", "separator=|", *(each for f in fields for each in ("-e", f))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = [line.split("|") for line in done.stdout.splitlines()]
    malformed = sum(bool(row[0]) for row in rows)
    closed = sum(bool(row[1]) for row in rows)
    messages = sum(bool(row[2]) for row in rows)
    return Reading(len(rows), malformed, closed, messages, sum(row[3] == str(PORT) for row in rows))


def rows(count: int, trace: Path) -> Iterator[Row]:
    """Yield what a mesh of `count` nodes has shown."""
    run = measure(count, trace)
    title = f"{count:,} nodes, {run.links:,} possible ends of links"
    limit = ESTABLISHED_WITHIN / SECOND
    established = float("inf") if run.established_s is None else run.established_s
    yield at_most(f"{title}: all up, s", established, limit, "{:.0f}")
    yield at_most("  ends that name a quality more than 1 apart", run.disagreeing, 0, "{}")
    yield Row("  datagrams arrived", f"{run.arrived:.2%}")
    yield Row("  frames on air", f"{run.frames:,}")
    yield Row("  times real time, the trace written", f"{run.speed:.1f}")
    yield from _readings(read_by_lowpan(trace), "lowpan sniff --key", run)
    tshark = shutil.which("tshark")
    if tshark is not None:
        yield from _readings(read_by_tshark(tshark, trace), "tshark", run)
    yield Row("  digest", run.digest)


def _readings(reading: Reading, reader: str, run: Thousand) -> Iterator[Row]:
    yield at_least(f"  {reader}: frames", reading.frames, run.frames, "{:,}")
    yield at_most(f"  {reader}: malformed", reading.malformed, 0, "{}")
    yield at_most(f"  {reader}: not opened by the key", reading.closed, 0, "{}")
    opened = f"{reading.messages:,} and {reading.datagrams:,}"
    yield Row(f"  {reader}: MLE messages and UDP datagrams opened", opened)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim.thousand", description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the trace")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trace = options.write or Path(folder) / "trace.pcapng"
        show("Large mesh", rows(options.nodes, trace))


if __name__ == "__main__":
    main()
