"""Neighbour discovery of a node: all of its parts behind one inbox."""

from collections import Counter
from dataclasses import dataclass
from random import Random

from lowpan.adaptation.neighbour_discovery.actions import (
    HOP_LIMIT,
    MessageRefused,
    NdAction,
    Refusal,
    Registered,
    RegistrationRefused,
    RouterLearnt,
    RouterLost,
    SendMessage,
    Unreachable,
)
from lowpan.adaptation.neighbour_discovery.cache import NeighbourCache
from lowpan.adaptation.neighbour_discovery.checks import refusal_of
from lowpan.adaptation.neighbour_discovery.duplicates import (
    DUP_ADDR_DETECT_TRANSMITS,
    DuplicateAddressDetection,
)
from lowpan.adaptation.neighbour_discovery.information import NetworkInformation
from lowpan.adaptation.neighbour_discovery.own import (
    LinkAddresses,
    OwnAddresses,
    told_addresses,
)
from lowpan.adaptation.neighbour_discovery.registering_node import (
    REGISTRATION_LIFETIME,
    RegisteringNode,
)
from lowpan.adaptation.neighbour_discovery.router_side import RouterSettings, RouterSide
from lowpan.adaptation.neighbour_discovery.routers import RouterDiscovery
from lowpan.wire.addresses import ALL_NODES, UNSPECIFIED, is_multicast
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import (
    AddressRegistration,
    NdOptionType,
    SixLowpanCapabilities,
    SixLowpanCapabilityIndication,
)
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    NeighbourSolicitation,
    RouterAdvertisement,
    RouterSolicitation,
)

_REGISTERS = SixLowpanCapabilityIndication(
    SixLowpanCapabilities(d=False, l=False, b=False, p=False, e=True, g=False)
)
_MILLISECOND = 1000
_REACHABLE_TIMES = range(1_000, 3_600_000 + 1)
_RETRANS_TIMERS = range(100, 60_000 + 1)
"""Milliseconds that a router may set: within what it can make no neighbour be lost for long."""


@dataclass(frozen=True, slots=True)
class NdSettings:
    """What neighbour discovery is told once."""

    dup_addr_detect_transmits: int = DUP_ADDR_DETECT_TRANSMITS
    """Solicitations before an address counts as unique; 0: it is taken for unique."""
    register: bool = False
    """Register addresses with routers (RFC 6775, RFC 8505) instead of asking all neighbours."""
    registration_lifetime: int = REGISTRATION_LIFETIME
    """Seconds, a multiple of 60 up to 65535 * 60."""
    router: RouterSettings | None = None
    """Be a router, too."""


