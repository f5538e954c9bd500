"""A radio with a bad day: loses, corrupts, delays, doubles and reorders frames, by a seed."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from time import time_ns

from lowpan.errors import FieldOutOfRange, RadioError
from lowpan.radio import (
    Fcs,
    Radio,
    RadioCapability,
    RadioNotice,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan_radios.base import LONGEST_PSDU, SHORTEST_PSDU
from lowpan_radios.wrapper import Wrapper

MOST_HELD = 1024
"""Frames on their delayed way at most; then no more are fetched from the radio."""

LONGEST_HOLD = 0.1
"""Seconds that a frame waits for another one to overtake it."""

_ACKNOWLEDGMENT_REQUEST = 0x20


@dataclass(slots=True)
class FaultCounts:
    """What was done to the frames of one direction."""

    frames: int = 0
    """That came to be judged."""
    lost: int = 0
    corrupted: int = 0
    duplicated: int = 0
    reordered: int = 0


@dataclass(slots=True)
class Fate:
    """What is to happen to one frame."""

    lost: bool
    corrupted_bit: float | None
    """Place of the bit that is turned over, as a part of the frame's length: 0 .. below 1."""
    duplicated: bool
    reordered: bool

    def altered(self, psdu: bytes) -> bytes:
        """Return `psdu` with one bit turned over if that is its fate."""
        if self.corrupted_bit is None or not psdu:
            return psdu
        bit = int(self.corrupted_bit * 8 * len(psdu))
        octets = bytearray(psdu)
        octets[bit // 8] ^= 1 << bit % 8
        return bytes(octets)


class Fates:
    """Draws the fate of each frame of one direction: the same for the same seed.

    A frame's fate depends on its place alone, not on the other direction nor on time.
    """

    def __init__(
        self,
        random: Random,
        *,
        loss: float = 0.0,
        corruption: float = 0.0,
        duplicates: float = 0.0,
        reordering: float = 0.0,
    ) -> None:
        rates = {
            "loss": loss,
            "corruption": corruption,
            "duplicates": duplicates,
            "reordering": reordering,
        }
        for name, rate in rates.items():
            if not 0 <= rate <= 1:
                raise FieldOutOfRange(f"{name} is {rate}, not 0..1")
        self._random, self._rates = random, tuple(rates.values())
        self.counts = FaultCounts()

    def draw(self) -> Fate:
        """Return the fate of the next frame, and count it."""
        draws = [self._random.random() for _ in range(5)]  # always as many
        lost, corrupted, duplicated, reordered = (
            draw < rate for draw, rate in zip(draws, self._rates, strict=False)
        )
        counts = self.counts
        counts.frames += 1
        counts.lost += lost
        if lost:
            return Fate(True, None, False, False)
        counts.corrupted += corrupted
        counts.duplicated += duplicated
        counts.reordered += reordered
        return Fate(False, draws[4] if corrupted else None, duplicated, reordered)


@dataclass(slots=True)
class _Held:
    """An event on its way to whoever asks for it."""

    event: ReceivedFrame | RadioNotice
    due: float
    """Seconds on the loop's clock."""
    overtaken: bool = field(default=True)
    """Nobody needs to overtake it any more."""


class Faults(Wrapper):
    """The radio `radio`, with faults in both directions; rates are 0..1, of each frame.

    Corrupted frames that come in have a bad FCS; corrupted ones that go out are other frames
    with a good one, for a radio writes it.  A lost frame that wants an acknowledgement ends as
    NO_ACK.  Reordered frames let the next one overtake, or wait LONGEST_HOLD in vain.
    """

    def __init__(  # noqa: PLR0913  (each is a fault of its own)
        self,
        radio: Radio,
        *,
        seed: int,
        loss: float = 0.0,
        corruption: float = 0.0,
        delay_ms: float = 0.0,
        duplicates: float = 0.0,
        reordering: float = 0.0,
    ) -> None:
        super().__init__(radio)
        if delay_ms < 0:
            raise FieldOutOfRange(f"delay_ms is {delay_ms}, below 0")
        self._incoming, self._outgoing = (
            Fates(
                Random(f"{seed} {direction}"),
                loss=loss,
                corruption=corruption,
                duplicates=duplicates,
                reordering=reordering,
            )
            for direction in ("in", "out")
        )
        self._delay = delay_ms / 1000
        self._held: deque[_Held] = deque()
        self._closed = False
        self._end: RadioError | None = None
        self._fetching: asyncio.Task[ReceivedFrame | RadioNotice] | None = None
        self._asking = asyncio.Lock()
        self._passed = asyncio.Event()

    @property
    def received(self) -> FaultCounts:
        """Return what was done to frames that came in."""
        return self._incoming.counts

    @property
    def transmitted(self) -> FaultCounts:
        """Return what was done to frames that were to go out."""
        return self._outgoing.counts

    # In

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        """Return what is left of the next frame, or the next notice."""
        async with self._asking:
            while True:
                now = asyncio.get_running_loop().time()
                held = self._held[0] if self._held else None
                if held is not None and (held.overtaken or self._end) and held.due <= now:
                    return self._held.popleft().event
                if held is not None and held.due + LONGEST_HOLD <= now:
                    return self._held.popleft().event
                if held is None and self._end is not None:
                    end, self._end = self._end, None
                    raise end  # whoever asks again asks the radio again
                await self._fetch(held, now)

    async def _fetch(self, held: _Held | None, now: float) -> None:
        """Wait for the next event of the radio inside, or until `held` may be due."""
        wait = None
        if held is not None:
            wait = held.due - now if held.overtaken or self._end else held.due + LONGEST_HOLD - now
        if self._end is not None or len(self._held) >= MOST_HELD:
            await asyncio.sleep(max(wait or 0, 0))
            return
        if self._fetching is None:
            self._fetching = asyncio.ensure_future(self.radio.next_event())
        done, _ = await asyncio.wait({self._fetching}, timeout=wait)
        if not done:
            return
        fetching, self._fetching = self._fetching, None
        try:
            event = fetching.result()
        except RadioError as end:
            self._end = end
        else:
            self._hold(event)

    def _hold(self, event: ReceivedFrame | RadioNotice) -> None:
        """Put `event` where its fate wants it."""
        due = asyncio.get_running_loop().time() + self._delay
        last = self._held[-1] if self._held else None
        if isinstance(event, RadioNotice):  # nothing overtakes it
            if last is not None:
                last.overtaken = True
            self._held.append(_Held(event, due))
            return
        fate = self._incoming.draw()
        if fate.lost:
            return
        if fate.corrupted_bit is not None:
            event = replace(event, psdu=fate.altered(event.psdu), fcs=Fcs.BAD)
        waiting = last if last is not None and not last.overtaken else None
        copies = [_Held(event, due, overtaken=waiting is not None or not fate.reordered)]
        if fate.duplicated:
            copies.insert(0, _Held(replace(event), due))
        if waiting is not None:
            waiting.overtaken = True
            copies.append(self._held.pop())
        self._held.extend(copies)

    # Out

    async def transmit(
        self,
        psdu: bytes,
        parameters: TransmitParameters = TransmitParameters(),  # noqa: B008  (frozen)
    ) -> TransmitOutcome:
        """Send what the fate of `psdu` leaves of it."""
        if self._closed or not self._can_send(psdu):
            return await self.radio.transmit(psdu, parameters)  # which says why not
        begin = asyncio.get_running_loop().time()
        fate = self._outgoing.draw()
        if self._delay:
            await asyncio.sleep(self._delay)
        if fate.lost:
            return _lost(psdu, asyncio.get_running_loop().time() - begin)
        if fate.reordered:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._passed.wait(), LONGEST_HOLD)
        outcome = await self.radio.transmit(fate.altered(psdu), parameters)
        if fate.duplicated:
            outcome = await self.radio.transmit(fate.altered(psdu), parameters)
        passed, self._passed = self._passed, asyncio.Event()
        passed.set()
        return outcome

    def _can_send(self, psdu: bytes) -> bool:
        sends = RadioCapability.TRANSMIT in self.capabilities
        return sends and SHORTEST_PSDU <= len(psdu) <= LONGEST_PSDU

    async def close(self) -> None:
        """Close the radio inside; what was still on its way can be fetched."""
        self._closed = True
        await self.radio.close()
        fetching = self._fetching
        if fetching is not None:
            await asyncio.wait({fetching})
            if not fetching.cancelled():
                fetching.exception()  # next_event() raises it, if anybody asks


def _lost(psdu: bytes, seconds: float) -> TransmitOutcome:
    """Return what a sender learns of a frame that nobody heard."""
    wants_ack = psdu[0] & _ACKNOWLEDGMENT_REQUEST
    return TransmitOutcome(
        status=TransmitStatus.NO_ACK if wants_ack else TransmitStatus.SUCCESS,
        transmissions=1,
        time_ns=time_ns(),
        duration_us=round(seconds * 1e6),
        reason="lost by a fault",
    )
