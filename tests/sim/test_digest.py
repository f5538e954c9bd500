"""The fingerprint of a run: the same on every machine, whatever Python's hashes are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lowpan.sim.attackers import ReplayAttacker
from lowpan.sim.medium import MediumSettings
from lowpan.sim.propagation import PathLoss
from lowpan.sim.world import World
from tests.sim.nodes import security_of, send, settings_of

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))
LONG_ENOUGH = {"grid": "4s", "partition": "8s", "replay-attack": "33s", "key-rotation": "125s"}
"""What begins at once takes longest; the last two have to see what happens to them."""
SECOND = 1_000_000


def everything(seed: int) -> str:
    """Let nodes at places send through faults beside an attacker; return the digest."""
    world = World(seed, MediumSettings(path_loss=PathLoss(shadowing=4.0), loss=0.05))
    for number in range(12):
        place = (number % 4 * 17.3, number // 4 * 19.7)
        security = security_of(number, 12)
        world.add_node(settings_of(number), place, security=security, drift_ppm=number - 6.0)
    attacker = ReplayAttacker(world, (20.0, 20.0), channels=(15,), forge=0.5)
    attacker.start()
    world.duplicate(0.05)
    world.corrupt(0.05)
    for second in range(6):
        for number, node in enumerate(world.nodes):
            send(node, bytes(50 + 100 * second), (number + 1) % 12)
        world.run_for(SECOND)
        if second == 2:
            world.partition(world.nodes[:6])
            world.hold(world.nodes[7])
        if second == 4:
            world.move(world.nodes[0], (40.0, 10.0))
            world.repair()
            world.release()
    return world.digest


def test_the_same_seed_gives_the_same_digest_whatever_hashes_are() -> None:
    program = "from tests.sim.test_digest import everything; print(everything(1))"
    digests = {everything(1)}
    for hash_seed in ("0", "1", "4294967295"):
        path = os.pathsep.join((str(ROOT), str(ROOT / "radios")))
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1
    assert everything(2) not in digests


def test_a_digest_is_of_what_was_on_air() -> None:
    world = World()
    begin = world.digest
    world.run_for(SECOND)
    assert world.digest == begin
    node = world.add_node(settings_of(0))
    send(node, b"hello", 1)
    world.run_for(SECOND)
    assert world.digest != begin


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_the_same_run_whatever_pythons_hashes_are(path: Path) -> None:
    duration = LONG_ENOUGH.get(path.stem, "6s")
    command = [sys.executable, "-m", "lowpan.cli", "simulate", str(path), "--duration", duration]
    runs = [
        subprocess.Popen(
            [*command, "-T", "json"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    one, other = (json.loads(run.communicate()[0]) for run in runs)
    assert one["digest"] == other["digest"]
    assert one["told"] == other["told"]
    assert one["frames"] > 100
