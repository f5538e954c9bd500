"""Fields of ICMPv6: echo, errors and neighbour discovery."""

from collections.abc import Iterator

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.field import Field, parts_of
from lowpan.capture.fields_ipv6 import checksum_status, of_each
from lowpan.capture.formats import (
    DECIMAL,
    EXTENDED_ADDRESS,
    FLAG,
    HEX16,
    IPV6_ADDRESS,
    OCTETS,
    colons,
    computed,
    textual,
)
from lowpan.capture.layouts import octets_of
from lowpan.wire.icmpv6 import Echo, Icmpv6, PacketTooBig, ParameterProblem
from lowpan.wire.nd_options import (
    AddressRegistration,
    AuthoritativeBorderRouter,
    LinkLayerAddress,
    Mtu,
    NdOption,
    NdOptionType,
    PrefixInformation,
    RecursiveDnsServer,
    RouteInformation,
    SixLowpanContext,
)
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    Redirect,
    RouterAdvertisement,
)


def _servers(decoded: DecodedFrame) -> Iterator[bytes]:
    for server in parts_of(decoded).get(RecursiveDnsServer, []):
        yield from server.addresses


def _in_eights(option: NdOption) -> int | None:
    octets = octets_of(option)
    return None if octets is None else octets >> 3


def _link_layer_text(address: bytes) -> str:
    """Return an address as Wireshark shows it, which takes four octets of padding with two."""
    return address.hex() if len(address) == 8 else colons(address.ljust(6, b"\0"))


