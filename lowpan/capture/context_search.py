"""Contexts that nobody tells, found by checksum.

Thread never says its mesh-local prefix over the air, and many networks have their contexts by
configuration.  But prefixes appear in full elsewhere (in addresses in line, in the payload of
management messages), and UDP and ICMPv6 checksums cover the addresses: a prefix that makes the
checksums of different datagrams right is the context.
"""

from dataclasses import dataclass, field

from lowpan.capture.datagram import Datagram
from lowpan.wire.addresses import Context
from lowpan.wire.checksum import verifies

HITS_WANTED = 2
"""Different checksums that a prefix must make right; a wrong one does so once in 65,535 times."""
FAILURES_ALLOWED = 2
"""Checksums that it may miss before: datagrams are corrupted and forged at times."""
MOST_CANDIDATES = 256
"""Prefixes waiting to be tested; of more, the oldest is forgotten."""

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


@dataclass(slots=True)
class _Trial:
    hits: set[int] = field(default_factory=set[int])
    failures: int = 0


class ContextSearch:
    """Collects prefixes and tests them on datagrams whose context is unknown."""

    def __init__(self) -> None:
        self._candidates: dict[bytes, None] = dict.fromkeys(USUAL_PREFIXES)
        self._trials: dict[tuple[int | None, int], dict[bytes, _Trial]] = {}

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

        `source` and `destination` tell which of its addresses lack their first 64 bits.
        """
        upper = datagram.upper_octets()
        if not upper or len(datagram.unknown_contexts) != 1:
            return None
        trials = self._trials.setdefault((pan_id, datagram.unknown_contexts[0]), {})
        tail, protocol = hash(upper), datagram.upper_protocol
        for prefix in self._candidates:
            trial = trials.get(prefix)
            if trial is None:
                if len(trials) >= 4 * MOST_CANDIDATES:
                    trials.clear()
                trial = trials[prefix] = _Trial()
            if trial.failures > FAILURES_ALLOWED:
                continue
            ends = [
                prefix + address[8:] if unknown else address
                for address, unknown in (
                    (datagram.source, source),
                    (datagram.destination, destination),
                )
            ]
            if not verifies(*ends, protocol, upper):
                trial.failures += 1
                continue
            trial.hits.add(tail)
            if len(trial.hits) >= HITS_WANTED:
                return Context(prefix, 64)
        return None

    def _add(self, prefix: bytes) -> None:
        if prefix not in self._candidates:
            if len(self._candidates) >= MOST_CANDIDATES:
                del self._candidates[next(iter(self._candidates))]
            self._candidates[prefix] = None
