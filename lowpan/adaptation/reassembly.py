"""Reassembly of link fragments into IPv6 datagrams (RFC 4944 §5.3), without I/O.

Whoever sends fragments decides what we store, so every sender has a quota, all together have a
bound, and a datagram is whole only when every octet of it has arrived: octets are placed, never
counted.
"""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

from lowpan.wire.fragment import FragmentHeader

REASSEMBLY_TIMEOUT = 60_000_000
"""Microseconds that the fragments of one datagram are kept at most (RFC 4944 §5.3)."""
MOST_DATAGRAMS = 64
"""Partial datagrams held at once: 128 KiB when each of them is as large as can be."""
MOST_FRAGMENTS = 1024
"""Fragments of all of them, repeated ones included: sixteen for each is a datagram of 1280."""
MOST_PER_SENDER = 4
"""Partial datagrams of one sender: its own retries and losses, no room of others."""
SMALLEST_DATAGRAM = 40
"""Octets of an IPv6 header: no datagram is smaller."""

Key = tuple[bytes, bytes, int, int]
"""Source and destination (link-layer), datagram_size, datagram_tag (RFC 4944 §5.3)."""


@dataclass(frozen=True, slots=True)
class DatagramReceived:
    """Every octet of a datagram has arrived."""

    source: bytes
    destination: bytes
    datagram: bytes
    marks: tuple[Any, ...]
    """What came with each of its fragments, in order of arrival."""


class Loss(str):
    """Why a partial datagram was given up, in words."""

    __slots__ = ()


TIMED_OUT = Loss("its last fragments did not arrive in time")
OVERLAPPED = Loss("a fragment overlaps another one and says something else")
CROWDED_OUT = Loss("its sender began too many datagrams")
MADE_ROOM = Loss("the oldest of too many partial datagrams, of one fragment if there are such")


@dataclass(frozen=True, slots=True)
class DatagramLost:
    """A partial datagram was dropped."""

    source: bytes
    datagram_tag: int
    reason: Loss
    marks: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class FragmentRefused:
    """A fragment that cannot belong to any datagram; nothing of it was kept."""

    source: bytes
    datagram_tag: int
    field: str
    """The one to blame in its FragmentHeader; `piece` for what follows it."""
    reason: str


Event = DatagramReceived | DatagramLost | FragmentRefused


class _Partial:
    __slots__ = ("deadline", "held", "marks", "offsets", "pieces")

    def __init__(self, deadline: int, offset: int, piece: bytes) -> None:
        self.deadline, self.held = deadline, len(piece)
        self.offsets, self.pieces = [offset], [piece]
        self.marks: list[Any] = []

    def place(self, offset: int, piece: bytes) -> bool:
        """Keep `piece` unless it is held already; tell whether it fits what is held."""
        at = bisect_left(self.offsets, offset)
        if at < len(self.offsets) and self.offsets[at] == offset:
            return self.pieces[at] == piece
        before = at > 0 and self.offsets[at - 1] + len(self.pieces[at - 1]) > offset
        after = at < len(self.offsets) and offset + len(piece) > self.offsets[at]
        if before or after:
            return False
        self.offsets.insert(at, offset)
        self.pieces.insert(at, piece)
        self.held += len(piece)  # pieces never overlap, so this counts places
        return True


