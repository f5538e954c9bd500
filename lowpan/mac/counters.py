"""Frame counters of what we send: none is used twice with a key, whatever happens to us.

The nonce of CCM* holds the sender's address and the frame counter.  Two frames under one nonce
give away the exclusive or of their contents, and enough to forge others.
"""

from lowpan.errors import SecurityError, StoreError
from lowpan.mac.ccm_star import LAST_FRAME_COUNTER
from lowpan.store import Store

COUNTERS_AHEAD = 1000
"""Counters reserved at a time, as OpenThread does.

A channel of 250 kbit/s, full of our frames, writes to the store every four seconds then, and of
the 2^32 counters of a key it would take a restart each second for 49 days to waste them."""
RETRY_AFTER = 1_000_000
"""Microseconds for which a store that has failed is not asked again: each attempt takes time."""
_RESERVED = "outgoing/"


class CounterExhausted(SecurityError):
    """All counters of a key are used: secured frames need another key (COUNTER_ERROR)."""


class PatientStore:
    """A store that is left in peace for a while after it has failed to save."""

    __slots__ = ("_cause", "_retry_after", "_retry_at", "_store")

    def __init__(self, store: Store, *, retry_after: int = RETRY_AFTER) -> None:
        self._store, self._retry_after = store, retry_after
        self._cause: StoreError | None = None
        self._retry_at = 0

    def load_counter(self, name: str) -> int | None:
        """Return the counter under `name`, None if there is none; raise StoreError."""
        octets = self._store.load(name)
        if octets is None:
            return None
        if len(octets) != 4:
            raise StoreError(f"{name} has {len(octets)} octets instead of 4: not from here")
        return int.from_bytes(octets, "big")

    def save_counter(self, name: str, counter: int, *, now: int) -> None:
        """Keep `counter`, 0..0xFFFFFFFF, under `name` for good; raise StoreError."""
        if self._cause is not None and now < self._retry_at:
            raise StoreError(str(self._cause), self._cause.cure) from self._cause
        try:
            self._store.save(name, counter.to_bytes(4, "big"))
        except StoreError as error:
            self._cause, self._retry_at = error, now + self._retry_after
            raise
        self._cause = None

    def remove(self, name: str) -> None:
        """Forget `name`."""
        self._store.remove(name)

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin with `prefix`."""
        return self._store.names(prefix)


class OutgoingCounter:
    """The counter of one key, which goes on above all it may have used before a crash.

    The store holds the mark below which counters may have been used.  It is raised before they
    are, `ahead` at a time, and a restart begins at the mark.  The key is known by its fingerprint,
    so that other names for the same octets, and further objects of this class over the same store,
    share what is reserved: no two ever take the same counter.
    """

    __slots__ = ("_ahead", "_end", "_name", "_next", "_store")

    def __init__(
        self, store: PatientStore, fingerprint: str, *, ahead: int = COUNTERS_AHEAD
    ) -> None:
        self._store, self._name, self._ahead = store, _RESERVED + fingerprint, ahead
        self._next = self._end = 0
        """What is reserved and not used yet."""

    def take(self, *, now: int) -> int:
        """Return a counter that this key has never been used with, 0..0xFFFFFFFE.

        Raises StoreError if none is left that is reserved and the store fails, CounterExhausted
        if there are no more at all.
        """
        counter = self.next(now=now)
        self._next = counter + 1
        return counter

    def next(self, *, now: int) -> int:
        """Return the counter that take() will give next, without using it; raises the same.

        It is what peers are told to expect: nothing below it will ever be sent.
        """
        if self._next >= self._end:
            self._reserve(now)
        return self._next

    def _reserve(self, now: int) -> None:
        mark = max(self._store.load_counter(self._name) or 0, self._end)
        if mark >= LAST_FRAME_COUNTER:
            raise CounterExhausted("every frame counter of this key was used: it needs another key")
        end = min(mark + self._ahead, LAST_FRAME_COUNTER)
        self._store.save_counter(self._name, end, now=now)
        self._next, self._end = mark, end
