"""Mesh addressing header: who sent a datagram over several hops, and to whom (RFC 4944 §5.2)."""

from dataclasses import dataclass

from construct import BitsInteger, BitStruct, Bytes, Const, Flag, IfThenElse, Int8ub, Struct, this

from lowpan.errors import FieldOutOfRange
from lowpan.schema import Layout, when

DEEP_HOPS = 15
"""Hops Left that says that an octet with the real number follows."""


@dataclass(frozen=True, slots=True)
class MeshControl:
    """First octet of the mesh header."""

    v: bool
    """Very first address (originator) is a short one; an extended one if not."""
    f: bool
    """Final destination is a short address; an extended one if not."""
    hops_left: int
    """0..14; 15: see the octet behind."""


@dataclass(slots=True)
class MeshHeader:
    """Mesh addressing header."""

    control: MeshControl
    deep_hops_left: int | None
    """0..255; None where the first octet says it."""
    originator: bytes
    """2 or 8 octets, first one first (unlike in the MAC header, also on the air)."""
    final_destination: bytes
    """2 or 8 octets."""

    @property
    def hops_left(self) -> int:
        """How often the datagram may still be forwarded, 0..255."""
        return self.control.hops_left if self.deep_hops_left is None else self.deep_hops_left

    @classmethod
    def between(cls, originator: bytes, final_destination: bytes, hops_left: int) -> "MeshHeader":
        """Return the shortest header for these addresses; raise FieldOutOfRange."""
        if not {len(originator), len(final_destination)} <= {2, 8} or not 0 <= hops_left <= 255:
            raise FieldOutOfRange(f"no mesh header for {hops_left} hops between such addresses")
        deep = hops_left >= DEEP_HOPS
        short = len(originator) == 2, len(final_destination) == 2
        control = MeshControl(*short, DEEP_HOPS if deep else hops_left)
        return cls(control, hops_left if deep else None, originator, final_destination)


MESH_CONTROL = Layout(
    MeshControl,
    BitStruct(
        "dispatch" / Const(0b10, BitsInteger(2)),
        "v" / Flag,
        "f" / Flag,
        "hops_left" / BitsInteger(4),
    ),
)

MESH_HEADER = Layout(
    MeshHeader,
    Struct(
        "control" / MESH_CONTROL,
        "deep_hops_left" / when(this.control.hops_left == DEEP_HOPS, Int8ub),
        "originator" / IfThenElse(this.control.v, Bytes(2), Bytes(8)),
        "final_destination" / IfThenElse(this.control.f, Bytes(2), Bytes(8)),
    ),
)
