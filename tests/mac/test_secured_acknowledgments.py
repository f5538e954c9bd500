"""Frames of version 2 and their acknowledgments, between link layers in virtual time."""

from dataclasses import replace
from random import Random

import pytest

from lowpan.mac.acknowledging import enhanced_ack, immediate_ack
from lowpan.mac.answering import Answering
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.link_layer import LinkLayer, LinkSettings
from lowpan.mac.security import LinkSecurity, Opened
from lowpan.mac.service import (
    BROADCAST,
    Acknowledge,
    DataReceived,
    DataSent,
    Drop,
    LinkAction,
    Transmit,
)
from lowpan.radio import (
    Fcs,
    RadioCapability,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
)
from lowpan.wire.ieee802154 import Frame, FrameType
from tests.mac.air import EXTENDED, SHORT, Air, settings_of
from tests.mac.secured import FailingStore, changed, decoded
from tests.mac.test_link_layer import KEY, only, secured, send

VERSION_2 = LinkSettings(frame_version=2)
KNOWS_ACKS = RadioCapability.TRANSMIT | RadioCapability.CSMA | RadioCapability.ACK_TIMEOUT
SUCCESS, NO_ACK = TransmitStatus.SUCCESS, TransmitStatus.NO_ACK


def secured_air(count: int = 2) -> Air:
    air = Air(count)
    for number in range(count):
        air.secure(number, secured(number), VERSION_2)
    return air


def is_ack(psdu: bytes) -> bool:
    return psdu[0] & 7 == FrameType.ACKNOWLEDGMENT


@pytest.mark.parametrize("source", [SHORT[0], EXTENDED[0]])
@pytest.mark.parametrize("to", [SHORT[1], EXTENDED[1]])
def test_a_secured_frame_gets_a_secured_acknowledgment(source: bytes, to: bytes) -> None:
    air = secured_air()
    room = air.links[0].largest_payload(source, to)
    send(air, bytes(room), source=source, to=to)
    air.run()
    frame, ack = (decoded(psdu) for psdu in air.on_air)
    assert (len(air.on_air[0]), frame.control.frame_version) == (125, 2)
    assert (ack.control.frame_type, ack.control.frame_version) == (FrameType.ACKNOWLEDGMENT, 2)
    assert ack.sequence_number == frame.sequence_number
    assert (ack.destination, ack.source) == (source, None)
    assert frame.security is not None
    assert ack.security is not None
    assert ack.security.control == frame.security.control
    assert ack.security.key_index == frame.security.key_index
    (received,) = only(DataReceived, air.told[1])
    assert (received.source, received.source_pan_id, len(received.payload)) == (
        source,
        0xBEEF,
        room,
    )
    assert air.told[0] == [DataSent(1, SUCCESS, 1, acknowledged_secured=True)]


def test_a_frame_of_version_2_in_clear_gets_an_enhanced_ack_in_clear() -> None:
    air = Air()
    for number in range(2):
        air.secure(number, None, VERSION_2)
    send(air, b"hello")
    air.run()
    assert decoded(air.on_air[1]).control.frame_version == 2
    assert air.told[0] == [DataSent(1, SUCCESS, 1, acknowledged_secured=False)]


def test_secured_frames_of_version_1_get_an_immediate_ack_that_proves_nothing() -> None:
    air = Air()
    air.secure(0, secured(0))
    air.secure(1, secured(1))
    send(air, b"hello")
    air.run()
    assert air.told[0] == [DataSent(1, SUCCESS, 1, acknowledged_secured=False)]


def forge(kind: str, frame: Frame, genuine: bytes) -> bytes:
    """Return what somebody without the key can answer to `frame`."""
    if kind == "immediate":
        ack = immediate_ack(frame, frame_pending=False)
    elif kind == "in clear":
        ack = enhanced_ack(frame, frame_pending=False)
    else:
        ack = changed(genuine, lambda octets: octets.__setitem__(-1, octets[-1] ^ 1))
    assert ack is not None
    return ack


