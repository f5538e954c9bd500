"""`python -m tests.sim.replay_hour`: an hour of replays in the middle of fifty nodes.

An attacker records all that it hears and sends any of it again, a tenth of it changed before, while
nodes crash and restart from what they had saved, and the network goes on to new keys.

Whether anything is accepted twice is not asked of those who accept.  Whatever a node seals is noted
as it leaves, and each node's every acceptance, for all its lives: so what is accepted must have
been sealed, and no node may accept the same octets twice.
"""

import argparse
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest.mock import patch

from lowpan.mac.frame_security import SecurableFrame
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mesh.mle_security import MleRefusal, MleSecurity, OpenedMle, StaleMle
from lowpan.node.node import NodeAction
from lowpan.node.service import UdpReceived
from lowpan.sim.attackers import ReplayAttacker
from lowpan.sim.scenario.building import Inhabitant
from lowpan.sim.scenario.plan import Scenario, scenario_of
from lowpan.sim.scenario.running import ScenarioRun
from lowpan.wire.addresses import is_multicast
from lowpan.wire.ieee802154 import Frame
from tests.benchmarks.table import Row, at_most, show
from tests.sim.large import KEY, SECOND, found

NODES = 50
CRASH_EVERY, OFF_FOR, ROTATE_EVERY = 45 * SECOND, 20 * SECOND, 600 * SECOND
"""Microseconds: from one crash to the next, until the restart, and between changes of keys."""
PEACE = 300 * SECOND
"""Microseconds afterwards in which links that were lost come back: pauses between requests that
nobody answered are up to 256 s."""
REPLAY_EVERY = 100_000
"""Microseconds on average between frames of the attacker."""
FORGED = 0.1
"""Share of them that are changed."""


@dataclass(slots=True)
class Oracle:
    """What was sealed and what was accepted, by the octets alone."""

    sealed: set[bytes] = field(default_factory=set[bytes])
    accepted: set[tuple[str, bytes, bytes]] = field(default_factory=set[tuple[str, bytes, bytes]])
    """Layer, receiver's extended address, and octets."""
    accepted_twice: int = 0
    accepted_forged: int = 0
    sealed_twice: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    """By layer."""

    def note_sealed(self, octets: bytes) -> None:
        """Take note of what a node is about to send."""
        self.sealed_twice += octets in self.sealed
        self.sealed.add(octets)

    def note_accepted(self, layer: str, receiver: bytes, octets: bytes) -> None:
        """Take note of what a node believes."""
        self.accepted_forged += octets not in self.sealed
        key = layer, receiver, octets
        self.accepted_twice += key in self.accepted
        self.accepted.add(key)


@contextmanager
def watched() -> Generator[Oracle, None, None]:
    """Note all that is sealed and accepted by whichever node, in both layers."""
    oracle = Oracle()
    seal, open_ = LinkSecurity.seal, LinkSecurity.open
    seal_mle, open_mle, answer = MleSecurity.seal, MleSecurity.open, MleSecurity.accept_answer
    stale: dict[int, tuple[StaleMle, bytes]] = {}
    """Messages that may yet be believed, and their octets."""

    def seal_frame(self: LinkSecurity, frame: Frame, *, now: int) -> bytes:
        psdu = seal(self, frame, now=now)
        oracle.note_sealed(psdu)
        return psdu

    def open_frame(
        self: LinkSecurity, frame: SecurableFrame, psdu: bytes, *, now: int
    ) -> Opened | Refusal:
        opened = open_(self, frame, psdu, now=now)
        if isinstance(opened, Refusal):
            oracle.refused["link layer"] += 1
        elif opened.security_level:
            oracle.note_accepted("link layer", self.extended_address, psdu)
        return opened

    def seal_message(
        self: MleSecurity, message: bytes, source: bytes, destination: bytes, *, now: int
    ) -> bytes:
        payload = seal_mle(self, message, source, destination, now=now)
        oracle.note_sealed(payload)
        return payload

    def open_message(
        self: MleSecurity, payload: bytes, *ends: bytes, now: int, **how: Any
    ) -> OpenedMle | StaleMle | MleRefusal:
        opened = open_mle(self, payload, *ends, now=now, **how)
        if isinstance(opened, OpenedMle):
            oracle.note_accepted("MLE", self.extended_address, payload)
        else:
            oracle.refused["MLE"] += 1
        if isinstance(opened, StaleMle):
            stale[id(self)] = opened, payload
        return opened

    def accept_answer(
        self: MleSecurity, message: StaleMle, *, challenged_at: int, now: int
    ) -> OpenedMle | MleRefusal:
        opened = answer(self, message, challenged_at=challenged_at, now=now)
        if isinstance(opened, OpenedMle):
            last, payload = stale[id(self)]
            assert last is message
            oracle.note_accepted("MLE", self.extended_address, payload)
        return opened

    with (
        patch.object(LinkSecurity, "seal", seal_frame),
        patch.object(LinkSecurity, "open", open_frame),
        patch.object(MleSecurity, "seal", seal_message),
        patch.object(MleSecurity, "open", open_message),
        patch.object(MleSecurity, "accept_answer", accept_answer),
    ):
        yield oracle


@dataclass(slots=True)
class Attack:
    """What an attack has shown."""

    oracle: Oracle
    simulated_s: float = 0.0
    recorded: int = 0
    replayed: int = 0
    crashes: int = 0
    rotations: int = 0
    sent: int = 0
    delivered: int = 0
    delivered_twice: int = 0
    """Datagrams to one node, each with random octets of its own."""
    links_missing: int = 0
    """Ends that the medium allows and that are not up when it ends."""


