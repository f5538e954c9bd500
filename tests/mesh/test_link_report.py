"""What is told of neighbours, and of whom nothing is told."""

from lowpan.mesh.link_report import LinkReport, reports_of
from lowpan.mesh.link_state import LinkState
from lowpan.mesh.neighbour import Standing
from tests.mesh.link_network import SECOND, LinkNetwork, LinkNode

MINUTE = 60 * SECOND


def reports(network: LinkNetwork, node: LinkNode) -> list[LinkReport]:
    return list(reports_of(node.engine, now=network.now))


def test_a_neighbour_is_told_of_with_all_that_its_link_is_worth() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(10 * MINUTE)
    alice, bob = network.nodes
    (report,) = reports(network, alice)
    assert (report.extended_address, report.short_address) == (bob.address, bob.short)
    assert report.state is LinkState.UP
    assert (report.quality_in, report.quality_out) == (3, 3)
    assert report.expected_transmissions is not None
    assert 1 <= report.expected_transmissions < 1.2
    assert 0 <= report.silent_for <= 96 * SECOND  # the longest time between two advertisements
    assert not report.sleeps
    assert not report.pinned


def test_after_a_restart_who_was_there_is_told_of_and_has_no_link() -> None:
    network = LinkNetwork(2)
    network.start()
    network.run_until(MINUTE)
    alice, bob = network.nodes
    bob.deaf = bob.mute = True
    network.restart(alice)
    (report,) = reports(network, alice)
    assert (report.extended_address, report.state) == (bob.address, LinkState.DOWN)
    assert (report.quality_in, report.quality_out) == (0, 0)
    assert report.expected_transmissions is None


def test_who_has_not_answered_is_not_told_of() -> None:
    network = LinkNetwork(2)
    alice, bob = network.nodes
    bob.deaf = True  # so that it speaks, and answers nothing
    network.start()
    network.run_until(3 * SECOND)
    known = alice.engine.neighbours.get(bob.address)
    assert known is not None
    assert known.standing is Standing.AUTHENTIC
    assert reports(network, alice) == []
