"""Registration between hosts, routers and border routers, in virtual time."""

import pytest

from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    AddressDuplicate,
    ContextLearnt,
    NeighbourDeregistered,
    NeighbourRegistered,
    Registered,
    RegistrationRefused,
    RouterLearnt,
    RouterLost,
)
from lowpan.wire.icmpv6 import Icmpv6Type
from lowpan.wire.nd_options import (
    AddressRegistration,
)
from lowpan.wire.neighbour_discovery import (
    NeighbourSolicitation,
)
from tests.adaptation.neighbour_discovery.link import (
    SECOND,
    address,
    extended,
)
from tests.adaptation.neighbour_discovery.network import (
    HOUR,
    LIFETIME,
    Status,
    border,
    host,
    legacy,
    network,
    on_mesh,
    router,
    side_of,
)


@pytest.mark.parametrize("old", [False, True], ids=["rfc8505", "rfc6775"])
def test_a_host_gets_an_address_from_the_border_router(*, old: bool) -> None:
    alice, edge = host(1), border()
    link = network(alice, legacy(edge) if old else edge)
    link.run(10 * SECOND)
    assert RouterLearnt(address(9)) in alice.told
    assert Registered(on_mesh(1), address(9), LIFETIME * SECOND) in alice.told
    assert AddressConfirmed(on_mesh(1)) in alice.told
    assert NeighbourRegistered(on_mesh(1), extended(1)) in edge.told
    assert edge.engine.resolve(on_mesh(1), now=link.now) == (extended(1), [])
    assert [action.identifier for action in alice.of(ContextLearnt)][:1] == [1]
    registrations = [
        message
        for _, message in link.sent
        if isinstance(message.message.body, NeighbourSolicitation)
        and any(isinstance(one.value, AddressRegistration) for one in message.message.body.options)
    ]
    assert {message.source for message in registrations} == {on_mesh(1) if old else address(1)}


@pytest.mark.parametrize("old", [False, True], ids=["rfc8505", "rfc6775"])
def test_registrations_are_refreshed_in_time_in_spite_of_losses(*, old: bool) -> None:
    alice, edge = host(1), border()
    link = network(alice, legacy(edge) if old else edge)
    link.losses = 0.2
    link.run(6 * HOUR)
    registered = [action for action in alice.of(Registered) if action.address == on_mesh(1)]
    assert 6 * 6 <= len(registered) <= 6 * 13 * 2
    assert not edge.of(NeighbourDeregistered)


def test_a_host_that_is_gone_loses_its_place() -> None:
    alice, edge = host(1), border()
    link = network(alice, edge)
    link.run(10 * SECOND)
    link.apart = [{1, 9}]
    link.run(LIFETIME * SECOND + 10 * SECOND)
    assert NeighbourDeregistered(on_mesh(1)) in edge.told
    registry = side_of(edge).registry
    assert registry is not None
    assert len(registry) == 0


def test_a_host_gives_its_address_back() -> None:
    alice, edge = host(1), border()
    link = network(alice, edge)
    link.run(10 * SECOND)
    link.do(alice, alice.engine.forget_address(on_mesh(1), now=link.now))
    link.run(11 * SECOND)
    assert NeighbourDeregistered(on_mesh(1)) in edge.told


@pytest.mark.parametrize("old", [False, True], ids=["rfc8505", "rfc6775"])
def test_an_address_belongs_to_who_registered_it_first(*, old: bool) -> None:
    alice, bob, edge = host(1), host(2), border()
    link = network(alice, bob, legacy(edge) if old else edge)
    link.run(10 * SECOND)
    link.do(bob, bob.check(on_mesh(1), now=link.now))
    link.run(20 * SECOND)
    assert AddressDuplicate(on_mesh(1)) in bob.told
    assert AddressConfirmed(on_mesh(2)) in bob.told  # its own one is not concerned
    assert AddressDuplicate(on_mesh(2)) not in bob.told
    assert edge.engine.resolve(on_mesh(1), now=link.now)[0] == extended(1)


def test_the_border_routers_own_address_is_nobody_elses() -> None:
    alice, edge = host(1), border()
    link = network(alice, edge)
    link.do(alice, alice.check(on_mesh(9), now=0))
    link.run(10 * SECOND)
    assert AddressDuplicate(on_mesh(9)) in alice.told


def test_an_address_of_another_network_is_refused() -> None:
    alice, edge = host(1), border()
    link = network(alice, edge)
    link.run(10 * SECOND)
    foreign = bytes(15) + b"\x07"
    link.do(alice, alice.check(foreign, now=link.now))
    link.run(11 * SECOND)
    status = Status.TOPOLOGICALLY_INCORRECT
    assert RegistrationRefused(foreign, address(9), status) in alice.told


def test_a_router_asks_the_border_router() -> None:
    alice, middle, edge = host(1), router(), border()
    link = network(alice, middle, edge)
    link.apart = [{1, 9}]
    link.run(90 * SECOND)
    assert AddressConfirmed(on_mesh(1)) in alice.told
    assert AddressConfirmed(on_mesh(5)) in middle.told
    registry = side_of(edge).registry
    assert registry is not None
    assert registry.router_of(on_mesh(1)) == on_mesh(5)
    kinds = [message.message.type for _, message in link.sent]
    assert kinds.count(Icmpv6Type.DUPLICATE_ADDRESS_REQUEST) == kinds.count(
        Icmpv6Type.DUPLICATE_ADDRESS_CONFIRMATION
    )
    requests = [
        message
        for _, message in link.sent
        if message.message.type == Icmpv6Type.DUPLICATE_ADDRESS_REQUEST
    ]
    assert {(one.message.code, one.hop_limit) for one in requests} == {(1, 64)}


def test_duplicates_are_found_out_across_routers() -> None:
    alice, bob, edge = host(1), host(2), border()
    left, right = router(5), router(6)
    link = network(alice, bob, left, right, edge)
    link.apart = [{1, 9}, {2, 9}, {1, 6}, {2, 5}, {1, 2}]
    link.run(120 * SECOND)
    assert AddressConfirmed(on_mesh(1)) in alice.told
    link.do(bob, bob.check(on_mesh(1), now=link.now))
    link.run(150 * SECOND)
    assert AddressDuplicate(on_mesh(1)) in bob.told
    assert right.engine.resolve(on_mesh(1), now=link.now)[0] != extended(2)


def test_who_moves_to_another_router_is_forgotten_by_the_first() -> None:
    alice, edge = host(1), border()
    left, right = router(5), router(6)
    link = network(alice, left, right, edge)
    link.apart = [{1, 9}, {1, 6}]
    link.run(120 * SECOND)
    assert NeighbourRegistered(on_mesh(1), extended(1)) in left.told
    link.apart = [{1, 9}, {1, 5}]
    link.run(120 * SECOND + 2 * HOUR)
    assert NeighbourDeregistered(on_mesh(1)) in left.told
    assert NeighbourRegistered(on_mesh(1), extended(1)) in right.told
    registry = side_of(edge).registry
    assert registry is not None
    assert registry.router_of(on_mesh(1)) == on_mesh(6)


def test_a_router_that_is_lost_is_replaced() -> None:
    alice, edge, other = host(1), border(9), border(8)
    link = network(alice, edge, other)
    link.apart = [{1, 8}, {8, 9}]
    link.run(10 * SECOND)
    link.apart = [{1, 9}, {8, 9}]
    link.run(2 * HOUR)
    assert RouterLost(address(9)) in alice.told
    assert Registered(on_mesh(1), address(8), LIFETIME * SECOND) in alice.told
