"""Thread network data: prefixes, routes, contexts and services of a partition."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Flag,
    GreedyBytes,
    Int8ub,
    Int32ub,
    Struct,
    this,
)

from lowpan.schema import Content, Layout, Require, Run, Sized, when
from lowpan.wire.dataset import COMMISSIONING_DATA, CommissioningData
from lowpan.wire.tlv import TlvList

THREAD_ENTERPRISE_NUMBER = 44970
"""Enterprise number of the Thread Group, which services of its own leave out."""


class NetworkDataType(IntEnum):
    """Types of network data TLV."""

    HAS_ROUTE = 0
    PREFIX = 1
    BORDER_ROUTER = 2
    CONTEXT = 3
    COMMISSIONING_DATA = 4
    SERVICE = 5
    SERVER = 6


NETWORK_DATA_NAMES: dict[int, str] = {
    NetworkDataType.HAS_ROUTE: "Has Route",
    NetworkDataType.PREFIX: "Prefix",
    NetworkDataType.BORDER_ROUTER: "Border Router",
    NetworkDataType.CONTEXT: "6LoWPAN Context",
    NetworkDataType.COMMISSIONING_DATA: "Commissioning Data",
    NetworkDataType.SERVICE: "Service",
    NetworkDataType.SERVER: "Server",
}


@dataclass(frozen=True, slots=True)
class RouteFlags:
    """What one route is good for."""

    preference: int
    """1 high, 0 medium, -1 low; -2 is reserved."""
    nat64: bool = False
    advertising_pio: bool = False
    reserved: int = 0


ROUTE_FLAGS = Layout(
    RouteFlags,
    BitStruct(
        "preference" / BitsInteger(2, signed=True),
        "nat64" / Flag,
        "advertising_pio" / Flag,
        "reserved" / BitsInteger(4),
    ),
)


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """One border router with a route to the prefix."""

    server: bytes
    """Its RLOC16, 2 octets."""
    control: RouteFlags


ROUTE_ENTRY = Layout(RouteEntry, Struct("server" / Bytes(2), "control" / ROUTE_FLAGS))


@dataclass(frozen=True, slots=True)
class HasRoute:
    """Who routes to the prefix."""

    entries: tuple[RouteEntry, ...]


HAS_ROUTE = Layout(HasRoute, Struct("entries" / Run(ROUTE_ENTRY)))


@dataclass(frozen=True, slots=True)
class BorderRouterFlags:
    """What one border router does for addresses of the prefix."""

    preference: int
    """1 high, 0 medium, -1 low; -2 is reserved."""
    preferred: bool = False
    slaac: bool = False
    dhcp: bool = False
    configure: bool = False
    default: bool = False
    on_mesh: bool = False
    nd_dns: bool = False
    domain_prefix: bool = False
    reserved: int = 0


BORDER_ROUTER_FLAGS = Layout(
    BorderRouterFlags,
    BitStruct(
        "preference" / BitsInteger(2, signed=True),
        "preferred" / Flag,
        "slaac" / Flag,
        "dhcp" / Flag,
        "configure" / Flag,
        "default" / Flag,
        "on_mesh" / Flag,
        "nd_dns" / Flag,
        "domain_prefix" / Flag,
        "reserved" / BitsInteger(6),
    ),
)


@dataclass(frozen=True, slots=True)
class BorderRouterEntry:
    """One border router of an on-mesh prefix."""

    server: bytes
    """Its RLOC16, 2 octets."""
    control: BorderRouterFlags


BORDER_ROUTER_ENTRY = Layout(
    BorderRouterEntry, Struct("server" / Bytes(2), "control" / BORDER_ROUTER_FLAGS)
)


@dataclass(frozen=True, slots=True)
class BorderRouter:
    """Who hands out addresses of the prefix."""

    entries: tuple[BorderRouterEntry, ...]


BORDER_ROUTER = Layout(BorderRouter, Struct("entries" / Run(BORDER_ROUTER_ENTRY)))


@dataclass(frozen=True, slots=True)
class ContextControl:
    """First octet of 6LoWPAN Context."""

    compress: bool
    """The C bit: senders may compress with it; receivers understand it either way."""
    context_id: int
    """0..15; 0 is the mesh-local prefix and never stands here."""
    reserved: int = 0


CONTEXT_CONTROL = Layout(
    ContextControl,
    BitStruct("reserved" / BitsInteger(3), "compress" / Flag, "context_id" / BitsInteger(4)),
)


@dataclass(frozen=True, slots=True)
class LowpanContext:
    """Number under which 6LoWPAN compresses the prefix."""

    control: ContextControl
    context_length: int
    """Bits of the prefix that the context gives, 0..128."""


LOWPAN_CONTEXT = Layout(
    LowpanContext,
    Struct(
        "control" / CONTEXT_CONTROL,
        "context_length" / Int8ub,
        Require(this.context_length <= 128, "an IPv6 prefix has at most 128 bits"),
    ),
)


@dataclass(frozen=True, slots=True)
class Server:
    """One node that offers a service."""

    server: bytes
    """Its RLOC16, 2 octets."""
    server_data: bytes


SERVER = Layout(Server, Struct("server" / Bytes(2), "server_data" / GreedyBytes))


@dataclass(frozen=True, slots=True)
class NetworkDataTlv:
    """One TLV of network data, or inside of Prefix and Service."""

    type: int
    """0..127."""
    stable: bool
    """It stays for days, and sleeping children want to know it."""
    value: "NetworkDataContent | bytes"
    """Octets where the type is unknown here or the content malformed."""


def _tlv(contents: Mapping[int, Layout[Any]]) -> Layout[NetworkDataTlv]:
    head = BitStruct("type" / BitsInteger(7), "stable" / Flag, "length" / BitsInteger(8))
    return Layout(NetworkDataTlv, Sized(head, "value" / Content(this.type, contents)))


PREFIX_SUB_TLV = _tlv(
    {
        NetworkDataType.HAS_ROUTE: HAS_ROUTE,
        NetworkDataType.BORDER_ROUTER: BORDER_ROUTER,
        NetworkDataType.CONTEXT: LOWPAN_CONTEXT,
    }
)
SERVICE_SUB_TLV = _tlv({NetworkDataType.SERVER: SERVER})


@dataclass(frozen=True, slots=True)
class Prefix(TlvList):
    """An IPv6 prefix, and what border routers do for it."""

    domain_id: int
    prefix_length: int
    """Bits, 0..128."""
    prefix: bytes
    """As many octets as hold these bits."""
    tlvs: tuple[NetworkDataTlv, ...] = ()
    """Has Route, Border Router and 6LoWPAN Context."""


PREFIX = Layout(
    Prefix,
    Struct(
        "domain_id" / Int8ub,
        "prefix_length" / Int8ub,
        Require(this.prefix_length <= 128, "an IPv6 prefix has at most 128 bits"),
        "prefix" / Bytes((this.prefix_length + 7) >> 3),
        "tlvs" / Run(PREFIX_SUB_TLV),
    ),
)


@dataclass(frozen=True, slots=True)
class ServiceControl:
    """First octet of Service."""

    thread_enterprise: bool
    """The T bit: a service of the Thread Group, whose enterprise number is left out."""
    service_id: int
    """0..15."""
    reserved: int = 0


SERVICE_CONTROL = Layout(
    ServiceControl,
    BitStruct(
        "thread_enterprise" / Flag, "reserved" / BitsInteger(3), "service_id" / BitsInteger(4)
    ),
)


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """What kind of service, and its number in this partition."""

    control: ServiceControl
    enterprise_number: int | None
    """32 bits; None where the T bit says 44970."""
    service_data: bytes
    """At most 255 octets."""


SERVICE_IDENTITY = Layout(
    ServiceIdentity,
    Sized(
        Struct(
            "control" / SERVICE_CONTROL,
            "enterprise_number" / when(~this.control.thread_enterprise, Int32ub),
            "length" / Int8ub,
        ),
        "service_data" / GreedyBytes,
    ),
)


@dataclass(frozen=True, slots=True)
class Service(TlvList):
    """A service, and the nodes that offer it."""

    identity: ServiceIdentity
    tlvs: tuple[NetworkDataTlv, ...] = ()
    """Server."""

    def enterprise_number(self) -> int:
        """Return the enterprise number, also where it is left out."""
        number = self.identity.enterprise_number
        return THREAD_ENTERPRISE_NUMBER if number is None else number


SERVICE = Layout(Service, Struct("identity" / SERVICE_IDENTITY, "tlvs" / Run(SERVICE_SUB_TLV)))

NetworkDataContent = (
    HasRoute | Prefix | BorderRouter | LowpanContext | CommissioningData | Service | Server
)

NETWORK_DATA_TLV = _tlv(
    {
        NetworkDataType.PREFIX: PREFIX,
        NetworkDataType.COMMISSIONING_DATA: COMMISSIONING_DATA,
        NetworkDataType.SERVICE: SERVICE,
    }
)


@dataclass(frozen=True, slots=True)
class NetworkData(TlvList):
    """All network data that a leader hands out, at most 254 octets."""

    tlvs: tuple[NetworkDataTlv, ...]


NETWORK_DATA = Layout(NetworkData, Struct("tlvs" / Run(NETWORK_DATA_TLV)))


class PrefixContext(NamedTuple):
    """A 6LoWPAN context that network data gives."""

    context_id: int
    prefix: bytes
    """16 octets, zero behind the prefix."""
    length: int
    """Bits, 0..128."""
    compress: bool
    """Senders may compress with it."""


def contexts_of(network_data: NetworkData) -> Iterator[PrefixContext]:
    """Yield the 6LoWPAN contexts in their order; the mesh-local context 0 is never among them."""
    for prefix_tlv in network_data.tlvs:
        if not isinstance(prefix_tlv.value, Prefix):
            continue
        for tlv in prefix_tlv.value.tlvs:
            if isinstance(tlv.value, LowpanContext):
                yield _context(prefix_tlv.value, tlv.value)


def _context(prefix: Prefix, context: LowpanContext) -> PrefixContext:
    length, control = context.context_length, context.control
    unused = 128 - min(length, prefix.prefix_length)
    bits = int.from_bytes(prefix.prefix.ljust(16, b"\0"), "big") >> unused << unused
    return PrefixContext(control.context_id, bits.to_bytes(16, "big"), length, control.compress)
