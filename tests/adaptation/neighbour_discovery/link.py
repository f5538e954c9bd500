"""Nodes for tests of neighbour discovery, and a link between them in virtual time."""

from dataclasses import dataclass, replace
from heapq import heappop, heappush
from random import Random
from typing import TypeVar

from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    AddressDuplicate,
    LinkAddressKnown,
    NdAction,
    PrefixLearnt,
    SendMessage,
    Unreachable,
)
from lowpan.adaptation.neighbour_discovery.engine import NdSettings, NeighbourDiscovery
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses
from lowpan.wire.addresses import iid_of, is_multicast, link_local
from lowpan.wire.icmpv6 import ICMPV6

SECOND = 1_000_000
Told = TypeVar("Told", bound=NdAction)


def extended(number: int) -> bytes:
    return bytes.fromhex("02") + number.to_bytes(7, "big")


def address(number: int) -> bytes:
    """Return the link-local address made of extended(number)."""
    return link_local(iid_of(extended(number)))


def other_address(number: int) -> bytes:
    """Return an address that nothing can be read off."""
    return bytes.fromhex("fd001234") + number.to_bytes(12, "big")


@dataclass
class Own:
    address: bytes
    ready: bool = True


class OwnTable:
    """The simplest table of our own addresses."""

    def __init__(self, *addresses: bytes) -> None:
        self.own = {one: Own(one) for one in addresses}

    def get(self, address: bytes) -> Own | None:
        return self.own.get(address)

    def source_for(self, destination: bytes) -> Own | None:
        ready = [own for own in self.own.values() if own.ready]
        same = [own for own in ready if own.address[:8] == destination[:8]]
        return next(iter([*same, *ready]), None)


class Node:
    """An engine, what surrounds it, and what it has told."""

    def __init__(
        self,
        number: int,
        *addresses: bytes,
        short: bytes | None = None,
        derive: bool = True,
        settings: NdSettings | None = None,
    ) -> None:
        self.number = number
        self.own = OwnTable(address(number), *addresses)
        self.link = LinkAddresses(extended(number), short, 0xBEEF)
        self.engine = NeighbourDiscovery(
            self.own, self.link, Random(number), derive=derive, settings=settings
        )
        self.configures = True
        """Makes an address of each prefix that it learns."""
        self.told: list[NdAction] = []
        """Everything but what was to be sent."""

    def check(self, wanted: bytes, *, now: int) -> list[NdAction]:
        """Want an address of our own."""
        self.own.own[wanted] = Own(wanted, ready=False)
        return self.engine.check_address(wanted, now=now)

    def of(self, kind: type[Told]) -> list[Told]:
        """Return what was told of one kind."""
        return [action for action in self.told if isinstance(action, kind)]


class Link:
    """Nodes that all hear each other, a millisecond later; messages travel as octets."""

    def __init__(self, *nodes: Node) -> None:
        self.nodes = list(nodes)
        self.now = 0
        self.losses, self._random = 0.0, Random(0)
        self.apart: list[set[int]] = []
        """Numbers of nodes that do not hear each other."""
        self.sent: list[tuple[int, SendMessage]] = []
        self._waiting: dict[tuple[int, bytes], list[SendMessage]] = {}
        self._under_way: list[tuple[int, int, Node, SendMessage]] = []

    def do(self, node: Node, actions: list[NdAction]) -> None:
        """Take what the engine of `node` wants."""
        for action in actions:
            if isinstance(action, SendMessage):
                self._send(node, action)
                continue
            node.told.append(action)
            if isinstance(action, PrefixLearnt) and action.autonomous and node.configures:
                made = action.prefix[:8] + iid_of(node.link.extended or b"")
                if node.own.get(made) is None:
                    self.do(node, node.check(made, now=self.now))
            if isinstance(action, AddressConfirmed):
                node.own.own[action.address].ready = True
            elif isinstance(action, AddressDuplicate):
                node.own.own.pop(action.address, None)
            elif isinstance(action, LinkAddressKnown | Unreachable):
                for message in self._waiting.pop((id(node), action.address), []):
                    if isinstance(action, LinkAddressKnown):
                        self._send(node, replace(message, link_destination=action.link_address))

    def run(self, until: int) -> None:
        """Let time pass."""
        while True:
            due = [node.engine.next_deadline() for node in self.nodes]
            moments = [moment for moment in due if moment is not None]
            moments += [at for at, *_ in self._under_way]
            if not moments or min(moments) > until:
                break
            self.now = max(self.now, min(moments))
            for node in self.nodes:
                self.do(node, node.engine.handle_deadline(now=self.now))
            while self._under_way and self._under_way[0][0] <= self.now:
                _, _, sender, message = heappop(self._under_way)
                self._deliver(sender, message)
        self.now = until

    def _send(self, node: Node, action: SendMessage) -> None:
        if action.link_destination is None and not is_multicast(action.destination):
            found, actions = node.engine.resolve(action.destination, now=self.now)
            if found is None:
                self._waiting.setdefault((id(node), action.destination), []).append(action)
                self.do(node, actions)
                return
            self.do(node, actions)
            action = replace(action, link_destination=found)
        self.sent.append((self.now, action))
        if self._random.random() >= self.losses:
            heappush(self._under_way, (self.now + 1000, len(self.sent), node, action))

    def _deliver(self, sender: Node, action: SendMessage) -> None:
        octets = ICMPV6.encode(action.message)
        for node in self.nodes:
            ours = (node.link.extended, node.link.short)
            if {node.number, sender.number} in self.apart or node is sender:
                continue
            if action.link_destination in (None, *ours):
                link_source = sender.link.short or sender.link.extended or b""
                actions = node.engine.receive_message(
                    ICMPV6.decode(octets),
                    action.source,
                    action.destination,
                    action.hop_limit,
                    link_source,
                    now=self.now,
                )
                self.do(node, actions)


def sent(actions: list[NdAction]) -> list[SendMessage]:
    return [action for action in actions if isinstance(action, SendMessage)]
