"""What all drivers share, without any line or firmware."""

import asyncio
from dataclasses import replace

import pytest

from lowpan.errors import FieldOutOfRange, RadioClosed, RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    RadioCapability,
    RadioNotice,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan_radios import base
from lowpan_radios.base import BaseRadio

FRAME = ReceivedFrame(b"\x02\x00\x07", Fcs.GOOD)


class Bare(BaseRadio):
    """Does what it is told, one thing at a time."""

    def __init__(self, capabilities: RadioCapability = RadioCapability.TRANSMIT) -> None:
        super().__init__("bare:", "nothing", capabilities)
        self.go_on = asyncio.Event()
        self.status = TransmitStatus.SUCCESS
        self.busy = 0

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        if settings.channel == 13:
            raise RadioError("bare: unlucky", "take another")
        return replace(settings, transmit_power=3)

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        self.busy += 1
        assert self.busy == 1
        await self.go_on.wait()
        self.busy -= 1
        return TransmitOutcome(status=self.status)

    def hear(self, frame: ReceivedFrame = FRAME) -> None:
        self._deliver(frame)

    def notice(self, happening: Happening) -> None:
        self._notice(happening, "")


async def test_events_come_in_their_order_and_receive_leaves_notices_out() -> None:
    radio = Bare()
    radio.notice(Happening.RESET)
    radio.hear()
    event = await radio.next_event()
    assert isinstance(event, RadioNotice)
    assert await radio.next_event() == FRAME
    radio.notice(Happening.LOST)
    radio.hear(replace(FRAME, fcs=Fcs.BAD))
    assert (await radio.receive()).fcs is Fcs.BAD
    counted = radio.statistics
    assert (counted.frames, counted.bad_fcs, counted.resets, counted.losses) == (2, 1, 1, 1)


async def test_times_never_go_back_though_the_clock_of_the_host_does() -> None:
    radio = Bare()
    for time_ns in (5, 3, None, 4, 6):
        radio.hear(replace(FRAME, time_ns=time_ns))
    assert [(await radio.receive()).time_ns for _ in range(5)] == [5, 5, None, 5, 6]


async def test_settings_are_told_to_the_end_though_their_caller_is_cancelled() -> None:
    radio = Bare()
    sending = asyncio.create_task(radio.transmit(bytes(5)))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await radio.configure(RadioSettings(channel=12, promiscuous=False))
    radio.go_on.set()
    await sending
    await asyncio.sleep(0)
    assert radio.settings.channel == 12


async def test_whoever_waited_longest_is_served_first() -> None:
    radio, served = Bare(), list[int]()

    async def wait(number: int) -> None:
        await radio.receive()
        served.append(number)

    waiting = [asyncio.create_task(wait(number)) for number in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    for _ in range(2):
        radio.hear()
    await asyncio.wait(waiting)
    assert served == [1, 2]


async def test_a_frame_that_woke_a_cancelled_one_goes_to_the_next() -> None:
    radio = Bare()
    first, second = (asyncio.create_task(radio.receive()) for _ in range(2))
    await asyncio.sleep(0)
    radio.hear()  # wakes the first, which is cancelled before it can take it
    first.cancel()
    async with asyncio.timeout(1):
        assert await second == FRAME
    assert first.cancelled()


async def test_who_fetches_nothing_loses_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MOST_WAITING", 3)
    radio = Bare()
    for lqi in range(5):
        radio.hear(replace(FRAME, lqi=lqi))
    assert [(await radio.receive()).lqi for _ in range(3)] == [2, 3, 4]
    assert radio.statistics.overflowed == 2


async def test_settings_hold_as_they_were_read_back_or_as_they_were() -> None:
    radio = Bare(RadioCapability.PROMISCUOUS)
    await radio.configure(RadioSettings(channel=12))
    assert radio.settings == RadioSettings(channel=12, transmit_power=3)
    for channel in (13, 27, 10):
        with pytest.raises(RadioError):
            await radio.configure(RadioSettings(channel=channel))
    assert radio.settings.channel == 12
    with pytest.raises(RadioError, match="no promiscuous mode"):
        await Bare().configure(RadioSettings(promiscuous=True))


async def test_transmissions_wait_for_each_other_and_are_counted() -> None:
    radio = Bare()
    sending = [asyncio.create_task(radio.transmit(bytes(5))) for _ in range(3)]
    await asyncio.sleep(0)
    radio.go_on.set()
    outcomes = await asyncio.gather(*sending)
    assert radio.statistics.transmitted == 3
    assert all(outcome.duration_us is not None and outcome.time_ns for outcome in outcomes)
    radio.status = TransmitStatus.CHANNEL_ACCESS_FAILURE
    await radio.transmit(bytes(5))
    assert radio.statistics.transmitted == 3  # that one was never on air


@pytest.mark.parametrize("length", [0, 2, 126])
async def test_lengths_that_no_frame_has_are_the_callers_fault(length: int) -> None:
    with pytest.raises(FieldOutOfRange, match=f"{length} octets"):
        await Bare().transmit(bytes(length))


async def test_who_waits_for_another_transmission_is_told_of_the_closing() -> None:
    radio = Bare()
    first, second = (asyncio.create_task(radio.transmit(bytes(5))) for _ in range(2))
    await asyncio.sleep(0)
    tuning = asyncio.create_task(radio.configure(replace(radio.settings, promiscuous=False)))
    await asyncio.sleep(0)
    await radio.close()
    radio.go_on.set()
    assert (await first).status is TransmitStatus.SUCCESS
    for late in (second, tuning):
        with pytest.raises(RadioClosed):
            await late


async def test_after_closing_nothing_more_is_heard() -> None:
    radio = Bare()
    radio.hear()
    await radio.close()
    radio.hear()
    assert await radio.receive() == FRAME
    with pytest.raises(RadioClosed):
        await radio.receive()
