"""Content of beacons before version 2 (IEEE 802.15.4-2020 §7.3.1), and Thread's beacon payload.

Enhanced beacons (version 2) have information elements instead.  OpenThread also sends beacons
with no content at all.
"""

from dataclasses import dataclass

from construct import (
    Array,
    BitsInteger,
    BitStruct,
    Bytes,
    ByteSwapped,
    Const,
    Flag,
    GreedyBytes,
    Int8ub,
    Struct,
    this,
)

from lowpan.schema import Layout, Require, little_endian_octets, when


@dataclass(frozen=True, slots=True)
class SuperframeSpecification:
    """Shape of the superframe that the beacon starts."""

    beacon_order: int = 15
    """Beacon interval 960 * 2^n symbols for 0..14; 15 in a PAN without periodic beacons."""
    superframe_order: int = 15
    """Active part 960 * 2^n symbols for 0..14; 15 for none."""
    final_cap_slot: int = 15
    """Last slot of the contention access period, 0..15."""
    battery_life_extension: bool = False
    reserved: bool = False
    pan_coordinator: bool = False
    association_permit: bool = False


@dataclass(frozen=True, slots=True)
class GtsSpecification:
    """Whether guaranteed time slots can be had, and how many are described."""

    gts_descriptor_count: int = 0
    """0..7."""
    reserved: int = 0
    """0..15."""
    gts_permit: bool = False


@dataclass(frozen=True, slots=True)
class GtsSlots:
    """Place of a guaranteed time slot in the superframe."""

    gts_starting_slot: int
    """0..15."""
    gts_length: int
    """In slots of the superframe, 0..15."""


@dataclass(slots=True)
class GtsDescriptor:
    """One guaranteed time slot."""

    device_short_address: bytes
    """2 octets, the device that may use it."""
    slots: GtsSlots


@dataclass(frozen=True, slots=True)
class PendingAddressSpecification:
    """How many devices are told that frames wait for them; at most 7."""

    short_address_count: int = 0
    reserved: bool = False
    extended_address_count: int = 0
    reserved_7: bool = False


@dataclass(slots=True)
class Beacon:
    """What a beacon frame says after its MAC header."""

    superframe_specification: SuperframeSpecification
    gts_specification: GtsSpecification = GtsSpecification()
    gts_directions: int | None = None
    """Bit n: slot n of the list is for receiving; None without a list."""
    gts_list: tuple[GtsDescriptor, ...] = ()
    pending_address_specification: PendingAddressSpecification = PendingAddressSpecification()
    pending_short_addresses: tuple[bytes, ...] = ()
    """2 octets each."""
    pending_extended_addresses: tuple[bytes, ...] = ()
    """8 octets each."""
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class ThreadBeaconControl:
    """Second octet of a Thread beacon payload."""

    version: int = 2
    """0..15."""
    native_commissioner: bool = False
    """A commissioner may join over the radio of this network."""
    reserved: int = 0
    """0..3."""
    joining_permitted: bool = False


@dataclass(slots=True)
class ThreadBeacon:
    """Thread's beacon payload: which network this is."""

    control: ThreadBeaconControl
    network_name: bytes
    """16 octets, UTF-8 filled up with zeros."""
    extended_pan_id: bytes
    """8 octets."""


SUPERFRAME_SPECIFICATION = Layout(
    SuperframeSpecification,
    ByteSwapped(
        BitStruct(
            "association_permit" / Flag,
            "pan_coordinator" / Flag,
            "reserved" / Flag,
            "battery_life_extension" / Flag,
            "final_cap_slot" / BitsInteger(4),
            "superframe_order" / BitsInteger(4),
            "beacon_order" / BitsInteger(4),
        )
    ),
)

GTS_SPECIFICATION = Layout(
    GtsSpecification,
    BitStruct(
        "gts_permit" / Flag, "reserved" / BitsInteger(4), "gts_descriptor_count" / BitsInteger(3)
    ),
)

GTS_SLOTS = Layout(
    GtsSlots, BitStruct("gts_length" / BitsInteger(4), "gts_starting_slot" / BitsInteger(4))
)

GTS_DESCRIPTOR = Layout(
    GtsDescriptor, Struct("device_short_address" / little_endian_octets(2), "slots" / GTS_SLOTS)
)

PENDING_ADDRESS_SPECIFICATION = Layout(
    PendingAddressSpecification,
    BitStruct(
        "reserved_7" / Flag,
        "extended_address_count" / BitsInteger(3),
        "reserved" / Flag,
        "short_address_count" / BitsInteger(3),
    ),
)

_pending = this.pending_address_specification

BEACON = Layout(
    Beacon,
    Struct(
        "superframe_specification" / SUPERFRAME_SPECIFICATION,
        "gts_specification" / GTS_SPECIFICATION,
        "gts_directions" / when(this.gts_specification.gts_descriptor_count != 0, Int8ub),
        "gts_list" / Array(this.gts_specification.gts_descriptor_count, GTS_DESCRIPTOR),
        "pending_address_specification" / PENDING_ADDRESS_SPECIFICATION,
        Require(
            _pending.short_address_count + _pending.extended_address_count <= 7,
            "more than 7 pending addresses",
        ),
        "pending_short_addresses" / Array(_pending.short_address_count, little_endian_octets(2)),
        "pending_extended_addresses"
        / Array(_pending.extended_address_count, little_endian_octets(8)),
        "payload" / GreedyBytes,
    ),
)

THREAD_BEACON_CONTROL = Layout(
    ThreadBeaconControl,
    BitStruct(
        "version" / BitsInteger(4),
        "native_commissioner" / Flag,
        "reserved" / BitsInteger(2),
        "joining_permitted" / Flag,
    ),
)

THREAD_BEACON = Layout(
    ThreadBeacon,
    Struct(
        "protocol_id" / Const(3, Int8ub),
        "control" / THREAD_BEACON_CONTROL,
        "network_name" / Bytes(16),
        "extended_pan_id" / Bytes(8),
    ),
)
