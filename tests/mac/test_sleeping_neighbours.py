"""Frames that wait at a parent, and what its radio is told of them."""

from random import Random

import pytest

from lowpan.mac.framing import command_frame, data_request
from lowpan.mac.link_layer import LinkLayer, LinkSettings
from lowpan.mac.service import (
    BROADCAST,
    CommandSent,
    Configure,
    DataReceived,
    DataSent,
    Drop,
    EmptyReceived,
    Transmit,
)
from lowpan.radio import (
    Fcs,
    RadioCapability,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
)
from lowpan.wire.ieee802154 import encode_frame
from tests.mac.air import PAN_ID, SHORT, Air, settings_of
from tests.mac.secured import decoded
from tests.mac.test_link_layer import only, secured, send

ALL = (
    RadioCapability.TRANSMIT
    | RadioCapability.CSMA
    | RadioCapability.ACK_TIMEOUT
    | RadioCapability.RETRIES
    | RadioCapability.ACKNOWLEDGE
    | RadioCapability.SOURCE_MATCH
)
SUCCESS, NO_ACK = TransmitStatus.SUCCESS, TransmitStatus.NO_ACK
PARENT, SLEEPER = SHORT[0], SHORT[1]


def parent() -> LinkLayer:
    link = LinkLayer(settings_of(0), ALL, Random(1))
    link.set_sleepers({SLEEPER}, now=0)
    return link


def poll(link: LinkLayer, *, now: int, promised: bool = False) -> list[Transmit]:
    frame = data_request(SLEEPER, PARENT, PAN_ID)
    frame.sequence_number = now & 0xFF
    received = ReceivedFrame(encode_frame(frame), Fcs.GOOD, acked_with_pending=promised)
    return only(Transmit, link.receive_frame(received, now=now))


def polls(air: Air, count: int, interval: int = 500_000) -> None:
    for _ in range(count):
        air.take(1, air.links[1].poll(PARENT, now=air.now))
        air.run(air.now + interval)


def data_frames(air: Air) -> list[bytes]:
    return [psdu for psdu in air.on_air if psdu[0] & 7 == 1]


def sleeping_air(*, secure: bool, settings: LinkSettings | None = None) -> Air:
    air = Air()
    for number in range(2):
        air.secure(number, secured(number) if secure else None, settings)
    air.take(0, air.links[0].set_sleepers({SLEEPER}, now=0))
    return air


@pytest.mark.parametrize("secure", [False, True])
def test_an_unacknowledged_frame_stays_for_the_next_poll_with_the_same_octets(
    secure: bool,
) -> None:
    losses = iter([True, True])
    air = sleeping_air(secure=secure)
    air.lose = lambda psdu: psdu[0] & 7 == 1 and next(losses, False)
    send(air, b"at last")
    polls(air, 3)
    frames = data_frames(air)
    assert len(frames) == 3, "once for each poll, never repeated in between"
    assert len(set(frames)) == 1
    assert [data.payload for data in only(DataReceived, air.told[1])] == [b"at last"]
    assert only(DataSent, air.told[0]) == [DataSent(1, SUCCESS, 3)]


@pytest.mark.parametrize("secure", [False, True])
def test_a_lost_ack_makes_no_second_frame_of_it(secure: bool) -> None:
    air = sleeping_air(secure=secure, settings=LinkSettings(duplicate_window=8_000_000))
    send(air, b"once")
    acks = iter([False, True])
    air.lose = lambda psdu: len(psdu) == 3 and next(acks, False)
    polls(air, 2, interval=5_000_000)
    assert len(data_frames(air)) == 2
    assert len(only(DataReceived, air.told[1])) == 1
    assert air.links[1].dropped == {Drop.DUPLICATE: 1}
    assert only(DataSent, air.told[0]) == [DataSent(1, SUCCESS, 2)]


def test_after_a_broadcast_it_is_sealed_anew_with_the_same_number() -> None:
    """The sleeper may have heard the broadcast, and would refuse a lower counter."""
    losses = iter([True])
    air = sleeping_air(secure=True)
    air.lose = lambda psdu: psdu[5:7] == SLEEPER[::-1] and psdu[0] & 7 == 1 and next(losses, False)
    send(air, b"late")
    polls(air, 1)
    send(air, b"to all", to=BROADCAST)
    air.run(air.now + 100_000)
    polls(air, 1)
    first, _, second = (decoded(psdu) for psdu in data_frames(air))
    assert first.sequence_number == second.sequence_number
    assert first.security is not None
    assert second.security is not None
    assert (first.security.frame_counter, second.security.frame_counter) == (0, 2)
    assert [each.payload for each in only(DataReceived, air.told[1])] == [b"to all", b"late"]


