"""Hosts, routers and border routers for tests of registration."""

from lowpan.adaptation.neighbour_discovery.actions import SendMessage
from lowpan.adaptation.neighbour_discovery.advertiser import AdvertiserSettings
from lowpan.adaptation.neighbour_discovery.engine import NdSettings
from lowpan.adaptation.neighbour_discovery.information import Prefix
from lowpan.adaptation.neighbour_discovery.router_side import RouterSettings, RouterSide
from lowpan.wire.addresses import Context, iid_of
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import (
    AddressRegistration,
    AddressRegistrationControl,
    AddressRegistrationStatus,
    LinkLayerAddress,
    NdOption,
    NdOptionType,
)
from lowpan.wire.neighbour_discovery import NeighbourSolicitation
from tests.adaptation.neighbour_discovery.link import SECOND, Link, Node, address, extended, sent

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
PREFIX = bytes.fromhex("fd000db8000000000000000000000000")
LIFETIME = 600
REGISTER = NdSettings(register=True, registration_lifetime=LIFETIME)
Status = AddressRegistrationStatus


def on_mesh(number: int) -> bytes:
    return PREFIX[:8] + iid_of(extended(number))


def host(number: int) -> Node:
    return Node(number, settings=REGISTER)


def border(number: int = 9) -> Node:
    """Return a border router that vouches for PREFIX and a context of it."""
    ours = on_mesh(number)
    node = Node(number, ours, settings=NdSettings(router=RouterSettings(border_address=ours)))
    node.configures = False
    side = side_of(node)
    assert side.border is not None
    side.border.announce_prefix(Prefix(PREFIX, 64, on_link=False, autonomous=True), now=0)
    side.border.announce_context(1, Context(PREFIX[:8], 64), now=0)
    return node


def router(number: int = 5) -> Node:
    """Return a router that is a host towards the border router, too."""
    settings = NdSettings(register=True, registration_lifetime=LIFETIME, router=RouterSettings())
    return Node(number, settings=settings)


def side_of(node: Node) -> RouterSide:
    assert node.engine.router is not None
    return node.engine.router


def network(*nodes: Node) -> Link:
    """Return a link on which all but border routers look for routers."""
    link = Link(*nodes)
    for node in nodes:
        if node.engine.router is None or node.engine.router.border is None:
            link.do(node, node.engine.solicit_routers(now=0))
    return link


def legacy(node: Node) -> Node:
    """Make a router one that knows RFC 6775 only."""
    side_of(node).advertiser.settings = AdvertiserSettings()
    return node


def register(  # noqa: PLR0913
    node: Node,
    wanted: bytes,
    rovr: bytes,
    link_source: bytes,
    *,
    tid: int | None = 240,
    now: int = 0,
    lifetime: int = 6000,
    source: bytes = address(666),
) -> list[SendMessage]:
    """Send a registration to a router, an old one without a TID, and return what it sends."""
    extended = tid is not None
    control = AddressRegistrationControl(i=0, r=extended, t=extended)
    value = AddressRegistration(0, 0, control, tid or 0, lifetime, rovr)
    target = wanted if extended else address(node.number)
    options = (
        NdOption(NdOptionType.SOURCE_LINK_LAYER_ADDRESS, LinkLayerAddress(link_source)),
        NdOption(NdOptionType.ADDRESS_REGISTRATION, value),
    )
    message = Icmpv6(
        Icmpv6Type.NEIGHBOUR_SOLICITATION, 0, 0, NeighbourSolicitation(target, options)
    )
    ends = source, address(node.number), 255, link_source
    return sent(node.engine.receive_message(message, *ends, now=now))


def status_of(message: SendMessage) -> int:
    values = [option.value for option in getattr(message.message.body, "options")]  # noqa: B009
    (value,) = [value for value in values if isinstance(value, AddressRegistration)]
    return value.status
