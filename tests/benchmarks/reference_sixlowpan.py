"""6LoWPAN headers decoded by hand: the yardstick for the codecs compiled from their schemas.

Mesh header, fragmentation header, IPHC with complete addresses, and UDP behind it; no other
compressed next header.  Written to be as fast as a person would still write it, with the checks of
the schemas: the two octets of an IPHC alone decide what stands in line, so that a table, filled as
headers come, leads from their number to its shape.
"""

from collections.abc import Mapping
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is a class
from typing import NamedTuple

from lowpan.wire.addresses import (
    LINK_LOCAL_PREFIX,
    SHORT_IID_PREFIX,
    UNSPECIFIED,
    Context,
    Surroundings,
)
from lowpan.wire.fragment import FragmentHeader
from lowpan.wire.iphc import Iphc
from lowpan.wire.mesh_header import MeshHeader
from lowpan.wire.nhc import CompressedHeaders, UdpNhc
from tests.benchmarks.sixlowpan_shapes import MESH_CONTROLS, SHAPES, UDP_CONTROLS, malformed

_LINK_LOCAL_SHORT = LINK_LOCAL_PREFIX + SHORT_IID_PREFIX
_MULTICAST_8 = b"\xff\x02" + bytes(13)
_ZEROS_9, _ZEROS_11 = bytes(9), bytes(11)
_GET_PORTS_AND_CHECKSUM = Struct(">HHH").unpack_from
_GET_PORT, _GET_PORT_THEN_OCTET = Struct(">H").unpack_from, Struct(">HBH").unpack_from
_GET_OCTET_THEN_PORT, _GET_NIBBLES = Struct(">BHH").unpack_from, Struct(">BH").unpack_from
_GET_FRAGMENT = Struct(">HH").unpack_from


def decode_compressed_headers_by_hand(  # noqa: PLR0912, PLR0915 - a call costs time
    octets: bytes, surroundings: Surroundings
) -> tuple[CompressedHeaders, int]:
    """Do what COMPRESSED_HEADERS.decode_prefix() does, without other next headers than UDP."""
    try:
        shape = SHAPES[octets[0] << 8 | octets[1]]
    except IndexError:
        raise malformed("cut short", len(octets)) from None
    control, _, cid, tf, nh, hop_limit, from_mode, to_mode, size = shape
    if len(octets) < size:
        raise malformed("cut short", len(octets))
    at, sci, dci = 2, 0, 0
    if cid:
        sci, dci, at = octets[2] >> 4, octets[2] & 15, 3
    traffic_class = flow_label = reserved = 0
    if tf != 3:
        traffic_class, flow_label, reserved, at = _traffic(octets, at, tf)
    next_header = None
    if not nh:
        next_header = octets[at]
        at += 1
    if not hop_limit:
        hop_limit = octets[at]
        at += 1
    # addresses, the usual modes first; here they stand in line, for a call would cost as much
    if from_mode == 7:
        context, iid = surroundings.contexts.get(sci), surroundings.source_iid
        if context is None or context.length > 64 or not iid:
            source = _rarely(context, iid)
        else:
            source = context.network + iid
    elif from_mode == 3:
        iid = surroundings.source_iid
        if not iid:
            raise malformed("no address to complete it from", at)
        source = LINK_LOCAL_PREFIX + iid
    else:
        source, at = _unicast(octets, at, from_mode, surroundings.contexts.get(sci))
    if to_mode == 7:
        context, iid = surroundings.contexts.get(dci), surroundings.destination_iid
        if context is None or context.length > 64 or not iid:
            destination = _rarely(context, iid)
        else:
            destination = context.network + iid
    elif to_mode == 11:
        destination = _MULTICAST_8 + octets[at : at + 1]
        at += 1
    elif to_mode == 3:
        iid = surroundings.destination_iid
        if not iid:
            raise malformed("no address to complete it from", at)
        destination = LINK_LOCAL_PREFIX + iid
    elif to_mode < 8:
        destination, at = _unicast(octets, at, to_mode, surroundings.contexts.get(dci))
    else:
        destination, at = _multicast(octets, at, to_mode, surroundings.contexts.get(dci))
    iphc = Iphc(
        control,
        sci,
        dci,
        traffic_class,
        flow_label,
        next_header,
        hop_limit,
        source,
        destination,
        reserved,
    )
    if not nh:
        return CompressedHeaders(iphc, ()), at
    udp, at = _decode_udp(octets, at)
    return CompressedHeaders(iphc, (udp,)), at


