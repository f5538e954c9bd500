"""What survives a crash of the network's parameters: the Update that we would answer with."""

from collections.abc import Collection, Iterable

from lowpan.errors import MalformedFrame, StoreError
from lowpan.mesh.parameter_messages import understood, update
from lowpan.store import Store
from lowpan.wire.mle import MLE_MESSAGE
from lowpan.wire.mle_draft import NetworkParameter

SAVE_AGAIN = 1_000_000
"""Microseconds before a store that has failed is tried again."""
_NAME = "network-parameters"


class ParameterRecord:
    """The parameters in `store`; None keeps nothing.  `now` is microseconds."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._again_at: int | None = None

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
        self._again_at = now + SAVE_AGAIN
        self._store.save(_NAME, MLE_MESSAGE.encode(update(parameters)))
        self._again_at = None

    def next_deadline(self) -> int | None:
        """Return when to save() what could not be saved, None if all is."""
        return self._again_at
