"""Neighbours and routers of a node: whom a datagram goes to next, and which addresses are ours."""

from dataclasses import dataclass

from lowpan.adaptation.first_header import is_routable
from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    AddressDuplicate,
    LinkAddressKnown,
    NdAction,
    PrefixLost,
    SendMessage,
    Unreachable,
)
from lowpan.adaptation.neighbour_discovery.border import BorderAnnouncements
from lowpan.adaptation.neighbour_discovery.engine import NeighbourDiscovery
from lowpan.adaptation.neighbour_discovery.information import Prefix
from lowpan.adaptation.neighbour_discovery.table import State
from lowpan.errors import FieldOutOfRange
from lowpan.node.addresses import LOOPBACK, OwnAddress, OwnAddresses
from lowpan.node.autoconfiguration import Autoconfiguration
from lowpan.node.ipv6 import NeighbourDiscoveryReceived
from lowpan.node.outbox import Unresolved
from lowpan.node.routes import IpRoute
from lowpan.node.service import AddressChanged, Discard, NeighbourChanged, RouterNews
from lowpan.wire.addresses import UNSPECIFIED, Context


@dataclass(slots=True)
class Depart:
    """A datagram has a neighbour to go to."""

    datagram: bytes
    link_address: bytes
    """2 or 8 octets."""
    next_hop: bytes
    """16 octets."""


@dataclass(slots=True)
class Unresolvable:
    """A datagram waited for the link address of its next hop, and waits no longer."""

    datagram: bytes
    discard: Discard


NeighbourAction = (
    Depart | Unresolvable | SendMessage | AddressChanged | NeighbourChanged | RouterNews
)

_NOWHERE = (UNSPECIFIED, LOOPBACK)
"""Never on a link (RFC 4291 §2.5.2, §2.5.3)."""


