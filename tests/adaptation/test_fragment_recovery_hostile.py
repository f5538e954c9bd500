"""Recoverable fragments and acknowledgments that nobody honest sends, or nobody expects."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.forwarding import Drop, Dropped, Forward
from lowpan.adaptation.fragment_recovery import (
    ABORT_BURST,
    ABORT_INTERVAL,
    MOST_DATAGRAMS,
    MOST_PER_SENDER,
    REASSEMBLY_TIMEOUT,
    RecoveryAction,
)
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.wire.recoverable_fragment import (
    FULL_BITMAP,
    NULL_BITMAP,
    RECOVERABLE_FRAGMENT,
    RecoverableFragment,
    bit_of,
)
from tests.adaptation.hops import A, B, C, D
from tests.adaptation.recovering_node import (
    FAR,
    NEAR,
    acknowledgment,
    cut,
    drops,
    established,
    fragment,
    full,
    labels,
    node,
    null,
    receive,
)


def test_attack_1_floods_of_first_fragments_are_bounded() -> None:
    engine = node()
    for _ in range(1000):
        receive(engine, fragment(NEAR, 0))
    assert len(engine) == 1
    for tag in range(256):
        receive(engine, fragment(NEAR, 0, tag))
        receive(engine, fragment(FAR, 0, tag + 1 & 0xFF))
    assert len(engine) == MOST_PER_SENDER
    assert labels(engine) <= MOST_PER_SENDER


@pytest.mark.parametrize("octets", [NEAR, FAR], ids=["to us", "through us"])
def test_attack_1_forged_senders_leave_what_is_under_way(octets: bytes) -> None:
    engine, forged = node(), fragment(octets, 0)
    receive(engine, fragment(octets, 0))
    receive(engine, fragment(octets, 1))
    for number in range(100_000):
        receive(engine, forged, now=number, source=number.to_bytes(8, "big"))
        assert len(engine) <= MOST_DATAGRAMS
    assert labels(engine) <= MOST_DATAGRAMS
    last = [action for number in (2, 3) for action in receive(engine, fragment(octets, number))]
    if octets == NEAR:
        assert last == [DatagramReceived(A, B, NEAR, (None,) * 4), full()]
    else:
        assert [action.next_hop for action in last if isinstance(action, Forward)] == [C, C]


def test_attack_2_a_repeat_never_completes_a_datagram() -> None:
    engine = node()
    receive(engine, fragment(NEAR, 0))
    for _ in range(20):
        assert drops(receive(engine, fragment(NEAR, 3))) in ([], [Drop.DUPLICATE])
    assert engine.counts["DUPLICATE"] == 19
    asked = receive(engine, fragment(NEAR, 3, asks=1))
    assert asked[1:] == [Forward(A, acknowledgment(7, bit_of(0) | bit_of(3)), B)]


CONTRADICTIONS: dict[str, Callable[[int], bytes]] = {
    "other octets": lambda _: fragment(NEAR, 1)[:-1] + b"\x00",
    "other place": lambda start: fragment(NEAR, 1, offset=start + 20),
    "overlap": lambda start: fragment(NEAR, 2, offset=start + 20),
    "its number for other octets": lambda _: fragment(NEAR, 2, sequence=1),
}


@pytest.mark.parametrize("contradiction", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_attack_3_contradicting_fragments_end_the_datagram(
    contradiction: Callable[[int], bytes],
) -> None:
    engine = node()
    receive(engine, fragment(NEAR, 0))
    receive(engine, fragment(NEAR, 1))
    told = receive(engine, contradiction(cut(NEAR).bounds[1]))
    assert told == [Dropped(A, Drop.OVERLAP), null()]
    assert len(engine) == 0


def test_attack_4_senders_and_tags_do_not_share_datagrams() -> None:
    engine = node()
    receive(engine, fragment(NEAR, 0))
    assert receive(engine, fragment(NEAR, 1), source=C)[1:] == [null(to=C)]
    assert receive(engine, fragment(NEAR, 1, tag=8))[1:] == [null(8)]
    assert engine.receive_payload(fragment(NEAR, 1), A, b"\0\2", now=0)[1:] == [null(by=b"\0\2")]


def test_attack_5_8_every_cut_is_dropped() -> None:
    engine = node()
    for octets in (NEAR, FAR):
        for number in (0, 1):
            payload = fragment(octets, number)
            for size in range(1, len(payload)):
                assert drops(receive(engine, payload[:size])) in ([Drop.MALFORMED], [Drop.UNFIT])
    for size in range(1, 6):
        assert drops(receive(engine, acknowledgment(7, 1)[:size])) == [Drop.MALFORMED]
    assert drops(receive(engine, acknowledgment(7, 1) + b"x")) == [Drop.MALFORMED]
    assert len(engine) == 0


def test_attack_8_compressed_headers_cut_short_are_dropped() -> None:
    engine, whole = node(), fragment(NEAR, 0)[6:]
    for size in range(1, 7):
        header = RecoverableFragment(False, 7, False, 0, size, 200)
        payload = RECOVERABLE_FRAGMENT.encode(header) + whole[:size]
        told = receive(engine, payload)
        # routing reads the IPv6 header; what is behind it only the whole datagram tells
        assert drops(told) == [Drop.MALFORMED] or len(engine) == 1


def test_attack_6_a_fragment_past_the_end_ends_the_datagram() -> None:
    engine = node()
    receive(engine, fragment(NEAR, 0))
    assert receive(engine, fragment(NEAR, 1)[:-1]) == [
        Dropped(A, Drop.UNFIT, "89 octets, not the 90 announced")
    ]
    past = len(cut(NEAR).octets) - 80
    assert receive(engine, fragment(NEAR, 2, offset=past)) == [Dropped(A, Drop.OVERLAP), null()]
    assert receive(engine, fragment(NEAR, 0, offset=50)) == [
        Dropped(A, Drop.UNFIT, "larger than its datagram")
    ]


def test_attack_7_empty_fragments_bring_nothing() -> None:
    engine = node()
    receive(engine, fragment(NEAR, 0))
    empty = RECOVERABLE_FRAGMENT.encode(RecoverableFragment(False, 7, False, 1, 0, 90))
    assert receive(engine, empty) == [Dropped(A, Drop.OVERLAP), null()]
    established(engine)
    (unfit, abort) = receive(engine, empty)
    assert isinstance(unfit, Dropped)
    assert (unfit.drop, abort) == (Drop.UNFIT, null())


@pytest.mark.parametrize("size", [1282, 65535])
def test_attack_9_a_datagram_above_the_mtu_gets_no_room(size: int) -> None:
    engine = node()
    (unfit, abort) = receive(engine, fragment(NEAR, 0, offset=size))
    assert isinstance(unfit, Dropped)
    assert (unfit.drop, abort, len(engine)) == (Drop.UNFIT, null(), 0)
    assert drops(receive(engine, fragment(FAR, 0, offset=65535))) == [Drop.UNFIT]
    assert len(engine) == 0


def test_attack_9_11_what_does_not_decompress_is_aborted() -> None:
    engine, octets = node(), b"\x41" + NEAR[:4] + b"\xff\xff" + NEAR[6:]
    header = RecoverableFragment(False, 7, True, 0, len(octets), len(octets))
    (malformed, abort) = receive(engine, RECOVERABLE_FRAGMENT.encode(header) + octets)
    assert isinstance(malformed, Dropped)
    assert malformed.source == A
    assert (malformed.drop, abort, len(engine)) == (Drop.MALFORMED, null(), 0)
    octets = b"\x41" + NEAR
    header = RecoverableFragment(False, 7, False, 0, len(octets), len(octets))
    (received, _) = receive(engine, RECOVERABLE_FRAGMENT.encode(header) + octets)
    assert isinstance(received, DatagramReceived)
    assert received.datagram == NEAR


def test_fragments_of_unknown_datagrams_are_not_answered_without_end() -> None:
    engine = node()
    answered = [len(receive(engine, fragment(NEAR, 1, tag))) - 1 for tag in range(256)]
    assert answered == [1] * ABORT_BURST + [0] * (256 - ABORT_BURST)
    later = [len(receive(engine, fragment(NEAR, 1), ABORT_INTERVAL)) - 1 for _ in range(3)]
    assert later == [1, 0, 0]


def test_acknowledgments_without_path_or_from_elsewhere_are_dropped_silently() -> None:
    engine = node()
    label, _ = established(engine)
    for source, tag in ((C, label ^ 1), (A, label), (D, label)):
        for bitmap in (NULL_BITMAP, FULL_BITMAP, 1):
            told = receive(engine, acknowledgment(tag, bitmap), source=source)
            assert told == [Dropped(source, Drop.NO_STATE)]


@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"\xe8\x07\x00", b"\xe8\x07\x04", b"\xea\x07", b"\xe9\x07\x84"]),
    st.sampled_from([NEAR, FAR]),
)
def test_attack_12_any_octets_are_taken_or_dropped(
    octets: bytes, before: bytes, held: bytes
) -> None:
    engine = node()
    receive(engine, fragment(held, 0))
    for source in (A, b""):
        for action in receive(engine, before + octets, source=source):
            assert isinstance(action, RecoveryAction)


@given(st.integers(0, 95), st.integers(0, 255), st.integers(0, 3), st.sampled_from([NEAR, FAR]))
def test_a_changed_octet_never_delivers_but_a_datagram(
    at: int, value: int, number: int, octets: bytes
) -> None:
    engine, payloads = node(), [fragment(octets, sequence, asks=1) for sequence in range(4)]
    changed = bytearray(payloads[number])
    changed[at % len(changed)] = value
    payloads[number] = bytes(changed)
    for payload in payloads:
        for action in receive(engine, payload):
            if isinstance(action, DatagramReceived):
                assert len(action.datagram) <= 1280
    engine.handle_deadline(now=REASSEMBLY_TIMEOUT)
    assert (len(engine), labels(engine)) == (0, 0)
