"""Recoverable fragments: what goes when."""

from dataclasses import replace
from itertools import pairwise

import pytest

from lowpan.adaptation.forwarding import Deliver, Forward, Hop
from lowpan.adaptation.fragment_recovery import REASSEMBLY_TIMEOUT
from lowpan.adaptation.recovery_parameters import RecoveryParameters
from lowpan.adaptation.recovery_sender import Outcome, TransferEnded
from lowpan.errors import FieldOutOfRange
from lowpan.wire.recoverable_fragment import FULL_BITMAP, bit_of
from tests.adaptation.hops import A, B, C, D, datagram, hops_later
from tests.adaptation.recovery_line import PARAMETERS, RecoveryLine
from tests.adaptation.recovery_traffic import NEAR, OCTETS, acknowledgments_of, asked, fragments_of


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


def test_a_datagram_that_cannot_be_forwarded_in_pieces_is_gathered_for_ipv6() -> None:
    # behind B frames are smaller, and recoverable fragments are never cut again
    line = RecoveryLine(rooms={B: 90})
    line.send(OCTETS)
    line.run()
    assert line.received == [(B, OCTETS)]
    assert line.ended == {1: Outcome.DELIVERED}


def test_too_much_at_once_is_refused_and_a_handle_is_used_once_at_a_time() -> None:
    node, hop = RecoveryLine().nodes[A], Hop(B, A, 102)
    for handle in range(16):
        node.send_datagram(OCTETS, hop, handle=handle, now=0)
    refused = node.send_datagram(OCTETS, hop, handle=16, now=0)
    assert refused == [TransferEnded(16, Outcome.REFUSED)]
    with pytest.raises(FieldOutOfRange):
        node.send_datagram(OCTETS, hop, handle=3, now=0)
    assert node.sending == 16


def test_the_defaults_are_in_the_relation_that_the_rfc_wants() -> None:
    defaults = RecoveryParameters()
    assert defaults.late_period == 11_200_000
    assert 4 * defaults.late_period < REASSEMBLY_TIMEOUT
    assert defaults.min_arq_timeout > 40 * 8_000  # 20 hops and back
