"""Recoverable fragments: what goes when, and what comes of loss."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.forwarding import Deliver, Drop, Dropped, Forward, Hop
from lowpan.adaptation.fragment_recovery import REASSEMBLY_TIMEOUT, FragmentRecovery, RecoveryAction
from lowpan.adaptation.recovery_parameters import RecoveryParameters
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
from tests.adaptation.hops import A, B, C, D, contexts, datagram, hops_later
from tests.adaptation.recovery_line import PARAMETERS, Fate, RecoveryLine, arrives

OCTETS = datagram(bytes(range(250)) * 2)
"""To D, in six fragments."""
NEAR = datagram(bytes(range(250)) * 2, destination=B)
"""To B, in six fragments."""
ALL = bit_of(0) | bit_of(1) | bit_of(2) | bit_of(3) | bit_of(4) | bit_of(5)


def fragment(payload: bytes) -> RecoverableFragment:
    return RECOVERABLE_FRAGMENT.decode_prefix(payload)[0]


def fragments_of(line: RecoveryLine, here: bytes) -> Iterator[tuple[int, RecoverableFragment]]:
    """Yield when which fragments left a node."""
    for at, sender, forward in line.sent:
        if sender == here and forward.payload[0] & 0xFE == 0xE8:
            yield at, fragment(forward.payload)


def acknowledgments_of(line: RecoveryLine, here: bytes) -> list[tuple[int, int]]:
    """Return when which bitmaps left a node."""
    return [
        (at, FRAGMENT_ACKNOWLEDGMENT.decode(forward.payload).bitmap)
        for at, sender, forward in line.sent
        if sender == here and forward.payload[0] & 0xFE == 0xEA
    ]


def fragment_aborts(forward: Forward) -> bool:
    return forward.payload[0] & 0xFE == 0xE8 and fragment(forward.payload).is_abort


def asked(line: RecoveryLine, here: bytes = A) -> list[tuple[int, int, bool]]:
    return [(at, one.sequence, one.ack_request) for at, one in fragments_of(line, here)]


def losing(*lost: int) -> Fate:
    """Return an air that loses these frames, counted from 0 as they are sent."""
    count = -1

    def fate(*_: bytes) -> list[int]:
        nonlocal count
        count += 1
        return [] if count in lost else [0]

    return fate


def losing_fragments(here: bytes, *sequences: int, times: int = 1) -> Fate:
    """Return an air that loses what `here` sends of these fragments, the first few times."""
    left = dict.fromkeys(sequences, times)

    def fate(sender: bytes, _: bytes, payload: bytes) -> list[int]:
        if sender == here and payload[0] & 0xFE == 0xE8:
            sequence = fragment(payload).sequence
            if left.get(sequence, 0):
                left[sequence] -= 1
                return []
        return [0]

    return fate


def deaf(here: bytes) -> Fate:
    """Return an air on which nothing that `here` sends arrives."""

    def fate(sender: bytes, *_: bytes) -> list[int]:
        return [] if sender == here else [0]

    return fate


# -- what goes when


def test_the_first_fragment_makes_the_path_then_one_goes_each_gap() -> None:
    line = RecoveryLine()
    line.send(OCTETS)
    line.run()
    # three hops of 3 us there, three back
    later = [(18 + 10 * number, 1 + number, number == 4) for number in range(5)]
    assert asked(line) == [(0, 0, True), *later]
    assert acknowledgments_of(line, D) == [(9, bit_of(0)), (67, FULL_BITMAP)]
    assert line.received == [(D, hops_later(OCTETS, 2))]
    assert line.ended == {1: Outcome.DELIVERED}
    assert line.dropped == []


def test_labels_are_swapped_at_each_hop_and_offsets_follow_headers_that_grow() -> None:
    line = RecoveryLine()
    line.send(OCTETS)
    line.run()
    first = {here: next(fragments_of(line, here))[1] for here in (A, B, C)}
    assert len({one.datagram_tag for one in first.values()}) == 3
    # A's address appears behind B, and the hop limit, which is no longer 64; D's goes before D
    total = first[A].fragment_offset
    assert [one.fragment_offset - total for one in first.values()] == [0, 9, 1]
    offsets = [[one.fragment_offset for _, one in fragments_of(line, here)][1:] for here in first]
    assert offsets[1] == [offset + 9 for offset in offsets[0]]
    assert offsets[2] == [offset + 1 for offset in offsets[0]]


def test_a_window_ends_with_a_question() -> None:
    line = RecoveryLine(parameters=replace(PARAMETERS, opt_window_size=2, max_window_size=2))
    line.send(NEAR)
    line.run()
    assert [(number, asks) for _, number, asks in asked(line)] == [
        *((0, True), (1, False), (2, True), (3, False), (4, True), (5, True))
    ]


def test_without_waiting_for_the_first_all_go_at_once() -> None:
    line = RecoveryLine(parameters=replace(PARAMETERS, confirm_first=False, inter_frame_gap=0))
    line.send(OCTETS)
    assert asked(line) == [(0, number, number == 5) for number in range(6)]
    line.run()
    assert line.ended == {1: Outcome.DELIVERED}


def test_frames_to_one_next_hop_keep_their_distance() -> None:
    line = RecoveryLine()
    for handle in (1, 2, 3):
        line.send(NEAR, handle)
    line.run()
    times = [at for at, *_ in asked(line)]
    assert min(after - at for at, after in pairwise(times)) == 10
    assert line.ended == dict.fromkeys((1, 2, 3), Outcome.DELIVERED)


def test_a_datagram_that_fits_one_frame_is_sent_as_it_is() -> None:
    line, octets = RecoveryLine(), datagram(b"x")
    (forward, ended) = line.nodes[A].send_datagram(octets, Hop(B, A, 102), handle=1, now=0)
    assert ended == TransferEnded(1, Outcome.SENT)
    assert isinstance(forward, Forward)
    assert line.nodes[B].receive_payload(forward.payload, A, B, now=0) == [
        Deliver(forward.payload, A, B)
    ]


# -- loss


def test_only_what_was_lost_goes_again_the_oldest_first() -> None:
    line = RecoveryLine(losing_fragments(B, 2, 4))
    line.send(OCTETS)
    line.run()
    assert [(number, asks) for _, number, asks in asked(line)][6:] == [(2, False), (4, True)]
    partly = ALL & ~bit_of(2) & ~bit_of(4)
    assert [bitmap for _, bitmap in acknowledgments_of(line, D)] == [bit_of(0), partly, FULL_BITMAP]
    assert line.received == [(D, hops_later(OCTETS, 2))]


def test_all_fragments_go_once_before_any_goes_again() -> None:
    parameters = replace(PARAMETERS, opt_window_size=2, max_window_size=2)
    line = RecoveryLine(losing_fragments(A, 1), parameters=parameters)
    line.send(NEAR)
    line.run()
    assert [number for _, number, _ in asked(line)] == [0, 1, 2, 3, 4, 5, 1]


def test_a_question_without_answer_is_asked_again_ever_later() -> None:
    line = RecoveryLine(losing_fragments(A, 5, times=3))
    line.send(NEAR)
    line.run()
    times = [at for at, number, asks in asked(line) if number == 5 and asks]
    # the first answer came in 6 us, so that the least timeout holds
    assert [after - at for at, after in pairwise(times)] == [100, 200, 400]
    assert line.ended == {1: Outcome.DELIVERED}


def test_the_timeout_follows_the_round_trip_that_was_measured() -> None:
    lossy = losing_fragments(A, 5)

    def slow(sender: bytes, receiver: bytes, payload: bytes) -> list[int]:
        return [72 + later for later in lossy(sender, receiver, payload)]

    line = RecoveryLine(slow)
    line.now = 1000
    line.send(NEAR)
    line.run()
    times = [at for at, number, asks in asked(line) if number == 5 and asks]
    assert times[1] - times[0] == 2 * 150  # twice the round trip


def test_the_first_fragment_lost_is_sent_again() -> None:
    line = RecoveryLine(losing(0))
    line.send(OCTETS)
    line.run()
    assert [number for _, number, _ in asked(line)][:3] == [0, 0, 1]
    assert line.received == [(D, hops_later(OCTETS, 2))]


def test_the_last_acknowledgment_lost_is_given_again() -> None:
    for times in (1, 2, 3):
        left = [times]

        def fate(sender: bytes, _: bytes, payload: bytes, left: list[int] = left) -> list[int]:
            if sender == D and payload[2:] == b"\xff" * 4 and left[0]:
                left[0] -= 1
                return []
            return [0]

        line = RecoveryLine(fate)
        line.send(OCTETS)
        line.run()
        assert line.received == [(D, hops_later(OCTETS, 2))]
        assert line.ended == {1: Outcome.DELIVERED}


@pytest.mark.parametrize("lost", range(24))
def test_whichever_frame_is_lost_the_datagram_arrives_once(lost: int) -> None:
    line = RecoveryLine(losing(lost))
    line.send(OCTETS)
    line.run()
    assert line.received == [(D, hops_later(OCTETS, 2))]
    assert line.ended == {1: Outcome.DELIVERED}


def test_what_nobody_acknowledges_is_begun_anew_once_and_given_up() -> None:
    line = RecoveryLine(deaf(A))
    line.send(OCTETS)
    line.run()
    times = [at for at, *_ in asked(line)]
    once = [0, 200, 600, 1400, 2200]
    # the timeout stays as long as it had to become
    assert times == [*once, 2210, 3010, 3810, 4610, 5410]
    tags = [one.datagram_tag for _, one in fragments_of(line, A)]
    assert len(set(tags[:5])) == len(set(tags[5:])) == 1
    assert tags[0] != tags[-1]
    assert [one.is_abort for _, one in fragments_of(line, A)] == ([False] * 4 + [True]) * 2
    assert line.ended == {1: Outcome.UNACKNOWLEDGED}
    assert line.nodes[A].next_deadline() is None


def test_a_fragment_sent_too_often_makes_us_ask_what_has_arrived() -> None:
    line = RecoveryLine(losing_fragments(B, 2, times=5))
    line.send(OCTETS)
    line.run()
    # the first fragment asks under the same tag, and only what it then misses goes again
    assert [number for _, number, _ in asked(line)][6:] == [2, 2, 2, 0, 2, 2]
    assert len({one.datagram_tag for _, one in fragments_of(line, A)}) == 1
    assert line.received == [(D, hops_later(OCTETS, 2))]
    assert line.ended == {1: Outcome.DELIVERED}


def test_all_that_was_lost_with_a_path_goes_again() -> None:
    line = RecoveryLine(losing_fragments(A, 5, times=4))
    line.send(OCTETS)
    while [number for _, number, _ in asked(line)].count(5) < 4:
        line.step()
    for here in (B, C, D):  # all of them have forgotten it
        node = line.nodes[here]
        line.take(here, node.handle_deadline(now=(node.next_deadline() or 0) + line.now))
        assert len(node) == 0
    line.run()
    assert [number for _, number, _ in asked(line)][9:] == [0, 1, 2, 3, 4, 5]
    assert line.received == [(D, hops_later(OCTETS, 2))]
    assert line.ended == {1: Outcome.DELIVERED}


# -- congestion


def test_congestion_on_the_way_is_told_once_and_halves_the_window() -> None:
    line = RecoveryLine()
    told: list[bytes] = []
    crowded = {"on": True}

    def congested(next_hop: bytes) -> bool:
        told.append(next_hop)
        return crowded.pop("on", False)

    line.congest(B, congested)
    line.send(OCTETS)
    line.run()
    assert [one.ecn for _, one in fragments_of(line, C)] == [True] + [False] * 5
    echoed = [
        FRAGMENT_ACKNOWLEDGMENT.decode(forward.payload).ecn
        for _, sender, forward in line.sent
        if sender == B and forward.payload[0] & 0xFE == 0xEA
    ]
    assert echoed == [True, False]
    assert told == [C] * 6


def test_the_window_of_a_next_hop_outlives_the_datagram() -> None:
    line = RecoveryLine(parameters=replace(PARAMETERS, opt_window_size=4, max_window_size=4))
    line.congest(B, lambda _: True)
    line.send(OCTETS, 1)
    line.run()
    windows = [asks for _, _, asks in asked(line)]
    assert windows == [True, False, True, True, True, True]
    before = len(windows)
    line.congest(B, lambda _: False)
    line.send(OCTETS, 2)
    line.run()
    assert [asks for _, _, asks in asked(line)][before:] == [
        *(True, False, True, False, False, True)
    ]


def test_congestion_may_be_ignored() -> None:
    parameters = replace(PARAMETERS, opt_window_size=4, max_window_size=4, use_ecn=False)
    line = RecoveryLine(parameters=parameters)
    line.congest(B, lambda _: True)
    line.send(OCTETS)
    line.run()
    assert [asks for _, _, asks in asked(line)] == [True, False, False, False, True, True]


# -- giving up


def test_cancelling_clears_the_whole_path() -> None:
    line = RecoveryLine()
    line.send(OCTETS)
    while len(line.sent) < 12:
        line.step()
    line.take(A, line.nodes[A].cancel(1, now=line.now))
    line.run()
    assert line.ended == {1: Outcome.CANCELLED}
    assert [len(node) for node in line.nodes.values()] == [0, 0, 0, 0]
    words = [forward.payload for _, _, forward in line.sent if fragment_aborts(forward)]
    assert [word[:1] + word[2:] for word in words] == [b"\xe8\0\0\0\0"] * len(words)
    assert Dropped(C, Drop.ABORTED) in [dropped for _, dropped in line.dropped]
    assert line.received == []
    assert line.nodes[A].cancel(1, now=line.now) == []


def test_a_receiver_that_aborts_ends_the_transfer_and_its_paths() -> None:
    line = RecoveryLine()
    line.send(OCTETS)
    while not acknowledgments_of(line, A) and len(line.sent) < 8:
        line.step()
    tag = next(fragments_of(line, C))[1].datagram_tag
    null = FRAGMENT_ACKNOWLEDGMENT.encode(FragmentAcknowledgment(False, tag, NULL_BITMAP))
    line.take(C, line.nodes[C].receive_payload(null, D, C, now=line.now))
    line.run()
    assert line.ended == {1: Outcome.ABORTED}
    line.expire()
    assert [len(node) for node in line.nodes.values()] == [0, 0, 0, 0]


def test_a_path_refused_from_the_start_is_tried_once_more() -> None:
    line = RecoveryLine()
    line.send(NEAR)
    first = fragment(line.sent[0][2].payload).datagram_tag
    null = FRAGMENT_ACKNOWLEDGMENT.encode(FragmentAcknowledgment(False, first, NULL_BITMAP))
    line.take(A, line.nodes[A].receive_payload(null, B, A, now=0))
    line.run()
    assert line.ended == {1: Outcome.DELIVERED}
    tags = {one.datagram_tag for _, one in fragments_of(line, A)}
    assert len(tags) == 2


def test_a_first_fragment_that_the_next_hop_missed_goes_another_way() -> None:
    line = RecoveryLine(deaf(A))
    line.send(NEAR)
    (_, _, forward), *_ = line.sent
    line.fate = arrives
    line.take(A, line.nodes[A].forwarding_failed(forward, now=0))
    line.run()
    assert line.ended == {1: Outcome.DELIVERED}
    assert line.nodes[A].forwarding_failed(forward, now=line.now) == []


def test_a_forwarder_that_cannot_reach_the_next_hop_tells_the_sender() -> None:
    line = RecoveryLine(deaf(B))
    line.send(OCTETS)
    while len(line.sent) < 2:
        line.step()
    forward = line.sent[1][2]
    line.fate = arrives
    line.take(B, line.nodes[B].forwarding_failed(forward, now=line.now))
    assert line.dropped == [(B, Dropped(A, Drop.GIVEN_UP))]
    assert len(line.nodes[B]) == 0
    line.run()
    assert line.ended == {1: Outcome.DELIVERED}
    assert line.received == [(D, hops_later(OCTETS, 2))]


ROUTES: dict[str, tuple[Hop | None, Outcome | None, int]] = {
    "another neighbour": (Hop(C, A, 102), None, 1),
    "none": (None, None, 1),
    "much more room": (Hop(C, A, 2000), Outcome.SENT, 2),
    "too little room": (Hop(C, A, 40), Outcome.UNACKNOWLEDGED, 1),
}


@pytest.mark.parametrize(("route", "outcome", "count"), ROUTES.values(), ids=ROUTES)
def test_beginning_anew_follows_the_route_of_then(
    route: Hop | None, outcome: Outcome | None, count: int
) -> None:
    node = FragmentRecovery(lambda _: route, Random(1), contexts=contexts())
    octets = datagram(bytes(1200))
    (forward,) = node.send_datagram(octets, Hop(B, A, 102), handle=1, now=0)
    assert isinstance(forward, Forward)
    later = PARAMETERS.inter_frame_gap * 10_000
    actions = node.forwarding_failed(forward, now=later)
    assert len(actions) == count
    if outcome is not None:
        assert actions[-1] == TransferEnded(1, outcome)
    else:
        (again,) = actions
        assert isinstance(again, Forward)
        assert again.next_hop == (C if route else B)
    if count == 2:
        assert isinstance(actions[0], Forward)
        assert actions[0].payload[0] & 0xE0 == 0x60


def test_windows_are_remembered_of_so_many_next_hops() -> None:
    node = FragmentRecovery(lambda _: None, Random(1), contexts=contexts())
    for number in range(100):
        node.send_datagram(OCTETS, Hop(bytes([1, number]), A, 102), handle=1, now=0)
        node.cancel(1, now=0)
    internals: Any = vars(node)
    links: Any = internals["_transfers"]._links
    assert len(links) == 64


def test_a_late_acknowledgment_that_takes_the_last_in_line_leaves_none_behind() -> None:
    node = RecoveryLine().nodes[A]
    (first,) = node.send_datagram(NEAR, Hop(B, A, 102), handle=1, now=0)
    assert isinstance(first, Forward)
    tag = fragment(first.payload).datagram_tag

    def hear(bitmap: int, now: int) -> list[RecoveryAction]:
        octets = FRAGMENT_ACKNOWLEDGMENT.encode(FragmentAcknowledgment(False, tag, bitmap))
        return node.receive_payload(octets, B, A, now=now)

    sent = hear(bit_of(0), 10)
    for now in (20, 30, 40, 50):
        sent += node.handle_deadline(now=now)
    sent += hear(ALL & ~bit_of(1) & ~bit_of(2), 60)
    assert hear(ALL & ~bit_of(1), 65) == []
    sent += node.handle_deadline(now=70)
    sequences = [fragment(one.payload) for one in sent if isinstance(one, Forward)]
    assert [(one.sequence, one.ack_request) for one in sequences] == [
        *((1, False), (2, False), (3, False), (4, False), (5, True), (1, False), (1, True))
    ]
    assert hear(ALL, 75) == [TransferEnded(1, Outcome.DELIVERED)]


def test_a_late_acknowledgment_that_takes_the_end_of_the_line_moves_the_question() -> None:
    line = RecoveryLine(losing_fragments(A, 1, 2))
    told: list[bytes] = []

    def fate(sender: bytes, receiver: bytes, payload: bytes) -> list[int]:
        if sender == A and payload[0] == 0xE8 and fragment(payload).sequence == 3 and not told:
            told.append(payload)
            return []  # it will come late, behind the acknowledgment that misses it
        return lossy(sender, receiver, payload)

    lossy, line.fate = line.fate, fate
    line.send(NEAR)
    while asked(line)[-1][1] != 1 or len(asked(line)) < 7:
        line.step()
    asking = bytearray(told[0])
    asking[2] |= 0x80
    line.take(B, line.nodes[B].receive_payload(bytes(asking), A, B, now=line.now))
    line.run()
    assert [(number, asks) for _, number, asks in asked(line)][6:] == [(1, False), (2, True)]
    assert line.received == [(B, NEAR)]


def test_a_failed_fragment_that_is_not_the_first_is_left_to_recovery() -> None:
    line = RecoveryLine()
    line.send(OCTETS)
    while len(line.sent) < 9:
        line.step()
    for _, here, forward in line.sent[1:]:
        if not fragment(forward.payload).is_first if forward.payload[0] == 0xE8 else True:
            assert line.nodes[here].forwarding_failed(forward, now=line.now) == []
    line.run()
    assert line.ended == {1: Outcome.DELIVERED}


def test_a_datagram_that_cannot_be_forwarded_in_pieces_is_gathered_for_ipv6() -> None:
    # behind B frames are smaller, and recoverable fragments are never cut again
    line = RecoveryLine(rooms={B: 90})
    line.send(OCTETS)
    line.run()
    assert line.received == [(B, OCTETS)]
    assert line.ended == {1: Outcome.DELIVERED}


def test_frames_that_become_smaller_on_a_path_abort_the_datagram() -> None:
    line = RecoveryLine(rooms={B: 103})
    line.send(OCTETS)
    while len(line.sent) < 7:
        line.step()
    payload = bytearray(line.sent[6][2].payload + bytes(100))
    payload[2:4] = (1 << 10 | len(payload) - 6).to_bytes(2, "big")
    told = line.nodes[B].receive_payload(bytes(payload), A, B, now=line.now)
    assert isinstance(told[0], Dropped)
    assert (told[0].source, told[0].drop) == (A, Drop.UNFIT)
    assert len(told) == 2


# -- callers


def test_too_much_at_once_is_refused_and_a_handle_is_used_once_at_a_time() -> None:
    node, hop = RecoveryLine().nodes[A], Hop(B, A, 102)
    for handle in range(16):
        node.send_datagram(OCTETS, hop, handle=handle, now=0)
    refused = node.send_datagram(OCTETS, hop, handle=16, now=0)
    assert refused == [TransferEnded(16, Outcome.REFUSED)]
    with pytest.raises(FieldOutOfRange):
        node.send_datagram(OCTETS, hop, handle=3, now=0)
    assert node.sending == 16


# -- across the line


@st.composite
def fates(draw: st.DrawFn, lost: int) -> Fate:
    """Return an air that loses so many frames at most, and delays and repeats any."""
    numbers = draw(st.sets(st.integers(0, 40), max_size=lost))
    moods = draw(st.lists(st.sampled_from([[0], [0], [0], [25], [0, 1], [4, 14]]), max_size=40))
    count = -1

    def fate(*_: bytes) -> list[int]:
        nonlocal count
        count += 1
        if count in numbers:
            return []
        return moods[count % len(moods)] if moods else [0]

    return fate


SIZES = st.integers(100, 1232)
WINDOWS = st.sampled_from([1, 2, 5, 32])


@given(fates(lost=3), SIZES, st.sampled_from([B, C, D]), WINDOWS)
def test_under_bounded_loss_every_datagram_arrives_once(
    fate: Fate, size: int, destination: bytes, window: int
) -> None:
    parameters = replace(PARAMETERS, opt_window_size=window, max_window_size=window)
    line, octets = RecoveryLine(fate, parameters=parameters), datagram(bytes(size), A, destination)
    line.send(octets)
    line.run()
    hops = [B, C, D].index(destination)
    assert line.received == [(destination, hops_later(octets, hops))]
    assert line.ended == {1: Outcome.DELIVERED}
    line.expire()
    for node in line.nodes.values():
        assert (len(node), len(vars(node)["_labels"]), node.next_deadline()) == (0, 0, None)


@given(
    st.lists(st.sampled_from([[], [0], [0], [0], [60], [0, 200], [900]]), min_size=1, max_size=60),
    st.lists(SIZES, min_size=1, max_size=4),
)
def test_under_any_loss_what_arrives_is_what_was_sent(
    moods: list[list[int]], sizes: list[int]
) -> None:
    count = -1

    def fate(*_: bytes) -> list[int]:
        nonlocal count
        count += 1
        return moods[count % len(moods)]

    line = RecoveryLine(fate)
    octets = [datagram(bytes([number]) * size) for number, size in enumerate(sizes)]
    for handle, one in enumerate(octets):
        line.send(one, handle)
    line.run()
    arrived = {one for here, one in line.received if here == D}
    assert {here for here, _ in line.received} <= {D}
    assert arrived <= {hops_later(one, 2) for one in octets}
    assert set(line.ended) == set(range(len(octets)))
    for handle, outcome in line.ended.items():
        if outcome is Outcome.DELIVERED:
            assert hops_later(octets[handle], 2) in arrived
    line.expire()
    for node in line.nodes.values():
        assert (len(node), len(vars(node)["_labels"]), node.next_deadline()) == (0, 0, None)


def test_the_defaults_are_in_the_relation_that_the_rfc_wants() -> None:
    defaults = RecoveryParameters()
    assert defaults.late_period == 11_200_000
    assert 4 * defaults.late_period < REASSEMBLY_TIMEOUT
    assert defaults.min_arq_timeout > 40 * 8_000  # 20 hops and back
