"""Compressed next headers (RFC 6282 §4): vectors, chains and their bounds, the two properties."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from construct import this
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.addresses import Surroundings, iid_of, link_local, parse_ipv6
from lowpan.wire.iphc import Iphc, IphcControl
from lowpan.wire.nhc import (
    COMPRESSED_HEADERS,
    EXTENSION_NHC,
    IPV6_NHC,
    MOST_NEXT_HEADERS,
    NHC_FORMATS,
    UDP_NHC,
    CompressedHeaders,
    ExtensionNhc,
    ExtensionNhcControl,
    Ipv6Nhc,
    UdpNhc,
    UdpNhcControl,
)
from lowpan.wire.nhc_chain import NhcChain
from tests.schema.agreement import check_agreement, encoded
from tests.wire.mac_samples import bent
from tests.wire.sixlowpan_samples import CONTEXTS, iphc_rows, row_surroundings

ROWS = [row for row in iphc_rows() if row["datagram"]]
MALFORMED = [row for row in iphc_rows() if not row["datagram"]]
AROUND = Surroundings(iid_of(b"\x00\x01"), iid_of(b"\x00\x02"), CONTEXTS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_vector_comes_back(row: dict[str, Any]) -> None:
    octets, around = bytes.fromhex(row["octets"]), row_surroundings(row)
    headers = check_agreement(COMPRESSED_HEADERS, octets, around)
    used = COMPRESSED_HEADERS.decode_prefix(octets, around)[1]
    assert octets[used:].hex().startswith("80000102030405")  # the payload behind every row
    assert COMPRESSED_HEADERS.encode(headers, around) == octets[:used]


@pytest.mark.parametrize("row", MALFORMED, ids=lambda row: row["case"])
def test_malformed_vector_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(MalformedFrame):
        COMPRESSED_HEADERS.decode_prefix(bytes.fromhex(row["octets"]), row_surroundings(row))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_every_cut_is_malformed(row: dict[str, Any]) -> None:
    octets, around = bytes.fromhex(row["octets"]), row_surroundings(row)
    for size in range(COMPRESSED_HEADERS.decode_prefix(octets, around)[1]):
        with pytest.raises(MalformedFrame):
            COMPRESSED_HEADERS.decode_prefix(octets[:size], around)


UDP = {  # RFC 6282 §4.3.3
    "f0 1633 1634 beef": UdpNhc(UdpNhcControl(False, 0), 5683, 5684, 0xBEEF),
    "f1 1633 01 beef": UdpNhc(UdpNhcControl(False, 1), 5683, 0xF001, 0xBEEF),
    "f2 ff 1633 beef": UdpNhc(UdpNhcControl(False, 2), 0xF0FF, 5683, 0xBEEF),
    "f3 0f face": UdpNhc(UdpNhcControl(False, 3), 0xF0B0, 0xF0BF, 0xFACE),
    "f4 1633 1634": UdpNhc(UdpNhcControl(True, 0), 5683, 5684, None),
    "f5 1633 01": UdpNhc(UdpNhcControl(True, 1), 5683, 0xF001, None),
    "f6 ff 1633": UdpNhc(UdpNhcControl(True, 2), 0xF0FF, 5683, None),
    "f7 f0": UdpNhc(UdpNhcControl(True, 3), 0xF0BF, 0xF0B0, None),
}


@pytest.mark.parametrize(("octets", "header"), UDP.items())
def test_udp(octets: str, header: UdpNhc) -> None:
    assert UDP_NHC.decode(bytes.fromhex(octets)) == header
    assert UDP_NHC.encode(header) == bytes.fromhex(octets)


UNFIT_UDP = [
    UdpNhc(UdpNhcControl(False, 0), 65536, 1, 1),
    UdpNhc(UdpNhcControl(False, 0), 1, -1, 1),
    UdpNhc(UdpNhcControl(False, 0), 1, 1, None),
    UdpNhc(UdpNhcControl(True, 0), 1, 1, 1),
    UdpNhc(UdpNhcControl(False, 1), 1, 0xEFFF, 1),
    UdpNhc(UdpNhcControl(False, 1), 1, 0xF100, 1),
    UdpNhc(UdpNhcControl(False, 2), 0xF100, 1, 1),
    UdpNhc(UdpNhcControl(False, 3), 0xF0B0, 0xF0C0, 1),
    UdpNhc(UdpNhcControl(False, 3), 0xF0C0, 0xF0B0, 1),
    UdpNhc(UdpNhcControl(False, 3), 0xF0AF, 0xF0B0, 1),
    UdpNhc(UdpNhcControl(False, 3), 0xF0B0, 0xF0AF, 1),
    UdpNhc(UdpNhcControl(False, 4), 1, 1, 1),
]


@pytest.mark.parametrize("header", UNFIT_UDP)
def test_ports_that_the_control_has_no_room_for(header: UdpNhc) -> None:
    with pytest.raises(FieldOutOfRange):
        UDP_NHC.encode(header)


def test_extension_headers() -> None:
    header = EXTENSION_NHC.decode(bytes.fromhex("e2 3a 03 000102"))
    assert header == ExtensionNhc(ExtensionNhcControl(1, False), 0x3A, bytes(range(3)))
    assert EXTENSION_NHC.encode(header).hex() == "e23a03000102"
    for octets in ("ea 3a 00", "ed 00", "ee 3a 00", "e2 3a 04 000102", "e2 3a"):
        with pytest.raises(MalformedFrame):
            EXTENSION_NHC.decode(bytes.fromhex(octets))
    for header in (
        ExtensionNhc(ExtensionNhcControl(1, False), 0x3A, bytes(256)),
        ExtensionNhc(ExtensionNhcControl(1, True), 0x3A, b""),
        ExtensionNhc(ExtensionNhcControl(1, False), None, b""),
        ExtensionNhc(ExtensionNhcControl(5, False), 0x3A, b""),
    ):
        with pytest.raises(FieldOutOfRange):
            EXTENSION_NHC.encode(header)


TUNNEL = bytes.fromhex("7e11" + "11" * 8 + "22" * 8 + "ee7a333a")


def test_tunnelled_header_is_completed_by_the_outer_header() -> None:
    headers = check_agreement(COMPRESSED_HEADERS, TUNNEL, AROUND)
    (tunnelled,) = headers.next_headers
    assert tunnelled.iphc.source == link_local(b"\x11" * 8)
    assert tunnelled.iphc.destination == link_local(b"\x22" * 8)
    assert COMPRESSED_HEADERS.encode(headers, AROUND) == TUNNEL
    assert check_agreement(COMPRESSED_HEADERS, TUNNEL, None) == headers


def test_tunnelled_header_is_completed_by_the_link_layer_as_openthread_does() -> None:
    around = replace(AROUND, tunnel_from_link_layer=True)
    headers = check_agreement(COMPRESSED_HEADERS, TUNNEL, around)
    assert headers.next_headers[0].iphc.source == parse_ipv6("fe80::ff:fe00:1")
    assert COMPRESSED_HEADERS.encode(headers, around) == TUNNEL


def test_each_tunnel_is_completed_by_the_one_around_it() -> None:
    octets = bytes.fromhex("7e11" + "11" * 8 + "22" * 8 + "ee7e22a1b2c1d2 ee7a333a")
    headers = check_agreement(COMPRESSED_HEADERS, octets, AROUND)
    assert headers.next_headers[1].iphc.destination == parse_ipv6("fe80::ff:fe00:c1d2")


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("7e33", "announced and missing|octets? short"),
        ("7e33e101aa", "announced and missing|octets? short"),
        ("7e3300", "0x00 begins no known"),
        ("7e33d0", "0xd0 begins no known"),
        ("7e33ea3a00", "reserved kind of extension header"),
        ("7e33ef7a333a", "NH bit of a compressed IPv6 header is set"),
    ],
)
def test_chains_that_break_off(octets: str, reason: str) -> None:
    assert check_agreement(COMPRESSED_HEADERS, bytes.fromhex(octets), AROUND) is None
    with pytest.raises(MalformedFrame, match=reason):
        COMPRESSED_HEADERS.decode_prefix(bytes.fromhex(octets), AROUND)


@pytest.mark.parametrize("link", ["e100", "ee7e33"])
def test_long_chains_are_refused(link: str) -> None:
    longest = bytes.fromhex("7e33" + (MOST_NEXT_HEADERS - 1) * link + "f3f0abcd")
    headers = check_agreement(COMPRESSED_HEADERS, longest, AROUND)
    assert len(headers.next_headers) == MOST_NEXT_HEADERS
    assert COMPRESSED_HEADERS.encode(headers, AROUND) == longest
    longer = bytes.fromhex("7e33" + MOST_NEXT_HEADERS * link + "f3f0abcd")
    assert check_agreement(COMPRESSED_HEADERS, longer, AROUND) is None
    with pytest.raises(MalformedFrame, match="more than 8 compressed headers"):
        COMPRESSED_HEADERS.decode_prefix(longer, AROUND)


def test_fault_is_placed_in_the_whole() -> None:
    with pytest.raises(MalformedFrame) as caught:
        COMPRESSED_HEADERS.decode_prefix(bytes.fromhex("7e33e10201"), AROUND)
    assert caught.value.offset in {4, 5}


PLAIN = IphcControl(3, False, 2, False, False, 3, False, False, 3)
NEXT = replace(PLAIN, nh=True)
ENDS = parse_ipv6("fe80::ff:fe00:1"), parse_ipv6("fe80::ff:fe00:2")
OUTER = Iphc(NEXT, 0, 0, 0, 0, None, 64, *ENDS)
INNER = Iphc(PLAIN, 0, 0, 0, 0, 58, 64, *ENDS)
LAST = UdpNhc(UdpNhcControl(False, 0), 1, 2, 3)
MIDDLE = ExtensionNhc(ExtensionNhcControl(0, True), None, b"")
END = ExtensionNhc(ExtensionNhcControl(0, False), 58, b"")

INCONSISTENT = [
    CompressedHeaders(OUTER),
    CompressedHeaders(OUTER, (MIDDLE,)),
    CompressedHeaders(OUTER, (LAST, LAST)),
    CompressedHeaders(OUTER, (END, LAST)),
    CompressedHeaders(INNER, (LAST,)),
    CompressedHeaders(OUTER, (Ipv6Nhc(OUTER),)),
    CompressedHeaders(OUTER, (Ipv6Nhc(INNER), LAST)),
    CompressedHeaders(OUTER, (MIDDLE,) * 8 + (LAST,)),
    CompressedHeaders(replace(OUTER, next_header=17), (LAST,)),
]


@pytest.mark.parametrize("headers", INCONSISTENT)
def test_headers_that_contradict_each_other_are_refused(headers: CompressedHeaders) -> None:
    with pytest.raises(FieldOutOfRange):
        COMPRESSED_HEADERS.encode(headers, AROUND)
    with pytest.raises(FieldOutOfRange):
        COMPRESSED_HEADERS.interpret_build(headers, AROUND)


def udp_headers() -> st.SearchStrategy[UdpNhc]:
    def made(ports: int, source: int, destination: int, checksum: int | None) -> UdpNhc:
        if ports == 3:
            source, destination = 0xF0B0 + source % 16, 0xF0B0 + destination % 16
        if ports == 2:
            source = 0xF000 + source % 256
        if ports == 1:
            destination = 0xF000 + destination % 256
        control = UdpNhcControl(checksum is None, ports)
        return UdpNhc(control, source, destination, checksum)

    u16 = st.integers(0, 0xFFFF)
    return st.builds(made, st.integers(0, 3), u16, u16, st.none() | u16)


@st.composite
def chains(draw: st.DrawFn) -> CompressedHeaders:
    """Return headers of which some are tunnelled, all between ENDS."""
    items: list[Any] = []
    last = draw(udp_headers() | st.just(END) | st.just(Ipv6Nhc(INNER)))
    for octets in draw(st.lists(st.none() | st.binary(max_size=9), max_size=7)):
        control = ExtensionNhcControl(draw(st.integers(0, 4)), True)
        tunnel = octets is None
        items.append(Ipv6Nhc(OUTER) if tunnel else ExtensionNhc(control, None, octets or b""))
    return CompressedHeaders(OUTER, (*items, last))


@given(chains(), st.binary(max_size=3))
def test_any_chain_comes_back(headers: CompressedHeaders, payload: bytes) -> None:
    octets = COMPRESSED_HEADERS.encode(headers, AROUND)
    assert COMPRESSED_HEADERS.decode_prefix(octets + payload, AROUND) == (headers, len(octets))
    check_agreement(COMPRESSED_HEADERS, octets + payload, AROUND)


SAMPLES = [bytes.fromhex(row["octets"]) for row in iphc_rows()] + [TUNNEL]


@given(bent(SAMPLES), st.booleans())
def test_any_octets_decode_or_are_malformed(octets: bytes, link_layer: bool) -> None:
    around = replace(AROUND, tunnel_from_link_layer=link_layer)
    headers = check_agreement(COMPRESSED_HEADERS, octets, around)
    if headers is not None:
        used = COMPRESSED_HEADERS.decode_prefix(octets, around)[1]
        assert COMPRESSED_HEADERS.encode(headers, around) == octets[:used]


LONE = [
    UdpNhc(UdpNhcControl(c, p), source, destination, None if c else 0x1234)
    for c, p, source, destination in product(
        (False, True), range(4), (0xF0B1, 0xF0C1, 0x1633, 65536), (0xF0B2, 0xF0C2, 0x1634, -1)
    )
]


@pytest.mark.parametrize("udp", LONE)
def test_lone_udp_header_is_the_same_in_line_and_by_itself(udp: UdpNhc) -> None:
    headers = CompressedHeaders(OUTER, (udp,))
    alone = encoded(UDP_NHC.encode, udp, None)
    expected = None if alone is None else bytes.fromhex("7e33") + alone
    assert encoded(COMPRESSED_HEADERS.encode, headers, AROUND) == expected
    if expected is not None:
        assert COMPRESSED_HEADERS.interpret_build(headers, AROUND) == expected
        found = COMPRESSED_HEADERS.decode(expected, AROUND)  # with a control of the format's own
        assert found == headers
        assert COMPRESSED_HEADERS.encode(found, AROUND) == expected


@pytest.mark.parametrize("octets", ["7e33f3f01234", "7e77f3f01234", "7a333a", "7a773a", "7a4c3a"])
def test_surroundings_of_another_kind_are_their_givers_fault(octets: str) -> None:
    headers = bytes.fromhex(octets) + bytes(7)
    for way in (COMPRESSED_HEADERS.decode_prefix, COMPRESSED_HEADERS.interpret):
        with pytest.raises(FieldOutOfRange, match="surroundings of the wrong kind"):
            way(headers, object())


@pytest.mark.parametrize("octets", ["7e33f016", "7e33f01633", "7e33f31200", "7e33f0163316"])
def test_fault_has_the_same_name_whichever_code_finds_it(octets: str) -> None:
    cut = bytes.fromhex(octets)
    with pytest.raises(MalformedFrame) as straight:
        COMPRESSED_HEADERS.decode(cut, AROUND)
    chain = NhcChain(this.iphc, NHC_FORMATS, most=8, tunnelled=IPV6_NHC, lone=UDP_NHC)
    with pytest.raises(MalformedFrame) as general:
        chain.follow(cut, (2, len(cut)), AROUND, (bytes(16), bytes(16)))
    assert str(general.value) == str(straight.value)
