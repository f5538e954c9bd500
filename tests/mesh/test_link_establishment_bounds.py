"""Bounds of link establishment: what is refused, put off or forgotten when there is too much."""

from lowpan.mesh.link_events import JoinerHeard, MleNotSent
from lowpan.mesh.link_exchanges import DOUBTED_FOR, MOST_DOUBTS
from lowpan.mesh.link_reception import TOO_MANY
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import LinkState
from lowpan.wire.mle import MleCommand, MleMessage, Tlv, TlvType
from lowpan.wire.mle_draft import Challenge
from tests.mesh.link_network import (
    SECOND,
    Insider,
    LinkNetwork,
    in_clear,
    received_from,
    refused,
)
from tests.mesh.test_link_establishment import FullStore
from tests.mesh.test_link_establishment_loss import forget

REJECT = MleMessage(MleCommand.LINK_REJECT, ())


def test_senders_of_recordings_are_asked_seldom_and_few_are_remembered() -> None:
    network = LinkNetwork(1)
    network.start()
    network.run_until(60 * SECOND)
    alice = network.nodes[0]
    recordings = [Insider(number).says(REJECT, alice, now=network.now) for number in range(50)]
    asked = len(network.times("LINK_REQUEST", alice))
    for _ in range(20):
        for recording in recordings:
            network.deliver(alice, recording)
            network.run_for(SECOND // 100)
    assert 20 <= len(network.times("LINK_REQUEST", alice)) - asked <= 4 + 2 * 10 + 1
    for recording in recordings:
        network.deliver(alice, recording)
        network.run_for(SECOND)
    doubts = alice.engine._exchanges._doubts  # pyright: ignore[reportPrivateUsage]
    assert len(doubts) == MOST_DOUBTS
    assert len(alice.engine.links) == 0


def test_one_recording_asks_its_sender_once_in_a_while() -> None:
    network = LinkNetwork(1)
    network.start()
    network.run_until(60 * SECOND)
    alice = network.nodes[0]
    recording = Insider(1).says(REJECT, alice, now=network.now)
    asked = len(network.times("LINK_REQUEST", alice))
    for _ in range(100):
        network.deliver(alice, recording)
        network.run_for(SECOND // 10)
    assert len(network.times("LINK_REQUEST", alice)) - asked == 10 * SECOND // DOUBTED_FOR + 1


def test_an_honest_sender_of_what_is_not_new_answers_and_is_linked() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(600 * SECOND)
    alice, bob = network.nodes
    last = [sent for sender, sent in network.recorded if sender is bob][-1]
    forget(alice, bob)
    network.deliver(alice, received_from(bob, last))
    network.run_for(SECOND // 10)
    assert alice.state(bob) is bob.state(alice) is LinkState.UP


def test_one_exchange_at_a_time_is_enough_if_slow() -> None:
    network = LinkNetwork(8, settings=MeshLinkSettings(most_exchanges=1), loss=0.2)
    network.start()
    for _ in range(180):
        network.run_for(SECOND)
        for node in network.nodes:
            assert sum(link.exchange is not None for link in node.engine.links.values()) <= 1
    assert network.all_up()


def test_answers_that_wait_are_few() -> None:
    network = LinkNetwork(1, settings=MeshLinkSettings(most_answers=3))
    network.start()
    network.run_until(60 * SECOND)
    alice, begin = network.nodes[0], len(network.recorded)
    challenge = Tlv(TlvType.CHALLENGE, Challenge(bytes(8)))
    for number in range(10):
        request = MleMessage(MleCommand.LINK_REQUEST, (challenge,))
        insider = Insider(number)
        for _ in range(2):
            network.deliver(alice, insider.calls(request, now=network.now))
    network.run_for(SECOND)
    answered = {sent.destination for _, sent in network.recorded[begin:]}
    assert len(answered) <= 3 + 1


def test_joining_devices_are_answered_seldom() -> None:
    network = LinkNetwork(2, settings=MeshLinkSettings(joining_in_clear=True))
    alice, joiner = network.nodes
    network.start([alice])
    request = MleMessage(MleCommand.LINK_REQUEST, ())
    for _ in range(100):
        network.deliver(alice, in_clear(request, joiner, alice))
    assert len(alice.told(JoinerHeard)) == 4
    assert alice.engine.refusals[TOO_MANY] == 96
    assert refused(alice) == []


def test_without_a_store_nothing_is_answered_and_nothing_learnt() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(60 * SECOND)
    alice, bob = network.nodes
    alice.store = FullStore()
    network.restart(alice)
    network.run_for(60 * SECOND)
    assert alice.told(MleNotSent)
    assert alice.state(bob) is LinkState.DOWN
