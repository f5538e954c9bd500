"""Keys of the link layer, found by what frames call them (IEEE 802.15.4-2006 §7.5.8.2.5)."""

from dataclasses import dataclass

from lowpan.errors import FieldOutOfRange, SecurityError
from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.thread_keys import (
    ANNOUNCE_KEY,
    ANNOUNCE_KEY_INDEX,
    ANNOUNCE_KEY_SOURCE,
    KEY_SEQUENCES,
    derive,
    key_index,
)
from lowpan.wire.secret import Secret
from lowpan.wire.security_header import AuxiliarySecurityHeader, KeyIdentifierMode

_SOURCE_OCTETS = {1: 0, 2: 4, 3: 8}
"""Octets of the key source by key identifier mode."""


class KeyUnavailable(SecurityError):
    """No key that a frame could be secured or opened with (UNAVAILABLE_KEY)."""


@dataclass(frozen=True, slots=True)
class KeyIdentifier:
    """What frames call a key; FieldOutOfRange where none can."""

    mode: int = 1
    """0..3, see KeyIdentifierMode."""
    index: int | None = None
    """1..255, None in mode 0."""
    source: bytes | None = None
    """4 octets in mode 2, 8 in mode 3, in the order sent; else None."""

    def __post_init__(self) -> None:
        """Refuse what no frame can say (§7.6.2.4)."""
        if self.mode not in (0, 1, 2, 3):
            raise FieldOutOfRange(f"key identifier mode {self.mode} is none of 0..3")
        if self.mode == 0:
            if self.index is not None or self.source is not None:
                raise FieldOutOfRange("key identifier mode 0 names neither index nor source")
            return
        if self.index is None or not 1 <= self.index <= 0xFF:
            raise FieldOutOfRange(f"key index {self.index} is none of 1..255")
        octets, wanted = len(self.source or b""), _SOURCE_OCTETS[self.mode]
        if octets != wanted:
            what = f"key identifier mode {self.mode} has a key source of {wanted} octets"
            raise FieldOutOfRange(f"{what}, not {octets}")


FIRST_KEY = KeyIdentifier(1, 1)
"""Key identifier mode 1, key index 1: what most networks call their only key."""


@dataclass(frozen=True, slots=True, eq=False)
class LinkKey:
    """A key of the link layer, ready for use."""

    ccm_star: CcmStarKey
    fingerprint: str
    """What may be shown and stored of it; the same for the same octets."""
    key_sequence: int | None = None
    """Thread key sequence that it was derived for; None for other keys."""


