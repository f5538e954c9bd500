"""Routes that somebody wrote down: next hops of IPv6 destinations, and of link-layer addresses."""

from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, IPv6Network

from lowpan.adaptation.mesh_under import MeshRoute
from lowpan.errors import FieldOutOfRange

IpRoute = Callable[[bytes], bytes | None]
"""From an IPv6 destination, 16 octets, to the address of a neighbour on the way there, link-local
as a rule; None: as prefixes on the link and default routers have it."""


class StaticRoutes:
    """Next hops by prefix; the longest one that fits a destination decides.

    Lookups take as many steps as there are lengths of prefixes, however many prefixes there are.
    """

    def __init__(self, next_hops: Mapping[IPv6Network, IPv6Address]) -> None:
        """Raise FieldOutOfRange for groups, which are no next hop."""
        self._by_length: dict[int, dict[int, bytes]] = {}
        for prefix in sorted(next_hops, key=lambda prefix: prefix.prefixlen, reverse=True):
            if next_hops[prefix].is_multicast:
                raise FieldOutOfRange(f"{next_hops[prefix]} is no neighbour")
            of_length = self._by_length.setdefault(prefix.prefixlen, {})
            bits = int(prefix.network_address) >> 128 - prefix.prefixlen
            of_length[bits] = next_hops[prefix].packed

    def __call__(self, destination: bytes) -> bytes | None:
        """Return the next hop to `destination` (16 octets), None if there is no route."""
        number = int.from_bytes(destination, "big")
        for length, of_length in self._by_length.items():
            next_hop = of_length.get(number >> 128 - length)
            if next_hop is not None:
                return next_hop
        return None


def mesh_routes(next_hops: Mapping[bytes, bytes]) -> MeshRoute:
    """Return the route of a mesh where all that `next_hops` does not list are neighbours.

    Link-layer addresses of 2 or 8 octets: that of a final destination, and of the next hop to it.
    """
    listed = dict(next_hops)
    for address in (*listed, *listed.values()):
        if len(address) not in {2, 8}:
            raise FieldOutOfRange(f"a link-layer address of {len(address)} octets")
    return lambda final: listed.get(final, final)
