"""Names of codes, for people; a number without a name stays a number."""

from collections.abc import Mapping

from lowpan.wire.dataset import MESHCOP_NAMES
from lowpan.wire.icmpv6 import Icmpv6Type
from lowpan.wire.ieee802154 import FrameType
from lowpan.wire.mac_command import AssociationStatus, CommandId, DisassociationReason
from lowpan.wire.mle_names import COMMAND_NAMES, TLV_NAMES
from lowpan.wire.nd_options import AddressRegistrationStatus, NdOptionType
from lowpan.wire.network_data import NETWORK_DATA_NAMES

FRAME_TYPES: Mapping[int, str] = {
    FrameType.BEACON: "Beacon",
    FrameType.DATA: "Data",
    FrameType.ACKNOWLEDGMENT: "Ack",
    FrameType.MAC_COMMAND: "Command",
    4: "Reserved frame type 4",
    FrameType.MULTIPURPOSE: "Multipurpose",
    FrameType.FRAGMENT: "Fragment frame",
    FrameType.EXTENDED: "Extended frame",
}

MAC_COMMANDS: Mapping[int, str] = {
    CommandId.ASSOCIATION_REQUEST: "Association Request",
    CommandId.ASSOCIATION_RESPONSE: "Association Response",
    CommandId.DISASSOCIATION_NOTIFICATION: "Disassociation Notification",
    CommandId.DATA_REQUEST: "Data Request",
    CommandId.PAN_ID_CONFLICT_NOTIFICATION: "PAN ID Conflict Notification",
    CommandId.ORPHAN_NOTIFICATION: "Orphan Notification",
    CommandId.BEACON_REQUEST: "Beacon Request",
    CommandId.COORDINATOR_REALIGNMENT: "Coordinator Realignment",
    CommandId.GTS_REQUEST: "GTS Request",
    CommandId.TRLE_MANAGEMENT_REQUEST: "TRLE Management Request",
    CommandId.TRLE_MANAGEMENT_RESPONSE: "TRLE Management Response",
    CommandId.DSME_ASSOCIATION_REQUEST: "DSME Association Request",
    CommandId.DSME_ASSOCIATION_RESPONSE: "DSME Association Response",
    CommandId.DSME_GTS_REQUEST: "DSME GTS Request",
    CommandId.DSME_GTS_RESPONSE: "DSME GTS Response",
    CommandId.DSME_GTS_NOTIFY: "DSME GTS Notify",
    CommandId.DSME_INFORMATION_REQUEST: "DSME Information Request",
    CommandId.DSME_INFORMATION_RESPONSE: "DSME Information Response",
    CommandId.DSME_BEACON_ALLOCATION_NOTIFICATION: "DSME Beacon Allocation Notification",
    CommandId.DSME_BEACON_COLLISION_NOTIFICATION: "DSME Beacon Collision Notification",
    CommandId.DSME_LINK_REPORT: "DSME Link Report",
    CommandId.RIT_DATA_REQUEST: "RIT Data Request",
    CommandId.DBS_REQUEST: "DBS Request",
    CommandId.DBS_RESPONSE: "DBS Response",
    CommandId.RIT_DATA_RESPONSE: "RIT Data Response",
    CommandId.VENDOR_SPECIFIC: "Vendor Specific",
}

ICMPV6_TYPES: Mapping[int, str] = {
    Icmpv6Type.DESTINATION_UNREACHABLE: "Destination Unreachable",
    Icmpv6Type.PACKET_TOO_BIG: "Packet Too Big",
    Icmpv6Type.TIME_EXCEEDED: "Time Exceeded",
    Icmpv6Type.PARAMETER_PROBLEM: "Parameter Problem",
    Icmpv6Type.ECHO_REQUEST: "Echo Request",
    Icmpv6Type.ECHO_REPLY: "Echo Reply",
    130: "Multicast Listener Query",
    131: "Multicast Listener Report",
    132: "Multicast Listener Done",
    Icmpv6Type.ROUTER_SOLICITATION: "Router Solicitation",
    Icmpv6Type.ROUTER_ADVERTISEMENT: "Router Advertisement",
    Icmpv6Type.NEIGHBOUR_SOLICITATION: "Neighbour Solicitation",
    Icmpv6Type.NEIGHBOUR_ADVERTISEMENT: "Neighbour Advertisement",
    Icmpv6Type.REDIRECT: "Redirect",
    143: "Multicast Listener Report v2",
    155: "RPL Control",
    Icmpv6Type.DUPLICATE_ADDRESS_REQUEST: "Duplicate Address Request",
    Icmpv6Type.DUPLICATE_ADDRESS_CONFIRMATION: "Duplicate Address Confirmation",
}

UNREACHABLE: Mapping[int, str] = {
    0: "no route",
    1: "prohibited",
    2: "beyond scope",
    3: "address",
    4: "port",
    5: "source address policy",
    6: "reject route",
}
"""Codes of Destination Unreachable (RFC 4443 §3.1)."""

PROTOCOLS: Mapping[int, str] = {
    0: "Hop-by-Hop",
    6: "TCP",
    17: "UDP",
    41: "IPv6",
    43: "Routing",
    44: "IPv6 fragment",
    58: "ICMPv6",
    59: "IPv6",
    60: "Destination Options",
}
"""Next headers."""

ASSOCIATION_STATUS: Mapping[int, str] = {
    AssociationStatus.SUCCESS: "success",
    AssociationStatus.PAN_AT_CAPACITY: "PAN at capacity",
    AssociationStatus.PAN_ACCESS_DENIED: "access denied",
}

DISASSOCIATION_REASONS: Mapping[int, str] = {
    DisassociationReason.COORDINATOR_WISHES: "the coordinator wishes it",
    DisassociationReason.DEVICE_WISHES: "the device wishes it",
}

REGISTRATION_STATUS: Mapping[int, str] = {
    status.value: status.name.lower().replace("_", " ") for status in AddressRegistrationStatus
}

ND_OPTIONS: Mapping[int, str] = {
    kind.value: kind.name.capitalize().replace("_", " ") for kind in NdOptionType
}

MLE_COMMANDS: Mapping[int, str] = COMMAND_NAMES
MLE_TLVS: Mapping[int, str] = TLV_NAMES
MESHCOP_TLVS: Mapping[int, str] = MESHCOP_NAMES
NETWORK_DATA_TLVS: Mapping[int, str] = NETWORK_DATA_NAMES


def name_of(names: Mapping[int, str], number: int, what: str) -> str:
    """Return the name of `number`, or `what` and the number."""
    return names.get(number) or f"{what} {number}"
