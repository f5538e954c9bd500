import asyncio
from random import Random

from lowpan.aio.scan import Scan, ScanPlan
from lowpan.capture.session import decode
from lowpan.radio import (
    Happening,
    RadioCapability,
    TransmitOutcome,
    TransmitStatus,
    open_radio,
)
from tests.cli.commands import CAPTURES
from tests.peers.air import ALL, AirRadio
from tests.peers.networks import THREAD_BEACON, answers, heard

QUICK = 0.01


def scan(radio: AirRadio, *channels: int, passive: bool = False) -> Scan:
    return Scan(radio, ScanPlan(channels, seconds=QUICK, passive=passive), Random(1))


async def test_each_channel_is_tuned_asked_and_heard() -> None:
    radio = AirRadio(answers)
    begun: list[int] = []
    scanned = scan(radio, 15, 16, 20, 25)
    await scanned.run(begun.append)
    assert begun == [15, 16, 20, 25]
    assert [channel for channel, _ in radio.on_air] == [15, 15, 16, 16, 20, 20, 25, 25]
    assert [each.pan_id for each in scanned.networks.found] == [0xFACE, 0x1AAA, 0x2BBB]
    assert [each.channel for each in scanned.networks.found] == [15, 20, 25]
    assert all(parameters.csma for parameters in radio.parameters)


async def test_sequence_numbers_differ_and_the_sender_is_one_local_station() -> None:
    radio = AirRadio()
    await scan(radio, 15, 16).run()
    numbers = [psdu[2] for _, psdu in radio.on_air]
    assert len(set(numbers)) == 4
    senders = {decode(psdu).extended_source for _, psdu in radio.on_air[1::2]}
    (sender,) = senders
    assert sender is not None
    assert sender[0] & 3 == 2
    assert radio.settings.extended_address == sender


async def test_passive_scans_hear_and_send_nothing() -> None:
    radio = AirRadio()
    radio.hear(heard(THREAD_BEACON, -70))
    scanned = scan(radio, 15, passive=True)
    await scanned.run()
    assert radio.on_air == []
    assert [each.pan_id for each in scanned.networks.found] == [0xFACE]


async def test_a_busy_channel_is_counted_and_notices_are_no_frames() -> None:
    radio = AirRadio()
    busy = TransmitOutcome(status=TransmitStatus.CHANNEL_ACCESS_FAILURE)
    radio.outcomes = [busy, busy]
    radio.happen(Happening.SAID, "hello")
    scanned = scan(radio, 15, 16)
    await scanned.run()
    assert (scanned.unsent, scanned.networks.frames) == (2, 0)


async def test_the_end_of_a_replay_ends_the_scan() -> None:
    capture = CAPTURES / "openthread" / "v-discovery-announce.pcap"
    async with await open_radio(f"replay:{capture}?speed=max") as radio:
        scanned = Scan(radio, ScanPlan((15, 16), seconds=60, passive=True), Random(1))
        async with asyncio.timeout(5):
            await scanned.run()
    assert [each.name for each in scanned.networks.found] == ["ieee6-lab"]


async def test_a_radio_without_promiscuous_mode_is_given_the_address_that_is_answered() -> None:
    radio = AirRadio(answers, capabilities=ALL & ~RadioCapability.PROMISCUOUS)
    scanned = scan(radio, 15)
    await scanned.run()
    assert not radio.settings.promiscuous
    assert len(scanned.networks.found) == 1
