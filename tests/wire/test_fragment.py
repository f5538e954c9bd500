"""Fragmentation headers (RFC 4944 §5.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader

VECTORS = {
    # OpenThread tests/unit/test_lowpan.cpp
    "c7ef1234": FragmentHeader(0x7EF, 0x1234),
    "e7ef123464": FragmentHeader(0x7EF, 0x1234, 800),
    "e7ef123400": FragmentHeader(0x7EF, 0x1234, 0),
    # Wireshark SampleCaptures 6LoWPAN.pcap
    "c1090002": FragmentHeader(265, 2),
    "e10900020c": FragmentHeader(265, 2, 96),
}


@pytest.mark.parametrize(("octets", "header"), VECTORS.items())
def test_vector(octets: str, header: FragmentHeader) -> None:
    assert FRAGMENT_HEADER.encode(header).hex() == octets
    assert FRAGMENT_HEADER.decode(bytes.fromhex(octets)) == header
    assert header.offset == (header.datagram_offset or 0)


@pytest.mark.parametrize("octets", ["e8ef123464", "d0ef123464", "90ef123464", "c8ef1234"])
def test_other_dispatches_are_malformed(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        FRAGMENT_HEADER.decode(bytes.fromhex(octets))


@pytest.mark.parametrize("octets", VECTORS)
def test_every_cut_is_malformed(octets: str) -> None:
    whole = bytes.fromhex(octets)
    for size in range(len(whole)):
        with pytest.raises(MalformedFrame):
            FRAGMENT_HEADER.decode_prefix(whole[:size])


@given(st.binary(max_size=8))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    try:
        header, used = FRAGMENT_HEADER.decode_prefix(octets)
    except MalformedFrame:
        return
    assert FRAGMENT_HEADER.encode(header) == octets[:used]


@given(
    st.integers(0, 2047),
    st.integers(0, 65535),
    st.none() | st.integers(0, 255).map(lambda units: 8 * units),
)
def test_any_header_comes_back(size: int, tag: int, offset: int | None) -> None:
    header = FragmentHeader(size, tag, offset)
    assert FRAGMENT_HEADER.decode(FRAGMENT_HEADER.encode(header)) == header


UNFIT = [
    FragmentHeader(2048, 0),
    FragmentHeader(4096, 0),
    FragmentHeader(-1, 0),
    FragmentHeader(0, 65536),
    FragmentHeader(0, -1),
    FragmentHeader(0, 0, 4),
    FragmentHeader(0, 0, 2048),
    FragmentHeader(0, 0, -8),
    FragmentHeader(1 << 13, 0),
]


@pytest.mark.parametrize("header", UNFIT)
def test_unfit_headers_are_refused(header: FragmentHeader) -> None:
    with pytest.raises(FieldOutOfRange):
        FRAGMENT_HEADER.encode(header)
