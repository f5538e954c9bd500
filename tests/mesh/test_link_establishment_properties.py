"""Whatever is sent, lost, repeated, forged or restarted: no exception, bounds, and links again."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from lowpan.mesh.link_state import LinkState
from lowpan.mesh.service import MleReceived
from lowpan.wire.mle import MLE_MESSAGE, MleMessage, Tlv
from lowpan.wire.mle_draft import (
    Challenge,
    LinkLayerFrameCounter,
    LinkQuality,
    LinkQualityControl,
    MleFrameCounter,
    Mode,
    NeighbourFlags,
    NeighbourLinkQuality,
    Response,
    SourceAddress,
    Timeout,
)
from tests.mesh.link_network import SECOND, Insider, LinkNetwork, LinkNode

NODES = 3
COUNTERS = st.integers(0, 0xFFFFFFFF)
SHORT = st.binary(min_size=2, max_size=2)
RECORDS = st.builds(
    NeighbourLinkQuality,
    st.builds(NeighbourFlags, st.booleans(), st.booleans(), st.booleans()),
    st.integers(0, 255),
    st.sampled_from([b"\x10\x00", b"\x10\x01", b"\x10\x02", b"\x00\x00"]),
)
QUALITIES = st.builds(
    LinkQuality,
    st.builds(LinkQualityControl, st.booleans(), st.just(1)),
    st.lists(RECORDS, max_size=5).map(tuple),
)
TLVS = st.one_of(
    st.builds(Tlv, st.just(0), st.builds(SourceAddress, SHORT)),
    st.builds(Tlv, st.just(1), st.builds(Mode, *4 * (st.booleans(),))),
    st.builds(Tlv, st.just(2), st.builds(Timeout, COUNTERS)),
    st.builds(Tlv, st.just(3), st.builds(Challenge, st.binary(min_size=4, max_size=40))),
    st.builds(Tlv, st.just(4), st.builds(Response, st.binary(min_size=4, max_size=40))),
    st.builds(Tlv, st.just(5), st.builds(LinkLayerFrameCounter, COUNTERS)),
    st.builds(Tlv, st.just(6), QUALITIES),
    st.builds(Tlv, st.just(8), st.builds(MleFrameCounter, COUNTERS)),
    st.builds(Tlv, st.integers(0, 255), st.binary(max_size=12)),
)
MESSAGES = st.one_of(
    st.binary(max_size=40),
    st.builds(MleMessage, st.integers(0, 7), st.lists(TLVS, max_size=6).map(tuple)).map(
        MLE_MESSAGE.encode
    ),
)
WHOM = st.integers(0, NODES - 1)
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 300 * SECOND), WHOM),
    st.tuples(st.just("replay"), st.integers(0, 10_000), WHOM),
    st.tuples(st.just("change"), st.integers(0, 10_000_000), WHOM),
    st.tuples(st.just("restart"), st.just(0), WHOM),
    st.tuples(st.just("deafen"), st.just(0), WHOM),
    st.tuples(st.just("say"), MESSAGES, WHOM),
    st.tuples(st.just("write"), st.binary(max_size=60), WHOM),
)


def assert_bounded(node: LinkNode) -> None:
    """Hold that nothing has grown beyond its bound."""
    engine = node.engine
    assert len(engine.links) <= len(engine.neighbours) <= 256 + 64
    exchanges = [link.exchange for link in engine.links.values() if link.exchange is not None]
    assert len(exchanges) <= engine.settings.most_exchanges
    assert all(exchange.transmissions <= engine.settings.mrc + 1 for exchange in exchanges)
    for address, link in engine.links.items():
        assert engine.neighbours.get(address) is not None
        assert link.state is not LinkState.UP or link.proven_at is not None


def take_step(network: LinkNetwork, insider: Insider, step: tuple[str, object, int]) -> None:
    """Do to one node what `step` says."""
    what, how, number = step
    node = network.nodes[number]
    match what, how:
        case "wait", int():
            network.run_for(how)
        case "replay", int():
            if network.recorded:
                network.replay(how % len(network.recorded), node)
        case "change", int():
            if network.recorded:
                sender, sent = network.recorded[how % len(network.recorded)]
                octets = bytearray(sent.payload)
                octets[how // 7 % len(octets)] ^= 1 << how % 8
                network.deliver(node, raw(sender.address, sender.link_local, node, bytes(octets)))
        case "restart", _:
            network.restart(node)
        case "deafen", _:
            node.deaf = not node.deaf
        case "say", bytes():
            network.deliver(node, insider.says(how, node, now=network.now))
        case "write", bytes():
            network.deliver(node, raw(insider.address, insider.source, node, how))
        case _:
            raise AssertionError(step)


def raw(address: bytes, source: bytes, node: LinkNode, payload: bytes) -> MleReceived:
    """Return octets that somebody has written."""
    return MleReceived(source, node.link_local, 255, payload, address, 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=40), st.integers(0, 1000), st.sampled_from([0.0, 0.2]))
def test_honest_nodes_are_linked_again_after_anything(
    steps: list[tuple[str, object, int]], seed: int, loss: float
) -> None:
    network = LinkNetwork(NODES, loss=loss, copies=loss, jitter=50_000, seed=seed)
    network.start()
    insider = Insider(9)
    for step in steps:
        take_step(network, insider, step)
        for node in network.nodes:
            assert_bounded(node)
    network.loss = network.copies = 0.0
    for node in network.nodes:
        node.deaf = False
    network.run_for(10 * 60 * SECOND)
    assert network.all_up()
    for node in network.nodes:
        assert_bounded(node)
        assert insider.address not in node.engine.links


@settings(max_examples=200, deadline=None)
@given(st.lists(MESSAGES, max_size=10), st.sampled_from([1, 2]))
def test_no_insider_stops_a_node(messages: list[bytes], times: int) -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(20 * SECOND)
    insider, alice = Insider(9), network.nodes[0]
    for message in messages:
        received = insider.says(message, alice, now=network.now)
        for _ in range(times):
            network.deliver(alice, received)
        network.run_for(Random(0).randrange(3 * SECOND))
    network.run_for(5 * SECOND)
    assert network.all_up()
    assert_bounded(alice)
