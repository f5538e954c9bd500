"""Router advertisements, as a router sends them (RFC 4861 §6.2, RFC 6775 §6.3, §8.1)."""

from dataclasses import dataclass
from random import Random

from lowpan.adaptation.neighbour_discovery.actions import NdAction, SendMessage
from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.adaptation.neighbour_discovery.information import NetworkInformation
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses, OwnAddresses
from lowpan.wire.addresses import ALL_NODES, UNSPECIFIED
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import NdOption, NdOptionType, SixLowpanCapabilityIndication
from lowpan.wire.neighbour_discovery import RouterAdvertisement, RouterAdvertisementControl

MAX_RA_DELAY_TIME = 2_000_000
"""Microseconds that an answer waits at most, so that routers do not all answer at once."""
MIN_DELAY_BETWEEN_RAS = 10_000_000
"""Microseconds between two advertisements to all."""
MAX_RTR_ADVERTISEMENTS = 3
"""Advertisements to all when there is news (RFC 6775 §9)."""
MOST_SOLICITORS = 64
"""Nodes that wait for an answer; if there are more, all are told."""
ROUTER_LIFETIME = 1800
"""Seconds: three times the largest default interval between advertisements (RFC 4861 §6.2.1)."""


@dataclass(frozen=True, slots=True)
class AdvertiserSettings:
    """What a router says of itself."""

    router_lifetime: int = ROUTER_LIFETIME
    """Seconds that it serves as default router, 0: not at all."""
    hop_limit: int = 64
    """0: does not say."""
    capabilities: SixLowpanCapabilityIndication | None = None


class RouterAdvertiser:
    """Answers router solicitations, and tells all when there is news; bounded.

    There is one advertisement for each border router whose information is passed on.  `now` is
    microseconds; `random` spreads the answers.
    """

    def __init__(
        self,
        own: OwnAddresses,
        link: LinkAddresses,
        random: Random,
        information: NetworkInformation,
        settings: AdvertiserSettings,
    ) -> None:
        self.settings = settings
        self._own, self._link, self._random = own, link, random
        self._information = information
        self._solicitors: Deadlines[bytes] = Deadlines()
        self._left = 0
        """Advertisements to all yet to be sent."""
        self._next: int | None = None
        self._earliest = 0
        """The moment from which one more may be sent to all."""

    def receive_solicitation(self, source: bytes, *, now: int) -> None:
        """Answer a node soon: alone, or with all others if it has no address or they are many."""
        if source == UNSPECIFIED or len(self._solicitors) >= MOST_SOLICITORS:
            self._tell_all(1, now)
        elif self._solicitors.get(source) is None:
            self._solicitors.set(source, now + self._random.randint(0, MAX_RA_DELAY_TIME))

    def changed(self, *, now: int) -> None:
        """Tell all what is new, three times."""
        self._tell_all(MAX_RTR_ADVERTISEMENTS, now)

    def withdraw(self) -> list[NdAction]:
        """Say that we are no router any more (RFC 4861 §6.2.5)."""
        self._left, self._next = 0, None
        return self._advertisements(ALL_NODES, 0, now=None)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nobody waits."""
        due = (self._solicitors.next_deadline(), self._next)
        return min((moment for moment in due if moment is not None), default=None)

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """Advertise to who has waited long enough."""
        lifetime, actions = self.settings.router_lifetime, list[NdAction]()
        if self._next is not None and self._next <= now:
            self._left -= 1
            self._earliest = now + MIN_DELAY_BETWEEN_RAS
            self._next = self._earliest if self._left else None
            actions += self._advertisements(ALL_NODES, lifetime, now=now)
        for solicitor in self._solicitors.take(now=now):
            actions += self._advertisements(solicitor, lifetime, now=now)
        return actions

    def _tell_all(self, times: int, now: int) -> None:
        self._left = max(self._left, times)
        if self._next is None:
            delay = self._random.randint(0, MAX_RA_DELAY_TIME)
            self._next = max(now + delay, self._earliest)

    def _advertisements(
        self, destination: bytes, lifetime: int, *, now: int | None
    ) -> list[NdAction]:
        own = self._own.source_for(ALL_NODES)  # a link-local one
        if own is None:
            return []
        told: list[tuple[NdOption, ...]] = []
        if now is not None:
            borders = [*self._information.borders, b""]
            told = [tuple(self._information.options(border, now=now)) for border in borders]
        return [
            SendMessage(self._message(options, lifetime), own.address, destination)
            for options in [one for one in told if one] or [()]
        ]

    def _message(self, told: tuple[NdOption, ...], lifetime: int) -> Icmpv6:
        options = (*self._link.options(NdOptionType.SOURCE_LINK_LAYER_ADDRESS), *told)
        if self.settings.capabilities is not None:
            kind = NdOptionType.SIX_LOWPAN_CAPABILITY_INDICATION
            options += (NdOption(kind, self.settings.capabilities),)
        control = RouterAdvertisementControl(m=False, o=False)
        body = RouterAdvertisement(self.settings.hop_limit, control, lifetime, 0, 0, options)
        return Icmpv6(Icmpv6Type.ROUTER_ADVERTISEMENT, 0, 0, body)