def _traffic(octets: bytes, at: int, tf: int) -> tuple[int, int, int, int]:
    """Return traffic class, flow label, reserved bits and where they end."""
    first = octets[at]
    if tf == 2:
        return (first & 63) << 2 | first >> 6, 0, 0, at + 1
    if tf == 1:
        label = (first & 15) << 16 | octets[at + 1] << 8 | octets[at + 2]
        return first >> 6, label, first >> 4 & 3, at + 3
    second = octets[at + 1]
    label = (second & 15) << 16 | octets[at + 2] << 8 | octets[at + 3]
    return (first & 63) << 2 | first >> 6, label, second >> 4, at + 4


def _unicast(  # noqa: PLR0911
    octets: bytes, at: int, mode: int, context: Context | None
) -> tuple[bytes, int]:
    """Return an address of which something is in line, and where that ends."""
    if mode == 5:
        end = at + 8
        if context is None:
            raise malformed("context not known", at)
        if context.length <= 64:
            return context.network + octets[at:end], end
        return context.complete(octets[at:end]), end
    if mode == 6:
        end = at + 2
        if context is None:
            raise malformed("context not known", at)
        if context.length <= 64:
            return context.network + SHORT_IID_PREFIX + octets[at:end], end
        return context.complete(SHORT_IID_PREFIX + octets[at:end]), end
    if mode == 0:
        end = at + 16
        return octets[at:end], end
    if mode == 1:
        end = at + 8
        return LINK_LOCAL_PREFIX + octets[at:end], end
    if mode == 2:
        end = at + 2
        return _LINK_LOCAL_SHORT + octets[at:end], end
    if mode == 4:  # of a source; for a destination it is reserved
        return UNSPECIFIED, at
    raise malformed("reserved destination address mode", at)


def _multicast(octets: bytes, at: int, mode: int, context: Context | None) -> tuple[bytes, int]:
    if mode == 10:
        return b"\xff" + octets[at : at + 1] + _ZEROS_11 + octets[at + 1 : at + 4], at + 4
    if mode == 9:
        return b"\xff" + octets[at : at + 1] + _ZEROS_9 + octets[at + 1 : at + 6], at + 6
    if mode == 8:
        return octets[at : at + 16], at + 16
    if context is None or context.length > 64:
        raise malformed("no context for this multicast address", at)
    prefix = bytes((context.length,)) + context.network
    return b"\xff" + octets[at : at + 2] + prefix + octets[at + 2 : at + 6], at + 6


def _rarely(context: Context | None, iid: bytes) -> bytes:
    """Return an elided address of a long context, or refuse it."""
    if context is None:
        raise malformed("context not known", 2)
    if not iid and context.length < 128:
        raise malformed("no address to complete it from", 2)
    return context.complete(iid or bytes(8))


def _decode_udp(octets: bytes, at: int) -> tuple[UdpNhc, int]:
    try:
        first = octets[at]
        if first == 0xF3:
            ports, checksum = _GET_NIBBLES(octets, at + 1)
            source, destination = 0xF0B0 | ports >> 4, 0xF0B0 | ports & 15
            return UdpNhc(UDP_CONTROLS[3], source, destination, checksum), at + 4
        if first == 0xF0:
            source, destination, checksum = _GET_PORTS_AND_CHECKSUM(octets, at + 1)
            return UdpNhc(UDP_CONTROLS[0], source, destination, checksum), at + 7
        if first == 0xF1:
            source, octet, checksum = _GET_PORT_THEN_OCTET(octets, at + 1)
            return UdpNhc(UDP_CONTROLS[1], source, 0xF000 | octet, checksum), at + 6
        if first == 0xF2:
            octet, destination, checksum = _GET_OCTET_THEN_PORT(octets, at + 1)
            return UdpNhc(UDP_CONTROLS[2], 0xF000 | octet, destination, checksum), at + 6
        return _decode_udp_without_checksum(octets, at)
    except (IndexError, StructError):
        raise malformed("cut short", len(octets)) from None


