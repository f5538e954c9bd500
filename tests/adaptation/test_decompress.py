"""Decompression of whole datagrams and of first fragments (RFC 6282, RFC 4944 §5.3)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.decompress import decompress, pad, restore_checksum, uncompressed_size
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.addresses import Surroundings, iid_of, parse_ipv6
from lowpan.wire.iphc import Iphc, IphcControl
from lowpan.wire.ipv6 import upper_layer
from lowpan.wire.nhc import COMPRESSED_HEADERS, CompressedHeaders
from tests.wire.mac_samples import bent
from tests.wire.sixlowpan_samples import CONTEXTS, iphc_rows, row_surroundings

ROWS = [row for row in iphc_rows() if row["datagram"]]
AROUND = Surroundings(iid_of(b"\x00\x01"), iid_of(b"\x00\x02"), CONTEXTS)
ENDS = "fe80000000000000000000fffe000001" + "fe80000000000000000000fffe000002"


def split(octets: str, around: Surroundings = AROUND) -> tuple[CompressedHeaders, bytes]:
    whole = bytes.fromhex(octets)
    headers, used = COMPRESSED_HEADERS.decode_prefix(whole, around)
    return headers, whole[used:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_vector(row: dict[str, Any]) -> None:
    headers, payload = split(row["octets"], row_surroundings(row))
    assert decompress(headers, payload).hex() == row["datagram"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_first_fragment_of_vector(row: dict[str, Any]) -> None:
    headers, payload = split(row["octets"], row_surroundings(row))
    whole = decompress(headers, payload + bytes(100))
    first = decompress(headers, payload, len(whole))
    assert first + bytes(100) == whole
    assert len(first) == uncompressed_size(headers) + len(payload)


PADDED = [  # octets behind the length of a hop-by-hop header, and the header itself
    ("", "3a00010400000000"),
    ("05", "3a000501 0300 0000".replace(" ", "")),
    ("0502aabb", "3a000502aabb0100"),
    ("0503aabbcc", "3a000503aabbcc00"),
    ("0504aabbccdd", "3a000504aabbccdd"),
    ("0505aabbccddee", "3a010505aabbccddee0105" + 5 * "00"),
]


@pytest.mark.parametrize(("octets", "header"), PADDED)
@pytest.mark.parametrize(("eid", "kind"), [(0xE0, 0), (0xE6, 60)])
def test_padding_is_restored(octets: str, header: str, eid: int, kind: int) -> None:
    headers, payload = split(f"7e33{eid:02x}3a{len(octets) // 2:02x}{octets}")
    datagram = decompress(headers, payload)
    size = len(header) // 2
    assert datagram.hex() == f"60000000{size:04x}{kind:02x}40{ENDS}{header}"


def test_padding_options() -> None:
    assert [pad(size).hex() for size in range(8)] == [
        *("", "00", "0100", "010100", "01020000", "0103000000", "010400000000", "01050000000000")
    ]


def test_other_headers_are_not_padded() -> None:
    headers, payload = split("7e33 e23a 06 0300000000aa f0".replace(" ", ""))
    assert decompress(headers, payload).hex() == (
        f"6000000000092b40{ENDS}" + "3a000300000000aa" + "f0"
    )
    for octets in ("7e33e23a050300000000", "7e33e83a070300000000aabb"):
        headers, payload = split(octets)
        with pytest.raises(MalformedFrame, match="extension header"):
            decompress(headers, payload)


def test_fragment_header_has_no_length() -> None:
    headers, payload = split("7e33e411060001000000073333")
    assert decompress(headers, payload)[40:].hex() == "1100000100000007" + "3333"
    assert upper_layer(decompress(headers, payload)) == (17, 48)
    headers, payload = split("7e33e4110e" + 14 * "00")
    with pytest.raises(MalformedFrame, match="fragment header"):
        decompress(headers, payload)


def test_elided_checksum_is_computed() -> None:
    headers, payload = split("7e33f7f0" + b"hello".hex())
    kept, _ = split("7e33f3f0" + "0000")
    datagram = decompress(headers, payload)
    assert datagram[46:48] != b"\0\0"
    assert datagram[:46] + b"\0\0" + datagram[48:] == decompress(kept, payload)
    assert datagram[40:46].hex() == "f0bff0b0000d"


def test_elided_checksum_of_fragments_waits_for_the_whole() -> None:
    headers, payload = split("7e33f7f0" + b"hello".hex())
    whole = decompress(headers, payload + b" world")
    first = decompress(headers, payload, len(whole))
    assert first[46:48] == b"\0\0"
    assert restore_checksum(headers, first + b" world") == whole
    assert restore_checksum(headers, whole) == whole


def test_checksum_that_was_sent_is_left_alone() -> None:
    headers, payload = split("7e33f3f01234" + b"hello".hex())
    datagram = decompress(headers, payload)
    assert datagram[46:48].hex() == "1234"
    assert restore_checksum(headers, datagram) == datagram


def test_elided_checksum_of_a_tunnelled_datagram_is_over_the_inner_addresses() -> None:
    inner, _ = split("7e33f7f0")
    tunnel, _ = split("7e11" + "11" * 8 + "22" * 8 + "ee7e22 0001 0002 f7f0".replace(" ", ""))
    assert decompress(tunnel, b"hello")[40:] == decompress(inner, b"hello")


def test_elided_checksum_behind_a_routing_header_under_way() -> None:
    final, payload = split("7e33e306030000000000f7f0" + b"hello".hex())
    assert len(decompress(final, payload)) == 40 + 8 + 8 + 5
    under_way, payload = split("7e33e306030100000000f7f0" + b"hello".hex())
    with pytest.raises(MalformedFrame, match="checksum elided"):
        decompress(under_way, payload)


def test_size_is_capped() -> None:
    headers, _ = split("7a333a")
    assert len(decompress(headers, bytes(1240))) == 1280
    with pytest.raises(MalformedFrame, match="1281 octets in a datagram of at most 1280"):
        decompress(headers, bytes(1241))
    assert len(decompress(headers, bytes(1960), limit=2000)) == 2000


def test_first_fragment_must_fit_its_datagram() -> None:
    headers, _ = split("7e33f0163316341234")
    assert len(decompress(headers, bytes(8), 2047)) == 56
    assert len(decompress(headers, bytes(8), 56)) == 56
    for size in (0, 39, 47, 55):
        with pytest.raises(MalformedFrame, match="octets in a datagram of at most"):
            decompress(headers, bytes(8), size)


def test_headers_cannot_grow_without_bound() -> None:
    headers, payload = split("7e33" + 7 * "ee7e33" + "f0163316341234")
    assert uncompressed_size(headers) == 8 * 40 + 8
    assert len(decompress(headers, payload)) == 8 * 40 + 8


def test_announced_header_that_is_missing_is_the_callers_fault() -> None:
    control = IphcControl(3, True, 2, False, False, 3, False, False, 3)
    ends = parse_ipv6("fe80::1"), parse_ipv6("fe80::2")
    with pytest.raises(FieldOutOfRange):
        decompress(CompressedHeaders(Iphc(control, 0, 0, 0, 0, None, 64, *ends)), b"")


SAMPLES = [bytes.fromhex(row["octets"]) for row in ROWS]
SIZES = st.none() | st.integers(0, 2047)


@given(bent(SAMPLES), SIZES)
def test_any_octets_decompress_or_are_malformed(octets: bytes, size: int | None) -> None:
    try:
        headers, used = COMPRESSED_HEADERS.decode_prefix(octets, AROUND)
        datagram = decompress(headers, octets[used:], size)
    except MalformedFrame:
        return
    most = size if size is not None else 1280
    assert len(datagram) == uncompressed_size(headers) + len(octets) - used <= most
    assert int.from_bytes(datagram[4:6], "big") == (size or len(datagram)) - 40
