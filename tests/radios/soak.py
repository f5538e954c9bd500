"""A long run of the `spinel:` driver over a pty, with garbage between one frame in a hundred.

`python -m tests.radios.soak --frames 10000000` prints what was delivered, the memory, the
processor time of a frame, and how late frames are; `--rate 100000` says so many octets in a
second instead of as many as are taken.  Another process is the radio.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tty
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from time import monotonic, monotonic_ns, process_time, sleep

from lowpan.radio import Radio, open_radio
from lowpan.wire.fcs import append_fcs16
from lowpan_radios.hdlc import HdlcDecoder, hdlc_encode
from lowpan_radios.spinel_names import Property
from tests.peers.rcp import RcpDouble

PSDU_OCTETS = 60
"""Of a frame with its FCS."""

BLOCK_FRAMES = 32
"""Frames written at once."""

SAMPLED = 16
MOST_SAMPLES = 10_000
"""Of so many frames one tells how late it is; the newest are kept."""

PATIENCE = 30.0
"""Seconds without any frame after which the rest is lost."""

_HEAD = Struct("<HBHHHIQ")
"""Header of a data frame, its number, and when it was said (nanoseconds)."""
_METADATA = Struct("<bbHHBBQHBHBL")
_REST = bytes(range(0x60, 0x60 + PSDU_OCTETS - _HEAD.size - 2))
_STATM = Path("/proc/self/statm")


def message_of(number: int) -> bytes:
    """Return the frame with that number as a radio says it."""
    head = _HEAD.pack(0x8841, number & 0xFF, 0xABCD, 2, 1, number, monotonic_ns())
    psdu = append_fcs16(head + _REST)
    time_us = 1_000_000 + 10 * number
    metadata = _METADATA.pack(-60, -128, 0, 10, 11, 200, time_us, 1, 0, 5, 0, 0)
    return hdlc_encode(b"\x80\x06\x71" + len(psdu).to_bytes(2, "little") + psdu + metadata)


def garbage_of(number: int, noise: random.Random) -> bytes:
    """Return octets that hold no message, to stand between two: one of four kinds."""
    good = message_of(number)
    at = noise.randrange(8, len(good) - 2)
    kinds = (
        noise.randbytes(noise.randrange(1, 200)),
        good[:at],
        good[:at] + bytes([good[at] ^ 0x02]) + good[at + 1 :],
        b"\x7e\x7e\x7d\x7e" + b"boot: ready\r\n",
    )
    octets = kinds[number % 4]
    return octets if not HdlcDecoder().decode(b"\x7e" + octets + b"\x7e") else b"\x7e\x7d"


def be_the_radio(master: int, frames: int, rate: int) -> None:
    """Answer the host until it listens, then say all frames, at `rate` octets a second if not 0."""
    double = RcpDouble()
    while not double.properties[Property.MAC_RAW_STREAM_ENABLED][0]:
        double.take(os.read(master, 4096))
        for octets in double.said():
            write_all(master, octets)
    noise = random.Random(10_000_000)
    due = monotonic()
    at_once = 1 if rate else BLOCK_FRAMES
    for first in range(0, frames, at_once):
        block = b"".join(said(range(first, min(first + at_once, frames)), noise))
        write_all(master, block)
        if rate:
            due += len(block) / rate
            sleep(max(due - monotonic(), 0))
    sys.stdin.read()  # the line stays until the other process has enough


def said(numbers: range, noise: random.Random) -> Iterator[bytes]:
    """Yield these frames, and garbage behind one in a hundred."""
    for number in numbers:
        yield message_of(number)
        if number % 100 == 50:
            yield garbage_of(number // 100, noise)


def write_all(master: int, octets: bytes) -> None:
    """Write octets, waiting for room."""
    while octets:
        octets = octets[os.write(master, octets) :]


@dataclass(frozen=True)
class SoakResult:
    """What a run has shown."""

    frames: int
    delivered: int
    in_order: bool
    seconds: float
    cpu_us: float
    """Processor time of the driver's process for one frame."""
    rss_after_a_tenth: int
    """KiB."""
    rss: int
    damaged: int
    garbage: int
    late_us: float
    """99 of 100 frames were fetched within this time after they were written."""

    def __str__(self) -> str:
        """Return the lines that the program prints."""
        every = "all" if self.delivered == self.frames and self.in_order else "NOT ALL"
        lines = (
            f"{self.frames} good frames sent, {self.delivered} delivered, {every}, in order",
            f"left out: {self.damaged} damaged messages, {self.garbage} octets of garbage",
            f"{self.delivered / self.seconds:,.0f} frames/s; "
            f"{self.cpu_us:.2f} us of processor a frame; 99 % within {self.late_us:,.0f} us",
            f"resident: {self.rss_after_a_tenth} KiB after a tenth, {self.rss} KiB at the end",
        )
        return "\n".join(lines)


def resident() -> int:
    """Return the memory of this process, KiB; 0 where the system does not tell."""
    if not _STATM.exists():
        return 0
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def soak(frames: int, rate: int = 0) -> SoakResult:
    """Run it: open the radio, fetch `frames` frames, and compare each."""
    master, slave = os.openpty()
    tty.setraw(slave)
    options = ("--radio", str(master), "--frames", str(frames), "--rate", str(rate))
    other = subprocess.Popen(  # noqa: ASYNC220  (ourselves; it is started at once)
        [sys.executable, "-m", "tests.radios.soak", *options],
        pass_fds=(master,),
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        async with await open_radio(f"spinel:{os.ttyname(slave)}") as radio:
            return await fetch(radio, frames)
    finally:
        other.kill()
        other.communicate()
        os.close(slave)
        os.close(master)


async def fetch(radio: Radio, frames: int) -> SoakResult:
    """Fetch the frames and measure."""
    delivered, in_order, rss = 0, True, 0
    late = deque[int](maxlen=MOST_SAMPLES)
    begin, cpu = monotonic(), process_time()
    try:
        while delivered < frames:
            async with asyncio.timeout(PATIENCE):
                for _ in range(min(10_000, frames - delivered)):
                    frame = await radio.receive()
                    in_order = in_order and frame.psdu[9:13] == delivered.to_bytes(4, "little")
                    delivered += 1
                    if not delivered % SAMPLED:
                        late.append(monotonic_ns() - _HEAD.unpack_from(frame.psdu)[-1])
            if not rss and delivered >= frames // 10:
                rss = resident()
    except TimeoutError:
        pass  # what is missing shows in the result
    seconds, cpu = monotonic() - begin, process_time() - cpu
    statistics = radio.statistics
    return SoakResult(
        frames,
        delivered,
        in_order,
        seconds,
        cpu / max(delivered, 1) * 1e6,
        rss,
        resident(),
        statistics.damaged,
        statistics.garbage,
        sorted(late)[len(late) * 99 // 100] / 1000 if late else 0.0,
    )


def main() -> None:
    """Run it and print what it has shown; status 1 if a frame is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.radios.soak", description=__doc__)
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--rate", type=int, default=0, help="octets a second; 0: as many as go")
    parser.add_argument("--radio", type=int, help="be the radio on this descriptor")
    arguments = parser.parse_args()
    if arguments.radio is not None:
        be_the_radio(arguments.radio, arguments.frames, arguments.rate)
        return
    result = asyncio.run(soak(arguments.frames, arguments.rate))
    print(result)  # noqa: T201
    if result.delivered != arguments.frames or not result.in_order:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
