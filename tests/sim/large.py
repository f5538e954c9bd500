"""Large meshes, and what their links ought to be by the medium alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from lowpan.mac.timing import O_QPSK_2450
from lowpan.sim.scenario.building import Inhabitant
from lowpan.sim.scenario.plan import Scenario, scenario_of
from lowpan.sim.scenario.running import ScenarioRun

KEY = "00112233445566778899aabbccddeeff"
SECOND = 1_000_000
SPACING = 40
"""Metres: links to the sixteen next nodes of a grid are good, and those to a few more are not."""
BAR = 0.9
"""Share of the longest frames that a link must deliver in both directions to have to be there.

Of the links of this grid, those of 89 metres deliver 95 %, and those of 113 metres nothing."""


@dataclass(frozen=True, slots=True)
class LinksFound:
    """The links of a mesh at one moment; a link has two ends."""

    possible: int
    """Ends that the medium allows, see BAR."""
    missing: int
    """Those of them that are not up."""
    disagreeing: int
    """Ends that are up of which the other end names the quality more than one apart, or none."""


def grid(count: int, *, seed: int = 1, traffic: str = "10 s", more: str = "") -> Scenario:
    """Return a grid of nodes, each of which sends 50 octets to a neighbour now and then."""
    return scenario_of(
        f"""
        title = "A grid of {count} nodes"
        seed = {seed}
        duration = "10 min"
        [network]
        key = "{KEY}"
        mle = true
        [[nodes]]
        name = "n"
        count = {count}
        place = "grid"
        spacing = {SPACING}
        drift_ppm = 20
        [[traffic]]
        from = "n"
        to = "neighbours"
        octets = 50
        every = "{traffic}"
        {more}
        """
    )


def possible(run: ScenarioRun) -> Iterator[tuple[str, str]]:
    """Yield the ends of links that the medium allows: who has it, with whom."""
    settings = run.world.medium.settings
    names = {node.sim.radio: node.name for node in run.nodes.values()}

    def delivers(rssi: float) -> bool:
        longest = O_QPSK_2450.longest_frame
        return settings.delivery_ratio(rssi - settings.noise_floor, longest) >= BAR

    for node in run.nodes.values():
        radio = node.sim.radio
        for other, link in radio.reaches.items():
            back = radio.hears.get(other)
            if other in names and back is not None and delivers(link.rssi) and delivers(back.rssi):
                yield node.name, names[other]


def found(run: ScenarioRun) -> LinksFound:
    """Return how the links of the nodes that run compare with what the medium allows."""
    up = {(one.name, other.name): ends for one, other, *ends in run.links()}
    running = {node.name for node in run.nodes.values() if node.sim.is_running}
    allowed = {pair for pair in possible(run) if running.issuperset(pair)}
    disagreeing = sum(
        (other, one) not in up or abs(quality_in - up[other, one][1]) > 1
        for (one, other), (quality_in, _) in up.items()
    )
    return LinksFound(len(allowed), len(allowed - up.keys()), disagreeing)


def established_within(run: ScenarioRun, limit: int, *, every: int = 5 * SECOND) -> int | None:
    """Run until all links that the medium allows are up; return when, None if not by `limit`."""
    while run.world.now < limit:
        run.run(every)
        if not found(run).missing:
            return run.world.now
    return None


def linked(run: ScenarioRun, node: Inhabitant) -> int:
    """Return with how many others a node has a link of which both ends know."""
    up = {(one.name, other.name) for one, other, *_ in run.links()}
    return sum((other, one) in up for one, other in up if one == node.name)
