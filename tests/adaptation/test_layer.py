"""Datagrams through two adaptation layers: every size, room and order."""

from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.fragmentation import LEAST_ROOM, fragmented
from lowpan.adaptation.layer import Adaptation, Ends, Event, PayloadRefused
from lowpan.adaptation.reassembly import DatagramLost, DatagramReceived
from lowpan.errors import FieldOutOfRange
from lowpan.wire.addresses import Context, Surroundings, iid_of, link_local
from lowpan.wire.checksum import with_checksum
from lowpan.wire.ipv6 import ICMPV6, IPV6_HEADER, UDP, Ipv6Header

A, B = bytes.fromhex("0200000000000001"), b"\x00\x02"


def datagram(
    payload: bytes, protocol: int = UDP, source: bytes = A, destination: bytes = B
) -> bytes:
    ends = link_local(iid_of(source)), link_local(iid_of(destination))
    if protocol == UDP:
        length = (8 + len(payload)).to_bytes(2, "big")
        upper = with_checksum(*ends, UDP, b"\xf0\xb1\xf0\xb2" + length + bytes(2) + payload, 6)
    else:
        upper = with_checksum(*ends, ICMPV6, b"\x80\x00\x00\x00" + payload, 2)
    return IPV6_HEADER.encode(Ipv6Header(0, 0, len(upper), protocol, 64, *ends)) + upper


def received(events: list[Event]) -> list[bytes]:
    return [event.datagram for event in events if isinstance(event, DatagramReceived)]


def pass_on(payloads: list[bytes], layer: Adaptation | None = None) -> list[Event]:
    layer = layer or Adaptation(Random(2))
    return [
        event
        for now, payload in enumerate(payloads)
        for event in layer.receive_payload(payload, Ends(A, B), now=now)
    ]


@given(
    st.integers(0, 1232),
    st.integers(LEAST_ROOM, 2000),
    st.sampled_from([UDP, ICMPV6]),
)
def test_any_size_in_any_room_arrives_as_it_was(size: int, room: int, protocol: int) -> None:
    octets = datagram(Random(size).randbytes(size), protocol)
    payloads = Adaptation(Random(1)).send_datagram(octets, A, B, room=room)
    assert all(len(payload) <= room for payload in payloads)
    events = pass_on(payloads)
    assert received(events) == [octets]
    assert len(events) == 1


def test_no_fragment_header_where_one_frame_is_enough() -> None:
    (payload,) = Adaptation(Random(1)).send_datagram(datagram(b"x"), A, B, room=80)
    assert payload[0] & 0xE0 == 0x60


def test_fragments_are_as_few_as_the_room_allows() -> None:
    octets = datagram(bytes(1000), ICMPV6)
    payloads = Adaptation(Random(1)).send_datagram(octets, A, B, room=102)
    # FRAG1: 4, then 3 of IPHC for 40, then 88: 128 of the datagram; FRAGN: 5, then 96
    assert [len(payload) for payload in payloads[:-1]] == [95] + [101] * (len(payloads) - 2)
    assert len(payloads) == 1 + -(-(1044 - 128) // 96)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_fragments_arrive_in_any_order(order: tuple[int, ...]) -> None:
    octets = datagram(bytes(range(256)), UDP)
    payloads = Adaptation(Random(1)).send_datagram(octets, A, B, room=96)
    assert len(payloads) == 4 - (len(payloads) == 3)
    shuffled = [payloads[index] for index in order if index < len(payloads)]
    assert received(pass_on(shuffled)) == [octets]


def test_repeated_fragments_change_nothing() -> None:
    octets = datagram(bytes(300))
    payloads = Adaptation(Random(1)).send_datagram(octets, A, B, room=96)
    assert received(pass_on([*payloads[:-1], *payloads[:-1], payloads[-1]])) == [octets]


def test_a_missing_fragment_ends_in_time() -> None:
    layer = Adaptation(Random(2))
    payloads = Adaptation(Random(1)).send_datagram(datagram(bytes(300)), A, B, room=96)
    assert pass_on(payloads[1:], layer) == []
    deadline = layer.next_deadline()
    assert deadline is not None
    (lost,) = layer.handle_deadline(now=deadline)
    assert isinstance(lost, DatagramLost)
    assert lost.marks[0] == Ends(A, B)


def test_an_elided_checksum_is_made_again_over_all_fragments() -> None:
    octets = datagram(bytes(range(200)))
    surroundings = Surroundings(iid_of(A), iid_of(B))
    payloads = fragmented(octets, surroundings, room=80, datagram_tag=1, elide_udp_checksum=True)
    assert received(pass_on(payloads)) == [octets]
    assert len(payloads[0]) < len(fragmented(octets, surroundings, room=82, datagram_tag=1)[0])


def test_contexts_of_both_ends_make_it_smaller() -> None:
    prefix = bytes.fromhex("fd000db800000000")
    ends = prefix + iid_of(A), prefix + iid_of(B)
    upper = with_checksum(*ends, UDP, b"\xf0\xb1\xf0\xb2\0\x0a\0\0hi", 6)
    octets = IPV6_HEADER.encode(Ipv6Header(0, 0, len(upper), UDP, 64, *ends)) + upper
    sizes: list[int] = []
    for contexts in ({}, {0: Context(prefix, 64)}):
        sender, receiver = Adaptation(Random(1)), Adaptation(Random(2))
        for number, context in contexts.items():
            sender.contexts.learn(number, context)
            receiver.contexts.learn(number, context)
        (payload,) = sender.send_datagram(octets, A, B, room=102)
        assert received(pass_on([payload], receiver)) == [octets]
        sizes.append(len(payload))
    assert sizes == [2 + 32 + 4 + 2, 2 + 4 + 2]


@given(st.binary(max_size=140))
def test_attack_8_9_any_payload_is_taken_or_refused(payload: bytes) -> None:
    layer = Adaptation(Random(2))
    for event in layer.receive_payload(payload, Ends(A, B), now=0):
        assert isinstance(event, Event)
        if isinstance(event, DatagramReceived):
            assert len(event.datagram) <= 1280


@given(st.integers(0, 400), st.integers(0, 60), st.integers(0, 255))
def test_a_changed_octet_never_raises(size: int, at: int, value: int) -> None:
    payloads = Adaptation(Random(1)).send_datagram(datagram(bytes(size)), A, B, room=96)
    changed = bytearray(payloads[0])
    changed[at % len(changed)] = value
    pass_on([bytes(changed), *payloads[1:]])


def test_attack_11_a_size_below_the_headers_is_refused() -> None:
    compressed = Adaptation(Random(1)).send_datagram(datagram(b"x"), A, B, room=80)[0]
    (refused,) = pass_on([b"\xc0\x29\x00\x01" + compressed])
    assert isinstance(refused, PayloadRefused)


def test_too_little_room_is_the_callers_fault() -> None:
    with pytest.raises(FieldOutOfRange):
        Adaptation(Random(1)).send_datagram(datagram(b"x"), A, B, room=LEAST_ROOM - 1)


def test_other_dispatches_are_refused_by_name() -> None:
    (refused,) = pass_on([b"\x3f123"])
    assert isinstance(refused, PayloadRefused)
    assert "not a LoWPAN frame" in refused.reason
