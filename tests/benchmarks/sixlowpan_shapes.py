"""What the octets that decide the shape of 6LoWPAN headers say, in tables of the yardstick."""

from typing import NamedTuple

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.iphc import IphcControl
from lowpan.wire.mesh_header import MeshControl
from lowpan.wire.nhc import UdpNhcControl

RESERVED = -1


class Shape(NamedTuple):
    """What two octets of IPHC say."""

    control: IphcControl
    head: bytes
    """Its two octets."""
    cid: bool
    tf: int
    nh: bool
    hop_limit: int
    """0 where it is in line."""
    source: int
    """SAC and SAM."""
    destination: int
    """M, DAC and DAM; RESERVED for those that have no meaning."""
    octets: int
    """All that stands in line, control and context identifiers included."""


_TRAFFIC_OCTETS = (4, 3, 1, 0)
_SOURCE_OCTETS = (16, 8, 2, 0, 0, 8, 2, 0)
_DESTINATION_OCTETS = (16, 8, 2, 0, 0, 8, 2, 0, 16, 6, 4, 1, 6, 0, 0, 0)
_RESERVED_MODES = {4, 13, 14, 15}


def _shape(number: int) -> Shape:
    tf, nh, hlim, cid = number >> 11 & 3, bool(number & 0x400), number >> 8 & 3, bool(number & 0x80)
    source, destination = number >> 4 & 7, number & 15
    control = IphcControl(
        *(tf, nh, hlim, cid, source > 3, source & 3),
        *(destination > 7, bool(destination & 4), destination & 3),
    )
    octets = 2 + cid + _TRAFFIC_OCTETS[tf] + (not nh) + (not hlim)
    octets += _SOURCE_OCTETS[source] + _DESTINATION_OCTETS[destination]
    destination = RESERVED if destination in _RESERVED_MODES else destination
    head = number.to_bytes(2, "big")
    return Shape(control, head, cid, tf, nh, (0, 1, 64, 255)[hlim], source, destination, octets)


class Shapes(dict[int, Shape]):
    """Number of an IPHC's first two octets -> its shape."""

    def __missing__(self, number: int) -> Shape:
        if number >> 13 != 0b011:
            raise MalformedFrame("not an IPHC", format="CompressedHeaders", offset=0)
        shape = self[number] = _shape(number)
        SHAPE_OF[id(shape.control)] = shape
        return shape


SHAPES = Shapes()
SHAPE_OF: dict[int, Shape] = {}
"""id() of each control that a shape holds, and so keeps -> that shape."""
UDP_CONTROLS = tuple(UdpNhcControl(bool(octet & 4), octet & 3) for octet in range(8))
UDP_NUMBERS = {id(control): 0xF0 | octet for octet, control in enumerate(UDP_CONTROLS)}
MESH_CONTROLS = tuple(
    MeshControl(bool(octet & 0x20), bool(octet & 0x10), octet & 15) for octet in range(64)
)
MESH_NUMBERS = {id(control): 0x80 | octet for octet, control in enumerate(MESH_CONTROLS)}


def malformed(reason: str, offset: int) -> MalformedFrame:
    return MalformedFrame(reason, format="CompressedHeaders", offset=offset)


def unfit(what: str) -> FieldOutOfRange:
    return FieldOutOfRange(what)
