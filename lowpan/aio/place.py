"""A node's place in a PAN, for programs: joining one, letting others in, looking around."""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from lowpan.aio.running import Running
from lowpan.errors import AssociationError, FieldOutOfRange, RadioError, StoreError
from lowpan.mac.association import Associated, NotAssociated, Why
from lowpan.mac.coordinating import DeviceJoined, DeviceLeft
from lowpan.mac.management_service import ManagementAction
from lowpan.mac.membership import JoinPlan
from lowpan.mac.scanning import ScanDone, ScanPlan, ScanType
from lowpan.radio import CHANNELS_2450, RadioCapability
from lowpan.store import Store

if TYPE_CHECKING:
    from lowpan.mac.management import Management

ATTEMPTS = 3
"""At joining before it is given up: the beacons of the first may be lost."""
SCAN_S, ENERGY_S = 0.3, 0.05
"""Seconds on each channel, for beacons and for a measurement."""
CLOSED = (Why.AT_CAPACITY, Why.DENIED)
"""Answers after which nobody needs to ask again at once."""

_DEVICE = "device/"
_SLEEPS, _VERIFIED, _HAS_SHORT = 1, 2, 4
Value = TypeVar("Value")

_CURES = {
    Why.NO_PAN: "let devices join at the coordinator: lowpan node RADIO --coordinator --permit",
    Why.NOT_SENT: "bring the radios closer, or choose a channel that is free",
    Why.NO_DATA: "if the network has a key, this node needs it too",
    Why.AT_CAPACITY: "send a device away, or join another PAN",
}


@dataclass(frozen=True, slots=True)
class _Where:
    """Which PAN a node wants, as its options say."""

    channel: int | None = None
    pan_id: int | None = None


