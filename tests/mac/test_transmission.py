"""Virtual time, in microseconds of the 2450 MHz PHY."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import SecurityError
from lowpan.mac.framing import data_frame
from lowpan.mac.service import BROADCAST, Transmit
from lowpan.mac.timing import O_QPSK_2450
from lowpan.mac.transmission import Action, Finished, Outgoing, Transmitter, TransmitterSettings
from lowpan.radio import (
    Fcs,
    RadioCapability,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
)
from lowpan.wire.ieee802154 import Frame, encode_frame

ALL = RadioCapability.CSMA | RadioCapability.ACK_TIMEOUT | RadioCapability.RETRIES
NOTHING = RadioCapability(0)
HERE, THERE = b"\x00\x01", b"\x00\x02"
SUCCESS, NO_ACK, BUSY, ABORTED = (
    TransmitStatus.SUCCESS,
    TransmitStatus.NO_ACK,
    TransmitStatus.CHANNEL_ACCESS_FAILURE,
    TransmitStatus.ABORTED,
)


def outgoing(number: int = 7, destination: bytes = THERE) -> Outgoing:
    frame = data_frame(b"payload", HERE, destination, 0xBEEF, acknowledged=True)
    frame.sequence_number = number
    return Outgoing(frame, number)


def transmitter(capabilities: RadioCapability = NOTHING, *, seed: int = 1) -> Transmitter:
    return Transmitter(encode_frame, capabilities, O_QPSK_2450, Random(seed))


def ack(number: int) -> ReceivedFrame:
    return ReceivedFrame(bytes((2, 0, number)), Fcs.GOOD)


def until_transmit(machine: Transmitter, actions: list[Action]) -> tuple[Transmit, int]:
    """Let time pass until the radio is to send; return that and when."""
    now = 0
    while not actions:
        deadline = machine.next_deadline()
        assert deadline is not None
        now = deadline
        actions = machine.handle_deadline(now=now)
    (action,) = actions
    assert isinstance(action, Transmit)
    return action, now


def test_a_radio_that_does_all_of_it_gets_the_frame_at_once() -> None:
    machine = transmitter(ALL)
    (action,) = machine.send(outgoing(), now=0)
    assert isinstance(action, Transmit)
    assert (action.parameters.max_csma_backoffs, action.parameters.max_frame_retries) == (4, 3)
    (finished,) = machine.transmit_done(TransmitOutcome(status=NO_ACK, transmissions=4), now=9)
    assert isinstance(finished, Finished)
    assert (finished.status, finished.transmissions) == (NO_ACK, 4)
    assert machine.next_deadline() is None


def test_backoff_is_a_whole_number_of_periods_below_two_to_the_be() -> None:
    waits: set[int] = set()
    for seed in range(200):
        machine = transmitter(seed=seed)
        waits.add(until_transmit(machine, machine.send(outgoing(), now=0))[1])
    assert waits == {320 * periods for periods in range(8)}


def test_a_busy_channel_is_tried_five_times_with_growing_backoffs() -> None:
    machine = transmitter(seed=3)
    actions, times = machine.send(outgoing(), now=0), list[int]()
    for _ in range(5):
        action, now = until_transmit(machine, actions)
        assert action.parameters.max_csma_backoffs == 0
        times.append(now)
        actions = machine.transmit_done(TransmitOutcome(status=BUSY), now=now)
    (finished,) = actions
    assert isinstance(finished, Finished)
    assert (finished.status, finished.transmissions) == (BUSY, 0)


def test_without_an_ack_the_same_octets_go_out_four_times() -> None:
    machine = transmitter()
    actions, sent = machine.send(outgoing(), now=0), list[bytes]()
    for _ in range(4):
        action, now = until_transmit(machine, actions)
        sent.append(action.psdu)
        assert machine.transmit_done(TransmitOutcome(status=SUCCESS), now=now) == []
        assert machine.next_deadline() == now + 864
        actions = machine.handle_deadline(now=now + 864)
    (finished,) = actions
    assert isinstance(finished, Finished)
    assert (finished.status, finished.transmissions, len(set(sent))) == (NO_ACK, 4, 1)


def test_the_ack_of_its_number_ends_the_wait_and_no_other_does() -> None:
    machine = transmitter()
    _, now = until_transmit(machine, machine.send(outgoing(7), now=0))
    machine.transmit_done(TransmitOutcome(status=SUCCESS), now=now)
    assert machine.receive_acknowledgment(ack(8), now=now + 500) == []
    (finished,) = machine.receive_acknowledgment(ack(7), now=now + 600)
    assert isinstance(finished, Finished)
    assert (finished.status, finished.transmissions) == (SUCCESS, 1)
    assert machine.receive_acknowledgment(ack(7), now=now + 700) == []


def test_an_ack_may_overtake_the_news_that_the_frame_is_out() -> None:
    machine = transmitter()
    _, now = until_transmit(machine, machine.send(outgoing(7), now=0))
    assert machine.receive_acknowledgment(ack(7), now=now) == []
    (finished,) = machine.transmit_done(TransmitOutcome(status=SUCCESS), now=now + 1)
    assert isinstance(finished, Finished)
    assert (finished.status, finished.ack) == (SUCCESS, ack(7))


def test_a_broadcast_waits_for_no_ack_but_leaves_a_space() -> None:
    machine = transmitter()
    _, now = until_transmit(machine, machine.send(outgoing(1, BROADCAST), now=0))
    machine.send(outgoing(2, BROADCAST), now=now)
    (finished,) = machine.transmit_done(TransmitOutcome(status=SUCCESS), now=now)
    assert isinstance(finished, Finished)
    assert finished.status is SUCCESS
    assert machine.next_deadline() == now + 192  # SIFS: 9 + 7 + 2 octets


def test_frames_leave_in_the_order_in_which_they_were_queued() -> None:
    machine = transmitter(ALL)
    actions = [*machine.send(outgoing(1), now=0), *machine.send(outgoing(2), now=0)]
    actions += machine.send(outgoing(3), now=0, first=True)
    numbers: list[int] = []
    while actions:
        action = actions.pop()
        if isinstance(action, Transmit):
            numbers.append(action.psdu[2])
            actions = machine.transmit_done(TransmitOutcome(status=SUCCESS), now=0)
    assert numbers == [1, 3, 2]


def test_a_full_queue_says_so() -> None:
    machine = Transmitter(
        encode_frame, ALL, O_QPSK_2450, Random(1), TransmitterSettings(most_waiting=1)
    )
    machine.send(outgoing(1), now=0)
    machine.send(outgoing(2), now=0)
    (finished,) = machine.send(outgoing(3), now=0)
    assert isinstance(finished, Finished)
    assert (finished.outgoing.handle, finished.status, finished.reason) == (
        3,
        ABORTED,
        "queue full",
    )


def test_what_cannot_be_secured_ends_and_the_next_one_goes_on() -> None:
    def encode(frame: Frame) -> bytes:
        if frame.sequence_number == 1:
            raise SecurityError("no key")
        return encode_frame(frame)

    machine = Transmitter(encode, ALL, O_QPSK_2450, Random(1))
    (finished,) = machine.send(outgoing(1), now=0)
    assert isinstance(finished, Finished)
    assert (finished.status, finished.reason) == (ABORTED, "no key")
    (action,) = machine.send(outgoing(2), now=0)
    assert isinstance(action, Transmit)


@pytest.mark.parametrize("status", list(TransmitStatus))
def test_an_outcome_nobody_waits_for_changes_nothing(status: TransmitStatus) -> None:
    machine = transmitter()
    assert machine.transmit_done(TransmitOutcome(status=status), now=5) == []
    assert machine.handle_deadline(now=10**9) == []


OUTCOMES = st.sampled_from(list(TransmitStatus))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 255)),
        st.tuples(st.just("done"), OUTCOMES),
        st.tuples(st.just("ack"), st.integers(0, 255)),
        st.tuples(st.just("wait"), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS, st.sampled_from([NOTHING, ALL, RadioCapability.CSMA]), st.integers(0, 9))
def test_every_frame_ends_once_and_one_is_on_air_at_a_time(
    steps: list[tuple[str, int | TransmitStatus]], capabilities: RadioCapability, seed: int
) -> None:
    machine, now, on_air = transmitter(capabilities, seed=seed), 0, 0
    sent, ended = list[int](), list[int]()

    def take(actions: list[Action]) -> None:
        nonlocal on_air
        for action in actions:
            if isinstance(action, Transmit):
                on_air += 1
                assert on_air == 1
            else:
                assert isinstance(action.outgoing.handle, int)
                ended.append(action.outgoing.handle)

    for number, (what, argument) in enumerate(steps):
        now += 100
        if what == "send":
            assert isinstance(argument, int)
            item = outgoing(argument)
            item.handle = number
            sent.append(number)
            take(machine.send(item, now=now))
        elif what == "done" and on_air:
            on_air = 0
            assert isinstance(argument, TransmitStatus)
            take(machine.transmit_done(TransmitOutcome(status=argument), now=now))
        elif what == "ack":
            assert isinstance(argument, int)
            take(machine.receive_acknowledgment(ack(argument), now=now))
        elif (deadline := machine.next_deadline()) is not None:
            now = max(now, deadline)
            take(machine.handle_deadline(now=now))
    for _ in range(2000):
        if on_air:
            on_air = 0
            take(machine.transmit_done(TransmitOutcome(status=ABORTED), now=now))
        elif (deadline := machine.next_deadline()) is not None:
            now = max(now, deadline)
            take(machine.handle_deadline(now=now))
    assert sorted(ended) == sorted(sent)
    assert len(machine) == 0
