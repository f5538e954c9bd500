"""Registration of our addresses with routers, as a host does it (RFC 6775 §5.5, RFC 8505 §5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    AddressDuplicate,
    MessageRefused,
    NdAction,
    Refusal,
    Registered,
    RegistrationRefused,
    SendMessage,
)
from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses, OwnAddresses
from lowpan.adaptation.neighbour_discovery.routers import Router
from lowpan.adaptation.neighbour_discovery.tid import FIRST_TID, next_tid
from lowpan.wire.addresses import LINK_LOCAL_PREFIX
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import (
    AddressRegistration,
    AddressRegistrationControl,
    AddressRegistrationStatus,
    NdOption,
    NdOptionType,
)
from lowpan.wire.neighbour_discovery import NeighbourSolicitation

REGISTRATION_LIFETIME = 3600
"""Seconds, a multiple of 60, that we ask for: an hour's silence of ours frees our place."""
RETRANS_TIMER = 1_000_000
MAX_UNICAST_SOLICIT = 3
"""A router that does not answer is asked three times, a second apart (RFC 6775 §5.5)."""
FIRST_RETRY, LAST_RETRY = 1_000_000, 60_000_000
"""Microseconds from a refusal to the next try; twice as many each time."""

_SECOND = 1_000_000
_REFRESH = b""
_DROPPED = (AddressRegistrationStatus.MOVED, AddressRegistrationStatus.REMOVED)


@dataclass(slots=True)
class _AtRouter:
    asked: bool = False
    """Its answer is awaited."""
    taken: bool = False
    """It has taken the address, as far as we know."""
    solicitations: int = 0
    retry: int = FIRST_RETRY
    """Microseconds until it is asked again if it refuses."""


@dataclass(slots=True)
class _Registration:
    address: bytes
    confirmed: bool
    tid: int = FIRST_TID - 1
    at: dict[bytes, _AtRouter] = field(default_factory=dict[bytes, _AtRouter])
    """What became of it, by router."""


