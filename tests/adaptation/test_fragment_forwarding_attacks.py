"""Fragments that nobody honest has forwarded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.forwarding import Deliver, Drop, Dropped, Forward
from lowpan.adaptation.fragment_forwarding import (
    FORWARDING_TIMEOUT,
    LATE_PERIOD,
    MOST_DATAGRAMS,
    MOST_PER_SENDER,
    ForwardingAction,
)
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from tests.adaptation.forwarders import drops, forwarded, forwarder, fragments, reassembled, receive
from tests.adaptation.hops import OUTSIDE, A, B, C, datagram, hops_later


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
