"""Router discovery as a host does it (RFC 4861 §6.3, RFC 6775 §5.3, §5.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from lowpan.adaptation.neighbour_discovery.actions import (
    HopLimitLearnt,
    MessageRefused,
    NdAction,
    Refusal,
    RouterLearnt,
    RouterLost,
    SendMessage,
)
from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.adaptation.neighbour_discovery.information import NetworkInformation
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses, OwnAddresses
from lowpan.wire.addresses import ALL_ROUTERS
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import (
    AuthoritativeBorderRouter,
    NdOption,
    NdOptionType,
    PrefixInformation,
    SixLowpanCapabilityIndication,
    SixLowpanContext,
)
from lowpan.wire.neighbour_discovery import RouterAdvertisement, RouterSolicitation

MAX_RTR_SOLICITATION_DELAY = 1_000_000
"""Microseconds that the first solicitation waits at most (RFC 4861 §10)."""
RTR_SOLICITATION_INTERVAL = 10_000_000
MAX_RTR_SOLICITATIONS = 3
MAX_RTR_SOLICITATION_INTERVAL = 60_000_000
"""Three solicitations 10 s apart, then ever slower down to one a minute (RFC 6775 §5.3, §9)."""
MOST_ROUTERS = 4
"""Default routers that are remembered; two are the least (RFC 4861 §6.3.4)."""
LEAST_HOP_LIMIT = 32
"""A smaller one from a router is ignored: it would keep us from leaving the network."""

_SECOND = 1_000_000
_SOLICIT = (b"solicit", 0)
_LIFETIME, _REFRESH = 0, 1
_LEAST_REFRESH = 10 * _SECOND


@dataclass(slots=True)
class Router:
    """A default router."""

    address: bytes
    preference: int
    """1 high, 0 medium, -1 low (RFC 4191 §2.1)."""
    registers: bool
    """Understands extended registrations (RFC 8505 §6)."""
    solicitations: int = 0
    """That it has not answered, in order to go on as it is."""


class RouterDiscovery:
    """Finds routers by soliciting them, and forgets them in time; bounded.

    `now` is microseconds; `random` spreads the first solicitation.  What routers say about the
    network goes into `information`.
    """

    def __init__(  # noqa: PLR0913  (who we are, where news go, and a bound)
        self,
        own: OwnAddresses,
        link: LinkAddresses,
        random: Random,
        information: NetworkInformation,
        *,
        capabilities: SixLowpanCapabilityIndication | None = None,
        most_routers: int = MOST_ROUTERS,
    ) -> None:
        self.routers: dict[bytes, Router] = {}
        self._own, self._link, self._random = own, link, random
        self._information, self._capabilities = information, capabilities
        self._most_routers = most_routers
        self._hop_limit = 0
        self._sent, self._interval = 0, RTR_SOLICITATION_INTERVAL
        self._wanted = False
        self._deadlines: Deadlines[tuple[bytes, int]] = Deadlines()

    def begin(self, *, now: int) -> None:
        """Look for routers until there is one, and again whenever there is none."""
        self._wanted = True
        self._sent, self._interval = 0, RTR_SOLICITATION_INTERVAL
        delay = self._random.randint(0, MAX_RTR_SOLICITATION_DELAY)
        self._deadlines.set(_SOLICIT, now + delay)

    def end(self, *, now: int) -> list[NdAction]:
        """Have no routers, and look for none until begin()."""
        self._wanted = False
        self._deadlines.drop(_SOLICIT)
        return [action for address in list(self.routers) for action in self.lost(address, now=now)]

    def default_router(self) -> bytes | None:
        """Return the link-local address of the router to use, None without any."""
        best = max(self.routers.values(), key=lambda router: router.preference, default=None)
        return None if best is None else best.address

    def lost(self, address: bytes, *, now: int) -> list[NdAction]:
        """Forget a router that does not answer, or no longer is one."""
        if self.routers.pop(address, None) is None:
            return []
        self._deadlines.drop((address, _LIFETIME))
        self._deadlines.drop((address, _REFRESH))
        if not self.routers and self._wanted:
            self.begin(now=now)
        return [RouterLost(address)]

    def receive_advertisement(
        self, said: RouterAdvertisement, source: bytes, *, now: int
    ) -> list[NdAction]:
        """Take a valid router advertisement."""
        actions = self._router(said, source, now)
        if said.cur_hop_limit >= LEAST_HOP_LIMIT and said.cur_hop_limit != self._hop_limit:
            self._hop_limit = said.cur_hop_limit
            actions.append(HopLimitLearnt(said.cur_hop_limit))
        border = source
        for option in said.options:
            if isinstance(option.value, AuthoritativeBorderRouter):
                border = option.value.border_router_address
                refusal = self._information.take_border(option.value, now=now)
                if refusal is not None:
                    return [*actions, _refused(refusal, source)]
                break
        return actions + self._network(said.options, border, now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        return self._deadlines.next_deadline()

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """Solicit, and forget routers whose lifetime is over."""
        actions: list[NdAction] = []
        for key in self._deadlines.take(now=now):
            if key == _SOLICIT:
                actions += self._solicit(now)
            elif key[1] == _REFRESH:
                actions += self._refresh(key[0], now)
            else:
                actions += self.lost(key[0], now=now)
        return actions

    def _router(self, said: RouterAdvertisement, source: bytes, now: int) -> list[NdAction]:
        if not said.router_lifetime:
            return self.lost(source, now=now)
        actions: list[NdAction] = []
        if source not in self.routers:
            if len(self.routers) >= self._most_routers:
                return [_refused(Refusal.NO_ROOM, source)]
            actions.append(RouterLearnt(source))
        # "reserved" counts as medium (RFC 4191 §2.2)
        preference = max(said.control.prf, -1) if said.control.prf != -2 else 0
        self.routers[source] = Router(source, preference, _registers(said.options))
        self._deadlines.drop(_SOLICIT)
        self._deadlines.set((source, _LIFETIME), now + said.router_lifetime * _SECOND)
        shortest = min([said.router_lifetime, *_lifetimes(said.options)]) * _SECOND
        self._deadlines.set((source, _REFRESH), now + max(shortest * 3 // 4, _LEAST_REFRESH))
        return actions

    def _network(self, options: Sequence[NdOption], border: bytes, now: int) -> list[NdAction]:
        actions: list[NdAction] = []
        for option in options:
            if isinstance(option.value, PrefixInformation):
                actions += self._information.take_prefix(option.value, border, now=now)
            elif isinstance(option.value, SixLowpanContext):
                actions += self._information.take_context(option.value, border, now=now)
        return actions

    def _solicit(self, now: int) -> list[NdAction]:
        """Ask all routers; as soon as we have an address to ask from."""
        sent = self._solicitation(ALL_ROUTERS)
        if not sent:
            self._deadlines.set(_SOLICIT, now + MAX_RTR_SOLICITATION_DELAY)
            return []
        self._sent += 1
        if self._sent > MAX_RTR_SOLICITATIONS:
            self._interval = min(2 * self._interval, MAX_RTR_SOLICITATION_INTERVAL)
        self._deadlines.set(_SOLICIT, now + self._interval)
        return sent

    def _refresh(self, address: bytes, now: int) -> list[NdAction]:
        """Ask a router to go on, before its lifetime or that of its news is over."""
        router = self.routers.get(address)
        if router is None or router.solicitations >= MAX_RTR_SOLICITATIONS:
            return []
        router.solicitations += 1
        self._deadlines.set((router.address, _REFRESH), now + RTR_SOLICITATION_INTERVAL)
        return self._solicitation(router.address)

    def _solicitation(self, destination: bytes) -> list[NdAction]:
        own = self._own.source_for(destination)
        if own is None:
            return []
        options = self._link.options(NdOptionType.SOURCE_LINK_LAYER_ADDRESS)
        if self._capabilities is not None:
            kind = NdOptionType.SIX_LOWPAN_CAPABILITY_INDICATION
            options += (NdOption(kind, self._capabilities),)
        message = Icmpv6(Icmpv6Type.ROUTER_SOLICITATION, 0, 0, RouterSolicitation(options))
        return [SendMessage(message, own.address, destination)]


def _registers(options: Sequence[NdOption]) -> bool:
    values = (option.value for option in options)
    return any(
        isinstance(value, SixLowpanCapabilityIndication) and value.control.e for value in values
    )


def _lifetimes(options: Sequence[NdOption]) -> list[int]:
    """Return the seconds after which something that a router has said is over."""
    return [
        option.value.valid_lifetime
        for option in options
        if isinstance(option.value, PrefixInformation | SixLowpanContext)
        and option.value.valid_lifetime
    ]


def _refused(refusal: Refusal, source: bytes) -> MessageRefused:
    return MessageRefused(refusal, Icmpv6Type.ROUTER_ADVERTISEMENT, source)