class Attacked:
    """Fifty nodes on their way, with what goes wrong."""

    def __init__(self, oracle: Oracle, *, nodes: int, seed: int, hurry: int) -> None:
        """Let everything go wrong `hurry` times as often."""
        self.seen, self.run = Attack(oracle), ScenarioRun(_network(nodes, seed))
        self._hurry, self._random = hurry, Random(seed)
        self._is_peace = False
        self._delivered: set[tuple[str, bytes]] = set()
        for node in self.run.nodes.values():
            self._listen(node)
        self.attacker = ReplayAttacker(
            self.run.world,
            _middle(list(self.run.nodes.values())),
            channels=(15,),
            interval=REPLAY_EVERY // hurry,
            forge=FORGED,
        )
        self.attacker.start()
        schedule = self.run.world.schedule
        schedule.after(CRASH_EVERY // hurry, self._crash)
        schedule.after(ROTATE_EVERY // hurry, self._rotate)

    def pass_time(self, duration: int, peace: int) -> Attack:
        """Let microseconds pass, and then some of `peace`; return what was seen."""
        seen, world = self.seen, self.run.world
        self.run.run(duration)
        self._is_peace = True
        self.attacker.stop()
        self.run.run(peace)
        seen.simulated_s = world.now / SECOND
        seen.recorded, seen.replayed = self.attacker.heard, self.attacker.transmitted
        seen.sent, seen.links_missing = self.run.sent, found(self.run).missing
        return seen

    def _listen(self, node: Inhabitant) -> None:
        before = node.sim.told
        assert before is not None

        def told(action: NodeAction) -> None:
            before(action)
            if isinstance(action, UdpReceived) and not is_multicast(action.local.address):
                key = node.name, action.payload
                self.seen.delivered += 1
                self.seen.delivered_twice += key in self._delivered
                self._delivered.add(key)

        node.sim.told = told

    def _crash(self) -> None:
        if self._is_peace:
            return
        running = [node for node in self.run.nodes.values() if node.sim.is_running]
        node, world = self._random.choice(running), self.run.world
        world.crash(node.sim)
        self.seen.crashes += 1
        off_for = self._random.randrange(OFF_FOR // self._hurry)
        world.schedule.after(off_for, world.restart, node.sim)
        world.schedule.after(CRASH_EVERY // self._hurry, self._crash)

    def _rotate(self) -> None:
        if self._is_peace:
            return
        running = [node for node in self.run.nodes.values() if node.sim.is_running]
        node = self._random.choice(running)
        assert node.security is not None
        node.sim.take(list(node.security.keys.go_on(now=node.sim.now)))
        self.seen.rotations += 1
        self.run.world.schedule.after(ROTATE_EVERY // self._hurry, self._rotate)


def _network(nodes: int, seed: int) -> Scenario:
    return scenario_of(
        f"""
        seed = {seed}
        duration = "2 h"
        [network]
        key = "{KEY}"
        mle = true
        [[nodes]]
        name = "n"
        count = {nodes}
        place = "grid"
        spacing = 30.0
        drift_ppm = 20
        [[traffic]]
        from = "n"
        to = "neighbours"
        octets = 30
        every = "20 s"
        """
    )


def _middle(nodes: list[Inhabitant]) -> tuple[float, float]:
    east, north = (sum(each) / len(nodes) for each in zip(*(n.place for n in nodes), strict=True))
    return round(east, 3), round(north, 3)


def attack(
    duration: int, *, nodes: int = NODES, seed: int = 1, hurry: int = 1, peace: int = 60 * SECOND
) -> Attack:
    """Attack a network for a time in microseconds, and let it be for some; return what was seen."""
    with watched() as oracle:
        return Attacked(oracle, nodes=nodes, seed=seed, hurry=hurry).pass_time(duration, peace)


def rows(seen: Attack) -> Iterator[Row]:
    """Yield the table of what was seen."""
    oracle = seen.oracle
    yield Row("simulated, min", f"{seen.simulated_s / 60:.0f}")
    yield Row("frames recorded", f"{seen.recorded:,}")
    yield Row("frames replayed, a tenth of them changed", f"{seen.replayed:,}")
    yield Row("crashes, and as many restarts", f"{seen.crashes:,}")
    yield Row("changes of keys", f"{seen.rotations:,}")
    yield Row("frames and messages sealed", f"{len(oracle.sealed):,}")
    yield Row("  accepted, by all receivers", f"{len(oracle.accepted):,}")
    for layer, count in sorted(oracle.refused.items()):
        yield Row(f"  refused by {layer}", f"{count:,}")
    yield at_most("sealed alike twice", oracle.sealed_twice, 0, "{}")
    yield at_most("accepted twice by one node", oracle.accepted_twice, 0, "{}")
    yield at_most("accepted, and sealed by nobody", oracle.accepted_forged, 0, "{}")
    yield Row("datagrams sent and delivered", f"{seen.sent:,} and {seen.delivered:,}")
    yield at_most("datagrams delivered twice", seen.delivered_twice, 0, "{}")
    yield at_most("ends of links that are missing at last", seen.links_missing, 0, "{}")


def main() -> None:
    """Attack, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim.replay_hour", description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    minutes = parser.parse_args().minutes
    show("Replay attack", rows(attack(minutes * 60 * SECOND, peace=PEACE)))


if __name__ == "__main__":
    main()
