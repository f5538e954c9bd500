"""Routers and what they say, as a host takes it."""

from collections.abc import Iterable
from itertools import pairwise

import pytest

from lowpan.adaptation.neighbour_discovery.actions import (
    ContextLearnt,
    HopLimitLearnt,
    MessageRefused,
    NdAction,
    PrefixDeprecated,
    PrefixLearnt,
    PrefixLost,
    Refusal,
    RouterLearnt,
    RouterLost,
)
from lowpan.adaptation.neighbour_discovery.information import FOREVER, MOST_BORDERS, MOST_PREFIXES
from lowpan.adaptation.neighbour_discovery.routers import MOST_ROUTERS
from lowpan.wire.addresses import ALL_NODES, ALL_ROUTERS, Context
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import (
    AuthoritativeBorderRouter,
    LinkLayerAddress,
    NdOption,
    NdOptionType,
    NdOptionValue,
    PrefixInformation,
    PrefixInformationControl,
    SixLowpanContext,
    SixLowpanContextControl,
)
from lowpan.wire.neighbour_discovery import (
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    RouterAdvertisement,
    RouterAdvertisementControl,
    RouterSolicitation,
)
from tests.adaptation.neighbour_discovery.link import SECOND, Node, address, extended, sent

ROUTER, HOUR = 9, 3600
PREFIX = bytes.fromhex("fd000db8000000000000000000000000")
BORDER = PREFIX[:8] + bytes.fromhex("00000000000000b0")

KINDS: dict[type[NdOptionValue], NdOptionType] = {
    LinkLayerAddress: NdOptionType.SOURCE_LINK_LAYER_ADDRESS,
    PrefixInformation: NdOptionType.PREFIX_INFORMATION,
    SixLowpanContext: NdOptionType.SIX_LOWPAN_CONTEXT,
    AuthoritativeBorderRouter: NdOptionType.AUTHORITATIVE_BORDER_ROUTER,
}


def prefix(  # noqa: PLR0913
    valid: int = HOUR,
    preferred: int | None = None,
    octets: bytes = PREFIX,
    length: int = 64,
    *,
    on_link: bool = False,
    autonomous: bool = True,
) -> PrefixInformation:
    control = PrefixInformationControl(l=on_link, a=autonomous, r=False)
    return PrefixInformation(
        length, control, valid, valid if preferred is None else preferred, octets
    )


def context(
    lifetime: int = 60, octets: bytes = PREFIX[:8], *, cid: int = 1, c: bool = True
) -> SixLowpanContext:
    return SixLowpanContext(64, SixLowpanContextControl(c, cid), lifetime, octets)


def advertise(  # noqa: PLR0913
    node: Node,
    *values: NdOptionValue,
    now: int = 0,
    router: int = ROUTER,
    lifetime: int = HOUR,
    hop_limit: int = 0,
    link_source: bytes | None = None,
    prf: int = 0,
) -> list[NdAction]:
    options = tuple(NdOption(KINDS[type(value)], value) for value in values)
    control = RouterAdvertisementControl(m=False, o=False, prf=prf)
    body = RouterAdvertisement(hop_limit, control, lifetime, 0, 0, options)
    message = Icmpv6(Icmpv6Type.ROUTER_ADVERTISEMENT, 0, 0, body)
    source = link_source or extended(router)
    return node.engine.receive_message(message, address(router), ALL_NODES, 255, source, now=now)


def run(node: Node, until: int) -> list[tuple[int, NdAction]]:
    done: list[tuple[int, NdAction]] = []
    while (now := node.engine.next_deadline()) is not None and now <= until:
        done += [(now, action) for action in node.engine.handle_deadline(now=now)]
    return done


def solicitations(done: Iterable[tuple[int, NdAction]]) -> list[tuple[int, bytes]]:
    return [(now, message.destination) for now, act in done for message in sent([act])]


