"""Registrations as routers and border routers take them."""

import pytest

from lowpan.adaptation.neighbour_discovery.actions import (
    MessageRefused,
    Refusal,
)
from lowpan.adaptation.neighbour_discovery.engine import NdSettings
from lowpan.adaptation.neighbour_discovery.registrar import MOST_REGISTRATIONS, MOST_TENTATIVE
from lowpan.adaptation.neighbour_discovery.registry import (
    MOST_REGISTERED,
    Claim,
    DuplicateAddressRegistry,
)
from lowpan.adaptation.neighbour_discovery.router_side import RouterSettings
from lowpan.wire.addresses import UNSPECIFIED
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
)
from tests.adaptation.neighbour_discovery.link import (
    SECOND,
    Node,
    address,
    extended,
    sent,
)
from tests.adaptation.neighbour_discovery.network import (
    LIFETIME,
    MINUTE,
    PREFIX,
    Status,
    border,
    host,
    network,
    on_mesh,
    register,
    router,
    side_of,
    status_of,
)


def test_a_border_router_tells_the_router_that_a_node_has_left() -> None:
    registry = DuplicateAddressRegistry()
    ours, old, new = on_mesh(9), on_mesh(5), on_mesh(6)
    claim = Claim(on_mesh(1), extended(1), 240, LIFETIME)
    assert registry.claim(claim, old, ours, now=0) == (Status.SUCCESS, [])
    moved = Claim(on_mesh(1), extended(1), 241, LIFETIME)
    status, actions = registry.claim(moved, new, ours, now=0)
    (told,) = sent(actions)
    assert isinstance(told.message.body, DuplicateAddress)
    assert (status, told.destination, told.message.body.status) == (
        Status.SUCCESS,
        old,
        Status.MOVED,
    )
    assert registry.claim(claim, old, ours, now=0) == (Status.MOVED, [])
    stranger = Claim(on_mesh(1), extended(2), 242, LIFETIME)
    assert registry.claim(stranger, old, ours, now=0) == (Status.DUPLICATE_ADDRESS, [])


@pytest.mark.parametrize(
    ("tid", "status"), [(None, Status.NEIGHBOUR_CACHE_FULL), (1, Status.REGISTRY_SATURATED)]
)
def test_a_full_registry_says_so_and_keeps_what_it_has(tid: int | None, status: Status) -> None:
    registry = DuplicateAddressRegistry(most_registered=2)
    for number in (1, 2):
        registry.claim(Claim(on_mesh(number), extended(number), tid, 60), b"", b"", now=0)
    third = Claim(on_mesh(3), extended(3), tid, 60)
    assert registry.claim(third, b"", b"", now=0) == (status, [])
    assert registry.claim(third, b"", b"", now=MINUTE) == (Status.SUCCESS, [])
    assert len(registry) == 1


def test_only_link_local_sources_register() -> None:
    (answer,) = register(border(), on_mesh(1), extended(1), extended(1), source=on_mesh(7))
    assert status_of(answer) == Status.INVALID_SOURCE_ADDRESS


def test_a_stale_registration_is_told_that_it_is() -> None:
    edge = border()
    statuses = [
        status_of(answer)
        for tid in (250, 251, 251, 249)
        for answer in register(edge, on_mesh(1), extended(1), extended(1), tid=tid)
    ]
    assert statuses == [Status.SUCCESS, Status.SUCCESS, Status.SUCCESS, Status.MOVED]


def test_knowing_an_eui64_is_not_enough_to_take_its_address() -> None:
    edge = border()
    register(edge, on_mesh(1), extended(1), extended(1))
    (answer,) = register(edge, on_mesh(1), extended(1), extended(666), tid=245)
    assert status_of(answer) == Status.DUPLICATE_ADDRESS
    assert edge.engine.resolve(on_mesh(1), now=0)[0] == extended(1)


def test_one_sender_registers_no_more_than_its_share() -> None:
    edge = border()
    answers = [
        status_of(answer)
        for number in range(100, 120)
        for answer in register(edge, on_mesh(number), extended(1), extended(1))
    ]
    assert answers == [Status.SUCCESS] * 16 + [Status.NEIGHBOUR_CACHE_FULL] * 4


