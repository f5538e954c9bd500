"""Replay protection: the frame counters of others, which only go up."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from zlib import crc32

from lowpan.errors import FieldOutOfRange, StoreError
from lowpan.mac.ccm_star import LAST_FRAME_COUNTER
from lowpan.mac.counters import PatientStore

MOST_SENDERS = 1024
"""Pairs of sender and key that are remembered: more than share one channel.

About 0.3 KB each.  Only who has the key gets in."""
FLOORS = 256
"""Marks that stand for the senders of a key that were forgotten, each for those of one checksum."""
RESERVE = 10_000_000
"""Microseconds of a sender's frames that a crash may cost us.

Each sender makes us write to the store about once in this time, or once a frame if it sends
less."""

_MARK, _FLOOR = "incoming/", "incoming-floor/"
_NEVER_SAVED = LAST_FRAME_COUNTER + 1


class Freshness(Enum):
    """What the counter of a frame says."""

    NEW = "new"
    REPEATED = "repeated"
    """It is the last one accepted: most likely our acknowledgment was lost."""
    OLD = "old"
    """It is not above the last one accepted, or not above what may have been accepted."""


@dataclass(slots=True)
class _Sender:
    next: int
    """The lowest counter that is acceptable."""
    mark: int
    """The lowest counter that will be acceptable after a crash, as the store has it."""
    used: int = 0
    """Above all counters accepted since the start, 0 without any; never above `next`."""
    ahead: int = 0
    """How far the mark was put above the counter then, 0 if it was not."""
    saved_at: int = 0


class IncomingCounters:
    """What counters were accepted from each sender under each key.

    The first frame of an unknown sender is accepted, whatever its counter; then they only go up
    (IEEE 802.15.4-2006 §7.5.8.2.3).  accept() must be called after the MIC was verified, and for
    such frames only: so no stranger adds a sender or moves a counter.

    When there are too many senders, the one that was silent for longest is forgotten; a mark
    remains, so that its frames cannot be replayed.  It is shared by the senders of the same key
    and checksum: a newcomer below it is refused until its counter is above or establish() is
    called.

    With a store, a restart accepts nothing that was accepted before.  For that the store has a
    mark above the last counter accepted from each sender, and the restart begins there: what the
    sender sends until it is above is lost.  The distance is the number of frames of about
    `reserve` microseconds, and nothing after settle().  A store is one node's alone.
    """

    __slots__ = ("_floors", "_most_senders", "_name", "_raised", "_reserve", "_senders", "_store")

    def __init__(
        self,
        store: PatientStore | None = None,
        *,
        most_senders: int = MOST_SENDERS,
        reserve: int = RESERVE,
        name: str = "",
    ) -> None:
        """Begin with what `store` has; raise StoreError.

        `name` keeps apart in one store what belongs to several of these; it ends with a slash.
        """
        self._store, self._most_senders, self._reserve = store, most_senders, reserve
        self._name = name
        self._senders: OrderedDict[tuple[str, bytes], _Sender] = OrderedDict()
        self._floors: dict[str, dict[int, int]] = {}
        self._raised: dict[tuple[str, int], int] = {}
        """When a floor was raised since our start, by key and number."""
        if store is not None:
            self._restore(store)

    def senders(self) -> Iterator[bytes]:
        """Yield the extended addresses remembered, once for each key."""
        return (sender for _, sender in self._senders)

    def knows(self, key: str, sender: bytes) -> bool:
        """Tell whether `sender` is remembered under the key of this fingerprint."""
        return (key, sender) in self._senders

    def accept(self, key: str, sender: bytes, counter: int, *, now: int) -> Freshness:
        """Tell whether a frame whose MIC was right is new; if so, it never is again.

        `key` is the fingerprint of the key, `sender` an extended address.  A StoreError says that
        the frame must not be accepted, for a restart would accept it once more.
        """
        if counter >= LAST_FRAME_COUNTER:
            return Freshness.OLD
        entry = self._senders.get((key, sender))
        if entry is None:
            if counter < self._floor(key, sender):
                return Freshness.OLD
            entry = self._admit(key, sender, counter, now)
        elif counter < entry.next:
            last = entry.used == entry.next and counter == entry.next - 1
            return Freshness.REPEATED if last else Freshness.OLD
        if counter >= entry.mark:
            self._raise_mark(key, sender, entry, counter, now)
        entry.next = entry.used = counter + 1
        self._senders.move_to_end((key, sender))
        return Freshness.NEW

    def establish(
        self, key: str, sender: bytes, counter: int, *, now: int, challenged_at: int | None = None
    ) -> bool:
        """Accept `sender` from `counter` on, as it has answered a fresh challenge of ours.

        Such an answer lets a newcomer in below the mark of those forgotten, and a sender after
        our crash at once.  Whatever was accepted since our start stays used: False says that the
        answer is late, and changes nothing.  `challenged_at` is when the challenge was sent; None:
        before anybody was forgotten last.
        """
        if not 0 <= counter <= LAST_FRAME_COUNTER:
            raise FieldOutOfRange(f"frame counter {counter} does not fit 4 octets")
        entry = self._senders.get((key, sender))
        if entry is None:
            if challenged_at is not None and self._forgotten_since(
                challenged_at, key, sender, counter
            ):
                return False
            entry = self._admit(key, sender, counter, now)
        elif counter < entry.used:
            return False
        else:
            entry.next = counter
        self._senders.move_to_end((key, sender))
        return True

    def forget_key(self, key: str) -> None:
        """Forget all senders under a key that will never be in use again."""
        for pair in [pair for pair in self._senders if pair[0] == key]:
            del self._senders[pair]
        for number in self._floors.pop(key, {}):
            self._raised.pop((key, number), None)
        if self._store is not None:
            for prefix in (_MARK, _FLOOR):
                for name in self._store.names(f"{self._name}{prefix}{key}/"):
                    self._store.remove(name)

    def settle(self, *, now: int) -> None:
        """Before an orderly end: let the next start go on where this one stops."""
        if self._store is None:
            return
        for (key, sender), entry in self._senders.items():
            if entry.mark != entry.next:
                self._store.save_counter(self._mark_name(key, sender), entry.next, now=now)
                entry.mark, entry.ahead = entry.next, 0

    def _admit(self, key: str, sender: bytes, counter: int, now: int) -> _Sender:
        while len(self._senders) >= self._most_senders:
            self._evict(now)
        mark = counter if self._store is not None else _NEVER_SAVED
        entry = self._senders[key, sender] = _Sender(counter, mark, saved_at=now)
        return entry

    def _raise_mark(self, key: str, sender: bytes, entry: _Sender, counter: int, now: int) -> None:
        """Put the mark above `counter`, as far as the sender's pace asks for, at most doubling."""
        if self._store is None:
            return
        advanced = counter - (entry.mark - entry.ahead)
        pace = advanced * self._reserve // max(now - entry.saved_at, 1)
        ahead = max(min(pace, 2 * entry.ahead), 1)
        mark = min(counter + ahead, LAST_FRAME_COUNTER)
        self._store.save_counter(self._mark_name(key, sender), mark, now=now)
        entry.mark, entry.ahead, entry.saved_at = mark, ahead, now

    def _floor(self, key: str, sender: bytes) -> int:
        return self._floors.get(key, {}).get(crc32(sender) % FLOORS, 0)

    def _forgotten_since(self, moment: int, key: str, sender: bytes, counter: int) -> bool:
        """Tell whether `sender` may be one that was forgotten after a frame of this counter."""
        raised_at = self._raised.get((key, crc32(sender) % FLOORS))
        return raised_at is not None and raised_at >= moment and counter < self._floor(key, sender)

    def _evict(self, now: int) -> None:
        """Forget who was silent for longest, and put its counter into the mark that remains."""
        (key, sender), entry = next(iter(self._senders.items()))
        floor = max(self._floor(key, sender), entry.next)
        number = crc32(sender) % FLOORS
        if self._store is not None:  # the floor first: between the two, both hold
            self._store.save_counter(f"{self._name}{_FLOOR}{key}/{number}", floor, now=now)
            self._store.remove(self._mark_name(key, sender))
        self._floors.setdefault(key, {})[number] = floor
        self._raised[key, number] = now
        del self._senders[key, sender]

    def _restore(self, store: PatientStore) -> None:
        marks, floors = self._name + _MARK, self._name + _FLOOR
        for name in store.names(marks):
            key, _, sender = name.removeprefix(marks).partition("/")
            mark = _saved(store, name)
            self._senders[key, _sender_of(sender, name)] = _Sender(mark, mark)
        for name in store.names(floors):
            key, _, number = name.removeprefix(floors).partition("/")
            self._floors.setdefault(key, {})[int(number)] = _saved(store, name)

    def _mark_name(self, key: str, sender: bytes) -> str:
        return f"{self._name}{_MARK}{key}/{sender.hex()}"


def _sender_of(text: str, name: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise StoreError(f"{name} names no extended address: not from here") from None


def _saved(store: PatientStore, name: str) -> int:
    counter = store.load_counter(name)
    if counter is None:
        raise StoreError(f"{name} is listed and not there")
    return counter
