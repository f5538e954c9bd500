"""Clocks of nodes, which are a little too fast or too slow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.node.service import Endpoint
from lowpan.sim.clock import Clock
from lowpan.sim.world import World
from tests.sim.nodes import PORT, send, settings_of


@pytest.mark.parametrize(
    ("drift_ppm", "shown"), [(0, 1_000_000), (40, 1_000_040), (-40, 999_960), (0.5, 1_000_000)]
)
def test_a_clock_gains_what_it_drifts(drift_ppm: float, shown: int) -> None:
    assert Clock(drift_ppm).local(1_000_000) == shown
    assert Clock(drift_ppm, 500).local(1_000_500) == shown


@given(st.floats(-500, 500), st.integers(0, 10**10), st.integers(0, 10**13), st.integers(0, 10**13))
def test_a_deadline_is_met_at_the_first_moment_that_shows_it(
    drift_ppm: float, zero: int, local: int, moment: int
) -> None:
    clock = Clock(drift_ppm, zero)
    first = clock.moment(local)
    assert clock.local(first) >= local > clock.local(first - 1)
    assert clock.local(moment) <= clock.local(moment + 1)


def test_a_node_is_woken_by_its_own_clock() -> None:
    world = World(1)
    nodes = [
        world.add_node(settings_of(number), drift_ppm=drift, bare=True)
        for number, drift in enumerate((0.0, 50_000.0))
    ]
    world.connect_all()
    for node in nodes:
        node.node.open_port(Endpoint(b"", PORT))
    world.run_for(1_000_000)
    assert [node.now for node in nodes] == [1_000_000, 1_050_000]
    send(nodes[1], b"hello", 0)
    woken = 0
    while world.now < 8_000_000:
        deadline = nodes[1].node.next_deadline()
        assert deadline is None or deadline >= nodes[1].now
        woken += 1
        if not world.schedule.step(8_000_000):
            break
    assert woken > 3
