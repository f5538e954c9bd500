"""Keys that open captured frames: Thread network keys, link-layer keys, the Announce key."""

from enum import StrEnum

from lowpan.errors import FieldOutOfRange
from lowpan.mac.ccm_star import KEY_OCTETS, CcmStarKey
from lowpan.mac.thread_keys import ANNOUNCE_KEY, KEY_SEQUENCES, derive
from lowpan.wire.secret import Secret, fingerprint

MOST_DERIVED = 256
"""Key sequences of which a Thread key keeps the derived pair, about 2 KB each.

Twice the number of key indexes; strangers name sequences at will, so there has to be an end."""


class KeyKind(StrEnum):
    """What sort of key opened a frame."""

    THREAD = "thread"
    """Derived from a Thread network key."""
    RAW = "raw"
    """A link-layer key as it is."""
    ANNOUNCE = "announce"
    """The well-known key: anybody can have sealed the frame.  It may carry MLE Announce and
    nothing else; IP data under it is an attack (CVE-2023-2626)."""


class ThreadKey:
    """A Thread network key, which gives two keys for each key sequence.

    `first_sequence` is where a search begins that has nothing better.
    """

    __slots__ = ("_derived", "_network_key", "fingerprint", "first_sequence")

    kind = KeyKind.THREAD

    def __init__(self, network_key: bytes, *, first_sequence: int = 0) -> None:
        _check_length(network_key)
        _check_sequence(first_sequence)
        self._network_key = Secret(network_key)
        self._derived: dict[int, tuple[CcmStarKey, CcmStarKey]] = {}
        self.first_sequence = first_sequence
        self.fingerprint = fingerprint(self._network_key)
        """What may be shown of the network key."""

    @property
    def network_key(self) -> Secret:
        """The key that all others come from."""
        return self._network_key

    def __repr__(self) -> str:
        """Show the fingerprint, never the key."""
        return f"ThreadKey({self.fingerprint})"

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same key for the same frames."""
        return isinstance(other, ThreadKey) and self._network_key == other._network_key

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(self._network_key)

    def mle_key(self, sequence: int) -> CcmStarKey:
        """Return the key of MLE messages under `sequence`, 0..0xFFFFFFFF."""
        return (self._derived.get(sequence) or self._derive(sequence))[0]

    def mac_key(self, sequence: int) -> CcmStarKey:
        """Return the key of MAC frames under `sequence`, 0..0xFFFFFFFF."""
        return (self._derived.get(sequence) or self._derive(sequence))[1]

    def _derive(self, sequence: int) -> tuple[CcmStarKey, CcmStarKey]:
        _check_sequence(sequence)
        mle, mac = derive(self._network_key, sequence)
        if len(self._derived) >= MOST_DERIVED:
            del self._derived[next(iter(self._derived))]
        pair = self._derived[sequence] = CcmStarKey(mle), CcmStarKey(mac)
        return pair


class RawKey:
    """A link-layer key as it is, for frames that name it so; None stands for any.

    `key_identifier_mode` is 0..3, `key_index` 0..255, `key_source` 4 octets (mode 2) or 8
    (mode 3) in the order in which they travel.
    """

    __slots__ = ("_octets", "ccm_star", "key_identifier_mode", "key_index", "key_source")

    kind = KeyKind.RAW

    def __init__(
        self,
        octets: bytes,
        *,
        key_identifier_mode: int | None = None,
        key_index: int | None = None,
        key_source: bytes | None = None,
    ) -> None:
        _check_length(octets)
        _check_identifier(key_identifier_mode, key_index, key_source)
        self._octets = Secret(octets)
        self.ccm_star = CcmStarKey(self._octets)
        self.key_identifier_mode = key_identifier_mode
        self.key_index = key_index
        self.key_source = key_source

    @property
    def octets(self) -> Secret:
        """The key itself, which no text shows."""
        return self._octets

    @property
    def fingerprint(self) -> str:
        """What may be shown of the key."""
        return self.ccm_star.fingerprint

    def fits(
        self, key_identifier_mode: int, key_source: bytes | None, key_index: int | None
    ) -> bool:
        """Tell whether a frame with this key identifier may be under this key.

        Mode 0 names no index, which is the same as index 0 here.
        """
        return (
            self.key_identifier_mode in (None, key_identifier_mode)
            and self.key_index in (None, key_index or 0)
            and self.key_source in (None, key_source)
        )

    def __repr__(self) -> str:
        """Show the fingerprint, never the key."""
        source = None if self.key_source is None else self.key_source.hex()
        names = {"mode": self.key_identifier_mode, "index": self.key_index, "source": source}
        known = "".join(f", {name}={value}" for name, value in names.items() if value is not None)
        return f"RawKey({self.fingerprint}{known})"

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same key for the same frames."""
        return isinstance(other, RawKey) and self._identity() == other._identity()

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(self._identity())

    def _identity(self) -> tuple[object, ...]:
        return self._octets, self.key_identifier_mode, self.key_index, self.key_source


class AnnounceKey:
    """The well-known key of key identifier mode 2 with source ffffffff and index ff."""

    __slots__ = ("ccm_star",)

    kind = KeyKind.ANNOUNCE

    def __init__(self) -> None:
        self.ccm_star = CcmStarKey(ANNOUNCE_KEY)

    @property
    def fingerprint(self) -> str:
        """What is shown of it; everybody knows the key."""
        return self.ccm_star.fingerprint

    def __repr__(self) -> str:
        """Show the fingerprint, never the key."""
        return f"AnnounceKey({self.fingerprint})"


Key = ThreadKey | RawKey


def _check_length(octets: bytes) -> None:
    if len(octets) != KEY_OCTETS:
        raise FieldOutOfRange(f"a key of {len(octets)} octets instead of {KEY_OCTETS}")


def _check_sequence(sequence: int) -> None:
    if not 0 <= sequence < KEY_SEQUENCES:
        raise FieldOutOfRange(f"key sequence {sequence} does not fit 4 octets")


def _check_identifier(mode: int | None, index: int | None, source: bytes | None) -> None:
    """Refuse what no frame can name (IEEE 802.15.4-2006 §7.6.2.4.1); quote nothing."""
    if mode not in (None, 0, 1, 2, 3):
        raise FieldOutOfRange("key identifier mode is none of 0..3")
    if index is not None and not 0 <= index <= 0xFF:
        raise FieldOutOfRange("key index is none of 0..255")
    if mode == 0 and index:
        raise FieldOutOfRange("key identifier mode 0 names no key index")
    octets = {None: (4, 8), 2: (4,), 3: (8,)}.get(mode, ())
    if source is not None and len(source) not in octets:
        which = "mode 2 has 4 octets, in mode 3 it has 8, else there is none"
        raise FieldOutOfRange(f"key source: in key identifier {which}")
