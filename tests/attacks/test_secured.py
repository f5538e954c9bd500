"""Attacks 17 to 20, 22, 26 and 27 on whole nodes; tests/mac has them rule by rule."""

from random import Random

import pytest

from lowpan.mac.framing import data_frame
from lowpan.mac.service import Drop
from lowpan.mac.timing import O_QPSK_2450
from lowpan.node.addresses import link_local_of
from lowpan.node.service import DatagramDiscarded, Discard, Endpoint, UdpReceived
from lowpan.wire.ieee802154 import encode_frame
from tests.attacks.victim import ATTACKER, HONEST, VICTIM, payloads
from tests.mac.air import PAN_ID
from tests.mac.test_link_layer import secured
from tests.node.room import Room

PORT = 5683


def room_of_secured() -> Room:
    room = Room(security=secured)
    for node in room.nodes:
        node.open_port(Endpoint(b"", PORT))
    return room


def send(room: Room, text: bytes) -> None:
    local, remote = Endpoint(b"", PORT), Endpoint(link_local_of(VICTIM), PORT)
    room.take(0, room.nodes[0].send_udp(text, local, remote, now=room.now))
    room.run()


def received(room: Room) -> list[bytes]:
    return [told.payload for told in room.of(1, UdpReceived)]


@pytest.mark.parametrize("seed", range(5))
def test_attack_17_whatever_is_replayed_is_received_once(seed: int) -> None:
    room, random = room_of_secured(), Random(seed)
    texts = [bytes([number]) * random.randrange(1, 400) for number in range(20)]
    for text in texts:
        send(room, text)
    recorded = list(room.on_air)
    for psdu in random.choices(recorded, k=500):
        room.hear(random.randrange(2), psdu)
        room.run(random.randrange(10_000))
    assert received(room) == texts
    send(room, b"still there")
    assert received(room) == [*texts, b"still there"]


def test_attack_19_forged_counters_lock_nobody_out() -> None:
    room = room_of_secured()
    send(room, b"one")
    psdu = next(psdu for psdu in room.on_air if psdu[0] & 7 == 1)
    for counter in (0xFFFFFFFE, 0x7FFFFFFF, 10_000):
        forged = bytearray(psdu)
        forged[10:14] = counter.to_bytes(4, "little")
        room.hear(1, bytes(forged))
    assert room.nodes[1].link.dropped[Drop.MIC_BAD] == 3
    send(room, b"two")
    assert received(room) == [b"one", b"two"]


def test_attack_20_a_node_without_counters_left_is_silent_and_says_so() -> None:
    room = room_of_secured()
    security = room.nodes[0].link.security
    assert security is not None
    send(room, b"one")
    for counter in security._outgoing.values():  # pyright: ignore[reportPrivateUsage]
        counter._next = counter._end = 0xFFFFFFFE  # pyright: ignore[reportPrivateUsage]
    send(room, b"last")
    before = len(room.on_air)
    send(room, b"none")
    assert received(room) == [b"one", b"last"]
    assert [psdu for psdu in room.on_air[before:] if psdu[7:9] == HONEST[::-1]] == []
    assert any(told.datagram.endswith(b"none") for told in room.of(0, DatagramDiscarded))


@pytest.mark.parametrize("source", [HONEST, ATTACKER])
def test_attack_22_datagrams_in_clear_stay_out(source: bytes) -> None:
    room = room_of_secured()
    for payload in payloads(b"x", source) + payloads(bytes(500), source):
        frame = data_frame(payload, source, VICTIM, PAN_ID, acknowledged=False)
        room.hear(1, encode_frame(frame))
    assert room.of(1, UdpReceived) == []
    assert len(room.nodes[1].adaptation.reassembler) == 0
    assert room.nodes[1].link.dropped[Drop.UNSECURED] > 1


def test_attack_22_a_fragment_in_clear_completes_no_secured_datagram() -> None:
    room = room_of_secured()
    parts = payloads(bytes(500), HONEST)
    for number, payload in enumerate(parts):
        frame = data_frame(payload, HONEST, VICTIM, PAN_ID, acknowledged=False)
        frame.sequence_number = number
        security = room.nodes[0].link.security
        assert security is not None
        clear = number == len(parts) - 1
        room.hear(1, encode_frame(frame) if clear else security.seal(frame, now=room.now))
    assert len(room.nodes[1].adaptation.reassembler) == 1
    assert received(room) == []


def test_attack_26_acknowledgments_of_other_frames_end_nothing() -> None:
    room = Room(1, security=secured)
    local, remote = Endpoint(b"", PORT), Endpoint(link_local_of(VICTIM), PORT)
    room.take(0, room.nodes[0].send_udp(b"x", local, remote, now=0))
    while not room.on_air:
        room.run(100)
    room.run(O_QPSK_2450.air_time(len(room.on_air[0])))  # now it waits for its acknowledgment
    number = room.on_air[0][2]
    for wrong in range(256):
        if wrong != number:
            room.hear(0, bytes((2, 0, wrong)))
    room.run(100_000)
    lost = room.of(0, DatagramDiscarded)[0]
    assert (lost.discard, lost.datagram[-1:]) == (Discard.NOT_DELIVERED, b"x")
    assert sum(psdu[2] == number for psdu in room.on_air) == 4


def test_attack_27_forged_newcomers_take_nobodys_place() -> None:
    room, random = room_of_secured(), Random(27)
    send(room, b"one")
    psdu = next(psdu for psdu in room.on_air if psdu[0] & 7 == 1)
    victim = room.nodes[1].link.security
    assert victim is not None
    before = list(victim.incoming.senders())
    for _ in range(2_000):  # the header of a sealed frame, from somebody with an extended address
        sender = b"\x02" + random.randbytes(7)
        room.hear(1, b"\x49\xd8" + psdu[2:7] + sender + psdu[9:])
    assert list(victim.incoming.senders()) == before
    assert room.nodes[1].link.dropped[Drop.MIC_BAD] == 2_000
    room.hear(1, psdu)
    send(room, b"two")
    assert received(room) == [b"one", b"two"]
