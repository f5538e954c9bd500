"""Recoverable fragments that are given up, refused or begun anew."""

from random import Random

import pytest

from lowpan.adaptation.forwarding import Drop, Dropped, Forward, Hop
from lowpan.adaptation.fragment_recovery import FragmentRecovery
from lowpan.adaptation.recovery_sender import Outcome, TransferEnded
from lowpan.wire.recoverable_fragment import (
    FRAGMENT_ACKNOWLEDGMENT,
    NULL_BITMAP,
    FragmentAcknowledgment,
)
from tests.adaptation.hops import A, B, C, D, contexts, datagram, hops_later
from tests.adaptation.recovery_line import PARAMETERS, RecoveryLine, arrives
from tests.adaptation.recovery_traffic import (
    NEAR,
    OCTETS,
    acknowledgments_of,
    deaf,
    fragment,
    fragment_aborts,
    fragments_of,
)


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
