"""Two and more link layers in virtual time."""

from random import Random
from typing import TypeVar

import pytest

from lowpan.mac.framing import beacon_request
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import (
    BROADCAST,
    BeaconReceived,
    CommandReceived,
    DataReceived,
    DataSent,
    Drop,
    FrameDropped,
    LinkAction,
    LinkProtection,
    Transmit,
)
from lowpan.radio import Fcs, RadioCapability, ReceivedFrame, TransmitStatus
from lowpan.store import MemoryStore
from lowpan.wire.ieee802154 import FRAME
from tests.mac.air import EXTENDED, SHORT, Air, settings_of

Kind = TypeVar("Kind", bound=LinkAction)
KEY = bytes(range(16))


def only(kind: type[Kind], actions: list[LinkAction]) -> list[Kind]:
    return [action for action in actions if isinstance(action, kind)]


def secured(number: int, key: bytes = KEY) -> LinkSecurity:
    keys = KeyTable()
    keys.add(KeyIdentifier(1, 1), key)
    security = LinkSecurity(EXTENDED[number], keys, MemoryStore())
    for other in range(4):
        security.peers.add(EXTENDED[other], SHORT[other], pan_id=0xBEEF)
    return security


def send(air: Air, payload: bytes, *, source: bytes = SHORT[0], to: bytes = SHORT[1]) -> None:
    actions = air.links[0].send_data(payload, source, to, handle=1, now=air.now)
    air.take(0, actions)


@pytest.mark.parametrize("source", [SHORT[0], EXTENDED[0]])
@pytest.mark.parametrize("to", [SHORT[1], EXTENDED[1]])
def test_data_arrives_and_is_acknowledged(source: bytes, to: bytes) -> None:
    air = Air()
    send(air, b"hello", source=source, to=to)
    air.run()
    (received,) = only(DataReceived, air.told[1])
    assert (received.source, received.destination, received.payload) == (source, to, b"hello")
    assert (received.security_level, received.rssi) == (0, -40.0)
    assert air.told[0] == [DataSent(1, TransmitStatus.SUCCESS, 1)]
    assert len(air.on_air) == 2


def test_a_broadcast_reaches_all_and_nobody_acknowledges() -> None:
    air = Air(4)
    send(air, b"all", to=BROADCAST)
    air.run()
    for told in air.told[1:]:
        assert [data.payload for data in only(DataReceived, told)] == [b"all"]
    assert len(air.on_air) == 1


def test_the_largest_payload_makes_the_longest_frame() -> None:
    air = Air()
    room = air.links[0].largest_payload(SHORT[0], EXTENDED[1])
    send(air, bytes(room), to=EXTENDED[1])
    air.run()
    assert len(air.on_air[0]) == 125
    assert len(only(DataReceived, air.told[1])[0].payload) == room


def test_the_largest_secured_payload_makes_the_longest_frame() -> None:
    air = Air()
    air.secure(0, secured(0))
    air.secure(1, secured(1))
    room = air.links[0].largest_payload(SHORT[0], SHORT[1])
    send(air, bytes(room))
    air.run()
    assert len(air.on_air[0]) == 125
    (received,) = only(DataReceived, air.told[1])
    assert (len(received.payload), received.security_level) == (room, 5)
    assert received.extended_source == EXTENDED[0]


def test_a_lost_ack_makes_a_repetition_that_is_not_given_on_twice() -> None:
    acks = iter([True, True])
    air = Air(lose=lambda psdu: len(psdu) == 3 and next(acks, False))
    send(air, b"once")
    air.run()
    assert [data.payload for data in only(DataReceived, air.told[1])] == [b"once"]
    assert air.links[1].dropped == {Drop.DUPLICATE: 2}
    assert air.told[0] == [DataSent(1, TransmitStatus.SUCCESS, 3)]


def test_a_repetition_of_a_secured_frame_is_a_duplicate_too() -> None:
    acks = iter([True])
    air = Air(lose=lambda psdu: len(psdu) == 3 and next(acks, False))
    air.secure(0, secured(0))
    air.secure(1, secured(1))
    send(air, b"once")
    air.run()
    assert len(only(DataReceived, air.told[1])) == 1
    assert sum(air.links[1].dropped.values()) == 1


def test_nobody_there_means_four_transmissions_and_no_ack() -> None:
    air = Air(1)
    send(air, b"lost")
    air.run()
    assert air.told[0] == [DataSent(1, TransmitStatus.NO_ACK, 4)]
    assert len(set(air.on_air)) == 1


def test_frames_for_others_are_neither_given_on_nor_acknowledged() -> None:
    air = Air(3)
    send(air, b"for one", to=SHORT[1])
    air.run()
    assert only(DataReceived, air.told[2]) == []
    assert air.links[2].dropped[Drop.NOT_FOR_US] == 1
    assert len(air.on_air) == 2


def test_attack_17_a_replayed_frame_is_refused() -> None:
    air = Air()
    air.secure(0, secured(0))
    air.secure(1, secured(1))
    for payload in (b"one", b"two"):
        send(air, payload)
        air.run(air.now + 1_000_000)
    recorded = [psdu for psdu in air.on_air if len(psdu) > 3]
    for psdu in recorded:
        air.now += 5_000_000
        air.hear(1, psdu)
    assert [data.payload for data in only(DataReceived, air.told[1])] == [b"one", b"two"]


def test_attack_19_a_forged_mic_moves_no_counter() -> None:
    air = Air()
    air.secure(0, secured(0))
    air.secure(1, secured(1))
    send(air, b"first")
    air.run(air.now + 1_000_000)
    genuine = bytearray(air.on_air[0])
    genuine[10:14] = b"\xf0\xff\xff\xff"  # the frame counter, far ahead
    genuine[2] ^= 0x55  # another sequence number
    air.hear(1, bytes(genuine))
    assert air.links[1].dropped == {Drop.MIC_BAD: 1}
    send(air, b"second")
    air.run(air.now + 1_000_000)
    assert [data.payload for data in only(DataReceived, air.told[1])] == [b"first", b"second"]


