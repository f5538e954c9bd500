"""MAC commands (IEEE 802.15.4-2020 §7.5).

COMMAND reads the payload of a MAC command frame, in the clear; in version 2 that is what payload
IEs leave.  Commands without content, or with one that is not decoded here, have octets.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Flag,
    GreedyBytes,
    Int8ub,
    Int16ul,
    Struct,
    this,
)

from lowpan.schema import Content, IfRoom, Layout, little_endian_octets


class CommandId(IntEnum):
    """Kinds of MAC command; other numbers are reserved."""

    ASSOCIATION_REQUEST = 0x01
    ASSOCIATION_RESPONSE = 0x02
    DISASSOCIATION_NOTIFICATION = 0x03
    DATA_REQUEST = 0x04
    PAN_ID_CONFLICT_NOTIFICATION = 0x05
    ORPHAN_NOTIFICATION = 0x06
    BEACON_REQUEST = 0x07
    COORDINATOR_REALIGNMENT = 0x08
    GTS_REQUEST = 0x09
    TRLE_MANAGEMENT_REQUEST = 0x0A
    TRLE_MANAGEMENT_RESPONSE = 0x0B
    DSME_ASSOCIATION_REQUEST = 0x13
    DSME_ASSOCIATION_RESPONSE = 0x14
    DSME_GTS_REQUEST = 0x15
    DSME_GTS_RESPONSE = 0x16
    DSME_GTS_NOTIFY = 0x17
    DSME_INFORMATION_REQUEST = 0x18
    DSME_INFORMATION_RESPONSE = 0x19
    DSME_BEACON_ALLOCATION_NOTIFICATION = 0x1A
    DSME_BEACON_COLLISION_NOTIFICATION = 0x1B
    DSME_LINK_REPORT = 0x1C
    RIT_DATA_REQUEST = 0x20
    DBS_REQUEST = 0x21
    DBS_RESPONSE = 0x22
    RIT_DATA_RESPONSE = 0x23
    VENDOR_SPECIFIC = 0x24


class AssociationStatus(IntEnum):
    """Answers to an association request."""

    SUCCESS = 0
    PAN_AT_CAPACITY = 1
    PAN_ACCESS_DENIED = 2


class DisassociationReason(IntEnum):
    """Who ends an association."""

    COORDINATOR_WISHES = 1
    DEVICE_WISHES = 2


@dataclass(frozen=True, slots=True)
class AssociationRequest:
    """A device asks to join: its capability information."""

    alternate_pan_coordinator: bool = False
    full_function_device: bool = False
    mains_powered: bool = False
    receiver_on_when_idle: bool = False
    reserved: int = 0
    """Bits 4 and 5, 0..3."""
    security_capability: bool = False
    allocate_address: bool = False
    """The device wants a short address."""


@dataclass(slots=True)
class AssociationResponse:
    """The coordinator's answer."""

    short_address: bytes
    """2 octets; FFFE for "use the extended one", FFFF if not associated."""
    association_status: int
    """0..255, see AssociationStatus."""


@dataclass(slots=True)
class DisassociationNotification:
    """An association ends."""

    disassociation_reason: int
    """0..255, see DisassociationReason."""


@dataclass(slots=True)
class CoordinatorRealignment:
    """The PAN changes, or an orphan is told its own place in it."""

    pan_id: int
    coordinator_short_address: bytes
    """2 octets."""
    channel_number: int
    short_address: bytes
    """2 octets, the orphan's; FFFF if sent to all."""
    channel_page: int | None = None
    """None if it stays."""


@dataclass(frozen=True, slots=True)
class GtsRequest:
    """A device wants a guaranteed time slot, or to be rid of it: the GTS characteristics."""

    gts_length: int
    """In slots of the superframe, 0..15."""
    receive: bool = False
    """The slot is for the device to receive in, else to transmit."""
    allocate: bool = False
    """The slot is wanted, else given back."""
    reserved: int = 0
    """0..3."""


@dataclass(slots=True)
class VendorSpecificCommand:
    """A command that a vendor defined."""

    vendor_oui: bytes
    """3 octets as the vendor prints them, and as they go on air."""
    vendor_information: bytes


CommandContent: TypeAlias = (
    AssociationRequest
    | AssociationResponse
    | DisassociationNotification
    | CoordinatorRealignment
    | GtsRequest
    | VendorSpecificCommand
)


@dataclass(slots=True)
class Command:
    """One MAC command."""

    command_id: int
    """0..255, see CommandId."""
    content: CommandContent | bytes = b""
    """Octets if the command has no content, an unknown or a malformed one."""


ASSOCIATION_REQUEST = Layout(
    AssociationRequest,
    BitStruct(
        "allocate_address" / Flag,
        "security_capability" / Flag,
        "reserved" / BitsInteger(2),
        "receiver_on_when_idle" / Flag,
        "mains_powered" / Flag,
        "full_function_device" / Flag,
        "alternate_pan_coordinator" / Flag,
    ),
)

ASSOCIATION_RESPONSE = Layout(
    AssociationResponse,
    Struct("short_address" / little_endian_octets(2), "association_status" / Int8ub),
)

DISASSOCIATION_NOTIFICATION = Layout(
    DisassociationNotification, Struct("disassociation_reason" / Int8ub)
)

COORDINATOR_REALIGNMENT = Layout(
    CoordinatorRealignment,
    Struct(
        "pan_id" / Int16ul,
        "coordinator_short_address" / little_endian_octets(2),
        "channel_number" / Int8ub,
        "short_address" / little_endian_octets(2),
        "channel_page" / IfRoom(Int8ub),
    ),
)

GTS_REQUEST = Layout(
    GtsRequest,
    BitStruct(
        "reserved" / BitsInteger(2),
        "allocate" / Flag,
        "receive" / Flag,
        "gts_length" / BitsInteger(4),
    ),
)

VENDOR_SPECIFIC_COMMAND = Layout(
    VendorSpecificCommand, Struct("vendor_oui" / Bytes(3), "vendor_information" / GreedyBytes)
)

COMMAND = Layout(
    Command,
    Struct(
        "command_id" / Int8ub,
        "content"
        / Content(
            this.command_id,
            {
                CommandId.ASSOCIATION_REQUEST: ASSOCIATION_REQUEST,
                CommandId.ASSOCIATION_RESPONSE: ASSOCIATION_RESPONSE,
                CommandId.DISASSOCIATION_NOTIFICATION: DISASSOCIATION_NOTIFICATION,
                CommandId.COORDINATOR_REALIGNMENT: COORDINATOR_REALIGNMENT,
                CommandId.GTS_REQUEST: GTS_REQUEST,
                CommandId.VENDOR_SPECIFIC: VENDOR_SPECIFIC_COMMAND,
            },
        ),
    ),
)
