"""What routers and border routers tell, and how often."""

from itertools import pairwise

import pytest

from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    ContextLearnt,
    PrefixLost,
    Refusal,
    RouterLost,
)
from lowpan.adaptation.neighbour_discovery.advertiser import MOST_SOLICITORS
from lowpan.adaptation.neighbour_discovery.information import Prefix
from lowpan.errors import FieldOutOfRange
from lowpan.wire.addresses import ALL_NODES, Context, iid_of
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import (
    AuthoritativeBorderRouter,
    NdOption,
    NdOptionType,
    PrefixInformation,
    PrefixInformationControl,
    SixLowpanCapabilities,
    SixLowpanCapabilityIndication,
    SixLowpanContext,
    SixLowpanContextControl,
)
from lowpan.wire.neighbour_discovery import (
    RouterAdvertisement,
    RouterAdvertisementControl,
    RouterSolicitation,
)
from tests.adaptation.neighbour_discovery.link import (
    SECOND,
    Link,
    address,
    extended,
)
from tests.adaptation.neighbour_discovery.network import (
    HOUR,
    PREFIX,
    border,
    host,
    network,
    on_mesh,
    router,
    side_of,
)


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
    assert edge.of(ContextLearnt)[-1].lifetime == 0
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


def test_nobody_changes_what_a_border_router_vouches_for() -> None:
    edge = border()
    control = PrefixInformationControl(l=True, a=False, r=False)
    prefix = PrefixInformation(64, control, 60, 60, PREFIX)
    context = SixLowpanContext(64, SixLowpanContextControl(c=True, cid=1), 60, bytes(8))
    options = (
        NdOption(NdOptionType.PREFIX_INFORMATION, prefix),
        NdOption(NdOptionType.SIX_LOWPAN_CONTEXT, context),
    )
    authority = AuthoritativeBorderRouter(9999, 600, on_mesh(9))
    named = (NdOption(NdOptionType.AUTHORITATIVE_BORDER_ROUTER, authority), *options)
    before = repr(edge.engine.information.prefixes), repr(edge.engine.information.contexts)
    for said in (options, named):
        control_of = RouterAdvertisementControl(m=False, o=False)
        body = RouterAdvertisement(0, control_of, 0, 0, 0, said)
        message = Icmpv6(Icmpv6Type.ROUTER_ADVERTISEMENT, 0, 0, body)
        edge.engine.receive_message(message, address(6), ALL_NODES, 255, extended(6), now=0)
    assert edge.engine.refused == {Refusal.CONTESTED: 2, Refusal.OURS: 1}
    after = repr(edge.engine.information.prefixes), repr(edge.engine.information.contexts)
    assert after == before


def test_what_is_not_announced_is_not_withdrawn() -> None:
    side = side_of(border())
    assert side.border is not None
    version = side.border.version
    assert side.border.withdraw_context(7, now=0) == []
    assert side.border.withdraw_prefix(bytes(16), 64, now=0) == []
    assert side.border.version == version
    with pytest.raises(FieldOutOfRange):
        side.border.announce_context(16, Context(b"", 0), now=0)


def test_without_an_address_nothing_is_advertised() -> None:
    edge = border()
    for own in edge.own.own.values():
        own.ready = False
    assert edge.engine.handle_deadline(now=60 * SECOND) == []
