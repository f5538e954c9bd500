"""The contexts that a node shares with its network (RFC 6282 §3.1.2, RFC 6775 §4.2, §5.4)."""

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from lowpan.errors import FieldOutOfRange
from lowpan.wire.addresses import Context

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_CONTEXTS = 16
"""All that a context identifier of 4 bits can name."""
RECEIVE_ONLY_PERIOD = 2 * 1800 * 1_000_000
"""Microseconds that an expired context still decompresses: twice the default router lifetime."""


class ContextTable:
    """Up to 16 contexts by their identifier, each for as long as its source said.

    `now` and lifetimes are microseconds on the caller's clock.  A context whose lifetime ends is
    kept to decompress what is still under way, then forgotten.
    """

    def __init__(self, *, receive_only_period: int = RECEIVE_ONLY_PERIOD) -> None:
        self._receive_only_period = receive_only_period
        self._contexts: dict[int, Context] = {}
        self.changes = 0
        """How often they have changed, for who remembers what follows from them."""
        self._deadlines: dict[int, int] = {}
        self.known: Mapping[int, Context] = MappingProxyType(self._contexts)
        """The contexts, always as they are now; what Surroundings want."""

    def learn(
        self, identifier: int, context: Context, *, now: int = 0, lifetime: int | None = None
    ) -> None:
        """Set what `identifier` (0..15) stands for, for `lifetime` or until it is told otherwise.

        A lifetime of 0 forgets it.  Raise FieldOutOfRange for any other identifier.
        """
        if not 0 <= identifier < MOST_CONTEXTS:
            raise FieldOutOfRange(f"context identifier {identifier}")
        self.forget(identifier)
        if lifetime != 0:
            self._contexts[identifier] = context
        if lifetime:
            self._deadlines[identifier] = now + lifetime

    def forget(self, identifier: int) -> None:
        """Drop a context, if it is there."""
        self.changes += 1
        self._contexts.pop(identifier, None)
        self._deadlines.pop(identifier, None)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while no lifetime is limited."""
        return min(self._deadlines.values(), default=None)

    def handle_deadline(self, *, now: int) -> None:
        """Stop using contexts whose lifetime is over, and forget those over for long."""
        for identifier, deadline in list(self._deadlines.items()):
            if deadline > now:
                continue
            context = self._contexts[identifier]
            until = deadline + self._receive_only_period
            if not context.compress or until <= now:
                self.forget(identifier)
            else:
                self.changes += 1
                self._contexts[identifier] = replace(context, compress=False)
                self._deadlines[identifier] = until