class Neighbourhood:
    """Neighbour discovery with the datagrams that wait for it and the addresses that come of it.

    Inputs return the actions that they cause, in order; `now` is microseconds.
    """

    def __init__(
        self,
        own: OwnAddresses,
        discovery: NeighbourDiscovery,
        autoconfiguration: Autoconfiguration,
        next_hops: IpRoute | None = None,
    ) -> None:
        self.own, self.discovery = own, discovery
        self._autoconfiguration, self._next_hops = autoconfiguration, next_hops
        self._unresolved = Unresolved()
        self._due: int | None = None
        self._due_changed = True
        """Discovery has been told something since it was asked when it is due."""

    def leave_link(self, *, now: int) -> list[NeighbourAction]:
        """Have nothing any more of what the routers of a link have told."""
        return self._told(self.discovery.leave_link(now=now), now)

    def solicit_routers(self, *, now: int) -> list[NeighbourAction]:
        """Look for routers."""
        return self._told(self.discovery.solicit_routers(now=now), now)

    def announce_prefix(self, prefix: Prefix, *, now: int) -> list[NeighbourAction]:
        """Offer a prefix to the network whose border router we are; raise FieldOutOfRange."""
        return self._told(self._border.announce_prefix(prefix, now=now), now)

    def announce_context(
        self, identifier: int, context: Context, *, now: int
    ) -> list[NeighbourAction]:
        """Vouch for a context, 0..15, of that network; raise FieldOutOfRange."""
        return self._told(self._border.announce_context(identifier, context, now=now), now)

    @property
    def _border(self) -> BorderAnnouncements:
        router = self.discovery.router
        if router is None or router.border is None:
            raise FieldOutOfRange("this node is no border router, see RouterSettings")
        return router.border

    def check_address(self, own: OwnAddress, *, now: int) -> list[NeighbourAction]:
        """Have `own` once it is found to be nobody else's.

        Raises FieldOutOfRange if there are too many.
        """
        own.ready = False
        self.own.add(own)
        return self._told(self.discovery.check_address(own.address, now=now), now)

    def remove_address(self, address: bytes, *, now: int) -> list[NeighbourAction]:
        """Have `address` (16 octets) no longer; harmless if it is not ours."""
        if self.own.get(address) is None:
            return []
        self.own.remove(address)
        forgotten = self._told(self.discovery.forget_address(address, now=now), now)
        return [AddressChanged(address, ready=False), *forgotten]

    def next_hop(self, destination: bytes) -> bytes | None:
        """Return whom a datagram to `destination`, no group, goes to; None: there is no way."""
        if self._next_hops is not None and is_routable(destination):
            next_hop = self._next_hops(destination)
            if next_hop is not None:
                return next_hop
        if destination in _NOWHERE:
            return None
        if self.own.is_on_link(destination):
            return destination
        return self.discovery.default_router()

    def link_address_towards(self, destination: bytes) -> bytes | None:
        """Return the link address of the next hop of what we may pass on without IPv6.

        None: it is ours, or not known, or in doubt, or we are no router.
        """
        if self._next_hops is None or self.own.is_ours(destination):
            return None
        next_hop = self.next_hop(destination)
        neighbour = None if next_hop is None else self.discovery.cache.table.get(next_hop)
        if neighbour is None or neighbour.state is State.PROBE:
            return None
        return neighbour.link_address

    def send_over(self, datagram: bytes, next_hop: bytes, *, now: int) -> list[NeighbourAction]:
        """Let a datagram depart, at once or when the link address of `next_hop` is known."""
        source = datagram[8:24]
        own = source if self.own.get(source) is not None else None
        deadlines_set = self.discovery.cache.deadlines_set
        link_address, asked = self.discovery.resolve(next_hop, now=now, source=own)
        done: list[NeighbourAction] = []
        if link_address is not None:
            done.append(Depart(datagram, link_address, next_hop))
        else:
            given_up = self._unresolved.hold(next_hop, datagram)
            done += [Unresolvable(one, Discard.QUEUE_FULL) for one in given_up]
        if asked or deadlines_set != self.discovery.cache.deadlines_set:
            done += self._told(asked, now)
        return done

    def receive_message(
        self, received: NeighbourDiscoveryReceived, *, now: int
    ) -> list[NeighbourAction]:
        """Take a message that somebody sent."""
        return self._told(
            self.discovery.receive_message(
                received.message,
                received.source,
                received.destination,
                received.hop_limit,
                received.ends.source,
                now=now,
            ),
            now,
        )

    def suspect(self, next_hop: bytes, *, now: int) -> list[NeighbourAction]:
        """Ask a neighbour that did not acknowledge whether it is still there."""
        return self._told(self.discovery.suspect(next_hop, now=now), now)

    def suspect_at(self, link_address: bytes, *, now: int) -> list[NeighbourAction]:
        """Ask all neighbours at a link address that does not acknowledge; there are few of them."""
        there = [
            neighbour.address
            for neighbour in self.discovery.cache.table
            if neighbour.link_address == link_address
        ]
        return [action for address in there for action in self.suspect(address, now=now)]

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        if self._due_changed:
            self._due = self.discovery.next_deadline()
            self._due_changed = False
        return self._due

    def handle_deadline(self, *, now: int) -> list[NeighbourAction]:
        """Do what is due."""
        return self._told(self.discovery.handle_deadline(now=now), now)

    def _told(self, actions: list[NdAction], now: int) -> list[NeighbourAction]:
        """Do what discovery has found out."""
        self._due_changed = True
        done: list[NeighbourAction] = []
        for action in actions:
            match action:
                case SendMessage():
                    done.append(action)
                case LinkAddressKnown(address, link_address):
                    done.append(NeighbourChanged(address, link_address, True))
                    waited = self._unresolved.take(address)
                    done += [Depart(datagram, link_address, address) for datagram in waited]
                case Unreachable(address):  # who sent what waited is told (RFC 4861 §7.2.2)
                    done.append(NeighbourChanged(address, None, False))
                    waited = self._unresolved.take(address)
                    done += [Unresolvable(datagram, Discard.NO_NEIGHBOUR) for datagram in waited]
                case _:
                    done += self._address_told(action, now)
        return done

    def _address_told(self, action: NdAction, now: int) -> list[NeighbourAction]:
        match action:
            case AddressConfirmed(address):
                own = self.own.get(address)
                if own is None:
                    return []
                own.ready = True
                return [AddressChanged(address, True)]
            case AddressDuplicate(address):
                self.own.remove(address)
                return [AddressChanged(address, False, "somebody else has it")]
            case PrefixLost():
                lost = self._autoconfiguration.lost(action)
                return [] if lost is None else self.remove_address(lost, now=now)
            case _ if isinstance(action, RouterNews):
                return [action]
            case _:  # what was refused is counted there
                made = self._autoconfiguration.learn(action, now=now)
                return [] if made is None else self.check_address(made, now=now)
