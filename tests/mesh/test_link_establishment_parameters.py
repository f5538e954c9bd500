"""Link establishment and network parameters: one engine for the node."""

from random import Random

from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.network_parameters import NetworkParameters
from lowpan.mesh.parameter_events import ParameterApplied, ParameterScheduled, ParameterSettings
from lowpan.mesh.parameter_messages import sent, update
from lowpan.mesh.service import MleReceived
from lowpan.wire.addresses import ALL_NODES
from lowpan.wire.mle_draft import NetworkParameter
from tests.mesh.link_network import SECOND, LinkNetwork, LinkNode, downs, refused


def network_with_parameters() -> tuple[LinkNetwork, LinkNode, NetworkParameters]:
    """Return two nodes, linked, and what one of them knows of parameters."""
    network = LinkNetwork(1)
    parameters = NetworkParameters(Random(1), settings=ParameterSettings(security_level=5))
    bob = network.add(LinkNode(1, MeshLinkSettings(), parameters=parameters))
    network.start()
    network.run_until(20 * SECOND)
    assert network.all_up()
    return network, bob, parameters


def new_channel(network: LinkNetwork, level: int) -> MleReceived:
    """Return an Update to channel 20 in ten seconds, whose frames the link layer secured so."""
    alice = network.nodes[0]
    message = sent(update([NetworkParameter(0, 10_000, 20)]), alice.link_local, ALL_NODES)
    ends = message.source, message.destination
    return MleReceived(*ends, 255, message.payload, alice.address, level)


def test_updates_are_handed_on_and_applied_in_time() -> None:
    network, bob, _ = network_with_parameters()
    network.deliver(bob, new_channel(network, 5))
    assert bob.told(ParameterScheduled) == [ParameterScheduled(0, 20, network.now + 10 * SECOND)]
    network.run_for(11 * SECOND)
    assert bob.told(ParameterApplied) == [ParameterApplied(0, 20)]


def test_updates_in_clear_are_refused_where_the_link_layer_has_keys() -> None:
    network, bob, _ = network_with_parameters()
    network.deliver(bob, new_channel(network, 0))
    assert bob.told(ParameterScheduled) == []
    assert len(refused(bob)) == 1


def test_malformed_updates_are_refused() -> None:
    network, bob, _ = network_with_parameters()
    received = new_channel(network, 5)
    received.payload = received.payload[:4]
    network.deliver(bob, received)
    assert refused(bob) == ["malformed"]


def test_a_node_without_parameters_passes_updates_over() -> None:
    network, bob, _ = network_with_parameters()
    network.deliver(network.nodes[0], new_channel(network, 5))
    assert refused(network.nodes[0]) == refused(bob) == []


def test_who_has_lost_all_links_asks_where_the_network_is() -> None:
    network, bob, parameters = network_with_parameters()
    alice = network.nodes[0]
    alice.mute = alice.deaf = True
    asked = len(network.times_in_clear(bob))
    network.run_for(300 * SECOND)
    assert downs(bob) == ["silent"]
    assert len(network.times_in_clear(bob)) > asked
    assert parameters.sleepers == frozenset()
