"""Recoverable fragments and acknowledgments that nobody honest sends, or nobody expects."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.forwarding import Deliver, Drop, Dropped, Forward, Hop
from lowpan.adaptation.fragment_recovery import (
    ABORT_BURST,
    ABORT_INTERVAL,
    MOST_DATAGRAMS,
    MOST_PER_SENDER,
    REASSEMBLY_TIMEOUT,
    FragmentRecovery,
    RecoveryAction,
)
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.adaptation.recoverable_pieces import Pieces, recoverable_pieces
from lowpan.adaptation.recovery_sender import Outcome, TransferEnded
from lowpan.errors import FieldOutOfRange
from lowpan.wire.recoverable_fragment import (
    FRAGMENT_ACKNOWLEDGMENT,
    FULL_BITMAP,
    NULL_BITMAP,
    RECOVERABLE_FRAGMENT,
    FragmentAcknowledgment,
    RecoverableFragment,
    bit_of,
)
from tests.adaptation.hops import A, Along, B, C, D, contexts, datagram, hops_later
from tests.adaptation.recovery_line import PARAMETERS

NEAR, FAR = (datagram(bytes(range(250)), destination=end) for end in (B, D))
"""To B, and through B to D: four fragments each."""


def node(
    most_datagrams: int = MOST_DATAGRAMS, most_per_sender: int = MOST_PER_SENDER
) -> FragmentRecovery:
    """Return B, which has A on one side and C on the other."""
    return FragmentRecovery(
        Along(B),
        Random(8931),
        contexts=contexts(),
        parameters=PARAMETERS,
        most_datagrams=most_datagrams,
        most_per_sender=most_per_sender,
    )


def cut(octets: bytes) -> Pieces:
    return recoverable_pieces(octets, Hop(B, A, 96), contexts(), max_fragment_size=90)


def fragment(octets: bytes, which: int, tag: int = 7, **given: int) -> bytes:
    """Return a fragment of a datagram from A, with some of its header as given."""
    whole, bounds = cut(octets)
    start, end = bounds[which], bounds[which + 1]
    header = RecoverableFragment(
        bool(given.get("ecn", 0)),
        tag,
        bool(given.get("asks", 0)),
        given.get("sequence", which),
        given.get("size", end - start),
        given.get("offset", start if which else len(whole)),
    )
    return RECOVERABLE_FRAGMENT.encode(header) + whole[start:end]


def receive(
    engine: FragmentRecovery, payload: bytes, now: int = 0, source: bytes = A
) -> list[RecoveryAction]:
    return engine.receive_payload(payload, source, B, now=now)


def acknowledgment(tag: int, bitmap: int) -> bytes:
    return FRAGMENT_ACKNOWLEDGMENT.encode(FragmentAcknowledgment(False, tag, bitmap))


def null(tag: int = 7, to: bytes = A) -> Forward:
    return Forward(to, acknowledgment(tag, NULL_BITMAP))


def full(tag: int = 7) -> Forward:
    return Forward(A, acknowledgment(tag, FULL_BITMAP))


def drops(actions: list[RecoveryAction]) -> list[Drop]:
    return [action.drop for action in actions if isinstance(action, Dropped)]


def labels(engine: FragmentRecovery) -> int:
    """Return how many tags an engine has given and not taken back."""
    return len(vars(engine)["_labels"])


def established(engine: FragmentRecovery) -> tuple[int, Forward]:
    """Make a path through B; return its label and the first fragment that went on."""
    (forward,) = receive(engine, fragment(FAR, 0))
    assert isinstance(forward, Forward)
    return RECOVERABLE_FRAGMENT.decode_prefix(forward.payload)[0].datagram_tag, forward


def test_other_payloads_are_for_others() -> None:
    for payload in (b"", b"\x7a\x33", b"\xc0", b"\x3f"):
        assert receive(node(), payload) == [Deliver(payload, A, B)]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_fragments_arrive_in_any_order_behind_the_first(order: tuple[int, ...]) -> None:
    engine = node()
    told = [
        engine.receive_payload(fragment(NEAR, number), A, B, now=0, mark=number)
        for number in (0, *order)
    ]
    assert told[:3] == [[], [], []]
    assert told[3] == [DatagramReceived(A, B, NEAR, (0, *order)), full()]


# -- attacks


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
    assert asked[1:] == [Forward(A, acknowledgment(7, bit_of(0) | bit_of(3)))]


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


def test_an_overlap_that_says_the_same_is_none() -> None:
    engine, bounds = node(), cut(NEAR).bounds
    receive(engine, fragment(NEAR, 0))
    receive(engine, fragment(NEAR, 1))
    whole = cut(NEAR).octets[bounds[1] : bounds[3]]
    header = RecoverableFragment(False, 7, False, 2, len(whole), bounds[1])
    assert receive(engine, RECOVERABLE_FRAGMENT.encode(header) + whole) == []
    (received, _) = receive(engine, fragment(NEAR, 3))
    assert isinstance(received, DatagramReceived)
    assert received.datagram == NEAR


def test_attack_4_senders_and_tags_do_not_share_datagrams() -> None:
    engine = node()
    receive(engine, fragment(NEAR, 0))
    assert receive(engine, fragment(NEAR, 1), source=C)[1:] == [null(to=C)]
    assert receive(engine, fragment(NEAR, 1, tag=8))[1:] == [null(8)]
    assert engine.receive_payload(fragment(NEAR, 1), A, b"\0\2", now=0)[1:] == [null()]


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


def test_a_datagram_of_the_mtu_with_nothing_elided_has_room() -> None:
    engine, octets = node(), b"\x41" + datagram(bytes(1232), destination=B)
    told: list[RecoveryAction] = []
    for number, start in enumerate(range(0, 1281, 90)):
        piece = octets[start : start + 90]
        header = RecoverableFragment(False, 7, False, number, len(piece), start or 1281)
        told += receive(engine, RECOVERABLE_FRAGMENT.encode(header) + piece)
    assert told == [DatagramReceived(A, B, octets[1:], (None,) * 15), full()]


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


def test_acknowledgments_go_back_under_the_tag_of_the_previous_hop() -> None:
    engine = node()
    label, _ = established(engine)
    for bitmap in (1 << 31, FULL_BITMAP, FULL_BITMAP):
        told = receive(engine, acknowledgment(label, bitmap), source=C)
        assert told == [Forward(A, acknowledgment(7, bitmap))]


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


def test_more_datagrams_than_tags_are_the_callers_fault() -> None:
    with pytest.raises(FieldOutOfRange):
        node(most_datagrams=241)


# -- timers and ends, in every order


def test_a_datagram_of_which_nothing_new_comes_is_forgotten() -> None:
    engine = node()
    receive(engine, fragment(NEAR, 0), now=5)
    receive(engine, fragment(NEAR, 1), now=50)
    assert engine.next_deadline() == 50 + REASSEMBLY_TIMEOUT
    assert engine.handle_deadline(now=49 + REASSEMBLY_TIMEOUT) == []
    late = engine.handle_deadline(now=50 + REASSEMBLY_TIMEOUT)
    assert late == [Dropped(A, Drop.TIMED_OUT)]
    assert engine.next_deadline() is None
    assert drops(receive(engine, fragment(NEAR, 2), now=60 + REASSEMBLY_TIMEOUT)) == [Drop.NO_STATE]


def test_a_datagram_that_is_done_answers_for_a_while() -> None:
    engine = node()
    for number in range(4):
        receive(engine, fragment(NEAR, number), now=5)
    deadline = 5 + PARAMETERS.late_period
    assert engine.next_deadline() == deadline
    for number in range(4):
        told = receive(engine, fragment(NEAR, number, asks=1), now=deadline - 1)
        assert told == [Dropped(A, Drop.DUPLICATE), full()]
    assert receive(engine, fragment(NEAR, 3), now=deadline - 1) == [Dropped(A, Drop.DUPLICATE)]
    told = receive(engine, fragment(NEAR, 3, asks=1), now=deadline)
    assert told == [Dropped(A, Drop.NO_STATE), null()]


def test_a_tag_that_comes_round_begins_a_new_datagram() -> None:
    engine, other = node(), datagram(bytes(250), destination=B)
    for number in range(4):
        receive(engine, fragment(NEAR, number))
    assert receive(engine, fragment(other, 0)) == []
    told = [action for number in (1, 2, 3) for action in receive(engine, fragment(other, number))]
    assert told == [DatagramReceived(A, B, other, (None,) * 4), full()]
    assert receive(engine, fragment(FAR, 0))[0].__class__ is Forward
    assert drops(receive(engine, fragment(NEAR, 0))) == [Drop.OVERLAP]
    assert labels(engine) == 0
    engine = node()
    before, _ = established(engine)
    dropped, forward = receive(engine, fragment(datagram(bytes(250)), 0))
    assert dropped == Dropped(A, Drop.OVERLAP)
    assert isinstance(forward, Forward)
    assert RECOVERABLE_FRAGMENT.decode_prefix(forward.payload)[0].datagram_tag != before


def test_a_first_fragment_sent_again_keeps_its_path() -> None:
    engine = node()
    label, forward = established(engine)
    assert receive(engine, fragment(FAR, 0)) == [forward]
    assert (len(engine), labels(engine)) == (1, 1)
    receive(engine, acknowledgment(label, FULL_BITMAP), source=C)
    assert receive(engine, fragment(FAR, 0)) == [forward]


def test_a_path_follows_its_route() -> None:
    routes = Along(B)
    hops = {"next": Hop(C, B, 102)}
    engine = FragmentRecovery(
        lambda destination: routes(destination) and hops.get("next"),
        Random(1),
        contexts=contexts(),
    )
    established(engine)
    hops["next"] = Hop(D, B, 102)
    (forward,) = receive(engine, fragment(FAR, 0))
    assert isinstance(forward, Forward)
    assert forward.next_hop == D
    assert (len(engine), labels(engine)) == (1, 1)
    hops.clear()
    assert receive(engine, fragment(FAR, 0, asks=1)) == [Forward(A, acknowledgment(7, bit_of(0)))]
    assert (len(engine), labels(engine)) == (1, 0)


def test_an_abort_clears_up_and_goes_on() -> None:
    engine = node()
    label, _ = established(engine)
    word = RECOVERABLE_FRAGMENT.encode(RecoverableFragment(False, 7, False, 0, 0, 0))
    onward = RECOVERABLE_FRAGMENT.encode(RecoverableFragment(False, label, False, 0, 0, 0))
    assert receive(engine, word) == [Forward(C, onward)]
    assert (len(engine), labels(engine)) == (0, 0)
    assert receive(engine, word) == [Dropped(A, Drop.NO_STATE)]
    late = RECOVERABLE_FRAGMENT.encode(RecoverableFragment(False, 7, False, 3, 0, 0))
    assert receive(engine, late) == [Dropped(A, Drop.NO_STATE), null()]
    receive(engine, fragment(NEAR, 0))
    assert receive(engine, word) == [Dropped(A, Drop.ABORTED)]
    for number in range(4):
        receive(engine, fragment(NEAR, number))
    assert receive(engine, word) == []


def sending() -> tuple[FragmentRecovery, int, Forward]:
    """Return B sending to C, the tag of its datagram and the first fragment."""
    engine = node()
    octets = datagram(bytes(300), B, C)
    (forward,) = engine.send_datagram(octets, Hop(C, B, 102), handle=1, now=0)
    assert isinstance(forward, Forward)
    return engine, RECOVERABLE_FRAGMENT.decode_prefix(forward.payload)[0].datagram_tag, forward


ENDS: dict[str, Callable[[FragmentRecovery, int, Forward, int], list[RecoveryAction]]] = {
    "full": lambda engine, tag, _, now: receive(engine, acknowledgment(tag, FULL_BITMAP), now, C),
    "null": lambda engine, tag, _, now: receive(engine, acknowledgment(tag, NULL_BITMAP), now, C),
    "first": lambda engine, tag, _, now: receive(engine, acknowledgment(tag, bit_of(0)), now, C),
    "cancel": lambda engine, _, __, now: engine.cancel(1, now=now),
    "fail": lambda engine, _, forward, now: engine.forwarding_failed(forward, now=now),
    "deadline": lambda engine, _, __, now: engine.handle_deadline(now=now),
}


@pytest.mark.parametrize("second", ENDS)
@pytest.mark.parametrize("first", ENDS)
def test_attack_30_whatever_ends_a_transfer_the_next_finds_it_ended(
    first: str, second: str
) -> None:
    engine, tag, forward = sending()
    deadline = PARAMETERS.opt_arq_timeout
    assert engine.next_deadline() == deadline
    told: list[RecoveryAction] = []
    for end in (first, second, first, second):
        told += ENDS[end](engine, tag, forward, deadline)
    for _ in range(100):
        due = engine.next_deadline()
        if due is None:
            break
        told += engine.handle_deadline(now=due)
    ends = [action for action in told if isinstance(action, TransferEnded)]
    assert len(ends) == 1
    assert (engine.sending, labels(engine), engine.next_deadline()) == (0, 0, None)


def test_attack_30_an_acknowledgment_on_the_deadline_ends_it_and_one_after_it_too() -> None:
    for wait in (PARAMETERS.opt_arq_timeout, PARAMETERS.opt_arq_timeout + 1):
        engine, tag, _ = sending()
        if wait > PARAMETERS.opt_arq_timeout:
            assert len(engine.handle_deadline(now=wait - 1)) == 1
        told = receive(engine, acknowledgment(tag, FULL_BITMAP), wait, C)
        assert told == [TransferEnded(1, Outcome.DELIVERED)]
        assert engine.handle_deadline(now=wait) == []
        assert receive(engine, acknowledgment(tag, FULL_BITMAP), wait, C) == [
            Dropped(C, Drop.NO_STATE)
        ]


def test_an_acknowledgment_of_fragments_that_were_not_sent_means_nothing() -> None:
    engine, tag, _ = sending()
    told = receive(engine, acknowledgment(tag, FULL_BITMAP & ~bit_of(0)), 1, C)
    assert told == []
    assert engine.next_deadline() == PARAMETERS.opt_arq_timeout


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [*("first", "second", "third", "last", "other", "abort", "late abort"), *ENDS, "send"]
        ),
        st.sampled_from([NEAR, FAR]),
        st.integers(0, 2),
        st.sampled_from([0, 1, 100, 900, 4_000, REASSEMBLY_TIMEOUT]),
    ),
    max_size=40,
)


@given(STEPS)
def test_attack_30_no_order_of_events_loses_count(
    steps: list[tuple[str, bytes, int, int]],
) -> None:
    engine, now, last = node(most_datagrams=4, most_per_sender=3), 0, Forward(C, b"")
    began, ended = 0, 0
    pieces = {"first": 0, "second": 1, "third": 2, "last": 3}
    for step, octets, tag, passed in steps:
        now += passed
        actions: list[RecoveryAction] = []
        if step in pieces:
            actions = receive(engine, fragment(octets, pieces[step], tag, asks=tag & 1), now)
        elif step == "other":
            actions = receive(engine, fragment(datagram(bytes(200 + tag)), 0, tag), now)
        elif "abort" in step:
            header = RecoverableFragment(False, tag, False, 3 * (step == "late abort"), 0, 0)
            actions = receive(engine, RECOVERABLE_FRAGMENT.encode(header), now)
        elif step == "send" and began == ended:
            hop, ours = Hop(C, B, 102), datagram(bytes(300), B, C)
            actions = engine.send_datagram(ours, hop, handle=1, now=now)
            began += 1
        elif step in ENDS:
            label = RECOVERABLE_FRAGMENT.decode_prefix(last.payload)[0] if last.payload else None
            label_tag = 0 if label is None else label.datagram_tag
            actions = ENDS[step](engine, label_tag, last, now)
        for action in actions:
            if isinstance(action, DatagramReceived):
                assert action.datagram == NEAR
            elif isinstance(action, TransferEnded):
                ended += 1
            elif isinstance(action, Forward) and action.next_hop == C:
                last = action
        due = engine.next_deadline()
        assert (due is None) == (len(engine) + engine.sending == 0)
        assert len(engine) <= 4
        assert engine.sending == began - ended
        assert engine.sending <= labels(engine) <= len(engine) + engine.sending
    while (due := engine.next_deadline()) is not None:
        ended += sum(
            isinstance(action, TransferEnded)
            for action in engine.handle_deadline(now=max(now, due))
        )
    assert (began - ended, len(engine), labels(engine)) == (0, 0, 0)


def test_hop_limits_are_kept_on_the_way() -> None:
    engine = node()
    _, forward = established(engine)
    assert hops_later(FAR, 1)[7] == 63
    header, used = RECOVERABLE_FRAGMENT.decode_prefix(forward.payload)
    assert forward.payload[used:][2] == 63  # in line behind the two octets of IPHC
    assert header.fragment_size == len(forward.payload) - used
    ending = datagram(bytes(250), hop_limit=1)
    receive(engine, fragment(ending, 0, tag=9))
    assert labels(engine) == 1  # for IPv6 here, which tells the source
