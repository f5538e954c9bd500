"""Compression: OpenThread's vectors, the rules of RFC 6282, and that everything comes back."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.address_modes import choose_modes
from lowpan.adaptation.compress import compress, compress_headers, without_padding
from lowpan.adaptation.decompress import decompress, uncompressed_size
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.addresses import Context, Surroundings, iid_of, parse_ipv6
from lowpan.wire.checksum import with_checksum
from lowpan.wire.iphc import IPHC, Iphc, IphcControl
from lowpan.wire.ipv6 import IPV6_HEADER, UDP, Ipv6Header
from lowpan.wire.nhc import COMPRESSED_HEADERS
from tests.wire.sixlowpan_samples import (
    CONTEXTS,
    MORE_CONTEXTS,
    SURROUNDINGS,
    addresses,
    iphc_rows,
    row_surroundings,
)

ROWS = [row for row in iphc_rows() if row["datagram"]]
AROUND = Surroundings(iid_of(b"\x00\x01"), iid_of(b"\x00\x02"), CONTEXTS)
LONGER_THAN_NEEDED = {
    "Stateful source and destination addresses 64-bit, context 0 inline": "7a553a",
}
"""Vectors for decoders only, and how our octets begin there."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_vector(row: dict[str, Any]) -> None:
    octets = compress(bytes.fromhex(row["datagram"]), row_surroundings(row)).hex()
    if row["case"] in LONGER_THAN_NEEDED:
        assert octets.startswith(LONGER_THAN_NEEDED[row["case"]])
        assert len(octets) < len(row["octets"])
    else:
        assert octets == row["octets"]


def decompressed(octets: bytes, around: Surroundings) -> bytes:
    headers, used = COMPRESSED_HEADERS.decode_prefix(octets, around)
    return decompress(headers, octets[used:], limit=2047)


def test_tunnelled_identifiers_are_elided_only_if_both_rules_tell_them() -> None:
    rows = {row["case"]: row for row in ROWS}
    for case, kept in (
        ("IP-in-IP with Hop-by-Hop with PadN2 and UDP", True),
        ("IP-in-IP without extension header", False),
    ):
        row = rows[case]
        datagram = bytes.fromhex(row["datagram"])
        thread = row_surroundings(row)
        others = replace(thread, tunnel_from_link_layer=False)
        octets = compress(datagram, others)
        assert (octets.hex() == row["octets"]) == kept
        assert decompressed(octets, others) == datagram
        assert decompressed(octets, thread) == datagram


def datagram(next_header: int, body: bytes, source: bytes = b"", destination: bytes = b"") -> bytes:
    ends = source or parse_ipv6("fe80::ff:fe00:1"), destination or parse_ipv6("fe80::ff:fe00:2")
    return IPV6_HEADER.encode(Ipv6Header(0, 0, len(body), next_header, 64, *ends)) + body


