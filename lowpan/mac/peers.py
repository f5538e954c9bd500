"""Peers: which extended address stands behind a short one, as far as it was proven."""

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice

from lowpan.errors import FieldOutOfRange
from lowpan.wire.addresses import NO_SHORT_ADDRESSES

_Name = tuple[int | None, bytes]
"""PAN ID and short address."""


class Peers:
    """Extended addresses of the nodes we talk to, for the nonce of frames from short ones.

    What is in here was configured, or proven by a frame whose MIC was right: a stranger adds and
    changes nothing.  For a short address that nobody has explained, or that has a new owner, some
    of the peers are tried, others next time.
    """

    __slots__ = (
        *("_by_short", "_configured", "_learnt", "_most_candidates", "_most_peers"),
        *("_most_suggested", "_suggested", "_turns"),
    )

    def __init__(
        self, *, most_peers: int = 1024, most_candidates: int = 8, most_suggested: int = 256
    ) -> None:
        """Set the bounds.

        `most_peers` are learnt, more than share one channel; those learnt first are forgotten for
        new ones.  `most_candidates` are tried for a frame: a stranger's costs us as many CCM*.
        `most_suggested` are as many as join one coordinator.
        """
        self._most_suggested = most_suggested
        self._suggested: OrderedDict[_Name, bytes] = OrderedDict()
        self._most_peers, self._most_candidates = most_peers, most_candidates
        self._by_short: dict[_Name, bytes] = {}
        self._configured: dict[bytes, _Name | None] = {}
        self._learnt: dict[bytes, _Name | None] = {}
        self._turns: OrderedDict[bytes, None] = OrderedDict()
        """All peers, those to be tried next first."""

    def add(
        self, extended: bytes, short: bytes | None = None, *, pan_id: int | None = None
    ) -> None:
        """Know a peer by configuration; it is never forgotten for others."""
        if len(extended) != 8 or (short is not None and len(short) != 2):
            raise FieldOutOfRange("a peer has an extended address, and a short one or none")
        self._configured.setdefault(extended, self._learnt.pop(extended, None))
        self.verified(extended, short, pan_id)

    def verified(self, extended: bytes, short: bytes | None, pan_id: int | None) -> None:
        """Learn that `extended` has sealed a new frame, whose source is `short` if not None."""
        name = None if short is None or short in NO_SHORT_ADDRESSES else (pan_id, short)
        names = self._configured if extended in self._configured else self._learnt
        if extended not in names:
            self._make_room()
            names[extended] = None
        if extended not in self._turns:
            self._turns[extended] = None
            self._turns.move_to_end(extended, last=False)
        if name is None or self._by_short.get(name) == extended:
            return
        self._release(names[extended], extended)
        names[extended] = name
        self._by_short[name] = extended
        self._turns.move_to_end(extended)

    def suggest(self, extended: bytes, short: bytes, pan_id: int) -> None:
        """Try `extended` for frames from `short`, as somebody said so without any proof.

        That is who was given a short address, or a coordinator that a beacon told of.
        """
        if short in NO_SHORT_ADDRESSES:
            return
        self._suggested[pan_id, short] = extended
        self._suggested.move_to_end((pan_id, short))
        if len(self._suggested) > self._most_suggested:
            self._suggested.popitem(last=False)

    def extended(self, short: bytes, pan_id: int | None) -> bytes | None:
        """Return who `short` was last known to be."""
        return self._by_short.get((pan_id, short))

    def candidates(self, short: bytes, pan_id: int | None) -> Iterator[bytes]:
        """Yield who `short` may be, the last known owner first.

        Who fetches all of them says that they were in vain: next time it is the turn of others.
        """
        if short in NO_SHORT_ADDRESSES:
            return
        owner = self._by_short.get((pan_id, short))
        if owner is not None:
            yield owner
        suggested = self._suggested.get((pan_id, short)) if pan_id is not None else None
        if suggested is not None and suggested != owner:
            yield suggested
        tried = list(islice(self._turns, self._most_candidates))
        for extended in tried:
            if extended != owner:
                yield extended
        for extended in tried:
            self._turns.move_to_end(extended)

    def _make_room(self) -> None:
        if len(self._learnt) >= self._most_peers:
            oldest = next(iter(self._learnt))
            self._release(self._learnt.pop(oldest), oldest)
            del self._turns[oldest]

    def _release(self, name: _Name | None, extended: bytes) -> None:
        """Forget that `name` stands for `extended`, unless it has another owner by now."""
        if name is not None and self._by_short.get(name) == extended:
            del self._by_short[name]
