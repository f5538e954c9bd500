"""Nodes with link establishment that hear each other directly: loss, copies, delay, and recordings.

No radio, no IPv6: SendMle of one node is MleReceived of another, in virtual time.
"""

from collections.abc import Iterable
from dataclasses import replace
from heapq import heappop, heappush
from random import Random

from lowpan.mac.keys import FIRST_KEY, KeyTable
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.link_establishment import LinkEstablishment
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import LinkState
from lowpan.mesh.mle_keys import NamedMleKeys
from lowpan.mesh.mle_security import MleSecurity, OpenedMle
from lowpan.mesh.neighbour_table import NeighbourTable
from lowpan.mesh.network_parameters import NetworkParameters
from lowpan.mesh.service import (
    LinkDown,
    LinkUp,
    MeshAction,
    MleReceived,
    MleRefused,
    ReplayRejected,
    SendMle,
)
from lowpan.radio import RadioSettings
from lowpan.store import MemoryStore, Store
from lowpan.wire.addresses import ALL_ROUTERS, iid_of, is_multicast, link_local
from lowpan.wire.mle import (
    MLE_ENVELOPE,
    MLE_MESSAGE,
    UNSECURED,
    MleCommand,
    MleEnvelope,
    MleMessage,
)

LINK_KEY, MLE_KEY = bytes(range(16)), bytes(range(16, 32))
PAN_ID = 0xBEEF
SECOND = 1_000_000


def mle_keys(octets: bytes = MLE_KEY) -> NamedMleKeys:
    """Return the keys of MLE in these tests."""
    table = KeyTable()
    table.add(FIRST_KEY, octets)
    return NamedMleKeys(table, None)


class LinkNode:
    """One node; its store survives restart(), all else does not."""

    def __init__(  # noqa: PLR0913 - what nodes differ in, each with its default
        self,
        number: int,
        settings: MeshLinkSettings,
        *,
        store: Store | None = None,
        short: bool = True,
        most_established: int | None = None,
        parameters: NetworkParameters | None = None,
    ) -> None:
        self.number, self.settings, self.parameters = number, settings, parameters
        self.address = bytes.fromhex("0212") + number.to_bytes(6, "big")
        self.short = (0x1000 + number).to_bytes(2, "big") if short else None
        self.store = store or MemoryStore()
        self.most_established = most_established
        self.lives = 0
        self.deaf = self.mute = False
        self.events: list[tuple[int, MeshAction]] = []
        self.boot()

    def boot(self) -> None:
        """Make all engines anew, with what the store has."""
        self.lives += 1
        table = KeyTable()
        table.add(FIRST_KEY, LINK_KEY)
        self.link_security = LinkSecurity(self.address, table, self.store)
        self.security = MleSecurity(self.address, mle_keys(), self.store)
        neighbours = None
        if self.most_established is not None:
            neighbours = NeighbourTable(most_established=self.most_established)
        self.engine = LinkEstablishment(
            self.security,
            Random(f"{self.number} {self.lives}"),
            link_security=self.link_security,
            neighbours=neighbours,
            parameters=self.parameters,
            store=self.store,
            settings=self.settings,
        )

    @property
    def radio(self) -> RadioSettings:
        """Return who it is."""
        short = 0xFFFE if self.short is None else int.from_bytes(self.short, "big")
        return RadioSettings(pan_id=PAN_ID, short_address=short, extended_address=self.address)

    @property
    def link_local(self) -> bytes:
        """Return its IPv6 address."""
        return link_local(iid_of(self.address))

    def state(self, other: "LinkNode") -> LinkState:
        """Return the state of its link to another node."""
        link = self.engine.links.get(other.address)
        return LinkState.DOWN if link is None else link.state

    def told(self, kind: type[MeshAction]) -> list[MeshAction]:
        """Return the events of one kind."""
        return [event for _, event in self.events if isinstance(event, kind)]