def test_what_was_tried_in_vain_ends_without_an_ack() -> None:
    air = sleeping_air(secure=False)
    air.lose = lambda psdu: psdu[0] & 7 == 1
    send(air, b"lost")
    polls(air, 2)
    air.run(30_000_000)
    (sent,) = only(DataSent, air.told[0])
    assert (sent.status, sent.transmissions) == (NO_ACK, 2)


def test_the_radio_knows_for_whom_frames_wait_until_they_are_delivered() -> None:
    link = parent()
    (configure,) = link.send_data(b"1", PARENT, SLEEPER, handle=1, now=0)
    assert isinstance(configure, Configure)
    assert configure.settings.source_match == frozenset({SLEEPER})
    assert configure.settings.ack_pending
    assert link.send_data(b"2", PARENT, SLEEPER, handle=2, now=0) == []
    (first,) = poll(link, now=10)
    assert decoded(first.psdu).control.frame_pending
    assert first.parameters.max_frame_retries == 0
    assert poll(link, now=11) == [], "it is being sent"
    failed = TransmitOutcome(status=NO_ACK, transmissions=1)
    assert link.transmit_done(failed, now=20) == []
    assert poll(link, now=30) == [first]
    done = TransmitOutcome(status=SUCCESS, transmissions=1)
    assert link.transmit_done(done, now=40) == [DataSent(1, SUCCESS, 2)]
    (second,) = poll(link, now=50)
    assert not decoded(second.psdu).control.frame_pending
    sent, configure = link.transmit_done(done, now=60)
    assert sent == DataSent(2, SUCCESS, 1)
    assert isinstance(configure, Configure)
    assert (configure.settings.source_match, configure.settings.ack_pending) == (frozenset(), False)


def test_other_settings_do_not_forget_for_whom_frames_wait() -> None:
    link = parent()
    link.send_data(b"1", PARENT, SLEEPER, handle=1, now=0)
    (configure,) = link.configure(settings_of(0))
    assert isinstance(configure, Configure)
    assert configure.settings.source_match == frozenset({SLEEPER})


def test_what_expires_is_taken_from_the_radio_too() -> None:
    link = parent()
    link.send_data(b"1", PARENT, SLEEPER, handle=1, now=0)
    sent, configure = link.handle_deadline(now=7_680_000)
    assert isinstance(sent, DataSent)
    assert sent.status is TransmitStatus.ABORTED
    assert isinstance(configure, Configure)
    assert configure.settings.source_match == frozenset()


def test_a_radio_that_promised_too_much_sends_an_empty_frame() -> None:
    link = parent()
    (empty,) = poll(link, now=10, promised=True)
    frame = decoded(empty.psdu)
    assert (frame.destination, frame.payload) == (SLEEPER, b"")
    assert not frame.control.acknowledgment_request
    assert link.transmit_done(TransmitOutcome(status=SUCCESS), now=20) == []
    assert poll(link, now=30) == []
    child = LinkLayer(settings_of(1), ALL, Random(2))
    told = child.receive_frame(ReceivedFrame(empty.psdu, Fcs.GOOD), now=40)
    assert told == [EmptyReceived(PARENT)]


def test_who_sleeps_no_longer_gets_everything() -> None:
    air = sleeping_air(secure=False)
    for payload in (b"1", b"2"):
        send(air, payload)
    air.take(0, air.links[0].set_sleepers(set(), now=0))
    air.run()
    assert [data.payload for data in only(DataReceived, air.told[1])] == [b"1", b"2"]
    assert len(only(DataSent, air.told[0])) == 2


def test_a_command_can_wait_for_a_poll_too() -> None:
    air = Air()
    frame = command_frame(b"\x03\x01", PARENT, SLEEPER, PAN_ID)
    sent = air.links[0].send_command(frame, now=0, handle="bye", indirect=True)
    air.take(0, sent)
    air.run(100_000)
    assert air.on_air == []
    polls(air, 1)
    assert only(CommandSent, air.told[0]) == [CommandSent("bye", SUCCESS, 1, frame_pending=False)]


@pytest.mark.parametrize("secure", [False, True])
def test_polls_of_version_2_are_answered_with_frame_pending(secure: bool) -> None:
    air = sleeping_air(secure=secure, settings=LinkSettings(frame_version=2))
    send(air, b"here")
    request = air.links[1].poll(PARENT, now=0, handle="poll")
    air.take(1, request)
    air.run(1_000_000)
    (told,) = only(CommandSent, air.told[1])
    assert (told.status, told.frame_pending, told.acknowledged_secured) == (SUCCESS, True, secure)
    assert [data.payload for data in only(DataReceived, air.told[1])] == [b"here"]
    (sent,) = only(DataSent, air.told[0])
    assert sent.acknowledged_secured is secure
