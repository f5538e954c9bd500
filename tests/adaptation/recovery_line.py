"""A line of nodes that recover fragments, in virtual time, over air that loses what it is told."""

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from random import Random

from lowpan.adaptation.forwarding import Dropped, Forward
from lowpan.adaptation.fragment_recovery import FragmentRecovery, RecoveryAction
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.adaptation.recovery_parameters import RecoveryParameters
from lowpan.adaptation.recovery_sender import Outcome, TransferEnded
from lowpan.wire.ipv6 import IPV6_HEADER
from tests.adaptation.hops import LINE, A, Along, contexts

PARAMETERS = RecoveryParameters(
    inter_frame_gap=10, min_arq_timeout=100, opt_arq_timeout=200, max_arq_timeout=800
)
"""Round numbers, in the same relation as the defaults."""
HOP_TIME = 3
"""Microseconds that a frame takes over one hop, here."""

Fate = Callable[[bytes, bytes, bytes], list[int]]
"""From sender, receiver and payload of a frame to how much later each copy of it arrives."""


def arrives(*_: bytes) -> list[int]:
    """Let a frame arrive once, at once."""
    return [0]


class RecoveryLine:
    """The nodes A - B - C - D, all frames on the air, and all that came of them."""

    def __init__(
        self,
        fate: Fate = arrives,
        *,
        parameters: RecoveryParameters = PARAMETERS,
        room: int = 102,
        rooms: dict[bytes, int] | None = None,
        seed: int = 8931,
    ) -> None:
        self.now, self.room = 0, (rooms or {}).get(A, room)
        self.fate = fate
        self._congested: dict[bytes, Callable[[bytes], bool]] = {}
        self.nodes = {
            here: FragmentRecovery(
                Along(here, (rooms or {}).get(here, room)),
                Random(seed + number),
                contexts=contexts(),
                parameters=parameters,
                congested=partial(self._is_congested, here),
            )
            for number, here in enumerate(LINE)
        }
        self.sent: list[tuple[int, bytes, Forward]] = []
        """When, by whom, what."""
        self.received: list[tuple[bytes, bytes]] = []
        """Which node handed on which datagram."""
        self.ended: dict[int, Outcome] = {}
        self.dropped: list[tuple[bytes, Dropped]] = []
        self._air: list[tuple[int, int, bytes, bytes, bytes]] = []

    def congest(self, here: bytes, congested: Callable[[bytes], bool]) -> None:
        """Have a node find the way to a next hop congested or not."""
        self._congested[here] = congested

    def _is_congested(self, here: bytes, next_hop: bytes) -> bool:
        return here in self._congested and self._congested[here](next_hop)

    def send(self, octets: bytes, handle: int = 1) -> None:
        """Have A send a datagram to where it says."""
        hop = Along(A, self.room)(IPV6_HEADER.decode_prefix(octets)[0].destination)
        assert hop is not None
        self.take(A, self.nodes[A].send_datagram(octets, hop, handle=handle, now=self.now))

    def take(self, here: bytes, actions: list[RecoveryAction]) -> None:
        """Carry out what the node `here` asks for."""
        for action in actions:
            match action:
                case Forward():
                    self._transmit(here, action)
                case DatagramReceived():
                    self.received.append((here, action.datagram))
                case TransferEnded():
                    assert action.handle not in self.ended
                    self.ended[action.handle] = action.outcome
                case Dropped():
                    self.dropped.append((here, action))
                case _:
                    raise AssertionError(action)

    def _transmit(self, here: bytes, forward: Forward) -> None:
        self.sent.append((self.now, here, forward))
        for later in self.fate(here, forward.next_hop, forward.payload):
            at = self.now + HOP_TIME + later
            heappush(self._air, (at, len(self.sent), forward.next_hop, here, forward.payload))

    def step(self) -> bool:
        """Do the next thing that happens while anything is on the air or being sent."""
        ours = [self.nodes[A].next_deadline()] if not self.is_quiet else []
        times = [at for at in (*ours, self._air[0][0] if self._air else None) if at is not None]
        if not times:
            return False
        self.now = max(self.now, min(times))
        while self._air and self._air[0][0] <= self.now:
            _, _, here, source, payload = heappop(self._air)
            node = self.nodes[here]
            self.take(here, node.receive_payload(payload, source, here, now=self.now))
        for here, node in self.nodes.items():
            deadline = node.next_deadline()
            if deadline is not None and deadline <= self.now:
                self.take(here, node.handle_deadline(now=self.now))
        return True

    @property
    def is_quiet(self) -> bool:
        """Whether A has nothing under way."""
        return self.nodes[A].sending == 0

    def run(self) -> None:
        """Go on until nothing is on the air and all transfers have ended."""
        for _ in range(100_000):
            if not self.step():
                return
        raise AssertionError("it never ends")

    def expire(self) -> None:
        """Let so much time pass that everything is forgotten."""
        for here, node in self.nodes.items():
            deadline = node.next_deadline()
            while deadline is not None:
                self.take(here, node.handle_deadline(now=deadline))
                deadline = node.next_deadline()
