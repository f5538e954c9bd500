"""Scapy's own tools over our radios: sniff, send, sr1, answering machines."""

import gc
import random
import select
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from scapy.ansmachine import AnsweringMachine
from scapy.config import conf
from scapy.layers.dot15d4 import Dot15d4, Dot15d4Ack, Dot15d4Cmd, Dot15d4Data, Dot15d4FCS
from scapy.packet import Packet, Raw
from scapy.sendrecv import sendp, sndrcv, sniff
from scapy.utils import rdpcap

from lowpan import RadioError
from lowpan.radio import (
    Fcs,
    RadioSettings,
    ReceivedFrame,
    TransmitStatus,
)
from lowpan.scapy import RadioEnded, RadioSocket
from lowpan.wire.fcs import append_fcs16
from tests.peers.given import GivenRadio, Open, opening

CAPTURE = Path(__file__).parent / "captures" / "linux" / "ext-2-ping-small.pcap"
PATIENCE = 10.0

PAN, A, B = 0xABCD, 0x000A, 0x000B


@pytest.fixture(autouse=True)
def _protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "dot15d4_protocol", "sixlowpan")


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def free_ports(count: int) -> list[int]:
    """Return UDP ports that nobody has."""
    held = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@pytest.fixture
def air() -> Iterator[tuple[RadioSocket, RadioSocket]]:
    """Yield two radios that hear each other; the second one acknowledges."""
    one, other = free_ports(2)
    uri = "zep://127.0.0.1:{}?bind=127.0.0.1:{}"
    answering = RadioSettings(promiscuous=False, pan_id=PAN, short_address=B)
    with (
        RadioSocket(uri.format(other, one), RadioSettings()) as alice,
        RadioSocket(uri.format(one, other), answering) as bob,
    ):
        yield alice, bob


def data(number: int = 1, *, ack: bool = False, load: bytes = b"\x3fhello") -> Packet:
    return (
        Dot15d4(
            fcf_frametype=1,
            fcf_srcaddrmode=2,
            fcf_destaddrmode=2,
            fcf_panidcompress=1,
            fcf_ackreq=int(ack),
            seqnum=number,
        )
        / Dot15d4Data(dest_panid=PAN, dest_addr=B, src_addr=A)
        / Raw(load)
    )


def readable(radio: RadioSocket, seconds: float = 0) -> bool:
    return bool(select.select([radio], [], [], seconds)[0])


# Hearing


def test_sniff_returns_a_capture_that_is_replayed_and_ends_with_it() -> None:
    wanted = [packet.original[:-2] for packet in rdpcap(str(CAPTURE))]  # with FCS
    with RadioSocket(f"replay:{CAPTURE}?speed=max&times=file") as radio:
        heard = sniff(opened_socket=radio)
    assert [bytes(packet) for packet in heard] == wanted
    assert all(type(packet) is Dot15d4 for packet in heard)
    times = [float(packet.time) for packet in rdpcap(str(CAPTURE))]
    assert [packet.time for packet in heard] == pytest.approx(times, abs=1e-6)
    assert heard[0].received.psdu == wanted[0]


def test_sniff_may_want_the_fcs() -> None:
    with RadioSocket(f"replay:{CAPTURE}?speed=max", with_fcs=True) as radio:
        (packet,) = sniff(opened_socket=radio, count=1)
    assert isinstance(packet, Dot15d4FCS)
    assert bytes(packet) == append_fcs16(packet.received.psdu)


def test_recv_says_that_a_replay_has_ended() -> None:
    with RadioSocket(f"replay:{CAPTURE}?speed=max") as radio:
        count = len(rdpcap(str(CAPTURE)))
        assert len([radio.recv() for _ in range(count)]) == count
        with pytest.raises(RadioEnded, match="replay:"):
            radio.recv()
        assert readable(radio, PATIENCE)


# Both ways


def test_a_packet_is_sent_and_heard(air: tuple[RadioSocket, RadioSocket]) -> None:
    alice, bob = air
    assert not readable(bob)
    packet = data()
    assert alice.send(packet) == len(packet)
    assert packet.sent_time
    assert alice.outcome is not None
    assert alice.outcome.status is TransmitStatus.SUCCESS
    assert readable(bob, PATIENCE)
    heard = bob.recv()
    assert heard is not None
    assert bytes(heard) == bytes(packet)
    assert heard[Dot15d4Data].src_addr == A
    assert not readable(bob)


