"""Advertisements of many neighbours: pages of one frame each, in turn."""

import pytest

from lowpan.mesh.link_advertising import LinkAdvertising
from lowpan.mesh.link_messages import advertisement
from lowpan.mesh.link_state import LinkState
from lowpan.wire.mle_draft import NeighbourFlags
from tests.mesh.link_network import SECOND, LinkNetwork, LinkNode

MOST_PAYLOAD = 127 - 23 - 2 - 7
"""Octets of a frame without FCS, frame header, IPv6 and UDP header."""


def star(count: int, *, short: bool = True) -> tuple[LinkNetwork, LinkNode, LinkAdvertising]:
    """Return a node that has `count` neighbours which do not hear each other."""
    network = LinkNetwork(count + 1, short=short)
    leaves = range(1, count + 1)
    network.apart = {(one, other) for one in leaves for other in leaves if one != other}
    network.start()
    network.run_until(120 * SECOND)
    hub = network.nodes[0]
    return network, hub, hub.engine._links.advertising  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(("short", "fit"), [(True, 18), (False, 7)])
def test_neighbours_that_fit_one_frame_are_all_in_it(*, short: bool, fit: int) -> None:
    network, _, advertising = star(fit, short=short)
    assert network.all_up()
    page = advertising.next_page()
    assert page.control.complete
    assert len(page.neighbours) == fit
    assert {record.control for record in page.neighbours} == {NeighbourFlags(True, True, False)}
    assert len(network.nodes[1].engine.links) == 1


@pytest.mark.parametrize(("short", "count"), [(True, 50), (False, 20)])
def test_more_neighbours_take_turns_and_nobody_is_called_complete(
    *, short: bool, count: int
) -> None:
    network, hub, advertising = star(count, short=short)
    assert network.all_up()
    pages = [advertising.next_page() for _ in range(6)]
    assert not any(page.control.complete for page in pages)
    for page in pages:
        assert len(advertisement(page)) + 11 + 4 <= MOST_PAYLOAD
    half = [record.address for page in pages[:3] for record in page.neighbours]
    assert len(set(half)) == len(half) or len(set(half)) == count
    assert {record.address for page in pages for record in page.neighbours} == {
        node.short if short else node.address for node in network.nodes if node is not hub
    }


def test_every_advertisement_on_the_air_fits_a_frame() -> None:
    network, _, _ = star(50)
    assert max(len(sent.payload) for _, sent in network.recorded) <= MOST_PAYLOAD


def test_a_link_that_has_changed_is_in_the_next_page() -> None:
    network, hub, advertising = star(50)
    advertising.next_page()
    last = network.nodes[-1]
    link = hub.engine.links[last.address]
    assert link.state is LinkState.UP
    advertising.changed(link, now=network.now)
    assert last.short in [record.address for record in advertising.next_page().neighbours]


def test_fifty_links_stay_up_although_each_page_has_eighteen() -> None:
    network, hub, _ = star(50)
    network.run_for(3000 * SECOND)
    assert network.all_up()
    qualities = [hub.engine.neighbours.get(node.address) for node in network.nodes[1:]]
    assert all(each is not None and each.quality_out == 3 for each in qualities)
    leaves = [node.engine.neighbours.get(hub.address) for node in network.nodes[1:]]
    assert all(each is not None and each.quality_out == 3 for each in leaves)