def test_routers_are_solicited_ever_slower_up_to_once_a_minute() -> None:
    node = Node(1)
    node.engine.solicit_routers(now=0)
    times = [now for now, to in solicitations(run(node, 600 * SECOND)) if to == ALL_ROUTERS]
    assert 0 <= times[0] <= SECOND
    gaps = [(later - sooner) // SECOND for sooner, later in pairwise(times)]
    assert gaps[:6] == [10, 10, 10, 20, 40, 60]
    assert set(gaps[6:]) == {60}


def test_a_solicitation_tells_both_of_our_link_layer_addresses() -> None:
    node = Node(1, short=b"\x00\x01")
    node.engine.solicit_routers(now=0)
    (first,) = sent([action for _, action in run(node, SECOND)])
    assert isinstance(first.message.body, RouterSolicitation)
    assert (first.source, first.destination, first.hop_limit) == (address(1), ALL_ROUTERS, 255)
    told = [option.value for option in first.message.body.options]
    assert told == [LinkLayerAddress(extended(1)), LinkLayerAddress(b"\x00\x01")]


def test_nothing_is_solicited_before_we_have_an_address() -> None:
    node = Node(1)
    node.own.own[address(1)].ready = False
    node.engine.solicit_routers(now=0)
    assert run(node, 5 * SECOND) == []
    node.own.own[address(1)].ready = True
    assert len(run(node, 6 * SECOND)) == 1


def test_an_advertisement_ends_the_search_until_its_lifetime_is_over() -> None:
    node = Node(1)
    node.engine.solicit_routers(now=0)
    assert advertise(node, lifetime=100) == [RouterLearnt(address(ROUTER))]
    assert node.engine.default_router() == address(ROUTER)
    done = run(node, 110 * SECOND)
    # asked to go on when three quarters are over, three times
    assert solicitations(done)[:3] == [(t * SECOND, address(ROUTER)) for t in (75, 85, 95)]
    assert done[3] == (100 * SECOND, RouterLost(address(ROUTER)))
    assert solicitations(done)[3][1] == ALL_ROUTERS
    assert node.engine.default_router() is None


def test_a_router_that_goes_on_stays() -> None:
    node = Node(1)
    advertise(node, lifetime=100)
    run(node, 80 * SECOND)
    assert advertise(node, lifetime=100, now=80 * SECOND) == []
    done = run(node, 160 * SECOND)
    assert solicitations(done) == [(155 * SECOND, address(ROUTER))]


def test_a_lifetime_of_zero_withdraws() -> None:
    node = Node(1)
    advertise(node)
    assert advertise(node, lifetime=0) == [RouterLost(address(ROUTER))]
    assert advertise(node, lifetime=0) == []


def test_a_router_that_does_not_answer_is_lost() -> None:
    node = Node(1)
    advertise(node, LinkLayerAddress(extended(ROUTER)))
    node.engine.suspect(address(ROUTER), now=0)
    told = [action for _, action in run(node, 3 * SECOND)]
    assert RouterLost(address(ROUTER)) in told


def test_the_most_preferred_router_is_used() -> None:
    node = Node(1)
    for router, prf in ((2, -2), (3, 1), (4, 0)):
        advertise(node, router=router, prf=prf)
    assert node.engine.default_router() == address(3)
    advertise(node, router=3, lifetime=0)
    assert node.engine.default_router() == address(2)  # "reserved" counts as medium


def test_a_prefix_is_told_once_then_deprecated_then_lost() -> None:
    node = Node(1)
    learnt = PrefixLearnt(PREFIX, 64, on_link=False, autonomous=True)
    assert learnt in advertise(node, prefix(300, 200))
    assert advertise(node, prefix(300, 200), now=100 * SECOND) == []
    done = [
        (now // SECOND, action) for now, action in run(node, 900 * SECOND) if not sent([action])
    ]
    assert done == [(300, PrefixDeprecated(PREFIX, 64)), (400, PrefixLost(PREFIX, 64))]


def test_a_deprecated_prefix_can_come_back() -> None:
    node = Node(1)
    advertise(node, prefix(300, 100))
    run(node, 100 * SECOND)
    learnt = PrefixLearnt(PREFIX, 64, on_link=False, autonomous=True)
    assert advertise(node, prefix(300, 100), now=100 * SECOND) == [learnt]


def test_nobody_ends_an_address_all_at_once() -> None:
    node = Node(1)
    advertise(node, prefix(24 * HOUR))
    assert advertise(node, prefix(0)) == [PrefixDeprecated(PREFIX, 64)]
    lost = [
        (now, action)
        for now, action in run(node, 24 * HOUR * SECOND)
        if isinstance(action, PrefixLost)
    ]
    assert lost == [(2 * HOUR * SECOND, PrefixLost(PREFIX, 64))]


def test_a_prefix_without_addresses_can_be_ended_at_once() -> None:
    node = Node(1)
    advertise(node, prefix(24 * HOUR, on_link=True, autonomous=False))
    assert advertise(node, prefix(0, autonomous=False))[-1:] == [PrefixLost(PREFIX, 64)]


def test_the_two_hours_count_from_now() -> None:
    node, now = Node(1), 10 * HOUR * SECOND
    advertise(node, prefix(24 * HOUR))
    advertise(node, prefix(HOUR), now=now)
    advertise(node, prefix(60), now=now + HOUR * SECOND)  # an hour is left of them
    lost = [at for at, action in run(node, 24 * HOUR * SECOND) if isinstance(action, PrefixLost)]
    assert lost == [now + 2 * HOUR * SECOND]


def test_an_address_that_ends_soon_can_be_prolonged() -> None:
    node = Node(1)
    advertise(node, prefix(60))
    advertise(node, prefix(120))
    lost = [at for at, action in run(node, 24 * HOUR * SECOND) if isinstance(action, PrefixLost)]
    assert lost == [120 * SECOND]


def test_a_prefix_may_last_forever() -> None:
    node = Node(1)
    advertise(node, prefix(60), lifetime=0)
    advertise(node, prefix(FOREVER), lifetime=0)
    assert node.engine.next_deadline() is None


def test_a_prefix_that_lasts_forever_may_be_preferred_for_some_time() -> None:
    node = Node(1)
    advertise(node, prefix(FOREVER, 60), lifetime=0)
    assert run(node, HOUR * SECOND) == [(60 * SECOND, PrefixDeprecated(PREFIX, 64))]


def test_a_border_router_may_repeat_itself() -> None:
    node, authority = Node(1), AuthoritativeBorderRouter(6, 600, BORDER)
    for _ in range(2):
        assert isinstance(advertise(node, authority, context(), lifetime=0)[0], ContextLearnt)


@pytest.mark.parametrize(
    "bad",
    [
        prefix(10, 20),
        prefix(octets=address(1)[:8] + bytes(8)),
        prefix(octets=b"\xff\x02" + bytes(14)),
        prefix(length=129),
    ],
)
def test_prefixes_that_make_no_sense_are_ignored(bad: PrefixInformation) -> None:
    node = Node(1)
    (refused,) = advertise(node, bad, lifetime=0)
    assert isinstance(refused, MessageRefused)
    assert refused.refusal is Refusal.OPTIONS


def test_only_64_bits_make_addresses() -> None:
    (learnt, *_) = advertise(Node(1), prefix(length=60), lifetime=0)
    assert learnt == PrefixLearnt(PREFIX, 60, on_link=False, autonomous=False)


def test_contexts_are_told_each_time_with_what_is_left() -> None:
    node = Node(1)
    expected = ContextLearnt(1, Context(PREFIX[:8], 64), 60 * SECOND)
    assert advertise(node, context(), lifetime=0) == [expected]
    assert advertise(node, context(), lifetime=0) == [expected]
    assert advertise(node, context(0, c=False), lifetime=0) == [
        ContextLearnt(1, Context(PREFIX[:8], 64, compress=False), 0)
    ]


def test_a_hop_limit_is_told_when_it_changes_and_never_a_small_one() -> None:
    node = Node(1)
    assert advertise(node, lifetime=0, hop_limit=64) == [HopLimitLearnt(64)]
    assert advertise(node, lifetime=0, hop_limit=64) == []
    assert advertise(node, lifetime=0, hop_limit=1) == []
    assert advertise(node, lifetime=0) == []


def test_older_news_of_a_border_router_is_not_listened_to() -> None:
    node = Node(1)
    authority = [AuthoritativeBorderRouter(version, 600, BORDER) for version in (6, 5, 7)]
    assert advertise(node, authority[0], prefix(), lifetime=0)
    (refused,) = advertise(node, authority[1], prefix(5 * HOUR), context(), lifetime=0)
    assert isinstance(refused, MessageRefused)
    assert refused.refusal is Refusal.OUTDATED
    assert isinstance(advertise(node, authority[2], context(), lifetime=0)[0], ContextLearnt)
    # until its lifetime is over
    late = 601 * SECOND
    assert isinstance(
        advertise(node, authority[1], context(), lifetime=0, now=late)[0], ContextLearnt
    )


def test_one_border_router_does_not_change_the_context_of_another() -> None:
    node = Node(1)
    advertise(node, AuthoritativeBorderRouter(1, 600, BORDER), context(), lifetime=0)
    other = context(octets=bytes(8))
    (refused,) = advertise(node, other, lifetime=0)
    assert isinstance(refused, MessageRefused)
    assert refused.refusal is Refusal.CONTESTED
    assert isinstance(advertise(node, other, lifetime=0, now=61 * SECOND)[0], ContextLearnt)


def test_an_advertisement_in_the_name_of_a_confirmed_router_is_refused() -> None:
    node = Node(1)
    advertise(node, LinkLayerAddress(extended(ROUTER)))
    node.engine.confirm(address(ROUTER), now=0)
    refused, probe = advertise(node, lifetime=0, link_source=extended(666))
    assert isinstance(refused, MessageRefused)
    assert refused.refusal is Refusal.IMPOSTOR
    assert sent([probe])[0].link_destination == extended(ROUTER)
    assert node.engine.default_router() == address(ROUTER)


def test_attack_advertisement_flood_leaves_what_was_known_and_memory() -> None:
    node = Node(1)
    advertise(node, AuthoritativeBorderRouter(1, 600, BORDER), prefix(), context())
    for number in range(1000, 11_000):
        forged = number.to_bytes(8, "big")
        authority = AuthoritativeBorderRouter(1, 60000, forged + bytes(8))
        values = (authority, prefix(octets=forged + bytes(8)), context(octets=forged))
        advertise(node, *values, router=number)
    information = node.engine.information
    assert node.engine.default_router() == address(ROUTER)
    assert len(node.engine.routers.routers) == MOST_ROUTERS
    assert (PREFIX, 64) in information.prefixes
    assert len(information.prefixes) <= MOST_PREFIXES
    assert len(information.borders) == MOST_BORDERS
    assert information.contexts[1].context == Context(PREFIX[:8], 64)
    assert node.engine.refused[Refusal.NO_ROOM] > 9_000


def test_routers_set_times_within_reason() -> None:
    node = Node(1)
    control = RouterAdvertisementControl(m=False, o=False)
    for reachable, retrans in ((20_000, 2_000), (0, 0), (0xFFFFFFFF, 0xFFFFFFFF), (1, 1)):
        body = RouterAdvertisement(0, control, 0, reachable, retrans)
        message = Icmpv6(Icmpv6Type.ROUTER_ADVERTISEMENT, 0, 0, body)
        node.engine.receive_message(message, address(9), ALL_NODES, 255, extended(9), now=0)
        cache = node.engine.cache
        assert (cache.reachable_time, cache.retrans_timer) == (20 * SECOND, 2 * SECOND)


def test_a_router_that_says_it_is_none_is_lost() -> None:
    node = Node(1)
    advertise(node, LinkLayerAddress(extended(ROUTER)))
    control = NeighbourAdvertisementControl(r=False, s=True, o=False)
    message = Icmpv6(136, 0, 0, NeighbourAdvertisement(control, address(ROUTER)))
    ends = address(ROUTER), address(1), 255, extended(ROUTER)
    assert node.engine.receive_message(message, *ends, now=0) == []  # not asked
    node.engine.suspect(address(ROUTER), now=0)
    told = node.engine.receive_message(message, *ends, now=0)
    assert told == [RouterLost(address(ROUTER))]


def test_a_prefix_that_is_over_before_it_begins_is_none() -> None:
    assert advertise(Node(1), prefix(0), lifetime=0) == []


def test_no_group_is_a_border_router() -> None:
    authority = AuthoritativeBorderRouter(1, 600, ALL_NODES)
    (refused,) = advertise(Node(1), authority, prefix(), lifetime=0)
    assert isinstance(refused, MessageRefused)
    assert refused.refusal is Refusal.OPTIONS
