"""Which Layout a value came from, and how many octets it takes."""

from functools import cache
from types import ModuleType
from typing import Any

from lowpan.capture.formats import DECIMAL, computed
from lowpan.errors import FieldOutOfRange
from lowpan.schema import Layout
from lowpan.wire import (
    beacon,
    broadcast_header,
    dataset,
    fragment,
    header_ies,
    icmpv6,
    ieee802154,
    information_elements,
    ipv6,
    link_metrics,
    mac_command,
    mesh_header,
    meshcop,
    mle,
    mle_draft,
    mle_tlvs,
    multipurpose,
    nd_options,
    neighbour_discovery,
    network_data,
    nhc,
    payload_ies,
    route64,
    security_header,
    udp,
)

_MODULES: tuple[ModuleType, ...] = (
    *(ieee802154, multipurpose, security_header, header_ies, payload_ies, information_elements),
    *(beacon, mac_command, mesh_header, broadcast_header, fragment, nhc, ipv6, udp),
    *(icmpv6, neighbour_discovery, nd_options, mle_draft, mle_tlvs, route64, network_data),
    *(meshcop, dataset, link_metrics, mle),
)


@cache
def layouts() -> dict[Any, Layout[Any]]:
    """Return the Layout of each class of values."""
    constants = (constant for module in _MODULES for constant in vars(module).values())
    found: list[Layout[Any]] = [item for item in constants if isinstance(item, Layout)]
    return {layout.value_type: layout for layout in found}


def octets_of(value: Any) -> int | None:
    """Return how many octets `value` takes; None where only its surroundings can tell."""
    kind: Any = value.__class__
    if issubclass(kind, bytes):
        return len(value)
    if kind is tuple:
        sizes = [octets_of(item) for item in value]
        return None if None in sizes else sum(size for size in sizes if size is not None)
    layout = layouts().get(kind)
    if layout is None:
        return None
    try:
        return len(layout.encode(value))
    except FieldOutOfRange:  # an address that a context completed, say
        return None


LENGTH = computed(DECIMAL, octets_of)
"""Format of a value whose octets are counted."""
