"""Datagrams and paths of one node that recovers fragments: how they come about, last and end."""

from random import Random

import pytest

from lowpan.adaptation.forwarding import Deliver, Drop, Dropped, Forward, Hop
from lowpan.adaptation.fragment_recovery import REASSEMBLY_TIMEOUT, FragmentRecovery, RecoveryAction
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.errors import FieldOutOfRange
from lowpan.wire.recoverable_fragment import (
    FULL_BITMAP,
    RECOVERABLE_FRAGMENT,
    RecoverableFragment,
    bit_of,
)
from tests.adaptation.hops import A, Along, B, C, D, contexts, datagram, hops_later
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
from tests.adaptation.recovery_line import PARAMETERS


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


def test_a_datagram_of_the_mtu_with_nothing_elided_has_room() -> None:
    engine, octets = node(), b"\x41" + datagram(bytes(1232), destination=B)
    told: list[RecoveryAction] = []
    for number, start in enumerate(range(0, 1281, 90)):
        piece = octets[start : start + 90]
        header = RecoverableFragment(False, 7, False, number, len(piece), start or 1281)
        told += receive(engine, RECOVERABLE_FRAGMENT.encode(header) + piece)
    assert told == [DatagramReceived(A, B, octets[1:], (None,) * 15), full()]


def test_acknowledgments_go_back_under_the_tag_of_the_previous_hop() -> None:
    engine = node()
    label, _ = established(engine)
    for bitmap in (1 << 31, FULL_BITMAP, FULL_BITMAP):
        told = receive(engine, acknowledgment(label, bitmap), source=C)
        assert told == [Forward(A, acknowledgment(7, bitmap), B)]


def test_more_datagrams_than_tags_are_the_callers_fault() -> None:
    with pytest.raises(FieldOutOfRange):
        node(most_datagrams=241)


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
    assert receive(engine, fragment(FAR, 0, asks=1)) == [
        Forward(A, acknowledgment(7, bit_of(0)), B)
    ]
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
