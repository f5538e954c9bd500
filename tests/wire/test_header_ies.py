"""Header IEs: vectors, contents that do not fit their kind, the two properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.header_ies import (
    CSL,
    HEADER_IE,
    RENDEZVOUS_TIME,
    TIME_CORRECTION,
    VENDOR_SPECIFIC,
    Csl,
    ElementId,
    HeaderIe,
    RendezvousTime,
    TimeCorrection,
    VendorSpecific,
)
from tests.wire.mac_samples import check_same_octets_or_malformed, header_ies

THREAD = bytes.fromhex("eab89b")

VECTORS = {
    # OpenThread tests/unit/test_mac_frame.cpp
    "040d210c350c": HeaderIe(ElementId.CSL, Csl(3105, 3125)),
    "040ded0b350c": HeaderIe(ElementId.CSL, Csl(0x0BED, 0x0C35)),
    "820ecdab": HeaderIe(ElementId.RENDEZVOUS_TIME, RendezvousTime(0xABCD)),
    "05009bb8ea011c": HeaderIe(
        ElementId.VENDOR_SPECIFIC, VendorSpecific(THREAD, bytes.fromhex("011c"))
    ),
    "003f": HeaderIe(ElementId.HEADER_TERMINATION_1),
    "803f": HeaderIe(ElementId.HEADER_TERMINATION_2),
    # IETF draft-munoz-6tisch-examples-02, Enhanced ACK
    "020f0000": HeaderIe(ElementId.TIME_CORRECTION, TimeCorrection(0)),
    # by the diagrams
    "020fff0f": HeaderIe(ElementId.TIME_CORRECTION, TimeCorrection(-1)),
    "020fff87": HeaderIe(ElementId.TIME_CORRECTION, TimeCorrection(2047, nack=True)),
    "020f0078": HeaderIe(ElementId.TIME_CORRECTION, TimeCorrection(-2048, reserved=7)),
    "060d010002000300": HeaderIe(ElementId.CSL, Csl(1, 2, 3)),
    "840e01000200": HeaderIe(ElementId.RENDEZVOUS_TIME, RendezvousTime(1, 2)),
    "841401020304": HeaderIe(ElementId.GLOBAL_TIME, bytes.fromhex("01020304")),
    "8070": HeaderIe(0xE1),
    # too short or too long for their kind: octets
    "030d010203": HeaderIe(ElementId.CSL, bytes.fromhex("010203")),
    "050d0102030405": HeaderIe(ElementId.CSL, bytes.fromhex("0102030405")),
    "0200eab8": HeaderIe(ElementId.VENDOR_SPECIFIC, bytes.fromhex("eab8")),
    "010f00": HeaderIe(ElementId.TIME_CORRECTION, b"\x00"),
    "000d": HeaderIe(ElementId.CSL),
    "013f00": HeaderIe(ElementId.HEADER_TERMINATION_1, b"\x00"),
}

MALFORMED = {
    "": "no octets",
    "04": "half a head",
    "040d210c35": "content cut short",
    "0088": "bit 15 says payload IE",
}


@pytest.mark.parametrize(("octets", "ie"), VECTORS.items())
def test_vector(octets: str, ie: HeaderIe) -> None:
    assert HEADER_IE.decode(bytes.fromhex(octets)) == ie
    assert HEADER_IE.encode(ie).hex() == octets


@pytest.mark.parametrize("octets", MALFORMED)
def test_malformed(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        HEADER_IE.decode_prefix(bytes.fromhex(octets))


@given(st.binary(max_size=20))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    for layout in (HEADER_IE, CSL, RENDEZVOUS_TIME, TIME_CORRECTION, VENDOR_SPECIFIC):
        check_same_octets_or_malformed(layout, octets)


@given(header_ies() | st.builds(HeaderIe, st.integers(0x7E, 0x7F), st.just(b"")))
def test_any_value_encodes_and_decodes_to_itself(ie: HeaderIe) -> None:
    assert HEADER_IE.decode(HEADER_IE.encode(ie)) == ie


@pytest.mark.parametrize(
    "ie",
    [
        HeaderIe(256),
        HeaderIe(-1),
        HeaderIe(0x29, bytes(128)),
        HeaderIe(0x29, Csl(1, 2)),
        HeaderIe(ElementId.CSL, VendorSpecific(THREAD, b"")),
        HeaderIe(ElementId.CSL, Csl(65536, 1)),
        HeaderIe(ElementId.CSL, Csl(1, 1, 65536)),
        HeaderIe(ElementId.CSL, Csl(1, 1, -1)),
        HeaderIe(ElementId.TIME_CORRECTION, TimeCorrection(2048)),
        HeaderIe(ElementId.TIME_CORRECTION, TimeCorrection(-2049)),
        HeaderIe(ElementId.TIME_CORRECTION, TimeCorrection(0, reserved=8)),
        HeaderIe(ElementId.VENDOR_SPECIFIC, VendorSpecific(b"\xea\xb8", b"")),
    ],
)
def test_value_that_does_not_fit_is_refused(ie: HeaderIe) -> None:
    with pytest.raises(FieldOutOfRange):
        HEADER_IE.encode(ie)
