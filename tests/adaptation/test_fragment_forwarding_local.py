"""Fragments that are not forwarded but delivered here."""

from dataclasses import replace
from random import Random

import pytest

from lowpan.adaptation.compress import compress_headers
from lowpan.adaptation.forwarding import Deliver
from lowpan.adaptation.fragment_forwarding import FragmentForwarding
from lowpan.adaptation.fragmentation import LEAST_ROOM
from lowpan.wire.addresses import Surroundings, iid_of
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from lowpan.wire.ipv6 import IPV6_HEADER, Ipv6Header
from lowpan.wire.nhc import COMPRESSED_HEADERS
from tests.adaptation.forwarders import forwarded, forwarder, fragments, reassembled, receive
from tests.adaptation.hops import OUTSIDE, A, B, contexts, datagram

LOCAL = {
    "for us": datagram(bytes(200), destination=B),
    "hop limit": datagram(bytes(200), hop_limit=1),
    "group": datagram(bytes(200), destination=bytes.fromhex(f"ff05{0:026}02")),
    "link-local": datagram(bytes(200), destination=bytes.fromhex(f"fe80{0:026}02")),
    "from link-local": datagram(bytes(200), source=bytes.fromhex(f"fe80{0:026}02")),
    "unspecified": datagram(bytes(200), source=bytes(16)),
    "loopback": datagram(bytes(200), destination=bytes(15) + b"\1"),
}


@pytest.mark.parametrize("octets", LOCAL.values(), ids=LOCAL)
def test_what_ipv6_has_to_decide_on_is_delivered_here(octets: bytes) -> None:
    engine = forwarder()
    payloads = fragments(octets)
    told = [action for payload in payloads for action in receive(engine, payload)]
    assert told == [Deliver(payload, A, B) for payload in payloads]
    assert len(engine) == 0
    assert reassembled(payloads, A, B) == [octets]


@pytest.mark.parametrize("compressed", [False, True])
def test_options_for_every_router_are_delivered_here(compressed: bool) -> None:
    plain = datagram(bytes(200))
    header = IPV6_HEADER.decode_prefix(plain)[0]
    ends = header.source, header.destination
    header = Ipv6Header(0, 0, len(plain) - 40 + 8, 0, 64, *ends)
    octets = IPV6_HEADER.encode(header) + bytes([17, 0, 1, 4, 0, 0, 0, 0]) + plain[40:]
    first = FRAGMENT_HEADER.encode(FragmentHeader(len(octets), 7)) + b"\x41" + octets[:56]
    if compressed:
        first = fragments(octets)[0]
    assert receive(forwarder(), first) == [Deliver(first, A, B)]


def test_options_behind_a_compressed_header_that_says_so_are_delivered_here() -> None:
    for next_header, local in ((0, True), (58, False)):
        plain = datagram(bytes(200))
        header = replace(IPV6_HEADER.decode_prefix(plain)[0], next_header=next_header)
        octets = IPV6_HEADER.encode(header) + bytes(len(plain) - 40)
        around = Surroundings(iid_of(A), iid_of(B), contexts().known)
        compressed, size = compress_headers(octets, around, limit=6)
        first = FRAGMENT_HEADER.encode(FragmentHeader(len(octets), 7))
        first += COMPRESSED_HEADERS.encode(compressed, around) + octets[size:80]
        assert (receive(forwarder(), first) == [Deliver(first, A, B)]) == local


def test_headers_that_grow_beyond_a_frame_are_delivered_here() -> None:
    options = b"\x3c\x01\x01\x0c" + bytes(12)
    plain = datagram(bytes(200), destination=OUTSIDE)
    header = IPV6_HEADER.decode_prefix(plain)[0]
    header = replace(header, next_header=60, payload_length=len(plain) - 40 + 32)
    octets = IPV6_HEADER.encode(header) + options + b"\x11" + options[1:] + plain[40:]
    first = fragments(octets, room=70)[0]
    assert receive(forwarder(room=LEAST_ROOM), first) == [Deliver(first, A, B)]
    assert len(forwarded(receive(forwarder(), first))) == 1


def test_what_lies_behind_us_nobody_knows_is_delivered_here() -> None:
    engine = FragmentForwarding(lambda _: None, Random(1), contexts=contexts())
    first = fragments(datagram(bytes(200), destination=OUTSIDE))[0]
    assert receive(engine, first) == [Deliver(first, A, B)]


def test_headers_too_large_for_the_next_hop_are_delivered_here() -> None:
    first = fragments(datagram(bytes(200)))[0]
    engine = forwarder(room=LEAST_ROOM - 1)
    assert receive(engine, first) == [Deliver(first, A, B)]


def test_whole_datagrams_and_fragments_without_a_first_are_delivered_here() -> None:
    whole = fragments(datagram(b"x"))[0]
    subsequent = fragments(datagram(bytes(200)))[1]
    for payload in (whole, subsequent, b"\x3f", b""):
        assert receive(forwarder(), payload) == [Deliver(payload, A, B)]
