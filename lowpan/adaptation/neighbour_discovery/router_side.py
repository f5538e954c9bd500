"""What a router adds: advertisements, registrations, and as a border router the registry."""

from dataclasses import dataclass
from random import Random

from lowpan.adaptation.neighbour_discovery.actions import MessageRefused, NdAction, Refusal
from lowpan.adaptation.neighbour_discovery.advertiser import (
    ROUTER_LIFETIME,
    AdvertiserSettings,
    RouterAdvertiser,
)
from lowpan.adaptation.neighbour_discovery.border import BorderAnnouncements
from lowpan.adaptation.neighbour_discovery.information import NetworkInformation
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses, OwnAddresses
from lowpan.adaptation.neighbour_discovery.registrar import Registrar
from lowpan.adaptation.neighbour_discovery.registry import DuplicateAddressRegistry
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import SixLowpanCapabilities, SixLowpanCapabilityIndication
from lowpan.wire.neighbour_discovery import DuplicateAddress


@dataclass(frozen=True, slots=True)
class RouterSettings:
    """What makes a node a router (6LR), or a border router (6LBR)."""

    border_address: bytes | None = None
    """An address of ours (16 octets) by which the network knows us as its border router."""
    version: int = 0
    """Of what we say as a border router: where it was before a restart."""
    router_lifetime: int = ROUTER_LIFETIME
    """Seconds that we serve as default router, 0..65535; 0: not at all."""
    hop_limit: int = 64
    """That hosts begin with, 0: we do not say."""


class RouterSide:
    """The engines of a router behind one another; see each of them."""

    def __init__(
        self,
        own: OwnAddresses,
        link: LinkAddresses,
        random: Random,
        information: NetworkInformation,
        settings: RouterSettings,
    ) -> None:
        is_border = settings.border_address is not None
        self.advertiser = RouterAdvertiser(
            own,
            link,
            random,
            information,
            AdvertiserSettings(
                settings.router_lifetime, settings.hop_limit, _capabilities(is_border=is_border)
            ),
        )
        self.border: BorderAnnouncements | None = None
        self.registry: DuplicateAddressRegistry | None = None
        if settings.border_address is not None:
            self.border = BorderAnnouncements(
                information, self.advertiser, settings.border_address, version=settings.version
            )
            self.registry = DuplicateAddressRegistry()
        self.registrar = Registrar(
            own,
            link,
            registry=self.registry,
            border=lambda address, now: information.border_for(address, now=now),
            is_on_mesh=information.is_on_mesh,
        )

    def receive_duplicate_address(
        self,
        message: Icmpv6,
        body: DuplicateAddress,
        source: bytes,
        destination: bytes,
        *,
        now: int,
    ) -> list[NdAction]:
        """Take a message between routers about who has an address."""
        if message.type == Icmpv6Type.DUPLICATE_ADDRESS_CONFIRMATION:
            return self.registrar.receive_confirmation(message, body, source, now=now)
        if self.registry is None:
            return [MessageRefused(Refusal.NO_SERVICE, message.type, source)]
        return self.registry.receive_request(message, body, source, destination, now=now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        parts = (self.advertiser, self.registrar, self.registry, self.border)
        due = [part.next_deadline() for part in parts if part is not None]
        return min((moment for moment in due if moment is not None), default=None)

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """Do what is due."""
        actions: list[NdAction] = []
        if self.border is not None:
            actions += self.border.handle_deadline(now=now)
        if self.registry is not None:
            self.registry.handle_deadline(now=now)
        actions += self.registrar.handle_deadline(now=now)
        return actions + self.advertiser.handle_deadline(now=now)


def _capabilities(*, is_border: bool) -> SixLowpanCapabilityIndication:
    control = SixLowpanCapabilities(d=is_border, l=True, b=is_border, p=False, e=True, g=False)
    return SixLowpanCapabilityIndication(control)
