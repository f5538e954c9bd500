"""What was seen of a scenario, in numbers and words."""

from collections.abc import Iterator
from typing import Any

from lowpan.mac.service import Drop
from lowpan.node.mesh_state import mesh_state
from lowpan.sim.medium import Fate
from lowpan.sim.scenario.building import Inhabitant
from lowpan.sim.scenario.running import ScenarioRun
from lowpan.sim.state import node_state

Summary = dict[str, Any]
"""Values that JSON has, by name."""


def summary_of(run: ScenarioRun) -> Summary:
    """Return the sums of a run so far."""
    links, fates = run.links(), run.world.medium.fates
    running = [node for node in run.nodes.values() if node.sim.is_running]
    return {
        "title": run.scenario.title,
        "seed": run.scenario.seed,
        "simulated_s": run.world.now / 1_000_000,
        "nodes": len(run.nodes),
        "running": len(running),
        "links": len(links),
        "links_agreed": agreed(run),
        "mean_quality": round(sum(link[2] for link in links) / len(links), 3) if links else None,
        "datagrams_sent": run.sent,
        "datagrams_arrived": run.arrived,
        "datagrams_without_receiver": run.unsent,
        "frames": run.world.medium.transmissions,
        "receptions": {fate.name.lower(): fates[fate] for fate in Fate if fates[fate]},
        "replays_refused": run.dropped(Drop.REPLAYED) + run.told["ReplayRejected"],
        "duplicates_refused": run.dropped(Drop.DUPLICATE),
        "wrong_mics": run.dropped(Drop.MIC_BAD),
        "frames_replayed": sum(attacker.transmitted for attacker in run.attackers),
        "told": dict(sorted(run.told.items())),
        "digest": run.world.digest,
    }


def agreed(run: ScenarioRun) -> float | None:
    """Return the share of links of which both ends name the quality alike, or one apart.

    Those of sleepers do not count: who sleeps neither advertises nor hears advertisements.
    """
    qualities = {
        (one.name, other.name): (inwards, out)
        for one, other, inwards, out in run.links()
        if not (one.sleepy or other.sleepy)
    }
    alike = total = 0
    for (one, other), (inwards, _) in qualities.items():
        back = qualities.get((other, one))
        total += 1
        alike += back is not None and abs(inwards - back[1]) <= 1
    return round(alike / total, 4) if total else None


def states_of(run: ScenarioRun) -> Iterator[Summary]:
    """Yield the state of each node now."""
    for node in run.nodes.values():
        yield {"time_s": run.world.now / 1_000_000, **_state(node)}


def _state(node: Inhabitant) -> Summary:
    state = {"node": node.name, **node_state(node.sim)}
    if node.mesh is not None and node.security is not None and node.sim.is_running:
        state["mle"] = mesh_state(node.mesh, node.security.keys, now=node.sim.now)
    return state