@pytest.mark.parametrize("kind", ["immediate", "in clear", "MIC wrong"])
def test_attack_26_a_forged_ack_to_a_secured_frame_is_no_success(kind: str) -> None:
    """The receiver is out of reach; somebody else answers each time."""
    genuine = secured_air()
    send(genuine, b"hello")
    genuine.run()
    air = Air(1)
    air.secure(0, secured(0), VERSION_2)
    link = air.links[0]
    actions, sent, now = link.send_data(b"hello", SHORT[0], SHORT[1], handle=1, now=0), 0, 0
    while not only(DataSent, actions):
        if not actions:
            deadline = link.next_deadline()
            assert deadline is not None
            now = deadline
            actions = link.handle_deadline(now=now)
            continue
        (transmit,) = only(Transmit, actions)
        sent += 1
        assert link.transmit_done(TransmitOutcome(status=SUCCESS), now=now) == []
        ack = forge(kind, decoded(transmit.psdu), genuine.on_air[1])
        if kind == "MIC wrong":
            ack = ack[:2] + transmit.psdu[2:3] + ack[3:]
        heard = link.receive_frame(ReceivedFrame(ack, Fcs.GOOD), now=now + 500)
        assert only(DataSent, heard) == []
        actions = []
    assert only(DataSent, actions) == [DataSent(1, NO_ACK, 4)]
    assert sent == 4
    assert link.dropped[Drop.MIC_BAD] == (4 if kind == "MIC wrong" else 0)


def test_attack_26_a_replayed_ack_proves_nothing_when_its_number_comes_round() -> None:
    air = secured_air()
    send(air, b"first")
    air.run(air.now + 1_000_000)
    old = air.on_air[1]
    for _ in range(255):
        send(air, b"to all", to=BROADCAST)
        air.run(air.now + 20_000)
    link, told = air.links[0], len(air.told[0])
    air.lose = lambda psdu: True
    send(air, b"again")
    while air.on_air[-1][2] != old[2]:
        air.now = link.next_deadline() or 0
        air.take(0, link.handle_deadline(now=air.now))
    air.run(air.now + 2_000)  # the frame is out, and the ack awaited
    air.hear(0, old)
    assert link.dropped[Drop.DUPLICATE] == 1
    air.run()
    (result,) = only(DataSent, air.told[0][told:])
    assert (result.status, result.acknowledged_secured) == (NO_ACK, False)


@pytest.mark.parametrize("kind", ["immediate", "in clear"])
def test_attack_26_a_radio_that_believes_a_forged_ack_is_not_believed(kind: str) -> None:
    link = LinkLayer(settings_of(0), KNOWS_ACKS, Random(1), security=secured(0), settings=VERSION_2)
    actions, sent = link.send_data(b"hello", SHORT[0], SHORT[1], handle=1, now=0), 0
    while (transmits := only(Transmit, actions)) and sent < 10:
        sent += 1
        ack = forge(kind, decoded(transmits[0].psdu), b"")
        outcome = TransmitOutcome(status=SUCCESS, ack=ReceivedFrame(ack, Fcs.GOOD))
        actions = link.transmit_done(outcome, now=sent)
    (result,) = only(DataSent, actions)
    assert (result.status, result.transmissions, result.acknowledged_secured) == (NO_ACK, 4, False)
    assert "not secured" in result.reason


def test_a_radio_that_shows_the_genuine_ack_is_believed() -> None:
    receiver = LinkLayer(settings_of(1), RadioCapability.TRANSMIT, Random(1), security=secured(1))
    link = LinkLayer(settings_of(0), KNOWS_ACKS, Random(1), security=secured(0), settings=VERSION_2)
    (transmit,) = only(Transmit, link.send_data(b"hi", SHORT[0], SHORT[1], handle=1, now=0))
    answer = receiver.receive_frame(ReceivedFrame(transmit.psdu, Fcs.GOOD), now=1)
    (ack,) = only(Acknowledge, answer)
    outcome = TransmitOutcome(status=SUCCESS, ack=ReceivedFrame(ack.psdu, Fcs.GOOD))
    assert link.transmit_done(outcome, now=2) == [DataSent(1, SUCCESS, 1, True)]


