"""Registration between hosts, routers and border routers, in virtual time."""

from itertools import pairwise

import pytest

from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    AddressDuplicate,
    ContextLearnt,
    NeighbourDeregistered,
    NeighbourRegistered,
    PrefixLost,
    Refusal,
    Registered,
    RegistrationRefused,
    RouterLearnt,
    RouterLost,
    SendMessage,
)
from lowpan.adaptation.neighbour_discovery.advertiser import MOST_SOLICITORS, AdvertiserSettings
from lowpan.adaptation.neighbour_discovery.engine import NdSettings
from lowpan.adaptation.neighbour_discovery.information import Prefix
from lowpan.adaptation.neighbour_discovery.registrar import MOST_REGISTRATIONS, MOST_TENTATIVE
from lowpan.adaptation.neighbour_discovery.registry import Claim, DuplicateAddressRegistry
from lowpan.adaptation.neighbour_discovery.router_side import RouterSettings, RouterSide
from lowpan.wire.addresses import Context, iid_of
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import (
    AddressRegistration,
    AddressRegistrationControl,
    AddressRegistrationStatus,
    LinkLayerAddress,
    NdOption,
    NdOptionType,
    SixLowpanCapabilities,
    SixLowpanCapabilityIndication,
)
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    NeighbourSolicitation,
    RouterAdvertisement,
    RouterAdvertisementControl,
    RouterSolicitation,
)
from tests.adaptation.neighbour_discovery.link import (
    SECOND,
    Link,
    Node,
    Own,
    address,
    extended,
    sent,
)

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
PREFIX = bytes.fromhex("fd000db8000000000000000000000000")
LIFETIME = 600
REGISTER = NdSettings(register=True, registration_lifetime=LIFETIME)
Status = AddressRegistrationStatus


def on_mesh(number: int) -> bytes:
    return PREFIX[:8] + iid_of(extended(number))


def host(number: int) -> Node:
    return Node(number, settings=REGISTER)


def border(number: int = 9) -> Node:
    """Return a border router that vouches for PREFIX and a context of it."""
    ours = on_mesh(number)
    node = Node(number, ours, settings=NdSettings(router=RouterSettings(border_address=ours)))
    node.configures = False
    side = side_of(node)
    assert side.border is not None
    side.border.announce_prefix(Prefix(PREFIX, 64, on_link=False, autonomous=True), now=0)
    side.border.announce_context(1, Context(PREFIX[:8], 64), now=0)
    return node


def router(number: int = 5) -> Node:
    """Return a router that is a host towards the border router, too."""
    settings = NdSettings(register=True, registration_lifetime=LIFETIME, router=RouterSettings())
    return Node(number, settings=settings)


def side_of(node: Node) -> RouterSide:
    assert node.engine.router is not None
    return node.engine.router


def network(*nodes: Node) -> Link:
    """Return a link on which all but border routers look for routers."""
    link = Link(*nodes)
    for node in nodes:
        if side_of(node).border is None if node.engine.router is not None else True:
            link.do(node, node.engine.solicit_routers(now=0))
    return link


def legacy(node: Node) -> Node:
    """Make a router one that knows RFC 6775 only."""
    side_of(node).advertiser.settings = AdvertiserSettings()
    return node


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


def register(  # noqa: PLR0913
    node: Node,
    wanted: bytes,
    rovr: bytes,
    link_source: bytes,
    *,
    tid: int | None = 240,
    now: int = 0,
    lifetime: int = 6000,
    source: bytes = address(666),
) -> list[SendMessage]:
    """Send a registration to a router, an old one without a TID, and return what it sends."""
    extended = tid is not None
    control = AddressRegistrationControl(i=0, r=extended, t=extended)
    value = AddressRegistration(0, 0, control, tid or 0, lifetime, rovr)
    target = wanted if extended else address(node.number)
    options = (
        NdOption(NdOptionType.SOURCE_LINK_LAYER_ADDRESS, LinkLayerAddress(link_source)),
        NdOption(NdOptionType.ADDRESS_REGISTRATION, value),
    )
    message = Icmpv6(
        Icmpv6Type.NEIGHBOUR_SOLICITATION, 0, 0, NeighbourSolicitation(target, options)
    )
    ends = source, address(node.number), 255, link_source
    return sent(node.engine.receive_message(message, *ends, now=now))


def status_of(message: SendMessage) -> int:
    values = [option.value for option in getattr(message.message.body, "options")]  # noqa: B009
    (value,) = [value for value in values if isinstance(value, AddressRegistration)]
    return value.status


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


def test_an_announced_prefix_ends() -> None:
    edge = border()
    side = side_of(edge)
    assert side.border is not None
    other = bytes.fromhex("fd00aaaa") + bytes(12)
    prefix = Prefix(other, 64, on_link=False, autonomous=True, valid_until=60 * SECOND)
    side.border.announce_prefix(prefix, now=0)
    link = Link(edge)
    link.run(59 * SECOND)
    assert not edge.of(PrefixLost)
    link.run(60 * SECOND)
    assert edge.of(PrefixLost) == [PrefixLost(other, 64)]
    assert side.border.withdraw_prefix(PREFIX, 64, now=link.now) == [PrefixLost(PREFIX, 64)]


