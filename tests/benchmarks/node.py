"""What a node adds to a round trip: two nodes of one process over radios that take no time."""

import asyncio
import time
from collections.abc import Iterator
from statistics import quantiles

from tests.aio.media import SHORT, nodes
from tests.benchmarks.table import Row, at_most

MOST_MS = 1.0
"""Of a round trip, at the median and at the 99th percentile."""

WARM_UP = 100
"""Round trips that are not measured: formats are compiled, caches filled."""


def rows(count: int) -> Iterator[Row]:
    """Yield the round trips of `count` pings, raw and secured, and what they cost."""
    for size in (56, 1000):
        times, cpu = asyncio.run(round_trips(count, size))
        cuts = quantiles(times, n=100)
        for place in (50, 99):
            what = f"round trip of {size} octets, p{place}"
            measured = 1000 * cuts[place - 1]
            if size == 56:
                yield at_most(what, measured, MOST_MS, "{:.2f} ms")
            else:
                yield Row(what, f"{measured:.2f} ms")
        yield Row(f"processor time of a ping of {size} octets, both nodes", f"{1e6 * cpu:.0f} us")


async def round_trips(count: int, size: int) -> tuple[list[float], float]:
    """Return the round trips of `count` pings and the processor time of one, in seconds."""
    async with nodes("cable") as (one, _):
        for _ in range(WARM_UP):
            await one.ping(SHORT[1], size=size)
        begin = time.process_time()
        times = [(await one.ping(SHORT[1], size=size)).round_trip for _ in range(count)]
        return times, (time.process_time() - begin) / count
