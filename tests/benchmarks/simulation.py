"""A grid of simulated nodes that send to their neighbours: how much faster than real time."""

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import PAGESIZE
from pathlib import Path
from random import Random

from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.security import LinkSecurity
from lowpan.node.addresses import link_local_of
from lowpan.node.node import NodeAction
from lowpan.node.service import Endpoint, UdpReceived
from lowpan.node.settings import NodeSettings
from lowpan.radio import RadioSettings
from lowpan.sim.node import SimNode
from lowpan.sim.world import World
from lowpan.store import MemoryStore
from tests.benchmarks.table import Row, at_least

PORT, PAN_ID, OCTETS = 5683, 0xBEEF, 50
_PAYLOAD, _LOCAL = bytes(OCTETS), Endpoint(b"", PORT)
SPACING = 20.0
"""Metres between neighbours: some forty others are near enough to disturb."""
SIZES = ((100, 10, None), (1024, 10, 50.0), (10_000, 60, 5.0))
"""Nodes, seconds between two datagrams of each, how much faster than real time that is to be."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a run has shown."""

    speed: float
    """Simulated seconds in one of processor time."""
    cpu_us: float
    """Processor time of a datagram."""
    arrived: float
    """Share of datagrams."""
    events: float
    """Events of a datagram."""
    memory: float
    """kB of a node and its links, about; 0 where the system does not tell."""


class Grid:
    """`count` nodes, all of which know each other's addresses and have one key."""

    spacing = SPACING

    def __init__(self, count: int, *, interval: int, seed: int = 1) -> None:
        self.world, self.arrived, self.sent = World(seed), 0, 0
        self._random, self._interval, self._width = Random(seed), interval, round(count**0.5)
        self._remotes = [
            [Endpoint(link_local_of(_short(other)), PORT) for other in self._neighbours(number)]
            for number in range(count)
        ]
        for number in range(count):
            node = self._add(number)
            first = self._random.randrange(interval)
            for turn, remote in enumerate(self._remotes[number]):
                self.world.schedule.at(first + turn * interval, self._send_to, node, remote)
            begin = first + len(self._remotes[number]) * interval
            self.world.schedule.at(begin, self._send, node)

    @property
    def warm_up(self) -> int:
        """Microseconds until everybody has sent to each of its neighbours, and heard of them."""
        return 5 * self._interval

    def _add(self, number: int) -> SimNode:
        settings = RadioSettings(
            channel=15,
            promiscuous=False,
            pan_id=PAN_ID,
            short_address=number + 1,
            extended_address=_extended(number),
        )
        place = number % self._width * self.spacing, number // self._width * self.spacing
        node = self._make(number, settings, place)
        node.node.open_port(Endpoint(b"", PORT))
        return node

    def _make(self, number: int, settings: RadioSettings, place: tuple[float, float]) -> SimNode:
        keys = KeyTable()
        keys.add(KeyIdentifier(1, 1), bytes(range(16)))
        security = LinkSecurity(_extended(number), keys, MemoryStore())
        for other in self._neighbours(number):
            security.peers.add(_extended(other), _short(other), pan_id=PAN_ID)
        return self.world.add_node(
            settings,
            place,
            security=security,
            node_settings=NodeSettings(routers=False),
            told=self._told,
        )

    def _neighbours(self, number: int) -> list[int]:
        row, column = divmod(number, self._width)
        near = [(row, column - 1), (row, column + 1), (row - 1, column), (row + 1, column)]
        return [
            line * self._width + place
            for line, place in near
            if 0 <= line < self._width and 0 <= place < self._width
        ]

    def _send(self, node: SimNode) -> None:
        self._send_to(node, self._random.choice(self._remotes[node.number]))
        self.world.schedule.after(self._interval, self._send, node)

    def _send_to(self, node: SimNode, remote: Endpoint) -> None:
        node.take(node.node.send_udp(_PAYLOAD, _LOCAL, remote, now=node.now))
        self.sent += 1

    def _told(self, action: NodeAction) -> None:
        self.arrived += isinstance(action, UdpReceived)


def measure(count: int, seconds: int, *, interval: int) -> Simulation:
    """Let `count` nodes (a square number) send a datagram each `interval` microseconds."""
    gc.collect()
    before = resident_octets()
    grid = Grid(count, interval=interval)
    grid.world.run_for(grid.warm_up)
    memory = (resident_octets() - before) / count / 1000
    sent, arrived, happened = grid.sent, grid.arrived, grid.world.schedule.happened
    gc.collect()
    gc.freeze()  # what lives as long as the world is not looked through again and again
    begin = time.process_time()
    grid.world.run_for(seconds * 1_000_000)
    cpu = time.process_time() - begin
    gc.unfreeze()
    sent, arrived = grid.sent - sent, grid.arrived - arrived
    happened = grid.world.schedule.happened - happened
    return Simulation(seconds / cpu, cpu / sent * 1e6, arrived / sent, happened / sent, memory)


def rows(seconds: int) -> Iterator[Row]:
    """Yield how fast networks are simulated, whether more nodes cost more each, and their size."""
    for count, interval, least in SIZES:
        run = measure(count, max(seconds, interval), interval=interval * 1_000_000)
        title = f"{count:,} nodes, {OCTETS} octets of each in {interval} s, level 5"
        if least:
            yield at_least(f"{title}, times real time", run.speed, least, "{:.1f}")
        else:
            yield Row(f"{title}, times real time", f"{run.speed:.1f}")
        cost = f"{run.cpu_us:.0f} us, {run.events:.1f} events"
        yield Row("  a datagram", f"{cost}, {run.arrived:.2%} arrived")
        if run.memory:
            yield Row("  memory of a node with its links", f"{run.memory:.0f} kB")


def resident_octets() -> int:
    """Return how much memory this process has, 0 where the system does not tell."""
    table = Path("/proc/self/statm")
    return int(table.read_text().split()[1]) * PAGESIZE if table.exists() else 0


def _extended(number: int) -> bytes:
    return b"\x02\0\0\0\0\0" + (number + 1).to_bytes(2, "big")


def _short(number: int) -> bytes:
    return (number + 1).to_bytes(2, "big")
