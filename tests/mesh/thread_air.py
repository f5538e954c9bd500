"""The virtual air between Thread routers and a child, and the child on it."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TypeVar

from lowpan.mac.keys import KeyTable
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import Configure
from lowpan.mesh.service import MeshAction, MleReceived, SendMle
from lowpan.mesh.thread.child import ThreadChild
from lowpan.mesh.thread.events import Attached
from lowpan.mesh.thread.network import ThreadNetwork
from lowpan.mesh.thread.settings import ChildSettings, Role
from lowpan.radio import RadioSettings
from lowpan.store import MemoryStore, Store
from lowpan.wire.addresses import iid_of, link_local
from tests.mesh.thread_network import CHILD, NETWORK
from tests.mesh.thread_parent import ThreadParent

SECOND = 1_000_000
AIR_TIME = 3_000

Kind = TypeVar("Kind")


class Air:
    """Virtual time, and messages that take a while or are lost."""

    def __init__(self, seed: int = 1, *, loss: float = 0.0) -> None:
        self.random = Random(seed)
        self.now, self.loss = 0, loss
        self.parents = list[ThreadParent]()
        self.child: Child | None = None
        self.recorded = list[tuple[bytes, bytes, bytes, bytes]]()
        """Sender, IPv6 source and destination, payload of everything that was on air."""
        self._queue = list[tuple[int, int, Callable[[], None]]]()
        self._numbers = count()

    def after(self, delay: int, what: Callable[[], None]) -> None:
        """Do something later."""
        heappush(self._queue, (self.now + delay, next(self._numbers), what))

    def carry(
        self, sender: bytes, channel: int, source: bytes, destination: bytes, payload: bytes
    ) -> None:
        """Give a message to all others on the channel that it is for."""
        self.recorded.append((sender, source, destination, payload))
        if self.random.random() < self.loss:
            return
        self.after(AIR_TIME, lambda: self._arrive(sender, channel, source, destination, payload))

    def _arrive(
        self, sender: bytes, channel: int, source: bytes, destination: bytes, payload: bytes
    ) -> None:
        to_all = destination[0] == 0xFF
        for parent in self.parents:
            here = to_all or destination == link_local(iid_of(parent.extended))
            if parent.channel == channel and parent.extended != sender and here:
                parent.receive(source, destination, payload)
        child = self.child
        if child is None or child.extended == sender or child.channel != channel:
            return
        if to_all or destination == link_local(iid_of(child.extended)):
            child.receive(source, destination, payload)

    def run(self, duration: int) -> None:
        """Let time go by."""
        end = self.now + duration
        while True:
            queued = self._queue[0][0] if self._queue else None
            child = None if self.child is None else self.child.engine.next_deadline()
            due = min((moment for moment in (queued, child) if moment is not None), default=None)
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            if queued is not None and queued <= self.now:
                heappop(self._queue)[2]()
            elif self.child is not None:
                self.child.take(self.child.engine.handle_deadline(now=self.now))
        self.now = end

    def run_until(self, condition: Callable[[], bool], most: int) -> int:
        """Let time go by in steps until `condition` holds; return how long that took."""
        begin = self.now
        while not condition():
            assert self.now - begin < most, "it never came to that"
            self.run(10_000)
        return self.now - begin


class Child:
    """A child on the air, and all that it did."""

    def __init__(
        self,
        air: Air,
        network: ThreadNetwork = NETWORK,
        *,
        role: Role = Role.MED,
        store: Store | None = None,
        settings: ChildSettings | None = None,
    ) -> None:
        self.air, self.extended = air, CHILD
        self.store = MemoryStore() if store is None else store
        policy = SecurityPolicy.for_level(5, data_in_clear=True)
        self.security = LinkSecurity(CHILD, KeyTable(), self.store, policy=policy)
        self.engine = ThreadChild(
            network,
            self.security,
            self.store,
            Random(air.random.random()),
            settings=settings or ChildSettings(role=role),
            now=air.now,
        )
        self.channel, self.pan_id = 0, 0xFFFF
        self.actions = list[MeshAction]()
        air.child = self

    def start(self) -> "Child":
        """Switch on."""
        radio = RadioSettings(extended_address=CHILD, promiscuous=False)
        self.take(self.engine.start(radio, now=self.air.now))
        return self

    def take(self, actions: list[MeshAction]) -> None:
        """Do what the engine asks, as far as the air is concerned."""
        for action in actions:
            self.actions.append(action)
            if isinstance(action, Configure):
                self.channel, self.pan_id = action.settings.channel, action.settings.pan_id
            elif isinstance(action, SendMle):
                channel = action.channel or self.channel
                self.air.carry(CHILD, channel, action.source, action.destination, action.payload)

    def receive(self, source: bytes, destination: bytes, payload: bytes) -> None:
        """Take what came over the air."""
        received = MleReceived(source, destination, 255, payload, b"", 0, -20.0)
        self.take(self.engine.receive_message(received, now=self.air.now))

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return what it did of one kind."""
        return [action for action in self.actions if isinstance(action, kind)]

    def attached(self) -> Attached:
        """Return how it was attached last."""
        return self.of(Attached)[-1]


def attach(
    *, role: Role = Role.MED, loss: float = 0.0, seed: int = 1
) -> tuple[Air, ThreadParent, Child]:
    """Return a child that has just attached to the only parent there is."""
    air = Air(seed, loss=loss)
    parent = ThreadParent(air)
    child = Child(air, role=role).start()
    air.run_until(lambda: child.engine.rloc16 is not None, 600 * SECOND)
    return air, parent, child