def test_who_gives_an_address_back_may_have_another() -> None:
    edge = border()
    for number in range(100, 150):
        (taken,) = register(edge, on_mesh(number), extended(1), extended(1))
        register(edge, on_mesh(number), extended(1), extended(1), tid=241, lifetime=0)
        assert status_of(taken) == Status.SUCCESS
    assert len(side_of(edge).registrar) == 0


def test_the_border_router_is_asked_three_times_then_the_registration_forgotten() -> None:
    alice, middle, edge = host(1), router(), border()
    link = network(alice, middle, edge)
    link.apart = [{1, 9}]
    link.run(90 * SECOND)
    began = link.now
    asked = register(middle, on_mesh(7), extended(7), extended(7), now=began)
    assert [one.message.type for one in asked] == [Icmpv6Type.DUPLICATE_ADDRESS_REQUEST]
    assert register(middle, on_mesh(7), extended(7), extended(7), now=began) == []  # as asked
    registrar, times = side_of(middle).registrar, list[int]()
    before = len(registrar)
    while (now := registrar.next_deadline()) is not None and now <= began + 19 * SECOND:
        times += [now - began for _ in sent(registrar.handle_deadline(now=now))]
    assert times == [1 * SECOND, 2 * SECOND]
    registrar.handle_deadline(now=began + 20 * SECOND)
    assert len(registrar) == before - 1


def test_attack_registration_flood_leaves_who_is_registered_and_memory() -> None:
    edge = border()
    register(edge, on_mesh(1), extended(1), extended(1))
    for number in range(1000, 101_000):
        forged = number.to_bytes(8, "big")
        register(edge, PREFIX[:8] + forged, forged, forged)
    assert len(side_of(edge).registrar) == MOST_REGISTRATIONS
    assert edge.engine.resolve(on_mesh(1), now=0) == (extended(1), [])
    (answer,) = register(edge, on_mesh(1), extended(1), extended(1), tid=241)
    assert status_of(answer) == Status.SUCCESS
    # when theirs are over there is room again
    edge.engine.handle_deadline(now=6000 * SECOND)
    assert len(side_of(edge).registrar) == 0


def test_attack_registrations_that_the_border_router_does_not_answer_are_few() -> None:
    alice, middle, edge = host(1), router(), border()
    link = network(alice, middle, edge)
    link.apart = [{1, 9}]
    link.run(90 * SECOND)
    for number in range(1000, 11_000):
        forged = number.to_bytes(8, "big")
        register(middle, PREFIX[:8] + forged, forged, forged, now=link.now)
    registrar = side_of(middle).registrar
    assert len(registrar) <= MOST_TENTATIVE + 2
    assert registrar.link_address(on_mesh(1)) == extended(1)
    link.apart = [{1, 9}, {5, 9}]
    link.run(link.now + 21 * SECOND)
    assert len(registrar) <= 2


def test_confirmations_that_nobody_asked_for_change_nothing() -> None:
    alice, middle, edge = host(1), router(), border()
    link = network(alice, middle, edge)
    link.run(90 * SECOND)
    body = DuplicateAddress(Status.MOVED, 250, 600, extended(1), on_mesh(1))
    message = Icmpv6(Icmpv6Type.DUPLICATE_ADDRESS_CONFIRMATION, 1, 0, body)
    before = middle.engine.refused[Refusal.UNASKED]
    middle.engine.receive_message(message, on_mesh(7), on_mesh(5), 60, extended(7), now=link.now)
    assert middle.engine.refused[Refusal.UNASKED] == before + 1


@pytest.mark.parametrize("tid", [None, 240])
def test_refusals_go_where_they_are_understood(tid: int | None) -> None:
    edge = border()
    register(edge, on_mesh(1), extended(1), extended(1))
    source = address(2) if tid else on_mesh(1)
    (refused,) = register(edge, on_mesh(1), extended(2), extended(2), tid=tid, source=source)
    assert status_of(refused) == Status.DUPLICATE_ADDRESS
    assert (refused.destination, refused.link_destination) == (address(2), extended(2))
    source = address(3) if tid else on_mesh(3)
    (taken,) = register(edge, on_mesh(3), extended(3), extended(3), tid=tid, source=source)
    assert (status_of(taken), taken.destination) == (Status.SUCCESS, source)
    body = taken.message.body
    assert isinstance(body, NeighbourAdvertisement)
    assert (body.control.r, body.control.s) == (True, True)
    assert body.target_address == (on_mesh(3) if tid else address(9))