class NeighbourDiscovery:
    """Resolves addresses, answers for ours, checks them for duplicates and finds routers.

    `own` are our addresses, as they are at any moment; `link` our link-layer addresses, which the
    caller may change.  `derive` and `acknowledged_for` are the cache's.  `now` is microseconds on
    the caller's clock; each input returns the actions that it causes, in order.
    """

    def __init__(  # noqa: PLR0913  (what it works for, and how)
        self,
        own: OwnAddresses,
        link: LinkAddresses,
        random: Random,
        *,
        derive: bool = True,
        acknowledged_for: int = 0,
        settings: NdSettings | None = None,
    ) -> None:
        settings = settings or NdSettings()
        self.refused: Counter[Refusal] = Counter()
        self.cache = NeighbourCache(
            own, link, random, derive=derive, acknowledged_for=acknowledged_for
        )
        self.duplicates = DuplicateAddressDetection(
            random, transmits=settings.dup_addr_detect_transmits
        )
        self.information = NetworkInformation()
        self.routers = RouterDiscovery(
            own,
            link,
            random,
            self.information,
            capabilities=_REGISTERS if settings.register else None,
        )
        self.registering: RegisteringNode | None = None
        if settings.register:
            lifetime = settings.registration_lifetime
            known = self.routers.routers
            self.registering = RegisteringNode(own, link, random, known, lifetime=lifetime)
        self.router: RouterSide | None = None
        """What we are more than a host, if we are."""
        if settings.router is not None:
            self.router = RouterSide(own, link, random, self.information, settings.router)
        self._own, self._link = own, link

    # What the node wants and knows

    def rename(self, short_address: bytes | None, pan_id: int) -> None:
        """Have another short address, or PAN ID: what others are told from now on."""
        self._link.short, self._link.pan_id = short_address, pan_id

    def leave_link(self, *, now: int) -> list[NdAction]:
        """Forget routers, prefixes and contexts: they are of a link that we are on no longer."""
        return self._done([*self.routers.end(now=now), *self.information.forget()], now)

    def resolve(
        self, address: bytes, *, now: int, source: bytes | None = None
    ) -> tuple[bytes | None, list[NdAction]]:
        """Return where to send what is for the neighbour `address`; None: not known yet.

        The actions then end with LinkAddressKnown or Unreachable, sooner or later.  `source` is
        that of the datagram that waits, if it is ours.
        """
        if self.router is not None:
            registered = self.router.registrar.link_address(address)
            if registered is not None:
                return registered, []
        link_address, actions = self.cache.resolve(address, now=now, source=source)
        return link_address, self._done(actions, now)

    def confirm(self, address: bytes, *, now: int) -> list[NdAction]:
        """Take an upper layer's word that what we sent to `address` arrived (§7.3.1)."""
        return self._done(self.cache.confirm(address, now=now), now)

    def suspect(self, address: bytes, *, now: int) -> list[NdAction]:
        """Ask `address` at once whether it is there: frames to it were not acknowledged."""
        return self._done(self.cache.suspect(address, now=now), now)

    def check_address(self, address: bytes, *, now: int) -> list[NdAction]:
        """Find out whether we can have `address`: AddressConfirmed or AddressDuplicate comes."""
        if self.registering is not None:
            return self._done(self.registering.begin(address, now=now), now)
        return self.duplicates.begin(address, now=now)

    def forget_address(self, address: bytes, *, now: int) -> list[NdAction]:
        """Do nothing more for an address that is ours no longer."""
        self.duplicates.end(address)
        return [] if self.registering is None else self.registering.end(address, now=now)

    def solicit_routers(self, *, now: int) -> list[NdAction]:
        """Look for routers from now on, until there is one and whenever there is none."""
        self.routers.begin(now=now)
        return []

    def default_router(self) -> bytes | None:
        """Return the address of the router to use, None while there is none."""
        return self.routers.default_router()

    # What neighbours say

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
        if hop_limit == HOP_LIMIT and self._is_ours(source):
            refusal = Refusal.OURS  # our own, come back by whatever way, or a forgery
        actions: list[NdAction]
        match message.body:
            case _ if refusal is not None:
                actions = [MessageRefused(refusal, message.type, source)]
            case NeighbourSolicitation() as body:
                asked_all = is_multicast(destination)
                actions = self._solicitation(body, source, link_source, now, asked_all=asked_all)
            case NeighbourAdvertisement() as body:
                actions = self._advertisement(body, source, destination, link_source, now)
            case RouterAdvertisement() as body:
                actions = self._router_advertisement(body, source, link_source, now)
            case RouterSolicitation() as body if self.router is not None:
                actions = self._router_solicitation(body, source, link_source, now)
            case DuplicateAddress() as body if self.router is not None:
                actions = self.router.receive_duplicate_address(
                    message, body, source, destination, now=now
                )
            case _:
                actions = [MessageRefused(Refusal.NO_SERVICE, message.type, source)]
        return self._done(actions, now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing waits."""
        parts = (
            *(self.cache, self.duplicates, self.routers, self.information),
            *(self.registering, self.router),
        )
        due = [part.next_deadline() for part in parts if part is not None]
        return min((moment for moment in due if moment is not None), default=None)

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """Do what is due."""
        actions = self.cache.handle_deadline(now=now)
        actions += self.duplicates.handle_deadline(now=now, retrans_timer=self.cache.retrans_timer)
        actions += self.routers.handle_deadline(now=now)
        actions += self.information.handle_deadline(now=now)
        for part in (self.registering, self.router):
            if part is not None:
                actions += part.handle_deadline(now=now)
        return self._done(actions, now)

    def _solicitation(
        self,
        body: NeighbourSolicitation,
        source: bytes,
        link_source: bytes,
        now: int,
        *,
        asked_all: bool,
    ) -> list[NdAction]:
        """Tell who asks for one of our addresses where we are (RFC 4861 §7.2.3, §7.2.4)."""
        target = body.target_address
        registration = _registration(body)
        if registration is not None and self.router is not None and not asked_all:
            registrar = self.router.registrar
            return registrar.receive_solicitation(body, registration, source, link_source, now=now)
        if source == UNSPECIFIED and self.duplicates.is_checked(target):
            return self.duplicates.solicited(target, body.options)
        if not self._is_ours(target):
            kind = Icmpv6Type.NEIGHBOUR_SOLICITATION
            return [MessageRefused(Refusal.NOT_OURS, kind, source)]
        if source == UNSPECIFIED:  # somebody wants the address that we have
            return [self._advertise(target, ALL_NODES, None, with_link=True)]
        told = told_addresses(body.options, NdOptionType.SOURCE_LINK_LAYER_ADDRESS)
        actions = self.cache.heard(source, told, link_source, now=now)
        # who asked us alone knows where we are (§7.2.4); Linux leaves it out as well
        return [*actions, self._advertise(target, source, link_source, with_link=asked_all)]

    def _advertise(
        self, target: bytes, destination: bytes, link_destination: bytes | None, *, with_link: bool
    ) -> SendMessage:
        solicited = not is_multicast(destination)
        control = NeighbourAdvertisementControl(r=self.router is not None, s=solicited, o=with_link)
        options = self._link.options(NdOptionType.TARGET_LINK_LAYER_ADDRESS) if with_link else ()
        body = NeighbourAdvertisement(control, target, options)
        message = Icmpv6(Icmpv6Type.NEIGHBOUR_ADVERTISEMENT, 0, 0, body)
        return SendMessage(message, target, destination, link_destination)

    def _advertisement(
        self,
        body: NeighbourAdvertisement,
        source: bytes,
        destination: bytes,
        link_source: bytes,
        now: int,
    ) -> list[NdAction]:
        target = body.target_address
        registration = _registration(body)
        if registration is not None and self.registering is not None:
            return self.registering.receive_answer(
                registration, target, source, destination, now=now
            )
        if self.duplicates.is_checked(target):
            return self.duplicates.advertised(target)
        if self._own.get(target) is not None:
            return [MessageRefused(Refusal.OURS, Icmpv6Type.NEIGHBOUR_ADVERTISEMENT, source)]
        was_router = self.cache.is_router(target)
        actions = self.cache.receive_advertisement(body, link_source, now=now)
        if was_router and not self.cache.is_router(target):  # (§7.2.5)
            actions += self.routers.lost(target, now=now)
        return actions

    def _router_advertisement(
        self, body: RouterAdvertisement, source: bytes, link_source: bytes, now: int
    ) -> list[NdAction]:
        if self.cache.is_elsewhere(source, link_source):
            refused = MessageRefused(Refusal.IMPOSTOR, Icmpv6Type.ROUTER_ADVERTISEMENT, source)
            return [refused, *self.cache.suspect(source, now=now)]
        told = told_addresses(body.options, NdOptionType.SOURCE_LINK_LAYER_ADDRESS)
        actions = self.cache.heard(source, told, link_source, now=now)
        self.cache.mark_router(source)
        if body.reachable_time in _REACHABLE_TIMES:
            self.cache.reachable_time = body.reachable_time * _MILLISECOND
        if body.retrans_timer in _RETRANS_TIMERS:
            self.cache.retrans_timer = body.retrans_timer * _MILLISECOND
        changes = self.information.changes
        actions += self.routers.receive_advertisement(body, source, now=now)
        if self.router is not None and self.information.changes != changes:
            self.router.advertiser.changed(now=now)  # pass it on (RFC 6775 §8.1)
        return actions

    def _router_solicitation(
        self, body: RouterSolicitation, source: bytes, link_source: bytes, now: int
    ) -> list[NdAction]:
        assert self.router is not None
        self.router.advertiser.receive_solicitation(source, now=now)
        told = told_addresses(body.options, NdOptionType.SOURCE_LINK_LAYER_ADDRESS)
        return self.cache.heard(source, told, link_source, now=now)

    def _is_ours(self, address: bytes) -> bool:
        """Tell whether we have `address`, and do not only want it."""
        own = self._own.get(address)
        return own is not None and own.ready and not self.duplicates.is_checked(address)

    def _done(self, actions: list[NdAction], now: int) -> list[NdAction]:
        """Count what was refused, and let the parts know what the others found out."""
        done: list[NdAction] = []
        for action in actions:
            done.append(action)
            match action:
                case MessageRefused():
                    self.refused[action.refusal] += 1
                case Unreachable():
                    done += self._done(self.routers.lost(action.address, now=now), now)
                case RouterLearnt() if self.registering is not None:
                    done += self._done(self.registering.router_learnt(now=now), now)
                case RouterLost() if self.registering is not None:
                    self.registering.router_lost(action.address)
                case Registered():  # an answer to us all the same (RFC 6775 §5.5)
                    done += self.cache.confirm(action.router, now=now)
                case RegistrationRefused(status=None):
                    done += self.cache.suspect(action.router, now=now)
                case _:
                    pass
        return done


def _registration(
    body: NeighbourSolicitation | NeighbourAdvertisement,
) -> AddressRegistration | None:
    values = (option.value for option in body.options)
    return next((value for value in values if isinstance(value, AddressRegistration)), None)
