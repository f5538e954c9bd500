"""Contexts that nobody tells, found by checksum.

Thread never says its mesh-local prefix over the air, and many networks have their contexts by
configuration.  But prefixes appear in full elsewhere (in addresses in line, in the payload of
management messages), and the checksums of UDP, ICMPv6 and TCP cover the addresses.  A checksum is
a sum, so each datagram tells what the words of the missing prefix must add up to: once two of
them agree and a prefix of that sum has been seen, it is the context.
"""

from lowpan.capture.datagram import Datagram
from lowpan.wire.addresses import Context
from lowpan.wire.checksum import checksum

HITS_WANTED = 2
"""Different datagrams that must want the same sum; a wrong one agrees once in 65,535 times."""
MOST_CANDIDATES = 256
"""Prefixes that were seen; of more, the one not seen for longest is forgotten."""
MOST_SUMS = 64
"""Sums that datagrams wanted, for each context: corrupted and forged ones want any."""
MOST_SOUGHT = 256
"""Contexts (of a PAN) that are sought at once; PAN IDs are forged easily."""

USUAL_PREFIXES = tuple(
    bytes.fromhex(prefix)
    for prefix in (
        "fd000db800000000",  # networks of Thread's test plans
        "fddead00beef0000",  # OpenThread's until a dataset says another
        "fd00000000000000",  # Contiki-NG
        "aaaa000000000000",  # Contiki
        "20010db800000000",  # documentation (RFC 3849), hence examples and laboratories
        "bbbb000000000000",  # OpenWSN
    )
)
"""Prefixes that test networks often have; like all others they count only once checksums agree."""

_UNIQUE_LOCAL = 0xFD
_GLOBAL = range(0x20, 0x40)
_MODULUS = 0xFFFF
_HALF = 0x8000
"""Half of 1, modulo 0xFFFF."""

Sought = tuple[int | None, int]
"""PAN ID and number of a context."""


class ContextSearch:
    """Collects prefixes, and the sums that they must have."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}
        """How often each prefix was seen; the one seen last stands last."""
        self._wanted: dict[Sought, dict[int, set[int]]] = {}
        """Sums of the missing prefix, and hashes of the datagrams that want them."""

    def offer(self, address: bytes) -> None:
        """Take the prefix of an address that was in line, if it may be a context's."""
        if address[0] == _UNIQUE_LOCAL or address[0] in _GLOBAL:
            self._add(address[:8])

    def offer_all(self, payload: bytes) -> None:
        """Take every eight octets of `payload` that may be a unique local prefix."""
        at = payload.find(_UNIQUE_LOCAL)
        while 0 <= at <= len(payload) - 8:
            self._add(payload[at : at + 8])
            at = payload.find(_UNIQUE_LOCAL, at + 1)

    def examine(
        self, datagram: Datagram, pan_id: int | None, *, source: bool, destination: bool
    ) -> Context | None:
        """Return the one unknown context of `datagram`, once it is certain.

        `source` and `destination` tell which of its addresses lack their first 64 bits, which
        are zero there.
        """
        upper = datagram.upper_octets()
        if not upper or len(datagram.unknown_contexts) != 1 or not datagram.checksum_covers_it:
            return None
        ends = datagram.source, datagram.destination
        wanted = checksum(*ends, datagram.upper_protocol, upper)
        if source and destination:
            wanted = wanted * _HALF % _MODULUS
        hits = self._hits((pan_id, datagram.unknown_contexts[0]), wanted)
        if len(hits) < HITS_WANTED:
            hits.add(hash(upper))
        if len(hits) < HITS_WANTED:
            return None
        prefix = self._with_sum(wanted)
        return None if prefix is None else Context(prefix, 64)

    def _hits(self, sought: Sought, wanted: int) -> set[int]:
        sums = self._wanted.get(sought)
        if sums is None:
            if len(self._wanted) >= MOST_SOUGHT:
                del self._wanted[next(iter(self._wanted))]
            sums = self._wanted[sought] = {}
        hits = sums.get(wanted)
        if hits is None:
            if len(sums) >= MOST_SUMS:
                del sums[next(iter(sums))]
            hits = sums[wanted] = set()
        return hits

    def _with_sum(self, wanted: int) -> bytes | None:
        """Return the prefix of this sum that was seen most often, else a usual one."""
        fitting = [prefix for prefix in self._seen if _sum(prefix) == wanted]
        if fitting:
            return max(fitting, key=lambda prefix: self._seen[prefix])
        return next((prefix for prefix in USUAL_PREFIXES if _sum(prefix) == wanted), None)

    def _add(self, prefix: bytes) -> None:
        seen = self._seen.pop(prefix, 0)
        if not seen and len(self._seen) >= MOST_CANDIDATES:
            del self._seen[next(iter(self._seen))]
        self._seen[prefix] = seen + 1


def _sum(prefix: bytes) -> int:
    """Return the sum of the 16-bit words of `prefix`, modulo 0xFFFF."""
    return int.from_bytes(prefix, "big") % _MODULUS