MALFORMED = {
    "empty": b"",
    "short": datagram(58, b"")[:39],
    "version 4": b"\x45" + datagram(58, b"")[1:],
    "longer than it says": datagram(58, b"") + b"\0",
    "shorter than it says": datagram(58, b"hello")[:-1],
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_no_datagram(what: str) -> None:
    with pytest.raises(MalformedFrame):
        compress(MALFORMED[what], AROUND)


UDP_BODY = bytes.fromhex("16331634000d1234") + b"hello"
INLINE = [  # next header, what follows, octets that stay in line behind IPHC
    ("UDP of another length", 17, bytes.fromhex("16331634000c1234") + b"hello"),
    ("UDP cut short", 17, bytes.fromhex("16331634000712")),
    ("fragment header", 44, bytes.fromhex("1100000100000007") + UDP_BODY),
    ("extension header cut short", 0, bytes.fromhex("3a01050400000000")),
    ("extension header of 3 octets", 0, bytes.fromhex("3a0005")),
    ("too long for LOWPAN_NHC", 60, bytes.fromhex("3a20") + b"\x1e\xff" + bytes(260)),
    ("routing header of 264 octets", 43, bytes.fromhex("3a20") + bytes(262)),
    ("tunnel of version 4", 41, bytes.fromhex("45") + bytes(50)),
    ("tunnel of another length", 41, datagram(58, b"hello")[:-1]),
    ("tunnel cut short", 41, datagram(58, b"")[:-1]),
    ("authentication header", 51, bytes(24)),
    ("no next header", 59, b""),
]


@pytest.mark.parametrize(("what", "kind", "body"), INLINE, ids=lambda value: str(value)[:30])
def test_what_cannot_be_restored_stays_in_line(what: str, kind: int, body: bytes) -> None:
    del what
    whole = datagram(kind, body)
    octets = compress(whole, AROUND)
    assert octets == bytes((0x7A, 0x33, kind)) + body
    assert decompressed(octets, AROUND) == whole


def test_headers_behind_one_that_stays_in_line_stay_too() -> None:
    body = bytes.fromhex("2c000504aabbccdd" + "1100000100000007") + UDP_BODY
    octets = compress(datagram(0, body), AROUND)
    assert octets.hex() == "7e33e02c060504aabbccdd" + "1100000100000007" + UDP_BODY.hex()


def test_options_of_255_octets_are_compressed_once_their_padding_is_gone() -> None:
    options = b"\x1e\xfd" + 253 * b"\xaa"
    whole = datagram(0, b"\x3a\x20" + options + bytes.fromhex("01050000000000"))
    octets = compress(whole, AROUND)
    assert octets == bytes.fromhex("7e33e03aff") + options
    assert decompressed(octets, AROUND) == whole


PADDING = [
    ("0504aabbccdd", "0504aabbccdd"),
    ("0503aabbcc00", "0503aabbcc"),
    ("0502aabb0100", "0502aabb"),
    ("0502aabb0000", "0502aabb00"),
    ("05010100", "050101"),
    ("0500010200aa", "0500010200aa"),  # padding that is not zero
    ("05050102030405", "05050102030405"),
    ("010400000000", ""),
    ("0106000000000000", "0106000000000000"),  # 8 octets
    ("01050000000000", ""),
    ("0505aa", "0505aa"),  # runs over the end
    ("05", "05"),
    ("00", ""),
]


@pytest.mark.parametrize(("options", "kept"), PADDING)
def test_padding_at_the_end(options: str, kept: str) -> None:
    assert without_padding(bytes.fromhex(options)).hex() == kept


def test_long_chains_are_cut_at_the_bound() -> None:
    body = 10 * bytes.fromhex("3c000504aabbccdd") + bytes.fromhex("3b000504aabbccdd")
    octets = compress(datagram(60, body), AROUND)
    headers, used = COMPRESSED_HEADERS.decode_prefix(octets, AROUND)
    assert len(headers.next_headers) == 8
    assert len(octets) - used == 3 * 8
    assert decompressed(octets, AROUND) == datagram(60, body)


def test_headers_beyond_a_limit_stay_uncompressed() -> None:
    body = bytes.fromhex("11000504aabbccdd") + UDP_BODY
    whole = datagram(0, body)
    sizes = {17: (56, 2), 16: (48, 1), 11: (48, 1), 10: (40, 0), 3: (40, 0), 0: (40, 0)}
    for limit, (size, count) in sizes.items():
        headers, taken = compress_headers(whole, AROUND, limit=limit)
        assert (taken, len(headers.next_headers)) == (size, count), limit
        assert uncompressed_size(headers) == taken
        octets = COMPRESSED_HEADERS.encode(headers, AROUND)
        assert len(octets) <= limit or count == 0
        assert decompressed(octets + whole[taken:], AROUND) == whole


def right_udp(body: bytes = b"hello") -> bytes:
    ends = parse_ipv6("fe80::ff:fe00:1"), parse_ipv6("fe80::ff:fe00:2")
    header = bytes.fromhex("f0b1f0b2") + (8 + len(body)).to_bytes(2, "big") + bytes(2)
    return datagram(17, with_checksum(*ends, UDP, header + body, 6))


def test_checksum_is_elided_only_with_permission_and_if_it_is_right() -> None:
    whole = right_udp()
    assert compress(whole, AROUND)[2:4].hex() == "f312"
    octets = compress(whole, AROUND, elide_udp_checksum=True)
    assert octets.hex() == "7e33f712" + b"hello".hex()
    assert decompressed(octets, AROUND) == whole
    wrong = whole[:-1] + b"!"
    assert compress(wrong, AROUND, elide_udp_checksum=True)[2:4].hex() == "f312"
    assert compress(datagram(58, bytes(8)), AROUND, elide_udp_checksum=True)[1:3].hex() == "333a"


def test_a_checksum_of_zero_stays_where_all_ones_would_be_right() -> None:
    bodies = (right_udp(number.to_bytes(2, "big")) for number in range(0x10000))
    right = next(one for one in bodies if one[46:48] == b"\xff\xff")
    none = right[:46] + bytes(2) + right[48:]
    for whole in (right, none):
        octets = compress(whole, AROUND, elide_udp_checksum=True)
        assert decompressed(octets, AROUND) == whole


def test_checksum_behind_a_routing_header_stays() -> None:
    routing = bytes.fromhex("1100030000000000")
    octets = compress(datagram(43, routing + right_udp()[40:]), AROUND, elide_udp_checksum=True)
    assert octets[2:].hex().startswith("e306030000000000f312")


def test_context_without_permission_is_not_used() -> None:
    source = parse_ipv6("2001:2:0:2:0:ff:fe00:1")
    octets = compress(datagram(58, b"", source), AROUND)
    assert octets[:2].hex() == "7a03"


def every_mode(source: bytes, destination: bytes, around: Surroundings) -> list[bytes]:
    """Return the octets of a header between two addresses in every mode that has them."""
    found: list[bytes] = []
    contexts = [(0, 0), *product(around.contexts, repeat=2)]
    for bits, (sci, dci) in product(range(128), contexts):
        sac, sam, m, dac, dam = bits >> 6, bits >> 4 & 3, bits >> 3 & 1, bits >> 2 & 1, bits & 3
        unusable = (sac and not around.contexts.get(sci, UNUSABLE).compress and sam) or (
            dac and not around.contexts.get(dci, UNUSABLE).compress
        )
        if unusable or bool(m) != (destination[0] == 0xFF):
            continue
        control = IphcControl(
            3, False, 2, bool(sci or dci), bool(sac), sam, bool(m), bool(dac), dam
        )
        try:
            header = Iphc(control, sci, dci, 0, 0, 58, 64, source, destination)
            found.append(IPHC.encode(header, around))
        except FieldOutOfRange:
            continue
    return found


UNUSABLE = Context(b"", 0, compress=False)
FEW = {number: MORE_CONTEXTS[number] for number in (0, 2, 4, 5)}


@pytest.mark.parametrize("seed", range(12))
def test_no_mode_is_shorter_than_the_chosen_one(seed: int) -> None:
    around = Surroundings(iid_of(b"\xc0\x03"), iid_of(bytes.fromhex("00005eef10221100")), FEW)
    sources = [
        *("::", "2001:db8::1", "fe80::ff:fe00:c003", "fe80::ff:fe00:1", "fe80::1:2:3:4"),
        *("fd00:cafe:face:1234:0:ff:fe00:c003", "2001:db8:0:4:fedc:ff:fe00:c003"),
        *("2001:db8:0:5:fedc:ba98:7654:3210", "2001:2:0:2::1", "fd00:cafe:face:1234::1"),
        *("2001:db8:0:4:fedc:ff:fe00:1", "2001:db8:0:4:fedc:1:2:3"),
    ]
    destinations = [
        *("ff02::1", "ff02::100", "ff05::1:3", "ff0e::1:2:3", "ff33:40:fd00:cafe:face:1234:0:1"),
        *("fe80::200:5eef:1022:1100", "fd00:cafe:face:1234::1", "2001:db8:0:4:fedc:5eef:1022:1100"),
        *("2001:db8:0:5:fedc:ba98:7654:3210", "ff0e:1::1", "2001:db8::2"),
    ]
    source = parse_ipv6(sources[seed])
    for destination in map(parse_ipv6, destinations[seed % 3 :: 3]):
        ours = compress(datagram(58, b"", source, destination), around)
        assert len(ours) == min(map(len, every_mode(source, destination, around)))


@st.composite
def bodies(draw: st.DrawFn) -> tuple[int, bytes]:
    """Return a next header and a body that is often what it says."""
    kind = draw(st.sampled_from([0, 17, 41, 43, 44, 58, 60, 135]))
    if kind in {0, 43, 60, 135}:
        behind, rest = draw(bodies())
        options = draw(st.binary(max_size=40))
        options += bytes(-(2 + len(options)) % 8)
        return kind, bytes((behind, (2 + len(options)) // 8 - 1)) + options + rest
    if kind == 17:
        payload = draw(st.binary(max_size=20))
        ports = draw(st.sampled_from(["f0b1f0bf", "f012abcd", "abcdf012", "16331634"]))
        size = 8 + len(payload) + draw(st.sampled_from([0, 0, 0, 1]))
        return kind, bytes.fromhex(ports) + size.to_bytes(2, "big") + b"\x12\x34" + payload
    if kind == 41:
        source, destination = (draw(addresses(AROUND)) for _ in range(2))
        return kind, datagram(*draw(bodies()), source, destination)
    return kind, draw(st.binary(max_size=30))


@given(st.data(), SURROUNDINGS, bodies())
def test_any_datagram_comes_back(
    data: st.DataObject, around: Surroundings, body: tuple[int, bytes]
) -> None:
    source, destination = (data.draw(addresses(around)) for _ in range(2))
    head = Ipv6Header(
        data.draw(st.sampled_from([0, 1, 3, 4, 255])),
        data.draw(st.just(0) | st.integers(0, 0xFFFFF)),
        len(body[1]),
        body[0],
        data.draw(st.integers(0, 255)),
        source,
        destination,
    )
    whole = IPV6_HEADER.encode(head) + body[1]
    octets = compress(whole, around)
    assert len(octets) <= len(whole)
    assert decompressed(octets, around) == whole


@given(st.binary(max_size=60))
def test_any_octets_compress_or_are_malformed(octets: bytes) -> None:
    try:
        assert decompressed(compress(octets, AROUND), AROUND) == octets
    except MalformedFrame:
        assert len(octets) < 40 or octets[0] >> 4 != 6 or octets[5] != len(octets) - 40


def test_choice_prefers_what_needs_no_context() -> None:
    modes = choose_modes(parse_ipv6("fe80::ff:fe00:1"), parse_ipv6("ff02::1"), AROUND)
    assert [mode.stateful for mode in modes] == [False, False]
    assert [mode.octets for mode in modes] == [0, 1]
