"""Nodes in one room, in virtual time."""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import TypeVar

from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import Acknowledge, Configure, FrameDropped, Transmit
from lowpan.mac.timing import O_QPSK_2450
from lowpan.mesh.service import MeshEngine
from lowpan.node.node import Node, NodeAction
from lowpan.node.settings import NodeSettings
from lowpan.radio import (
    Fcs,
    RadioCapability,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
)
from tests.mac.air import settings_of

Lose = Callable[[bytes], bool]
Kind = TypeVar("Kind")


QUIET = NodeSettings(routers=False)
"""Says nothing on its own."""


class Room:
    """Nodes whose radios do nothing by themselves; what one transmits all others hear."""

    def __init__(
        self,
        count: int = 2,
        *,
        lose: Lose = lambda psdu: False,
        security: Callable[[int], LinkSecurity] | None = None,
        settings: NodeSettings | None = None,
        mesh: Callable[[int], MeshEngine] | None = None,
    ) -> None:
        self.now = 0
        self.lose = lose
        self.nodes = [
            Node(
                settings_of(number),
                RadioCapability.TRANSMIT,
                Random(number),
                security=None if security is None else security(number),
                settings=settings or QUIET,
                mesh=None if mesh is None else mesh(number),
            )
            for number in range(count)
        ]
        self.told: list[list[NodeAction]] = [[] for _ in range(count)]
        self.on_air: list[bytes] = []
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        for number, node in enumerate(self.nodes):
            self.take(number, node.start(now=0))

    def take(self, number: int, actions: list[NodeAction]) -> None:
        """Do what a node asks of its radio, and note what it tells."""
        for action in actions:
            if isinstance(action, Transmit):
                end = self.now + O_QPSK_2450.air_time(len(action.psdu))
                self._put_on_air(number, action.psdu, end)
                self._at(end, lambda: self._done(number))
            elif isinstance(action, Acknowledge):
                end = self.now + O_QPSK_2450.turnaround + O_QPSK_2450.air_time(len(action.psdu))
                self._put_on_air(number, action.psdu, end)
            elif not isinstance(action, Configure | FrameDropped):
                self.told[number].append(action)

    def of(self, number: int, kind: type[Kind]) -> list[Kind]:
        """Return what a node has told, of one kind."""
        return [action for action in self.told[number] if isinstance(action, kind)]

    def run(self, duration: int = 5_000_000) -> None:
        """Let `duration` microseconds pass."""
        until = self.now + duration
        while True:
            due = [
                (deadline, number)
                for number, node in enumerate(self.nodes)
                if (deadline := node.next_deadline()) is not None
            ]
            next_due = min(due, default=(until, -1))
            next_event = self._events[0][0] if self._events else until
            first = min(next_due[0], next_event)
            if first >= until:
                self.now = until
                return
            self.now = max(self.now, first)
            if next_event <= next_due[0]:
                heappop(self._events)[2]()
            else:
                node = self.nodes[next_due[1]]
                self.take(next_due[1], node.handle_deadline(now=self.now))

    def hear(self, number: int, psdu: bytes) -> None:
        """Let one node receive a frame."""
        frame = ReceivedFrame(psdu, Fcs.GOOD, channel=15, rssi=-40.0)
        self.take(number, self.nodes[number].receive_frame(frame, now=self.now))

    def _put_on_air(self, number: int, psdu: bytes, end: int) -> None:
        self.on_air.append(psdu)
        if self.lose(psdu):
            return
        for other in range(len(self.nodes)):
            if other != number:
                self._at(end, lambda other=other: self.hear(other, psdu))  # type: ignore[misc]

    def _done(self, number: int) -> None:
        outcome = TransmitOutcome(status=TransmitStatus.SUCCESS)
        self.take(number, self.nodes[number].transmit_done(outcome, now=self.now))

    def _at(self, time: int, do: Callable[[], None]) -> None:
        self._order += 1
        heappush(self._events, (time, self._order, do))