def test_the_fcs_of_a_packet_is_left_to_the_radio(air: tuple[RadioSocket, RadioSocket]) -> None:
    alice, bob = air
    packet = data()
    assert alice.send(Dot15d4FCS(append_fcs16(bytes(packet)))) == len(packet)
    assert bytes(bob.recv() or b"") == bytes(packet)
    assert alice.send(bytes(packet)) == len(packet)
    assert bytes(bob.recv() or b"") == bytes(packet)


def test_sendp_sends_through_the_socket(air: tuple[RadioSocket, RadioSocket]) -> None:
    alice, bob = air
    sendp([data(number) for number in range(5)], socket=alice, verbose=False)
    heard = sniff(opened_socket=bob, count=5, timeout=PATIENCE)
    assert [packet.seqnum for packet in heard] == list(range(5))


@pytest.mark.parametrize("threaded", [True, False])
def test_a_request_finds_its_acknowledgement(
    air: tuple[RadioSocket, RadioSocket], threaded: bool
) -> None:
    alice, bob = air
    request = data(77, ack=True)
    answer = alice.sr1(request, timeout=PATIENCE, verbose=False, threaded=threaded)
    assert answer is not None
    assert (answer[Dot15d4].fcf_frametype, answer.seqnum) == (2, 77)
    assert Dot15d4Ack not in bob.recv()  # type: ignore[operator]
    assert not readable(alice)  # it came once, although the radio told of it twice


def test_several_requests_find_their_acknowledgements(
    air: tuple[RadioSocket, RadioSocket],
) -> None:
    alice, _ = air
    requests = [data(number, ack=True) for number in range(5)]
    answered, unanswered = sndrcv(alice, requests, timeout=PATIENCE, verbose=False)
    assert [answer.seqnum for _, answer in answered] == list(range(5))
    assert not unanswered


class Beaconing(AnsweringMachine[Packet]):
    """Answers beacon requests."""

    function_name = "beaconing"
    send_function = staticmethod(sendp)

    def is_request(self, req: Packet) -> int:
        return int(Dot15d4Cmd in req and req[Dot15d4Cmd].cmd_id == 7)

    def make_reply(self, req: Packet) -> Packet:
        return data(req.seqnum)


def test_an_answering_machine_answers() -> None:
    one, other = free_ports(2)
    uri = "zep://127.0.0.1:{}?bind=127.0.0.1:{}"
    request = Dot15d4(fcf_frametype=3, fcf_destaddrmode=2, seqnum=9) / Dot15d4Cmd(
        dest_panid=0xFFFF, dest_addr=0xFFFF, cmd_id=7
    )
    with (
        RadioSocket(uri.format(other, one)) as alice,
        RadioSocket(uri.format(one, other)) as bob,
    ):
        machine = Beaconing(opened_socket=bob, socket=bob, verbose=False)
        sniffer = machine.bg()
        alice.send(request)
        (answer,) = sniff(opened_socket=alice, count=1, timeout=PATIENCE)
        assert bytes(answer) == bytes(data(9))
        sniffer.stop()


def test_it_is_tuned(air: tuple[RadioSocket, RadioSocket]) -> None:
    alice, bob = air
    alice.configure(RadioSettings(channel=20))
    alice.send(data(1))
    alice.configure(RadioSettings(channel=11))
    alice.send(data(2))
    assert (bob.recv() or data()).seqnum == 2
    with pytest.raises(RadioError, match="no channel 99"):
        alice.configure(RadioSettings(channel=99))


