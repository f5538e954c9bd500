"""Beacon content and Thread's beacon payload: vectors, counts, the two properties."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.beacon import (
    BEACON,
    THREAD_BEACON,
    Beacon,
    GtsDescriptor,
    GtsSlots,
    GtsSpecification,
    PendingAddressSpecification,
    SuperframeSpecification,
    ThreadBeacon,
    ThreadBeaconControl,
)
from lowpan.wire.ieee802154 import Frame, FrameType, decode_frame
from tests.wire.mac_samples import (
    TESTS,
    bent,
    captured,
    check_same_octets_or_malformed,
    octets,
    printed,
)

FULL = Beacon(
    SuperframeSpecification(6, 4, 9, association_permit=True, pan_coordinator=True),
    GtsSpecification(2, gts_permit=True),
    gts_directions=0b01,
    gts_list=(
        GtsDescriptor(bytes.fromhex("1234"), GtsSlots(10, 2)),
        GtsDescriptor(bytes.fromhex("5678"), GtsSlots(12, 4)),
    ),
    pending_address_specification=PendingAddressSpecification(2, extended_address_count=1),
    pending_short_addresses=(bytes.fromhex("aabb"), bytes.fromhex("ccdd")),
    pending_extended_addresses=(bytes.fromhex("0102030405060708"),),
    payload=b"payload",
)

VECTORS = {
    # IEEE 802.15.4-2006 Annex C.2.1: beacon order 5, superframe order 5, coordinator, permit
    "55cf000051525354": Beacon(
        SuperframeSpecification(5, 5, 15, pan_coordinator=True, association_permit=True),
        payload=bytes.fromhex("51525354"),
    ),
    # Thread's superframe specification, without a payload
    "ff0f0000": Beacon(SuperframeSpecification()),
    # by the diagrams
    "46c9 82 01 3412 2a 7856 4c 12 bbaa ddcc 0807060504030201".replace(" ", "")
    + b"payload".hex(): FULL,
    "ff3f 78 88": Beacon(
        SuperframeSpecification(battery_life_extension=True, reserved=True),
        GtsSpecification(0, 15),
        pending_address_specification=PendingAddressSpecification(0, True, 0, True),
    ),
}

MALFORMED = {
    "": "nothing, as OpenThread sends it",
    "ff0f00": "no pending address specification",
    "ff0f01 00 00": "a GTS descriptor cut short",
    "ff0f00 01 aa": "a short address cut short",
    "ff0f00 10 aabbccddeeff00": "an extended address cut short",
    "ff0f00 44" + 72 * "00": "eight pending addresses",
}


@pytest.mark.parametrize(("octets", "beacon"), VECTORS.items())
def test_vector(octets: str, beacon: Beacon) -> None:
    assert BEACON.decode(bytes.fromhex(octets)) == beacon
    assert BEACON.encode(beacon) == bytes.fromhex(octets)


@pytest.mark.parametrize("octets", MALFORMED)
def test_malformed(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        BEACON.decode(bytes.fromhex(octets))


def test_prefixes_are_malformed_up_to_the_payload() -> None:
    whole = BEACON.encode(FULL)
    for cut in range(len(whole) - len(FULL.payload)):
        with pytest.raises(MalformedFrame):
            BEACON.decode(whole[:cut])


def test_beacons_of_linux() -> None:
    path = TESTS / "captures" / "linux" / "nl802154-beacons-scan-associate.pcap"
    frames = [decode_frame(octets[:-2]) for octets in captured(path)]
    beacons = [
        BEACON.decode(frame.payload)
        for frame in frames
        if isinstance(frame, Frame) and frame.control.frame_type == FrameType.BEACON
    ]
    assert len(beacons) == 10
    assert {beacon.superframe_specification.beacon_order for beacon in beacons} == {3, 15}
    assert all(beacon.superframe_specification.pan_coordinator for beacon in beacons)
    assert all(beacon.superframe_specification.association_permit for beacon in beacons)


def test_beacon_of_openthread_has_no_content() -> None:
    frame = decode_frame(printed("beacon of OpenThread without content"))
    assert isinstance(frame, Frame)
    assert frame.payload == b""


@given(st.binary(max_size=60))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    check_same_octets_or_malformed(BEACON, octets)
    check_same_octets_or_malformed(THREAD_BEACON, octets)


@given(bent([BEACON.encode(FULL)]))
def test_bent_beacons_decode_or_are_malformed(octets: bytes) -> None:
    check_same_octets_or_malformed(BEACON, octets)


@st.composite
def beacons(draw: st.DrawFn) -> Beacon:
    nibble, bit = st.integers(0, 15), st.booleans()
    slots = st.builds(GtsSlots, nibble, nibble)
    gts_list = draw(st.lists(st.builds(GtsDescriptor, octets(2), slots), max_size=7).map(tuple))
    short = draw(st.lists(octets(2), max_size=7).map(tuple))
    extended = draw(st.lists(octets(8), max_size=7 - len(short)).map(tuple))
    return Beacon(
        draw(st.builds(SuperframeSpecification, nibble, nibble, nibble, bit, bit, bit, bit)),
        GtsSpecification(len(gts_list), draw(nibble), draw(bit)),
        draw(st.integers(0, 255)) if gts_list else None,
        gts_list,
        PendingAddressSpecification(len(short), draw(bit), len(extended), draw(bit)),
        short,
        extended,
        draw(st.binary(max_size=20)),
    )


@given(beacons())
def test_any_value_encodes_and_decodes_to_itself(beacon: Beacon) -> None:
    assert BEACON.decode(BEACON.encode(beacon)) == beacon


@pytest.mark.parametrize(
    "change",
    [
        {"gts_directions": None},
        {"gts_directions": 256},
        {"gts_list": FULL.gts_list[:1]},
        {"gts_list": (*FULL.gts_list, FULL.gts_list[0])},
        {"gts_list": (GtsDescriptor(bytes(8), GtsSlots(1, 1)), FULL.gts_list[0])},
        {"gts_list": (GtsDescriptor(bytes(2), GtsSlots(16, 1)), FULL.gts_list[0])},
        {"pending_short_addresses": ()},
        {"pending_short_addresses": (bytes(2), bytes(8))},
        {"pending_extended_addresses": (bytes(2),)},
        {"pending_address_specification": PendingAddressSpecification(2, False, 6)},
        {"superframe_specification": SuperframeSpecification(16)},
    ],
    ids=str,
)
def test_value_that_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(FieldOutOfRange):
        BEACON.encode(replace(FULL, **change))


THREAD_VECTORS = {
    # by the facts of OpenThread's beacon payload: version 2, joining permitted
    "03 21" + b"OpenThread".hex() + 6 * "00" + "dead00beef00cafe": ThreadBeacon(
        ThreadBeaconControl(2, joining_permitted=True),
        b"OpenThread" + bytes(6),
        bytes.fromhex("dead00beef00cafe"),
    ),
    "03 fe" + 16 * "61" + 8 * "00": ThreadBeacon(
        ThreadBeaconControl(15, native_commissioner=True, reserved=3), 16 * b"a", bytes(8)
    ),
}


@pytest.mark.parametrize(("octets", "beacon"), THREAD_VECTORS.items())
def test_thread_vector(octets: str, beacon: ThreadBeacon) -> None:
    assert THREAD_BEACON.decode(bytes.fromhex(octets)) == beacon
    assert THREAD_BEACON.encode(beacon) == bytes.fromhex(octets)


@pytest.mark.parametrize("octets", ["", "03", "00" + 25 * "00", "03" + 24 * "00", "03" + 26 * "00"])
def test_malformed_thread_payload(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        THREAD_BEACON.decode(bytes.fromhex(octets))


@given(
    st.builds(ThreadBeaconControl, st.integers(0, 15), st.booleans(), st.integers(0, 3)),
    octets(16),
    octets(8),
)
def test_any_thread_payload_encodes_and_decodes_to_itself(
    control: ThreadBeaconControl, name: bytes, extended_pan_id: bytes
) -> None:
    beacon = ThreadBeacon(control, name, extended_pan_id)
    assert THREAD_BEACON.decode(THREAD_BEACON.encode(beacon)) == beacon


@pytest.mark.parametrize(
    "beacon",
    [
        ThreadBeacon(ThreadBeaconControl(16), bytes(16), bytes(8)),
        ThreadBeacon(ThreadBeaconControl(), bytes(15), bytes(8)),
        ThreadBeacon(ThreadBeaconControl(), bytes(16), bytes(9)),
    ],
)
def test_thread_payload_that_does_not_fit_is_refused(beacon: ThreadBeacon) -> None:
    with pytest.raises(FieldOutOfRange):
        THREAD_BEACON.encode(beacon)
