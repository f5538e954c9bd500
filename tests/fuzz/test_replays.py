"""Histories of secured nodes: sent, lost, late, twice, forged, rotated, crashed."""

from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzz.plan import EXAMPLES, SEED, SHARDS
from tests.mesh.replay_network import ReplayNetwork

HISTORIES = max(EXAMPLES // 20 // SHARDS, 2)
"""Of each shard; 50,000 in all under `make fuzz`."""
STEPS = 60
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_nothing_is_accepted_twice_nor_sealed_twice_nor_silent_for_good(
    shard: int, tried: Callable[[str, int, float], None]
) -> None:
    class Shard(ReplayNetwork):
        pass

    limits = settings(
        max_examples=HISTORIES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=_SLOW,
    )
    start = process_time()
    run_state_machine_as_test(seed(SEED + shard)(Shard), settings=limits)
    tried("histories of secured nodes", HISTORIES, process_time() - start)
