"""Radios in a medium: who hears what, and when; times are those of 250 kbit/s O-QPSK."""

from random import Random

import pytest

from lowpan.mac.timing import O_QPSK_2450
from lowpan.radio import (
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.sim.addressing import destination_of
from lowpan.sim.medium import Fate, Medium, MediumSettings
from lowpan.sim.propagation import PathLoss, o_qpsk
from lowpan.sim.schedule import Schedule
from lowpan.sim.sim_radio import SimRadio

BROADCAST = bytes.fromhex("41880 1efbeffff0100".replace(" ", "")) + bytes(21)
"""30 octets: on air for 192 + 32 * 32 = 1216 microseconds."""
ACK = bytes.fromhex("020001")

CCA, TURNAROUND, AIR = 128, 192, 1216


class Bench:
    """Some radios without links, and what each of them tells."""

    def __init__(self, count: int, settings: MediumSettings | None = None) -> None:
        self.schedule = Schedule()
        self.medium = Medium(self.schedule, Random(1), settings)
        self.heard: list[list[tuple[int, ReceivedFrame]]] = []
        self.outcomes: list[list[tuple[int, TransmitStatus]]] = []
        for _ in range(count):
            self.add(self.medium.add_radio())

    def add(self, radio: SimRadio) -> SimRadio:
        heard = list[tuple[int, ReceivedFrame]]()
        outcomes = list[tuple[int, TransmitStatus]]()

        def received(frame: ReceivedFrame) -> None:
            heard.append((self.schedule.now, frame))

        def transmitted(outcome: TransmitOutcome) -> None:
            outcomes.append((self.schedule.now, outcome.status))

        radio.received, radio.transmitted = received, transmitted
        self.heard.append(heard)
        self.outcomes.append(outcomes)
        return radio

    def link(self, one: int, other: int, rssi: float, *, loss: float = 0.0) -> None:
        self.medium.connect(self.medium.radios[one], self.medium.radios[other], rssi, loss=loss)

    def send(self, number: int, at: int, psdu: bytes = BROADCAST, *, csma: bool = False) -> None:
        parameters = TransmitParameters(csma=csma, max_csma_backoffs=0)
        self.schedule.at(at, self.medium.radios[number].transmit, psdu, parameters)

    def count(self, number: int) -> int:
        return len(self.heard[number])


def test_a_frame_arrives_when_its_last_octet_does() -> None:
    bench = Bench(2)
    bench.link(0, 1, -50.4)
    bench.send(0, 1000, csma=True)
    bench.schedule.run_until(10_000)
    end = 1000 + CCA + TURNAROUND + AIR
    ((time, frame),) = bench.heard[1]
    assert (time, frame.psdu, frame.rssi, frame.lqi) == (end, BROADCAST, -50.0, 196)
    assert frame.radio_time_us == end - AIR + 192
    assert bench.outcomes[0] == [(end, TransmitStatus.SUCCESS)]
    assert bench.heard[0] == []


def test_nobody_hears_without_a_link_or_on_another_channel() -> None:
    bench = Bench(4)
    bench.link(0, 1, -50)
    bench.link(0, 3, -50)
    bench.medium.radios[1].configure(RadioSettings(channel=12))
    bench.medium.disconnect(bench.medium.radios[0], bench.medium.radios[3])
    bench.send(0, 0)
    bench.schedule.run_until(10_000)
    assert [bench.count(number) for number in range(4)] == [0, 0, 0, 0]
    assert bench.medium.fates == {Fate.NOT_LISTENING: 1}


@pytest.mark.parametrize(
    ("second_at", "status"),
    [
        (TURNAROUND - CCA, TransmitStatus.SUCCESS),  # assessed until the first begins
        (TURNAROUND - CCA + 1, TransmitStatus.CHANNEL_ACCESS_FAILURE),
        (TURNAROUND + AIR - 1, TransmitStatus.CHANNEL_ACCESS_FAILURE),
        (TURNAROUND + AIR, TransmitStatus.SUCCESS),
    ],
)
def test_the_channel_is_busy_while_a_signal_overlaps_with_its_assessment(
    second_at: int, status: TransmitStatus
) -> None:
    bench = Bench(2)
    bench.link(0, 1, -60)
    bench.send(0, 0)
    bench.send(1, second_at, csma=True)
    bench.schedule.run_until(10_000)
    assert [outcome for _, outcome in bench.outcomes[1]] == [status]


def test_a_faint_signal_does_not_make_the_channel_busy() -> None:
    bench = Bench(2)
    bench.link(0, 1, -86)
    bench.send(0, 0)
    bench.send(1, 500, csma=True)
    bench.schedule.run_until(10_000)
    assert bench.outcomes[1][0][1] is TransmitStatus.SUCCESS


def test_who_sends_hears_nothing() -> None:
    bench = Bench(2)
    bench.link(0, 1, -60)
    bench.send(0, 0)
    bench.send(1, 1000)
    bench.schedule.run_until(10_000)
    assert (bench.count(0), bench.count(1)) == (0, 0)
    assert bench.medium.fates == {Fate.NOT_LISTENING: 2}


@pytest.mark.parametrize(
    ("level", "second_at", "heard"),
    [
        (-60, 600, 0),  # as loud: neither is understood
        (-70, 600, 1),  # far louder than what comes later
        (-50, 600, 0),  # what is louder comes while the receiver is busy, and disturbs it
        (-50, 100, 1),  # it comes before the receiver has found the first
        (-60, AIR, 2),  # one after the other
    ],
)
def test_frames_at_once_are_told_apart_by_level_and_time(
    level: float, second_at: int, heard: int
) -> None:
    bench = Bench(3)  # two that do not hear each other, and one between them
    bench.link(0, 1, -60)
    bench.link(2, 1, level)
    bench.send(0, 0)
    bench.send(2, second_at)
    bench.schedule.run_until(10_000)
    assert bench.count(1) == heard


def test_levels_of_disturbers_add_up() -> None:
    for disturbers, heard in ((1, 1), (20, 0)):
        bench = Bench(2 + disturbers)
        bench.link(0, 1, -60)
        bench.send(0, 0)
        for number in range(2, 2 + disturbers):
            bench.link(number, 1, -70)
            bench.send(number, 500)
        bench.schedule.run_until(10_000)
        assert bench.count(1) == heard


def test_other_channels_do_not_disturb() -> None:
    bench = Bench(3)
    bench.link(0, 1, -60)
    bench.link(2, 1, -60)
    bench.medium.radios[2].configure(RadioSettings(channel=12))
    bench.send(0, 0)
    bench.send(2, 300)
    bench.schedule.run_until(10_000)
    assert bench.count(1) == 1


def test_frames_for_others_are_left_out_unless_promiscuous() -> None:
    psdu = bytes.fromhex("61dc07efbe0300000000000002") + bytes(20)
    bench = Bench(4)
    own = bytes.fromhex("0200000000000003")
    for number, settings in enumerate(
        (
            RadioSettings(promiscuous=False, extended_address=own[::-1]),
            RadioSettings(promiscuous=False, extended_address=own),
            RadioSettings(promiscuous=True),
        ),
        start=1,
    ):
        bench.medium.radios[number].configure(settings)
        bench.link(0, number, -60)
    assert destination_of(psdu) == own
    bench.send(0, 0, psdu)
    bench.schedule.run_until(10_000)
    assert [bench.count(number) for number in (1, 2, 3)] == [0, 1, 1]


def test_an_acknowledgment_comes_a_turnaround_later_without_assessment() -> None:
    bench = Bench(2)
    bench.link(0, 1, -60)
    bench.send(0, 0)
    bench.schedule.at(TURNAROUND + AIR, bench.medium.radios[1].acknowledge, ACK)
    bench.schedule.run_until(10_000)
    ((time, frame),) = bench.heard[0]
    assert (time, frame.psdu) == (TURNAROUND + AIR + TURNAROUND + 352, ACK)


def test_while_it_acknowledges_its_own_channel_is_busy() -> None:
    bench = Bench(2)
    bench.link(0, 1, -60)
    bench.schedule.at(0, bench.medium.radios[1].acknowledge, ACK)
    bench.send(1, 10, csma=True)
    bench.schedule.run_until(10_000)
    assert bench.outcomes[1] == [(10 + CCA, TransmitStatus.CHANNEL_ACCESS_FAILURE)]


def test_who_is_off_neither_hears_nor_sends() -> None:
    bench = Bench(2)
    bench.link(0, 1, -60)
    bench.medium.radios[1].switch(on=False)
    bench.send(0, 0)
    bench.send(1, 0, csma=True)
    bench.schedule.at(5_000, lambda: bench.medium.radios[1].switch(on=True))
    bench.send(0, 4_800)  # it is on, but not from the beginning of the frame
    bench.send(0, 10_000)
    bench.schedule.run_until(20_000)
    assert [time for time, _ in bench.heard[1]] == [10_000 + TURNAROUND + AIR]
    assert bench.outcomes[1] == [(CCA, TransmitStatus.ABORTED)]


def test_a_lossy_link_loses_its_share_and_the_same_one_each_time() -> None:
    counts = list[int]()
    for _ in range(2):
        bench = Bench(2)
        bench.link(0, 1, -60, loss=0.2)
        for number in range(1000):
            bench.send(0, number * 2000)
        bench.schedule.run_until(3_000_000)
        counts.append(bench.count(1))
    assert counts[0] == counts[1]
    assert 760 < counts[0] < 840


def test_energy_is_the_loudest_there_was() -> None:
    bench = Bench(3)
    bench.link(0, 1, -60)
    bench.link(2, 1, -40)
    measured: list[tuple[int, float]] = []
    radio = bench.medium.radios[1]
    radio.energy_measured = lambda dbm: measured.append((bench.schedule.now, dbm))
    for begin in (0, 10_000, 20_000):
        bench.schedule.at(begin, radio.measure_energy, 11, 5_000)
    bench.send(0, 1_000)
    bench.send(0, 11_000)
    bench.send(2, 13_000)
    bench.schedule.run_until(30_000)
    assert measured == [(5_000, -60), (15_000, -40), (25_000, -99.0)]


def test_who_stands_near_is_heard_and_who_stands_far_is_not() -> None:
    bench = Bench(0, MediumSettings(path_loss=PathLoss(exponent=3.0)))
    for metres in (0, 10, 60, 1000):
        bench.add(bench.medium.add_radio((float(metres), 0.0)))
    bench.send(0, 0)
    bench.schedule.run_until(10_000)
    assert [bench.count(number) for number in range(4)] == [0, 1, 1, 0]
    assert [frame.rssi for _, frame in bench.heard[1]] == [-70.0]
    assert [frame.rssi for _, frame in bench.heard[2]] == [-93.0]


def test_links_do_not_depend_on_the_order_in_which_radios_come() -> None:
    places = [(Random(7).uniform(0, 300), float(number)) for number in range(300)]
    path_loss = PathLoss(shadowing=6.0, seed=3)

    def links(order: list[tuple[float, float]]) -> set[tuple[object, object, float]]:
        medium = Medium(Schedule(), Random(1), MediumSettings(path_loss=path_loss))
        radios = [medium.add_radio(place) for place in order]
        return {
            (radio.position, other.position, link.rssi)
            for radio in radios
            for other, link in radio.hears.items()
        }

    assert links(places) == links(places[::-1])


def test_the_delivery_ratio_rises_from_nothing_to_all_within_six_decibels() -> None:
    ratios = [o_qpsk(sinr, 20) for sinr in (-4, -3, -2, -1, 0, 1, 2)]
    assert ratios == sorted(ratios)
    assert ratios[0] < 0.01
    assert ratios[-1] > 0.999
    assert o_qpsk(5, 120) == 1
    assert o_qpsk(1, 20) > 0.99
    assert o_qpsk(0, 120) < o_qpsk(0, 20)


@pytest.mark.parametrize("psdu", ["", "02", "020001", "0500010203040506", "41b8010203040506"])
def test_frames_without_a_destination_at_its_usual_place_are_for_everybody(psdu: str) -> None:
    assert destination_of(bytes.fromhex(psdu)) is None


def test_air_time_is_the_standards() -> None:
    assert O_QPSK_2450.air_time(len(BROADCAST)) == AIR
