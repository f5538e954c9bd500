"""What routers tell a node: prefixes, contexts, hop limit (RFC 4862 §5.5, RFC 6775 §5.4)."""

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.neighbour_discovery.actions import (
    ContextLearnt,
    HopLimitLearnt,
    NdAction,
    PrefixDeprecated,
    PrefixLearnt,
    PrefixLost,
)
from lowpan.node.addresses import OwnAddress, OwnAddresses
from lowpan.node.ipv6 import Ipv6
from lowpan.wire.addresses import iid_of

AUTONOMOUS_PREFIX_BITS = 64
"""Prefix that leaves room for an interface identifier; others make no address."""
_NOT_ON_LINK = 128
"""Prefix length of an address whose neighbours are reached by a router."""


class Autoconfiguration:
    """Keeps addresses, contexts and hop limit as the routers of the link say.

    The interface identifier is that of the extended address, so that addresses are elided whole.
    """

    def __init__(
        self, own: OwnAddresses, contexts: ContextTable, ipv6: Ipv6, extended_address: bytes
    ) -> None:
        self._own, self._contexts, self._ipv6 = own, contexts, ipv6
        self._extended = extended_address
        self._given = set(contexts.known)
        """Contexts that the user gave us."""
        self._made: dict[tuple[bytes, int], OwnAddress] = {}
        """Prefixes and the addresses made of them; not those that the user gave us."""

    def learn(self, news: NdAction, *, now: int) -> OwnAddress | None:
        """Take what neighbour discovery learnt; return an address to be checked and had."""
        match news:
            case PrefixLearnt():
                return self._address(news)
            case PrefixDeprecated():
                self._mark(news.prefix, news.prefix_length, deprecated=True)
            case ContextLearnt():
                self._learn_context(news, now)
            case HopLimitLearnt():
                self._ipv6.hop_limit = news.hop_limit
            case _:
                pass  # of no concern here
        return None

    def _learn_context(self, news: ContextLearnt, now: int) -> None:
        if news.lifetime is None:  # our own announcement
            self._given.discard(news.identifier)
        if news.identifier not in self._given:
            self._contexts.learn(news.identifier, news.context, now=now, lifetime=news.lifetime)

    def lost(self, news: PrefixLost) -> bytes | None:
        """Return the address, 16 octets, that goes with a prefix."""
        made = self._of((news.prefix, news.prefix_length))
        self._made.pop((news.prefix, news.prefix_length), None)
        return None if made is None else made.address

    def _address(self, news: PrefixLearnt) -> OwnAddress | None:
        key = (news.prefix, news.prefix_length)
        length = news.prefix_length if news.on_link else _NOT_ON_LINK
        known = self._of(key)
        if known is not None:
            known.prefix_length, known.deprecated = length, False
            return None
        if not news.autonomous or news.prefix_length != AUTONOMOUS_PREFIX_BITS:
            return None
        address = news.prefix[:8] + iid_of(self._extended)
        if self._own.get(address) is not None or not self._own.takes(address):
            return None  # it is the user's, whom no router overrules; or nobody can have it
        made = self._made[key] = OwnAddress(address, length, self._extended, ready=False)
        return made

    def _mark(self, prefix: bytes, prefix_length: int, *, deprecated: bool) -> None:
        own = self._of((prefix, prefix_length))
        if own is not None:
            own.deprecated = deprecated

    def _of(self, prefix: tuple[bytes, int]) -> OwnAddress | None:
        """Return the address that we made of a prefix, if it is still the same."""
        made = self._made.get(prefix)
        return made if made is not None and self._own.get(made.address) is made else None
