"""Auxiliary security header: every security control, vectors, the two properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.security_header import (
    AUXILIARY_SECURITY_HEADER,
    SECURITY_CONTROL,
    AuxiliarySecurityHeader,
    KeyIdentifierMode,
    SecurityControl,
    SecurityLevel,
    mic_octets,
)
from tests.wire.mac_samples import check_same_octets_or_malformed

VECTORS = {
    # IEEE 802.15.4-2006 Annex C.2.1
    "0205000000": AuxiliarySecurityHeader(SecurityControl(SecurityLevel.MIC_64, 0), 5),
    # OpenThread: data frame, wake-up frame; Announce's key source and index
    "0d0200000001": AuxiliarySecurityHeader(
        SecurityControl(SecurityLevel.ENC_MIC_32, KeyIdentifierMode.INDEX), 2, None, 1
    ),
    "15fcfcfcfc0000001c1d": AuxiliarySecurityHeader(
        SecurityControl(SecurityLevel.ENC_MIC_32, KeyIdentifierMode.SOURCE_4_INDEX),
        0xFCFCFCFC,
        bytes.fromhex("0000001c"),
        0x1D,
    ),
    # by the diagram: mode 3, counter suppressed, absolute slot number in the nonce
    "7d010203040506070809": AuxiliarySecurityHeader(
        SecurityControl(5, 3, frame_counter_suppression=True, asn_in_nonce=True),
        None,
        bytes.fromhex("0102030405060708"),
        9,
    ),
}

SIZES = {(0, 0): 5, (1, 0): 6, (2, 0): 10, (3, 0): 14, (0, 1): 1, (1, 1): 2, (2, 1): 6, (3, 1): 10}
"""Key identifier mode, frame counter suppression: octets of the header."""


@pytest.mark.parametrize(("octets", "header"), VECTORS.items())
def test_vector(octets: str, header: AuxiliarySecurityHeader) -> None:
    assert AUXILIARY_SECURITY_HEADER.decode(bytes.fromhex(octets)) == header
    assert AUXILIARY_SECURITY_HEADER.encode(header).hex() == octets


@pytest.mark.parametrize("first", range(256))
def test_every_security_control(first: int) -> None:
    octets = bytes([first]) + bytes(range(1, 20))
    header, size = AUXILIARY_SECURITY_HEADER.decode_prefix(octets)
    assert header.control == SecurityControl(
        first & 7, first >> 3 & 3, bool(first & 0x20), bool(first & 0x40), bool(first & 0x80)
    )
    assert SECURITY_CONTROL.encode(header.control) == octets[:1]
    assert size == SIZES[first >> 3 & 3, first >> 5 & 1]
    assert AUXILIARY_SECURITY_HEADER.encode(header) == octets[:size]
    for cut in range(size):
        with pytest.raises(MalformedFrame):
            AUXILIARY_SECURITY_HEADER.decode(octets[:cut])


def test_mic_octets_of_every_level() -> None:
    assert [mic_octets(level) for level in SecurityLevel] == [0, 4, 8, 16, 0, 4, 8, 16]


@given(st.binary(max_size=20))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    check_same_octets_or_malformed(AUXILIARY_SECURITY_HEADER, octets)


@pytest.mark.parametrize(
    "header",
    [
        AuxiliarySecurityHeader(SecurityControl(5, 1), None, None, 1),
        AuxiliarySecurityHeader(SecurityControl(5, 1), 1 << 32, None, 1),
        AuxiliarySecurityHeader(SecurityControl(5, 1), -1, None, 1),
        AuxiliarySecurityHeader(SecurityControl(5, 1), 1, None, 256),
        AuxiliarySecurityHeader(SecurityControl(5, 1), 1, None, None),
        AuxiliarySecurityHeader(SecurityControl(5, 1), 1, bytes(4), 1),
        AuxiliarySecurityHeader(SecurityControl(5, 0), 1, None, 1),
        AuxiliarySecurityHeader(SecurityControl(5, 2), 1, bytes(8), 1),
        AuxiliarySecurityHeader(SecurityControl(5, 3), 1, None, 1),
        AuxiliarySecurityHeader(SecurityControl(5, 0, frame_counter_suppression=True), 1),
        AuxiliarySecurityHeader(SecurityControl(8, 0), 1),
        AuxiliarySecurityHeader(SecurityControl(5, 4), 1),
    ],
)
def test_value_that_does_not_fit_is_refused(header: AuxiliarySecurityHeader) -> None:
    with pytest.raises(FieldOutOfRange):
        AUXILIARY_SECURITY_HEADER.encode(header)
