"""A radio without hardware: what it hears is put in by hand, or answers what it sends."""

from collections.abc import Callable

from lowpan.errors import RadioError
from lowpan.radio import (
    Happening,
    RadioCapability,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan_radios.base import BaseRadio

Answer = Callable[[int, bytes], list[ReceivedFrame]]
"""What is on air after a frame was sent on a channel."""

ALL = (
    RadioCapability.TRANSMIT
    | RadioCapability.CSMA
    | RadioCapability.ACK_TIMEOUT
    | RadioCapability.RETRIES
    | RadioCapability.PROMISCUOUS
    | RadioCapability.ENERGY
)


class AirRadio(BaseRadio):
    """Sends into `on_air`; `outcomes` are taken in turn, then every one is a success."""

    def __init__(
        self, answer: Answer | None = None, capabilities: RadioCapability = ALL, uri: str = "air:"
    ) -> None:
        super().__init__(uri, "a radio of the test", capabilities)
        self.on_air: list[tuple[int, bytes]] = []
        self.parameters: list[TransmitParameters] = []
        self.outcomes: list[TransmitOutcome | RadioError] = []
        self.energies: dict[int, float] = {}
        self._answer = answer

    def hear(self, frame: ReceivedFrame) -> None:
        self._deliver(frame)

    def happen(self, happening: Happening, text: str) -> None:
        self._notice(happening, text)

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        return settings

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        channel = parameters.channel or self.settings.channel
        self.on_air.append((channel, psdu))
        self.parameters.append(parameters)
        for frame in self._answer(channel, psdu) if self._answer is not None else ():
            self._deliver(frame)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, RadioError):
            raise outcome
        return outcome or TransmitOutcome(status=TransmitStatus.SUCCESS, transmissions=1)

    async def _measure_energy(self, channel: int, duration_ms: int) -> float:
        return self.energies.get(channel, -95.0)
