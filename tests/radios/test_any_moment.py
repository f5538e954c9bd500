"""Unplugging, closing and cancelling at any moment, for each driver at a serial line."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from lowpan.errors import RadioClosed, RadioError
from lowpan.radio import Radio, RadioCapability, open_radio
from lowpan_radios import slip, stream_radio
from tests.peers.nordic import NordicSniffer
from tests.peers.rcp import rcp_on_pty
from tests.peers.sensniff import SensniffSniffer
from tests.peers.slip import SlipFirmware
from tests.peers.ti import TiSniffer
from tests.radios.contract_parts import (
    PATIENCE,
    data_frame,
    heard_frame,
    open_descriptors,
    until,
)
from tests.radios.counterpart import Counterpart

LAST_TURN = 80
"""Turns of the event loop in which any of these firmwares has answered all."""

MOMENTS = 10


@asynccontextmanager
async def slip_firmware() -> AsyncGenerator[SlipFirmware]:
    firmware = SlipFirmware()
    try:
        yield firmware
    finally:
        firmware.close()


FIRMWARES: dict[str, Callable[[], AbstractAsyncContextManager[Counterpart]]] = {
    "spinel": rcp_on_pty,
    "slip": slip_firmware,
    "nordic": NordicSniffer,
    "ti": TiSniffer,
    "sensniff": SensniffSniffer,
}


@pytest.fixture(params=FIRMWARES)
async def counterpart(request: pytest.FixtureRequest) -> AsyncIterator[Counterpart]:
    async with FIRMWARES[request.param]() as firmware:
        yield firmware


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lost lines be looked for at once, and answers that do not come be missed soon."""
    monkeypatch.setattr(stream_radio, "FIRST_WAIT", 0.005)
    monkeypatch.setattr(slip, "ANSWER_TIMEOUT", 0.2)


def moments(seed: int) -> list[int]:
    random = Random(seed)
    return sorted(random.sample(range(LAST_TURN), MOMENTS))


async def pass_turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def opened(counterpart: Counterpart) -> Radio:
    async with asyncio.timeout(PATIENCE):
        return await open_radio(counterpart.uri)


def works(radio: Radio, number: int) -> list[asyncio.Task[Any]]:
    """Begin all that a radio can be asked for."""
    channel = 15 if radio.settings.channel != 15 else 20
    jobs: list[Coroutine[Any, Any, Any]] = [
        radio.configure(replace(radio.settings, channel=channel))
    ]
    if RadioCapability.TRANSMIT in radio.capabilities:
        jobs.append(radio.transmit(data_frame(number, ack_request=True)))
    if RadioCapability.ENERGY in radio.capabilities:
        jobs.append(radio.measure_energy(12, 1))
    return [asyncio.create_task(job) for job in jobs]


async def is_in_order(radio: Radio, counterpart: Counterpart) -> None:
    """Check that all can be asked, and that the radio is what it says."""
    async with asyncio.timeout(PATIENCE):
        for channel in (11, 25):
            await radio.configure(replace(radio.settings, channel=channel))
            assert counterpart.channel == radio.settings.channel == channel
        if RadioCapability.TRANSMIT in radio.capabilities:
            await radio.transmit(data_frame(1))
        frame = heard_frame(7, counterpart.channel)
        await counterpart.hear(frame)
        while (await radio.receive()).psdu != frame.psdu:
            pass


async def outcomes(tasks: list[asyncio.Task[Any]]) -> list[Any]:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.gather(*tasks, return_exceptions=True)


async def settled(radio: Radio) -> None:
    """Wait until the radio is there: it answers, and no return is under way."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(RadioError):
                await radio.configure(radio.settings)
                if radio._returning is None:  # type: ignore[attr-defined]
                    return
            await asyncio.sleep(0.002)


async def test_unplugged_at_any_moment_it_returns(counterpart: Counterpart) -> None:
    async with await opened(counterpart) as radio:
        for number, turns in enumerate(moments(1)):
            tasks = works(radio, number)
            await pass_turns(turns)
            await counterpart.unplug()
            for end in await outcomes(tasks):
                assert not isinstance(end, BaseException) or isinstance(end, RadioError)
            await counterpart.plug_in()
            await asyncio.sleep(0.006)
            await pass_turns(turns)
            await counterpart.unplug()  # perhaps while it returns
            await counterpart.plug_in()
            await asyncio.sleep(0.002)
            await settled(radio)
        assert radio.statistics.losses >= MOMENTS
        await is_in_order(radio, counterpart)


async def test_closed_at_any_moment_it_leaves_nothing(counterpart: Counterpart) -> None:
    async with await opened(counterpart):
        pass
    before, descriptors = asyncio.all_tasks(), open_descriptors()
    for number, turns in enumerate(moments(2)):
        radio = await opened(counterpart)
        tasks = [*works(radio, number), asyncio.create_task(radio.next_event())]
        await pass_turns(turns)
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(radio.close(), radio.close())
        for end in await outcomes(tasks):
            assert not isinstance(end, BaseException) or isinstance(end, RadioError)
        with suppress(RadioClosed):
            async with asyncio.timeout(PATIENCE):
                while True:
                    await radio.next_event()
    assert not [task for task in asyncio.all_tasks() - before if not task.done()]
    assert open_descriptors() <= descriptors


async def test_an_opening_that_is_cancelled_leaves_nothing(counterpart: Counterpart) -> None:
    async with await opened(counterpart):
        pass
    before, descriptors = asyncio.all_tasks(), open_descriptors()
    for turns in moments(3):
        opening = asyncio.create_task(open_radio(counterpart.uri))
        await pass_turns(turns)
        opening.cancel()
        with suppress(asyncio.CancelledError):
            await (await opening).close()
    assert not [task for task in asyncio.all_tasks() - before if not task.done()]
    assert open_descriptors() <= descriptors
    async with await opened(counterpart) as radio:
        await is_in_order(radio, counterpart)


async def test_what_is_cancelled_at_any_moment_leaves_the_radio_usable(
    counterpart: Counterpart,
) -> None:
    async with await opened(counterpart) as radio:
        for number, turns in enumerate(moments(4)):
            tasks = works(radio, number)
            await pass_turns(turns)
            for task in tasks:
                task.cancel()
            await outcomes(tasks)
            await hears_again(radio, counterpart, 100 + number)
            await until(lambda: radio.settings.channel == counterpart.channel)
        await is_in_order(radio, counterpart)


async def hears_again(radio: Radio, counterpart: Counterpart, number: int) -> None:
    """Say a frame until it is heard."""
    async with asyncio.timeout(PATIENCE):
        while True:
            frame = heard_frame(number, counterpart.channel)
            await counterpart.hear(frame)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    while (await radio.receive()).psdu != frame.psdu:
                        pass
                    return
