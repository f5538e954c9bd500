"""A table of what strangers make us store: bounded, shared fairly, the least proven goes first."""

from enum import IntEnum
from math import inf
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key")
Entry = TypeVar("Entry")


class Standing(IntEnum):
    """How much an entry is worth; the lowest is evicted first."""

    OVER = 0
    """Done or dead; kept to recognise latecomers."""
    NEW = 1
    """Begun, and no more: all that a flood costs its sender."""
    PROVEN = 2
    """Gone on with since it was begun."""


class Timeouts(NamedTuple):
    """Microseconds that an entry is kept after the last thing that happened to it."""

    over: int
    new: int
    proven: int


class _Record(Generic[Entry]):
    __slots__ = ("deadline", "entry", "owner", "standing")

    def __init__(self, owner: bytes, entry: Entry, deadline: int) -> None:
        self.owner, self.entry, self.deadline = owner, entry, deadline
        self.standing = Standing.NEW


class FairTable(Generic[Key, Entry]):
    """Entries by key, of which every owner has a few and all together have a bound.

    Who has its share full loses one of its own.  When the table is full, the one that has been
    idle for longest among those of the lowest standing makes room, so that a flood of beginnings
    displaces beginnings.  Nothing takes longer because the table is full.  `now` never goes back.
    """

    def __init__(self, *, most: int, most_per_owner: int, timeouts: Timeouts) -> None:
        self._most, self._most_per_owner, self._timeouts = most, most_per_owner, timeouts
        self._records: dict[Key, _Record[Entry]] = {}
        # each in order of its deadlines, since all timeouts of a standing are equal
        self._by_standing: tuple[dict[Key, None], ...] = ({}, {}, {})
        self._by_owner: dict[bytes, dict[Key, None]] = {}
        self._earliest: float = inf
        """No deadline is before this moment."""

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._records)

    def get(self, key: Key) -> Entry | None:
        """Return the entry, None if there is none."""
        record = self._records.get(key)
        return None if record is None else record.entry

    def standing(self, key: Key) -> Standing | None:
        """Return the standing of an entry, None if there is none."""
        record = self._records.get(key)
        return None if record is None else record.standing

    def add(
        self, key: Key, owner: bytes, entry: Entry, *, now: int
    ) -> list[tuple[Key, Entry, Standing]]:
        """Take a new entry, in place of an old one with this key; return those evicted for it."""
        evicted: list[tuple[Key, Entry, Standing]] = []
        if key in self._records:
            self.remove(key)
        own = self._by_owner.get(owner, {})
        if len(own) >= self._most_per_owner:
            evicted.append(self._evict(min(own, key=self._standing_of)))
        elif len(self._records) >= self._most:
            evicted.append(self._evict(next(iter(next(filter(None, self._by_standing))))))
        deadline = now + self._timeouts.new
        self._records[key] = _Record(owner, entry, deadline)
        self._earliest = min(self._earliest, deadline)
        self._by_standing[Standing.NEW][key] = None
        self._by_owner.setdefault(owner, {})[key] = None
        return evicted

    def proceed(self, key: Key, *, now: int) -> None:
        """Note that something new happened to an entry: it is proven, and waits anew."""
        self._move(key, Standing.PROVEN, now + self._timeouts.proven)

    def finish(self, key: Key, *, now: int) -> None:
        """Note that nothing more is expected of an entry."""
        self._move(key, Standing.OVER, now + self._timeouts.over)

    def remove(self, key: Key) -> Entry | None:
        """Forget an entry and return it, None if there is none."""
        record = self._records.pop(key, None)
        if record is None:
            return None
        del self._by_standing[record.standing][key]
        own = self._by_owner[record.owner]
        del own[key]
        if not own:
            del self._by_owner[record.owner]
        return record.entry

    def next_deadline(self) -> int | None:
        """Return when the next entry is over, None while there is none."""
        firsts = [next(iter(keys)) for keys in self._by_standing if keys]
        return min((self._records[key].deadline for key in firsts), default=None)

    def expire(self, *, now: int) -> list[tuple[Key, Entry, Standing]]:
        """Forget and return the entries whose time is up."""
        late: list[tuple[Key, Entry, Standing]] = []
        if now < self._earliest:
            return late
        for standing in Standing:
            for key in self._by_standing[standing]:
                record = self._records[key]
                if record.deadline > now:
                    break
                late.append((key, record.entry, standing))
        for key, _, _ in late:
            self.remove(key)
        deadline = self.next_deadline()
        self._earliest = inf if deadline is None else deadline
        return late

    def _standing_of(self, key: Key) -> Standing:
        return self._records[key].standing

    def _move(self, key: Key, standing: Standing, deadline: int) -> None:
        record = self._records[key]
        del self._by_standing[record.standing][key]
        self._by_standing[standing][key] = None
        own = self._by_owner[record.owner]
        del own[key]
        own[key] = None
        record.standing, record.deadline = standing, deadline
        self._earliest = min(self._earliest, deadline)

    def _evict(self, key: Key) -> tuple[Key, Entry, Standing]:
        record = self._records[key]
        self.remove(key)
        return key, record.entry, record.standing
