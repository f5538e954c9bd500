"""Zigbee's beacon payload (Zigbee specification, revision 22, §3.6.7): which network this is."""

from dataclasses import dataclass

from construct import BitsInteger, BitStruct, Bytes, Const, Flag, Int8ub, Struct

from lowpan.schema import Layout, little_endian_octets


@dataclass(frozen=True, slots=True)
class ZigbeeBeaconControl:
    """Second and third octet of a Zigbee beacon payload."""

    protocol_version: int
    """0..15; 2 since 2006."""
    stack_profile: int
    """0..15: 0 of the network's own, 1 Zigbee, 2 Zigbee PRO."""
    end_device_capacity: bool = False
    """The sender has room for end devices."""
    device_depth: int = 0
    """Hops from the coordinator, 0..15."""
    router_capacity: bool = False
    """The sender has room for routers."""
    reserved: int = 0
    """0..3."""


@dataclass(slots=True)
class ZigbeeBeacon:
    """What a Zigbee router or coordinator says of its network."""

    control: ZigbeeBeaconControl
    extended_pan_id: bytes
    """8 octets as displayed."""
    transmit_offset: bytes
    """3 octets as on air: symbols after the parent's beacon; ff:ff:ff without such beacons."""
    update_id: int
    """Number of the network's present parameters, 0..255."""


ZIGBEE_BEACON_CONTROL = Layout(
    ZigbeeBeaconControl,
    BitStruct(
        "protocol_version" / BitsInteger(4),
        "stack_profile" / BitsInteger(4),
        "end_device_capacity" / Flag,
        "device_depth" / BitsInteger(4),
        "router_capacity" / Flag,
        "reserved" / BitsInteger(2),
    ),
)

ZIGBEE_BEACON = Layout(
    ZigbeeBeacon,
    Struct(
        "protocol_id" / Const(0, Int8ub),
        "control" / ZIGBEE_BEACON_CONTROL,
        "extended_pan_id" / little_endian_octets(8),
        "transmit_offset" / Bytes(3),
        "update_id" / Int8ub,
    ),
)
