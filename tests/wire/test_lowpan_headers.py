"""The order of 6LoWPAN headers (RFC 4944 §5, RFC 6282 §2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.addresses import iid_of
from lowpan.wire.broadcast_header import BroadcastHeader
from lowpan.wire.fragment import FragmentHeader
from lowpan.wire.lowpan_headers import (
    DISPATCH,
    Dispatch,
    LowpanHeaders,
    decode_lowpan_headers,
    encode_lowpan_headers,
)
from lowpan.wire.mesh_header import MeshHeader
from tests.wire.mac_samples import bent
from tests.wire.sixlowpan_samples import CONTEXTS, linux_payloads, thread_payloads

MESH = MeshHeader.between(b"\x01\x00", b"\x02\x00", 1)
EXAMPLES = {
    "7a333a80": LowpanHeaders(None, None, None, Dispatch.IPHC, bytes.fromhex("7a333a80")),
    "4160": LowpanHeaders(None, None, None, Dispatch.IPV6, b"\x60"),
    "3f01": LowpanHeaders(None, None, None, Dispatch.NALP, b"\x3f\x01"),
    "4001": LowpanHeaders(None, None, None, Dispatch.ESC, b"\x40\x01"),
    "4203": LowpanHeaders(None, None, None, Dispatch.HC1, b"\x42\x03"),
    "f1": LowpanHeaders(None, None, None, Dispatch.PAGE, b"\xf1"),
    "e8": LowpanHeaders(None, None, None, Dispatch.RFRAG, b"\xe8"),
    "ea": LowpanHeaders(None, None, None, Dispatch.RFRAG_ACK, b"\xea"),
    "cf": LowpanHeaders(None, None, None, Dispatch.RESERVED, b"\xcf"),
    "b101000200 7a": LowpanHeaders(MESH, None, None, Dispatch.IPHC, b"\x7a"),
    "b101000200 4160": LowpanHeaders(MESH, None, None, Dispatch.IPV6, b"\x60"),
    "5007 7a": LowpanHeaders(None, BroadcastHeader(7), None, Dispatch.IPHC, b"\x7a"),
    "c1090002 7a": LowpanHeaders(None, None, FragmentHeader(265, 2), Dispatch.IPHC, b"\x7a"),
    "e10900020c 9000": LowpanHeaders(None, None, FragmentHeader(265, 2, 96), None, b"\x90\x00"),
    "e10900020c": LowpanHeaders(None, None, FragmentHeader(265, 2, 96), None, b""),
    "b101000200 5007 c1090002 7a": LowpanHeaders(
        MESH, BroadcastHeader(7), FragmentHeader(265, 2), Dispatch.IPHC, b"\x7a"
    ),
}


@pytest.mark.parametrize(("octets", "headers"), EXAMPLES.items())
def test_headers_in_order(octets: str, headers: LowpanHeaders) -> None:
    assert decode_lowpan_headers(bytes.fromhex(octets)) == headers
    assert encode_lowpan_headers(headers) == bytes.fromhex(octets)


MALFORMED = {
    "": 0,
    "b1010002": 4,
    "b101000200": 5,
    "50": 1,
    "5007": 2,
    "c10900": 3,
    "c1090002": 4,
    "b101000200 b101000200 7a": 5,
    "5007 b101000200 7a": 2,
    "5007 5007 7a": 2,
    "c1090002 c1090002 7a": 4,
    "c1090002 e10900020c 7a": 4,
    "c1090002 5007 7a": 4,
    "b101000200 e109": 7,
}


@pytest.mark.parametrize(("octets", "offset"), MALFORMED.items())
def test_headers_out_of_order_or_cut(octets: str, offset: int) -> None:
    with pytest.raises(MalformedFrame) as caught:
        decode_lowpan_headers(bytes.fromhex(octets))
    assert caught.value.offset == offset


UNFIT = [
    LowpanHeaders(None, None, None, Dispatch.IPHC, b"\x41"),
    LowpanHeaders(None, None, None, Dispatch.IPHC, b""),
    LowpanHeaders(None, None, None, Dispatch.MESH, b"\xb1\x01\x00\x02\x00\x7a"),
    LowpanHeaders(None, None, None, None, b""),
    LowpanHeaders(None, None, FragmentHeader(265, 2), None, b"\x7a"),
    LowpanHeaders(None, None, FragmentHeader(265, 2), Dispatch.FRAG1, b"\xc1\x09\x00\x02"),
    LowpanHeaders(None, None, FragmentHeader(265, 2, 8), Dispatch.IPHC, b"\x7a"),
    LowpanHeaders(None, None, FragmentHeader(4096, 2, 8), None, b"\x7a"),
]


@pytest.mark.parametrize("headers", UNFIT)
def test_headers_that_would_not_come_back_are_refused(headers: LowpanHeaders) -> None:
    with pytest.raises(FieldOutOfRange):
        encode_lowpan_headers(headers)


def test_every_octet_has_a_meaning() -> None:
    assert len(DISPATCH) == 256
    assert DISPATCH[0x7F] is Dispatch.IPHC  # the escape of RFC 4944 before RFC 6282
    assert {DISPATCH[octet] for octet in range(256)} == set(Dispatch)


def test_mesh_addresses_go_before_those_of_the_frame() -> None:
    plain = decode_lowpan_headers(bytes.fromhex("7a333a"))
    around = plain.surroundings(b"\xab\xcd", bytes(8), CONTEXTS)
    assert (around.source_iid, around.destination_iid) == (iid_of(b"\xab\xcd"), iid_of(bytes(8)))
    meshed = decode_lowpan_headers(bytes.fromhex("b101000200 7a333a"))
    around = meshed.surroundings(b"\xab\xcd", bytes(8), CONTEXTS, tunnel_from_link_layer=True)
    assert around.source_iid.hex() == "000000fffe000100"
    assert around.destination_iid.hex() == "000000fffe000200"
    assert around.contexts is CONTEXTS
    assert around.tunnel_from_link_layer
    assert plain.surroundings(b"", b"", {}).source_iid == b""


def check(octets: bytes) -> None:
    try:
        headers = decode_lowpan_headers(octets)
    except MalformedFrame:
        return
    assert encode_lowpan_headers(headers) == octets


@given(st.binary(max_size=30) | bent([bytes.fromhex(text) for text in EXAMPLES]))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    check(octets)


def test_captured_headers_come_back() -> None:
    payloads = [*linux_payloads(), *thread_payloads("iii-ping-frag-mesh")]
    assert len(payloads) > 1000
    for payload in payloads:
        headers = decode_lowpan_headers(payload.octets)
        assert headers.dispatch in {Dispatch.IPHC, None}, payload.name
        assert encode_lowpan_headers(headers) == payload.octets, payload.name
