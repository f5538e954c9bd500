"""What radios around another radio share: whatever they do not change is the inner radio's."""

from lowpan.mac.acknowledging import AcknowledgesSecured, SecuredAck
from lowpan.radio import (
    Radio,
    RadioCapability,
    RadioNotice,
    RadioSettings,
    RadioStatistics,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    neighbours_acknowledge,
)
from lowpan_radios.base import EventSource


class Wrapper(EventSource):
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

    @property
    def hears_all_channels(self) -> bool:
        """Return whether the radio inside gives frames of channels that it is not tuned to."""
        return bool(getattr(self.radio, "hears_all_channels", False))

    @property
    def neighbours_acknowledge(self) -> bool:
        """Return whether those that the radio inside reaches acknowledge."""
        return neighbours_acknowledge(self.radio)

    @property
    def acknowledge_secured(self) -> SecuredAck | None:
        """What the radio inside has its acknowledgments of secured frames made by.

        Always None for a radio that does not ask for that.
        """
        radio = self.radio
        return radio.acknowledge_secured if isinstance(radio, AcknowledgesSecured) else None

    @acknowledge_secured.setter
    def acknowledge_secured(self, make: SecuredAck | None) -> None:
        if isinstance(self.radio, AcknowledgesSecured):
            self.radio.acknowledge_secured = make

    async def configure(self, settings: RadioSettings) -> None:
        """Apply `settings`; see Radio."""
        await self.radio.configure(settings)

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        """Return the next frame or notice; see Radio."""
        return await self.radio.next_event()

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
