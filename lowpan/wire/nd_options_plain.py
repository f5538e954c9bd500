"""Options of neighbour discovery on any link (RFC 4861 §4.6, RFC 4191 §2.3, RFC 8106 §5.1)."""

from dataclasses import dataclass

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Flag,
    GreedyBytes,
    Int8ub,
    Int16ub,
    Int32ub,
    Struct,
)

from lowpan.schema import Derived, Layout, Run


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