class Place:
    """Orders for the layer management of `running`, each awaited until it has ended."""

    def __init__(
        self, running: Running, *, channel: int | None = None, pan_id: int | None = None
    ) -> None:
        """`channel` and `pan_id` say which PAN is wanted; None: any."""
        self._running, self._where = running, _Where(channel, pan_id)
        self._joined: asyncio.Future[Associated | NotAssociated] | None = None
        self._scanned: asyncio.Future[ScanDone] | None = None
        self._turn = asyncio.Lock()
        running.take(Associated, self._place_known)
        running.take(NotAssociated, self._place_known)
        running.take(ScanDone, self._scan_done)

    # A device

    async def associate(self) -> Associated:
        """Look for a PAN that lets us in; raise AssociationError if there is none."""
        return await self._in_turn(self._associate())

    async def _associate(self) -> Associated:
        where = self._where
        channels = self.channels(None if where.channel is None else (where.channel,))
        plan = JoinPlan(channels, self._running.engine.link.radio.page, where.pan_id)
        for attempt in range(1, ATTEMPTS + 1):
            self._joined = self._future()
            self._order(self._management.join(plan, now=self._running.now()))
            answer = await self._ended(self._joined)
            if isinstance(answer, Associated):
                return answer
            if answer.why in CLOSED or attempt == ATTEMPTS:
                raise _refused(answer, plan)
        raise AssertionError("the last attempt has returned or raised")

    async def disassociate(self) -> None:
        """Leave the PAN; return when that is done."""
        await self._in_turn(self._disassociate())

    async def _disassociate(self) -> None:
        management = self._management
        if management.membership is None or management.membership.is_over:
            return
        self._joined = self._future()
        self._order(management.leave(now=self._running.now()))
        await self._ended(self._joined)

    # Everybody

    async def scan(
        self,
        scan_type: ScanType,
        channels: Iterable[int] | None,
        seconds: float,
    ) -> ScanDone:
        """Take the radio for as long as it takes to visit `channels`."""
        if scan_type is ScanType.ENERGY and RadioCapability.ENERGY not in self._capabilities:
            cause = f"{self._running.radio.uri}: measures no energy"
            raise RadioError(cause, "take another radio, such as spinel:")
        page = self._running.engine.link.radio.page
        visited = self.channels(None if channels is None else tuple(channels))
        plan = ScanPlan(scan_type, visited, round(seconds * 1_000_000), page)
        return await self._in_turn(self._scan(plan))

    async def _scan(self, plan: ScanPlan) -> ScanDone:
        self._scanned = self._future()
        self._order(self._management.scan(plan, now=self._running.now()))
        return await self._ended(self._scanned)

    def channels(self, wanted: tuple[int, ...] | None) -> tuple[int, ...]:
        """Return which channels to visit; raise FieldOutOfRange for those that there are not."""
        has = self._running.radio.channels
        if wanted is None:
            return has or CHANNELS_2450
        for channel in wanted:
            if has and channel not in has:
                raise FieldOutOfRange(f"no channel {channel}: there are {has[0]} to {has[-1]}")
        return wanted

    # Inside

    @property
    def _management(self) -> "Management":
        return self._running.engine.management

    @property
    def _capabilities(self) -> RadioCapability:
        return self._running.radio.capabilities

    def _order(self, actions: list[ManagementAction]) -> None:
        running = self._running
        running.put(running.engine.manage(actions, now=running.now()))

    async def _in_turn(self, job: Coroutine[Any, Any, Value]) -> Value:
        """Do `job` to its end after all before it, also if nobody waits for it any more."""
        return await asyncio.shield(self._running.loop.create_task(self._do(job)))

    async def _do(self, job: Coroutine[Any, Any, Value]) -> Value:
        try:
            async with self._turn:
                self._running.check()
                return await job
        finally:
            job.close()

    def _future(self) -> "asyncio.Future[Any]":
        return self._running.loop.create_future()

    async def _ended(self, answer: "asyncio.Future[Value]") -> Value:
        """Wait for an answer of the engine, or the end of all."""
        ended = self._running.ended
        await asyncio.wait((answer, ended), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            self._running.check()
        return answer.result()

    def _place_known(self, news: Associated | NotAssociated) -> None:
        if self._joined is not None and not self._joined.done():
            self._joined.set_result(news)

    def _scan_done(self, done: ScanDone) -> None:
        if self._scanned is not None and not self._scanned.done():
            self._scanned.set_result(done)


class KnownDevices:
    """The devices of a coordinator in its store, so that they are known after a restart.

    What the store refuses is told to `failed`, and known until the end of this process only.
    """

    def __init__(self, store: Store, running: Running) -> None:
        self._store, self._running = store, running

    def restore(self) -> None:
        """Know those of before, and keep the store up to date from now on; raise StoreError."""
        running = self._running
        for name in self._store.names(_DEVICE):
            octets = self._store.load(name)
            if octets is None or len(octets) != 3:
                continue
            flags = octets[0]
            known = running.engine.management.add_device(
                bytes.fromhex(name.removeprefix(_DEVICE)),
                octets[1:] if flags & _HAS_SHORT else None,
                sleeps=bool(flags & _SLEEPS),
                verified=bool(flags & _VERIFIED),
                now=running.now(),
            )
            running.put(running.engine.manage(known, now=running.now()))
        running.take(DeviceJoined, self._joined)
        running.take(DeviceLeft, self._left)

    def _joined(self, device: DeviceJoined) -> None:
        flags = _VERIFIED * device.verified
        flags |= _SLEEPS * (not device.capability.receiver_on_when_idle)
        flags |= _HAS_SHORT * (device.short_address is not None)
        octets = bytes((flags,)) + (device.short_address or b"\xff\xfe")
        try:
            self._store.save(_DEVICE + device.extended_address.hex(), octets)
        except StoreError as error:
            self._running.note_failure(error)

    def _left(self, device: DeviceLeft) -> None:
        try:
            self._store.remove(_DEVICE + device.extended_address.hex())
        except StoreError as error:
            self._running.note_failure(error)


def _refused(answer: NotAssociated, plan: JoinPlan) -> AssociationError:
    """Return what a user is told of an attempt that has failed."""
    channels = plan.channels
    where = f"channel {channels[0]}"
    if len(channels) > 1:
        where = f"channels {channels[0]} to {channels[-1]}"
    pan = "no PAN" if plan.pan_id is None else f"not PAN 0x{plan.pan_id:04x}"
    why = f"{answer.why.value}, {answer.reason}" if answer.reason else answer.why.value
    return AssociationError(f"joined {pan} on {where}: {why}", _CURES.get(answer.why, ""))
