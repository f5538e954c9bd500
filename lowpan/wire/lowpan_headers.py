"""The headers of a 6LoWPAN payload, up to where IPv6 begins (RFC 4944 §5, RFC 6282 §2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.schema import Layout
from lowpan.wire.addresses import Context, Surroundings, iid_of
from lowpan.wire.broadcast_header import BROADCAST_HEADER, BroadcastHeader
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from lowpan.wire.mesh_header import MESH_HEADER, MeshHeader


class Dispatch(Enum):
    """What the first octet of a 6LoWPAN header says that it begins."""

    NALP = "not a LoWPAN frame"
    ESC = "extension type follows"
    IPV6 = "uncompressed IPv6 header"
    HC1 = "IPv6 header compressed by RFC 4944 §10"
    BC0 = "broadcast header"
    IPHC = "IPv6 header compressed by RFC 6282"
    MESH = "mesh addressing header"
    FRAG1 = "first fragment"
    FRAGN = "subsequent fragment"
    RFRAG = "recoverable fragment"
    RFRAG_ACK = "acknowledgment of recoverable fragments"
    PAGE = "paging dispatch"
    RESERVED = "reserved"


_RANGES = {
    Dispatch.NALP: range(0x40),
    Dispatch.ESC: range(0x40, 0x41),
    Dispatch.IPV6: range(0x41, 0x42),
    Dispatch.HC1: range(0x42, 0x43),
    Dispatch.BC0: range(0x50, 0x51),
    Dispatch.IPHC: range(0x60, 0x80),
    Dispatch.MESH: range(0x80, 0xC0),
    Dispatch.FRAG1: range(0xC0, 0xC8),
    Dispatch.FRAGN: range(0xE0, 0xE8),
    Dispatch.RFRAG: range(0xE8, 0xEA),
    Dispatch.RFRAG_ACK: range(0xEA, 0xEC),
    Dispatch.PAGE: range(0xF0, 0x100),
}
DISPATCH = tuple(
    next((kind for kind, octets in _RANGES.items() if octet in octets), Dispatch.RESERVED)
    for octet in range(256)
)
"""First octet of a header, on page 0 -> what it begins."""


@dataclass(slots=True)
class LowpanHeaders:
    """Headers before the IPv6 header, and what follows them."""

    mesh: MeshHeader | None
    broadcast: BroadcastHeader | None
    fragment: FragmentHeader | None
    dispatch: Dispatch | None
    """What `payload` is; None for the rest of a datagram behind FRAGN."""
    payload: bytes
    """From the dispatch octet on; but the bare datagram where it was IPV6."""

    def surroundings(
        self,
        source: bytes,
        destination: bytes,
        contexts: Mapping[int, Context],
        *,
        tunnel_from_link_layer: bool = False,
    ) -> Surroundings:
        """Return what completes the IPv6 header in a frame from `source` to `destination`.

        These are the MAC addresses, of 0, 2 or 8 octets; those of the mesh header go before.
        """
        mesh = self.mesh
        if mesh is not None:
            source, destination = mesh.originator, mesh.final_destination
        return Surroundings(iid_of(source), iid_of(destination), contexts, tunnel_from_link_layer)


def decode_lowpan_headers(octets: bytes) -> LowpanHeaders:
    """Return the headers at the start of a 6LoWPAN payload; raise MalformedFrame."""
    mesh, broadcast, fragment, at = None, None, None, 0
    dispatch = DISPATCH[octets[0]] if octets else None
    if dispatch is _IPHC:  # nothing before it, as most often
        return LowpanHeaders(None, None, None, dispatch, octets)
    if dispatch is _MESH:
        mesh, at = MESH_HEADER.decode_prefix(octets)
        dispatch = _dispatch_at(octets, at)
    if dispatch is _BC0:
        broadcast, at = _decode_at(BROADCAST_HEADER, octets, at)
        dispatch = _dispatch_at(octets, at)
    if dispatch is _FRAG1 or dispatch is _FRAGN:
        fragment, at = _decode_at(FRAGMENT_HEADER, octets, at)
        if dispatch is _FRAGN:
            return LowpanHeaders(mesh, broadcast, fragment, None, octets[at:])
        dispatch = _dispatch_at(octets, at)
    if dispatch is None:
        raise MalformedFrame("no dispatch", format="LowpanHeaders", offset=at)
    if dispatch is _IPV6:
        at += 1
    elif dispatch is not _IPHC and dispatch in _BEFORE_IPV6:
        reason = f"{dispatch.value} in a place where it must not stand"
        raise MalformedFrame(reason, format="LowpanHeaders", offset=at)
    return LowpanHeaders(mesh, broadcast, fragment, dispatch, octets[at:])


def encode_lowpan_headers(headers: LowpanHeaders) -> bytes:
    """Return the octets of `headers` and of the payload; raise FieldOutOfRange."""
    octets = b""
    if headers.mesh is not None:
        octets += MESH_HEADER.encode(headers.mesh)
    if headers.broadcast is not None:
        octets += BROADCAST_HEADER.encode(headers.broadcast)
    if headers.fragment is not None:
        octets += FRAGMENT_HEADER.encode(headers.fragment)
    payload = headers.payload
    if headers.dispatch is Dispatch.IPV6:
        payload = b"\x41" + payload
    subsequent = headers.fragment is not None and headers.fragment.datagram_offset is not None
    if headers.dispatch is not (None if subsequent or not payload else DISPATCH[payload[0]]):
        raise FieldOutOfRange(f"a payload that is not {headers.dispatch}")
    if headers.dispatch in _BEFORE_IPV6 or (headers.dispatch is None and not subsequent):
        raise FieldOutOfRange("a payload that no 6LoWPAN header announces")
    return octets + payload


_IPHC, _MESH, _BC0, _IPV6 = Dispatch.IPHC, Dispatch.MESH, Dispatch.BC0, Dispatch.IPV6
_FRAG1, _FRAGN = Dispatch.FRAG1, Dispatch.FRAGN
_BEFORE_IPV6 = {_MESH, _BC0, _FRAG1, _FRAGN}


def _dispatch_at(octets: bytes, at: int) -> Dispatch | None:
    return DISPATCH[octets[at]] if at < len(octets) else None


def _decode_at(layout: Layout[Any], octets: bytes, at: int) -> tuple[Any, int]:
    """Return the header at `at` and where it ends."""
    try:
        header, used = layout.decode_prefix(octets[at:] if at else octets)
    except MalformedFrame as error:
        raise error.shifted(at) from None
    return header, at + used
