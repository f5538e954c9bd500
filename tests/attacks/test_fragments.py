"""Attacks 1 to 7, 11 and 30: fragments that lie. The numbers are those of docs/attacks.md."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.reassembly import (
    REASSEMBLY_TIMEOUT,
    DatagramLost,
    DatagramReceived,
    Reassembler,
)
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from tests.attacks.victim import ATTACKER, HONEST, OTHER, Victim, datagram, payloads
from tests.mac.air import SHORT

TEXT = bytes(range(256)) * 2
"""512 octets: seven fragments."""


def test_attack_1_first_fragments_under_forged_addresses_displace_nobody() -> None:
    victim, parts, random = Victim(), payloads(TEXT, HONEST), Random(1)
    victim.hear_all(parts[:2], HONEST)
    for _ in range(5_000):
        victim.hear(payloads(bytes(500), ATTACKER)[0], b"\x02" + random.randbytes(7))
    victim.hear_all(parts[2:], HONEST)
    assert victim.received == [TEXT]
    assert victim.answers()


def test_attack_1_first_fragments_with_fresh_tags_take_the_senders_own_room_only() -> None:
    victim = Victim()
    victim.hear(payloads(TEXT, HONEST)[0], HONEST)
    for tag in range(1_000):
        victim.hear(payloads(bytes(500), ATTACKER, seed=tag)[0])
    assert len(victim.node.adaptation.reassembler) <= 5
    victim.hear_all(payloads(TEXT, HONEST)[1:], HONEST)
    assert victim.received == [TEXT]


def test_attack_2_a_repeated_fragment_fills_no_hole() -> None:
    victim, parts = Victim(), payloads(TEXT)
    victim.hear_all([parts[0], *[parts[1]] * 20])
    assert victim.received == []
    victim.hear_all(parts[2:])
    assert victim.received == [TEXT]


@pytest.mark.parametrize("shift", [-8, 0, 8])
def test_attack_3_a_fragment_over_another_one_ends_the_datagram(shift: int) -> None:
    victim, parts = Victim(), payloads(TEXT)
    header, used = FRAGMENT_HEADER.decode_prefix(parts[2])
    offset = (header.datagram_offset or 0) + shift
    lie = FragmentHeader(header.datagram_size, header.datagram_tag, offset)
    victim.hear_all(parts[:3])
    victim.hear(FRAGMENT_HEADER.encode(lie) + b"\xee" * len(parts[2][used:]))
    victim.hear_all(parts[3:])
    assert victim.received == []
    assert victim.counts["DatagramLost"] >= 1
    assert victim.answers()


def test_attack_4_a_tag_that_others_use_too_mixes_nothing() -> None:
    victim = Victim()
    texts = {source: bytes([source[1]]) * 512 for source in (HONEST, ATTACKER, OTHER)}
    parts = {source: payloads(text, source) for source, text in texts.items()}
    for number in range(len(parts[HONEST])):
        for source, mine in parts.items():
            victim.hear(mine[number], source)
    assert sorted(victim.received) == sorted(texts.values())


def test_attack_4_a_tag_that_is_used_again_with_another_size_mixes_nothing() -> None:
    victim, long, short = Victim(), payloads(TEXT), payloads(TEXT[:300])
    victim.hear_all(long[:2])
    victim.hear_all(short)
    victim.hear_all(long[2:])
    assert victim.received == [TEXT[:300], TEXT]


@pytest.mark.parametrize("part", [0, 1])
def test_attack_5_a_fragment_cut_anywhere_is_refused(part: int) -> None:
    whole = payloads(TEXT)
    for cut in range(len(whole[part])):
        victim = Victim()
        pieces = list(whole)
        pieces[part] = whole[part][:cut]
        victim.hear_all([piece for piece in pieces if piece])
        assert victim.received == []


def test_attack_6_a_fragment_past_the_end_is_refused() -> None:
    victim, parts = Victim(), payloads(TEXT)
    size, tag = 560, FRAGMENT_HEADER.decode_prefix(parts[1])[0].datagram_tag
    victim.hear_all(parts[:-1])
    for offset in (size - 8, size, 2040):
        lie = FRAGMENT_HEADER.encode(FragmentHeader(size, tag, offset))
        victim.hear(lie + bytes(80))
    assert victim.counts["FragmentRefused"] == 3
    victim.hear(parts[-1])
    assert victim.received == [TEXT]


@pytest.mark.parametrize(
    "octets",
    [
        "c0 00 0007 41" + 39 * " 00",  # a datagram of no octets
        "c0 27 0007 41" + 39 * " 00",  # smaller than an IPv6 header
        "e0 27 0007 01" + 8 * " 00",
        "e2 30 0007 00" + 80 * " 00",  # what only the first fragment has: offset 0
        "e2 30 0007 05",  # nothing
        "e2 30 0007 05" + 7 * " 00",  # no multiple of 8 in the middle
        "e7 ff 0007 ff" + 16 * " 00",  # beyond 2047
    ],
)
def test_attack_7_a_fragment_that_cannot_be_is_refused(octets: str) -> None:
    victim = Victim()
    victim.hear(bytes.fromhex(octets))
    assert len(victim.node.adaptation.reassembler) == 0
    assert victim.counts.get("FragmentRefused", 0) + victim.counts.get("PayloadRefused", 0) == 1


def test_attack_11_a_size_below_that_of_its_headers_is_refused() -> None:
    for size in range(48):  # IPv6 and UDP headers take 48
        victim, (whole,) = Victim(), payloads(b"x")
        victim.hear(FRAGMENT_HEADER.encode(FragmentHeader(size, 7)) + whole)
        victim.hear(FRAGMENT_HEADER.encode(FragmentHeader(size, 7, 40)) + bytes(8))
        assert victim.received == []
        assert victim.answers(8)


def test_attack_11_a_datagram_says_no_more_than_came() -> None:
    octets = bytearray(datagram(b"x" * 8))
    octets[4:6] = (1000).to_bytes(2, "big")
    victim = Victim()
    victim.hear(b"\x41" + octets)
    half = FragmentHeader(len(octets), 7), FragmentHeader(len(octets), 7, 40)
    victim.hear(FRAGMENT_HEADER.encode(half[0]) + b"\x41" + octets[:40])
    victim.hear(FRAGMENT_HEADER.encode(half[1]) + octets[40:])
    assert victim.received == []
    assert victim.counts["PayloadRefused"] == 2


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("piece"), st.integers(0, 3), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.sampled_from([0, 1, 1000, REASSEMBLY_TIMEOUT])),
        st.tuples(st.just("early")),
        st.tuples(st.just("late")),
    ),
    max_size=40,
)


@given(_STEPS)
def test_attack_30_timers_and_fragments_in_any_order_leave_nothing_behind(
    steps: list[tuple[str, int, int]],
) -> None:
    engine, now, whole, lost = Reassembler(), 0, 0, 0
    for kind, *numbers in steps:
        events = []
        if kind == "piece":
            at, tag = numbers
            header = FragmentHeader(64, tag, 16 * at or None)
            events = engine.receive_fragment(SHORT[0], SHORT[1], header, bytes(16), now=now)
        elif kind == "wait":
            now += numbers[0]
        else:  # a timer that goes off when it pleases: nothing may be due any more, or yet
            moment = now if kind == "early" else now + 1
            events = engine.handle_deadline(now=moment)
            now = moment
        whole += sum(isinstance(event, DatagramReceived) for event in events)
        lost += sum(isinstance(event, DatagramLost) for event in events)
        deadline = engine.next_deadline()
        assert (deadline is None) == (len(engine) == 0)
    engine.handle_deadline(now=now + REASSEMBLY_TIMEOUT)
    assert (len(engine), engine.next_deadline()) == (0, None)
    assert engine.handle_deadline(now=now + 2 * REASSEMBLY_TIMEOUT) == []


def test_attack_30_the_last_fragment_and_the_deadline_at_one_moment() -> None:
    for timer_first in (False, True):
        engine, at = Reassembler(), REASSEMBLY_TIMEOUT
        first, second = FragmentHeader(64, 7, None), FragmentHeader(64, 7, 32)
        engine.receive_fragment(SHORT[0], SHORT[1], first, bytes(32), now=0)
        events = engine.handle_deadline(now=at) if timer_first else []
        events += engine.receive_fragment(SHORT[0], SHORT[1], second, bytes(32), now=at)
        events += engine.handle_deadline(now=at)
        assert [type(event) for event in events] == [DatagramLost], "in time is before"
