"""What a Store keeps of an established neighbour: who it is, not how well we heard it.

How long we were off is unknown, so qualities are measured anew.
"""

from dataclasses import dataclass

from construct import BitsInteger, BitStruct, Bytes, Const, Flag, Int8ub, Int64ub, Struct

from lowpan.errors import MalformedFrame, StoreError
from lowpan.mesh.neighbour import Neighbour
from lowpan.schema import IfRoom, Layout

PREFIX = "neighbour/"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class RecordFlags:
    """What is true of the neighbour or not."""

    pinned: bool
    reserved: int = 0


RECORD_FLAGS = Layout(RecordFlags, BitStruct("reserved" / BitsInteger(7), "pinned" / Flag))


@dataclass(frozen=True, slots=True)
class NeighbourRecord:
    """An established neighbour; the name of the record is its extended address."""

    flags: RecordFlags
    fresh_for: int
    """Microseconds, as in Neighbour."""
    timeout: int
    """Microseconds, as in Neighbour."""
    short_address: bytes | None = None


NEIGHBOUR_RECORD = Layout(
    NeighbourRecord,
    Struct(
        "version" / Const(_VERSION, Int8ub),
        "flags" / RECORD_FLAGS,
        "fresh_for" / Int64ub,
        "timeout" / Int64ub,
        "short_address" / IfRoom(Bytes(2)),
    ),
)


def octets_of(neighbour: Neighbour) -> bytes:
    """Return what to keep of `neighbour`."""
    record = NeighbourRecord(
        RecordFlags(neighbour.pinned),
        neighbour.fresh_for,
        neighbour.timeout,
        neighbour.short_address,
    )
    return NEIGHBOUR_RECORD.encode(record)


def name_of(extended_address: bytes) -> str:
    """Return the name that a neighbour is stored under."""
    return PREFIX + extended_address.hex()


def address_of(name: str) -> bytes:
    """Return the extended address in `name`; raise StoreError if there is none."""
    try:
        address = bytes.fromhex(name.removeprefix(PREFIX))
    except ValueError:
        address = b""
    if len(address) != 8:
        raise StoreError(f"{name} names no extended address: not from here")
    return address


def record_of(name: str, octets: bytes) -> NeighbourRecord:
    """Return what `octets` say; raise StoreError if they are not from here."""
    try:
        return NEIGHBOUR_RECORD.decode(octets)
    except MalformedFrame as error:
        raise StoreError(f"{name} cannot be read: {error}", f"remove {name}") from error
