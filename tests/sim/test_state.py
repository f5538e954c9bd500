"""What is seen of a world over time."""

import json
from io import StringIO

from lowpan.sim.state import record_states, world_state
from lowpan.sim.world import World
from tests.sim.nodes import send, settings_of

SECOND = 1_000_000


def test_states_are_lines_of_json_at_equal_intervals() -> None:
    world, stream = World(1), StringIO()
    for number in range(3):
        world.add_node(settings_of(number), (10.0 * number, 0.0))
    record_states(world, stream, 10 * SECOND)
    send(world.nodes[0], b"hello", 1)
    world.run_for(15 * SECOND)
    world.crash(world.nodes[2])
    world.run_for(10 * SECOND)
    first, second, third = map(json.loads, stream.getvalue().splitlines())
    assert [state["time_us"] for state in (first, second, third)] == [0, 10 * SECOND, 20 * SECOND]
    assert first["nodes"][0]["neighbours"] == []
    (neighbour,) = second["nodes"][0]["neighbours"]
    assert neighbour == {
        "address": "fe80::ff:fe00:2",
        "link_address": "0x0002",
        "state": "reachable",
    }
    assert second["nodes"][0]["counters"]["datagrams"]["sent"] >= 1
    assert [node["is_running"] for node in third["nodes"]] == [True, True, False]
    assert first["transmissions"] == 0 < second["transmissions"] <= third["transmissions"]
    assert second["fates"]["received"] > 0
    assert json.loads(json.dumps(world_state(world)))["digest"] == world.digest
