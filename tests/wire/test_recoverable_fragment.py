"""Recoverable fragments and their acknowledgments (RFC 8931 §5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.recoverable_fragment import (
    FRAGMENT_ACKNOWLEDGMENT,
    FULL_BITMAP,
    NULL_BITMAP,
    RECOVERABLE_FRAGMENT,
    RFRAG_ACK_OCTETS,
    RFRAG_OCTETS,
    FragmentAcknowledgment,
    RecoverableFragment,
    bit_of,
)

FRAGMENTS = {  # by hand from the diagram of RFC 8931 §5.1
    "e8ad005104d1": RecoverableFragment(False, 0xAD, False, 0, 81, 1233),
    "e8ad862004b0": RecoverableFragment(False, 0xAD, True, 1, 0x220, 1200),
    "e925080600bb": RecoverableFragment(True, 0x25, False, 2, 6, 187),
    "e8fffc00ffff": RecoverableFragment(False, 255, True, 31, 0, 65535),
    "e8ff7fff0001": RecoverableFragment(False, 255, False, 31, 1023, 1),
    "e8ad00000000": RecoverableFragment(False, 0xAD, False, 0, 0, 0),
}
ACKNOWLEDGMENTS = {  # by hand from the diagram of RFC 8931 §5.2
    "eaf1bb6d5d94": FragmentAcknowledgment(False, 0xF1, 0xBB6D5D94),
    "eb0080000001": FragmentAcknowledgment(True, 0, bit_of(0) | bit_of(31)),
    "eaad00000000": FragmentAcknowledgment(False, 0xAD, NULL_BITMAP),
    "eaadffffffff": FragmentAcknowledgment(False, 0xAD, FULL_BITMAP),
}


@pytest.mark.parametrize(("octets", "header"), FRAGMENTS.items())
def test_vector_of_a_fragment(octets: str, header: RecoverableFragment) -> None:
    assert RECOVERABLE_FRAGMENT.encode(header) == bytes.fromhex(octets)
    assert RECOVERABLE_FRAGMENT.decode(bytes.fromhex(octets)) == header
    assert len(bytes.fromhex(octets)) == RFRAG_OCTETS


@pytest.mark.parametrize(("octets", "header"), ACKNOWLEDGMENTS.items())
def test_vector_of_an_acknowledgment(octets: str, header: FragmentAcknowledgment) -> None:
    assert FRAGMENT_ACKNOWLEDGMENT.encode(header) == bytes.fromhex(octets)
    assert FRAGMENT_ACKNOWLEDGMENT.decode(bytes.fromhex(octets)) == header
    assert len(bytes.fromhex(octets)) == RFRAG_ACK_OCTETS


def test_the_first_fragment_and_the_last_word() -> None:
    told = [(header.is_first, header.is_abort) for header in FRAGMENTS.values()]
    assert told == [(True, False), *[(False, False)] * 4, (False, True)]
    assert RecoverableFragment(False, 1, False, 3, 0, 0).is_abort


def test_the_most_significant_bit_is_sequence_0() -> None:
    acknowledgment = FragmentAcknowledgment(False, 1, 0xA0000001)
    told = [sequence for sequence in range(32) if acknowledgment.acknowledges(sequence)]
    assert told == [0, 2, 31]


@pytest.mark.parametrize("octets", [*FRAGMENTS, *ACKNOWLEDGMENTS])
def test_every_cut_and_the_other_dispatch_are_malformed(octets: str) -> None:
    whole = bytes.fromhex(octets)
    layouts = [RECOVERABLE_FRAGMENT, FRAGMENT_ACKNOWLEDGMENT]
    layout, other = layouts if octets in FRAGMENTS else layouts[::-1]
    for size in range(len(whole)):
        with pytest.raises(MalformedFrame):
            layout.decode_prefix(whole[:size])
    with pytest.raises(MalformedFrame):
        other.decode_prefix(whole)


@given(st.binary(max_size=8) | st.binary(max_size=6).map(lambda octets: b"\xe8" + octets))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    try:
        header, used = RECOVERABLE_FRAGMENT.decode_prefix(octets)
    except MalformedFrame:
        return
    assert RECOVERABLE_FRAGMENT.encode(header) == octets[:used]


@given(st.binary(max_size=8) | st.binary(max_size=6).map(lambda octets: b"\xeb" + octets))
def test_any_octets_are_an_acknowledgment_or_malformed(octets: bytes) -> None:
    try:
        header, used = FRAGMENT_ACKNOWLEDGMENT.decode_prefix(octets)
    except MalformedFrame:
        return
    assert FRAGMENT_ACKNOWLEDGMENT.encode(header) == octets[:used]


@given(
    st.builds(
        RecoverableFragment,
        st.booleans(),
        st.integers(0, 255),
        st.booleans(),
        st.integers(0, 31),
        st.integers(0, 1023),
        st.integers(0, 65535),
    )
)
def test_any_header_comes_back(header: RecoverableFragment) -> None:
    assert RECOVERABLE_FRAGMENT.decode(RECOVERABLE_FRAGMENT.encode(header)) == header


UNFIT = [
    RecoverableFragment(False, 256, False, 0, 0, 0),
    RecoverableFragment(False, 0, False, 32, 0, 0),
    RecoverableFragment(False, 0, False, 0, 1024, 0),
    RecoverableFragment(False, 0, False, 0, 0, 65536),
    RecoverableFragment(False, 0, False, 0, 0, -1),
]


@pytest.mark.parametrize("header", UNFIT)
def test_unfit_headers_are_refused(header: RecoverableFragment) -> None:
    with pytest.raises(FieldOutOfRange):
        RECOVERABLE_FRAGMENT.encode(header)


@pytest.mark.parametrize("bitmap", [-1, 1 << 32])
def test_unfit_bitmaps_are_refused(bitmap: int) -> None:
    with pytest.raises(FieldOutOfRange):
        FRAGMENT_ACKNOWLEDGMENT.encode(FragmentAcknowledgment(False, 0, bitmap))