class LinkNetwork:
    """Nodes that all hear each other, unless `apart` says otherwise."""

    def __init__(  # noqa: PLR0913 - what can go wrong, each with its default
        self,
        count: int,
        *,
        settings: MeshLinkSettings | None = None,
        loss: float = 0.0,
        copies: float = 0.0,
        delay: int = 5_000,
        jitter: int = 0,
        seed: int = 1,
        short: bool = True,
    ) -> None:
        self.now = 0
        self.settings = settings or MeshLinkSettings()
        self.nodes = [LinkNode(number, self.settings, short=short) for number in range(count)]
        self.loss, self.copies, self.delay, self.jitter = loss, copies, delay, jitter
        self.apart: set[tuple[int, int]] = set()
        self.recorded: list[tuple[LinkNode, SendMle]] = []
        self.sent_at: list[int] = []
        """When each of `recorded` was sent."""
        self._random, self._order = Random(seed), 0
        self._due: list[tuple[int, int, LinkNode, MleReceived | None]] = []

    def add(self, node: LinkNode) -> LinkNode:
        """Add a node, which is not started."""
        self.nodes.append(node)
        return node

    def start(self, nodes: Iterable[LinkNode] | None = None) -> None:
        """Start nodes, all at once."""
        for node in list(self.nodes if nodes is None else nodes):
            self.take(node, node.engine.start(node.radio, now=self.now))

    def restart(self, node: LinkNode) -> None:
        """Kill a node and start it again."""
        node.boot()
        self.start([node])

    def take(self, node: LinkNode, actions: list[MeshAction]) -> None:
        """Do what a node asks, and see to its next deadline."""
        for action in actions:
            if isinstance(action, SendMle):
                self._send(node, action)
            else:
                node.events.append((self.now, action))
        due = node.engine.next_deadline()
        if due is not None:
            self._push(max(due, self.now), node, None)

    def run_until(self, moment: int) -> None:
        """Let time pass."""
        while self._due and self._due[0][0] <= moment:
            self.now, _, node, received = heappop(self._due)
            if received is not None:
                self.deliver(node, received)
                continue
            due = node.engine.next_deadline()
            if due is not None and due <= self.now:
                self.take(node, node.engine.handle_deadline(now=self.now))
        self.now = moment

    def run_for(self, duration: int) -> None:
        """Let some time pass."""
        self.run_until(self.now + duration)

    def deliver(self, node: LinkNode, received: MleReceived) -> None:
        """Give a message to a node."""
        if not node.deaf:
            self.take(node, node.engine.receive_message(received, now=self.now))

    def replay(self, number: int, node: LinkNode) -> None:
        """Give a recorded message to a node, as an attacker does who hears and says everything."""
        sender, sent = self.recorded[number]
        self.deliver(node, received_from(sender, sent))

    def all_up(self) -> bool:
        """Tell whether there are all the links that there can be."""
        return not self.missing()

    def missing(self) -> list[tuple[int, int]]:
        """Return the pairs that hear each other and have no link at the first of them."""
        return [
            (one.number, other.number)
            for one in self.nodes
            for other in self.nodes
            if one is not other
            and (one.number, other.number) not in self.apart
            and (other.number, one.number) not in self.apart
            and one.state(other) is not LinkState.UP
        ]

    def commands(self, since: int = 0) -> list[str]:
        """Return what was sent, by name."""
        return [command_of(sender, sent) for sender, sent in self.recorded[since:]]

    def times_in_clear(self, node: LinkNode) -> list[int]:
        """Return when `node` has sent what MLE does not secure."""
        return [
            at
            for at, (sender, sent) in zip(self.sent_at, self.recorded, strict=True)
            if sender is node and sent.payload[0] == UNSECURED
        ]

    def times(self, command: str, node: LinkNode) -> list[int]:
        """Return when `node` has sent what is called so."""
        return [
            at
            for at, (sender, sent) in zip(self.sent_at, self.recorded, strict=True)
            if sender is node and command_of(sender, sent) == command
        ]

    def _send(self, sender: LinkNode, sent: SendMle) -> None:
        self.recorded.append((sender, sent))
        self.sent_at.append(self.now)
        if sender.mute:
            return
        for node in self.nodes:
            if node is sender or (sender.number, node.number) in self.apart:
                continue
            if not is_multicast(sent.destination) and sent.destination != node.link_local:
                continue
            if self._random.random() < self.loss:
                continue
            copies = 1 + (self._random.random() < self.copies)
            for _ in range(copies):
                late = self._random.randrange(self.jitter + 1)
                self._push(self.now + self.delay + late, node, received_from(sender, sent))

    def _push(self, moment: int, node: LinkNode, received: MleReceived | None) -> None:
        self._order += 1
        heappush(self._due, (moment, self._order, node, received))


