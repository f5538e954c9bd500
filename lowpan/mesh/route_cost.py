"""Costs of links and of the ways over them, from link qualities (Thread)."""

from lowpan.errors import FieldOutOfRange

INFINITE_COST = 16
"""Of a way that leads nowhere."""

_LINK_COSTS = (INFINITE_COST, 4, 2, 1)
"""By two-way link quality."""

OWN_COST = 1
"""In a router's entry for itself in Route64."""


def two_way_quality(incoming: int, outgoing: int) -> int:
    """Return what a link is worth for frames that are to be acknowledged: its worse direction.

    So what a neighbour claims of one direction never makes a link better than we find the other.
    """
    return min(incoming, outgoing)


def link_cost(two_way: int) -> int:
    """Return the cost of a link whose two-way quality is 0..3: 16, 4, 2 or 1."""
    if not 0 <= two_way < len(_LINK_COSTS):
        raise FieldOutOfRange(f"link quality {two_way} is not within 0..3")
    return _LINK_COSTS[two_way]


def path_cost(link: int, advertised: int) -> int:
    """Return the cost of a way: of the link to a neighbour, and from there as it advertises."""
    return min(link + advertised, INFINITE_COST)


def advertised_cost(cost: int) -> int:
    """Return the number that stands for `cost` in Route64: 1..15 for itself, 0 for infinite."""
    return cost if 0 < cost < INFINITE_COST else 0


def cost_of_advertised(cost: int) -> int:
    """Return the cost of a way that a neighbour advertises as 0..15 in Route64."""
    return cost or INFINITE_COST
