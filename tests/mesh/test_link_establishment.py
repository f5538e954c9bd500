"""Link establishment: who says what when, and what comes of it."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

import lowpan.mesh
from lowpan.errors import FieldOutOfRange, StoreError
from lowpan.mesh.link_establishment import LinkEstablishment
from lowpan.mesh.link_events import JoinerHeard, MleNotSent
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import LinkState
from lowpan.mesh.neighbour import LinkQualityChanged
from lowpan.mesh.service import FrameHeard, FrameSent, LinkUp, SendMle
from lowpan.radio import RadioSettings
from lowpan.store import MemoryStore
from lowpan.wire.mle import MLE_ENVELOPE, MLE_MESSAGE, MleCommand, MleMessage, Tlv, TlvType
from lowpan.wire.mle_draft import Challenge, Mode, SourceAddress
from tests.mesh.link_network import (
    PAN_ID,
    SECOND,
    LinkNetwork,
    LinkNode,
    downs,
    in_clear,
    refused,
)

MINUTE = 60 * SECOND


def test_its_public_name_is_there() -> None:
    assert lowpan.mesh.LinkEstablishment is LinkEstablishment
    with pytest.raises(AttributeError):
        _ = lowpan.mesh.LinkDemolition  # type: ignore[attr-defined]


def test_a_link_takes_three_messages() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(2 * SECOND)
    alice, bob = network.nodes
    said = [command for command in network.commands() if command != "ADVERTISEMENT"]
    assert said == ["LINK_REQUEST", "LINK_ACCEPT_AND_REQUEST", "LINK_ACCEPT"]
    assert alice.state(bob) is bob.state(alice) is LinkState.UP
    assert alice.told(LinkUp) == [LinkUp(bob.address, bob.short)]
    assert bob.told(LinkUp) == [LinkUp(alice.address, alice.short)]


def test_the_link_layer_learns_who_was_proven_to_be_there() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(2 * SECOND)
    alice, bob = network.nodes
    assert bob.short is not None
    assert alice.link_security.peers.extended(bob.short, PAN_ID) == bob.address
    neighbour = alice.engine.neighbours.by_short(bob.short)
    assert neighbour is not None
    assert neighbour.extended_address == bob.address


def test_nodes_without_short_addresses_link_as_well() -> None:
    network = LinkNetwork(12, short=False)
    network.start()
    network.run_until(20 * SECOND)
    assert network.all_up()
    alice, bob = network.nodes[:2]
    assert alice.told(LinkUp)[0] != LinkUp(bob.address, bob.short)
    neighbour = alice.engine.neighbours.get(bob.address)
    assert neighbour is not None
    assert neighbour.short_address is None
    assert neighbour.quality_out > 0


def test_thirty_nodes_that_start_at_once_are_linked_after_half_a_minute() -> None:
    network = LinkNetwork(30)
    network.start()
    network.run_until(30 * SECOND)
    assert network.all_up()
    messages = [command for command in network.commands() if command != "ADVERTISEMENT"]
    assert len(messages) <= 4 * 30 * 29 / 2
    assert network.commands().count("LINK_REQUEST") < 30 * 29 / 2 + 30


def test_who_joins_a_network_at_rest_is_linked_with_all_after_five_seconds() -> None:
    network = LinkNetwork(20)
    network.start()
    network.run_until(10 * MINUTE)
    late = network.add(LinkNode(20, network.settings))
    network.start([late])
    network.run_for(5 * SECOND)
    assert network.all_up()


def test_qualities_are_known_both_ways_and_agree() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(5 * MINUTE)
    alice, bob = (
        node.engine.neighbours.get(other.address)
        for node, other in zip(network.nodes, reversed(network.nodes), strict=True)
    )
    assert alice is not None
    assert bob is not None
    assert (alice.quality_in, alice.quality_out) == (3, 3)
    assert (bob.quality_in, bob.quality_out) == (3, 3)
    changes = network.nodes[0].told(LinkQualityChanged)
    assert changes[-1] == LinkQualityChanged(network.nodes[1].address, 3, 3)


def test_a_silent_neighbour_is_asked_eight_times_after_three_advertisements() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(10 * MINUTE)
    alice, bob = network.nodes
    silent_since = network.times("ADVERTISEMENT", bob)[-1]
    bob.mute = bob.deaf = True
    while alice.state(bob) is LinkState.UP:
        network.run_for(SECOND)
    asked = network.times("LINK_REQUEST", alice)[-8:]
    assert all(asked[at + 1] - asked[at] <= 2_200_000 for at in range(7))
    assert asked[0] - silent_since >= 224 * SECOND
    assert network.now - silent_since < 240 * SECOND
    assert downs(alice) == ["silent"]
    assert len(alice.engine.links) == len(alice.engine.neighbours) == 0


def test_a_neighbour_whose_advertisements_are_lost_stays_if_it_answers() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(MINUTE)
    alice, bob = network.nodes
    bob.mute = True
    network.run_for(225 * SECOND)
    bob.mute = False
    network.run_for(10 * SECOND)
    assert alice.state(bob) is LinkState.UP
    assert downs(alice) == []


def test_frames_that_nobody_acknowledges_make_it_ask() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(MINUTE)
    alice, bob = network.nodes
    assert bob.short is not None
    bob.mute = bob.deaf = True
    for _ in range(3):
        sent = FrameSent(bob.short, 4, acknowledged=False, secured=False)
        network.take(alice, alice.engine.frame_sent(sent, now=network.now))
    network.run_for(13 * SECOND)
    assert downs(alice) == ["our requests were not answered"]


def test_other_frames_of_a_neighbour_keep_its_link() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(MINUTE)
    alice, bob = network.nodes
    bob.mute = bob.deaf = True
    for _ in range(10):
        network.run_for(MINUTE)
        heard = FrameHeard(bob.address, -60.0, authentic=True)
        alice.engine.frame_heard(heard, now=network.now)
    assert alice.state(bob) is LinkState.UP


def test_a_lone_node_asks_four_times_and_goes_on_advertising() -> None:
    network = LinkNetwork(1)
    network.start()
    network.run_until(10 * MINUTE)
    alice = network.nodes[0]
    asked = network.times("LINK_REQUEST", alice)
    pauses = list(gaps(asked))
    assert asked[0] <= 2 * SECOND
    assert len(pauses) == 3
    assert all(4_500_000 <= pause <= 5_500_000 for pause in pauses)
    advertised = network.times("ADVERTISEMENT", alice)
    assert all(32 * SECOND <= pause <= 96 * SECOND for pause in gaps(advertised[-5:]))


def test_who_is_heard_and_does_not_answer_is_asked_ever_more_seldom() -> None:
    network = LinkNetwork(2)
    alice, bob = network.nodes
    bob.deaf = True
    network.start()
    network.run_until(30 * MINUTE)
    asked = [at for at in network.times("LINK_REQUEST", alice) if at > 25 * SECOND]
    pauses = [gap for gap in gaps(asked) if gap > 1_100_000]
    assert all(gap >= 900_000 for gap in gaps(asked))
    assert pauses[0] <= 32 * SECOND
    assert max(pauses) > 120 * SECOND
    assert len(asked) <= 4 * 16
    assert alice.state(bob) is LinkState.DOWN


def test_a_full_table_rejects_newcomers_and_keeps_its_links() -> None:
    network = LinkNetwork(0)
    hub = network.add(LinkNode(0, network.settings, most_established=3))
    for number in range(1, 7):
        network.add(LinkNode(number, network.settings))
    network.start()
    network.run_until(MINUTE)
    settled = downs(hub)
    network.run_until(10 * MINUTE)
    up = [link for link in hub.engine.links.values() if link.state is LinkState.UP]
    assert len(up) == 3
    assert downs(hub) == settled
    assert network.times("LINK_REJECT", hub)
    others = [node for node in network.nodes[1:] if node.state(hub) is LinkState.UP]
    assert sorted(node.address for node in others) == sorted(link.neighbour for link in up)


def test_joining_devices_are_answered_in_clear_only_where_that_is_allowed() -> None:
    mode = Mode(
        rx_on_when_idle=True,
        secure_data_requests=False,
        full_thread_device=False,
        full_network_data=False,
    )
    tlvs = (Tlv(TlvType.SOURCE_ADDRESS, SourceAddress(b"\x00\x07")), Tlv(TlvType.MODE, mode))
    request = MleMessage(MleCommand.LINK_REQUEST, tlvs)
    for allowed in (False, True):
        network = LinkNetwork(2, settings=MeshLinkSettings(joining_in_clear=allowed))
        alice, joiner = network.nodes
        network.start([alice])
        network.deliver(alice, in_clear(request, joiner, alice))
        answers = [sent for _, sent in network.recorded]
        assert alice.told(JoinerHeard) == ([JoinerHeard(joiner.address)] if allowed else [])
        assert refused(alice) == ([] if allowed else ["unsecured"])
        assert len(answers) == allowed
        if allowed:
            message = MLE_MESSAGE.decode(MLE_ENVELOPE.decode(answers[0].payload).payload)
            assert message.command == MleCommand.LINK_ACCEPT
            assert [tlv.type for tlv in message.tlvs] == [0, 1]
        assert len(alice.engine.links) == 0
        secret = MleMessage(0, (*tlvs, Tlv(TlvType.CHALLENGE, Challenge(bytes(8)))))
        network.deliver(alice, in_clear(secret, joiner, alice))
        assert len(refused(alice)) == (1 if allowed else 2)


def test_a_node_needs_the_address_that_its_security_has() -> None:
    alice = LinkNode(0, MeshLinkSettings())
    with pytest.raises(FieldOutOfRange):
        alice.engine.start(RadioSettings(extended_address=bytes(8)), now=0)


def test_a_store_that_fails_is_told_and_nothing_leaves() -> None:
    network = LinkNetwork(1)
    alice = network.nodes[0]
    alice.store = FullStore()
    network.restart(alice)
    network.run_until(5 * SECOND)
    assert network.recorded == []
    assert alice.told(MleNotSent)


class FullStore(MemoryStore):
    """A store with no room."""

    def save(self, name: str, octets: bytes) -> None:
        raise StoreError(f"no room for {name}", "make some")


def test_early_calls_do_nothing_and_late_ones_what_is_due() -> None:
    alice = LinkNode(0, MeshLinkSettings())
    alice.engine.start(alice.radio, now=0)
    due = alice.engine.next_deadline()
    assert due is not None
    assert alice.engine.handle_deadline(now=due - 1) == []
    late = alice.engine.handle_deadline(now=due + 10 * MINUTE)
    assert [type(action) for action in late] == [SendMle]


def gaps(moments: list[int]) -> Iterator[int]:
    """Yield the time between each and the next."""
    return (later - earlier for earlier, later in pairwise(moments))
