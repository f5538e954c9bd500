import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.zigbee import ZigBeeBeacon

from lowpan.errors import MalformedFrame
from lowpan.wire.zigbee_beacon import ZIGBEE_BEACON, ZigbeeBeacon, ZigbeeBeaconControl
from tests.peers.networks import ZIGBEE_PAYLOAD

BEACON = ZigbeeBeacon(
    ZigbeeBeaconControl(2, 2, end_device_capacity=True, device_depth=0, router_capacity=True),
    bytes.fromhex("1122334455667788"),
    b"\xff\xff\xff",
    0,
)


def test_vector() -> None:
    assert ZIGBEE_BEACON.decode(ZIGBEE_PAYLOAD) == BEACON
    assert ZIGBEE_BEACON.encode(BEACON) == ZIGBEE_PAYLOAD


@given(st.binary(min_size=14, max_size=14))
def test_scapy_reads_the_same(rest: bytes) -> None:
    octets = b"\0" + rest
    beacon, other = ZIGBEE_BEACON.decode(octets), ZigBeeBeacon(octets)
    control = beacon.control
    assert control.protocol_version == other.nwkc_protocol_version
    assert control.stack_profile == other.stack_profile
    assert control.end_device_capacity == other.end_device_capacity
    assert control.device_depth == other.device_depth
    assert control.router_capacity == other.router_capacity
    assert int.from_bytes(beacon.extended_pan_id, "big") == other.extended_pan_id
    assert int.from_bytes(beacon.transmit_offset, "big") == other.tx_offset
    assert beacon.update_id == other.update_id


@given(st.binary(max_size=20))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    try:
        beacon = ZIGBEE_BEACON.decode(octets)
    except MalformedFrame:
        return
    assert ZIGBEE_BEACON.encode(beacon) == octets


def test_other_protocols_are_refused() -> None:
    with pytest.raises(MalformedFrame):
        ZIGBEE_BEACON.decode(b"\x03" + ZIGBEE_PAYLOAD[1:])
