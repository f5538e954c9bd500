"""A grid of simulated nodes with MLE: links established, and advertised at their longest pace."""

import gc
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from lowpan.mesh.link_establishment import LinkEstablishment
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import LinkState
from lowpan.mesh.network_parameters import NetworkParameters
from lowpan.mesh.network_security import SECURITY_LEVEL, NetworkSecurity
from lowpan.mesh.parameter_events import ParameterSettings
from lowpan.node.settings import NodeSettings
from lowpan.radio import RadioSettings
from lowpan.sim.node import SimNode
from lowpan.store import MemoryStore
from tests.benchmarks.simulation import OCTETS, Grid, resident_octets
from tests.benchmarks.table import Row, at_least

SPACING = 50.0
"""Metres: nodes have links with some ten others, the farthest of which hear half of the frames."""


S = 1_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """A run that is measured."""

    nodes: int
    """A square number."""
    every: int
    """Seconds between two datagrams of each."""
    advertise: int
    """Seconds between advertisements, at last; also how long is measured."""
    begin: int
    """Seconds after the start from which on it is measured."""
    least: float | None
    """How much faster than real time that is to be."""


SIZES = (
    Size(1024, 10, 64, 128, None),
    Size(1024, 10, 512, 1024, 50.0),
)
LARGE = (Size(10_000, 60, 512, 512, 5.0),)
"""Takes a quarter of an hour, most of it until links are established."""
QUICK = (Size(100, 10, 64, 128, None),)


@dataclass(frozen=True, slots=True)
class MeshSimulation:
    """What a run has shown."""

    speed: float
    """Simulated seconds in one of processor time."""
    arrived: float
    """Share of datagrams."""
    links: float
    """Links of a node that are up."""
    memory: float
    """kB of a node and its links, about; 0 where the system does not tell."""
    establishing: float
    """Processor seconds until measuring began."""


class MeshGrid(Grid):
    """`count` nodes that find each other; each sends to those beside it."""

    spacing = SPACING

    def __init__(
        self, count: int, *, interval: int, advertise_last: int | None = None, seed: int = 1
    ) -> None:
        self._settings = MeshLinkSettings.paced(advertise_last)
        self.meshes: list[LinkEstablishment] = []
        super().__init__(count, interval=interval, seed=seed)

    @property
    def links(self) -> int:
        """Return how many ends of links are up."""
        return sum(
            link.state is LinkState.UP for mesh in self.meshes for link in mesh.links.values()
        )

    def _make(self, number: int, settings: RadioSettings, place: tuple[float, float]) -> SimNode:
        extended = settings.extended_address
        assert extended is not None
        store = MemoryStore()
        security = NetworkSecurity(bytes(range(16)), extended, store, now=0)
        parameters = ParameterSettings(SECURITY_LEVEL)

        def meshed(random: Random) -> LinkEstablishment:
            mesh = LinkEstablishment(
                security.mle,
                random,
                link_security=security.link,
                keys=security.keys,
                parameters=NetworkParameters(random, store=store, settings=parameters),
                store=store,
                settings=self._settings,
            )
            self.meshes.append(mesh)
            return mesh

        return self.world.add_node(
            settings,
            place,
            security=security.link,
            node_settings=NodeSettings(routers=False),
            told=self._told,
            mesh=meshed,
        )


def measure(size: Size) -> MeshSimulation:
    """Let nodes find each other, and measure for as long as all advertise once."""
    gc.collect()
    before, start = resident_octets(), time.process_time()
    grid = MeshGrid(size.nodes, interval=size.every * S, advertise_last=size.advertise * S)
    gc.freeze()
    grid.world.run_for(size.begin * S)
    establishing = time.process_time() - start
    memory = (resident_octets() - before) / size.nodes / 1000
    sent, arrived = grid.sent, grid.arrived
    gc.collect()
    gc.freeze()
    start = time.process_time()
    grid.world.run_for(size.advertise * S)
    cpu = time.process_time() - start
    gc.unfreeze()
    sent, arrived = grid.sent - sent, grid.arrived - arrived
    links = grid.links / size.nodes
    return MeshSimulation(size.advertise / cpu, arrived / sent, links, memory, establishing)


def rows(sizes: Iterable[Size]) -> Iterator[Row]:
    """Yield how fast networks with MLE are simulated once links are established."""
    for size in sizes:
        run = measure(size)
        title = (
            f"{size.nodes:,} nodes with MLE, {OCTETS} octets of each in {size.every} s, "
            f"advertised every {size.advertise} s, times real time"
        )
        if size.least is None:
            yield Row(title, f"{run.speed:.1f}")
        else:
            yield at_least(title, run.speed, size.least, "{:.1f}")
        seconds = f"seconds {size.begin} to {size.begin + size.advertise}"
        yield Row("  of the simulation", f"{seconds}, {run.arrived:.2%} arrived")
        yield Row("  links of a node", f"{run.links:.1f}")
        yield Row("  until then, processor time", f"{run.establishing:.0f} s")
        if run.memory:
            yield Row("  memory of a node with its links", f"{run.memory:.0f} kB")
