"""Attackers: who hears everything and says what it likes, and who has a key besides."""

from random import Random

import pytest

from lowpan.mesh.link_reception import STRANGER_BURST, STRANGER_EACH, TOO_MANY
from lowpan.mesh.link_state import LinkState
from lowpan.mesh.service import LinkDown, LinkUp, MleReceived, ReplayRejected
from lowpan.wire.mle import MleCommand, MleMessage, Tlv, TlvType
from lowpan.wire.mle_draft import (
    Challenge,
    LinkQuality,
    LinkQualityControl,
    MleFrameCounter,
    NeighbourFlags,
    NeighbourLinkQuality,
    NetworkParameter,
    Response,
)
from tests.mesh.link_network import (
    LINK_KEY,
    SECOND,
    Insider,
    LinkNetwork,
    LinkNode,
    downs,
    forged,
    in_clear,
    received_from,
    refused,
)

MINUTE = 60 * SECOND
REJECT = MleMessage(MleCommand.LINK_REJECT, ())


def linked(count: int = 3) -> LinkNetwork:
    """Return a network at rest."""
    network = LinkNetwork(count)
    network.start()
    network.run_until(10 * MINUTE)
    assert network.all_up()
    return network


def deaf_to(node: LinkNode) -> MleMessage:
    """Return an advertisement that says that `node` is not heard."""
    flags = NeighbourFlags(incoming=False, outgoing=False, priority=False)
    record = NeighbourLinkQuality(flags, 255, node.short or node.address)
    quality = LinkQuality(LinkQualityControl(True, len(record.address) - 1), (record,))
    return MleMessage(MleCommand.ADVERTISEMENT, (Tlv(TlvType.LINK_QUALITY, quality),))


def test_attack_17_no_recording_is_believed_a_second_time() -> None:
    network = linked(4)
    before = len(network.recorded)
    for number in range(before):
        for node in network.nodes:
            if network.recorded[number][0] is not node:
                network.replay(number, node)
        if number % 40 == 0:
            network.run_for(SECOND)
    network.run_for(MINUTE)
    assert network.all_up()
    for node in network.nodes:
        assert len(node.told(LinkUp)) == 3
        assert downs(node) == []
    own = Counts(network).of(ReplayRejected)
    assert own >= before  # each at least once, unicasts by their receiver


class Counts:
    """How often something was told by all nodes of a network."""

    def __init__(self, network: LinkNetwork) -> None:
        self.network = network

    def of(self, kind: type[ReplayRejected]) -> int:
        """Return how often."""
        return sum(len(node.told(kind)) for node in self.network.nodes)


