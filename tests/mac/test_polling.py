"""Virtual time; polls every 1000 microseconds, every 100 while something is expected."""

from hypothesis import given
from hypothesis import strategies as st

from lowpan.mac.polling import (
    ParentLost,
    Polling,
    PollingAction,
    PollSettings,
    ReceiverOff,
    ReceiverOn,
)
from lowpan.mac.service import (
    CommandSent,
    DataReceived,
    DataSent,
    EmptyReceived,
    LinkAction,
    Poll,
)
from lowpan.radio import TransmitStatus
from tests.mac.air import SHORT, Air
from tests.mac.test_link_layer import only

SETTINGS = PollSettings(
    interval=1000, fast_interval=100, retry_interval=300, data_wait=50, most_unanswered=3
)
PARENT = SHORT[0]
POLL = Poll(PARENT, "poll")
SUCCESS, NO_ACK = TransmitStatus.SUCCESS, TransmitStatus.NO_ACK


def polled(*, pending: bool | None, status: TransmitStatus = SUCCESS) -> CommandSent:
    return CommandSent("poll", status, 1, frame_pending=pending)


def asleep(engine: Polling) -> None:
    """Start at the time 0 and sleep after a poll that found nothing."""
    assert engine.start(PARENT, now=0) == [ReceiverOn(), POLL]
    assert engine.command_sent(polled(pending=False), now=5) == [ReceiverOff()]


def test_nothing_pending_means_sleep_until_the_next_poll() -> None:
    engine = Polling(SETTINGS)
    asleep(engine)
    assert engine.next_deadline() == 1000
    assert engine.handle_deadline(now=999) == []
    assert engine.handle_deadline(now=1000) == [ReceiverOn(), POLL]
    assert engine.next_deadline() is None


def test_frame_pending_keeps_the_receiver_on_until_the_frame_or_the_end_of_the_wait() -> None:
    engine = Polling(SETTINGS)
    engine.start(PARENT, now=0)
    assert engine.command_sent(polled(pending=True), now=5) == []
    assert engine.next_deadline() == 55
    assert engine.frame_received(more=False, now=20) == [ReceiverOff()]
    assert engine.next_deadline() == 1000
    engine.handle_deadline(now=1000)
    engine.command_sent(polled(pending=None), now=1005)  # the radio does not show its acks
    assert engine.handle_deadline(now=1055) == [ReceiverOff()]
    assert engine.next_deadline() == 1100, "it still waits there"


def test_more_to_come_is_asked_for_at_once() -> None:
    engine = Polling(SETTINGS)
    engine.start(PARENT, now=0)
    engine.command_sent(polled(pending=True), now=5)
    assert engine.frame_received(more=True, now=20) == [POLL]


def test_a_frame_may_overtake_the_news_of_its_poll() -> None:
    engine = Polling(SETTINGS)
    engine.start(PARENT, now=0)
    assert engine.frame_received(more=False, now=4) == []
    assert engine.command_sent(polled(pending=True), now=5) == [ReceiverOff()]


def test_polls_are_fast_while_something_is_expected() -> None:
    engine = Polling(SETTINGS)
    asleep(engine)
    engine.expect(250, now=20)
    polls = list[int]()
    for _ in range(4):
        now = engine.next_deadline() or 0
        polls.append(now)
        engine.handle_deadline(now=now)
        engine.command_sent(polled(pending=False), now=now + 5)
    assert polls == [100, 200, 300, 1300]


def test_a_pending_bit_that_lies_keeps_us_awake_for_a_few_polls_only() -> None:
    engine = Polling(SETTINGS)
    engine.start(PARENT, now=0)
    polls, now = list[int](), 0
    for _ in range(7):
        polls.append(now)
        engine.command_sent(polled(pending=True), now=now)
        engine.handle_deadline(now=now + 50)
        now = engine.next_deadline() or 0
        engine.handle_deadline(now=now)
    assert polls == [0, 100, 200, 300, 400, 500, 1500]


