"""Prefixes from routers that mean no good: none of them ends a node."""

import pytest

from lowpan.adaptation.contexts import ContextTable
from lowpan.errors import FieldOutOfRange
from lowpan.node.addresses import MOST_ADDRESSES, MOST_GROUPS
from lowpan.node.service import EchoReplied
from lowpan.node.settings import NodeSettings
from lowpan.wire.addresses import ALL_NODES, Context, iid_of, parse_ipv6, solicited_node
from lowpan.wire.icmpv6 import ICMPV6, Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import NdOption, NdOptionType
from lowpan.wire.nd_options_lowpan import SixLowpanContext, SixLowpanContextControl
from lowpan.wire.nd_options_plain import PrefixInformation, PrefixInformationControl
from lowpan.wire.neighbour_discovery import RouterAdvertisement, RouterAdvertisementControl
from tests.mac.air import EXTENDED
from tests.node.room import Room
from tests.node.test_node import BY_EXTENDED, ping


def advertise(room: Room, prefix: str) -> None:
    flags = PrefixInformationControl(l=True, a=True, r=False)
    value = PrefixInformation(64, flags, 3600, 1800, parse_ipv6(prefix))
    say(room, NdOption(int(NdOptionType.PREFIX_INFORMATION), value))


def say(room: Room, *options: NdOption) -> None:
    control = RouterAdvertisementControl(m=False, o=False)
    body = RouterAdvertisement(64, control, 1800, 0, 0, options)
    message = ICMPV6.encode(Icmpv6(int(Icmpv6Type.ROUTER_ADVERTISEMENT), 0, 0, body))
    router = room.nodes[0]
    datagram = router.ipv6.icmpv6_datagram(message, BY_EXTENDED[0], ALL_NODES, 255)
    room.take(0, router.send_datagram(datagram, now=room.now))
    room.run()


def answers(room: Room) -> list[EchoReplied]:
    return ping(room, BY_EXTENDED[1])


def test_a_node_with_all_its_addresses_takes_no_more() -> None:
    room = Room(2, settings=NodeSettings())
    own = room.nodes[1].own
    for number in range(MOST_ADDRESSES):
        address = parse_ipv6(f"2001:db8:{number:x}::1")
        if own.takes(address):
            room.take(1, room.nodes[1].add_address(address, EXTENDED[1], now=0))
    with pytest.raises(FieldOutOfRange):
        room.nodes[1].add_address(parse_ipv6("2001:db8:fffe::1"), EXTENDED[1], now=0)
    before = [one.address for one in own]
    advertise(room, "2001:db8:ffff::")
    assert [one.address for one in own] == before
    assert len(answers(room)) == 1


def test_joined_groups_leave_room_for_those_of_our_addresses() -> None:
    room = Room(2, settings=NodeSettings())
    node = room.nodes[1]
    for number in range(MOST_GROUPS):
        node.join(parse_ipv6(f"ff05::{number + 1:x}"))
    with pytest.raises(FieldOutOfRange):
        node.join(parse_ipv6("ff05::ffff"))
    advertise(room, "2001:db8:1::")
    ours = parse_ipv6("2001:db8:1::")[:8] + iid_of(EXTENDED[1])
    own = node.own.get(ours)
    assert own is not None
    assert own.ready
    assert len(answers(room)) == 1


def test_a_prefix_that_makes_the_loopback_address_makes_none() -> None:
    room = Room(2, settings=NodeSettings())
    assert iid_of(EXTENDED[1]) == bytes(7) + b"\x01"
    before = [one.address for one in room.nodes[1].own]
    advertise(room, "::")
    assert [one.address for one in room.nodes[1].own] == before
    assert len(answers(room)) == 1


@pytest.mark.parametrize("lifetime", [0, 60, 0xFFFF * 60])
def test_a_context_that_the_user_gave_is_not_changed_by_a_router(lifetime: int) -> None:
    prefix, other = parse_ipv6("2001:db8:1::"), parse_ipv6("2001:db8:2::")
    contexts = ContextTable()
    contexts.learn(1, Context(prefix, 64))
    room = Room(2, settings=NodeSettings(contexts=contexts))
    for identifier in (1, 2):
        control = SixLowpanContextControl(c=True, cid=identifier)
        value = SixLowpanContext(64, control, lifetime, other[:8])
        say(room, NdOption(int(NdOptionType.SIX_LOWPAN_CONTEXT), value))
    known = room.nodes[1].adaptation.contexts.known
    assert known[1] == Context(prefix, 64)
    assert (2 in known) == bool(lifetime)


def test_groups_of_our_own_are_never_left() -> None:
    own = Room(2).nodes[1].own
    for group in (ALL_NODES, solicited_node(BY_EXTENDED[1])):
        own.leave(group)
        assert own.is_ours(group)
        own.join(group)
        own.leave(group)
        assert own.is_ours(group)
    own.remove(BY_EXTENDED[1])
    assert not own.is_ours(BY_EXTENDED[1])