def received(actions: list[LinkAction]) -> tuple[list[bytes], int]:
    return [each.psdu for each in only(Acknowledge, actions)], len(only(DataReceived, actions))


def test_a_repetition_gets_the_same_acknowledgment_and_a_forgery_none() -> None:
    air = secured_air()
    send(air, b"hello")
    air.run()
    frame, ack = air.on_air
    link = air.links[1]
    assert received(link.receive_frame(ReceivedFrame(frame, Fcs.GOOD), now=air.now)) == ([ack], 0)
    forged = changed(frame, lambda octets: octets.__setitem__(-1, octets[-1] ^ 1))
    assert received(link.receive_frame(ReceivedFrame(forged, Fcs.GOOD), now=air.now)) == ([], 0)


def test_attack_20_replayed_and_forged_frames_use_up_no_counter() -> None:
    air = secured_air()
    send(air, b"first")
    air.run(1_000_000)
    frame, ack = air.on_air
    link = air.links[1]
    for change in range(1000):
        forged = changed(frame, lambda o: o.__setitem__(10, change & 0xFF))  # noqa: B023
        link.receive_frame(ReceivedFrame(forged, Fcs.GOOD), now=air.now)
    send(air, b"second")
    air.run(2_000_000)
    counters = [decoded(psdu).security for psdu in (ack, air.on_air[3])]
    assert [security and security.frame_counter for security in counters] == [
        (counters[0].frame_counter or 0) + step for step in (0, 1) if counters[0] is not None
    ]


def test_a_radio_that_acknowledges_itself_gets_secured_acks_from_us() -> None:
    """As SoftwareRadio does: the ack is asked for first, then the frame is given."""
    sender = LinkLayer(
        settings_of(0), KNOWS_ACKS, Random(1), security=secured(0), settings=VERSION_2
    )
    link = LinkLayer(
        settings_of(1),
        RadioCapability.TRANSMIT | RadioCapability.ACKNOWLEDGE,
        Random(2),
        security=secured(1),
    )
    (transmit,) = only(Transmit, sender.send_data(b"hi", SHORT[0], SHORT[1], handle=1, now=0))
    psdu = transmit.psdu
    link.configure(replace(link.radio, promiscuous=False))
    ack = link.acknowledge_secured(decoded(psdu), psdu, now=1)
    assert ack is not None
    assert link.acknowledge_secured(decoded(psdu), psdu, now=2) == ack
    frame = ReceivedFrame(psdu, Fcs.GOOD)
    assert received(link.receive_frame(frame, now=3)) == ([], 1)
    assert received(link.receive_frame(frame, now=4)) == ([], 0)
    assert link.acknowledge_secured(decoded(psdu), psdu, now=5) == ack
    outcome = TransmitOutcome(status=SUCCESS, ack=ReceivedFrame(ack, Fcs.GOOD))
    assert sender.transmit_done(outcome, now=6) == [DataSent(1, SUCCESS, 1, True)]


def test_no_ack_is_sent_without_a_counter_of_its_own() -> None:
    """The frame is accepted all the same, and its sender repeats it."""
    air = secured_air()
    store = FailingStore()
    keys = KeyTable()
    keys.add(KeyIdentifier(1, 1), KEY)
    security = LinkSecurity(EXTENDED[1], keys, store)
    security.peers.add(EXTENDED[0], SHORT[0], pan_id=0xBEEF)
    answering = Answering(security, lambda address: False)
    send(air, b"hello")
    air.run()
    psdu = air.on_air[0]
    opened = security.open(decoded(psdu), psdu, now=0)
    assert isinstance(opened, Opened)
    store.fails = True
    assert answering.answer(decoded(psdu), psdu, opened, now=1) is None
    assert answering.unsent == 1
