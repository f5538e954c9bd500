"""Orders: what a node asks of its radio, carried out one after the other."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable

from lowpan.errors import FieldOutOfRange, RadioError
from lowpan.mac.service import Acknowledge, Configure, MeasureEnergy, Transmit
from lowpan.radio import Radio, TransmitOutcome, TransmitParameters, TransmitStatus

MOST_ACKNOWLEDGMENTS = 4
"""That wait: whoever waits for one gives up before the radio has sent four others."""

Order = Transmit | Acknowledge | Configure | MeasureEnergy

MOST_AT_ONCE = 16
"""Frames in a row, in or out, that a radio may be quick enough for; then others have a turn."""

_AT_ONCE = TransmitParameters(csma=False, max_frame_retries=0)


class RadioOrders:
    """A queue of orders and the one that is carried out; bounded.

    There is one Transmit at a time, of settings the newest count, and acknowledgments go first.
    `transmitted` takes the outcome of each Transmit, `failed` what the radio refuses.
    """

    def __init__(
        self,
        radio: Radio,
        transmitted: Callable[[TransmitOutcome], None],
        measured: Callable[[float], None],
        failed: Callable[[RadioError], None],
    ) -> None:
        self._radio = radio
        self._transmitted, self._measured, self._failed = transmitted, measured, failed
        self._acknowledgments: deque[Acknowledge] = deque(maxlen=MOST_ACKNOWLEDGMENTS)
        self._orders: deque[Transmit | MeasureEnergy] = deque()
        self._configure: Configure | None = None
        self._idle: asyncio.Future[None] | None = None

    def put(self, order: Order) -> None:
        """Have `order` carried out."""
        if isinstance(order, Acknowledge):
            self._acknowledgments.append(order)
        elif isinstance(order, Configure):
            self._configure = order
        else:
            self._orders.append(order)
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    async def run(self) -> None:
        """Carry out orders until cancelled."""
        for count in itertools.count(1):
            if not count % MOST_AT_ONCE:
                await asyncio.sleep(0)
            if self._acknowledgments:
                await self._acknowledge(self._acknowledgments.popleft())
            elif self._configure is not None:
                order, self._configure = self._configure, None
                await self.configure(order)
            elif self._orders:
                await self._carry_out(self._orders.popleft())
            else:
                self._idle = asyncio.get_running_loop().create_future()
                await self._idle

    async def configure(self, order: Configure) -> None:
        """Have the radio be as the order says; tell `failed` if it refuses."""
        try:
            await self._radio.configure(order.settings)
        except RadioError as error:
            self._failed(error)

    async def _acknowledge(self, order: Acknowledge) -> None:
        try:
            await self._radio.transmit(order.psdu, _AT_ONCE)
        except RadioError as error:
            self._failed(error)

    async def _carry_out(self, order: Transmit | MeasureEnergy) -> None:
        if isinstance(order, Transmit):
            self._transmitted(await self._transmit(order))
            return
        try:
            energy = await self._radio.measure_energy(order.channel, order.duration_us // 1000)
        except RadioError as error:
            self._failed(error)
            return
        self._measured(energy)

    async def _transmit(self, order: Transmit) -> TransmitOutcome:
        try:
            return await self._radio.transmit(order.psdu, order.parameters)
        except RadioError as error:
            self._failed(error)
            reason = str(error)
        except FieldOutOfRange as error:
            reason = str(error)
        return TransmitOutcome(status=TransmitStatus.ABORTED, reason=reason)