def test_a_parent_that_does_not_answer_is_lost() -> None:
    engine = Polling(SETTINGS)
    engine.start(PARENT, now=0)
    failed = polled(pending=None, status=NO_ACK)
    assert engine.command_sent(failed, now=10) == [ReceiverOff()]
    assert engine.next_deadline() == 310
    engine.handle_deadline(now=310)
    busy = polled(pending=None, status=TransmitStatus.CHANNEL_ACCESS_FAILURE)
    assert engine.command_sent(busy, now=320) == [ReceiverOff()]
    engine.handle_deadline(now=620)
    engine.command_sent(failed, now=630)
    engine.handle_deadline(now=930)
    assert engine.command_sent(failed, now=940) == [ParentLost(PARENT, 3)]
    assert engine.next_deadline() is None
    assert engine.start(PARENT, now=1000) == [ReceiverOn(), POLL]


def test_who_stops_sleeping_listens() -> None:
    engine = Polling(SETTINGS)
    assert engine.stop() == []
    asleep(engine)
    assert engine.stop() == [ReceiverOn()]
    assert engine.next_deadline() is None
    assert engine.command_sent(polled(pending=True), now=9) == []


def test_sleeper_and_parent_over_the_air() -> None:
    """The receiver is really off in between; nothing is lost but time."""
    losses = iter([True, False, True])
    air = Air(lose=lambda psdu: psdu[0] & 7 == 1 and next(losses, False))
    engine, awake = Polling(PollSettings(interval=1_000_000)), True
    hear = air.hear

    def hear_if_awake(number: int, psdu: bytes) -> None:
        if number == 0 or awake:
            hear(number, psdu)

    air.hear = hear_if_awake  # type: ignore[method-assign]

    def do(actions: list[PollingAction]) -> None:
        nonlocal awake
        for action in actions:
            if isinstance(action, Poll):
                air.take(1, air.links[1].carry_out(action, now=air.now))
            else:
                awake = isinstance(action, ReceiverOn)

    def heed(number: int, action: LinkAction) -> None:
        if number == 1 and isinstance(action, CommandSent):
            do(engine.command_sent(action, now=air.now))
        elif number == 1 and isinstance(action, DataReceived | EmptyReceived):
            do(engine.frame_received(more=action.frame_pending, now=air.now))

    air.heed = heed
    air.take(0, air.links[0].set_sleepers({SHORT[1]}, now=0))
    for handle in range(3):
        sent = air.links[0].send_data(b"%d" % handle, SHORT[0], SHORT[1], handle=handle, now=0)
        air.take(0, sent)
    do(engine.start(PARENT, now=0))
    for step in range(600):
        air.run((step + 1) * 10_000)
        do(engine.handle_deadline(now=air.now))
    got = [data.payload for data in only(DataReceived, air.told[1])]
    assert got == [b"0", b"1", b"2"]
    assert [sent.status for sent in only(DataSent, air.told[0])] == [SUCCESS] * 3
    assert not awake


STEP = st.sampled_from(["sent", "pending", "no ack", "busy", "frame", "more", "wait", "expect"])


@given(st.lists(STEP, max_size=60))
def test_there_is_one_poll_at_a_time_and_always_an_end(steps: list[str]) -> None:
    engine, now, under_way, awake, lost = Polling(SETTINGS), 0, 0, False, False

    def take(actions: list[PollingAction]) -> None:
        nonlocal under_way, awake, lost
        for action in actions:
            match action:
                case Poll():
                    under_way += 1
                    assert awake
                case ReceiverOn():
                    awake = True
                case ReceiverOff():
                    awake = False
                case ParentLost():
                    lost = True
        assert under_way <= 1

    take(engine.start(PARENT, now=0))
    outcomes = {
        "sent": polled(pending=False),
        "pending": polled(pending=True),
        "no ack": polled(pending=None, status=NO_ACK),
        "busy": polled(pending=None, status=TransmitStatus.CHANNEL_ACCESS_FAILURE),
    }
    for step in steps:
        now += 10
        if step in outcomes and under_way:
            under_way = 0
            take(engine.command_sent(outcomes[step], now=now))
        elif step in ("frame", "more"):
            take(engine.frame_received(more=step == "more", now=now))
        elif step == "expect":
            engine.expect(500, now=now)
        elif step == "wait" and (deadline := engine.next_deadline()) is not None:
            now = max(now, deadline)
            take(engine.handle_deadline(now=now))
            after = engine.next_deadline()
            assert after is None or after > deadline
    assert lost or under_way or engine.next_deadline() is not None
