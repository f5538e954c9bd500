"""6LoWPAN headers encoded by hand: the other half of the yardstick."""

from struct import Struct
from struct import error as StructError  # noqa: N812 - it is a class

from lowpan.errors import FieldOutOfRange
from lowpan.wire.addresses import (
    LINK_LOCAL_PREFIX,
    SHORT_IID_PREFIX,
    UNSPECIFIED,
    Context,
    Surroundings,
)
from lowpan.wire.fragment import FragmentHeader
from lowpan.wire.iphc import Iphc, IphcControl
from lowpan.wire.mesh_header import MeshControl, MeshHeader
from lowpan.wire.nhc import CompressedHeaders, UdpNhc, UdpNhcControl
from tests.benchmarks.sixlowpan_shapes import (
    MESH_NUMBERS,
    SHAPE_OF,
    SHAPES,
    UDP_NUMBERS,
    Shape,
    unfit,
)

_LINK_LOCAL_SHORT = LINK_LOCAL_PREFIX + SHORT_IID_PREFIX
_MULTICAST_8 = b"\xff\x02" + bytes(13)
_ZEROS_9, _ZEROS_11 = bytes(9), bytes(11)
_PUT_U16 = Struct(">H").pack
_PUT_PORTS, _PUT_PORT_THEN_OCTET = Struct(">BHHH").pack, Struct(">BHBH").pack
_PUT_OCTET_THEN_PORT, _PUT_NIBBLES = Struct(">BBHH").pack, Struct(">BBH").pack
_PUT_FRAG1, _PUT_FRAGN = Struct(">HH").pack, Struct(">HHB").pack


def encode_compressed_headers_by_hand(  # noqa: PLR0912 - a call costs time
    headers: CompressedHeaders, surroundings: Surroundings
) -> bytes:
    """Do what COMPRESSED_HEADERS.encode() does, without other next headers than UDP."""
    iphc, chain = headers.iphc, headers.next_headers
    shape = SHAPE_OF.get(id(iphc.control)) or _shape_like(iphc.control)
    _, out, cid, tf, nh, hop_limit, from_mode, to_mode, _ = shape
    sci, dci = iphc.source_context, iphc.destination_context
    if cid:
        if sci >> 4 or dci >> 4:
            raise unfit("context identifier")
        out += bytes((sci << 4 | dci,))
    elif sci or dci:
        raise unfit("context identifier")
    if tf != 3:
        out += _put_traffic(iphc, tf)
    elif iphc.traffic_class or iphc.flow_label or iphc.reserved:
        raise unfit("traffic class or flow label")
    if nh:
        if iphc.next_header is not None:
            raise unfit("next header")
    else:
        out += _octet(iphc.next_header)
    if not hop_limit:
        out += _octet(iphc.hop_limit)
    elif iphc.hop_limit != hop_limit:
        raise unfit("hop limit")
    source, destination = iphc.source, iphc.destination
    if len(source) != 16 or len(destination) != 16:
        raise unfit("address")
    iid, context = surroundings.source_iid, surroundings.contexts.get(sci)
    if from_mode != 7 or context is None or source != context.network + iid or context.length > 64:
        out += _put_unicast(source, from_mode, context, iid)
    iid, context = surroundings.destination_iid, surroundings.contexts.get(dci)
    if to_mode > 7:
        out += _put_multicast(destination, to_mode, context)
    elif (
        to_mode != 7
        or context is None
        or destination != context.network + iid
        or context.length > 64
    ):
        out += _put_unicast(destination, to_mode, context, iid)
    if not nh and not chain:
        return out
    if not nh or len(chain) != 1:
        raise unfit("next header")
    return out + _put_udp(chain[0])


def _shape_like(control: IphcControl) -> Shape:
    """Return the shape of a control that no shape holds."""
    bits = (
        *((3, 3), (control.tf, 2), (control.nh, 1), (control.hlim, 2), (control.cid, 1)),
        *((control.sac, 1), (control.sam, 2), (control.m, 1), (control.dac, 1), (control.dam, 2)),
    )
    number = 0
    for part, width in bits:
        if part >> width:
            raise unfit("control")
        number = number << width | part
    return SHAPES[number]


def _octet(number: int | None) -> bytes:
    try:
        return bytes((number,))  # type: ignore[arg-type]  # pyright: ignore
    except (TypeError, ValueError):
        raise unfit("octet") from None


def _put_traffic(iphc: Iphc, tf: int) -> bytes:
    traffic_class, label, reserved = iphc.traffic_class, iphc.flow_label, iphc.reserved
    if traffic_class >> 8 or label >> 20 or reserved >> 4:
        raise unfit("traffic class or flow label")
    rotated = (traffic_class & 3) << 6 | traffic_class >> 2
    if tf == 1:
        if traffic_class > 3 or reserved > 3:
            raise unfit("traffic class")
        return (traffic_class << 22 | reserved << 20 | label).to_bytes(3, "big")
    if tf == 2:
        if label or reserved:
            raise unfit("flow label")
        return bytes((rotated,))
    return (rotated << 24 | reserved << 20 | label).to_bytes(4, "big")


