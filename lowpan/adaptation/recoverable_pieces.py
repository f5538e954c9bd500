"""A compressed datagram cut into recoverable fragments (RFC 8931 §4.1, §5.1)."""

from typing import NamedTuple

from lowpan.adaptation.compress import compress_headers
from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.forwarding import Hop
from lowpan.errors import FieldOutOfRange
from lowpan.wire.addresses import Surroundings, iid_of
from lowpan.wire.ipv6 import MTU
from lowpan.wire.nhc import COMPRESSED_HEADERS
from lowpan.wire.recoverable_fragment import MOST_SEQUENCES, RFRAG_OCTETS

_SHORT_HOP_LIMITS = {1, 64, 255}
_HOP_LIMIT_AT = 7


class Pieces(NamedTuple):
    """The compressed form of a datagram, and where its fragments begin and end."""

    octets: bytes
    bounds: tuple[int, ...]
    """0, the end of each fragment but the last, the end; empty if one frame carries it whole."""

    @property
    def fragments(self) -> int:
        """How many fragments there are."""
        return max(0, len(self.bounds) - 1)


def recoverable_pieces(
    datagram: bytes, hop: Hop, contexts: ContextTable, *, max_fragment_size: int
) -> Pieces:
    """Return `datagram` as it goes to its next hop.

    Raises MalformedFrame if this is no IPv6 datagram, FieldOutOfRange if it is larger than the
    MTU or takes more than 32 fragments.
    """
    if len(datagram) > MTU:
        raise FieldOutOfRange(f"a datagram of {len(datagram)} octets, {MTU} at most")
    around = Surroundings(iid_of(hop.source), iid_of(hop.address), contexts.known)
    head, size = _head(datagram, around)
    if len(head) + len(datagram) - size <= hop.room:
        return Pieces(head + datagram[size:], ())
    capacity = min(hop.room - RFRAG_OCTETS, max_fragment_size)
    # "MUST have enough slack to enable a less-efficient compression in the next hops" (§4.1):
    # there, no link-layer address completes the IPv6 ones, and the hop limit is any number
    anywhere, _ = _head(datagram, Surroundings(contexts=contexts.known))
    slack = len(anywhere) - len(head) + (datagram[_HOP_LIMIT_AT] in _SHORT_HOP_LIMITS)
    first = capacity - slack
    if len(head) > first:  # "any header that cannot fit within the first fragment" (§3)
        head, size = _head(datagram, around, limit=first)
    octets = head + datagram[size:]
    if not len(head) <= first < len(octets):
        raise FieldOutOfRange(f"no room for IPv6 headers in fragments of {capacity} octets")
    bounds = (0, *range(first, len(octets), capacity), len(octets))
    if len(bounds) - 1 > MOST_SEQUENCES:
        raise FieldOutOfRange(f"{len(bounds) - 1} fragments, {MOST_SEQUENCES} at most")
    return Pieces(octets, bounds)


def _head(datagram: bytes, around: Surroundings, limit: int | None = None) -> tuple[bytes, int]:
    """Return compressed headers and how many octets of the datagram they stand for."""
    headers, size = compress_headers(datagram, around, limit=limit)
    return COMPRESSED_HEADERS.encode(headers, around), size