def test_attack_22_a_frame_in_clear_is_dropped_once_there_is_a_key() -> None:
    air = Air()
    air.secure(1, secured(1))
    send(air, b"in clear")
    air.run()
    assert only(DataReceived, air.told[1]) == []
    assert air.links[1].dropped == {Drop.UNSECURED: 1}


def test_a_secured_frame_without_our_having_keys_is_dropped() -> None:
    air = Air()
    air.secure(0, secured(0))
    send(air, b"hidden")
    air.run()
    assert air.links[1].dropped == {Drop.NO_KEY: 1}


def test_attack_12_14_any_header_is_survived() -> None:
    link = LinkLayer(settings_of(0), RadioCapability.TRANSMIT, Random(1))
    for control in range(0x10000):
        psdu = control.to_bytes(2, "little") + bytes.fromhex("07efbe0100efbe0200") + bytes(12)
        for action in link.receive_frame(ReceivedFrame(psdu, Fcs.GOOD), now=control):
            assert isinstance(action, LinkAction)


def test_bad_fcs_and_no_octets_are_counted() -> None:
    air = Air()
    link = air.links[0]
    (dropped,) = link.receive_frame(ReceivedFrame(b"\x41\x88", Fcs.BAD), now=0)
    assert isinstance(dropped, FrameDropped)
    assert dropped.drop is Drop.BAD_FCS
    for octets in (b"", b"\x41", b"\x41\x88\x01"):
        (dropped,) = link.receive_frame(ReceivedFrame(octets, Fcs.GOOD), now=0)
        assert isinstance(dropped, FrameDropped)
        assert dropped.drop is Drop.MALFORMED


def test_attack_26_an_ack_of_another_number_ends_nothing() -> None:
    air = Air(1)
    send(air, b"x")
    air.run(air.now + 5_000)
    air.hear(0, bytes((2, 0, air.on_air[0][2] + 1 & 0xFF)))
    air.run()
    assert air.told[0][-1] == DataSent(1, TransmitStatus.NO_ACK, 4)


# Sleeping neighbours


def test_what_is_for_a_sleeper_waits_until_it_asks() -> None:
    air = Air()
    air.take(0, air.links[0].set_sleepers({SHORT[1]}, now=0))
    for handle, payload in enumerate((b"first", b"second"), 1):
        actions = air.links[0].send_data(payload, SHORT[0], SHORT[1], handle=handle, now=air.now)
        air.take(0, actions)
    air.run(1_000_000)
    assert air.on_air == []
    for _ in range(2):
        air.take(1, air.links[1].poll(SHORT[0], now=air.now))
        air.run(air.now + 100_000)
    assert [data.payload for data in only(DataReceived, air.told[1])] == [b"first", b"second"]
    assert [sent.handle for sent in only(DataSent, air.told[0])] == [1, 2]
    acks = [psdu for psdu in air.on_air if len(psdu) == 3]
    assert acks[0][0] & 0x10, "the ack of the poll says that something waits"


def test_a_poll_with_nothing_to_fetch_gets_an_ack_that_says_so() -> None:
    air = Air()
    air.take(1, air.links[1].poll(SHORT[0], now=air.now))
    air.run()
    (ack,) = [psdu for psdu in air.on_air if len(psdu) == 3]
    assert not ack[0] & 0x10


def test_what_nobody_asks_for_is_given_up_in_time() -> None:
    air = Air()
    air.take(0, air.links[0].set_sleepers({SHORT[1]}, now=0))
    send(air, b"stale")
    air.run()
    (sent,) = only(DataSent, air.told[0])
    assert (sent.status, sent.transmissions) == (TransmitStatus.ABORTED, 0)
    assert air.now >= 7_680_000


def test_one_sleeper_cannot_take_the_room_of_others() -> None:
    air = Air()
    air.take(0, air.links[0].set_sleepers({SHORT[1], SHORT[2]}, now=0))
    for _ in range(100):
        send(air, b"x")
    refused = only(DataSent, air.told[0])
    assert 0 < len(refused) < 100
    send(air, b"x", to=SHORT[2])
    assert len(only(DataSent, air.told[0])) == len(refused)


# Beacons and commands


def test_a_beacon_request_is_answered_by_who_has_a_beacon() -> None:
    air = Air()
    air.links[1].beacon = bytes.fromhex("ff0f0000")
    air.take(0, air.links[0].send_command(beacon_request(), now=0))
    air.run()
    (beacon,) = only(BeaconReceived, air.told[0])
    assert beacon.rssi == -40.0


def test_other_commands_are_given_on() -> None:
    air = Air()
    air.hear(1, bytes.fromhex("63c8 07 efbe 0200 0100000000000002 01 8e".replace(" ", "")))
    (command,) = only(CommandReceived, air.told[1])
    assert command.payload == b"\x01\x8e"


def test_what_protects_itself_goes_out_in_clear_in_a_secured_network() -> None:
    air = Air()
    air.secure(0, secured(0))
    clear, link = LinkProtection.CLEAR, air.links[0]
    room = link.largest_payload(EXTENDED[0], EXTENDED[1], clear)
    link.send_data(bytes(room), EXTENDED[0], EXTENDED[1], handle=1, now=0, protection=clear)
    sent = link.handle_deadline(now=1_000_000)
    (transmit,) = [action for action in sent if isinstance(action, Transmit)]
    assert not FRAME.decode(transmit.psdu).control.security_enabled
    assert len(transmit.psdu) == 125