def _decode_udp_without_checksum(octets: bytes, at: int) -> tuple[UdpNhc, int]:
    first = octets[at]
    if first >> 3 != 0b11110:
        raise malformed("no compressed UDP header", at)
    control, ports = UDP_CONTROLS[first & 7], octets[at + 1]
    if first == 0xF7:
        return UdpNhc(control, 0xF0B0 | ports >> 4, 0xF0B0 | ports & 15, None), at + 2
    (port,) = _GET_PORT(octets, at + 1 + (first == 0xF6))
    if first == 0xF6:
        return UdpNhc(control, 0xF000 | ports, port, None), at + 4
    if first == 0xF5:
        return UdpNhc(control, port, 0xF000 | octets[at + 3], None), at + 4
    (destination,) = _GET_PORT(octets, at + 3)
    return UdpNhc(control, port, destination, None), at + 5


def decode_mesh_header_by_hand(octets: bytes) -> tuple[MeshHeader, int]:
    """Do what MESH_HEADER.decode_prefix() does."""
    try:
        first = octets[0]
        if first >> 6 != 0b10:
            raise malformed("no mesh header", 0)
        control, deep, at = MESH_CONTROLS[first & 63], None, 1
        if first & 15 == 15:
            deep, at = octets[1], 2
    except IndexError:
        raise malformed("cut short", len(octets)) from None
    middle = at + (2 if first & 0x20 else 8)
    end = middle + (2 if first & 0x10 else 8)
    if len(octets) < end:
        raise malformed("cut short", len(octets))
    return MeshHeader(control, deep, octets[at:middle], octets[middle:end]), end


def decode_fragment_header_by_hand(octets: bytes) -> tuple[FragmentHeader, int]:
    """Do what FRAGMENT_HEADER.decode_prefix() does."""
    try:
        word, tag = _GET_FRAGMENT(octets)
        if word >> 11 == 0b11000:
            return FragmentHeader(word & 0x7FF, tag), 4
        if word >> 11 == 0b11100:
            return FragmentHeader(word & 0x7FF, tag, octets[4] * 8), 5
    except (StructError, IndexError):
        raise malformed("cut short", len(octets)) from None
    raise malformed("no fragmentation header", 0)


# -- a whole payload


class Payload(NamedTuple):
    """What decode_by_hand() finds."""

    mesh: MeshHeader | None
    fragment: FragmentHeader | None
    headers: CompressedHeaders | None
    payload: bytes


def decode_by_hand(
    octets: bytes, source_iid: bytes, destination_iid: bytes, contexts: Mapping[int, Context]
) -> Payload:
    """Return the headers of a 6LoWPAN payload; identifiers are those of the frame's addresses.

    An IPHC must be what follows the mesh and fragmentation headers.
    """
    mesh = fragment = None
    if octets[0] >> 6 == 0b10:
        mesh, used = decode_mesh_header_by_hand(octets)
        octets = octets[used:]
        source_iid, destination_iid = _iid(mesh.originator), _iid(mesh.final_destination)
    if octets[0] >= 0xC0:
        fragment, used = decode_fragment_header_by_hand(octets)
        octets = octets[used:]
        if fragment.datagram_offset is not None:
            return Payload(mesh, fragment, None, octets)
    around = Surroundings(source_iid, destination_iid, contexts)
    headers, used = decode_compressed_headers_by_hand(octets, around)
    return Payload(mesh, fragment, headers, octets[used:])


def _iid(address: bytes) -> bytes:
    if len(address) == 2:
        return SHORT_IID_PREFIX + address
    return bytes((address[0] ^ 2,)) + address[1:]
