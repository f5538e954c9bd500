"""Radios of one process on one cable: what one sends all others have at once, unless it is lost."""

from collections.abc import Callable

from lowpan.errors import MalformedFrame
from lowpan.mac.acknowledging import AddressFilter, awaited_ack
from lowpan.radio import (
    Fcs,
    RadioCapability,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.wire.ieee802154 import decode_frame
from lowpan_radios.base import BaseRadio

RAW = RadioCapability.TRANSMIT | RadioCapability.PROMISCUOUS
"""Everything else is left to the link layer."""
COMPLETE = (
    RAW
    | RadioCapability.CSMA
    | RadioCapability.ACK_TIMEOUT
    | RadioCapability.RETRIES
    | RadioCapability.ACKNOWLEDGE
)

Lose = Callable[[bytes], bool]


class Cable:
    """Knows its radios; `lose` tells of each PSDU whether nobody is to hear it.

    With `channels`, nobody hears who is on another one.
    """

    def __init__(self, lose: Lose = lambda psdu: False, *, channels: bool = False) -> None:
        self.lose, self.channels = lose, channels
        self.radios: list[CableRadio] = []
        self.on_air: list[bytes] = []

    def radio(self, capabilities: RadioCapability = COMPLETE) -> "CableRadio":
        """Return one more radio."""
        radio = CableRadio(self, len(self.radios) + 1, capabilities)
        self.radios.append(radio)
        return radio


class CableRadio(BaseRadio):
    """A radio on a cable, tuned to whatever it is told."""

    def __init__(self, cable: Cable, number: int, capabilities: RadioCapability) -> None:
        own = RadioSettings(extended_address=b"\x02" + number.to_bytes(7, "big"))
        uri = f"cable:{number}"
        super().__init__(uri, "a radio of the test", capabilities, settings=own)
        self._cable = cable
        self._filter = AddressFilter(own)
        self.configured: list[RadioSettings] = []

    @property
    def waiting(self) -> int:
        """Return how many frames wait to be fetched."""
        return len(self._events)

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        self._filter = AddressFilter(settings)
        self.configured.append(settings)
        return settings

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        repeats = RadioCapability.RETRIES in self.capabilities
        most = 1 + (parameters.max_frame_retries if repeats else 0)
        for transmissions in range(1, most + 1):
            if self._deliver_to_others(psdu):
                return TransmitOutcome(status=TransmitStatus.SUCCESS, transmissions=transmissions)
        return TransmitOutcome(status=TransmitStatus.NO_ACK, transmissions=most)

    def _deliver_to_others(self, psdu: bytes) -> bool:
        """Tell whether nothing more is to be awaited: somebody has acknowledged it, or need not."""
        cable = self._cable
        cable.on_air.append(psdu)
        lost = cable.lose(psdu)
        awaits = RadioCapability.ACK_TIMEOUT in self.capabilities and awaited_ack(psdu) is not None
        heard = [radio for radio in cable.radios if radio is not self and not lost]
        if cable.channels:
            ours = self.settings.channel
            heard = [radio for radio in heard if radio.settings.channel == ours]
        acknowledged = [radio.hear(psdu) for radio in heard]
        return not awaits or (any(acknowledged) and not cable.lose(b"\x02\0" + psdu[2:3]))

    def hear(self, psdu: bytes) -> bool:
        """Take a frame off the cable; tell whether it was acknowledged."""
        frame = ReceivedFrame(psdu, Fcs.GOOD, channel=self.settings.channel, rssi=-40.0, lqi=255)
        if RadioCapability.ACKNOWLEDGE not in self.capabilities or self.settings.promiscuous:
            self._deliver(frame)
            return False
        try:
            header = decode_frame(psdu)
        except MalformedFrame:
            return False
        if not self._filter.accepts(header):
            return False
        self._deliver(frame)
        return self._filter.is_ours(getattr(header, "destination", None))
