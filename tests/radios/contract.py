"""What every driver must do, whatever firmware is at its other end.

A driver's test file subclasses RadioContract, gives the fixture `counterpart`, and declares what
the driver is; what is not declared is asked for all the same, as a clear refusal.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from time import time_ns
from typing import Any, TypeVar

import pytest

from lowpan.errors import FieldOutOfRange, RadioClosed, RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    Radio,
    RadioCapability,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
    open_radio,
)
from tests.radios.contract_parts import (
    PATIENCE,
    data_frame,
    explained,
    frames_of,
    hear_all,
    heard_frame,
    lost_transmission,
    notice_of,
    open_descriptors,
    sent,
    until,
)
from tests.radios.counterpart import Counterpart

MANY = 10_000

SETTLING = 200
"""Good frames sent after something bad; the last of them must all arrive."""

Test = TypeVar("Test", bound=Callable[..., Any])


def asks(attribute: str) -> Callable[[Test], Test]:
    """Make a test one of those drivers only that say they have `attribute`."""

    def mark(test: Test) -> Test:
        vars(test)["asks"] = attribute
        return test

    return mark


class RadioContract:
    """The tests; a subclass says by these attributes what its driver is.

    Tests that ask for more than that are no tests of the subclass.
    """

    transmits = True
    """Its firmware sends: RadioCapability.TRANSMIT."""
    awaits_ack = True
    """Its outcome tells whether an acknowledgement came: RadioCapability.ACK_TIMEOUT."""
    measures_energy = False
    """RadioCapability.ENERGY."""
    tunes = True
    """It can be set to channels, and the counterpart knows to which."""
    exclusive = True
    """What it opens can be opened once only."""
    line = True
    """It reads a line of octets: there is garbage, and there are half messages."""
    unplugged = True
    """Its other end can go away and come back."""
    prepared = False
    """What it hears must be there before it is opened (a capture)."""
    tells_bad_fcs = True
    """Frames with a bad FCS come, and are told as such."""

    def __init_subclass__(cls) -> None:
        """Leave out what is asked of others."""
        for name in dir(cls):
            attribute = getattr(getattr(cls, name), "asks", None)
            if attribute is not None and not getattr(cls, attribute):
                setattr(cls, name, None)

    @pytest.fixture
    async def counterpart(self) -> AsyncIterator[Counterpart]:
        """Yield a counterpart that is ready to be opened, and end it."""
        raise NotImplementedError
        yield  # noqa: PT022  (shows a subclass its shape)

    async def open(self, uri: str) -> Radio:
        """Open the radio as a user does."""
        async with asyncio.timeout(PATIENCE):
            return await open_radio(uri)

    @asynccontextmanager
    async def hearing(
        self, counterpart: Counterpart, frames: list[ReceivedFrame]
    ) -> AsyncGenerator[Radio]:
        """Open the radio, and let it hear `frames` meanwhile."""
        if self.prepared:
            for frame in frames:
                await counterpart.hear(frame)
            async with await self.open(counterpart.uri) as radio:
                yield radio
            return
        async with await self.open(counterpart.uri) as radio:
            sending = asyncio.create_task(hear_all(counterpart, frames))
            try:
                yield radio
                await sending
            finally:
                sending.cancel()

    # What it says of itself

    async def test_it_is_what_it_declares(self, counterpart: Counterpart) -> None:
        async with await self.open(counterpart.uri) as radio:
            assert (RadioCapability.TRANSMIT in radio.capabilities) is self.transmits
            assert (RadioCapability.ENERGY in radio.capabilities) is self.measures_energy
            if self.transmits:
                assert (RadioCapability.ACK_TIMEOUT in radio.capabilities) is self.awaits_ack
            assert (RadioCapability.RSSI in radio.capabilities) is ("rssi" in counterpart.shows)
            assert (RadioCapability.LQI in radio.capabilities) is ("lqi" in counterpart.shows)
            assert ("fcs" in counterpart.shows) is self.tells_bad_fcs
            assert radio.uri == counterpart.uri
            assert radio.description

    # Hearing

    async def test_nothing_is_lost_and_the_order_kept_at_full_rate(
        self, counterpart: Counterpart
    ) -> None:
        frames = [heard_frame(number, 11) for number in range(MANY)]
        async with self.hearing(counterpart, frames) as radio:
            heard = await frames_of(radio, MANY)
            assert [frame.psdu for frame in heard] == [frame.psdu for frame in frames]
            times = [frame.time_ns or 0 for frame in heard]
            assert times == sorted(times)
            assert 0 < times[0] <= times[-1] <= time_ns()
            assert radio.statistics.frames == MANY
            assert radio.statistics.overflowed == radio.statistics.bad_fcs == 0
            assert radio.statistics.damaged == 0
            if self.line:
                assert radio.statistics.octets > MANY * len(frames[0].psdu)

    async def test_what_the_protocol_carries_arrives_and_nothing_is_made_up(
        self, counterpart: Counterpart
    ) -> None:
        sent = [heard_frame(1, 11), heard_frame(5_000, 11)]
        async with self.hearing(counterpart, sent) as radio:
            heard = await frames_of(radio, 2)
        for before, after in zip(sent, heard, strict=True):
            for name in ("rssi", "lqi"):
                wanted = getattr(before, name) if name in counterpart.shows else None
                assert (name, getattr(after, name)) == (name, wanted)
            if "channel" in counterpart.shows:
                assert after.channel == before.channel
            assert after.fcs is not Fcs.BAD
        first, last = (frame.radio_time_us for frame in heard)
        if "radio_time_us" in counterpart.shows:
            assert first is not None
            assert last is not None
            assert last - first == 499_900
        else:
            assert first is last is None

    @asks("tells_bad_fcs")
    async def test_a_bad_fcs_is_told_if_the_protocol_tells(self, counterpart: Counterpart) -> None:
        frames = [replace(heard_frame(1, 11), fcs=Fcs.BAD), heard_frame(2, 11)]
        async with self.hearing(counterpart, frames) as radio:
            heard = await frames_of(radio, 2)
            assert [frame.fcs is Fcs.BAD for frame in heard] == [True, False]
            assert radio.statistics.bad_fcs == 1

    # Tuning

    async def test_a_channel_is_set_and_read_back(self, counterpart: Counterpart) -> None:
        async with await self.open(counterpart.uri) as radio:
            if not self.tunes:
                with pytest.raises(RadioError):
                    await radio.configure(replace(radio.settings, channel=15))
                return
            for channel in (radio.channels[0], 15, radio.channels[-1]):
                await radio.configure(replace(radio.settings, channel=channel))
                assert radio.settings.channel == channel
                assert counterpart.channel == channel
            await hear_all(counterpart, [heard_frame(1, counterpart.channel)])
            assert (await frames_of(radio, 1))[0].channel in (None, counterpart.channel)

    async def test_a_bad_channel_is_refused_and_the_old_one_holds(
        self, counterpart: Counterpart
    ) -> None:
        async with await self.open(counterpart.uri) as radio:
            before = radio.settings
            bad = max(radio.channels or (26,)) + 1
            with pytest.raises(RadioError) as caught:
                await radio.configure(replace(before, channel=bad))
            explained(caught.value, counterpart.uri)
            assert radio.settings == before
            if self.tunes:
                assert counterpart.channel == before.channel

    # Sending

    async def test_a_frame_is_sent_or_clearly_refused(self, counterpart: Counterpart) -> None:
        async with await self.open(counterpart.uri) as radio:
            if not self.transmits:
                with pytest.raises(RadioError) as caught:
                    await radio.transmit(data_frame(1))
                explained(caught.value, counterpart.uri)
                return
            if self.tunes:
                await radio.configure(replace(radio.settings, channel=15))
            outcome = await sent(radio, data_frame(1))
            assert outcome.status is TransmitStatus.SUCCESS
            assert outcome.ack is None
            assert outcome.duration_us is not None
            assert outcome.time_ns is not None
            assert outcome.time_ns <= time_ns()
            await until(lambda: bool(counterpart.on_air))
            assert counterpart.on_air == [(counterpart.channel, data_frame(1))]
            assert radio.statistics.transmitted == 1

    @asks("transmits")
    async def test_an_acknowledgement_ends_a_transmission(self, counterpart: Counterpart) -> None:
        async with await self.open(counterpart.uri) as radio:
            frame = data_frame(0x77, ack_request=True)
            outcome = await sent(radio, frame)
            assert outcome.status is TransmitStatus.SUCCESS
            if outcome.ack is not None:
                assert outcome.ack.psdu[:3] == bytes([0x02, outcome.ack.psdu[1], 0x77])
            counterpart.deaf = True
            outcome = await sent(radio, frame)
            wanted = TransmitStatus.NO_ACK if self.awaits_ack else TransmitStatus.SUCCESS
            if counterpart.acknowledges or not self.awaits_ack:
                assert outcome.status is wanted
            assert outcome.ack is None
            await until(lambda: len(counterpart.on_air) > 1)
            assert {psdu for _, psdu in counterpart.on_air} == {frame}

    @asks("transmits")
    async def test_concurrent_transmissions_are_sent_in_the_order_of_their_calls(
        self, counterpart: Counterpart
    ) -> None:
        async with await self.open(counterpart.uri) as radio:
            frames = [data_frame(number) for number in range(20)]
            outcomes = await asyncio.gather(*(sent(radio, frame) for frame in frames))
            assert {outcome.status for outcome in outcomes} == {TransmitStatus.SUCCESS}
            await until(lambda: len(counterpart.on_air) >= len(frames))
            assert [psdu for _, psdu in counterpart.on_air] == frames
            assert radio.statistics.transmitted == len(frames)

    async def test_frames_of_no_possible_length_are_not_sent(
        self, counterpart: Counterpart
    ) -> None:
        async with await self.open(counterpart.uri) as radio:
            for psdu in (b"", bytes(2), bytes(126)):
                with pytest.raises((FieldOutOfRange, RadioError)):
                    await radio.transmit(psdu)
            assert counterpart.on_air == []

    async def test_energy_is_measured_or_clearly_refused(self, counterpart: Counterpart) -> None:
        async with await self.open(counterpart.uri) as radio:
            if self.measures_energy:
                async with asyncio.timeout(PATIENCE):
                    energy = await radio.measure_energy(radio.channels[0], 5)
                assert -130 <= energy <= 20
                assert counterpart.channel == radio.settings.channel
            else:
                with pytest.raises(RadioError) as caught:
                    await radio.measure_energy(11, 5)
                explained(caught.value, counterpart.uri)

    # Two at once

    @asks("exclusive")
    async def test_a_second_opening_is_refused_and_harms_nobody(
        self, counterpart: Counterpart
    ) -> None:
        async with await self.open(counterpart.uri) as radio:
            with pytest.raises(RadioError) as caught:
                await self.open(counterpart.uri)
            explained(caught.value, counterpart.uri)
            await hear_all(counterpart, [heard_frame(1, 11)])
            assert (await frames_of(radio, 1))[0].psdu == data_frame(1)
        async with await self.open(counterpart.uri):
            pass  # free again

    # What is no message

    @asks("line")
    async def test_garbage_is_counted_and_frames_after_it_are_heard(
        self, counterpart: Counterpart
    ) -> None:
        noise = random.Random(802154)
        async with await self.open(counterpart.uri) as radio:
            await counterpart.garbage(noise.randbytes(3_000))
            await self.settles(radio, counterpart)
            assert radio.statistics.garbage + radio.statistics.damaged > 0

    @asks("line")
    async def test_half_a_message_costs_no_more_than_a_few_frames(
        self, counterpart: Counterpart
    ) -> None:
        async with await self.open(counterpart.uri) as radio:
            await counterpart.half_a_message()
            await self.settles(radio, counterpart)

    async def settles(self, radio: Radio, counterpart: Counterpart) -> None:
        """Send good frames: the last must be heard, in order, and no frame twice."""
        frames = [heard_frame(number, 11) for number in range(SETTLING)]
        sending = asyncio.create_task(hear_all(counterpart, frames))
        known = {frame.psdu: number for number, frame in enumerate(frames)}
        numbers = list[int]()
        async with asyncio.timeout(PATIENCE):
            while not numbers or numbers[-1] != SETTLING - 1:
                frame = await radio.receive()
                if frame.psdu in known:  # some protocols have no check: noise can be a frame
                    numbers.append(known[frame.psdu])
            await sending
        assert numbers == sorted(set(numbers))
        assert numbers[-50:] == list(range(SETTLING - 50, SETTLING))

    # Closing

    async def test_closing_ends_all_who_wait(self, counterpart: Counterpart) -> None:
        radio = await self.open(counterpart.uri)
        waiting = [asyncio.create_task(radio.next_event()) for _ in range(3)]
        await asyncio.sleep(0)
        await radio.close()
        async with asyncio.timeout(PATIENCE):
            ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(end) for end in ends] == [RadioClosed] * 3
        for call in (
            radio.next_event(),
            radio.transmit(data_frame(1)),
            radio.configure(radio.settings),
            radio.measure_energy(11, 5),
        ):
            with pytest.raises(RadioClosed):
                await call
        await radio.close()  # harmless

    @asks("transmits")
    async def test_closing_ends_a_transmission(self, counterpart: Counterpart) -> None:
        radio = await self.open(counterpart.uri)
        counterpart.deaf = True
        frame = data_frame(1, ack_request=True)
        sending = [asyncio.create_task(radio.transmit(frame)) for _ in range(3)]
        await asyncio.sleep(0)
        await radio.close()
        async with asyncio.timeout(PATIENCE):
            ends = await asyncio.gather(*sending, return_exceptions=True)
        for end in ends:
            assert isinstance(end, TransmitOutcome | RadioError)

    async def test_what_was_heard_before_closing_can_still_be_fetched(
        self, counterpart: Counterpart
    ) -> None:
        frames = [heard_frame(number, 11) for number in range(3)]
        async with self.hearing(counterpart, frames) as radio:
            await until(lambda: radio.statistics.frames == 3)
            await radio.close()
            assert [frame.psdu for frame in await frames_of(radio, 3)] == [
                frame.psdu for frame in frames
            ]
            with pytest.raises(RadioClosed):
                await radio.receive()

    async def test_nothing_is_left_open(self, counterpart: Counterpart) -> None:
        async with await self.open(counterpart.uri):
            pass  # whatever is made once only, such as a resolver's thread
        tasks = asyncio.all_tasks()
        descriptors = open_descriptors()
        for _ in range(2):
            radio = await self.open(counterpart.uri)
            if self.line:
                await counterpart.half_a_message()
            await radio.close()
            assert {task for task in asyncio.all_tasks() - tasks if not task.done()} == set()
        await until(lambda: open_descriptors() <= descriptors)

    # Unplugging

    @asks("unplugged")
    async def test_unplugged_and_plugged_in_again_it_is_as_it_was(
        self, counterpart: Counterpart
    ) -> None:
        async with await self.open(counterpart.uri) as radio:
            channel = 20 if self.tunes else radio.settings.channel
            if self.tunes:
                await radio.configure(replace(radio.settings, channel=channel))
            before = radio.settings
            await hear_all(counterpart, [heard_frame(1, channel)])
            assert (await frames_of(radio, 1))[0].psdu == data_frame(1)
            if self.line:
                await counterpart.half_a_message()
            await counterpart.unplug()
            lost = await notice_of(radio, Happening.LOST)
            assert lost.text
            if self.transmits:
                await lost_transmission(radio)
            await counterpart.plug_in()
            await notice_of(radio, Happening.RETURNED)
            assert radio.settings == before
            assert radio.statistics.losses == 1
            if self.tunes:
                assert counterpart.channel == channel
            await hear_all(counterpart, [heard_frame(2, channel)])
            assert (await frames_of(radio, 1))[0].psdu == data_frame(2)
            if self.transmits:
                assert (await sent(radio, data_frame(3))).status is TransmitStatus.SUCCESS

    @asks("unplugged")
    async def test_closing_while_it_is_unplugged_leaves_nothing(
        self, counterpart: Counterpart
    ) -> None:
        tasks = asyncio.all_tasks()
        radio = await self.open(counterpart.uri)
        await counterpart.unplug()
        await notice_of(radio, Happening.LOST)
        await radio.close()
        with pytest.raises(RadioClosed):
            await radio.receive()
        await until(lambda: not [task for task in asyncio.all_tasks() - tasks if not task.done()])

    @asks("unplugged")
    async def test_what_is_not_there_cannot_be_opened(self, counterpart: Counterpart) -> None:
        await counterpart.unplug()
        tasks, descriptors = asyncio.all_tasks(), open_descriptors()
        with pytest.raises(RadioError) as caught:
            await self.open(counterpart.uri)
        explained(caught.value, counterpart.uri)
        assert asyncio.all_tasks() == tasks
        assert open_descriptors() <= descriptors
