"""The engines of a node's layers, made for each other."""

from random import Random

from lowpan.adaptation.neighbour_discovery.cache import ACKNOWLEDGED_FOR
from lowpan.adaptation.neighbour_discovery.engine import NeighbourDiscovery
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses
from lowpan.errors import FieldOutOfRange
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.management import Management
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.service import MeshEngine
from lowpan.node.addresses import OwnAddresses
from lowpan.node.autoconfiguration import Autoconfiguration
from lowpan.node.forwarding_link import lowpan_link
from lowpan.node.ipv6 import Ipv6
from lowpan.node.mesh_side import MeshSide
from lowpan.node.neighbourhood import Neighbourhood
from lowpan.node.pan_side import PanSide
from lowpan.node.service import Endpoint
from lowpan.node.settings import NodeSettings
from lowpan.radio import RadioCapability, RadioSettings
from lowpan.wire.ieee802154 import FrameType


class Layers:
    """What a Node is made of, to look at; what one layer says, Node takes to the next.

    Here are the inputs that concern one layer alone.
    """

    def __init__(  # noqa: PLR0913  (its engines are made of them)
        self,
        radio: RadioSettings,
        capabilities: RadioCapability,
        random: Random,
        *,
        security: LinkSecurity | None = None,
        settings: NodeSettings | None = None,
        mesh: MeshEngine | None = None,
    ) -> None:
        if radio.extended_address is None:
            raise FieldOutOfRange("a node needs an extended address")
        self.settings = settings = settings or NodeSettings()
        self.own = OwnAddresses()
        self.link = LinkLayer(
            radio, capabilities, random, security=security, settings=settings.link
        )
        self.lowpan = lowpan_link(
            self.link,
            random,
            settings,
            lambda to: self.neighbourhood.link_address_towards(to),  # noqa: PLW0108  (made later)
        )
        self.management = Management(self.link, random, settings.management)
        self.lowpan.manage(self.management)
        self.adaptation = self.lowpan.adaptation
        is_router = settings.next_hops is not None
        self.ipv6 = Ipv6(self.own, random=random, for_host=settings.for_host, is_router=is_router)
        self.discovery = NeighbourDiscovery(
            self.own,
            LinkAddresses(radio.extended_address, self.link.short_address, radio.pan_id),
            random,
            derive=settings.derive,
            acknowledged_for=0 if settings.link.acknowledged is False else ACKNOWLEDGED_FOR,
            settings=settings.discovery,
        )
        autoconfiguration = Autoconfiguration(
            self.own, self.adaptation.contexts, self.ipv6, radio.extended_address
        )
        self.neighbourhood = Neighbourhood(
            self.own, self.discovery, autoconfiguration, settings.next_hops
        )
        self._pan = PanSide(self.management, self.neighbourhood, routers=settings.routers)
        self._extended = radio.extended_address
        self._secured = security is not None and security.wants_sealed(FrameType.DATA)
        self.mesh: MeshSide | None = None
        if mesh is not None:
            self.mesh = MeshSide(mesh, self.own, self.adaptation.contexts, random)
            self.ipv6.keep_ports(self.mesh.ports)
            self.lowpan.reports_links = True

    @property
    def waiting(self) -> int:
        """Return how many datagrams are on their way to the radio: who sends more, may pause."""
        return self.lowpan.waiting

    def open_port(self, local: Endpoint) -> Endpoint:
        """Receive UDP for `local`; see Ipv6."""
        return self.ipv6.open_port(local)

    def close_port(self, local: Endpoint) -> None:
        """Receive UDP for `local` no longer."""
        self.ipv6.close_port(local)

    def join(self, group: bytes) -> None:
        """Listen to a multicast group (16 octets); raise FieldOutOfRange."""
        self.own.join(group)

    def leave(self, group: bytes) -> None:
        """Undo one join()."""
        self.own.leave(group)