_LINK_LAYER = textual("octets", _link_layer_text)
_MINUTES = computed(DECIMAL, lambda seconds: seconds // 60)

_SOURCE = (NdOption, int(NdOptionType.SOURCE_LINK_LAYER_ADDRESS))
_TARGET = (NdOption, int(NdOptionType.TARGET_LINK_LAYER_ADDRESS))

ICMPV6 = (
    Field("icmpv6.type", DECIMAL, "Type", "datagram.icmpv6.type"),
    Field("icmpv6.code", DECIMAL, "Code", "datagram.icmpv6.code"),
    Field("icmpv6.checksum", HEX16, "Checksum", "datagram.icmpv6.checksum"),
    Field(
        "icmpv6.checksum.status",
        DECIMAL,
        "Checksum right 1, wrong 0, not known 2",
        values=of_each(checksum_status(of_udp=False)),
    ),
    Field("icmpv6.echo.identifier", HEX16, "Identifier", part=Echo, attribute="identifier"),
    Field(
        "icmpv6.echo.sequence_number",
        DECIMAL,
        "Sequence number",
        part=Echo,
        attribute="sequence_number",
    ),
    Field("icmpv6.mtu", DECIMAL, "MTU of the next link", part=PacketTooBig, attribute="mtu"),
    Field(
        "icmpv6.pointer",
        DECIMAL,
        "Octets before the problem",
        part=ParameterProblem,
        attribute="pointer",
    ),
    Field(
        "lowpan.icmpv6.body",
        computed(OCTETS, lambda body: body if isinstance(body, bytes) else None),
        "Body that is not decoded",
        part=Icmpv6,
        attribute="body",
    ),
)

_RA, _NA = RouterAdvertisement, NeighbourAdvertisement

NEIGHBOUR_DISCOVERY = (
    Field("icmpv6.nd.ra.cur_hop_limit", DECIMAL, "Hop limit", part=_RA, attribute="cur_hop_limit"),
    Field("icmpv6.nd.ra.flag.m", FLAG, "Managed addresses", part=_RA, attribute="control.m"),
    Field("icmpv6.nd.ra.flag.o", FLAG, "Other configuration", part=_RA, attribute="control.o"),
    Field("icmpv6.nd.ra.flag.h", FLAG, "Home agent", part=_RA, attribute="control.h"),
    Field("icmpv6.nd.ra.flag.p", FLAG, "Proxy", part=_RA, attribute="control.p"),
    Field(
        "icmpv6.nd.ra.router_lifetime", DECIMAL, "Seconds", part=_RA, attribute="router_lifetime"
    ),
    Field(
        "icmpv6.nd.ra.reachable_time",
        DECIMAL,
        "Milliseconds",
        part=_RA,
        attribute="reachable_time",
    ),
    Field(
        "icmpv6.nd.ra.retrans_timer", DECIMAL, "Milliseconds", part=_RA, attribute="retrans_timer"
    ),
    Field(
        "icmpv6.nd.ns.target_address",
        IPV6_ADDRESS,
        "Target",
        part=NeighbourSolicitation,
        attribute="target_address",
    ),
    Field(
        "icmpv6.nd.na.target_address",
        IPV6_ADDRESS,
        "Target",
        part=_NA,
        attribute="target_address",
    ),
    Field("icmpv6.nd.na.flag.r", FLAG, "Router", part=_NA, attribute="control.r"),
    Field("icmpv6.nd.na.flag.s", FLAG, "Solicited", part=_NA, attribute="control.s"),
    Field("icmpv6.nd.na.flag.o", FLAG, "Override", part=_NA, attribute="control.o"),
    Field(
        "icmpv6.nd.rd.target_address",
        IPV6_ADDRESS,
        "Better first hop",
        part=Redirect,
        attribute="target_address",
    ),
    Field(
        "icmpv6.rd.na.destination_address",
        IPV6_ADDRESS,
        "Whom it leads to",
        part=Redirect,
        attribute="destination_address",
    ),
    Field("lowpan.dar.status", DECIMAL, "Status", part=DuplicateAddress, attribute="status"),
    Field("lowpan.dar.rovr", OCTETS, "EUI-64 or ROVR", part=DuplicateAddress, attribute="rovr"),
    Field(
        "lowpan.dar.registered_address",
        IPV6_ADDRESS,
        "Address in question",
        part=DuplicateAddress,
        attribute="registered_address",
    ),
)

_PIO, _6CO, _ARO = PrefixInformation, SixLowpanContext, AddressRegistration

OPTIONS = (
    Field("icmpv6.opt.type", DECIMAL, "Type", part=NdOption, attribute="type"),
    Field("icmpv6.opt.length", computed(DECIMAL, _in_eights), "Length in 8 octets", part=NdOption),
    Field(
        "icmpv6.opt.linkaddr",
        _LINK_LAYER,
        "Link-layer address",
        part=LinkLayerAddress,
        attribute="address",
    ),
    Field(
        "icmpv6.opt.linkaddr_eui64",
        EXTENDED_ADDRESS,
        "Link-layer address",
        part=LinkLayerAddress,
        attribute="address",
    ),
    Field(
        "icmpv6.opt.src_linkaddr", _LINK_LAYER, "Of the source", part=_SOURCE, attribute="address"
    ),
    Field(
        "icmpv6.opt.src_linkaddr_eui64",
        EXTENDED_ADDRESS,
        "Of the source",
        part=_SOURCE,
        attribute="address",
    ),
    Field(
        "icmpv6.opt.target_linkaddr",
        _LINK_LAYER,
        "Of the target",
        part=_TARGET,
        attribute="address",
    ),
    Field(
        "icmpv6.opt.target_linkaddr_eui64",
        EXTENDED_ADDRESS,
        "Of the target",
        part=_TARGET,
        attribute="address",
    ),
    Field("icmpv6.opt.prefix.length", DECIMAL, "Bits", part=_PIO, attribute="prefix_length"),
    Field("icmpv6.opt.prefix.flag.l", FLAG, "On-link", part=_PIO, attribute="control.l"),
    Field("icmpv6.opt.prefix.flag.a", FLAG, "For addresses", part=_PIO, attribute="control.a"),
    Field("icmpv6.opt.prefix.flag.r", FLAG, "Router's address", part=_PIO, attribute="control.r"),
    Field(
        "icmpv6.opt.prefix.valid_lifetime",
        DECIMAL,
        "Seconds",
        part=_PIO,
        attribute="valid_lifetime",
    ),
    Field(
        "icmpv6.opt.prefix.preferred_lifetime",
        DECIMAL,
        "Seconds",
        part=_PIO,
        attribute="preferred_lifetime",
    ),
    Field("icmpv6.opt.prefix", IPV6_ADDRESS, "Prefix", part=_PIO, attribute="prefix"),
    Field("icmpv6.opt.mtu", DECIMAL, "MTU of the link", part=Mtu, attribute="mtu"),
    Field(
        "icmpv6.opt.route_lifetime",
        DECIMAL,
        "Seconds",
        part=RouteInformation,
        attribute="route_lifetime",
    ),
    Field(
        "icmpv6.opt.rdnss.lifetime",
        DECIMAL,
        "Seconds",
        part=RecursiveDnsServer,
        attribute="lifetime",
    ),
    Field(
        "icmpv6.opt.rdnss",
        IPV6_ADDRESS,
        "Name server",
        values=_servers,
    ),
    Field("icmpv6.opt.aro.status", DECIMAL, "Status", part=_ARO, attribute="status"),
    Field(
        "icmpv6.opt.aro.registration_lifetime",
        _MINUTES,
        "Minutes",
        part=_ARO,
        attribute="registration_lifetime",
    ),
    Field("icmpv6.opt.aro.eui64", EXTENDED_ADDRESS, "Who registers", part=_ARO, attribute="rovr"),
    Field("lowpan.aro.rovr", OCTETS, "Who registers", part=_ARO, attribute="rovr"),
    Field("icmpv6.opt.6co.context_length", DECIMAL, "Bits", part=_6CO, attribute="context_length"),
    Field("icmpv6.opt.6co.flag.c", FLAG, "For compression", part=_6CO, attribute="control.c"),
    Field("icmpv6.opt.6co.flag.cid", DECIMAL, "Context", part=_6CO, attribute="control.cid"),
    Field(
        "icmpv6.opt.6co.valid_lifetime",
        _MINUTES,
        "Minutes",
        part=_6CO,
        attribute="valid_lifetime",
    ),
    Field("icmpv6.opt.6co.context_prefix", IPV6_ADDRESS, "Prefix", part=_6CO, attribute="prefix"),
    Field(
        "icmpv6.opt.abro.6lbr_address",
        IPV6_ADDRESS,
        "Border router",
        part=AuthoritativeBorderRouter,
        attribute="border_router_address",
    ),
    Field(
        "lowpan.abro.version",
        DECIMAL,
        "Version of its data",
        part=AuthoritativeBorderRouter,
        attribute="version",
    ),
)
