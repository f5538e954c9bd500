"""What routers and border routers tell, and how often."""

from itertools import pairwise

from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    ContextLearnt,
    PrefixLost,
    RouterLost,
)
from lowpan.adaptation.neighbour_discovery.advertiser import MOST_SOLICITORS
from lowpan.adaptation.neighbour_discovery.information import Prefix
from lowpan.wire.addresses import iid_of
from lowpan.wire.icmpv6 import Icmpv6Type
from lowpan.wire.nd_options import (
    SixLowpanCapabilities,
    SixLowpanCapabilityIndication,
)
from lowpan.wire.neighbour_discovery import (
    RouterAdvertisement,
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
