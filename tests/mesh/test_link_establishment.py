"""Link establishment: who says what when, and what comes of it."""

import lowpan.mesh
from lowpan.mesh.link_establishment import LinkEstablishment
from lowpan.mesh.link_state import LinkState
from lowpan.mesh.service import LinkUp
from tests.mesh.link_network import SECOND, LinkNetwork


def test_its_public_name_is_there() -> None:
    assert lowpan.mesh.LinkEstablishment is LinkEstablishment


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
