"""Mesh and broadcast headers (RFC 4944 §5.2, §11.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.broadcast_header import BROADCAST_HEADER, BroadcastHeader
from lowpan.wire.mesh_header import MESH_HEADER, MeshControl, MeshHeader

SHORT, EXTENDED = b"\x01\x00", bytes(range(8))

VECTORS = {  # OpenThread tests/unit/test_lowpan.cpp; the last two by hand from RFC 4944 §5.2
    "b1 0100 0200": MeshHeader(MeshControl(True, True, 1), None, b"\x01\x00", b"\x02\x00"),
    "bf 20 0100 0200": MeshHeader(MeshControl(True, True, 15), 32, b"\x01\x00", b"\x02\x00"),
    "bf 01 0100 0200": MeshHeader(MeshControl(True, True, 15), 1, b"\x01\x00", b"\x02\x00"),
    "94 0001020304050607 0100": MeshHeader(MeshControl(False, True, 4), None, EXTENDED, SHORT),
    "a0 0100 0001020304050607": MeshHeader(MeshControl(True, False, 0), None, SHORT, EXTENDED),
}


@pytest.mark.parametrize(("octets", "header"), VECTORS.items())
def test_vector(octets: str, header: MeshHeader) -> None:
    assert MESH_HEADER.encode(header) == bytes.fromhex(octets)
    assert MESH_HEADER.decode(bytes.fromhex(octets)) == header


@pytest.mark.parametrize("octets", VECTORS)
def test_every_cut_is_malformed(octets: str) -> None:
    whole = bytes.fromhex(octets)
    for size in range(len(whole)):
        with pytest.raises(MalformedFrame):
            MESH_HEADER.decode_prefix(whole[:size])


@given(st.binary(max_size=20))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    try:
        header, used = MESH_HEADER.decode_prefix(octets)
    except MalformedFrame:
        return
    assert MESH_HEADER.encode(header) == octets[:used]


ADDRESSES = st.binary(min_size=2, max_size=2) | st.binary(min_size=8, max_size=8)


@given(ADDRESSES, ADDRESSES, st.integers(0, 255))
def test_shortest_header_between_addresses(source: bytes, destination: bytes, hops: int) -> None:
    header = MeshHeader.between(source, destination, hops)
    octets = MESH_HEADER.encode(header)
    assert len(octets) == 1 + (hops > 14) + len(source) + len(destination)
    assert MESH_HEADER.decode(octets) == header
    assert header.hops_left == hops


def test_hops_of_openthread() -> None:
    assert MESH_HEADER.encode(MeshHeader.between(SHORT, SHORT, 19)).hex() == "bf1301000100"


@pytest.mark.parametrize(
    ("source", "destination", "hops"),
    [(b"", SHORT, 1), (SHORT, b"1", 1), (SHORT, SHORT, 256), (SHORT, SHORT, -1)],
)
def test_no_header_between(source: bytes, destination: bytes, hops: int) -> None:
    with pytest.raises(FieldOutOfRange):
        MeshHeader.between(source, destination, hops)


UNFIT = [
    MeshHeader(MeshControl(True, True, 3), 3, SHORT, SHORT),
    MeshHeader(MeshControl(True, True, 15), None, SHORT, SHORT),
    MeshHeader(MeshControl(True, True, 15), 256, SHORT, SHORT),
    MeshHeader(MeshControl(True, True, 16), None, SHORT, SHORT),
    MeshHeader(MeshControl(True, True, 1), None, EXTENDED, SHORT),
]


@pytest.mark.parametrize("header", UNFIT)
def test_unfit_headers_are_refused(header: MeshHeader) -> None:
    with pytest.raises(FieldOutOfRange):
        MESH_HEADER.encode(header)


def test_broadcast_header() -> None:
    assert BROADCAST_HEADER.decode(b"\x50\x2a") == BroadcastHeader(42)
    assert BROADCAST_HEADER.encode(BroadcastHeader(42)) == b"\x50\x2a"
    for octets in (b"", b"\x50", b"\x51\x2a", b"\x50\x2a\x00"):
        with pytest.raises(MalformedFrame):
            BROADCAST_HEADER.decode(octets)
    with pytest.raises(FieldOutOfRange):
        BROADCAST_HEADER.encode(BroadcastHeader(256))
