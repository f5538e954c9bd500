"""A radio that does CSMA-CA, acknowledgments and repetitions by itself, moment by moment."""

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from lowpan.mac.acknowledging import secured_ack
from lowpan.mac.timing import O_QPSK_2450
from lowpan.radio import (
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.sim.addressing import destination_of, pan_id_of
from lowpan.sim.medium import Medium, MediumSettings
from lowpan.sim.schedule import Schedule
from lowpan.sim.transceiver import Transceiver
from lowpan.wire.ieee802154 import FRAME, Frame

if TYPE_CHECKING:
    from lowpan.sim.sim_radio import Transmission

ASKING = bytes.fromhex("61880 7efbe01000000 48454c4c4f".replace(" ", ""))
"""To 0x0001 of PAN 0xbeef from 0x0000, 14 octets."""
AIR = 192 + 32 * (len(ASKING) + 2)
ACK_AIR, TURNAROUND, CCA, SIFS = 352, 192, 128, 192
AT_ONCE = TransmitParameters(csma=False)


class Bench:
    """Transceivers that hear each other, with short addresses 0, 1, 2 .."""

    def __init__(self, count: int = 2, settings: MediumSettings | None = None) -> None:
        self.schedule = Schedule()
        self.medium = Medium(self.schedule, Random(1), settings)
        self.outcomes: list[tuple[int, TransmitOutcome]] = []
        self.on_air: list[Transmission] = []
        self.medium.on_air = self.on_air.append
        self.radios = [self.add(number) for number in range(count)]
        self.heard: list[list[ReceivedFrame]] = [[] for _ in self.radios]
        for radio, heard in zip(self.radios, self.heard, strict=True):
            radio.received = heard.append

    def add(self, number: int) -> Transceiver:
        radio = self.medium.add(Transceiver(self.medium, number, 0.0, Random(number)))
        radio.configure(RadioSettings(promiscuous=False, pan_id=0xBEEF, short_address=number))
        radio.transmitted = self.note
        for other in self.medium.radios[:-1]:
            self.medium.connect(radio, other, -60)
        return radio

    def note(self, outcome: TransmitOutcome) -> None:
        self.outcomes.append((self.schedule.now, outcome))

    def send(self, psdu: bytes = ASKING, parameters: TransmitParameters = AT_ONCE) -> None:
        self.radios[0].transmit(psdu, parameters)
        self.schedule.run_for(1_000_000)

    @property
    def status(self) -> TransmitStatus:
        ((_, outcome),) = self.outcomes
        return outcome.status


def test_an_acknowledged_frame_takes_what_the_standard_says() -> None:
    bench = Bench()
    bench.send()
    ((moment, outcome),) = bench.outcomes
    assert moment == TURNAROUND + AIR + TURNAROUND + ACK_AIR
    assert (outcome.status, outcome.transmissions) == (TransmitStatus.SUCCESS, 1)
    assert outcome.ack is not None
    assert outcome.ack.psdu == bytes.fromhex("020007")
    assert [frame.psdu for frame in bench.heard[1]] == [ASKING]
    assert bench.heard[0] == []


def test_the_next_frame_begins_a_space_after_the_acknowledgment() -> None:
    bench = Bench()
    bench.radios[0].transmitted = lambda outcome: None
    bench.radios[0].transmit(ASKING, AT_ONCE)
    bench.schedule.run_until(TURNAROUND + AIR + TURNAROUND + ACK_AIR)
    ended = bench.schedule.now
    starts = set[int]()
    for _ in range(100):
        bench.radios[0].transmit(ASKING, TransmitParameters())
        bench.schedule.run_for(100_000)
        starts.add(bench.on_air[-2].start - ended)
        bench.radios[0].transmit(ASKING, AT_ONCE)
        bench.schedule.run_for(TURNAROUND + AIR + TURNAROUND + ACK_AIR)
        ended = bench.schedule.now
    assert starts == {SIFS + 320 * wait + CCA + TURNAROUND for wait in range(8)}


def test_what_nobody_acknowledges_is_repeated_as_often_as_it_may() -> None:
    bench = Bench()
    bench.radios[1].switch(on=False)
    bench.send(parameters=TransmitParameters(csma=False, max_frame_retries=2))
    ((moment, outcome),) = bench.outcomes
    assert (outcome.status, outcome.transmissions) == (TransmitStatus.NO_ACK, 3)
    assert moment == 3 * (TURNAROUND + AIR + O_QPSK_2450.ack_wait)
    assert len(bench.on_air) == 3


def test_a_channel_that_stays_busy_is_given_up() -> None:
    bench = Bench()
    long = bytes.fromhex("41880 1efbeffff0100".replace(" ", "")) + bytes(110)
    for start in range(0, 100_000, 2_000):
        bench.schedule.at(start, bench.radios[1].transmit, long, AT_ONCE)
    bench.schedule.run_for(5_000)
    begin = len(bench.on_air)
    bench.radios[0].transmit(ASKING, TransmitParameters(max_csma_backoffs=4))
    bench.schedule.run_until(90_000)
    ends = [outcome for _, outcome in bench.outcomes if outcome.transmissions == 0]
    assert [end.status for end in ends] == [TransmitStatus.CHANNEL_ACCESS_FAILURE]
    assert len(bench.on_air) > begin


@pytest.mark.parametrize(
    "psdu",
    [
        "618807aaaa010000004845",  # of another PAN
        "618807efbeffff00004845",  # to everybody, whatever it asks
    ],
)
def test_what_is_for_others_is_not_acknowledged(psdu: str) -> None:
    bench = Bench()
    bench.send(bytes.fromhex(psdu), TransmitParameters(csma=False, max_frame_retries=0))
    assert bench.status is TransmitStatus.NO_ACK


def test_a_promiscuous_radio_gives_all_and_acknowledges_nothing() -> None:
    bench = Bench(3)
    bench.radios[1].configure(replace(bench.radios[1].settings, promiscuous=True))
    bench.send(parameters=TransmitParameters(csma=False, max_frame_retries=0))
    assert bench.status is TransmitStatus.NO_ACK
    assert [len(heard) for heard in bench.heard] == [0, 1, 0]


def test_an_acknowledgment_of_another_frame_is_not_taken() -> None:
    bench = Bench()
    bench.radios[1].switch(on=False)
    stranger = bench.add(7)
    end = TURNAROUND + AIR
    bench.schedule.at(end, stranger.acknowledge, bytes.fromhex("020008"))
    bench.send(parameters=TransmitParameters(csma=False, max_frame_retries=0))
    assert bench.status is TransmitStatus.NO_ACK


@pytest.mark.parametrize(
    ("settings", "pending"),
    [
        (RadioSettings(), False),
        (RadioSettings(ack_pending=True), True),
        (RadioSettings(source_match=frozenset({b"\0\0"})), True),
        (RadioSettings(source_match=frozenset({b"\0\x05"}), ack_pending=True), False),
    ],
)
def test_acknowledgments_of_polls_say_whether_frames_wait(
    settings: RadioSettings, pending: bool
) -> None:
    bench = Bench()
    bench.radios[1].configure(replace(settings, promiscuous=False, pan_id=0xBEEF, short_address=1))
    bench.send(bytes.fromhex("638807efbe0100000004"))
    ack = bench.outcomes[0][1].ack
    assert ack is not None
    assert ack.psdu == (b"\x12" if pending else b"\x02") + b"\0\x07"
    assert bench.heard[1][0].acked_with_pending is pending


def test_frames_of_version_2_get_enhanced_acknowledgments() -> None:
    bench = Bench()
    bench.send(bytes.fromhex("61a807efbe010000004845"))
    ack = bench.outcomes[0][1].ack
    assert ack is not None
    assert FRAME.decode(ack.psdu).destination == b"\0\0"


def test_secured_frames_of_version_2_are_acknowledged_by_who_has_keys() -> None:
    psdu = bytes.fromhex("69a807efbe01000000" + "0d" + "05000000" + "01" + "4845" + "00000000")
    for is_made in (False, True):
        bench = Bench()

        def make(frame: Frame, psdu: bytes, is_made: bool = is_made) -> bytes | None:
            ack = secured_ack(frame, frame_pending=False)
            assert ack is not None
            assert ack.security is not None
            ack.control = replace(ack.control, security_enabled=True)
            ack.security.frame_counter = 9
            ack.mic = bytes(4)
            return FRAME.encode(ack) if is_made else None

        bench.radios[1].acknowledge_secured = make
        bench.send(psdu, TransmitParameters(csma=False, max_frame_retries=0))
        wanted = TransmitStatus.SUCCESS if is_made else TransmitStatus.NO_ACK
        assert bench.status is wanted


def test_who_is_switched_off_tells_so() -> None:
    bench = Bench()
    bench.radios[0].switch(on=False)
    bench.send(parameters=TransmitParameters())
    assert bench.status is TransmitStatus.ABORTED


def test_who_is_reset_tells_nothing_and_can_begin_anew() -> None:
    for moment in (10, 1_000, 1_400, 3_000):
        bench = Bench()
        radio = bench.radios[0]
        radio.transmit(ASKING, TransmitParameters())
        bench.schedule.run_for(moment)
        radio.reset()
        bench.schedule.run_for(100_000)
        assert bench.outcomes == []
        radio.switch(on=True)
        radio.transmitted = bench.note
        bench.send()
        assert bench.status is TransmitStatus.SUCCESS


@pytest.mark.parametrize(
    ("psdu", "pan_id", "destination"),
    [
        ("618807efbe010000004845", "efbe", "0001"),
        ("41c807efbe01000a0b0c0d0e0f1011", "efbe", "0001"),
        ("41ac07efbe0102030405060708", "efbe", "0807060504030201"),
        ("41ec070102030405060708", None, "0807060504030201"),  # two extended, compressed
        ("412807010200", None, None),  # too short to say
        ("41280701020000", None, "0201"),  # no source: no PAN ID either
        ("41a9efbe01000000", "efbe", "0001"),  # without a sequence number
        ("0280070102030405", None, None),
    ],
)
def test_destinations_are_read_off_frames_of_all_versions(
    psdu: str, pan_id: str | None, destination: str | None
) -> None:
    octets = bytes.fromhex(psdu)
    assert destination_of(octets) == (None if destination is None else bytes.fromhex(destination))
    assert pan_id_of(octets) == (None if pan_id is None else bytes.fromhex(pan_id))