def test_without_a_border_router_neighbours_alone_are_compared() -> None:
    lone = Node(5, settings=NdSettings(router=RouterSettings()))
    (first,) = register(lone, on_mesh(1), extended(1), extended(1))
    (second,) = register(lone, on_mesh(1), extended(2), extended(2))
    assert [status_of(first), status_of(second)] == [Status.SUCCESS, Status.DUPLICATE_ADDRESS]


def test_a_solicitation_that_cannot_be_a_registration_is_refused() -> None:
    edge = border()
    for wanted, rovr, source, link_source, tid in (
        (on_mesh(1), extended(1), address(2), b"\xff\xfe", 240),  # says not where
        (b"\xff" + bytes(15), extended(1), address(2), extended(1), 240),
        (on_mesh(1), extended(1), UNSPECIFIED, extended(1), 240),
        (on_mesh(1), bytes(16), on_mesh(1), extended(1), None),  # no EUI-64
    ):
        assert register(edge, wanted, rovr, link_source, tid=tid, source=source) == []
    assert sum(edge.engine.refused.values()) == 4
    assert len(side_of(edge).registrar) == 0


def test_a_request_with_a_status_is_none() -> None:
    edge = border()
    body = DuplicateAddress(1, 240, 600, extended(1), on_mesh(1))
    message = Icmpv6(Icmpv6Type.DUPLICATE_ADDRESS_REQUEST, 1, 0, body)
    edge.engine.receive_message(message, on_mesh(5), on_mesh(9), 60, extended(5), now=0)
    assert edge.engine.refused == {Refusal.FLAGS: 1}


@pytest.mark.parametrize(
    "forged",
    [
        DuplicateAddress(1, 240, 600, extended(7), on_mesh(7)),  # not the border router
        DuplicateAddress(1, 239, 600, extended(7), on_mesh(7)),
        DuplicateAddress(1, 240, 600, extended(8), on_mesh(7)),
    ],
)
def test_only_the_answer_to_what_was_asked_counts(forged: DuplicateAddress) -> None:
    middle, edge = router(), border()
    link = network(middle, edge)
    link.run(90 * SECOND)
    register(middle, on_mesh(7), extended(7), extended(7), now=link.now)
    source = on_mesh(6) if forged.tid == 240 and forged.rovr == extended(7) else on_mesh(9)
    message = Icmpv6(Icmpv6Type.DUPLICATE_ADDRESS_CONFIRMATION, 1, 0, forged)
    ends = source, on_mesh(5), 60, extended(9)
    (refused,) = middle.engine.receive_message(message, *ends, now=link.now)
    assert isinstance(refused, MessageRefused)
    assert refused.refusal is Refusal.UNASKED


def test_a_fresher_registration_asks_the_border_router_again() -> None:
    middle, edge = router(), border()
    link = network(middle, edge)
    link.run(90 * SECOND)
    tids: list[int] = []
    for tid in (240, 241, 240):
        for asked in register(middle, on_mesh(7), extended(7), extended(7), tid=tid, now=link.now):
            if isinstance(asked.message.body, DuplicateAddress):
                tids.append(asked.message.body.tid)
            else:
                assert status_of(asked) == Status.MOVED
    assert tids == [240, 241]


def test_a_saturated_registry_is_told_to_the_node() -> None:
    edge = border()
    side = side_of(edge)
    assert side.registry is not None
    for number in range(1000, 1000 + MOST_REGISTERED):
        claim = Claim(on_mesh(number), extended(number), 240, 600)
        side.registry.claim(claim, on_mesh(5), on_mesh(9), now=0)
    (answer,) = register(edge, on_mesh(1), extended(1), extended(1))
    assert status_of(answer) == Status.REGISTRY_SATURATED
    assert len(side.registrar) == 0
