"""Broadcast header BC0: recognises a datagram flooded in the mesh (RFC 4944 §11.1)."""

from dataclasses import dataclass

from construct import Const, Int8ub, Struct

from lowpan.schema import Layout

LOWPAN_BC0 = 0x50


@dataclass(slots=True)
class BroadcastHeader:
    """Broadcast header."""

    sequence_number: int
    """The originator counts its broadcasts with it, 0..255."""


BROADCAST_HEADER = Layout(
    BroadcastHeader,
    Struct("dispatch" / Const(LOWPAN_BC0, Int8ub), "sequence_number" / Int8ub),
)