class KeyTable:
    """The keys that a node has, by the names that frames use.

    Key identifier mode 1 is short for the default key source, so a key of that source is found
    under mode 3 too.  Mode 0 names no key: it is the one that is kept for the peer.  The table
    holds what its owner puts in; no frame changes it.
    """

    __slots__ = ("_default_key_source", "_implicit", "_later", "_named", "_thread")

    def __init__(self, *, default_key_source: bytes | None = None) -> None:
        if default_key_source is not None and len(default_key_source) != 8:
            raise FieldOutOfRange(f"a default key source of {len(default_key_source)} octets")
        self._default_key_source = default_key_source
        self._named: dict[tuple[bytes | None, int | None], LinkKey] = {}
        self._implicit: dict[bytes, LinkKey] = {}
        self._thread: dict[int, KeyIdentifier] = {}
        """Names of the Thread keys held, by key sequence."""
        self._later: dict[int, tuple[str, ...]] = {}
        """Fingerprints of the Thread keys held that are later, by key sequence."""

    def add(
        self, identifier: KeyIdentifier, octets: bytes, *, key_sequence: int | None = None
    ) -> LinkKey:
        """Keep a key of 16 octets under `identifier`, which has mode 1, 2 or 3.

        FieldOutOfRange refuses a name in use, and the well-known key and its name: what everybody
        knows protects nothing (CVE-2023-2626).
        """
        if identifier.mode == KeyIdentifierMode.IMPLICIT:
            raise FieldOutOfRange("an implicit key has no name: add_implicit()")
        if is_well_known(identifier.source, identifier.index):
            raise FieldOutOfRange(f"{identifier} is the name of the well-known key")
        name = self._name(identifier.source, identifier.index)
        if name in self._named:
            raise FieldOutOfRange(f"{identifier} is the name of another key")
        key = self._named[name] = link_key(octets, key_sequence)
        return key

    def add_implicit(self, peer: bytes, octets: bytes) -> LinkKey:
        """Keep a key of 16 octets for the frames between us and `peer`, in place of any before.

        `peer` is an extended address, in display order.
        """
        if len(peer) != 8:
            raise FieldOutOfRange(f"an extended address of {len(peer)} octets")
        key = self._implicit[peer] = link_key(octets, None)
        return key

    def remove(self, identifier: KeyIdentifier) -> None:
        """Forget the key under `identifier`; harmless if there is none."""
        self._named.pop(self._name(identifier.source, identifier.index), None)

    def remove_implicit(self, peer: bytes) -> None:
        """Forget the key for `peer`; harmless if there is none."""
        self._implicit.pop(peer, None)

    def hold_thread_keys(self, network_key: bytes, key_sequence: int) -> KeyIdentifier:
        """Keep the MAC keys of the previous, this and the next key sequence, and no older ones.

        Return what frames under this one call it: mode 1 and the index of the sequence.
        """
        for identifier in self._thread.values():
            self.remove(identifier)
        self._thread.clear()
        for sequence in range(max(key_sequence - 1, 0), min(key_sequence + 2, KEY_SEQUENCES)):
            identifier = KeyIdentifier(KeyIdentifierMode.INDEX, key_index(sequence))
            self.add(identifier, derive(network_key, sequence)[1], key_sequence=sequence)
            self._thread[sequence] = identifier
        held = [(sequence, self.find(name, None)) for sequence, name in self._thread.items()]
        self._later = {
            sequence: tuple(key.fingerprint for other, key in held if key and other > sequence)
            for sequence, _ in held
        }
        return self._thread[key_sequence]

    def find(
        self, identifier: AuxiliarySecurityHeader | KeyIdentifier, peer: bytes | None
    ) -> LinkKey | None:
        """Return the key that `identifier` names, None if we do not have it.

        `peer` is the extended address at the other end, and matters in mode 0 only.
        """
        if isinstance(identifier, KeyIdentifier):
            mode, source, index = identifier.mode, identifier.source, identifier.index
        else:
            mode = identifier.control.key_identifier_mode
            source, index = identifier.key_source, identifier.key_index
        if mode == 0:
            return None if peer is None else self._implicit.get(peer)
        return self._named.get(self._name(source, index))

    def thread_key(self, key_sequence: int) -> LinkKey | None:
        """Return the key of `key_sequence`, None if it is none of those held."""
        name = self._thread.get(key_sequence)
        return None if name is None else self.find(name, None)

    def later_keys(self, key_sequence: int | None) -> tuple[str, ...]:
        """Return the fingerprints of the Thread keys held that come after `key_sequence`.

        A sender that has used one of them has done with those before.
        """
        return self._later.get(key_sequence, ()) if key_sequence is not None else ()

    def fingerprints(self) -> set[str]:
        """Return what may be shown of all keys held."""
        return {key.fingerprint for key in (*self._named.values(), *self._implicit.values())}

    @property
    def are_named(self) -> bool:
        """Tell whether all keys are for everybody, and none for one peer alone."""
        return not self._implicit

    def has_implicit(self, peer: bytes) -> bool:
        """Tell whether there is a key for the frames between us and `peer` alone."""
        return peer in self._implicit

    def _name(self, source: bytes | None, index: int | None) -> tuple[bytes | None, int | None]:
        return source or self._default_key_source, index


def is_well_known(source: bytes | None, index: int | None) -> bool:
    """Tell whether this names the key that every Thread device knows."""
    return source == ANNOUNCE_KEY_SOURCE and index == ANNOUNCE_KEY_INDEX


def link_key(octets: bytes, key_sequence: int | None) -> LinkKey:
    """Return a key of 16 octets ready for use; FieldOutOfRange refuses the well-known one."""
    if octets == ANNOUNCE_KEY:
        raise FieldOutOfRange("the well-known key is printed, it protects nothing")
    ccm_star = CcmStarKey(Secret(octets))
    return LinkKey(ccm_star, ccm_star.fingerprint, key_sequence)
