"""Options of neighbour discovery in 6LoWPANs (RFC 6775 §4, RFC 7400 §3.4, RFC 8505 §4)."""

from dataclasses import dataclass
from enum import IntEnum

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

from lowpan.schema import Derived, Layout, Scaled


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
