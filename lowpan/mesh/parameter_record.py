"""What survives a crash of the network's parameters: the Update that we would answer with."""

from collections.abc import Collection, Iterable

from lowpan.errors import MalformedFrame, StoreError
from lowpan.mesh.parameter_messages import understood, update
from lowpan.store import Store
from lowpan.wire.mle import MLE_MESSAGE
from lowpan.wire.mle_draft import NetworkParameter

SAVE_AGAIN = 1_000_000
"""Microseconds between two writes for what neighbours say, or to a store that has failed."""
REFRESH = 60_000_000
"""Microseconds, at least, after which the delays that are left are written anew; it is a quarter of
what is left, so that a crash makes no change later by more than that, for a few writes each."""
_NAME = "network-parameters"


class ParameterRecord:
    """The parameters in `store`; None keeps nothing.  `now` is microseconds."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._again_at: int | None = None
        self._tried_at: int | None = None

    def restored(self, channels: Collection[int]) -> list[NetworkParameter]:
        """Return what was saved; raise StoreError."""
        octets = None if self._store is None else self._store.load(_NAME)
        if octets is None:
            return []
        try:
            return list(understood(MLE_MESSAGE.decode(octets), channels))
        except MalformedFrame as error:
            raise StoreError(f"{_NAME} is not from here: {error}") from error

    def save(self, parameters: Iterable[NetworkParameter], *, now: int) -> None:
        """Keep `parameters`; a StoreError makes it due once more."""
        if self._store is None:
            return
        said = list(parameters)
        self._tried_at, self._again_at = now, now + SAVE_AGAIN
        self._store.save(_NAME, MLE_MESSAGE.encode(update(said)))
        left = min((each.delay for each in said if each.delay), default=0) * 1000
        self._again_at = now + max(left // 4, REFRESH) if left else None

    def is_too_soon(self, *, now: int) -> bool:
        """Tell whether something was written just now; if so, save() will be due."""
        if self._tried_at is None or now >= self._tried_at + SAVE_AGAIN:
            return False
        self._again_at = self._tried_at + SAVE_AGAIN
        return True

    def next_deadline(self) -> int | None:
        """Return when to save() what was not saved, or delays that have become shorter."""
        return self._again_at
