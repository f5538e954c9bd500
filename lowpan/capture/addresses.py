"""Which extended address stands behind a short one: what the frames of a capture told."""

from dataclasses import dataclass
from enum import IntEnum

MOST_ADDRESSES = 65536
"""All short addresses of one full PAN; an entry takes about 400 octets."""
MOST_CANDIDATES = 5
"""The latest extended address of a short one and the four before it."""

_BROADCAST_PAN_ID = 0xFFFF
_FIRST_RESERVED_SHORT_ADDRESS = b"\xff\xfe"


class Knowledge(IntEnum):
    """How an extended address became known; from VERIFIED on, nobody without a key can lie."""

    HEARSAY = 0
    """An unsecured frame said so: association, beacon, neighbour discovery."""
    VERIFIED = 1
    """A frame whose nonce holds this address had the right MIC."""
    MLE = 2
    """A secured MLE message said so."""
    GIVEN = 3
    """The user said so."""


@dataclass(slots=True)
class Candidate:
    """One extended address that a short one may stand for."""

    extended: bytes
    """8 octets in display order."""
    knowledge: int
    """The best Knowledge that there was of it."""


Entries = dict[tuple[int, bytes], tuple[Candidate, ...]]


class AddressBook:
    """Extended addresses by PAN ID and short address.

    Short addresses are given again to others, so a few earlier owners stay known: decryption
    tries them in turn and promotes the one that fits.  What unsecured frames said is kept apart
    and comes last, so that no stranger drives out what is certain.  Each of the two parts holds
    `most` short addresses; of more, the one that was learnt first is forgotten.
    """

    def __init__(self, *, most: int = MOST_ADDRESSES) -> None:
        self._most = most
        self.changes = 0
        """Grows whenever something new is learnt, so that what was derived can be renewed."""
        self._certain: Entries = {}
        self._hearsay: Entries = {}

    def __len__(self) -> int:
        """Return how many short addresses are known."""
        return len(self._certain.keys() | self._hearsay.keys())

    def learn(
        self, pan_id: int, short: bytes, extended: bytes, knowledge: Knowledge = Knowledge.HEARSAY
    ) -> bool:
        """Put `extended` first for `short`; tell whether that was news.

        Addresses that no single device can have (broadcast, group, zero) are left alone.
        """
        entries = self._certain if knowledge else self._hearsay
        key = (pan_id, short)
        known = entries.get(key, ())
        if known and known[0].extended == extended:
            known[0].knowledge = max(known[0].knowledge, knowledge)
            return False
        if not _is_device(pan_id, short, extended):
            return False
        if not known and len(entries) >= self._most:
            del entries[next(iter(entries))]
        entries[key] = _put_first(known, extended, knowledge)
        self.changes += 1
        return True

    def extended(self, pan_id: int, short: bytes) -> bytes | None:
        """Return the extended address that `short` most likely stands for now."""
        key = (pan_id, short)
        known = self._certain.get(key) or self._hearsay.get(key)
        return known[0].extended if known else None

    def candidates(self, pan_id: int, short: bytes) -> list[Candidate]:
        """Return all that `short` may stand for, the most likely first."""
        key = (pan_id, short)
        certain = self._certain.get(key, ())
        sure = {candidate.extended for candidate in certain}
        hearsay = self._hearsay.get(key, ())
        return [*certain, *(rumour for rumour in hearsay if rumour.extended not in sure)]

    def expect(self, other: "AddressBook") -> None:
        """Take what `other` is going to know as hearsay, where nothing is known here.

        Who owned a short address first comes first, and what is certain before what is not.
        """
        for entries in (other._certain, other._hearsay):
            for (pan_id, short), known in entries.items():
                if not self.candidates(pan_id, short):
                    for candidate in known:
                        self.learn(pan_id, short, candidate.extended)

    def verified(self, pan_id: int, short: bytes, extended: bytes) -> None:
        """Put `extended` first: a frame from `short` had the right MIC with it."""
        self.learn(pan_id, short, extended, Knowledge.VERIFIED)


def _put_first(
    known: tuple[Candidate, ...], extended: bytes, knowledge: Knowledge
) -> tuple[Candidate, ...]:
    """Return `known` with `extended` first and its best knowledge kept."""
    first, others = Candidate(extended, knowledge), list[Candidate]()
    for candidate in known:
        if candidate.extended == extended:
            first.knowledge = max(candidate.knowledge, knowledge)
        else:
            others.append(candidate)
    return (first, *others[: MOST_CANDIDATES - 1])


def _is_device(pan_id: int, short: bytes, extended: bytes) -> bool:
    """Tell whether these can be the addresses of one device (IEEE 802.15.4-2006 §7.2.1)."""
    return (
        pan_id != _BROADCAST_PAN_ID
        and len(short) == 2
        and short < _FIRST_RESERVED_SHORT_ADDRESS
        and len(extended) == 8
        and not extended[0] & 1
        and any(extended)
    )
