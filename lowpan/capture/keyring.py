"""All keys of a capture at once, and which of them to try for a frame or MLE message."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from lowpan.capture.keys import AnnounceKey, Key, RawKey, ThreadKey
from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.thread_keys import (
    ANNOUNCE_KEY_INDEX,
    ANNOUNCE_KEY_SOURCE,
    ANNOUNCE_NONCE_ADDRESS,
    KEY_INDEXES,
    KEY_SEQUENCES,
    key_index,
)

SEARCH_WIDTH = 16
"""Key sequences from 0 on that are tried for one key index: those below 16 * 128.

A network rotates its key every few weeks, so it takes more than a century to get beyond; MLE
messages say a larger sequence outright.  A frame under a foreign key costs so many attempts."""
MOST_REMEMBERED = 4096
"""Key identifiers whose key is remembered; only frames that verified add to them."""
MOST_USUAL = 4
"""Keys remembered under one identifier: networks may share a PAN ID, sequences a key index."""

Identifier = tuple[int, bytes | None, int | None, int | None]
"""Key identifier mode, key source as on air, key index; then the PAN ID, which tells networks
with the same key identifiers apart."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A key to try, and what it says if it fits."""

    ccm_star: CcmStarKey
    key: Key | AnnounceKey
    """Where `ccm_star` comes from."""
    sequence: int | None = None
    """Key sequence, of Thread keys only."""
    nonce_address: bytes | None = None
    """Stands in the nonce for the sender's extended address, under the Announce key only."""


class Memory:
    """Which keys opened what before: frames, or MLE messages."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._usual: dict[Identifier, tuple[Choice, ...]] = {}
        self.changes = 0
        """Grows whenever a key opens what it has not opened before."""

    def usual(self, identifier: Identifier) -> tuple[Choice, ...]:
        """Return the keys that opened what had `identifier`, the last one first."""
        return self._usual.get(identifier, ())

    def remember(self, identifier: Identifier, choice: Choice) -> None:
        """Put `choice` first for `identifier`."""
        known = self._usual.get(identifier, ())
        self.changes += choice not in known
        if not known and len(self._usual) >= self._most:
            del self._usual[next(iter(self._usual))]
        others = (other for other in known if other != choice)
        self._usual[identifier] = (choice, *islice(others, MOST_USUAL - 1))


class Keyring:
    """The keys that are known, and which of them fitted before.

    To open a frame, try mac.usual() first, which costs one look-up, then each of mac_choices(),
    and report the one that fitted with mac_verified(); likewise for MLE.  Nothing else changes
    what the keyring knows: a frame whose MIC is wrong leaves no trace.
    """

    def __init__(self, keys: Iterable[Key] = (), *, search_width: int = SEARCH_WIDTH) -> None:
        self.mac, self.mle = Memory(), Memory()
        self._search_width = search_width
        announce = AnnounceKey()
        self._announce = Choice(announce.ccm_star, announce, None, ANNOUNCE_NONCE_ADDRESS)
        self._keys: list[Key] = []
        self._latest: dict[ThreadKey, int] = {}
        for key in keys:
            self.add(key)

    def __repr__(self) -> str:
        """Show fingerprints, never keys."""
        return f"Keyring({', '.join(map(repr, self._keys))})"

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that were given; the Announce key is always there besides."""
        return tuple(self._keys)

    @property
    def changes(self) -> int:
        """Grows whenever a key turns out to fit, so that closed frames are worth another try."""
        return self.mac.changes + self.mle.changes

    def add(self, key: Key) -> bool:
        """Take one more key; tell whether it was new."""
        new = key not in self._keys
        if new:
            self._keys.append(key)
        return new

    def latest_sequence(self, key: ThreadKey) -> int | None:
        """Return the key sequence of the last frame that `key` opened."""
        return self._latest.get(key)

    def mac_choices(self, identifier: Identifier) -> Iterator[Choice]:
        """Yield every key that a frame with `identifier` may be under, the likely ones first."""
        mode, source, index, _ = identifier
        if source == ANNOUNCE_KEY_SOURCE and index == ANNOUNCE_KEY_INDEX:
            yield self._announce
        searches = list[Iterator[Choice]]()
        if mode == 1 and index is not None and 0 < index <= KEY_INDEXES:
            searches += [self._search(key, index) for key in self._thread_keys()]
        for search in searches:
            yield from islice(search, 1)  # what each network most likely uses now
        sequence = _named_sequence(identifier)
        if sequence is not None:
            for key in self._thread_keys():
                yield Choice(key.mac_key(sequence), key, sequence)
        yield from self._raw(identifier)
        yield from chain.from_iterable(searches)

    def mle_choices(self, identifier: Identifier) -> Iterator[Choice]:
        """Yield every key that an MLE message with `identifier` may be under.

        Its key source is the key sequence itself, so sequences that share a key index (1 and
        129, say) are not mistaken for each other here.
        """
        sequence = _named_sequence(identifier)
        if sequence is not None:
            for key in self._thread_keys():
                yield Choice(key.mle_key(sequence), key, sequence)
        yield from self._raw(identifier)

    def mac_verified(self, identifier: Identifier, choice: Choice) -> None:
        """Remember that `choice` opened a frame with `identifier`."""
        self._verified(self.mac, identifier, choice)

    def mle_verified(self, identifier: Identifier, choice: Choice) -> None:
        """Remember that `choice` opened an MLE message with `identifier`."""
        self._verified(self.mle, identifier, choice)

    def _verified(self, memory: Memory, identifier: Identifier, choice: Choice) -> None:
        if isinstance(choice.key, AnnounceKey):
            return  # anybody can seal under it, with PAN IDs without end
        if isinstance(choice.key, ThreadKey) and choice.sequence is not None:
            self._latest[choice.key] = choice.sequence
        memory.remember(identifier, choice)

    def _thread_keys(self) -> Iterator[ThreadKey]:
        return (key for key in self._keys if isinstance(key, ThreadKey))

    def _raw(self, identifier: Identifier) -> Iterator[Choice]:
        for key in self._keys:
            if isinstance(key, RawKey) and key.fits(*identifier[:3]):
                yield Choice(key.ccm_star, key)

    def _search(self, key: ThreadKey, index: int) -> Iterator[Choice]:
        """Yield the key of each sequence under `index`: next to the last one first, then from 0."""
        base = self._latest.get(key, key.first_sequence)
        from_zero = range(index - 1, self._search_width * KEY_INDEXES, KEY_INDEXES)
        tried = set[int]()
        for sequence in chain(_nearest(base, index), from_zero):
            if sequence not in tried and 0 <= sequence < KEY_SEQUENCES:
                tried.add(sequence)
                yield Choice(key.mac_key(sequence), key, sequence)


def _nearest(base: int, index: int) -> list[int]:
    """Return the four sequences under `index` that are closest to `base`, the closest first."""
    after = base + (index - 1 - base) % KEY_INDEXES
    near = [after + distance * KEY_INDEXES for distance in (-2, -1, 0, 1)]
    return sorted(near, key=lambda sequence: (abs(sequence - base), sequence < base))


def _named_sequence(identifier: Identifier) -> int | None:
    """Return the key sequence that a key source of 4 octets says, None if it says none."""
    mode, source, index, _ = identifier
    if mode != 2 or source is None:
        return None
    sequence = int.from_bytes(source, "big")
    return sequence if key_index(sequence) == index else None
