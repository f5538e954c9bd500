"""Timers and ends of recoverable fragments, in every order."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.forwarding import Drop, Dropped, Forward, Hop
from lowpan.adaptation.fragment_recovery import REASSEMBLY_TIMEOUT, FragmentRecovery, RecoveryAction
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.adaptation.recovery_sender import Outcome, TransferEnded
from lowpan.wire.recoverable_fragment import (
    FULL_BITMAP,
    NULL_BITMAP,
    RECOVERABLE_FRAGMENT,
    RecoverableFragment,
    bit_of,
)
from tests.adaptation.hops import B, C, datagram
from tests.adaptation.recovering_node import (
    FAR,
    NEAR,
    acknowledgment,
    fragment,
    labels,
    node,
    receive,
)
from tests.adaptation.recovery_line import PARAMETERS


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
