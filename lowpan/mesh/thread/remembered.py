"""The last parent, durable: whoever comes back asks it first."""

from dataclasses import dataclass

from lowpan.errors import StoreError
from lowpan.store import Store

_NAME = "thread/parent"
_EXTENDED, _SHORT = 8, 2


@dataclass(frozen=True, slots=True)
class Remembered:
    """Where we were in the mesh."""

    parent: bytes
    """Extended address."""
    parent_rloc16: bytes
    rloc16: bytes
    """Ours."""


def load_parent(store: Store) -> Remembered | None:
    """Return where we were last, None if nowhere; raise StoreError."""
    octets = store.load(_NAME)
    if octets is None:
        return None
    if len(octets) != _EXTENDED + 2 * _SHORT:
        raise StoreError(f"{_NAME} has {len(octets)} octets: not from here")
    return Remembered(octets[:8], octets[8:10], octets[10:])


def save_parent(store: Store, remembered: Remembered) -> None:
    """Keep where we are; raise StoreError."""
    store.save(_NAME, remembered.parent + remembered.parent_rloc16 + remembered.rloc16)


def forget_parent(store: Store) -> None:
    """There is nobody to ask any more; raise StoreError."""
    store.remove(_NAME)
