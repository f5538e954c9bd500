"""Orders to a radio: their order, their bounds, and what the radio refuses."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from lowpan.aio.radio_orders import MOST_ACKNOWLEDGMENTS, Order, RadioOrders
from lowpan.errors import RadioError
from lowpan.mac.service import Acknowledge, Configure, MeasureEnergy, Transmit
from lowpan.radio import (
    RadioCapability,
    RadioSettings,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from tests.peers.cable import COMPLETE, Cable, CableRadio

PSDU = bytes.fromhex("4188 01 efbe ffff 0100")


@dataclass(slots=True)
class Told:
    """What the radio's user is told."""

    outcomes: list[TransmitOutcome] = field(default_factory=list[TransmitOutcome])
    energies: list[float] = field(default_factory=list[float])
    failures: list[RadioError] = field(default_factory=list[RadioError])


async def carried_out(radio: CableRadio, orders: list[Order]) -> Told:
    """Give all orders, then have them carried out."""
    told = Told()
    queue = RadioOrders(radio, told.outcomes.append, told.energies.append, told.failures.append)
    for order in orders:
        queue.put(order)
    working = asyncio.ensure_future(queue.run())
    await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.wait({working})
    return told


class Slow(CableRadio):
    """Notes how frames were to be sent, and measures energy."""

    sent: list[tuple[bytes, TransmitParameters]]

    def __init__(self, cable: Cable, number: int, capabilities: RadioCapability) -> None:
        super().__init__(cable, number, capabilities | RadioCapability.ENERGY)
        self.sent = []

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        self.sent.append((psdu, parameters))
        await asyncio.sleep(0)
        return TransmitOutcome(status=TransmitStatus.SUCCESS)

    async def _measure_energy(self, channel: int, duration_ms: int) -> float:
        return -channel - duration_ms


async def test_acknowledgments_go_first_at_once_and_late_ones_never() -> None:
    radio = Slow(Cable(), 1, COMPLETE)
    acks = [bytes([2, 0, number]) for number in range(MOST_ACKNOWLEDGMENTS + 3)]
    patient = TransmitParameters()
    told = await carried_out(radio, [Transmit(PSDU, patient), *map(Acknowledge, acks)])
    at_once = TransmitParameters(csma=False, max_frame_retries=0)
    assert radio.sent == [*((ack, at_once) for ack in acks[3:]), (PSDU, patient)]
    assert [outcome.status for outcome in told.outcomes] == [TransmitStatus.SUCCESS]


async def test_of_settings_the_newest_count() -> None:
    radio = Cable().radio()
    settings = [RadioSettings(channel=channel) for channel in (11, 12, 13)]
    await carried_out(radio, [Configure(each) for each in settings])
    assert radio.configured == settings[2:]


async def test_energy() -> None:
    radio = Slow(Cable(), 1, COMPLETE)
    told = await carried_out(radio, [MeasureEnergy(20, 5_000)])
    assert told.energies == [-25]


class Unwell(CableRadio):
    """Refuses whatever it is asked."""

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        raise RadioError("no settings")

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        raise RadioError("no frames")


async def test_what_the_radio_refuses_is_told() -> None:
    orders: list[Any] = [
        Configure(RadioSettings()),
        Acknowledge(b"\x02\0\x01"),
        Transmit(PSDU, TransmitParameters()),
        MeasureEnergy(20, 1000),
    ]
    told = await carried_out(Unwell(Cable(), 1, COMPLETE), orders)
    causes = [str(failure) for failure in told.failures]
    assert causes[:3] == ["no frames", "no settings", "no frames"]
    assert "cannot measure energy" in causes[3]
    (outcome,) = told.outcomes
    assert (outcome.status, outcome.reason) == (TransmitStatus.ABORTED, "no frames")


async def test_a_frame_that_no_radio_could_send_is_aborted() -> None:
    told = await carried_out(Cable().radio(), [Transmit(bytes(126), TransmitParameters())])
    assert told.outcomes[0].status is TransmitStatus.ABORTED
    assert "126 octets" in told.outcomes[0].reason
    assert told.failures == []
