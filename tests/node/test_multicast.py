"""Multicast datagrams of a mesh: taken once, and out of the tunnels that carry them."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.layer import Ends
from lowpan.node.addresses import OwnAddress, OwnAddresses
from lowpan.node.ipv6 import Ipv6, Ipv6Action, SendDatagram
from lowpan.node.multicast import PERIOD, MplSender
from lowpan.node.service import DatagramDiscarded, Discard
from lowpan.wire.addresses import parse_ipv6
from lowpan.wire.icmpv6 import ICMPV6, Echo, Icmpv6, Icmpv6Type
from lowpan.wire.ipv6 import IPV6_HEADER, Ipv6Header
from lowpan.wire.ipv6_options import ALL_MPL_FORWARDERS

REALM_ALL_NODES, SITE_ALL_NODES = parse_ipv6("ff03::1"), parse_ipv6("ff05::1")
OURS, LOCATOR = parse_ipv6("fd00::1"), parse_ipv6("fd00::ff:fe00:d800")
PARENT, OTHER = b"\xd8\x00", b"\x28\x00"


def host() -> Ipv6:
    own = OwnAddresses()
    own.add(OwnAddress(OURS, 64, b"\xd8\x01"))
    for group in (REALM_ALL_NODES, SITE_ALL_NODES, ALL_MPL_FORWARDERS):
        own.join(group)
    return Ipv6(own, random=Random(1))


def option(sequence: int, *, control: int = 0x40, seed: bytes = b"\xd8\x00") -> bytes:
    """Return the content of an options header with an MPL option, padded."""
    mpl = bytes((0x6D, 2 + len(seed), control, sequence)) + seed
    return mpl + bytes(-(2 + len(mpl)) % 8)


def echo_request(ipv6: Ipv6, destination: bytes) -> bytes:
    message = ICMPV6.encode(Icmpv6(Icmpv6Type.ECHO_REQUEST, 0, 0, Echo(1, 2, b"data")))
    return ipv6.icmpv6_datagram(message, LOCATOR, destination, 64)


def with_options(datagram: bytes, octets: bytes) -> bytes:
    """Return `datagram` with a hop-by-hop options header."""
    header, used = IPV6_HEADER.decode_prefix(datagram)
    length = (2 + len(octets)) // 8 - 1
    hop_by_hop = bytes((header.next_header, length)) + octets
    header.next_header, header.payload_length = 0, header.payload_length + len(hop_by_hop)
    return IPV6_HEADER.encode(header) + hop_by_hop + datagram[used:]


def tunnelled(datagram: bytes, octets: bytes) -> bytes:
    """Return `datagram` inside of one to all forwarders, as OpenThread sends larger scopes."""
    outer = Ipv6Header(0, 0, len(datagram), 41, 64, LOCATOR, ALL_MPL_FORWARDERS)
    return with_options(IPV6_HEADER.encode(outer) + datagram, octets)


def give(ipv6: Ipv6, datagram: bytes, *, source: bytes = PARENT, now: int = 0) -> list[Ipv6Action]:
    return ipv6.receive_datagram(datagram, Ends(source, b"\xff\xff", 5), now=now)


def answers(actions: list[Ipv6Action]) -> int:
    return sum(isinstance(action, SendDatagram) for action in actions)


def test_a_multicast_that_comes_again_by_another_way_is_taken_once() -> None:
    ipv6 = host()
    datagram = with_options(echo_request(ipv6, REALM_ALL_NODES), option(7))
    assert answers(give(ipv6, datagram)) == 1
    assert give(ipv6, datagram) == give(ipv6, datagram, source=OTHER) == []
    assert ipv6.discarded[Discard.REPEATED] == 2
    assert answers(give(ipv6, datagram, now=PERIOD + 1)) == 1


def test_sequence_numbers_belong_to_their_seed() -> None:
    ipv6 = host()
    request = echo_request(ipv6, REALM_ALL_NODES)
    assert answers(give(ipv6, with_options(request, option(7)))) == 1
    assert answers(give(ipv6, with_options(request, option(8)))) == 1
    assert answers(give(ipv6, with_options(request, option(7, seed=b"\x28\x00")))) == 1
    assert answers(give(ipv6, with_options(request, option(7, control=0, seed=b"")))) == 1
    assert give(ipv6, with_options(request, option(7, control=0, seed=b""))) == []


def test_larger_scopes_come_out_of_their_tunnel_once() -> None:
    ipv6 = host()
    datagram = tunnelled(echo_request(ipv6, SITE_ALL_NODES), option(9))
    assert answers(give(ipv6, datagram)) == 1
    assert give(ipv6, datagram, source=OTHER) == []


def test_groups_of_others_in_a_tunnel_are_left_alone() -> None:
    ipv6 = host()
    assert give(ipv6, tunnelled(echo_request(ipv6, parse_ipv6("ff05::77")), option(1))) == []


@pytest.mark.parametrize("inside", [OURS, parse_ipv6("fd00::9"), ALL_MPL_FORWARDERS])
def test_attack_nothing_else_comes_through_a_tunnel(inside: bytes) -> None:
    ipv6 = host()
    (refused,) = give(ipv6, tunnelled(echo_request(ipv6, inside), option(1)))
    assert isinstance(refused, DatagramDiscarded)
    assert refused.discard is Discard.NOT_FOR_US


def test_attack_a_tunnel_to_one_of_our_addresses() -> None:
    ipv6 = host()
    inner = echo_request(ipv6, SITE_ALL_NODES)
    outer = Ipv6Header(0, 0, len(inner), 41, 64, LOCATOR, OURS)
    told = give(ipv6, IPV6_HEADER.encode(outer) + inner)
    assert isinstance(told[0], DatagramDiscarded)
    assert told[0].discard is Discard.NO_PROTOCOL


@pytest.mark.parametrize(
    "octets",
    [
        option(1, control=0x50),  # another version
        bytes.fromhex("6d0240010000"),  # a seed that is cut
        bytes.fromhex("6d0940018800"),  # longer than the header
    ],
)
def test_malformed_option(octets: bytes) -> None:
    ipv6 = host()
    (refused,) = give(ipv6, with_options(echo_request(ipv6, REALM_ALL_NODES), octets))
    assert isinstance(refused, DatagramDiscarded)
    assert refused.discard is Discard.MALFORMED


def test_attack_a_neighbour_that_invents_seeds_leaves_room_for_others() -> None:
    ipv6 = host()
    request = echo_request(ipv6, REALM_ALL_NODES)
    assert answers(give(ipv6, with_options(request, option(5)))) == 1
    for number in range(2000):
        seed = number.to_bytes(2, "big")
        if seed != PARENT:
            give(ipv6, with_options(request, option(5, seed=seed)), source=OTHER)
    assert give(ipv6, with_options(request, option(5))) == []


@given(st.binary(min_size=6, max_size=6))
def test_any_options_are_taken_or_malformed(octets: bytes) -> None:
    ipv6 = host()
    told = give(ipv6, with_options(echo_request(ipv6, REALM_ALL_NODES), octets))
    refused = sum(isinstance(action, DatagramDiscarded) for action in told)
    assert refused + answers(told) == len(told)
    assert len(told) == 1 or refused == 1, "besides, its sender is told of an option (10)"


def test_our_own_multicast_comes_back_from_who_spreads_it() -> None:
    ipv6 = host()
    ipv6.own.add(OwnAddress(LOCATOR, 64, PARENT))
    assert give(ipv6, with_options(echo_request(ipv6, REALM_ALL_NODES), option(3))) == []
    assert ipv6.discarded[Discard.REPEATED] == 1


# What we send


def test_multicasts_of_the_mesh_get_an_option_with_our_seed() -> None:
    ipv6 = host()
    sender, plain = MplSender(Random(1)), echo_request(ipv6, REALM_ALL_NODES)
    plain = plain[:8] + OURS + plain[24:]
    first, second = sender.spread(plain, LOCATOR), sender.spread(plain, LOCATOR)
    assert first[6] == 0
    assert first[40:45].hex() == "3a006d0460"
    assert first[46:48] == PARENT
    assert second[45] == first[45] + 1 & 0xFF
    assert first[48:] == plain[40:]
    assert int.from_bytes(first[4:6], "big") == len(plain) - 40 + 8


def test_larger_scopes_travel_in_a_tunnel_from_our_locator() -> None:
    ipv6 = host()
    sender, plain = MplSender(Random(1)), echo_request(ipv6, SITE_ALL_NODES)
    spread = sender.spread(plain, LOCATOR)
    assert (spread[8:24], spread[24:40]) == (LOCATOR, ALL_MPL_FORWARDERS)
    assert spread[40:45].hex() == "29006d0220"
    assert spread[46:48].hex() == "0100"
    assert spread[48:] == plain
    assert answers(give(ipv6, spread)) == 1