def received_from(sender: LinkNode, sent: SendMle) -> MleReceived:
    """Return a message as its receiver gets it."""
    ends = sent.source, sent.destination
    return MleReceived(*ends, 255, sent.payload, sender.address, 0, rssi=-60.0)


def forged(received: MleReceived, **changes: object) -> MleReceived:
    """Return a message with some of it changed."""
    return replace(received, **changes)  # type: ignore[arg-type]


def command_of(sender: LinkNode, sent: SendMle) -> str:
    """Return the name of the command in a message, opened without regard to counters."""
    if sent.payload[0] == UNSECURED:
        return MleCommand(sent.payload[1]).name
    bystander = MleSecurity(bytes(8), mle_keys(), MemoryStore())
    opened = bystander.open(sent.payload, sent.source, sent.destination, sender.address, now=0)
    assert isinstance(opened, OpenedMle)
    return MleCommand(MLE_MESSAGE.decode(opened.message).command).name


class Insider:
    """Somebody who has the key, no manners, and a name of its own choice."""

    def __init__(self, number: int, key: bytes = MLE_KEY) -> None:
        self.address = bytes.fromhex("0213") + number.to_bytes(6, "big")
        self.source = link_local(iid_of(self.address))
        self._security = MleSecurity(self.address, mle_keys(key), MemoryStore())

    def says(self, message: MleMessage | bytes, node: LinkNode, *, now: int = 0) -> MleReceived:
        """Return a message to `node`, sealed as it should be."""
        return self._sealed(message, node.link_local, now)

    def calls(self, message: MleMessage, *, now: int) -> MleReceived:
        """Return a message to all routers."""
        return self._sealed(message, ALL_ROUTERS, now)

    def _sealed(self, message: MleMessage | bytes, destination: bytes, now: int) -> MleReceived:
        octets = message if isinstance(message, bytes) else MLE_MESSAGE.encode(message)
        payload = self._security.seal(octets, self.source, destination, now=now)
        return MleReceived(self.source, destination, 255, payload, self.address, 0)


def in_clear(message: MleMessage, sender: LinkNode, node: LinkNode) -> MleReceived:
    """Return a message that anybody can write, in the name of `sender`."""
    payload = MLE_ENVELOPE.encode(MleEnvelope(UNSECURED, None, MLE_MESSAGE.encode(message)))
    return MleReceived(sender.link_local, node.link_local, 255, payload, sender.address, 0)


def ups(node: LinkNode) -> list[bytes]:
    """Return the neighbours with which links came up, in order."""
    return [event.neighbour for event in node.told(LinkUp) if isinstance(event, LinkUp)]


def downs(node: LinkNode) -> list[str]:
    """Return why links went down, in order."""
    return [event.reason for event in node.told(LinkDown) if isinstance(event, LinkDown)]


def replays(node: LinkNode) -> int:
    """Return how many replays a node has refused."""
    return len(node.told(ReplayRejected))


def refused(node: LinkNode) -> list[str]:
    """Return why messages were refused, in order."""
    return [event.reason for event in node.told(MleRefused) if isinstance(event, MleRefused)]
