"""Fragments that go on before their datagram is whole."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.forwarding import Forward
from lowpan.adaptation.fragment_forwarding import FragmentForwarding
from lowpan.adaptation.fragmentation import LEAST_ROOM, fragmented
from lowpan.adaptation.layer import Adaptation, Ends
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.wire.addresses import Context, Surroundings, iid_of
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from tests.adaptation.forwarders import forwarded, forwarder, fragments, reassembled, receive
from tests.adaptation.hops import (
    LINE,
    OUTSIDE,
    PREFIX,
    A,
    Along,
    B,
    C,
    D,
    contexts,
    datagram,
    hops_later,
)


def test_fragments_go_on_one_by_one_with_a_tag_of_ours() -> None:
    engine, octets = forwarder(), datagram(bytes(range(250)))
    out: list[bytes] = []
    for now, payload in enumerate(fragments(octets)):
        actions = receive(engine, payload, now)
        assert [action.next_hop for action in actions if isinstance(action, Forward)] == [C]
        out += forwarded(actions)
    tags = {FRAGMENT_HEADER.decode_prefix(payload)[0].datagram_tag for payload in out}
    assert len(tags) == 1
    assert tags != {7}
    assert reassembled(out) == [hops_later(octets, 1)]


def test_tags_of_our_own_datagrams_are_not_given_to_others() -> None:
    free, given_tags = {7, 8}, set[int]()
    engine = FragmentForwarding(
        Along(B), Random(8930), contexts=contexts(), is_taken=lambda tag: tag not in free
    )
    for number in (1, 2):
        first = fragments(datagram(bytes(250)), tag=number)[0]
        (payload, *_) = forwarded(receive(engine, first))
        given_tags.add(FRAGMENT_HEADER.decode_prefix(payload)[0].datagram_tag)
    assert given_tags == free


def test_an_uncompressed_header_stays_so() -> None:
    octets = datagram(bytes(100))
    frag1 = FRAGMENT_HEADER.encode(FragmentHeader(len(octets), 7)) + b"\x41" + octets[:48]
    fragn = FRAGMENT_HEADER.encode(FragmentHeader(len(octets), 7, 48)) + octets[48:]
    engine = forwarder(room=110)
    (first,) = forwarded(receive(engine, frag1))
    (second,) = forwarded(receive(engine, fragn))
    assert first[4:] == b"\x41" + hops_later(octets, 1)[:48]
    assert second[5:] == fragn[5:]


def test_an_elided_checksum_stays_elided() -> None:
    octets = datagram(bytes(200))
    around = Surroundings(iid_of(A), iid_of(B), contexts().known)
    payloads = fragmented(octets, around, room=96, datagram_tag=1, elide_udp_checksum=True)
    engine = forwarder()
    out = [part for payload in payloads for part in forwarded(receive(engine, payload))]
    assert reassembled(out) == [hops_later(octets, 1)]


def test_headers_that_grow_push_octets_into_a_fragment_of_their_own() -> None:
    octets = datagram(bytes(range(200)))
    first, *others = fragments(octets, room=96)
    engine = forwarder(room=len(first))  # the source takes 8 octets more behind B
    out = forwarded(receive(engine, first))
    assert len(out) == 2
    pushed, _ = FRAGMENT_HEADER.decode_prefix(out[1])
    assert len(out[0]) <= len(first)
    assert pushed.offset % 8 == 0
    out += [part for payload in others for part in forwarded(receive(engine, payload))]
    assert reassembled(out) == [hops_later(octets, 1)]


def test_smaller_frames_behind_us_take_more_fragments() -> None:
    octets, engine = datagram(bytes(range(250))), forwarder(room=LEAST_ROOM)
    payloads = fragments(octets, room=127)
    out = [part for payload in payloads for part in forwarded(receive(engine, payload))]
    assert max(map(len, out)) <= LEAST_ROOM
    assert len(out) > len(payloads)
    assert reassembled(out) == [hops_later(octets, 1)]


@pytest.mark.parametrize("text", ["2080", "fec0", "fe00", "0180"])
def test_other_addresses_are_forwarded(text: str) -> None:
    other = bytes.fromhex(f"{text}{0:024}0002")
    first = fragments(datagram(bytes(200), source=other, destination=OUTSIDE))[0]
    assert len(forwarded(receive(forwarder(), first))) == 1
    first = fragments(datagram(bytes(200), source=OUTSIDE, destination=other))[0]
    assert len(forwarded(receive(forwarder(), first))) == 1


@pytest.mark.parametrize("ends", [(A, OUTSIDE), (OUTSIDE, D), (A, D)])
def test_contexts_of_any_number_serve_on_the_next_link(ends: tuple[bytes, bytes]) -> None:
    table = ContextTable()
    table.learn(3, Context(PREFIX, 64))
    octets = datagram(bytes(range(200)), *ends)
    around = Surroundings(iid_of(A), iid_of(B), table.known)
    engine = FragmentForwarding(Along(B), Random(1), contexts=table)
    layer, arrived = Adaptation(Random(1), contexts=table), list[bytes]()
    for payload in fragmented(octets, around, room=96, datagram_tag=7):
        for part in forwarded(receive(engine, payload)):
            for event in layer.receive_payload(part, Ends(B, C), now=0):
                assert isinstance(event, DatagramReceived)
                arrived.append(event.datagram)
    assert arrived == [hops_later(octets, 1)]


def test_the_smallest_datagram_goes_on() -> None:
    octets = datagram(b"")[:4] + b"\0\0\x3b" + datagram(b"")[7:40]
    payload = FRAGMENT_HEADER.encode(FragmentHeader(40, 7)) + b"\x41" + octets
    (out,) = forwarded(receive(forwarder(), payload))
    assert out[4:] == b"\x41" + hops_later(octets, 1)


def test_the_last_hop_that_a_datagram_may_go() -> None:
    octets = datagram(bytes(200), hop_limit=2)
    engine = forwarder()
    out = [part for payload in fragments(octets) for part in forwarded(receive(engine, payload))]
    assert [one[7] for one in reassembled(out)] == [1]


def test_tags_are_not_told_by_those_before() -> None:
    engine = forwarder()
    tags: list[int] = []
    for number in range(100):
        (out,) = forwarded(receive(engine, fragments(datagram(bytes(200)), tag=number)[0]))
        tags.append(FRAGMENT_HEADER.decode_prefix(out)[0].datagram_tag)
    assert len(set(tags)) == 100
    gaps = {(after - before) % 0x10000 for before, after in pairwise(tags)}
    assert len(gaps) > 90


@given(
    st.integers(130, 1232),
    st.lists(st.integers(LEAST_ROOM, 127), min_size=3, max_size=3),
    st.randoms(use_true_random=False),
    st.sampled_from([0.0, 0.1]),
)
def test_a_datagram_that_arrives_over_three_hops_is_the_one_that_was_sent(
    size: int, rooms: list[int], random: Random, loss: float
) -> None:
    octets = [datagram(random.randbytes(size), hop_limit=63 + number) for number in range(2)]
    engines = {here: forwarder(here, room) for here, room in zip((B, C), rooms[1:], strict=True)}
    layer = Adaptation(Random(1), contexts=contexts())
    sent = [fragments(one, tag, rooms[0]) for tag, one in enumerate(octets)]
    # first fragments go first, then all else in any order
    later = [payload for payloads in sent for payload in payloads[1:]]
    random.shuffle(later)
    air = [(A, B, payload) for payload in [sent[0][0], sent[1][0], *later]]
    arrived: list[bytes] = []
    lost = 0
    while air:
        source, here, payload = air.pop(0)
        if random.random() < loss:
            lost += 1
            continue
        copies = 1 + (random.random() < 0.1)
        for _ in range(copies):
            if here == D:
                events = layer.receive_payload(payload, Ends(source, here), now=0)
                arrived += [one.datagram for one in events if isinstance(one, DatagramReceived)]
                continue
            actions = engines[here].receive_payload(payload, source, here, now=0)
            for action in actions:
                if isinstance(action, Forward):
                    assert len(action.payload) <= rooms[LINE.index(here)]
                    air.append((here, action.next_hop, action.payload))
    wanted = [hops_later(one, 2) for one in octets]
    assert set(arrived) <= set(wanted)
    if not lost:
        assert sorted(arrived) == sorted(wanted)
