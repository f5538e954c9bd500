"""Route64 and Connectivity: what a Thread router says of its links."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from construct import BitsInteger, BitStruct, Int8ub, Int16ub, Int64ub, Struct, this

from lowpan.schema import Derived, IfRoom, Layout, Run

MAX_ROUTERS = 32
"""Routers of one partition; a TLV that lists more is malformed."""


@dataclass(frozen=True, slots=True)
class Route:
    """Link to one router and cost of the way to it, as the sender sees them."""

    link_quality_out: int
    """0 (no link) .. 3 (best)."""
    link_quality_in: int
    """0 (no link) .. 3 (best)."""
    cost: int
    """1..15; 0 stands for infinite, but in the sender's own entry cost is 1."""


ROUTE = Layout(
    Route,
    BitStruct(
        "link_quality_out" / BitsInteger(2),
        "link_quality_in" / BitsInteger(2),
        "cost" / BitsInteger(4),
    ),
)


@dataclass(slots=True)
class Route64:
    """The sender's view of every router of the partition."""

    id_sequence: int
    """Number of the set of router ids, 0..255, compared by serial arithmetic."""
    router_ids: tuple[int, ...]
    """Router ids in use, ascending, 0..62."""
    routes: tuple[Route, ...]
    """One for each router id, in the same order."""

    def by_router_id(self) -> dict[int, Route]:
        """Return the route to each router."""
        return dict(zip(self.router_ids, self.routes, strict=True))


@lru_cache(maxsize=256)  # routers come and go seldom
def _ids_of_mask(mask: int, surroundings: Any) -> tuple[int, ...]:
    return tuple(number for number in range(64) if mask >> (63 - number) & 1)


def _mask_of_ids(router_ids: Sequence[int], surroundings: Any) -> int:
    if list(router_ids) != sorted({number for number in router_ids if 0 <= number < 64}):
        raise ValueError("router ids do not ascend within 0..63")
    return sum(1 << (63 - number) for number in router_ids)


def _one_each(routes: Any, surroundings: Any, router_ids: Sequence[int]) -> Any:
    if len(router_ids) > MAX_ROUTERS:
        raise ValueError(f"{len(router_ids)} routers, {MAX_ROUTERS} at most")
    if len(routes) != len(router_ids):
        raise ValueError(f"{len(routes)} routes for {len(router_ids)} router ids")
    return routes


ROUTE64 = Layout(
    Route64,
    Struct(
        "id_sequence" / Int8ub,
        "router_ids" / Derived(Int64ub, _ids_of_mask, _mask_of_ids),
        "routes" / Derived(Run(ROUTE), _one_each, _one_each, this.router_ids),
    ),
)


@dataclass(frozen=True, slots=True)
class ParentPriority:
    """First octet of Connectivity."""

    parent_priority: int
    """1 high, 0 medium, -1 low; -2 is reserved."""
    reserved: int = 0


PARENT_PRIORITY = Layout(
    ParentPriority,
    BitStruct("parent_priority" / BitsInteger(2, signed=True), "reserved" / BitsInteger(6)),
)


@dataclass(frozen=True, slots=True)
class SedBuffering:
    """What a parent can hold for each sleeping child."""

    buffer_size: int = 1280
    """Octets."""
    datagram_count: int = 1


SED_BUFFERING = Layout(SedBuffering, Struct("buffer_size" / Int16ub, "datagram_count" / Int8ub))


@dataclass(frozen=True, slots=True)
class Connectivity:
    """How good a parent the sender would be."""

    control: ParentPriority
    link_quality_3: int
    """Neighbouring routers with which it has a link of this quality."""
    link_quality_2: int
    link_quality_1: int
    leader_cost: int
    id_sequence: int
    active_routers: int
    sed_buffering: SedBuffering | None = None
    """None in the form of 7 octets."""


CONNECTIVITY = Layout(
    Connectivity,
    Struct(
        "control" / PARENT_PRIORITY,
        "link_quality_3" / Int8ub,
        "link_quality_2" / Int8ub,
        "link_quality_1" / Int8ub,
        "leader_cost" / Int8ub,
        "id_sequence" / Int8ub,
        "active_routers" / Int8ub,
        "sed_buffering" / IfRoom(SED_BUFFERING),
    ),
)
