"""What the contract test says and waits for: frames, notices, outcomes."""

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path

from lowpan.errors import RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    Radio,
    RadioNotice,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
)
from tests.radios.counterpart import Counterpart

PATIENCE = 10.0
"""Seconds for anything to happen: far more than it takes on a busy machine."""
DESCRIPTORS = Path("/proc/self/fd")


def data_frame(number: int, *, ack_request: bool = False) -> bytes:
    """Return a data frame from 0x0001 to 0x0002 in PAN 0xabcd that carries `number`."""
    control = 0x8861 if ack_request else 0x8841
    return struct.pack("<HBHHHI", control, number & 0xFF, 0xABCD, 2, 1, number)


def heard_frame(number: int, channel: int) -> ReceivedFrame:
    """Return the frame as the antenna got it: every tenth of a millisecond a new one."""
    return ReceivedFrame(
        data_frame(number),
        Fcs.GOOD,
        channel=channel,
        rssi=-60 - number % 30,
        lqi=100 + number % 100,
        radio_time_us=1_000_000 + 100 * number,
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  (conditions of other people's objects)
            await asyncio.sleep(0.002)


async def frames_of(radio: Radio, count: int) -> list[ReceivedFrame]:
    """Return the next frames."""
    async with asyncio.timeout(PATIENCE):
        return [await radio.receive() for _ in range(count)]


async def notice_of(radio: Radio, happening: Happening) -> RadioNotice:
    """Return the next notice of that kind, leaving out all else."""
    async with asyncio.timeout(PATIENCE):
        while True:
            event = await radio.next_event()
            if isinstance(event, RadioNotice) and event.happening is happening:
                return event


async def hear_all(counterpart: Counterpart, frames: list[ReceivedFrame]) -> None:
    """Let the radio receive them one after the other."""
    for frame in frames:
        await counterpart.hear(frame)


async def sent(radio: Radio, psdu: bytes) -> TransmitOutcome:
    """Return what became of `psdu`."""
    async with asyncio.timeout(PATIENCE):
        return await radio.transmit(psdu)


async def lost_transmission(radio: Radio) -> None:
    """Try to send while the radio is away: an error or ABORTED, soon."""
    try:
        outcome = await sent(radio, data_frame(9))
    except RadioError:
        return
    assert outcome.status is TransmitStatus.ABORTED


def explained(error: RadioError, uri: str) -> None:
    """Check that an error is one line of cause, which begins with the URI, and one of cure."""
    assert str(error).startswith(uri)
    assert error.cure
    assert "\n" not in str(error) + error.cure


def open_descriptors() -> int:
    """Return how many descriptors this process has; 0 where the system does not tell."""
    return len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.is_dir() else 0
