"""Who was heard and has proven nothing: as anybody can write any address, it is kept apart."""

from collections import OrderedDict
from collections.abc import Iterator

HEARD_FOR = 5_000_000
"""Microseconds that a stranger is remembered.

As long as a Link Request and its three retransmissions, each after 1.1 s, may take."""
MOST_STRANGERS = 32
"""Strangers that are remembered: forgetting one costs nothing."""


class Strangers:
    """The extended addresses heard last."""

    __slots__ = ("_heard_for", "_moments", "_most")

    def __init__(self, *, most: int = MOST_STRANGERS, heard_for: int = HEARD_FOR) -> None:
        """Remember `most` strangers, each for `heard_for` microseconds since its last frame."""
        self._most, self._heard_for = most, heard_for
        self._moments: OrderedDict[bytes, int] = OrderedDict()
        """When each was heard last, the earliest first."""

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._moments)

    def __iter__(self) -> Iterator[bytes]:
        """Yield their extended addresses."""
        return iter(self._moments)

    def __contains__(self, extended_address: bytes) -> bool:
        """Tell whether somebody of this name was heard lately."""
        return extended_address in self._moments

    def heard(self, extended_address: bytes, *, now: int) -> None:
        """Remember a stranger, and if there are too many, not the one that was silent longest."""
        self._moments[extended_address] = now
        self._moments.move_to_end(extended_address)
        if len(self._moments) > self._most:
            self._moments.popitem(last=False)

    def forget(self, extended_address: bytes) -> None:
        """Remember it no more: it has proven who it is."""
        self._moments.pop(extended_address, None)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None without strangers."""
        for heard_at in self._moments.values():
            return heard_at + self._heard_for
        return None

    def handle_deadline(self, *, now: int) -> None:
        """Forget those who were silent for long."""
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            self._moments.popitem(last=False)
