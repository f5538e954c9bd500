"""Payload IEs and nested IEs: vectors, the boundary of their two forms, the two properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.header_ies import VendorSpecific
from lowpan.wire.payload_ies import (
    MLME,
    NESTED_IE,
    PAYLOAD_IE,
    GroupId,
    LongSubId,
    Mlme,
    NestedIe,
    PayloadIe,
    ShortSubId,
)
from tests.wire.mac_samples import check_same_octets_or_malformed

NESTED_VECTORS = {
    # IETF draft-munoz-6tisch-examples-02, enhanced beacon
    "061a722700000000": NestedIe(
        long=False,
        sub_id=ShortSubId.TSCH_SYNCHRONIZATION,
        content=bytes.fromhex("722700000000"),
    ),
    "01c800": NestedIe(long=True, sub_id=LongSubId.CHANNEL_HOPPING, content=b"\x00"),
    # by the diagrams: the longest of each form
    "ff7f" + 255 * "aa": NestedIe(long=False, sub_id=0x7F, content=255 * b"\xaa"),
    "ffff" + 2047 * "aa": NestedIe(long=True, sub_id=0xF, content=2047 * b"\xaa"),
    "00c9" + 256 * "bb": NestedIe(long=True, sub_id=9, content=256 * b"\xbb"),
    "0080": NestedIe(long=True, sub_id=0),
    "0000": NestedIe(long=False, sub_id=0),
}

PAYLOAD_VECTORS = {
    "00f8": PayloadIe(GroupId.PAYLOAD_TERMINATION),
    "0188ff": PayloadIe(GroupId.MLME, b"\xff"),  # half a nested IE: octets
    "0088": PayloadIe(GroupId.MLME, Mlme(())),
    "04909bb8ea01": PayloadIe(
        GroupId.VENDOR_SPECIFIC, VendorSpecific(bytes.fromhex("eab89b"), b"\x01")
    ),
    "0290eab8": PayloadIe(GroupId.VENDOR_SPECIFIC, bytes.fromhex("eab8")),
    "05a8c910000000": PayloadIe(GroupId.IETF, bytes.fromhex("c910000000")),
    "ffb7" + 2047 * "cc": PayloadIe(6, 2047 * b"\xcc"),
}

MALFORMED = {
    "": "no octets",
    "00": "half a head",
    "05a8c9100000": "content cut short",
    "003f": "bit 15 says header IE",
}


@pytest.mark.parametrize(("octets", "ie"), NESTED_VECTORS.items())
def test_nested_vector(octets: str, ie: NestedIe) -> None:
    assert NESTED_IE.decode(bytes.fromhex(octets)) == ie
    assert NESTED_IE.encode(ie).hex() == octets


@pytest.mark.parametrize(("octets", "ie"), PAYLOAD_VECTORS.items())
def test_payload_vector(octets: str, ie: PayloadIe) -> None:
    assert PAYLOAD_IE.decode(bytes.fromhex(octets)) == ie
    assert PAYLOAD_IE.encode(ie).hex() == octets


def test_mlme_of_an_enhanced_beacon() -> None:
    octets = bytes.fromhex("1c88061a722700000000031c01eb0101c8000a1b01010b0001000000000f")
    ie = PAYLOAD_IE.decode(octets)
    assert isinstance(ie.content, Mlme)
    assert [
        (nested.long, nested.sub_id, len(nested.content)) for nested in ie.content.nested_ies
    ] == [
        (False, ShortSubId.TSCH_SYNCHRONIZATION, 6),
        (False, ShortSubId.TSCH_TIMESLOT, 3),
        (True, LongSubId.CHANNEL_HOPPING, 1),
        (False, ShortSubId.TSCH_SLOTFRAME_AND_LINK, 10),
    ]
    assert PAYLOAD_IE.encode(ie) == octets


@pytest.mark.parametrize("octets", MALFORMED)
def test_malformed(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        PAYLOAD_IE.decode_prefix(bytes.fromhex(octets))


@pytest.mark.parametrize("octets", ["", "00", "011a", "01c8"])
def test_malformed_nested(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        NESTED_IE.decode_prefix(bytes.fromhex(octets))


@given(st.binary(max_size=24))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    for layout in (PAYLOAD_IE, NESTED_IE, MLME):
        check_same_octets_or_malformed(layout, octets)


@given(st.integers(0, 0xFFFF))
def test_any_head_decodes_or_is_malformed(head: int) -> None:
    for layout in (PAYLOAD_IE, NESTED_IE):
        check_same_octets_or_malformed(layout, head.to_bytes(2, "little") + bytes(head & 0x7FF))


def nested_ies() -> st.SearchStrategy[NestedIe]:
    short = st.builds(NestedIe, st.just(False), st.integers(0, 127), st.binary(max_size=255))
    wide = st.builds(NestedIe, st.just(True), st.integers(0, 15), st.binary(max_size=400))
    return short | wide


@given(st.lists(nested_ies(), max_size=4).map(tuple))
def test_any_mlme_encodes_and_decodes_to_itself(nested: tuple[NestedIe, ...]) -> None:
    ie = PayloadIe(GroupId.MLME, Mlme(nested))
    assert PAYLOAD_IE.decode(PAYLOAD_IE.encode(ie)) == ie


@given(st.integers(3, 15), st.binary(max_size=300))
def test_any_payload_ie_encodes_and_decodes_to_itself(group_id: int, content: bytes) -> None:
    ie = PayloadIe(group_id, content)
    assert PAYLOAD_IE.decode(PAYLOAD_IE.encode(ie)) == ie


@pytest.mark.parametrize(
    "ie",
    [
        NestedIe(long=False, sub_id=128),
        NestedIe(long=True, sub_id=16),
        NestedIe(long=False, sub_id=-1),
        NestedIe(long=False, sub_id=0x1A, content=bytes(256)),
        NestedIe(long=True, sub_id=9, content=bytes(2048)),
    ],
)
def test_nested_ie_that_does_not_fit_is_refused(ie: NestedIe) -> None:
    with pytest.raises(FieldOutOfRange):
        NESTED_IE.encode(ie)
    with pytest.raises(FieldOutOfRange):
        PAYLOAD_IE.encode(PayloadIe(GroupId.MLME, Mlme((ie,))))


@pytest.mark.parametrize(
    "ie",
    [
        PayloadIe(16),
        PayloadIe(6, bytes(2048)),
        PayloadIe(6, Mlme(())),
        PayloadIe(GroupId.MLME, VendorSpecific(bytes(3), b"")),
    ],
)
def test_payload_ie_that_does_not_fit_is_refused(ie: PayloadIe) -> None:
    with pytest.raises(FieldOutOfRange):
        PAYLOAD_IE.encode(ie)
