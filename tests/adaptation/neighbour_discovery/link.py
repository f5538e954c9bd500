"""Nodes for tests of neighbour discovery, and a link between them in virtual time."""

from dataclasses import dataclass
from random import Random

from lowpan.adaptation.neighbour_discovery.actions import NdAction, SendMessage
from lowpan.adaptation.neighbour_discovery.engine import NeighbourDiscovery
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses
from lowpan.wire.addresses import iid_of, link_local

SECOND = 1_000_000


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
    """An engine and what surrounds it."""

    def __init__(self, number: int, *addresses: bytes, short: bytes | None = None) -> None:
        self.own = OwnTable(address(number), *addresses)
        self.link = LinkAddresses(extended(number), short, 0xBEEF)
        self.engine = NeighbourDiscovery(self.own, self.link, Random(number))
        self.actions: list[NdAction] = []


def sent(actions: list[NdAction]) -> list[SendMessage]:
    return [action for action in actions if isinstance(action, SendMessage)]