def test_attack_17_a_recording_of_a_moment_ago_is_refused_everywhere() -> None:
    network = LinkNetwork(5)
    network.start()
    for moment in range(0, 30 * SECOND, SECOND // 4):
        begin = len(network.recorded)
        network.run_until(moment)
        network.run_for(network.delay)
        for number in range(begin, len(network.recorded)):
            for node in network.nodes:
                network.replay(number, node)
    network.run_for(MINUTE)
    assert network.all_up()
    assert [downs(node) for node in network.nodes] == [[]] * 5


def test_attack_18_random_replays_for_an_hour_across_restarts() -> None:
    network, random = linked(6), Random(18)
    for minute in range(60):
        for _ in range(60):
            network.run_for(SECOND)
            number = random.randrange(len(network.recorded))
            victim = random.choice(network.nodes)
            network.replay(number, victim)
        if minute % 10 == 5:
            network.restart(random.choice(network.nodes))
    network.run_for(MINUTE)
    assert network.all_up()
    assert Counts(network).of(ReplayRejected) > 1000
    assert sum(len(node.told(LinkDown)) for node in network.nodes) <= 6 * 5


def test_attack_19_a_wrong_mic_moves_no_counter() -> None:
    network = linked(2)
    alice, bob = network.nodes
    sender, sent = next(pair for pair in reversed(network.recorded) if pair[0] is bob)
    received = received_from(sender, sent)
    ahead = bytearray(received.payload)
    ahead[2:6] = (2**31).to_bytes(4, "little")
    network.deliver(alice, forged(received, payload=bytes(ahead)))
    assert refused(alice) == ["MIC bad"]
    network.run_for(10 * MINUTE)
    assert network.all_up()
    assert downs(alice) == []


@pytest.mark.parametrize(
    "message",
    [
        REJECT,
        MleMessage(MleCommand.LINK_ACCEPT, ()),
        MleMessage(MleCommand.LINK_REQUEST, ()),
        MleMessage(MleCommand.ADVERTISEMENT, ()),
        MleMessage(MleCommand.LINK_REQUEST, (Tlv(TlvType.CHALLENGE, Challenge(bytes(8))),)),
    ],
    ids=lambda message: MleCommand(message.command).name.lower(),
)
def test_attack_22_nothing_about_links_is_believed_without_security(message: MleMessage) -> None:
    network = linked(2)
    alice, bob = network.nodes
    network.deliver(alice, in_clear(message, bob, alice))
    network.deliver(alice, in_clear(deaf_to(alice), bob, alice))
    assert len(refused(alice)) == 2
    assert alice.state(bob) is LinkState.UP
    assert downs(alice) == []


def test_attack_22_updates_are_never_secured_by_mle() -> None:
    network = linked(2)
    alice = network.nodes[0]
    channel = Tlv(TlvType.NETWORK_PARAMETER, NetworkParameter(0, 1000, 20))
    update = MleMessage(MleCommand.UPDATE, (channel,))
    network.deliver(alice, Insider(1).says(update, alice, now=network.now))
    assert refused(alice) == ["secured by MLE, not by the link layer"]


def test_messages_from_beyond_the_link_are_refused() -> None:
    network = linked(2)
    alice, bob = network.nodes
    fresh = Insider(1).says(REJECT, alice, now=network.now)
    for elsewhere in (
        forged(fresh, hop_limit=254),
        forged(fresh, source=bytes.fromhex("20010db8") + bytes(12)),
        forged(fresh, source=bob.link_local),
        forged(fresh, link_source=b"\x12\x34"),
        forged(fresh, link_source=b""),
    ):
        network.deliver(alice, elsewhere)
    assert len(refused(alice)) == 5
    assert downs(alice) == []


@pytest.mark.parametrize("key", [LINK_KEY, bytes(16)])
def test_a_message_under_another_key_changes_nothing(key: bytes) -> None:
    network = linked(2)
    alice, bob = network.nodes
    rogue = Insider(1, key)
    rogue.address, rogue.source = bob.address, bob.link_local
    for message in (REJECT, deaf_to(alice)):
        network.deliver(alice, rogue.says(message, alice, now=network.now))
    assert len(refused(alice)) == 2
    assert alice.state(bob) is LinkState.UP


def test_rejects_of_who_has_no_link_stop_nothing() -> None:
    network = LinkNetwork(2)
    alice = network.nodes[0]
    network.start()
    insider = Insider(1)
    for _ in range(100):
        network.run_for(SECOND // 10)
        network.deliver(alice, insider.says(REJECT, alice, now=network.now))
    assert network.all_up()
    assert downs(alice) == []


def test_attack_27_a_hundred_thousand_forged_names_are_not_remembered() -> None:
    network = linked(3)
    alice = network.nodes[0]
    template = Insider(1).says(REJECT, alice)
    before = len(alice.engine.links), len(alice.engine.neighbours)
    senders = len(list(alice.security.incoming.senders()))
    begin = network.now
    for number in range(100_000):
        iid = b"\x00\x14" + number.to_bytes(6, "big")
        received = MleReceived(
            template.source[:8] + iid,
            alice.link_local,
            255,
            template.payload,
            b"\x02" + iid[1:],
            0,
        )
        alice.engine.receive_message(received, now=begin + number * 100)
    assert (len(alice.engine.links), len(alice.engine.neighbours)) == before
    assert len(list(alice.security.incoming.senders())) == senders
    looked_at = 100_000 - alice.engine.refusals[TOO_MANY]
    assert looked_at <= STRANGER_BURST + 10 * SECOND // STRANGER_EACH + 1
    network.run_until(begin + 10 * SECOND)
    network.run_for(10 * MINUTE)
    assert network.all_up()
    assert downs(alice) == []


def test_attack_27_insiders_with_many_names_displace_nobody_who_was_proven() -> None:
    network = linked(3)
    alice, bob = network.nodes[:2]
    flood(network, alice, 1000)
    assert alice.state(bob) is LinkState.UP
    assert len(alice.engine.links) <= 2 + 64
    network.run_for(20 * MINUTE)
    assert network.all_up()
    assert downs(alice) == []
    assert len(alice.engine.links) == 2


def flood(network: LinkNetwork, victim: LinkNode, count: int) -> None:
    """Ask `victim` for links in `count` names, all within ten seconds, and never answer."""
    challenge = Tlv(TlvType.CHALLENGE, Challenge(bytes(8)))
    for number in range(count):
        network.run_for(10 * SECOND // count)
        request = MleMessage(MleCommand.LINK_REQUEST, (challenge,))
        network.deliver(victim, Insider(number).says(request, victim, now=network.now))


def test_attack_28_a_flood_of_challenges_gets_few_answers() -> None:
    network = linked(3)
    alice, bob = network.nodes[:2]
    insider, begin = Insider(1), len(network.recorded)
    challenge = Tlv(TlvType.CHALLENGE, Challenge(bytes(8)))
    for _ in range(10_000):
        request = MleMessage(MleCommand.LINK_REQUEST, (challenge,))
        network.deliver(alice, insider.says(request, alice, now=network.now))
    network.run_for(10 * SECOND)
    answers = [sent for node, sent in network.recorded[begin:] if node is alice]
    assert len(answers) <= 64 + 8
    network.restart(bob)
    network.run_for(20 * SECOND)
    assert network.all_up()


def test_attack_28_a_flood_in_the_name_of_a_neighbour_does_not_hide_the_others() -> None:
    network = linked(3)
    alice, bob, carol = network.nodes
    noise = forged(Insider(1).says(REJECT, alice), source=bob.link_local, link_source=bob.address)
    for _ in range(10_000):
        alice.engine.receive_message(noise, now=network.now)
    assert 10_000 - 300 < alice.engine.refusals[TOO_MANY] < 10_000 - 200
    network.restart(carol)
    network.run_for(10 * SECOND)
    assert alice.state(carol) is LinkState.UP
    network.run_for(10 * MINUTE)
    assert alice.state(bob) is LinkState.UP


def test_an_answer_to_no_challenge_proves_nothing() -> None:
    network = linked(2)
    alice = network.nodes[0]
    insider = Insider(1)
    tlvs = (
        Tlv(TlvType.RESPONSE, Response(bytes(8))),
        Tlv(TlvType.MLE_FRAME_COUNTER, MleFrameCounter(2**31)),
    )
    for command in (MleCommand.LINK_ACCEPT, MleCommand.LINK_ACCEPT_AND_REQUEST):
        message = MleMessage(command, tlvs)
        network.deliver(alice, insider.says(message, alice, now=network.now))
    assert insider.address not in alice.engine.links
    assert network.commands()[-1] == "LINK_REJECT"


def test_rejects_are_seldom_however_many_ask_for_them() -> None:
    network = linked(2)
    alice = network.nodes[0]
    begin = len(network.recorded)
    message = MleMessage(MleCommand.LINK_ACCEPT, (Tlv(TlvType.RESPONSE, Response(bytes(8))),))
    for number in range(100):
        network.deliver(alice, Insider(number).says(message, alice, now=network.now))
    assert network.commands(begin) == ["LINK_REJECT"] * 4


def test_every_cut_and_every_changed_octet_is_refused() -> None:
    network = linked(2)
    alice, bob = network.nodes
    random = Random(5)
    fresh: dict[str, MleReceived] = {}
    for sender, sent in network.recorded:
        if sender is bob:
            fresh.setdefault(
                sent.payload[:1].hex() + str(len(sent.payload)), received_from(bob, sent)
            )
    before = network.nodes[0].engine.neighbours.get(bob.address)
    for received in fresh.values():
        octets = received.payload
        mutations = [octets[:end] for end in range(len(octets))]
        for at in range(len(octets)):
            changed = bytearray(octets)
            changed[at] ^= 1 + random.randrange(255)
            mutations.append(bytes(changed))
        for payload in mutations:
            network.run_for(SECOND // 10)
            network.deliver(alice, forged(received, payload=payload))
    assert before is alice.engine.neighbours.get(bob.address)
    assert alice.state(bob) is LinkState.UP
    assert downs(alice) == []
    assert len(alice.told(LinkUp)) == 1


def test_recordings_of_strangers_are_in_no_event_and_no_advertisement() -> None:
    network = linked(2)
    alice = network.nodes[0]
    advertised = len(network.times("ADVERTISEMENT", alice))
    challenge = Tlv(TlvType.CHALLENGE, Challenge(bytes(8)))
    told = len(alice.events)
    for number in range(30):
        request = MleMessage(MleCommand.LINK_REQUEST, (challenge,))
        network.deliver(alice, Insider(number).says(request, alice, now=network.now))
        network.run_for(SECOND // 10)
    network.run_for(MINUTE)
    assert alice.events[told:] == []
    assert len(network.times("ADVERTISEMENT", alice)) - advertised <= 2
    assert len(alice.engine.links) > 2