# What radios may do


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Return what lets the next socket open a certain radio."""
    return lambda radio: monkeypatch.setattr("lowpan.radio.threaded.open_radio", opening(radio))


PSDU = bytes(data())


def test_frames_with_a_bad_fcs_are_left_out_unless_their_fcs_can_be_shown(opens: Open) -> None:
    for with_fcs, wanted in [(False, [True, True]), (True, [True, True, False])]:
        radio = GivenRadio()
        radio.hears(
            ReceivedFrame(PSDU, Fcs.ABSENT),
            ReceivedFrame(PSDU, Fcs.GOOD),
            ReceivedFrame(PSDU, Fcs.BAD),
            ReceivedFrame(PSDU, Fcs.BAD, b"\x12\x34"),
            ReceivedFrame(b"", Fcs.ABSENT),
        )
        radio.fault = RadioEnded("given: ended")
        opens(radio)
        with RadioSocket("given:", with_fcs=with_fcs) as wireless:
            heard = sniff(opened_socket=wireless)
        heard = [packet for packet in heard if packet.received.psdu]
        octets = {bytes(packet)[: len(PSDU)] for packet in heard}
        assert octets == {PSDU}
        assert [packet.received.fcs is not Fcs.BAD for packet in heard] == wanted


def test_what_ends_the_radio_is_raised_in_recv(opens: Open) -> None:
    radio = GivenRadio()
    radio.hears(ReceivedFrame(PSDU, Fcs.GOOD))
    radio.fault = RadioError("given: the radio burns", "put it out")
    opens(radio)
    with RadioSocket("given:") as wireless:
        assert wireless.recv() is not None
        for _ in range(2):
            with pytest.raises(RadioError, match="burns"):
                wireless.recv()


def test_notices_are_not_taken_for_frames(opens: Open) -> None:
    radio = GivenRadio()
    radio.says("ready")
    radio.hears(ReceivedFrame(PSDU, Fcs.GOOD))
    radio.fault = RadioEnded("given: ended")
    opens(radio)
    with RadioSocket("given:") as wireless:
        assert len(sniff(opened_socket=wireless)) == 1


def test_whatever_is_heard_scapy_shows_something(opens: Open) -> None:
    radio, noise = GivenRadio(), random.Random(802154)
    psdus = [noise.randbytes(noise.randrange(1, 127)) for _ in range(200)]
    psdus += [PSDU[:at] + noise.randbytes(1) + PSDU[at + 1 :] for at in range(len(PSDU))]
    psdus += [PSDU[:end] for end in range(1, len(PSDU))]
    radio.hears(*(ReceivedFrame(psdu, Fcs.ABSENT) for psdu in psdus))
    opens(radio)
    with RadioSocket("given:") as wireless:
        heard = [wireless.recv() for _ in psdus]
    assert [packet.original for packet in heard if packet is not None] == psdus


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (TransmitStatus.NO_ACK, len(PSDU)),
        (TransmitStatus.CHANNEL_ACCESS_FAILURE, 0),
        (TransmitStatus.ABORTED, 0),
    ],
)
def test_what_was_not_on_air_was_not_sent(opens: Open, status: TransmitStatus, sent: int) -> None:
    opens(GivenRadio(status))
    with RadioSocket("given:") as wireless:
        assert wireless.send(data()) == sent
        assert wireless.outcome is not None
        assert wireless.outcome.status is status


# Opening and closing


@pytest.mark.parametrize("uri", ["replay:/nowhere/at/all.pcap", "nosuch:radio"])
def test_a_radio_that_cannot_be_opened_leaves_nothing(uri: str) -> None:
    descriptors = open_descriptors()
    with pytest.raises(RadioError) as caught:
        RadioSocket(uri)
    assert caught.value.cure
    del caught
    gc.collect()
    assert open_descriptors() == descriptors


def test_closing_ends_a_recv_that_waits_and_leaves_nothing(opens: Open) -> None:
    descriptors = open_descriptors()
    opens(GivenRadio())
    wireless = RadioSocket("given:")
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(wireless.recv)
        wireless.close()
        with pytest.raises(RadioEnded):
            waiting.result(PATIENCE)
    wireless.close()  # harmless
    assert wireless.fileno() == -1
    with pytest.raises(RadioEnded):
        wireless.recv()
    with pytest.raises(RadioError, match="closed"):
        wireless.send(data())
    assert open_descriptors() == descriptors


def test_a_forgotten_socket_closes_its_radio(opens: Open) -> None:
    opens(GivenRadio())
    threads = threading.active_count()
    wireless = RadioSocket("given:")
    assert threading.active_count() == threads + 1
    del wireless
    gc.collect()
    assert threading.active_count() == threads


def open_descriptors() -> int:
    """Return how many descriptors this process has; 0 where the system does not tell."""
    path = Path("/proc/self/fd")
    return len(list(path.iterdir())) if path.is_dir() else 0
