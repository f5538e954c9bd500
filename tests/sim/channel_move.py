"""`python -m tests.sim.channel_move`: a hundred nodes and ten sleepers go to another channel.

A fifth of all frames is lost.  Ten nodes are off when the others are told, and begin again where
nobody is left.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field

from lowpan.mesh.parameter_events import ParameterApplied
from lowpan.sim.scenario.building import Inhabitant
from lowpan.sim.scenario.plan import Scenario, scenario_of
from lowpan.sim.scenario.running import ScenarioRun
from tests.benchmarks.table import Row, at_most, show
from tests.sim.large import KEY, SECOND, linked

OLD, NEW = 15, 25
TOLD_AT, DELAY = 180 * SECOND, 120 * SECOND
OFF_AT, BACK_AT = 170 * SECOND, 330 * SECOND
APART, APART_ASLEEP = 100_000, 7_680_000
"""Microseconds from the moment that was said within which nodes and sleepers are on the new one: as
long as the news waited for a free channel, or at most waits for a sleeper to ask for it."""
FOUND_WITHIN = 300 * SECOND
"""Microseconds from the moment, or from when they were back, until the others are there too, and
have links."""


@dataclass(slots=True)
class Move:
    """What a change of channel has shown."""

    nodes: int
    sleepers: int
    earliest_ms: float = 0.0
    latest_ms: float = 0.0
    """From the moment, of those who were told in time."""
    latest_sleeper_ms: float = 0.0
    in_time: int = 0
    late: dict[str, float | None] = field(default_factory=dict[str, float | None])
    """Seconds until who was not told in time had a link on the new channel; None: never."""
    sleepers_asleep: int = 0
    """Sleepers that have one neighbour each, at the end."""


class Moving:
    """A network that changes its channel, and who is where when."""

    def __init__(self, scenario: Scenario) -> None:
        self.moved: dict[str, int] = {}
        self.run = ScenarioRun(scenario, log=self._log)

    def _log(self, moment: int, who: str, what: str) -> None:
        if what == ParameterApplied.__name__:
            self.moved.setdefault(who, moment)

    def is_there(self, node: Inhabitant) -> bool:
        """Tell whether a node is on the new channel, and has a link there."""
        return node.sim.radio.settings.channel == NEW and linked(self.run, node) > 0


def network(nodes: int, sleepers: int, loss: float, seed: int) -> Scenario:
    """Return a grid, sleepers among it, and what happens to it."""
    off = [f"n-{number}" for number in range(5, nodes, 10)]
    return scenario_of(
        f"""
        seed = {seed}
        duration = "1 h"
        [network]
        channel = {OLD}
        key = "{KEY}"
        mle = true
        [medium]
        loss = {loss}
        [[nodes]]
        name = "n"
        count = {nodes}
        place = "grid"
        spacing = 40.0
        drift_ppm = 40
        [[nodes]]
        name = "s"
        count = {sleepers}
        place = "grid"
        spacing = 85.0
        at = [20.0, 20.0]
        drift_ppm = 40
        sleepy = true
        [[traffic]]
        from = "n"
        to = "neighbours"
        every = "30 s"
        [[events]]
        at = "{OFF_AT} us"
        do = "crash"
        nodes = {off}
        [[events]]
        at = "{TOLD_AT} us"
        do = "change"
        nodes = ["n-1"]
        parameter = "channel"
        value = {NEW}
        delay = "{DELAY} us"
        [[events]]
        at = "{BACK_AT} us"
        do = "restart"
        nodes = {off}
        """
    )


def measure(nodes: int = 100, sleepers: int = 10, loss: float = 0.2, seed: int = 1) -> Move:
    """Let a network move, and wait for those who are late."""
    moving, moment = Moving(network(nodes, sleepers, loss, seed)), TOLD_AT + DELAY
    run, seen = moving.run, Move(nodes, sleepers)
    run.run(moment + APART_ASLEEP)
    in_time = {name: at for name, at in moving.moved.items() if moment - at <= APART}
    asleep = [in_time[name] for name in in_time if run.nodes[name].sleepy]
    awake = [in_time[name] for name in in_time if not run.nodes[name].sleepy]
    seen.in_time = len(in_time)
    seen.earliest_ms = (min(in_time.values()) - moment) / 1000
    seen.latest_ms = (max(awake) - moment) / 1000
    seen.latest_sleeper_ms = (max(asleep, default=moment) - moment) / 1000
    run.run(BACK_AT - run.world.now)
    late = [node for name, node in run.nodes.items() if name not in in_time]
    seen.late = dict.fromkeys(node.name for node in late)
    while late and run.world.now < BACK_AT + FOUND_WITHIN:
        run.run(5 * SECOND)
        for node in [node for node in late if moving.is_there(node)]:
            late.remove(node)
            seen.late[node.name] = (run.world.now - BACK_AT) / SECOND
    run.run(60 * SECOND)
    seen.sleepers_asleep = sum(linked(run, node) == 1 for node in run.nodes.values() if node.sleepy)
    return seen


def rows(seen: Move) -> Iterator[Row]:
    """Yield the table of what was seen."""
    yield Row("nodes, sleepers besides", f"{seen.nodes} and {seen.sleepers}")
    yield Row("told in time", f"{seen.in_time}")
    yield Row("  the first of them, ms from the moment", f"{seen.earliest_ms:.1f}")
    yield at_most("  the last of them, ms", seen.latest_ms, APART / 1000, "{:.1f}")
    latest = seen.latest_sleeper_ms
    yield at_most("  the last sleeper, ms", latest, APART_ASLEEP / 1000, "{:.1f}")
    yield Row("others, who were off or not told", f"{len(seen.late)}")
    found = [seconds for seconds in seen.late.values() if seconds is not None]
    worst = max(found, default=0.0)
    yield at_most("  the last of them has a link, s after", worst, FOUND_WITHIN / SECOND, "{:.0f}")
    yield at_most("  lost for good", len(seen.late) - len(found), 0, "{}")
    yield at_most("sleepers without a link", seen.sleepers - seen.sleepers_asleep, 0, "{}")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim.channel_move", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    show("Change of channel", rows(measure(seed=parser.parse_args().seed)))


if __name__ == "__main__":
    main()
