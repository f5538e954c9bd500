import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, RadioClosed
from lowpan.radio import (
    Fcs,
    Happening,
    RadioCapability,
    RadioNotice,
    ReceivedFrame,
    TransmitStatus,
)
from lowpan_radios.faults import MOST_HELD, Fates, Faults
from tests.peers.air import AirRadio

RATES = st.fixed_dictionaries(
    {
        name: st.sampled_from([0.0, 0.1, 0.5, 1.0])
        for name in ("loss", "corruption", "duplicates", "reordering")
    }
)


def frame(number: int) -> ReceivedFrame:
    return ReceivedFrame(number.to_bytes(4, "big"), Fcs.GOOD, channel=15)


async def through(
    numbers: int, *, seed: int = 0, delay_ms: float = 0.0, **rates: float
) -> tuple[list[ReceivedFrame], Faults]:
    """Return what is left of frames that come in at once."""
    inner = AirRadio()
    for number in range(numbers):
        inner.hear(frame(number))
    radio = Faults(inner, seed=seed, delay_ms=delay_ms, **rates)
    await radio.close()  # after which what was heard is still there
    frames: list[ReceivedFrame] = []
    while True:
        try:
            frames.append(await radio.receive())
        except RadioClosed:
            return frames, radio


@given(st.integers(), st.integers(0, 50), RATES)
@settings(max_examples=30, deadline=None)
def test_a_seed_fixes_every_fault(seed: int, numbers: int, rates: dict[str, float]) -> None:
    async def twice() -> None:
        (first, one), (second, two) = [await through(numbers, seed=seed, **rates) for _ in "12"]
        assert first == second
        counts = one.received
        assert counts == two.received
        assert counts.frames == numbers
        assert len(first) == numbers - counts.lost + counts.duplicated
        assert sum(each.fcs is Fcs.BAD for each in first) >= counts.corrupted

    asyncio.run(twice())


async def test_without_faults_it_is_the_radio_inside() -> None:
    frames, radio = await through(3 * MOST_HELD)
    assert frames == [frame(number) for number in range(3 * MOST_HELD)]
    assert radio.received.lost == radio.received.corrupted == radio.received.duplicated == 0
    assert radio.statistics.frames == 3 * MOST_HELD


async def test_rates_are_what_they_are_called() -> None:
    frames, radio = await through(4000, loss=0.25)
    assert radio.received.lost == 4000 - len(frames)
    assert 900 < radio.received.lost < 1100
    frames, radio = await through(400, duplicates=0.5)
    assert 150 < radio.received.duplicated == len(frames) - 400 < 250
    assert {each.psdu for each in frames} == {frame(number).psdu for number in range(400)}


async def test_a_corrupted_frame_differs_in_one_bit_and_has_a_bad_fcs() -> None:
    frames, _ = await through(50, corruption=1.0)
    for number, each in enumerate(frames):
        difference = int.from_bytes(each.psdu, "big") ^ number
        assert difference.bit_count() == 1
        assert each.fcs is Fcs.BAD


async def test_a_reordered_frame_is_overtaken_by_the_next() -> None:
    frames, radio = await through(6, reordering=1.0)
    numbers = [int.from_bytes(each.psdu, "big") for each in frames]
    assert numbers == [1, 0, 3, 2, 5, 4]
    assert radio.received.reordered == 6
    frames, _ = await through(500, reordering=0.3)
    numbers = [int.from_bytes(each.psdu, "big") for each in frames]
    assert numbers != sorted(numbers)
    assert sorted(numbers) == list(range(500))
    assert all(abs(place - number) <= 1 for place, number in enumerate(numbers))


async def test_nobody_waits_for_long_for_a_frame_that_nothing_overtakes() -> None:
    inner = AirRadio()
    async with Faults(inner, seed=1, reordering=1.0) as radio, asyncio.timeout(1):
        inner.hear(frame(1))
        assert await radio.receive() == frame(1)


async def test_notices_keep_their_place_and_have_no_faults() -> None:
    inner = AirRadio()
    async with Faults(inner, seed=1, reordering=1.0, corruption=1.0) as radio:
        inner.hear(frame(1))
        inner.happen(Happening.RESET, "again")
        inner.hear(frame(2))
        events = [await radio.next_event() for _ in range(3)]
        assert [isinstance(event, RadioNotice) for event in events] == [False, True, False]