def _put_unicast(  # noqa: PLR0911, PLR0912
    address: bytes, mode: int, context: Context | None, iid: bytes
) -> bytes:
    """Return what goes in line of an address, if the rest would come back."""
    if mode == 5 and context is not None:
        inline = address[8:]
        if address == context.network + inline or address == context.complete(inline):
            return inline
    elif mode == 6 and context is not None:
        inline = address[14:]
        if address == context.complete(SHORT_IID_PREFIX + inline):
            return inline
    elif mode == 0:
        return address
    elif mode == 3 and iid:
        if address == LINK_LOCAL_PREFIX + iid:
            return b""
    elif mode == 1:
        if address.startswith(LINK_LOCAL_PREFIX):
            return address[8:]
    elif mode == 2:
        if address.startswith(_LINK_LOCAL_SHORT):
            return address[14:]
    elif mode == 4:
        if address == UNSPECIFIED:
            return b""
    elif mode == 7 and context is not None and _elidable(address, context, iid):
        return b""
    raise unfit("address")


def _elidable(address: bytes, context: Context, iid: bytes) -> bool:
    """Tell whether a long context and an identifier make the address."""
    return bool(iid or context.length == 128) and address == context.complete(iid or bytes(8))


def _put_multicast(address: bytes, mode: int, context: Context | None) -> bytes:
    if mode == 11 and address.startswith(_MULTICAST_8):
        return address[15:]
    if mode == 8:
        return address
    if address[0] == 0xFF:
        if mode == 10 and address[2:13] == _ZEROS_11:
            return address[1:2] + address[13:]
        if mode == 9 and address[2:11] == _ZEROS_9:
            return address[1:2] + address[11:]
        if mode == 12 and context is not None and context.length <= 64:
            made = bytes((context.length,)) + context.network
            return _same(address[3:12], made, address[1:3] + address[12:])
    raise unfit("multicast address")


def _same(found: bytes, made: bytes, inline: bytes) -> bytes:
    if found != made:
        raise unfit("multicast address")
    return inline


def _put_udp(header: object) -> bytes:
    if type(header) is not UdpNhc:
        raise unfit("next header")
    first = UDP_NUMBERS.get(id(header.control)) or _udp_number(header.control)
    source, destination, checksum = header.source_port, header.destination_port, header.checksum
    try:
        if checksum is None:
            return _put_udp_without_checksum(first, source, destination)
        if first == 0xF3 and source >> 4 == destination >> 4 == 0xF0B:
            return _PUT_NIBBLES(0xF3, (source & 15) << 4 | destination & 15, checksum)
        if first == 0xF0:
            return _PUT_PORTS(0xF0, source, destination, checksum)
        if first == 0xF1 and destination >> 8 == 0xF0:
            return _PUT_PORT_THEN_OCTET(0xF1, source, destination & 0xFF, checksum)
        if first == 0xF2 and source >> 8 == 0xF0:
            return _PUT_OCTET_THEN_PORT(0xF2, source & 0xFF, destination, checksum)
    except StructError as error:
        raise FieldOutOfRange(str(error)) from error
    raise unfit("UDP header")


def _udp_number(control: UdpNhcControl) -> int:
    if control.p >> 2:
        raise unfit("control")
    return 0xF0 | control.c << 2 | control.p


def _put_udp_without_checksum(first: int, source: int, destination: int) -> bytes:
    if first == 0xF4:
        return bytes((first,)) + _PUT_U16(source) + _PUT_U16(destination)
    if first == 0xF5 and destination >> 8 == 0xF0:
        return bytes((first,)) + _PUT_U16(source) + bytes((destination & 0xFF,))
    if first == 0xF6 and source >> 8 == 0xF0:
        return bytes((first, source & 0xFF)) + _PUT_U16(destination)
    if first == 0xF7 and source >> 4 == destination >> 4 == 0xF0B:
        return bytes((first, (source & 15) << 4 | destination & 15))
    raise unfit("UDP header")


def encode_mesh_header_by_hand(header: MeshHeader) -> bytes:
    """Do what MESH_HEADER.encode() does."""
    control, deep = header.control, header.deep_hops_left
    first = MESH_NUMBERS.get(id(control)) or _mesh_number(control)
    source, destination = header.originator, header.final_destination
    if len(source) != (2 if first & 0x20 else 8) or len(destination) != (2 if first & 0x10 else 8):
        raise unfit("address")
    if first & 15 != 15:
        if deep is not None:
            raise unfit("hops left")
        return bytes((first,)) + source + destination
    return bytes((first,)) + _octet(deep) + source + destination


def _mesh_number(control: MeshControl) -> int:
    if control.hops_left >> 4:
        raise unfit("hops left")
    return 0x80 | control.v << 5 | control.f << 4 | control.hops_left


def encode_fragment_header_by_hand(header: FragmentHeader) -> bytes:
    """Do what FRAGMENT_HEADER.encode() does."""
    size, offset = header.datagram_size, header.datagram_offset
    if size >> 11:
        raise unfit("datagram size")
    try:
        if offset is None:
            return _PUT_FRAG1(0xC000 | size, header.datagram_tag)
        if offset & 7:
            raise unfit("datagram offset")
        return _PUT_FRAGN(0xE000 | size, header.datagram_tag, offset >> 3)
    except StructError as error:
        raise FieldOutOfRange(str(error)) from error
