"""The yardstick measures the same work: it says what the compiled codecs say."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.schema import Layout
from lowpan.wire.addresses import Surroundings, iid_of
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from lowpan.wire.lowpan_headers import Dispatch, decode_lowpan_headers
from lowpan.wire.mesh_header import MESH_HEADER, MeshControl, MeshHeader
from lowpan.wire.nhc import COMPRESSED_HEADERS, CompressedHeaders, UdpNhc, UdpNhcControl
from tests.benchmarks.reference_sixlowpan import (
    decode_by_hand,
    decode_compressed_headers_by_hand,
    decode_fragment_header_by_hand,
    decode_mesh_header_by_hand,
)
from tests.benchmarks.reference_sixlowpan_encoding import (
    encode_compressed_headers_by_hand,
    encode_fragment_header_by_hand,
    encode_mesh_header_by_hand,
)
from tests.wire.mac_samples import bent
from tests.wire.sixlowpan_samples import (
    MORE_CONTEXTS,
    SURROUNDINGS,
    THREAD_CONTEXTS,
    iphc_rows,
    linux_payloads,
    row_surroundings,
    thread_payloads,
)

AROUND = Surroundings(iid_of(b"\x00\x01"), iid_of(b"\x00\x02"), MORE_CONTEXTS)


def result(way: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return way(*arguments)
    except (MalformedFrame, FieldOutOfRange) as error:
        return type(error)


def has_other_next_headers(found: Any) -> bool:
    """Tell whether there is a compressed next header that the yardstick leaves out."""
    if found is MalformedFrame:
        return False
    return any(not isinstance(header, UdpNhc) for header in found[0].next_headers)


def check_agreement(octets: bytes, around: Surroundings) -> None:
    by_hand = result(decode_compressed_headers_by_hand, octets, around)
    compiled = result(COMPRESSED_HEADERS.decode_prefix, octets, around)
    if has_other_next_headers(compiled):
        return
    assert by_hand == compiled, octets.hex()
    if compiled is not MalformedFrame:
        again = COMPRESSED_HEADERS.encode(compiled[0], around)
        assert encode_compressed_headers_by_hand(compiled[0], around) == again
        assert encode_compressed_headers_by_hand(by_hand[0], around) == again


@pytest.mark.parametrize("row", iphc_rows(), ids=lambda row: row["case"])
def test_vectors(row: dict[str, Any]) -> None:
    octets = bytes.fromhex(row["octets"])
    for cut in range(len(octets) + 1):
        check_agreement(octets[:cut], row_surroundings(row))


def test_every_control() -> None:
    for number, identifiers in product(range(0x6000, 0x8000), (0x00, 0x16, 0x47, 0x59)):
        octets = number.to_bytes(2, "big") + bytes((identifiers,)) + bytes(range(40))
        check_agreement(octets.replace(b"\x05\x06", b"\xf0\xb1"), AROUND)


@given(bent([bytes.fromhex(row["octets"]) for row in iphc_rows()]), SURROUNDINGS)
def test_bent_headers(octets: bytes, around: Surroundings) -> None:
    check_agreement(octets, around)


@given(st.integers(0xF0, 0xFF), st.binary(max_size=6))
def test_udp_headers(first: int, rest: bytes) -> None:
    check_agreement(bytes((0x7E, 0x33, first)) + rest, AROUND)


@pytest.mark.parametrize("name", ["linux", "iii-ping-frag-mesh", "iv-coap-udp"])
def test_captured_payloads(name: str) -> None:
    payloads = linux_payloads() if name == "linux" else thread_payloads(name)
    assert len(payloads) > 50
    for payload in payloads:
        headers = decode_lowpan_headers(payload.octets)
        around = headers.surroundings(payload.source, payload.destination, THREAD_CONTEXTS)
        compressed, rest = None, headers.payload
        if headers.dispatch is Dispatch.IPHC:
            found = COMPRESSED_HEADERS.decode_prefix(headers.payload, around)
            if has_other_next_headers(found):
                continue
            compressed, used = found
            rest = rest[used:]
        ends = iid_of(payload.source), iid_of(payload.destination)
        by_hand = decode_by_hand(payload.octets, *ends, THREAD_CONTEXTS)
        assert by_hand == (headers.mesh, headers.fragment, compressed, rest), payload.name
        whole = encoded(by_hand.mesh, by_hand.fragment, by_hand.headers, around)
        assert whole + rest == payload.octets, payload.name


def encoded(
    mesh: MeshHeader | None,
    fragment: FragmentHeader | None,
    headers: CompressedHeaders | None,
    around: Surroundings,
) -> bytes:
    octets = encode_mesh_header_by_hand(mesh) if mesh else b""
    octets += encode_fragment_header_by_hand(fragment) if fragment else b""
    return octets + (encode_compressed_headers_by_hand(headers, around) if headers else b"")


@given(st.integers(0, 255), st.binary(max_size=18))
def test_mesh_and_fragmentation_headers(first: int, rest: bytes) -> None:
    octets = bytes((first,)) + rest
    for layout, decode, encode in OTHERS:
        by_hand = result(decode, octets)
        assert by_hand == result(layout.decode_prefix, octets)
        if by_hand is not MalformedFrame:
            assert encode(by_hand[0]) == octets[: by_hand[1]]


OTHERS: list[tuple[Layout[Any], Callable[..., Any], Callable[..., bytes]]] = [
    (MESH_HEADER, decode_mesh_header_by_hand, encode_mesh_header_by_hand),
    (FRAGMENT_HEADER, decode_fragment_header_by_hand, encode_fragment_header_by_hand),
]
SHORT = b"\x00\x01"


@pytest.mark.parametrize(
    "header",
    [
        MeshHeader(MeshControl(True, True, 3), 3, SHORT, SHORT),
        MeshHeader(MeshControl(True, True, 15), None, SHORT, SHORT),
        MeshHeader(MeshControl(True, True, 16), None, SHORT, SHORT),
        MeshHeader(MeshControl(True, False, 1), None, SHORT, SHORT),
        FragmentHeader(2048, 0),
        FragmentHeader(0, 65536),
        FragmentHeader(0, 0, 4),
        FragmentHeader(0, 0, 2048),
    ],
)
def test_unfit_mesh_and_fragmentation_headers(header: MeshHeader | FragmentHeader) -> None:
    layout, _, encode = OTHERS[isinstance(header, FragmentHeader)]
    assert result(encode, header) is result(layout.encode, header) is FieldOutOfRange


MAY_BE_NONE = {"next_header", "source", "destination"}


def unfit() -> list[CompressedHeaders]:
    """Return headers with one wrong field each, in every field."""
    texts = ["7a333a", "7e33f3f01234", "6233ba0123453a", "7ad5113a" + 16 * "11", "783b3a3f01"]
    found: list[CompressedHeaders] = []
    for text in texts:
        headers = COMPRESSED_HEADERS.decode(bytes.fromhex(text), AROUND)
        for field, wrong in product(
            headers.iphc.__slots__, (-1, 1 << 32, bytes(15), b"x" * 16, None)
        ):
            if field != "control" and (wrong is not None or field in MAY_BE_NONE):
                iphc = replace(headers.iphc, **{field: wrong})
                if iphc != headers.iphc:
                    found.append(CompressedHeaders(iphc, headers.next_headers))
        found.append(
            CompressedHeaders(headers.iphc, headers.next_headers + headers.next_headers[:1])
        )
    return [headers for headers in found if headers.next_headers or headers.iphc.next_header]


def test_unfit_headers() -> None:
    for headers in unfit():
        compiled = result(COMPRESSED_HEADERS.encode, headers, AROUND)
        try:
            by_hand = encode_compressed_headers_by_hand(headers, AROUND)
        except (FieldOutOfRange, TypeError):  # of what is no number at all
            by_hand = FieldOutOfRange
        assert by_hand == compiled, headers


PORTS = [
    UdpNhc(UdpNhcControl(c, p), source, destination, None if c else 0x1234)
    for c, p, source, destination in product(
        (False, True), range(5), (0xF0B1, 0xF0C1, 0x1633, 65536), (0xF0B1, 0xF0C1, 0x1633, -1)
    )
]


def test_every_kind_of_ports() -> None:
    iphc = COMPRESSED_HEADERS.decode(bytes.fromhex("7e33f3f01234"), AROUND).iphc
    for udp in PORTS:
        headers = CompressedHeaders(iphc, (udp,))
        by_hand = result(encode_compressed_headers_by_hand, headers, AROUND)
        assert by_hand == result(COMPRESSED_HEADERS.encode, headers, AROUND), udp
