"""Attackers in the air: what they record and forge is sent, and never accepted."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import Drop
from lowpan.node.node import NodeAction
from lowpan.node.service import Endpoint, UdpReceived
from lowpan.sim.attackers import ReplayAttacker, forged
from lowpan.sim.world import World
from lowpan.store import MemoryStore
from tests.sim.nodes import PORT, secured_by, send, settings_of

SECOND = 1_000_000


class Siege:
    """Five nodes and an attacker in one room; each datagram has a payload of its own."""

    def __init__(self, seed: int, *, forge: float, acknowledge: bool = False) -> None:
        self.world, self.got, self.sent = World(seed), list[tuple[int, bytes]](), 0
        self.stores = [MemoryStore() for _ in range(5)]
        for number in range(5):
            self.add(number)
        self.world.connect_all()
        self.attacker = ReplayAttacker(
            self.world, channels=(15,), interval=20_000, forge=forge, acknowledge=acknowledge
        )
        for node in self.world.nodes:
            self.world.medium.connect(self.attacker.radios[0], node.radio, -50)
        self.attacker.start()

    def add(self, number: int) -> None:
        def told(action: NodeAction) -> None:
            if isinstance(action, UdpReceived):
                self.got.append((number, action.payload))

        def security() -> LinkSecurity:
            return secured_by(self.stores[number], number, 5)

        node = self.world.add_node(settings_of(number), security=security, told=told)
        node.node.open_port(Endpoint(b"", PORT))

    def run(self, seconds: int, *, restarts: bool) -> None:
        random = Random(1)
        for second in range(seconds):
            sender = random.randrange(5)
            receiver = (sender + random.randrange(1, 5)) % 5
            send(self.world.nodes[sender], self.sent.to_bytes(4, "big") * 5, receiver)
            self.sent += 1
            self.world.run_for(SECOND)
            if restarts and second % 20 == 19:
                node = random.choice(self.world.nodes)
                self.world.restart(node)
                node.node.open_port(Endpoint(b"", PORT))


def test_attacks_17_and_18_nothing_recorded_is_accepted_once_more_across_restarts() -> None:
    siege = Siege(1, forge=0)
    siege.run(300, restarts=True)
    assert siege.attacker.transmitted > 10_000
    assert len(siege.got) == len(set(siege.got)) > 150
    dropped = [node.node.link.dropped for node in siege.world.nodes]
    assert sum(counter[Drop.REPLAYED] + counter[Drop.DUPLICATE] for counter in dropped) > 500


def test_nothing_forged_is_accepted() -> None:
    siege = Siege(2, forge=1)
    siege.run(200, restarts=False)
    own = {number.to_bytes(4, "big") * 5 for number in range(siege.sent)}
    assert {payload for _, payload in siege.got} <= own
    assert len(siege.got) == len(set(siege.got)) > 100
    assert sum(node.node.link.dropped[Drop.MIC_BAD] for node in siege.world.nodes) > 500


def test_forged_acknowledgments_lose_frames_and_nothing_else() -> None:
    siege = Siege(3, forge=0, acknowledge=True)
    siege.run(100, restarts=False)
    assert len(siege.got) == len(set(siege.got)) > 30


def test_an_attacker_that_was_stopped_only_listens() -> None:
    siege = Siege(4, forge=0)
    siege.run(5, restarts=False)
    siege.attacker.stop()
    before = siege.attacker.transmitted, siege.attacker.heard
    siege.run(5, restarts=False)
    assert siege.attacker.transmitted == before[0]
    assert siege.attacker.heard > before[1]


def test_of_more_than_it_keeps_an_attacker_has_a_fair_sample() -> None:
    siege = Siege(5, forge=0)
    siege.attacker.stop()
    small = ReplayAttacker(siege.world, channels=(15,), most_recorded=10)
    for node in siege.world.nodes:
        siege.world.medium.connect(small.radios[0], node.radio, -50)
    siege.run(100, restarts=False)
    assert len(small.recorded) == 10
    assert small.heard > 100
    assert small.recorded != siege.attacker.recorded[:10]


@given(st.binary(min_size=1, max_size=125), st.integers(0, 1 << 32))
def test_what_is_forged_is_no_longer_than_it_was(psdu: bytes, seed: int) -> None:
    assert len(forged(psdu, Random(seed))) <= len(psdu)
