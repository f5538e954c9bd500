"""IPv6, UDP and the way to the upper layer (RFC 8200, RFC 768)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.schema import Layout
from lowpan.wire import ipv6
from lowpan.wire.addresses import parse_ipv6
from lowpan.wire.ipv6 import (
    EXTENSION_HEADER,
    IPV6_FRAGMENT_HEADER,
    IPV6_HEADER,
    ExtensionHeader,
    Ipv6FragmentHeader,
    Ipv6Header,
    upper_layer,
)
from lowpan.wire.udp import UDP_HEADER, UdpHeader
from tests.schema.agreement import check_agreement
from tests.wire.mac_samples import check_same_octets_or_malformed
from tests.wire.sixlowpan_samples import iphc_rows, octets

ENDS = parse_ipv6("fe80::1"), parse_ipv6("ff02::2")

VECTORS: list[tuple[Layout[Any], str, Any]] = [  # by hand from the diagrams of the RFCs
    (
        IPV6_HEADER,
        "6ea12345 0008 3a ff fe800000000000000000000000000001 ff020000000000000000000000000002",
        Ipv6Header(0xEA, 0x12345, 8, 58, 255, *ENDS),
    ),
    (EXTENSION_HEADER, "3a00 6d046011000c", ExtensionHeader(58, bytes.fromhex("6d046011000c"))),
    (EXTENSION_HEADER, "1101" + 14 * "aa", ExtensionHeader(17, b"\xaa" * 14)),
    (IPV6_FRAGMENT_HEADER, "1100 0009 01020304", Ipv6FragmentHeader(17, 8, True, 0x01020304)),
    (
        IPV6_FRAGMENT_HEADER,
        "11ff fffe ffffffff",
        Ipv6FragmentHeader(17, 65528, False, 0xFFFFFFFF, 255, 3),
    ),
    (UDP_HEADER, "1633 1634 0010 beef", UdpHeader(5683, 5684, 16, 0xBEEF)),
]


@pytest.mark.parametrize(("layout", "octets", "value"), VECTORS)
def test_vector(layout: Layout[Any], octets: str, value: Any) -> None:
    assert layout.decode(bytes.fromhex(octets)) == value
    assert layout.encode(value) == bytes.fromhex(octets)
    check_agreement(layout, bytes.fromhex(octets))
    for size in range(len(bytes.fromhex(octets))):
        with pytest.raises(MalformedFrame):
            layout.decode_prefix(bytes.fromhex(octets)[:size])


def test_other_versions_are_malformed() -> None:
    for first in (0x00, 0x45, 0x70, 0xF0):
        with pytest.raises(MalformedFrame, match="version is not 6"):
            IPV6_HEADER.decode(bytes((first,)) + bytes(39))


LAYOUTS: list[Layout[Any]] = [IPV6_HEADER, EXTENSION_HEADER, IPV6_FRAGMENT_HEADER, UDP_HEADER]


@given(st.sampled_from(LAYOUTS), st.binary(max_size=45), st.booleans())
def test_any_octets_decode_or_are_malformed(layout: Layout[Any], octets: bytes, six: bool) -> None:
    if six and octets:
        octets = bytes((0x60 | octets[0] & 15,)) + octets[1:]
    check_same_octets_or_malformed(layout, octets)
    check_agreement(layout, octets)


U8, U16, U32 = st.integers(0, 255), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
VALUES: dict[Layout[Any], st.SearchStrategy[Any]] = {
    IPV6_HEADER: st.builds(
        Ipv6Header, U8, st.integers(0, 0xFFFFF), U16, U8, U8, octets(16), octets(16)
    ),
    EXTENSION_HEADER: st.builds(
        ExtensionHeader, U8, st.integers(0, 255).map(lambda units: bytes(8 * units + 6))
    ),
    IPV6_FRAGMENT_HEADER: st.builds(
        Ipv6FragmentHeader,
        U8,
        st.integers(0, 8191).map(lambda units: 8 * units),
        st.booleans(),
        U32,
        U8,
        st.integers(0, 3),
    ),
    UDP_HEADER: st.builds(UdpHeader, U16, U16, U16, U16),
}


@given(st.data(), st.sampled_from(LAYOUTS))
def test_any_value_comes_back(data: st.DataObject, layout: Layout[Any]) -> None:
    value = data.draw(VALUES[layout])
    assert layout.decode(layout.encode(value)) == value


UNFIT: list[tuple[Layout[Any], Any]] = [
    (IPV6_HEADER, Ipv6Header(256, 0, 0, 0, 0, *ENDS)),
    (IPV6_HEADER, Ipv6Header(0, 1 << 20, 0, 0, 0, *ENDS)),
    (IPV6_HEADER, Ipv6Header(-1, 1 << 20, 0, 0, 0, *ENDS)),
    (IPV6_HEADER, Ipv6Header(0, 0, 65536, 0, 0, *ENDS)),
    (IPV6_HEADER, Ipv6Header(0, 0, 0, 0, 0, ENDS[0], b"")),
    (EXTENSION_HEADER, ExtensionHeader(0, b"")),
    (EXTENSION_HEADER, ExtensionHeader(0, bytes(7))),
    (EXTENSION_HEADER, ExtensionHeader(0, bytes(6 + 8 * 256))),
    (IPV6_FRAGMENT_HEADER, Ipv6FragmentHeader(0, 4, False, 0)),
    (IPV6_FRAGMENT_HEADER, Ipv6FragmentHeader(0, 65536, False, 0)),
    (IPV6_FRAGMENT_HEADER, Ipv6FragmentHeader(0, -8, False, 0)),
    (IPV6_FRAGMENT_HEADER, Ipv6FragmentHeader(0, 0, False, 0, 0, 4)),
    (UDP_HEADER, UdpHeader(65536, 0, 0, 0)),
]


@pytest.mark.parametrize(("layout", "value"), UNFIT)
def test_unfit_values_are_refused(layout: Layout[Any], value: Any) -> None:
    with pytest.raises(FieldOutOfRange):
        layout.encode(value)


HEADER = bytes.fromhex("60000000 0000 00 40") + bytes(32)


def datagram(first: int, rest: str) -> bytes:
    return HEADER[:6] + bytes((first,)) + HEADER[7:] + bytes.fromhex(rest)


CHAINS = {
    (58, ""): (58, 40),
    (0, "3c00" + 6 * "00" + "1101" + 14 * "00"): (17, 64),
    (44, "1100 0001 00000000"): (17, 48),
    (44, "1100 0009 00000000"): (44, 40),
    (43, "8700" + 6 * "00" + "3b00" + 6 * "00"): (59, 56),
    (50, ""): (50, 40),
}


@pytest.mark.parametrize(("octets", "found"), CHAINS.items())
def test_upper_layer(octets: tuple[int, str], found: tuple[int, int]) -> None:
    assert upper_layer(datagram(*octets)) == found


@pytest.mark.parametrize("octets", [(0, ""), (0, "3a01" + 6 * "00"), (44, "1100"), (60, "3c00")])
def test_upper_layer_behind_headers_cut_short(octets: tuple[int, str]) -> None:
    with pytest.raises(MalformedFrame) as caught:
        upper_layer(datagram(*octets))
    assert (caught.value.offset or 0) >= 40


def test_upper_layer_of_vectors() -> None:
    kinds = {"Hop-by-Hop with no padding": (58, 48), "Hop-by-Hop with PadN2 and UDP": (17, 48)}
    for row in iphc_rows():
        if row["case"] in kinds:
            assert upper_layer(bytes.fromhex(row["datagram"])) == kinds.pop(row["case"])
    assert not kinds
    assert ipv6.MTU == 1280
