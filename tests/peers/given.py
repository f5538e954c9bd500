"""A radio that has heard what a test gives it, for what opens radios in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from lowpan.radio import (
    Happening,
    Radio,
    RadioCapability,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan_radios.base import BaseRadio


class GivenRadio(BaseRadio):
    """Hears what it was given, and sends with the outcome that it was given."""

    def __init__(self, outcome: TransmitStatus = TransmitStatus.SUCCESS) -> None:
        able = RadioCapability.TRANSMIT | RadioCapability.PROMISCUOUS
        super().__init__("given:", "given", able)
        self.fault: Exception | None = None
        """Raised once all was fetched."""
        self.transmits_forever = False
        self.asked = threading.Event()
        """Something was to be sent."""
        self._outcome = outcome

    def hears(self, *frames: ReceivedFrame) -> None:
        for frame in frames:
            self._deliver(frame)

    async def next_event(self) -> Any:
        if not self._events and self.fault is not None:
            raise self.fault
        return await super().next_event()

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        self.asked.set()
        if self.transmits_forever:
            await asyncio.Event().wait()
        return TransmitOutcome(status=self._outcome)

    def says(self, text: str) -> None:
        self._notice(Happening.SAID, text)


Open = Callable[[GivenRadio], None]
"""Lets the next ThreadedRadio open a certain radio; see the fixture `opens`."""


def opening(radio: GivenRadio) -> Callable[..., Any]:
    """Return what stands in for open_radio()."""

    async def open_given(uri: str, settings: RadioSettings | None) -> Radio:
        return radio

    return open_given
