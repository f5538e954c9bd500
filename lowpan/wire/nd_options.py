"""Options of neighbour discovery (RFC 4861 §4.6, 4191, 8106; 6LoWPAN: RFC 6775, 7400, 8505)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Computed,
    Flag,
    GreedyBytes,
    Int8ub,
    Int16ub,
    Int32ub,
    Rebuild,
    Struct,
    this,
)

from lowpan.schema import Content, Derived, Layout, Run, Scaled, Sized


class NdOptionType(IntEnum):
    """Kinds of options."""

    SOURCE_LINK_LAYER_ADDRESS = 1
    TARGET_LINK_LAYER_ADDRESS = 2
    PREFIX_INFORMATION = 3
    REDIRECTED_HEADER = 4
    MTU = 5
    ROUTE_INFORMATION = 24
    RECURSIVE_DNS_SERVER = 25
    ADDRESS_REGISTRATION = 33
    SIX_LOWPAN_CONTEXT = 34
    AUTHORITATIVE_BORDER_ROUTER = 35
    SIX_LOWPAN_CAPABILITY_INDICATION = 36


class AddressRegistrationStatus(IntEnum):
    """What became of a registration (RFC 6775 §4.1, RFC 8505 §9.1)."""

    SUCCESS = 0
    DUPLICATE_ADDRESS = 1
    NEIGHBOUR_CACHE_FULL = 2
    MOVED = 3
    REMOVED = 4
    VALIDATION_REQUESTED = 5
    DUPLICATE_SOURCE_ADDRESS = 6
    INVALID_SOURCE_ADDRESS = 7
    TOPOLOGICALLY_INCORRECT = 8
    REGISTRY_SATURATED = 9
    VALIDATION_FAILED = 10


# -- link-layer addresses


@dataclass(slots=True)
class LinkLayerAddress:
    """Source or target link-layer address (RFC 4861 §4.6.1, RFC 4944 §8)."""

    address: bytes
    """2 or 8 octets."""


def _unpad_address(octets: bytes, surroundings: object) -> bytes:
    size = {6: 2, 14: 8}.get(len(octets))
    if size is None or any(octets[size:]):
        raise ValueError("no link-layer address of IEEE 802.15.4")
    return octets[:size]


def _pad_address(address: bytes, surroundings: object) -> bytes:
    size = {2: 6, 8: 14}.get(len(address))
    if size is None:
        raise ValueError(f"a link-layer address of {len(address)} octets")
    return address.ljust(size, b"\0")


LINK_LAYER_ADDRESS = Layout(
    LinkLayerAddress, Struct("address" / Derived(GreedyBytes, _unpad_address, _pad_address))
)

# -- routers' announcements


@dataclass(frozen=True, slots=True)
class PrefixInformationControl:
    """Flags of a prefix."""

    l: bool  # noqa: E741  (the standard's name)
    """Addresses with this prefix are on-link."""
    a: bool
    """Hosts may make addresses with it."""
    r: bool
    """The prefix field is a whole address of the router (RFC 6275 §7.2)."""
    reserved: int = 0


@dataclass(slots=True)
class PrefixInformation:
    """Prefix information (RFC 4861 §4.6.2)."""

    prefix_length: int
    """Bits, 0..128 (255 on the wire at most)."""
    control: PrefixInformationControl
    valid_lifetime: int
    """Seconds; 0xFFFFFFFF: forever."""
    preferred_lifetime: int
    """Seconds; 0xFFFFFFFF: forever."""
    prefix: bytes
    """16 octets."""
    reserved: int = 0


PREFIX_INFORMATION_CONTROL = Layout(
    PrefixInformationControl,
    BitStruct("l" / Flag, "a" / Flag, "r" / Flag, "reserved" / BitsInteger(5)),
)

PREFIX_INFORMATION = Layout(
    PrefixInformation,
    Struct(
        "prefix_length" / Int8ub,
        "control" / PREFIX_INFORMATION_CONTROL,
        "valid_lifetime" / Int32ub,
        "preferred_lifetime" / Int32ub,
        "reserved" / Int32ub,
        "prefix" / Bytes(16),
    ),
)


@dataclass(slots=True)
class RedirectedHeader:
    """The datagram that made a router send a redirect (RFC 4861 §4.6.3)."""

    datagram: bytes
    """Its first octets."""
    reserved: bytes = bytes(6)


REDIRECTED_HEADER = Layout(
    RedirectedHeader, Struct("reserved" / Bytes(6), "datagram" / GreedyBytes)
)


@dataclass(slots=True)
class Mtu:
    """MTU of the link (RFC 4861 §4.6.4)."""

    mtu: int
    """Octets."""
    reserved: int = 0


MTU = Layout(Mtu, Struct("reserved" / Int16ub, "mtu" / Int32ub))


@dataclass(frozen=True, slots=True)
class RouteInformationControl:
    """Third octet of route information."""

    prf: int
    """Preference: 1 high, 0 medium, -1 low, -2 reserved."""
    reserved: int = 0
    """Bits before the preference."""
    reserved_low: int = 0
    """Bits behind it."""


@dataclass(slots=True)
class RouteInformation:
    """A prefix behind the router (RFC 4191 §2.3)."""

    prefix_length: int
    """Bits, 0..128 (255 on the wire at most)."""
    control: RouteInformationControl
    route_lifetime: int
    """Seconds; 0xFFFFFFFF: forever."""
    prefix: bytes
    """0, 8 or 16 octets."""


ROUTE_INFORMATION_CONTROL = Layout(
    RouteInformationControl,
    BitStruct(
        "reserved" / BitsInteger(3),
        "prf" / BitsInteger(2, signed=True),
        "reserved_low" / BitsInteger(3),
    ),
)

ROUTE_INFORMATION = Layout(
    RouteInformation,
    Struct(
        "prefix_length" / Int8ub,
        "control" / ROUTE_INFORMATION_CONTROL,
        "route_lifetime" / Int32ub,
        "prefix" / GreedyBytes,
    ),
)


@dataclass(slots=True)
class RecursiveDnsServer:
    """Name servers (RFC 8106 §5.1)."""

    lifetime: int
    """Seconds; 0xFFFFFFFF: forever."""
    addresses: tuple[bytes, ...]
    """16 octets each."""
    reserved: int = 0


RECURSIVE_DNS_SERVER = Layout(
    RecursiveDnsServer,
    Struct("reserved" / Int16ub, "lifetime" / Int32ub, "addresses" / Run(Bytes(16))),
)

# -- 6LoWPAN


def _checked_rovr(rovr: bytes, surroundings: object) -> bytes:
    if len(rovr) not in {8, 16, 24, 32}:
        raise ValueError(f"a registration ownership verifier of {len(rovr)} octets")
    return rovr


ROVR = Derived(GreedyBytes, _checked_rovr, _checked_rovr)
"""Registration ownership verifier, 8, 16, 24 or 32 octets to the end of the region."""


@dataclass(frozen=True, slots=True)
class AddressRegistrationControl:
    """Flags of an extended registration (RFC 8505 §4.1)."""

    i: int
    """What the opaque field is, 0..3."""
    r: bool
    """The address is to be reachable through this router."""
    t: bool
    """The transaction ID counts."""
    reserved: int = 0


@dataclass(slots=True)
class AddressRegistration:
    """Address registration, plain or extended: ARO, EARO (RFC 6775 §4.1, RFC 8505 §4.1).

    The plain one has zero in `opaque`, `control` and `tid`, and an EUI-64 as `rovr`.
    """

    status: int
    """AddressRegistrationStatus, 0..255."""
    opaque: int
    """0..255."""
    control: AddressRegistrationControl
    tid: int
    """Transaction ID, 0..255."""
    registration_lifetime: int
    """Seconds, a multiple of 60."""
    rovr: bytes
    """8, 16, 24 or 32 octets."""


ADDRESS_REGISTRATION_CONTROL = Layout(
    AddressRegistrationControl,
    BitStruct("reserved" / BitsInteger(4), "i" / BitsInteger(2), "r" / Flag, "t" / Flag),
)

ADDRESS_REGISTRATION = Layout(
    AddressRegistration,
    Struct(
        "status" / Int8ub,
        "opaque" / Int8ub,
        "control" / ADDRESS_REGISTRATION_CONTROL,
        "tid" / Int8ub,
        "registration_lifetime" / Scaled(Int16ub, 60),
        "rovr" / ROVR,
    ),
)


@dataclass(frozen=True, slots=True)
class SixLowpanContextControl:
    """Flags and number of a context."""

    c: bool
    """It may be used to compress."""
    cid: int
    """Context identifier, 0..15."""
    reserved: int = 0


@dataclass(slots=True)
class SixLowpanContext:
    """A context for header compression: 6CO (RFC 6775 §4.2)."""

    context_length: int
    """Bits of the prefix, 0..128."""
    control: SixLowpanContextControl
    valid_lifetime: int
    """Seconds, a multiple of 60."""
    prefix: bytes
    """8 or 16 octets."""
    reserved: int = 0


def _checked_prefix(prefix: bytes, surroundings: object, context_length: int) -> bytes:
    if len(prefix) not in {8, 16} or context_length > 8 * len(prefix):
        raise ValueError(f"a context of {context_length} bits in {len(prefix)} octets")
    return prefix


SIX_LOWPAN_CONTEXT_CONTROL = Layout(
    SixLowpanContextControl,
    BitStruct("reserved" / BitsInteger(3), "c" / Flag, "cid" / BitsInteger(4)),
)

SIX_LOWPAN_CONTEXT = Layout(
    SixLowpanContext,
    Struct(
        "context_length" / Int8ub,
        "control" / SIX_LOWPAN_CONTEXT_CONTROL,
        "reserved" / Int16ub,
        "valid_lifetime" / Scaled(Int16ub, 60),
        "prefix" / Derived(GreedyBytes, _checked_prefix, _checked_prefix, this.context_length),
    ),
)


@dataclass(slots=True)
class AuthoritativeBorderRouter:
    """Whose prefixes and contexts a router passes on: ABRO (RFC 6775 §4.3)."""

    version: int
    """0..0xFFFFFFFF, grows with each change of what the border router says."""
    valid_lifetime: int
    """Seconds, a multiple of 60; 0 stands for 600000."""
    border_router_address: bytes
    """16 octets."""


AUTHORITATIVE_BORDER_ROUTER = Layout(
    AuthoritativeBorderRouter,
    Struct(
        "version_low" / Rebuild(Int16ub, this.version & 0xFFFF),
        "version_high" / Rebuild(Int16ub, this.version >> 16),
        "version" / Computed(this.version_high << 16 | this.version_low),
        "valid_lifetime" / Scaled(Int16ub, 60),
        "border_router_address" / Bytes(16),
    ),
)


@dataclass(frozen=True, slots=True)
class SixLowpanCapabilities:
    """What a node can do (RFC 7400 §3.4, RFC 8505 §4.3)."""

    d: bool
    """A border router that understands extended duplicate address messages."""
    l: bool  # noqa: E741  (the standard's name)
    """A router (6LR)."""
    b: bool
    """A border router (6LBR)."""
    p: bool
    """A routing registrar for the addresses registered with it."""
    e: bool
    """Understands the extended registration."""
    g: bool
    """Decompresses generic header compression."""
    reserved: int = 0


@dataclass(slots=True)
class SixLowpanCapabilityIndication:
    """Capability indication: 6CIO (RFC 7400 §3.4)."""

    control: SixLowpanCapabilities
    reserved: int = 0


SIX_LOWPAN_CAPABILITIES = Layout(
    SixLowpanCapabilities,
    BitStruct(
        "reserved" / BitsInteger(10),
        "d" / Flag,
        "l" / Flag,
        "b" / Flag,
        "p" / Flag,
        "e" / Flag,
        "g" / Flag,
    ),
)

SIX_LOWPAN_CAPABILITY_INDICATION = Layout(
    SixLowpanCapabilityIndication,
    Struct("control" / SIX_LOWPAN_CAPABILITIES, "reserved" / Int32ub),
)

# -- all of them

NdOptionValue = (
    LinkLayerAddress
    | PrefixInformation
    | RedirectedHeader
    | Mtu
    | RouteInformation
    | RecursiveDnsServer
    | AddressRegistration
    | SixLowpanContext
    | AuthoritativeBorderRouter
    | SixLowpanCapabilityIndication
    | bytes
)
"""Octets where the type is unknown or its content is malformed."""


@dataclass(slots=True)
class NdOption:
    """One option of a neighbour discovery message."""

    type: int
    """NdOptionType, 0..255."""
    value: NdOptionValue


_VALUES: dict[NdOptionType, Layout[Any]] = {
    NdOptionType.SOURCE_LINK_LAYER_ADDRESS: LINK_LAYER_ADDRESS,
    NdOptionType.TARGET_LINK_LAYER_ADDRESS: LINK_LAYER_ADDRESS,
    NdOptionType.PREFIX_INFORMATION: PREFIX_INFORMATION,
    NdOptionType.REDIRECTED_HEADER: REDIRECTED_HEADER,
    NdOptionType.MTU: MTU,
    NdOptionType.ROUTE_INFORMATION: ROUTE_INFORMATION,
    NdOptionType.RECURSIVE_DNS_SERVER: RECURSIVE_DNS_SERVER,
    NdOptionType.ADDRESS_REGISTRATION: ADDRESS_REGISTRATION,
    NdOptionType.SIX_LOWPAN_CONTEXT: SIX_LOWPAN_CONTEXT,
    NdOptionType.AUTHORITATIVE_BORDER_ROUTER: AUTHORITATIVE_BORDER_ROUTER,
    NdOptionType.SIX_LOWPAN_CAPABILITY_INDICATION: SIX_LOWPAN_CAPABILITY_INDICATION,
}

ND_OPTION = Layout(
    NdOption,
    Sized(
        Struct("type" / Int8ub, "length" / Int8ub),
        "value" / Content(this.type, {int(kind): layout for kind, layout in _VALUES.items()}),
        unit=8,
        overhead=2,
    ),
)

ND_OPTIONS = Run(ND_OPTION)
"""Options to the end of the message; one of no length makes the message malformed."""
