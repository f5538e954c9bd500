"""Store: what must survive a crash, such as counters reserved ahead, keys and neighbours."""

from typing import Protocol


class Store(Protocol):
    """A small durable table; every method raises StoreError where the medium fails."""

    def load(self, name: str) -> bytes | None:
        """Return what was last saved under `name`, None if nothing was."""
        ...

    def save(self, name: str, octets: bytes) -> None:
        """Keep `octets` under `name`; when this returns they survive a loss of power."""
        ...

    def remove(self, name: str) -> None:
        """Forget `name`; harmless if it is not there."""
        ...

    def names(self, prefix: str = "") -> list[str]:
        """Return the names that begin with `prefix`, sorted."""
        ...


class MemoryStore:
    """A Store that lasts as long as the process: for simulations, tests, and unsecured nodes."""

    def __init__(self) -> None:
        self._octets: dict[str, bytes] = {}

    def load(self, name: str) -> bytes | None:
        """Return what was last saved; see Store."""
        return self._octets.get(name)

    def save(self, name: str, octets: bytes) -> None:
        """Keep `octets`; see Store."""
        self._octets[name] = octets

    def remove(self, name: str) -> None:
        """Forget `name`; see Store."""
        self._octets.pop(name, None)

    def names(self, prefix: str = "") -> list[str]:
        """Return the names; see Store."""
        return sorted(name for name in self._octets if name.startswith(prefix))
