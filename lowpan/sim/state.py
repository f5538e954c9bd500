"""The state of a world in values that JSON has, and how it changes over time."""

import json
from typing import IO, Any

from lowpan.node.state import counted, engine_counters, engine_state
from lowpan.sim.node import SimNode
from lowpan.sim.world import World


def node_state(node: SimNode) -> dict[str, Any]:
    """Return who a node is, where it is, what it knows and what it has counted."""
    state: dict[str, Any] = {
        "number": node.number,
        "position": node.radio.position,
        "is_running": node.is_running,
        "restarts": node.restarts,
        "hears": len(node.radio.hears),
    }
    if node.is_running:
        state |= engine_state(node.node)
        state["counters"] = engine_counters(node.node)
    return state


def world_state(world: World) -> dict[str, Any]:
    """Return the moment in microseconds, the state of each node, and what the air has seen."""
    return {
        "time_us": world.now,
        "digest": world.digest,
        "transmissions": world.medium.transmissions,
        "fates": counted(world.medium.fates),
        "nodes": [node_state(node) for node in world.nodes],
    }


def record_states(world: World, stream: IO[str], interval: int) -> None:
    """Write the world's state as a line of JSON, now and each `interval` microseconds after."""
    stream.write(json.dumps(world_state(world), sort_keys=True) + "\n")
    world.schedule.after(interval, record_states, world, stream, interval)