class Reassembler:
    """Gathers link fragments until a datagram is whole, its time is up or its room is needed.

    Each input returns the events that it causes, in order.  `now` is the caller's clock in
    microseconds: the event loop's, a capture's, or a simulation's.
    """

    def __init__(
        self,
        *,
        timeout: int = REASSEMBLY_TIMEOUT,
        most_datagrams: int = MOST_DATAGRAMS,
        most_per_sender: int = MOST_PER_SENDER,
        most_fragments: int = MOST_FRAGMENTS,
    ) -> None:
        self._timeout = timeout
        self._most_datagrams = most_datagrams
        self._most_per_sender = most_per_sender
        self._most_fragments = most_fragments
        self._fragments = 0
        self._partials: dict[Key, _Partial] = {}  # in order of their first fragment
        self._lone: dict[Key, None] = {}
        """Those with one fragment, in the same order: the first to go, so that whoever sends first
        fragments under forged addresses displaces none that is under way."""
        self._of_sender: dict[bytes, int] = {}

    def __len__(self) -> int:
        """Return how many partial datagrams are held."""
        return len(self._partials)

    def receive_fragment(  # noqa: PLR0913  (a header, where it came from, and when)
        self,
        source: bytes,
        destination: bytes,
        header: FragmentHeader,
        piece: bytes,
        *,
        now: int,
        mark: Any = None,
    ) -> list[Event]:
        """Take the uncompressed `piece` that came from `source` to `destination`.

        The addresses are those of the mesh header, else of the frame.  `mark` comes back with
        the event that ends the datagram.
        """
        offset = header.datagram_offset or 0
        unfit = _unfit(header, offset, piece)
        if unfit is not None:
            return [FragmentRefused(source, header.datagram_tag, *unfit)]
        events = self.handle_deadline(now=now)
        key = (source, destination, header.datagram_size, header.datagram_tag)
        partial = self._partials.get(key)
        if partial is not None and not partial.place(offset, piece):
            events.append(self._drop(key, OVERLAPPED))  # "SHALL be discarded"; begin anew
            partial = None
        if partial is None:
            partial = self._begin(key, offset, piece, now, events)
        elif len(partial.pieces) > 1:
            self._lone.pop(key, None)
        partial.marks.append(mark)
        self._fragments += 1
        if partial.held == header.datagram_size:
            self._forget(key)
            datagram = b"".join(partial.pieces)
            events.append(DatagramReceived(source, destination, datagram, tuple(partial.marks)))
        elif self._fragments > self._most_fragments:
            repeats = len(partial.marks) > 2 * len(partial.pieces)
            events.append(self._drop(key if repeats else self._least(), MADE_ROOM))
        return events

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing waits."""
        for partial in self._partials.values():
            return partial.deadline
        return None

    def handle_deadline(self, *, now: int) -> list[Event]:
        """Drop each datagram whose time is up."""
        deadline = self.next_deadline()
        if deadline is None or deadline > now:
            return []
        late: list[Key] = []
        for key, partial in self._partials.items():
            if partial.deadline > now:
                break
            late.append(key)
        return [self._drop(key, TIMED_OUT) for key in late]

    def _begin(
        self, key: Key, offset: int, piece: bytes, now: int, events: list[Event]
    ) -> _Partial:
        source = key[0]
        if self._of_sender.get(source, 0) >= self._most_per_sender:
            oldest = next(held for held in self._partials if held[0] == source)
            events.append(self._drop(oldest, CROWDED_OUT))
        elif len(self._partials) >= self._most_datagrams:
            events.append(self._drop(self._least(), MADE_ROOM))
        self._of_sender[source] = self._of_sender.get(source, 0) + 1
        # monotonous, so that the first one held is always the next one due
        last = next(reversed(self._partials.values()), None)
        deadline = max(now + self._timeout, last.deadline if last else 0)
        partial = self._partials[key] = _Partial(deadline, offset, piece)
        self._lone[key] = None
        return partial

    def _least(self) -> Key:
        """Return the partial datagram that is the first to make room."""
        return next(iter(self._lone or self._partials))

    def _drop(self, key: Key, reason: Loss) -> DatagramLost:
        partial = self._forget(key)
        return DatagramLost(key[0], key[3], reason, tuple(partial.marks))

    def _forget(self, key: Key) -> _Partial:
        left = self._of_sender[key[0]] - 1
        if left:
            self._of_sender[key[0]] = left
        else:
            del self._of_sender[key[0]]
        partial = self._partials.pop(key)
        self._lone.pop(key, None)
        self._fragments -= len(partial.marks)
        return partial


def _unfit(header: FragmentHeader, offset: int, piece: bytes) -> tuple[str, str] | None:
    """Return which field and why this fragment belongs to no datagram, None if it may."""
    size, end = header.datagram_size, offset + len(piece)
    if size < SMALLEST_DATAGRAM:
        return "datagram_size", f"a datagram of {size} octets is smaller than an IPv6 header"
    if not piece:
        return "piece", "an empty fragment"
    if end > size:
        return "piece", f"reaches {end - size} octets past the end of its datagram"
    if end < size and len(piece) % 8:
        return "piece", "not the last fragment, and no multiple of 8 octets"
    if offset == 0 and header.datagram_offset is not None:
        return "datagram_offset", "a subsequent fragment that begins at offset 0"
    return None
