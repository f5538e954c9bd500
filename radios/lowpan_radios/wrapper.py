"""What radios around another radio share: whatever they do not change is the inner radio's."""

from typing import Self

from lowpan.radio import (
    Radio,
    RadioCapability,
    RadioNotice,
    RadioSettings,
    RadioStatistics,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
)


class Wrapper:
    """A Radio that is `radio` itself; closing it closes that."""

    def __init__(self, radio: Radio) -> None:
        self.radio = radio
        """The one inside."""

    @property
    def uri(self) -> str:
        """Return what the radio inside was opened by."""
        return self.radio.uri

    @property
    def description(self) -> str:
        """Return which firmware answered."""
        return self.radio.description

    @property
    def capabilities(self) -> RadioCapability:
        """Return what the radio inside does by itself."""
        return self.radio.capabilities

    @property
    def channels(self) -> tuple[int, ...]:
        """Return the channels of the current page."""
        return self.radio.channels

    @property
    def settings(self) -> RadioSettings:
        """Return what the radio inside was last told to be."""
        return self.radio.settings

    @property
    def statistics(self) -> RadioStatistics:
        """Return what the radio inside has counted."""
        return self.radio.statistics

    async def configure(self, settings: RadioSettings) -> None:
        """Apply `settings`; see Radio."""
        await self.radio.configure(settings)

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        """Return the next frame or notice; see Radio."""
        return await self.radio.next_event()

    async def receive(self) -> ReceivedFrame:
        """Return the next frame; see Radio."""
        while True:
            event = await self.next_event()
            if isinstance(event, ReceivedFrame):
                return event

    async def transmit(
        self,
        psdu: bytes,
        parameters: TransmitParameters = TransmitParameters(),  # noqa: B008  (frozen)
    ) -> TransmitOutcome:
        """Send `psdu`; see Radio."""
        return await self.radio.transmit(psdu, parameters)

    async def measure_energy(self, channel: int, duration_ms: int) -> float:
        """Return the highest energy on `channel`; see Radio."""
        return await self.radio.measure_energy(channel, duration_ms)

    async def close(self) -> None:
        """Close the radio inside."""
        await self.radio.close()

    async def __aenter__(self) -> Self:
        """Return the radio itself."""
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close it."""
        await self.close()