async def test_a_delay_holds_every_frame_but_not_their_rate() -> None:
    inner = AirRadio()
    loop = asyncio.get_running_loop()
    async with Faults(inner, seed=1, delay_ms=50) as radio:
        for number in range(20):
            inner.hear(frame(number))
        begin = loop.time()
        assert [await radio.receive() for _ in range(20)] == [frame(n) for n in range(20)]
        assert 0.05 <= loop.time() - begin < 0.5
        begin = loop.time()
        await radio.transmit(b"\x01\x00\x07")
        assert loop.time() - begin >= 0.05


async def test_a_delay_holds_a_bounded_number_of_frames() -> None:
    inner = AirRadio()
    async with Faults(inner, seed=1, delay_ms=200) as radio:
        for number in range(MOST_HELD + 500):
            inner.hear(frame(number))
        await radio.receive()
        assert radio.received.frames <= MOST_HELD + 1


async def test_who_stops_waiting_loses_no_frame() -> None:
    inner = AirRadio()
    async with Faults(inner, seed=1) as radio, asyncio.timeout(1):
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(radio.receive(), 0.001)
        inner.hear(frame(1))
        inner.hear(frame(2))
        assert [await radio.receive(), await radio.receive()] == [frame(1), frame(2)]


async def test_closing_ends_who_waits() -> None:
    radio = Faults(AirRadio(), seed=1)
    waiting = [asyncio.create_task(radio.receive()) for _ in range(3)]
    await asyncio.sleep(0)
    await radio.close()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ends] == [RadioClosed] * 3
    with pytest.raises(RadioClosed):
        await radio.transmit(b"\x01\x00\x07")


async def test_what_is_sent_is_lost_doubled_or_altered() -> None:
    wants_ack, wants_none = b"\x21\x00\x07", b"\x01\x00\x07"
    inner = AirRadio()
    radio = Faults(inner, seed=1, loss=1.0)
    assert (await radio.transmit(wants_ack)).status is TransmitStatus.NO_ACK
    assert (await radio.transmit(wants_none)).status is TransmitStatus.SUCCESS
    assert (inner.on_air, radio.transmitted.lost) == ([], 2)
    await Faults(inner, seed=1, duplicates=1.0).transmit(wants_none)
    assert [psdu for _, psdu in inner.on_air] == [wants_none] * 2
    await Faults(inner, seed=1, corruption=1.0).transmit(wants_none)
    sent = inner.on_air[2][1]
    assert (int.from_bytes(sent, "big") ^ int.from_bytes(wants_none, "big")).bit_count() == 1


async def test_a_frame_that_is_sent_can_be_overtaken() -> None:
    inner = AirRadio()
    radio = Faults(inner, seed=1, reordering=1.0)
    await radio.transmit(b"\x01\x00\x07")  # nothing overtakes it, and it is sent all the same
    radio = Faults(inner, seed=3, reordering=0.5)
    inner.on_air.clear()
    frames = [bytes([1, 0, number]) for number in range(20)]
    await asyncio.gather(*(radio.transmit(psdu) for psdu in frames))
    sent = [psdu for _, psdu in inner.on_air]
    assert sent != frames
    assert sorted(sent) == frames


async def test_what_cannot_be_sent_is_refused_even_if_it_would_be_lost() -> None:
    with pytest.raises(FieldOutOfRange):
        await Faults(AirRadio(), seed=1, loss=1.0).transmit(b"")
    deaf = AirRadio(capabilities=RadioCapability.PROMISCUOUS)
    radio = Faults(deaf, seed=1, loss=1.0)
    with pytest.raises(Exception, match="only listens"):
        await radio.transmit(b"\x01\x00\x07")


@pytest.mark.parametrize("rates", [{"loss": 1.1}, {"corruption": -0.1}, {"delay_ms": -1.0}])
def test_rates_out_of_range_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(FieldOutOfRange):
        Faults(AirRadio(), seed=1, **rates)


def test_the_fate_of_a_frame_depends_on_its_place_alone() -> None:
    few, many = (Fates(Random(7), loss=0.3, corruption=rate) for rate in (0.0, 1.0))
    assert [few.draw().lost for _ in range(100)] == [many.draw().lost for _ in range(100)]
