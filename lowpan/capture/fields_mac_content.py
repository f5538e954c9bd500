"""Fields of beacons and MAC commands."""

from typing import Any

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.field import Field
from lowpan.capture.formats import (
    DECIMAL,
    EXTENDED_ADDRESS,
    FLAG,
    HEX8,
    HEX16,
    OCTETS,
    SHORT_ADDRESS,
    computed,
)
from lowpan.wire.beacon import Beacon, GtsDescriptor, GtsSpecification, SuperframeSpecification
from lowpan.wire.mac_command import (
    AssociationRequest,
    AssociationResponse,
    Command,
    CoordinatorRealignment,
    DisassociationNotification,
    GtsRequest,
)


def _pending(octets: int) -> Any:
    def values(decoded: DecodedFrame) -> tuple[bytes, ...]:
        beacon = decoded.beacon
        if beacon is None:
            return ()
        short, extended = beacon.pending_short_addresses, beacon.pending_extended_addresses
        return short if octets == 2 else extended

    return values


def _not_decoded(content: object) -> bytes | None:
    return content if isinstance(content, bytes) else None


_SUPERFRAME = SuperframeSpecification
_ASKS, _MOVES = AssociationRequest, CoordinatorRealignment

BEACONS = (
    Field("wpan.beacon_order", DECIMAL, "Beacon order", part=_SUPERFRAME, attribute="beacon_order"),
    Field(
        "wpan.superframe_order",
        DECIMAL,
        "Superframe order",
        part=_SUPERFRAME,
        attribute="superframe_order",
    ),
    Field("wpan.cap", DECIMAL, "Final CAP slot", part=_SUPERFRAME, attribute="final_cap_slot"),
    Field(
        "wpan.battery_ext",
        FLAG,
        "Battery life extension",
        part=_SUPERFRAME,
        attribute="battery_life_extension",
    ),
    Field("wpan.bcn_coord", FLAG, "PAN coordinator", part=_SUPERFRAME, attribute="pan_coordinator"),
    Field(
        "wpan.assoc_permit",
        FLAG,
        "Association permit",
        part=_SUPERFRAME,
        attribute="association_permit",
    ),
    Field(
        "wpan.gts.count",
        DECIMAL,
        "GTS descriptors",
        part=GtsSpecification,
        attribute="gts_descriptor_count",
    ),
    Field("wpan.gts.permit", FLAG, "GTS permit", part=GtsSpecification, attribute="gts_permit"),
    Field(
        "wpan.gts.address",
        SHORT_ADDRESS,
        "Who may use the slot",
        part=GtsDescriptor,
        attribute="device_short_address",
    ),
    Field("wpan.pending16", SHORT_ADDRESS, "Pending short address", values=_pending(2)),
    Field("wpan.pending64", EXTENDED_ADDRESS, "Pending extended address", values=_pending(8)),
    Field("lowpan.beacon_payload", OCTETS, "Beacon payload", part=Beacon, attribute="payload"),
)

COMMANDS = (
    Field("wpan.cmd", HEX8, "Command identifier", "command.command_id"),
    Field(
        "wpan.cinfo.alt_coord",
        FLAG,
        "Alternate PAN coordinator",
        part=_ASKS,
        attribute="alternate_pan_coordinator",
    ),
    Field(
        "wpan.cinfo.device_type",
        FLAG,
        "Full-function device",
        part=_ASKS,
        attribute="full_function_device",
    ),
    Field("wpan.cinfo.power_src", FLAG, "Mains powered", part=_ASKS, attribute="mains_powered"),
    Field(
        "wpan.cinfo.idle_rx",
        FLAG,
        "Receiver on when idle",
        part=_ASKS,
        attribute="receiver_on_when_idle",
    ),
    Field(
        "wpan.cinfo.sec_capable",
        FLAG,
        "Security capability",
        part=_ASKS,
        attribute="security_capability",
    ),
    Field(
        "wpan.cinfo.alloc_addr", FLAG, "Allocate address", part=_ASKS, attribute="allocate_address"
    ),
    Field(
        "wpan.asoc.addr",
        SHORT_ADDRESS,
        "Short address given",
        part=AssociationResponse,
        attribute="short_address",
    ),
    Field(
        "wpan.assoc.status",
        HEX8,
        "Association status",
        part=AssociationResponse,
        attribute="association_status",
    ),
    Field(
        "wpan.disassoc.reason",
        HEX8,
        "Disassociation reason",
        part=DisassociationNotification,
        attribute="disassociation_reason",
    ),
    Field("wpan.realign.pan", HEX16, "New PAN ID", part=_MOVES, attribute="pan_id"),
    Field(
        "wpan.realign.addr",
        SHORT_ADDRESS,
        "Coordinator's short address",
        part=_MOVES,
        attribute="coordinator_short_address",
    ),
    Field("wpan.realign.channel", DECIMAL, "New channel", part=_MOVES, attribute="channel_number"),
    Field("wpan.realign.channel_page", DECIMAL, "New page", part=_MOVES, attribute="channel_page"),
    Field("wpan.gtsreq.length", DECIMAL, "Slots", part=GtsRequest, attribute="gts_length"),
    Field("wpan.gtsreq.direction", FLAG, "To receive in", part=GtsRequest, attribute="receive"),
    Field("wpan.gtsreq.type", FLAG, "Allocate", part=GtsRequest, attribute="allocate"),
    Field(
        "lowpan.cmd.octets",
        computed(OCTETS, _not_decoded),
        "Content of a command that is not decoded",
        part=Command,
        attribute="content",
    ),
)
