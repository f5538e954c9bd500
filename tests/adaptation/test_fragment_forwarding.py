"""Fragments that go on before their datagram is whole."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.compress import compress_headers
from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.forwarding import Deliver, Drop, Dropped, Forward
from lowpan.adaptation.fragment_forwarding import (
    FORWARDING_TIMEOUT,
    LATE_PERIOD,
    MOST_DATAGRAMS,
    MOST_PER_SENDER,
    ForwardingAction,
    FragmentForwarding,
)
from lowpan.adaptation.fragmentation import LEAST_ROOM, fragmented
from lowpan.adaptation.layer import Adaptation, Ends
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.wire.addresses import Context, Surroundings, iid_of
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from lowpan.wire.ipv6 import IPV6_HEADER, Ipv6Header
from lowpan.wire.nhc import COMPRESSED_HEADERS
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


def forwarder(here: bytes = B, room: int = 102, **bounds: int) -> FragmentForwarding:
    return FragmentForwarding(Along(here, room), Random(8930), contexts=contexts(), **bounds)


def fragments(octets: bytes, tag: int = 7, room: int = 96, source: bytes = A) -> list[bytes]:
    around = Surroundings(iid_of(source), iid_of(B), contexts().known)
    return fragmented(octets, around, room=room, datagram_tag=tag)


def receive(
    engine: FragmentForwarding, payload: bytes, now: int = 0, source: bytes = A
) -> list[ForwardingAction]:
    return engine.receive_payload(payload, source, B, now=now)


def forwarded(actions: list[ForwardingAction]) -> list[bytes]:
    return [action.payload for action in actions if isinstance(action, Forward)]


def drops(actions: list[ForwardingAction]) -> list[Drop]:
    return [action.drop for action in actions if isinstance(action, Dropped)]


def reassembled(payloads: list[bytes], source: bytes = B, destination: bytes = C) -> list[bytes]:
    layer = Adaptation(Random(1), contexts=contexts())
    return [
        event.datagram
        for payload in payloads
        for event in layer.receive_payload(payload, Ends(source, destination), now=0)
        if isinstance(event, DatagramReceived)
    ]


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


def test_the_last_fragment_before_others_keeps_the_path() -> None:
    engine, octets = forwarder(), datagram(bytes(range(250)))
    first, second, *_ = payloads = fragments(octets)
    out = forwarded(receive(engine, first))
    for payload in reversed(payloads[1:]):
        out += forwarded(receive(engine, payload))
    assert reassembled(out) == [hops_later(octets, 1)]
    assert drops(receive(engine, second)) == [Drop.DUPLICATE]


def test_a_path_is_forgotten_when_fragments_stop_coming() -> None:
    engine = forwarder()
    first, second, *_ = fragments(datagram(bytes(250)))
    receive(engine, first, now=5)
    assert engine.next_deadline() == 5 + FORWARDING_TIMEOUT
    receive(engine, second, now=50)
    assert engine.next_deadline() == 50 + FORWARDING_TIMEOUT
    assert engine.handle_deadline(now=49 + FORWARDING_TIMEOUT) == []
    late = engine.handle_deadline(now=50 + FORWARDING_TIMEOUT)
    assert late == [Dropped(A, Drop.TIMED_OUT)]
    assert (engine.next_deadline(), len(engine)) == (None, 0)


def test_a_finished_path_knows_latecomers_for_a_while_and_then_goes_quietly() -> None:
    engine = forwarder()
    for payload in fragments(datagram(bytes(100))):
        receive(engine, payload, now=5)
    assert engine.next_deadline() == 5 + LATE_PERIOD
    assert engine.handle_deadline(now=5 + LATE_PERIOD) == []
    assert len(engine) == 0


def test_a_first_fragment_sent_again_goes_once() -> None:
    engine = forwarder()
    first = fragments(datagram(bytes(200)))[0]
    assert len(forwarded(receive(engine, first))) == 1
    assert drops(receive(engine, first)) == [Drop.DUPLICATE]
    assert len(engine) == 1


def test_a_tag_that_comes_round_begins_a_new_datagram() -> None:
    engine, old, new = forwarder(), datagram(bytes(200)), datagram(bytes([1]) * 200)
    (before,) = forwarded(receive(engine, fragments(old)[0]))
    first, *others = fragments(new)
    actions = receive(engine, first)
    assert drops(actions) == [Drop.OVERLAP]
    out = forwarded(actions)
    assert out[0][2:4] != before[2:4]
    out += [part for payload in others for part in forwarded(receive(engine, payload))]
    assert reassembled([before, *out]) == [hops_later(new, 1)]


def test_a_tag_that_comes_round_for_us_ends_the_old_path() -> None:
    engine = forwarder()
    receive(engine, fragments(datagram(bytes(200)))[0])
    ours = fragments(datagram(bytes(200), destination=B))
    assert receive(engine, ours[0]) == [Dropped(A, Drop.OVERLAP), Deliver(ours[0], A, B)]
    assert receive(engine, ours[1]) == [Deliver(ours[1], A, B)]


def test_a_next_hop_that_does_not_answer_ends_the_datagram() -> None:
    engine = forwarder()
    first, second, *_ = fragments(datagram(bytes(250)))
    (forward,) = receive(engine, first)
    assert isinstance(forward, Forward)
    (dropped,) = engine.forwarding_failed(forward, now=0)
    assert dropped == Dropped(A, Drop.GIVEN_UP, "the next hop does not answer")
    assert engine.next_deadline() == LATE_PERIOD
    assert drops(receive(engine, second)) == [Drop.GIVEN_UP]
    assert engine.forwarding_failed(forward, now=0) == []
    assert len(forwarded(receive(engine, first))) == 1  # its sender tries anew


def test_tags_are_not_told_by_those_before() -> None:
    engine = forwarder()
    tags: list[int] = []
    for number in range(100):
        (out,) = forwarded(receive(engine, fragments(datagram(bytes(200)), tag=number)[0]))
        tags.append(FRAGMENT_HEADER.decode_prefix(out)[0].datagram_tag)
    assert len(set(tags)) == 100
    gaps = {(after - before) % 0x10000 for before, after in pairwise(tags)}
    assert len(gaps) > 90


# -- attacks


def test_attack_1_repeated_and_fresh_first_fragments_are_bounded() -> None:
    engine = forwarder()
    first = fragments(datagram(bytes(200)))[0]
    for _ in range(1000):
        receive(engine, first)
    assert len(engine) == 1
    for tag in range(1000):
        receive(engine, fragments(datagram(bytes(200)), tag)[0])
    assert len(engine) == MOST_PER_SENDER


def test_attack_1_a_flood_of_forged_senders_leaves_those_under_way() -> None:
    engine, octets = forwarder(), datagram(bytes(range(250)))
    payloads = fragments(octets)
    out = [part for payload in payloads[:2] for part in forwarded(receive(engine, payload))]
    template = fragments(datagram(bytes(200), source=OUTSIDE))[0]
    for number in range(100_000):
        receive(engine, template, now=number, source=number.to_bytes(8, "big"))
        assert len(engine) <= MOST_DATAGRAMS
    for payload in payloads[2:]:
        out += forwarded(receive(engine, payload, now=100_000))
    assert reassembled(out) == [hops_later(octets, 1)]
    assert engine.counts["CROWDED_OUT"] == 100_001 - MOST_DATAGRAMS


def test_attack_2_a_repeat_never_completes_a_datagram() -> None:
    engine = forwarder()
    first, second, *_ = payloads = fragments(datagram(bytes(range(250))))
    receive(engine, first)
    for _ in range(20):
        receive(engine, second)
    assert engine.counts["DUPLICATE"] == 19
    for payload in payloads[2:]:
        assert len(forwarded(receive(engine, payload))) == 1


@pytest.mark.parametrize(("start", "end"), [(392, 408), (408, 424), (392, 424), (40, 408)])
def test_attack_3_overlapping_fragments_end_the_datagram(start: int, end: int) -> None:
    engine, octets = forwarder(room=512), datagram(bytes(1000))
    first, second, *_ = fragments(octets)
    receive(engine, first)

    def fragment(at: int, beyond: int) -> list[ForwardingAction]:
        header = FRAGMENT_HEADER.encode(FragmentHeader(len(octets), 7, at))
        return receive(engine, header + bytes(beyond - at))

    assert len(forwarded(fragment(400, 416))) == 1
    assert fragment(400, 408) == [Dropped(A, Drop.DUPLICATE)]
    assert fragment(start, end) == [Dropped(A, Drop.OVERLAP)]
    assert drops(receive(engine, second)) == [Drop.GIVEN_UP]


def test_attack_4_senders_and_sizes_do_not_share_paths() -> None:
    engine = forwarder()
    first, second, *_ = fragments(datagram(bytes(250)))
    receive(engine, first)
    assert receive(engine, second, source=C) == [Deliver(second, C, B)]
    other = fragments(datagram(bytes(251)))[1]
    assert receive(engine, other) == [Deliver(other, A, B)]
    own = engine.receive_payload(second, A, b"\x00\x02", now=0)
    assert own == [Deliver(second, A, b"\x00\x02")]


@pytest.mark.parametrize("number", [0, 1])
def test_attack_5_8_every_cut_is_dropped(number: int) -> None:
    payload = fragments(datagram(bytes(250)))[number]
    engine = forwarder()
    for size in range(1, 5 if number else 11):
        (dropped,) = receive(engine, payload[:size])
        assert isinstance(dropped, Dropped)
        assert dropped.drop in {Drop.MALFORMED, Drop.UNFIT}
    assert len(engine) == 0


def test_attack_6_7_fragments_that_fit_no_datagram_are_dropped() -> None:
    engine, octets = forwarder(), datagram(bytes(250))
    first = fragments(octets)[0]
    receive(engine, first)
    size = len(octets)
    for offset, length in ((size // 8 * 8, 9), (96, 0), (96, 7), (0, 8), (2040, 8)):
        header = FRAGMENT_HEADER.encode(FragmentHeader(size, 7, offset))
        assert drops(receive(engine, header + bytes(length))) == [Drop.UNFIT]
    for small in (0, 39, 40):
        header = FRAGMENT_HEADER.encode(FragmentHeader(small, 7))
        assert drops(receive(engine, header + first[4:])) == [Drop.UNFIT]
    assert drops(receive(engine, first[:-1])) == [Drop.UNFIT]


@given(st.binary(max_size=60), st.sampled_from([b"", b"\xc1\x22\x00\x07", b"\xc1\x22\x00\x07\x7f"]))
def test_attack_8_any_octets_are_taken_or_dropped(octets: bytes, before: bytes) -> None:
    for action in receive(forwarder(), before + octets):
        assert isinstance(action, ForwardingAction)


@given(st.integers(0, 95), st.integers(0, 255), st.integers(0, 2))
def test_a_changed_octet_never_raises(at: int, value: int, number: int) -> None:
    engine, payloads = forwarder(), fragments(datagram(bytes(250)))
    changed = bytearray(payloads[number])
    changed[at % len(changed)] = value
    payloads[number] = bytes(changed)
    for payload in payloads:
        receive(engine, payload)
    engine.handle_deadline(now=FORWARDING_TIMEOUT)
    assert len(engine) == 0


ORDERS = ["fail, expire", "expire, fail", "fragment, expire", "expire, fragment", "done, fail"]


@pytest.mark.parametrize("order", ORDERS)
def test_attack_30_whatever_ends_a_path_first_the_other_finds_nothing(order: str) -> None:
    engine = forwarder()
    first, *others = fragments(datagram(bytes(250)))
    (forward,) = receive(engine, first, now=0)
    assert isinstance(forward, Forward)
    now = FORWARDING_TIMEOUT
    if order == "fail, expire":
        assert len(engine.forwarding_failed(forward, now=now - 1)) == 1
        assert engine.handle_deadline(now=now + LATE_PERIOD) == []
    elif order == "expire, fail":
        assert drops(engine.handle_deadline(now=now)) == [Drop.TIMED_OUT]
        assert engine.forwarding_failed(forward, now=now) == []
    elif order == "fragment, expire":
        assert len(forwarded(receive(engine, others[0], now=now - 1))) == 1
        assert engine.handle_deadline(now=now) == []
        assert drops(engine.handle_deadline(now=2 * now)) == [Drop.TIMED_OUT]
    elif order == "expire, fragment":  # late in the same call
        told = receive(engine, others[0], now=now)
        assert told == [Dropped(A, Drop.TIMED_OUT), Deliver(others[0], A, B)]
    else:
        for payload in others:
            receive(engine, payload)
        assert engine.forwarding_failed(forward, now=0) == []
        assert engine.handle_deadline(now=now) == []
    engine.handle_deadline(now=3 * now)
    assert (len(engine), engine.next_deadline()) == (0, None)


# -- across the line


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
