"""What the `spinel:` driver costs over a pty: processor time, latency, and what it can take.

Another process, `python -m tests.benchmarks.radio --radio FD ...`, is the radio.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
import tty
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from lowpan.radio import Radio, open_radio
from lowpan.wire.fcs import append_fcs16
from lowpan_radios.hdlc import hdlc_encode
from lowpan_radios.spinel_names import Property
from tests.benchmarks.table import Row, at_least, at_most
from tests.peers.rcp import RcpDouble
from tests.radios.soak import message_of, write_all

RATE = 100_000
"""Octets a second of the paced run: more than 802.15.4 carries, or 921600 baud."""

MOST_CPU_US, MOST_LATENCY_US, LEAST_FRAMES = 50.0, 1000.0, 100_000.0

PATIENCE = 20.0
"""Seconds without any frame after which the rest is lost."""

BLOCK = 65_536
"""Octets that the saturated run writes at once, at most; the line takes them as it can."""

_HEAD = bytes.fromhex("4188 00 cdab 0200 0100")
_METADATA = bytes.fromhex("c4 80 0000 0a00 0b c8 0000000000000000 0100 00 0500 00 00000000")


def stamped_message() -> bytes:
    """Return a frame of 60 octets, with its FCS, that carries the time of now."""
    stamp = time.monotonic_ns().to_bytes(8, "little")
    psdu = append_fcs16(_HEAD + stamp + bytes(range(0x60, 0x60 + 41)))
    return hdlc_encode(b"\x80\x06\x71" + len(psdu).to_bytes(2, "little") + psdu + _METADATA)


def be_the_radio(master: int, frames: int, *, paced: bool) -> None:
    """Answer the host until it listens, then say all frames, at RATE or as fast as it reads."""
    ready = [] if paced else [message_of(number) for number in range(frames)]
    print("ready", flush=True)  # noqa: T201
    double = RcpDouble()
    while not double.properties[Property.MAC_RAW_STREAM_ENABLED][0]:
        double.take(os.read(master, 4096))
        for octets in double.said():
            write_all(master, octets)
    if paced:
        say_paced(master, frames)
    else:
        write_all(master, b"".join(ready))
    sys.stdin.read()  # the line stays until the other process has enough


def say_paced(master: int, frames: int) -> None:
    """Say each frame when its turn has come."""
    due = time.monotonic()
    for _ in range(frames):
        time.sleep(max(due - time.monotonic(), 0))
        octets = stamped_message()
        write_all(master, octets)
        due += len(octets) / RATE


@asynccontextmanager
async def radio_beside(frames: int, *, paced: bool) -> AsyncGenerator[Radio]:
    """Yield an open radio; the other process begins to say `frames` frames."""
    master, slave = os.openpty()
    tty.setraw(slave)
    command = [sys.executable, "-m", "tests.benchmarks.radio", "--frames", str(frames)]
    other = subprocess.Popen(  # noqa: ASYNC220  (ourselves; it is started at once)
        [*command, "--radio", str(master), *(["--paced"] if paced else [])],
        pass_fds=(master,),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        assert other.stdout is not None
        other.stdout.readline()
        async with await open_radio(f"spinel:{os.ttyname(slave)}") as radio:
            yield radio
    finally:
        other.kill()
        other.communicate()
        os.close(slave)
        os.close(master)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a run has shown."""

    delivered: int
    seconds: float
    cpu_us: float
    """Of this process, for one frame."""
    delays_us: list[float]
    """From the radio's write to the frame in the hand of who waits for it, in order of size."""

    def quantile(self, percent: int) -> float:
        """Return the delay that so many of a hundred frames do not exceed, microseconds."""
        delays = self.delays_us
        return delays[len(delays) * percent // 100] if delays else PATIENCE * 1e6


async def fetch(frames: int, *, paced: bool) -> Fetched:
    """Fetch the frames and measure."""
    async with radio_beside(frames, paced=paced) as radio:
        await radio.receive()
        begin, cpu, delays = time.monotonic(), time.process_time(), list[float]()
        delivered = 1
        try:
            while delivered < frames:
                async with asyncio.timeout(PATIENCE):
                    for _ in range(min(5_000, frames - delivered)):
                        frame = await radio.receive()
                        delivered += 1
                        if paced:
                            sent = int.from_bytes(frame.psdu[9:17], "little")
                            delays.append((time.monotonic_ns() - sent) / 1000)
        except TimeoutError:
            pass  # what is missing shows in the result
        seconds, cpu = time.monotonic() - begin, time.process_time() - cpu
        return Fetched(delivered, seconds, cpu / delivered * 1e6, sorted(delays))


def rows(seconds: float, rounds: int) -> Iterator[Row]:
    """Yield what the driver costs at RATE for so long, and how much it takes at most.

    The best of some rounds: whatever else the machine does can only add to them.  Most of the
    paced cost is waking for each frame with cold caches; saturated, it is the driver's own.
    """
    frames = round(seconds * RATE / len(stamped_message()))
    runs = [asyncio.run(fetch(frames, paced=True)) for _ in range(rounds)]
    title = f"spinel: over a pty, {RATE // 1000} kB/s"
    cpu_us = min(run.cpu_us for run in runs)
    yield at_most(f"{title}, processor time of a frame", cpu_us, MOST_CPU_US, "{:.1f} us")
    yield Row("  latency, median", f"{min(run.quantile(50) for run in runs):.0f} us")
    late = min(run.quantile(99) for run in runs)
    yield at_most("  latency, 99 of 100", late, MOST_LATENCY_US, "{:.0f} us")
    yield at_most("  frames lost", sum(frames - run.delivered for run in runs), 0, "{:.0f}")
    many = round(seconds * 50_000)
    runs = [asyncio.run(fetch(many, paced=False)) for _ in range(rounds)]
    rate = max(run.delivered / run.seconds for run in runs)
    yield at_least("spinel: over a pty, saturated", rate, LEAST_FRAMES, "{:,.0f} frames/s")
    yield Row("  processor time of a frame", f"{min(run.cpu_us for run in runs):.1f} us")
    yield at_most("  frames lost", sum(many - run.delivered for run in runs), 0, "{:.0f}")


def main() -> None:
    """Be the radio."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.radio")
    parser.add_argument("--radio", type=int, required=True, help="descriptor of the line")
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--paced", action="store_true")
    arguments = parser.parse_args()
    be_the_radio(arguments.radio, arguments.frames, paced=arguments.paced)


if __name__ == "__main__":
    main()