def test_routers_and_hosts_say_what_they_can() -> None:
    alice, middle, edge = host(1), router(), border()
    link = network(alice, middle, edge)
    link.run(30 * SECOND)
    said: dict[tuple[bytes, int], SixLowpanCapabilities] = {}
    for _, message in link.sent:
        body = message.message.body
        if isinstance(body, RouterSolicitation | RouterAdvertisement):
            for option in body.options:
                if isinstance(option.value, SixLowpanCapabilityIndication):
                    said[message.source, message.message.type] = option.value.control
    flags = {key: (one.d, one.l, one.b, one.p, one.e, one.g) for key, one in said.items()}
    no, yes = False, True
    assert flags[address(1), 133] == (no, no, no, no, yes, no)
    assert flags[address(9), 134] == (yes, yes, yes, no, yes, no)
    assert flags[address(5), 134] == (no, yes, no, no, yes, no)


def test_a_router_is_quiet_when_nothing_is_new() -> None:
    middle, edge = router(), border()
    link = network(middle, edge)
    link.run(10 * HOUR)
    to_all = [
        (now, message.source)
        for now, message in link.sent
        if message.message.type == Icmpv6Type.ROUTER_ADVERTISEMENT
        and message.destination[0] == 0xFF
    ]
    # three for what there is at first, three when the context begins to compress
    assert [source for _, source in to_all].count(address(9)) == 6
    assert 6 <= [source for _, source in to_all].count(address(5)) <= 9
    for ours in (address(5), address(9)):
        times = [now for now, source in to_all if source == ours]
        assert all(later - sooner >= 10 * SECOND for sooner, later in pairwise(times))


def test_without_a_border_router_neighbours_alone_are_compared() -> None:
    lone = Node(5, settings=NdSettings(router=RouterSettings()))
    (first,) = register(lone, on_mesh(1), extended(1), extended(1))
    (second,) = register(lone, on_mesh(1), extended(2), extended(2))
    assert [status_of(first), status_of(second)] == [Status.SUCCESS, Status.DUPLICATE_ADDRESS]


def test_a_router_that_is_lost_is_replaced() -> None:
    alice, edge, other = host(1), border(9), border(8)
    link = network(alice, edge, other)
    link.apart = [{1, 8}, {8, 9}]
    link.run(10 * SECOND)
    link.apart = [{1, 9}, {8, 9}]
    link.run(2 * HOUR)
    assert RouterLost(address(9)) in alice.told
    assert Registered(on_mesh(1), address(8), LIFETIME * SECOND) in alice.told


def test_a_new_context_compresses_after_five_minutes_and_goes_after_five_more() -> None:
    alice, edge = host(1), border()
    link = network(alice, edge)
    side = side_of(edge)
    assert side.border is not None
    version = side.border.version
    link.run(299 * SECOND)
    assert {action.context.compress for action in alice.of(ContextLearnt)} == {False}
    link.run(400 * SECOND)
    assert alice.of(ContextLearnt)[-1].context.compress
    link.do(edge, side.border.withdraw_context(1, now=link.now))
    link.run(450 * SECOND)
    assert not alice.of(ContextLearnt)[-1].context.compress
    link.run(750 * SECOND)
    assert 1 not in edge.engine.information.contexts
    assert side.border.version == version + 3


def test_news_of_the_border_router_reach_who_is_two_hops_away() -> None:
    alice, middle, edge = host(1), router(), border()
    link = network(alice, middle, edge)
    link.apart = [{1, 9}]
    link.run(90 * SECOND)
    side = side_of(edge)
    assert side.border is not None
    other = bytes.fromhex("fd00aaaa") + bytes(12)
    side.border.announce_prefix(Prefix(other, 64, on_link=False, autonomous=True), now=link.now)
    link.run(120 * SECOND)
    assert AddressConfirmed(other[:8] + iid_of(extended(1))) in alice.told


def test_a_router_withdraws() -> None:
    alice, edge = host(1), border()
    link = network(alice, edge)
    link.run(10 * SECOND)
    link.do(edge, side_of(edge).advertiser.withdraw())
    link.run(11 * SECOND)
    assert RouterLost(address(9)) in alice.told


def test_many_solicitors_are_told_all_at_once() -> None:
    edge = border()
    advertiser = side_of(edge).advertiser
    edge.engine.handle_deadline(now=0)
    for number in range(10_000):
        advertiser.receive_solicitation(address(number), now=60 * SECOND)
    link = Link(edge)
    link.run(70 * SECOND)
    to_all = [
        message
        for now, message in link.sent
        if now >= 60 * SECOND and message.destination[0] == 0xFF
    ]
    told = [
        message
        for now, message in link.sent
        if now >= 60 * SECOND and message.message.type == Icmpv6Type.ROUTER_ADVERTISEMENT
    ]
    assert to_all
    assert len(told) <= MOST_SOLICITORS + 2


def test_an_own_address_is_dropped_when_somebody_else_confirmed_it_first() -> None:
    alice, edge = host(1), border()
    link = network(alice, edge)
    register(edge, on_mesh(1), extended(2), extended(2))
    link.run(30 * SECOND)
    assert AddressDuplicate(on_mesh(1)) in alice.told
    assert alice.own.get(on_mesh(1)) is None
    assert Own(on_mesh(1)) not in alice.own.own.values()