class RegisteringNode:
    """Registers our addresses with all default routers, and again in time.

    An address is ours as soon as one router has taken it.  The same transaction ID goes to all
    routers, so that they are seen as one registration in several places (RFC 8505 §5.2).  Holds
    as many addresses as the caller begins with; `now` is microseconds.
    """

    def __init__(
        self,
        own: OwnAddresses,
        link: LinkAddresses,
        random: Random,
        routers: Mapping[bytes, Router],
        *,
        lifetime: int = REGISTRATION_LIFETIME,
    ) -> None:
        self._own, self._link, self._random = own, link, random
        self._routers, self._lifetime = routers, lifetime
        self._registrations: dict[bytes, _Registration] = {}
        self._asking: dict[bytes, bytes] = {}
        """Which address a router of RFC 6775 is asked about: its refusals do not say."""
        self._deadlines: Deadlines[tuple[bytes, bytes]] = Deadlines()

    def begin(self, address: bytes, *, now: int) -> list[NdAction]:
        """Register `address`; it is ours when AddressConfirmed comes.

        A link-local one is taken for unique at once, as it is made of what is.
        """
        local = address[:8] == LINK_LOCAL_PREFIX
        registration = self._registrations[address] = _Registration(address, confirmed=local)
        actions: list[NdAction] = [AddressConfirmed(address)] if local else []
        return actions + self._register(registration, now)

    def end(self, address: bytes, *, now: int) -> list[NdAction]:
        """Give `address` back to the routers that have taken it."""
        registration = self._registrations.pop(address, None)
        if registration is None:
            return []
        self._deadlines.drop((address, _REFRESH))
        actions: list[NdAction] = []
        registration.tid = next_tid(registration.tid)
        for router, at in registration.at.items():
            self._settled(address, router)
            if at.taken and router in self._routers:
                actions += self._send(registration, self._routers[router], lifetime=0)
        return actions

    def registered(self) -> dict[bytes, list[bytes]]:
        """Return our addresses, and the routers that have taken each."""
        return {
            address: [router for router, at in registration.at.items() if at.taken]
            for address, registration in self._registrations.items()
        }

    def router_learnt(self, *, now: int) -> list[NdAction]:
        """Register all addresses with a router that is new as well."""
        actions: list[NdAction] = []
        for registration in list(self._registrations.values()):
            actions += self._register(registration, now)
        return actions

    def router_lost(self, router: bytes) -> None:
        """Expect nothing more from `router`."""
        for address, registration in self._registrations.items():
            if registration.at.pop(router, None) is not None:
                self._settled(address, router)

    def receive_answer(
        self,
        option: AddressRegistration,
        target: bytes,
        router: bytes,
        destination: bytes,
        *,
        now: int,
    ) -> list[NdAction]:
        """Take a neighbour advertisement of `router` with a registration in it."""
        registration = self._meant(target, router, destination)
        at = None if registration is None else registration.at.get(router)
        known = self._routers.get(router)
        if registration is None or at is None or known is None:
            return [_refused(Refusal.UNASKED, router)]
        if option.rovr != self._link.extended:
            return [_refused(Refusal.UNASKED, router)]
        if not at.asked or (known.registers and option.tid != registration.tid):
            return self._unexpected(registration, option, router, now)
        self._settled(registration.address, router)
        if option.status == AddressRegistrationStatus.SUCCESS:
            return self._taken(registration, at, option, router, now)
        if option.status == AddressRegistrationStatus.DUPLICATE_ADDRESS:
            given_back = self.end(registration.address, now=now)
            return [*given_back, AddressDuplicate(registration.address)]
        return self._refused(registration, router, option.status, now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        return self._deadlines.next_deadline()

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """Refresh what was registered, and ask again who has not answered."""
        actions: list[NdAction] = []
        for address, router in self._deadlines.take(now=now):
            registration = self._registrations.get(address)
            if registration is None:
                continue
            if router == _REFRESH:
                actions += self._register(registration, now)
            elif router in registration.at:
                actions += self._ask(registration, router, now)
        return actions

    def _meant(self, target: bytes, router: bytes, destination: bytes) -> _Registration | None:
        """Return which registration an answer is about: RFC 8505 says it, RFC 6775 may not."""
        for address in (target, destination, self._asking.get(router, b"")):
            if address in self._registrations:
                registration = self._registrations[address]
                if router in registration.at:
                    return registration
        return None

    def _register(self, registration: _Registration, now: int) -> list[NdAction]:
        registration.tid = next_tid(registration.tid)
        local = registration.address[:8] == LINK_LOCAL_PREFIX
        actions: list[NdAction] = []
        for router in self._routers.values():
            if router.registers or not local:
                at = registration.at.setdefault(router.address, _AtRouter())
                at.solicitations = 0
                actions += self._ask(registration, router.address, now)
        return actions

    def _ask(self, registration: _Registration, router: bytes, now: int) -> list[NdAction]:
        at, address = registration.at[router], registration.address
        known = self._routers.get(router)
        if known is None:
            return []
        if not known.registers and self._asking.setdefault(router, address) != address:
            self._deadlines.set((address, router), now + RETRANS_TIMER)  # one after the other
            return []
        if at.solicitations >= MAX_UNICAST_SOLICIT:
            self._settled(address, router)
            return self._refused(registration, router, None, now)
        at.asked = True
        at.solicitations += 1
        self._deadlines.set((address, router), now + RETRANS_TIMER)
        return self._send(registration, known, lifetime=self._lifetime)

    def _taken(
        self,
        registration: _Registration,
        at: _AtRouter,
        option: AddressRegistration,
        router: bytes,
        now: int,
    ) -> list[NdAction]:
        address = registration.address
        at.asked, at.taken, at.retry = False, True, FIRST_RETRY
        lifetime = min(option.registration_lifetime or self._lifetime, self._lifetime) * _SECOND
        refresh = now + self._random.randint(lifetime // 2, lifetime * 3 // 4)
        due = self._deadlines.get((address, _REFRESH))
        if due is None or due > refresh:
            self._deadlines.set((address, _REFRESH), refresh)
        actions: list[NdAction] = [Registered(address, router, lifetime)]
        if not registration.confirmed:
            registration.confirmed = True
            actions.append(AddressConfirmed(address))
        return actions

    def _unexpected(
        self, registration: _Registration, option: AddressRegistration, router: bytes, now: int
    ) -> list[NdAction]:
        """Take what a router says unasked: that it has dropped us, so that we ask again."""
        if not registration.at[router].taken or option.status not in _DROPPED:
            return [_refused(Refusal.UNASKED, router)]
        return self._refused(registration, router, option.status, now)

    def _refused(
        self, registration: _Registration, router: bytes, status: int | None, now: int
    ) -> list[NdAction]:
        """Ask again later; all routers where a fresher transaction ID is wanted."""
        at, address = registration.at[router], registration.address
        at.asked, at.taken, at.solicitations = False, False, 0
        again = (address, _REFRESH if status in _DROPPED else router)
        self._deadlines.set(again, now + at.retry)
        at.retry = min(2 * at.retry, LAST_RETRY)
        return [RegistrationRefused(address, router, status)]

    def _settled(self, address: bytes, router: bytes) -> None:
        """Wait for `router` no longer."""
        self._deadlines.drop((address, router))
        if self._asking.get(router) == address:
            del self._asking[router]

    def _send(
        self, registration: _Registration, router: Router, *, lifetime: int
    ) -> list[NdAction]:
        source = self._own.source_for(router.address)
        if source is None:
            return []
        rovr = self._link.extended or bytes(8)
        extended = router.registers
        control = AddressRegistrationControl(i=0, r=extended, t=extended)
        tid = registration.tid if extended else 0
        value = AddressRegistration(0, 0, control, tid, lifetime, rovr)
        options = (
            *self._link.options(NdOptionType.SOURCE_LINK_LAYER_ADDRESS),
            NdOption(NdOptionType.ADDRESS_REGISTRATION, value),
        )
        # RFC 8505 §5.5 has the address as target; RFC 6775 §5.5 as source
        target = registration.address if extended else router.address
        sender = source.address if extended else registration.address
        body = NeighbourSolicitation(target, options)
        message = Icmpv6(Icmpv6Type.NEIGHBOUR_SOLICITATION, 0, 0, body)
        return [SendMessage(message, sender, router.address)]


def _refused(refusal: Refusal, source: bytes) -> MessageRefused:
    return MessageRefused(refusal, Icmpv6Type.NEIGHBOUR_ADVERTISEMENT, source)
