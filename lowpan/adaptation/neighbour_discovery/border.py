"""What a border router tells its network, and when (RFC 6775 §7, §8.1)."""

from lowpan.adaptation.contexts import MOST_CONTEXTS
from lowpan.adaptation.neighbour_discovery.actions import ContextLearnt, NdAction, PrefixLost
from lowpan.adaptation.neighbour_discovery.advertiser import RouterAdvertiser
from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.adaptation.neighbour_discovery.information import (
    AnnouncedContext,
    Border,
    NetworkInformation,
    Prefix,
)
from lowpan.errors import FieldOutOfRange
from lowpan.wire.addresses import Context

MIN_CONTEXT_CHANGE_DELAY = 300_000_000
"""Microseconds until all nodes know a context, or know that it goes (RFC 6775 §9)."""

_VERSIONS = 1 << 32


class BorderAnnouncements:
    """Prefixes and contexts that we vouch for as a border router.

    A new context first only decompresses, and so does one that goes, until everybody can know.
    `version` grows with each change and must go on after a restart: the caller keeps it.  Each
    change is advertised.  `now` is microseconds.
    """

    def __init__(
        self,
        information: NetworkInformation,
        advertiser: RouterAdvertiser,
        address: bytes,
        *,
        version: int = 0,
        change_delay: int = MIN_CONTEXT_CHANGE_DELAY,
    ) -> None:
        self.address, self._change_delay = address, change_delay
        self._information, self._advertiser = information, advertiser
        self._border = information.borders[address] = Border(version)
        information.own_border = address
        self._coming: Deadlines[bytes] = Deadlines()
        self._going: Deadlines[bytes] = Deadlines()

    @property
    def version(self) -> int:
        """Number of what we say now, 0..0xFFFFFFFF; go on from here after a restart."""
        return self._border.version

    def announce_prefix(self, prefix: Prefix, *, now: int) -> list[NdAction]:
        """Vouch for `prefix` from now on, or with other lifetimes; raise FieldOutOfRange."""
        prefix.border = self.address
        actions = self._information.announce(prefix)
        self._changed(now)
        return actions

    def withdraw_prefix(self, prefix: bytes, prefix_length: int, *, now: int) -> list[NdAction]:
        """Say no more of a prefix; nodes use it until what was said is over."""
        name = prefix, prefix_length
        if self._information.prefixes.pop(name, None) is None:
            return []
        self._changed(now)
        return [PrefixLost(*name)]

    def announce_context(self, identifier: int, context: Context, *, now: int) -> list[NdAction]:
        """Vouch for a context; it compresses after MIN_CONTEXT_CHANGE_DELAY.

        Raise FieldOutOfRange for an identifier not in 0..15.
        """
        if not 0 <= identifier < MOST_CONTEXTS:
            raise FieldOutOfRange(f"context identifier {identifier}")
        self._going.drop(bytes((identifier,)))
        self._coming.set(bytes((identifier,)), now + self._change_delay)
        return self._set(identifier, context, now, compress=False)

    def withdraw_context(self, identifier: int, *, now: int) -> list[NdAction]:
        """Let a context only decompress, and forget it after MIN_CONTEXT_CHANGE_DELAY."""
        announced = self._information.contexts.get(identifier)
        if announced is None:
            return []
        self._coming.drop(bytes((identifier,)))
        self._going.set(bytes((identifier,)), now + self._change_delay)
        return self._set(identifier, announced.context, now, compress=False)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing changes."""
        due = (self._coming.next_deadline(), self._going.next_deadline())
        return min((moment for moment in due if moment is not None), default=None)

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """Let contexts compress that everybody knows by now, and forget those that go."""
        actions: list[NdAction] = []
        for key in self._coming.take(now=now):
            announced = self._information.contexts[key[0]]
            actions += self._set(key[0], announced.context, now, compress=True)
        for key in self._going.take(now=now):
            announced = self._information.contexts.pop(key[0])
            self._changed(now)
            actions.append(ContextLearnt(key[0], announced.context, 0))
        return actions

    def _set(
        self, identifier: int, context: Context, now: int, *, compress: bool
    ) -> list[NdAction]:
        context = Context(context.prefix, context.length, compress)
        self._information.contexts[identifier] = AnnouncedContext(context, self.address)
        self._changed(now)
        return [ContextLearnt(identifier, context, None)]

    def _changed(self, now: int) -> None:
        self._border.version = (self._border.version + 1) % _VERSIONS
        self._advertiser.changed(now=now)
