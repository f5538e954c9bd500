"""Neighbour discovery of a node: all of its parts behind one inbox."""

from collections import Counter
from random import Random

from lowpan.adaptation.neighbour_discovery.actions import (
    MessageRefused,
    NdAction,
    Refusal,
    SendMessage,
)
from lowpan.adaptation.neighbour_discovery.cache import NeighbourCache
from lowpan.adaptation.neighbour_discovery.checks import refusal_of
from lowpan.adaptation.neighbour_discovery.own import (
    LinkAddresses,
    OwnAddresses,
    told_addresses,
)
from lowpan.adaptation.neighbour_discovery.table import NeighbourTable
from lowpan.wire.addresses import UNSPECIFIED
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import NdOptionType
from lowpan.wire.neighbour_discovery import (
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    NeighbourSolicitation,
)

ALL_NODES = bytes.fromhex("ff020000000000000000000000000001")


class NeighbourDiscovery:
    """Resolves addresses, and answers for ours.

    `own` are our addresses, as they are at any moment; `link` our link-layer addresses, which the
    caller may change.  `now` is microseconds on the caller's clock; each input returns the
    actions that it causes, in order.
    """

    def __init__(
        self,
        own: OwnAddresses,
        link: LinkAddresses,
        random: Random,
        *,
        derive: bool = True,
        table: NeighbourTable | None = None,
    ) -> None:
        self.refused: Counter[Refusal] = Counter()
        self.cache = NeighbourCache(own, link, random, derive=derive, table=table)
        self._own, self._link = own, link

    def resolve(
        self, address: bytes, *, now: int, source: bytes | None = None
    ) -> tuple[bytes | None, list[NdAction]]:
        """Return where to send what is for the neighbour `address`; None: not known yet.

        The actions then end with LinkAddressKnown or Unreachable, sooner or later.  `source` is
        that of the datagram that waits, if it is ours.
        """
        return self.cache.resolve(address, now=now, source=source)

    def confirm(self, address: bytes, *, now: int) -> list[NdAction]:
        """Take an upper layer's word that what we sent to `address` arrived (§7.3.1)."""
        return self.cache.confirm(address, now=now)

    def suspect(self, address: bytes, *, now: int) -> list[NdAction]:
        """Ask `address` at once whether it is there: frames to it were not acknowledged."""
        return self.cache.suspect(address, now=now)

    def receive_message(  # noqa: PLR0913  (a message, whence and whither)
        self,
        message: Icmpv6,
        source: bytes,
        destination: bytes,
        hop_limit: int,
        link_source: bytes,
        *,
        now: int,
    ) -> list[NdAction]:
        """Take a neighbour discovery message whose checksum is right.

        `link_source` is the link-layer address of its sender, 2 or 8 octets.
        """
        refusal = refusal_of(message, source, destination, hop_limit)
        if refusal is not None:
            return self._refuse(refusal, message, source)
        body = message.body
        if isinstance(body, NeighbourSolicitation):
            return self._solicitation(message, body, source, link_source, now)
        if isinstance(body, NeighbourAdvertisement):
            return self._count(self.cache.receive_advertisement(body, link_source, now=now))
        return self._refuse(Refusal.NO_SERVICE, message, source)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing waits."""
        return self.cache.next_deadline()

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """Do what is due."""
        return self.cache.handle_deadline(now=now)

    def _solicitation(
        self,
        message: Icmpv6,
        body: NeighbourSolicitation,
        source: bytes,
        link_source: bytes,
        now: int,
    ) -> list[NdAction]:
        """Tell who asks for one of our addresses where we are (§7.2.3, §7.2.4)."""
        own = self._own.get(body.target_address)
        if own is None or not own.ready:
            return self._refuse(Refusal.NOT_OURS, message, source)
        if source == UNSPECIFIED:  # somebody wants the address that we have
            return [self._advertise(own.address, ALL_NODES, None)]
        told = told_addresses(body.options, NdOptionType.SOURCE_LINK_LAYER_ADDRESS)
        actions = self.cache.heard(source, told, link_source, now=now)
        return [*actions, self._advertise(own.address, source, link_source)]

    def _advertise(
        self, target: bytes, destination: bytes, link_destination: bytes | None
    ) -> SendMessage:
        control = NeighbourAdvertisementControl(r=False, s=destination != ALL_NODES, o=True)
        options = self._link.options(NdOptionType.TARGET_LINK_LAYER_ADDRESS)
        body = NeighbourAdvertisement(control, target, options)
        message = Icmpv6(Icmpv6Type.NEIGHBOUR_ADVERTISEMENT, 0, 0, body)
        return SendMessage(message, target, destination, link_destination)

    def _refuse(self, refusal: Refusal, message: Icmpv6, source: bytes) -> list[NdAction]:
        return self._count([MessageRefused(refusal, message.type, source)])

    def _count(self, actions: list[NdAction]) -> list[NdAction]:
        self.refused.update(
            action.refusal for action in actions if isinstance(action, MessageRefused)
        )
        return actions
