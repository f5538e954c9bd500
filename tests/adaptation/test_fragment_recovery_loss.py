"""Recoverable fragments that are lost, late or never acknowledged."""

from dataclasses import replace
from itertools import pairwise

import pytest

from lowpan.adaptation.forwarding import Forward, Hop
from lowpan.adaptation.fragment_recovery import RecoveryAction
from lowpan.adaptation.recovery_sender import Outcome, TransferEnded
from lowpan.wire.recoverable_fragment import (
    FRAGMENT_ACKNOWLEDGMENT,
    FULL_BITMAP,
    FragmentAcknowledgment,
    bit_of,
)
from tests.adaptation.hops import A, B, C, D, hops_later
from tests.adaptation.recovery_line import PARAMETERS, RecoveryLine
from tests.adaptation.recovery_traffic import (
    ALL,
    NEAR,
    OCTETS,
    acknowledgments_of,
    asked,
    deaf,
    fragment,
    fragments_of,
    losing,
    losing_fragments,
)


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
