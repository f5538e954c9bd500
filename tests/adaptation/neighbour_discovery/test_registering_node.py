"""Registration as a host does it, answer by answer."""

from itertools import pairwise

from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    AddressDuplicate,
    NeighbourRegistered,
    Refusal,
    Registered,
    RegistrationRefused,
)
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import (
    AddressRegistration,
    AddressRegistrationControl,
    NdOption,
    NdOptionType,
    SixLowpanCapabilities,
    SixLowpanCapabilityIndication,
)
from lowpan.wire.neighbour_discovery import (
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    RouterAdvertisement,
    RouterAdvertisementControl,
)
from tests.adaptation.neighbour_discovery.link import (
    SECOND,
    Node,
    Own,
    address,
    extended,
    sent,
)
from tests.adaptation.neighbour_discovery.network import (
    LIFETIME,
    Status,
    border,
    host,
    legacy,
    network,
    on_mesh,
    register,
)


def answer_of(
    node: Node, status: int, *, lifetime: int = LIFETIME, tid: int = 240, now: int = 0
) -> None:
    """Let router 9 say what became of the registration of on_mesh(1)."""
    control = AddressRegistrationControl(i=0, r=True, t=True)
    value = AddressRegistration(status, 0, control, tid, lifetime, extended(1))
    options = (NdOption(NdOptionType.ADDRESS_REGISTRATION, value),)
    flags = NeighbourAdvertisementControl(r=True, s=True, o=False)
    body = NeighbourAdvertisement(flags, on_mesh(1), options)
    message = Icmpv6(Icmpv6Type.NEIGHBOUR_ADVERTISEMENT, 0, 0, body)
    ends = address(9), address(1), 255, extended(9)
    node.told += node.engine.receive_message(message, *ends, now=now)


def asking() -> Node:
    """Return a host that has just asked router 9 for on_mesh(1)."""
    node = host(1)
    node.configures = False
    control = RouterAdvertisementControl(m=False, o=False)
    capable = SixLowpanCapabilityIndication(
        SixLowpanCapabilities(d=False, l=True, b=False, p=False, e=True, g=False)
    )
    options = (NdOption(NdOptionType.SIX_LOWPAN_CAPABILITY_INDICATION, capable),)
    body = RouterAdvertisement(0, control, 60000, 0, 0, options)
    message = Icmpv6(Icmpv6Type.ROUTER_ADVERTISEMENT, 0, 0, body)
    ends = address(9), address(1), 255, extended(9)
    node.engine.receive_message(message, *ends, now=0)
    assert len(sent(node.check(on_mesh(1), now=0))) == 1
    return node


def test_a_router_may_grant_less_than_was_wanted() -> None:
    node = asking()
    answer_of(node, Status.SUCCESS, lifetime=120)
    assert Registered(on_mesh(1), address(9), 120 * SECOND) in node.told
    due = node.engine.next_deadline()
    assert due is not None
    assert 60 * SECOND <= due <= 90 * SECOND


def test_an_answer_to_an_older_registration_is_no_answer() -> None:
    node = asking()
    answer_of(node, Status.DUPLICATE_ADDRESS, tid=239)
    assert AddressDuplicate(on_mesh(1)) not in node.told
    assert node.engine.refused == {Refusal.UNASKED: 1}


def test_who_has_an_address_does_not_lose_it_by_word_of_a_stranger() -> None:
    node = asking()
    answer_of(node, Status.SUCCESS)
    answer_of(node, Status.DUPLICATE_ADDRESS)
    assert AddressDuplicate(on_mesh(1)) not in node.told
    assert node.engine.refused == {Refusal.UNASKED: 1}


def test_who_is_dropped_registers_anew_once_however_often_it_is_said() -> None:
    node = asking()
    answer_of(node, Status.SUCCESS)
    for _ in range(3):
        answer_of(node, Status.REMOVED)
    refused = RegistrationRefused(on_mesh(1), address(9), Status.REMOVED)
    assert node.told.count(refused) == 1
    assert node.engine.next_deadline() == SECOND
    (again,) = sent(node.engine.handle_deadline(now=SECOND))
    (value,) = [
        option.value
        for option in getattr(again.message.body, "options")  # noqa: B009
        if isinstance(option.value, AddressRegistration)
    ]
    assert value.tid == 241


def test_refusals_are_answered_ever_slower() -> None:
    node, times = asking(), list[int]()
    answer_of(node, Status.NEIGHBOUR_CACHE_FULL)
    for _ in range(9):
        now = node.engine.next_deadline()
        assert now is not None
        times.append(now // SECOND)
        assert len(sent(node.engine.handle_deadline(now=now))) == 1
        answer_of(node, Status.NEIGHBOUR_CACHE_FULL, now=now)
    gaps = [later - sooner for sooner, later in pairwise([0, *times])]
    assert gaps == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_an_address_is_given_back_only_where_it_was_taken() -> None:
    node = asking()
    assert sent(node.engine.forget_address(on_mesh(1), now=0)) == []
    assert node.engine.registering is not None
    assert node.engine.registering.next_deadline() is None
    node = asking()
    answer_of(node, Status.SUCCESS)
    (given,) = sent(node.engine.forget_address(on_mesh(1), now=0))
    assert given.destination == address(9)


def test_two_addresses_are_registered_with_an_old_router_one_after_the_other() -> None:
    alice, edge = host(1), legacy(border())
    link = network(alice, edge)
    link.run(10 * SECOND)
    for number in (21, 22, 23):
        link.do(alice, alice.check(on_mesh(number), now=link.now))
    link.run(20 * SECOND)
    for number in (21, 22, 23):
        assert AddressConfirmed(on_mesh(number)) in alice.told
        assert NeighbourRegistered(on_mesh(number), extended(1)) in edge.told


def test_an_own_address_is_dropped_when_somebody_else_confirmed_it_first() -> None:
    alice, edge = host(1), border()
    link = network(alice, edge)
    register(edge, on_mesh(1), extended(2), extended(2))
    link.run(30 * SECOND)
    assert AddressDuplicate(on_mesh(1)) in alice.told
    assert alice.own.get(on_mesh(1)) is None
    assert Own(on_mesh(1)) not in alice.own.own.values()
