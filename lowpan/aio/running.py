"""Running: the engine of a node on an event loop, over a radio.

One task fetches what the radio hears, one carries out what it is asked, one timer keeps the
engine's deadlines.  What the engine answers goes to the radio, or to who takes its kind.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar, get_args

from lowpan.aio.events import EventReaders, RadioFailed
from lowpan.aio.radio_orders import MOST_AT_ONCE, RadioOrders
from lowpan.errors import RadioClosed, RadioError, StoreError
from lowpan.mac.acknowledging import AcknowledgesSecured
from lowpan.mac.management_service import PlaceChange
from lowpan.mac.service import (
    Acknowledge,
    BeaconReceived,
    CommandReceived,
    Configure,
    Drop,
    FrameDropped,
    MeasureEnergy,
    Transmit,
)
from lowpan.mesh.neighbour import NeighbourEvent
from lowpan.mesh.service import MeshNews
from lowpan.node.node import Node as NodeEngine
from lowpan.node.node import NodeAction
from lowpan.node.service import (
    AddressChanged,
    DatagramDiscarded,
    Discard,
    ErrorReceived,
    NeighbourChanged,
    RouterNews,
)
from lowpan.radio import Radio, RadioNotice, TransmitOutcome
from lowpan.wire.ieee802154 import Frame

RADIO_RETRY_S = 1.0
"""Seconds between two attempts to hear a radio that fails: somebody may plug it in again."""

WAITING_HIGH, WAITING_LOW = 16, 4
"""Datagrams that wait in the engine when senders are to pause, and to go on: a second of air."""

_TOLD = (
    AddressChanged,
    BeaconReceived,
    CommandReceived,
    ErrorReceived,
    NeighbourChanged,
    *get_args(RouterNews),
    *get_args(PlaceChange),
)
"""Actions that are events as well as whatever else they are."""

Action = TypeVar("Action")


def now_of(loop: asyncio.AbstractEventLoop) -> int:
    """Return the moment on the clock of `loop`, in microseconds."""
    return round(loop.time() * 1_000_000)


class Running:
    """`engine` at work over `radio`, from start() to close(); `events` are told what happens.

    `now()` is the loop's clock in microseconds: a loop with a clock of its own makes it virtual.
    """

    def __init__(self, engine: NodeEngine, radio: Radio, events: EventReaders) -> None:
        self.engine, self.radio, self.events = engine, radio, events
        self.failure: BaseException | None = None
        """What ended it before its time: RadioClosed, or a fault of ours."""
        self.is_congested = False
        """Whether senders are to pause."""
        self.loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self.loop.create_future()
        """Done once it has ended, for whatever reason."""
        self._orders = RadioOrders(radio, self._transmitted, self._measured, self._radio_failed)
        self._takers: dict[type[Any], list[Callable[[Any], None]]] = {}
        for order in (Transmit, Acknowledge, Configure, MeasureEnergy):
            self._takers[order] = [self._orders.put]
        for told in _TOLD:
            self._takers[told] = [self.events.put]
        self.take(FrameDropped, self._tell_dropped)
        self.take(DatagramDiscarded, self._tell_discarded)
        self._congestion: list[Callable[[bool], None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: int | None = None
        self._drained = asyncio.Event()

    def now(self) -> int:
        """Return the moment, in microseconds."""
        return now_of(self.loop)

    def take(self, kind: type[Action], taker: Callable[[Action], None]) -> None:
        """Let `taker` have all actions of `kind`; it must be quick, and never raise."""
        self._takers.setdefault(kind, []).append(taker)

    def heed_congestion(self, heeder: Callable[[bool], None]) -> None:
        """Let `heeder` know when senders are to pause, and when they are to go on."""
        self._congestion.append(heeder)

    async def start(self) -> None:
        """Set the radio up and begin; raise RadioError if it refuses."""
        if isinstance(self.radio, AcknowledgesSecured):
            self.radio.acknowledge_secured = self._acknowledgment
        rest: list[NodeAction] = []
        for action in self.engine.start(now=self.now()):
            if isinstance(action, Configure):
                await self.radio.configure(action.settings)
            else:
                rest.append(action)
        self.run(self._listen())
        self.run(self._orders.run())
        self.put(rest)

    def _acknowledgment(self, frame: Frame, psdu: bytes) -> bytes | None:
        return self.engine.link.acknowledge_secured(frame, psdu, now=self.now())

    def run(self, job: Coroutine[Any, Any, None]) -> None:
        """Do `job` beside everything else, until close() cancels it; what it raises ends all."""
        task = self.loop.create_task(job)
        task.add_done_callback(self._job_done)
        self._tasks.append(task)

    def put(self, actions: list[NodeAction]) -> None:
        """Pass on what the engine answered."""
        takers = self._takers
        for action in actions:
            for taker in takers.get(type(action)) or self._takers_of(action):
                taker(action)
        self._heed_waiting()
        self._set_timer()

    def _takers_of(self, action: NodeAction) -> list[Callable[[Any], None]]:
        """Return who takes actions of a kind that is seen for the first time: news of a mesh."""
        told = isinstance(action, MeshNews | NeighbourEvent)
        return self._takers.setdefault(type(action), [self.events.put] if told else [])

    def fail(self, error: BaseException) -> None:
        """End before the time, because of `error`."""
        if self.failure is None:
            self.failure = error
        self._end()

    def check(self) -> None:
        """Raise what has ended it, if it has ended."""
        if self.ended.done():
            raise self.failure or RadioClosed(f"{self.radio.uri}: this node has ended")

    async def close(self) -> None:
        """End, and leave no task behind."""
        self._end()
        if isinstance(self.radio, AcknowledgesSecured):
            self.radio.acknowledge_secured = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def addressed(self, patience: float) -> None:
        """Wait until we have an address that is ready, at most `patience` seconds."""
        if any(own.ready for own in self.engine.own):
            return
        ready = asyncio.Event()
        self.take(AddressChanged, lambda change: ready.set() if change.ready else None)
        with suppress(TimeoutError):
            await asyncio.wait_for(ready.wait(), patience)

    async def drained(self, patience: float) -> None:
        """Wait until all that was to be sent is sent, at most `patience` seconds."""
        if self.engine.waiting and not self.ended.done():
            self._drained = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), patience)

    def _end(self) -> None:
        if self.ended.done():
            return
        self.ended.set_result(None)
        self._drained.set()
        if self._timer is not None:
            self._timer.cancel()
        self.events.end()
        self._takers.clear()

    # The radio

    async def _listen(self) -> None:
        for count in itertools.count(1):
            if not count % MOST_AT_ONCE:  # frames that wait are fetched without waiting
                await asyncio.sleep(0)
            try:
                event = await self.radio.next_event()
            except RadioClosed:
                raise
            except RadioError as error:
                self._radio_failed(error)
                await asyncio.sleep(RADIO_RETRY_S)
                continue
            if isinstance(event, RadioNotice):
                self.events.put(event)
            else:
                self.put(self.engine.receive_frame(event, now=self.now()))

    def _transmitted(self, outcome: TransmitOutcome) -> None:
        self.put(self.engine.transmit_done(outcome, now=self.now()))

    def _measured(self, dbm: float) -> None:
        self.put(self.engine.energy_measured(dbm, now=self.now()))

    def note_failure(self, error: RadioError | StoreError) -> None:
        """Tell of something that went wrong, and goes on."""
        self.events.put(RadioFailed(str(error), error.cure))

    def _radio_failed(self, error: RadioError) -> None:
        self.note_failure(error)

    def _tell_dropped(self, dropped: FrameDropped) -> None:
        if dropped.drop is not Drop.NOT_FOR_US:  # most of what a busy channel carries
            self.events.put(dropped)

    def _tell_discarded(self, discarded: DatagramDiscarded) -> None:
        if discarded.discard is not Discard.NOT_FOR_US:  # such as what is for routers
            self.events.put(discarded)

    def _job_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    # Time

    def _set_timer(self) -> None:
        deadline = self.engine.next_deadline()
        if deadline == self._deadline or self.ended.done():
            return
        if self._timer is not None:
            self._timer.cancel()
        self._deadline, self._timer = deadline, None
        if deadline is not None:
            self._timer = self.loop.call_at(deadline / 1_000_000, self._due)

    def _due(self) -> None:
        self._deadline = None
        try:
            self.put(self.engine.handle_deadline(now=self.now()))
        except Exception as error:  # a fault of ours: nothing may go on as if it worked
            self.fail(error)

    def _heed_waiting(self) -> None:
        waiting = self.engine.waiting
        if not waiting:
            self._drained.set()
        limit = WAITING_LOW if self.is_congested else WAITING_HIGH
        is_congested = waiting > limit
        if is_congested is not self.is_congested:
            self.is_congested = is_congested
            for heeder in self._congestion:
                heeder(is_congested)
