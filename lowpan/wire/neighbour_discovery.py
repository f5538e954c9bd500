"""Bodies of the neighbour discovery messages (RFC 4861 §4, RFC 6775 §4.4)."""

from dataclasses import dataclass

from construct import BitsInteger, BitStruct, Bytes, Flag, Int8ub, Int16ub, Int24ub, Int32ub, Struct

from lowpan.schema import Before, Layout, Scaled
from lowpan.wire.nd_options import ND_OPTIONS, NdOption
from lowpan.wire.nd_options_lowpan import ROVR


@dataclass(slots=True)
class RouterSolicitation:
    """Router solicitation (RFC 4861 §4.1)."""

    options: tuple[NdOption, ...] = ()
    reserved: int = 0


ROUTER_SOLICITATION = Layout(
    RouterSolicitation, Struct("reserved" / Int32ub, "options" / ND_OPTIONS)
)


@dataclass(frozen=True, slots=True)
class RouterAdvertisementControl:
    """Flags of a router advertisement (RFC 4861 §4.2, 6275 §7.1, 4191 §2.2, 4389 §4.1.3.3)."""

    m: bool
    """Addresses come from DHCPv6."""
    o: bool
    """Other configuration comes from DHCPv6."""
    h: bool = False
    """The router is a home agent."""
    prf: int = 0
    """Preference as default router: 1 high, 0 medium, -1 low, -2 reserved."""
    p: bool = False
    """Came through a proxy."""
    reserved: int = 0


@dataclass(slots=True)
class RouterAdvertisement:
    """Router advertisement (RFC 4861 §4.2)."""

    cur_hop_limit: int
    """0..255; 0: not said."""
    control: RouterAdvertisementControl
    router_lifetime: int
    """Seconds, 0..65535; 0: no default router."""
    reachable_time: int
    """Milliseconds; 0: not said."""
    retrans_timer: int
    """Milliseconds; 0: not said."""
    options: tuple[NdOption, ...] = ()


ROUTER_ADVERTISEMENT_CONTROL = Layout(
    RouterAdvertisementControl,
    BitStruct(
        "m" / Flag,
        "o" / Flag,
        "h" / Flag,
        "prf" / BitsInteger(2, signed=True),
        "p" / Flag,
        "reserved" / BitsInteger(2),
    ),
)

ROUTER_ADVERTISEMENT = Layout(
    RouterAdvertisement,
    Struct(
        "cur_hop_limit" / Int8ub,
        "control" / ROUTER_ADVERTISEMENT_CONTROL,
        "router_lifetime" / Int16ub,
        "reachable_time" / Int32ub,
        "retrans_timer" / Int32ub,
        "options" / ND_OPTIONS,
    ),
)


@dataclass(slots=True)
class NeighbourSolicitation:
    """Neighbour solicitation (RFC 4861 §4.3)."""

    target_address: bytes
    """16 octets."""
    options: tuple[NdOption, ...] = ()
    reserved: int = 0


NEIGHBOUR_SOLICITATION = Layout(
    NeighbourSolicitation,
    Struct("reserved" / Int32ub, "target_address" / Bytes(16), "options" / ND_OPTIONS),
)


@dataclass(frozen=True, slots=True)
class NeighbourAdvertisementControl:
    """Flags of a neighbour advertisement."""

    r: bool
    """The sender is a router."""
    s: bool
    """Answers a solicitation."""
    o: bool
    """Overrides a link-layer address known so far."""
    reserved: int = 0


@dataclass(slots=True)
class NeighbourAdvertisement:
    """Neighbour advertisement (RFC 4861 §4.4)."""

    control: NeighbourAdvertisementControl
    target_address: bytes
    """16 octets."""
    options: tuple[NdOption, ...] = ()
    reserved: int = 0
    """24 bits."""


NEIGHBOUR_ADVERTISEMENT_CONTROL = Layout(
    NeighbourAdvertisementControl,
    BitStruct("r" / Flag, "s" / Flag, "o" / Flag, "reserved" / BitsInteger(5)),
)

NEIGHBOUR_ADVERTISEMENT = Layout(
    NeighbourAdvertisement,
    Struct(
        "control" / NEIGHBOUR_ADVERTISEMENT_CONTROL,
        "reserved" / Int24ub,
        "target_address" / Bytes(16),
        "options" / ND_OPTIONS,
    ),
)


@dataclass(slots=True)
class Redirect:
    """Redirect: a better first hop (RFC 4861 §4.5)."""

    target_address: bytes
    """16 octets."""
    destination_address: bytes
    """16 octets."""
    options: tuple[NdOption, ...] = ()
    reserved: int = 0


REDIRECT = Layout(
    Redirect,
    Struct(
        "reserved" / Int32ub,
        "target_address" / Bytes(16),
        "destination_address" / Bytes(16),
        "options" / ND_OPTIONS,
    ),
)


@dataclass(slots=True)
class DuplicateAddress:
    """Duplicate address request or confirmation: DAR, DAC, EDAR, EDAC (RFC 6775 §4.4, 8505 §4.2).

    The code of the message tells how long `rovr` is: 0 and 1 for 8 octets, 2 .. 4 for 16 .. 32.
    """

    status: int
    """AddressRegistrationStatus, 0..255."""
    tid: int
    """Transaction ID, 0..255; reserved in RFC 6775."""
    registration_lifetime: int
    """Seconds, a multiple of 60."""
    rovr: bytes
    """8, 16, 24 or 32 octets; the EUI-64 in RFC 6775."""
    registered_address: bytes
    """16 octets."""


DUPLICATE_ADDRESS = Layout(
    DuplicateAddress,
    Struct(
        "status" / Int8ub,
        "tid" / Int8ub,
        "registration_lifetime" / Scaled(Int16ub, 60),
        "rovr" / Before(16, ROVR),
        "registered_address" / Bytes(16),
    ),
)
