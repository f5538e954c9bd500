"""Links over changes of keys: whoever is behind finds back, however far, on both layers."""

from random import Random
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lowpan.mac.security import Opened
from lowpan.mesh.key_sequence import Standing
from lowpan.mesh.link_establishment import LinkEstablishment
from lowpan.mesh.link_settings import SLEEPER, MeshLinkSettings
from lowpan.mesh.network_security import NetworkSecurity
from lowpan.mesh.service import MeshAction, SendMle
from tests.mac.secured import data, decoded
from tests.mesh.link_network import SECOND, LinkNetwork, LinkNode, received_from, replays

NETWORK_KEY = bytes(range(32, 48))
MINUTE = 60 * SECOND
FOUND_BACK = 2 * MINUTE
HEALED = 10 * MINUTE
"""Above the longest pause between requests, 256 s, and the longest silence, 224 s, together."""
QUICK = MeshLinkSettings()


class KeyedNode(LinkNode):
    """A node whose keys come from a network key."""

    keys: NetworkSecurity

    def boot(self) -> None:
        self.lives += 1
        self.keys = NetworkSecurity(NETWORK_KEY, self.address, self.store, now=0)
        self.link_security, self.security = self.keys.link, self.keys.mle
        self.engine = LinkEstablishment(
            self.security,
            Random(f"{self.number} {self.lives}"),
            link_security=self.link_security,
            keys=self.keys.keys,
            store=self.store,
            settings=self.settings,
        )

    def go_on(self, sequences: int, *, now: int) -> None:
        """Be so many key sequences further."""
        keys = self.keys.keys
        keys.message_accepted(
            *(bytes(8), keys.current + sequences, Standing.AUTHORITATIVE),
            is_neighbour=False,
            now=now,
        )


def linked(count: int) -> tuple[LinkNetwork, list[KeyedNode]]:
    """Return nodes that have links with each other, and have sent frames for a while."""
    network = LinkNetwork(0)
    nodes = [KeyedNode(number, network.settings) for number in range(count)]
    for node in nodes:
        network.add(node)
    network.start()
    network.run_until(10 * MINUTE)
    assert network.all_up()
    for node in nodes:
        for _ in range(2500):
            node.link_security.seal(data(node.address, nodes[0].address), now=network.now)
    return network, nodes


def hears(receiver: KeyedNode, sender: KeyedNode, now: int) -> bool:
    psdu = sender.link_security.seal(data(sender.address, receiver.address), now=now)
    return isinstance(receiver.link_security.open(decoded(psdu), psdu, now=now), Opened)


def is_for(action: MeshAction, node: KeyedNode) -> bool:
    return isinstance(action, SendMle) and action.destination == node.link_local


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("behind", [1, 2, 3, 128])
def test_who_is_behind_finds_back(behind: int, restarts: bool) -> None:
    network, nodes = linked(3)
    alice, bob, carol = nodes
    carol.deaf = carol.mute = True
    for node in (alice, bob):
        node.go_on(behind, now=network.now)
    network.run_for(30 * MINUTE)
    carol.deaf = carol.mute = False
    if restarts:
        network.restart(carol)
    network.run_for(FOUND_BACK)
    assert network.all_up()
    assert {node.keys.keys.current for node in nodes} == {behind}
    for one in nodes:
        for other in nodes:
            assert one is other or hears(one, other, network.now)


def test_one_who_goes_on_takes_the_others_along() -> None:
    network, nodes = linked(3)
    nodes[0].go_on(1, now=network.now)
    network.run_for(FOUND_BACK)
    assert {node.keys.keys.current for node in nodes} == {1}
    assert network.all_up()


def test_counters_in_an_answer_are_those_of_its_key() -> None:
    """Of a neighbour that has used many counters, and goes on to a key with none used."""
    network, (alice, bob) = LinkNetwork(0), (KeyedNode(number, QUICK) for number in range(2))
    alice.go_on(1, now=0)
    for _ in range(2500):
        bob.link_security.seal(data(bob.address, alice.address), now=0)
    network.add(alice)
    network.start()
    while not network.recorded:
        network.run_for(SECOND // 10)
    bob.engine.start(bob.radio, now=network.now)
    asked = received_from(alice, network.recorded[0][1])
    told = bob.engine.receive_message(asked, now=network.now)
    while not (answers := [sent for sent in told if is_for(sent, alice)]):
        due = bob.engine.next_deadline()
        assert due is not None
        told = bob.engine.handle_deadline(now=due)
    assert bob.keys.keys.current == 0
    alice.engine.receive_message(received_from(bob, cast("SendMle", answers[0])), now=network.now)
    bob.go_on(1, now=network.now)
    assert hears(alice, bob, network.now)


def test_attack_28_recordings_of_old_requests_get_few_answers_and_change_nothing() -> None:
    network, (alice, bob) = linked(2)
    bob.deaf = bob.mute = True
    bob.engine.start(bob.radio, now=network.now)
    network.run_for(MINUTE)
    recorded = [number for number, (sender, _) in enumerate(network.recorded) if sender is bob]
    assert recorded
    for node in (alice, bob):
        node.go_on(3, now=network.now)
    state, before = alice.state(bob), len(network.recorded)
    for _ in range(100):
        for number in recorded:
            network.replay(number, alice)
    assert len(network.recorded) - before <= 8
    assert alice.state(bob) is state
    assert replays(alice) >= 100


STEPS = st.lists(
    st.tuples(st.sampled_from(["crash", "go on", "leave", "return", "replay"]), st.integers(0, 2)),
    max_size=12,
)


@given(steps=STEPS, seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_whatever_happened_all_links_are_back_and_both_layers_are_heard(
    steps: list[tuple[str, int]], seed: int
) -> None:
    network, nodes = linked(3)
    random = Random(seed)
    for step, number in steps:
        node = nodes[number]
        match step:
            case "crash":
                network.restart(node)
            case "go on":
                node.go_on(random.choice([1, 1, 2, 5]), now=network.now)
            case "leave" | "return":
                node.deaf = node.mute = step == "leave"
            case _:
                for _ in range(20):
                    network.replay(random.randrange(len(network.recorded)), node)
        network.run_for(random.randrange(3 * MINUTE))
    for node in nodes:
        node.deaf = node.mute = False
    network.run_for(HEALED)
    assert network.all_up(), network.missing()
    sequences = [node.keys.keys.current for node in nodes]
    assert max(sequences) - min(sequences) <= 1  # a second step waits for the guard time
    for one in nodes:
        for other in nodes:
            assert one is other or hears(one, other, network.now)


def test_keys_go_on_when_their_time_is_over_though_nothing_else_is_due() -> None:
    network = LinkNetwork(0)
    alone = KeyedNode(0, MeshLinkSettings(mode=SLEEPER))
    network.add(alone)
    network.start()
    network.run_until(10 * MINUTE)
    due = alone.keys.keys.next_deadline()
    assert (alone.engine.next_deadline() or 0) <= due
    moments: list[int] = []
    while len(moments) < 1000 and alone.keys.keys.next_deadline() == due:
        moment = alone.engine.next_deadline()
        assert moment is not None
        moments.append(moment)
        alone.engine.handle_deadline(now=moment)
    assert moments[-1] == due
