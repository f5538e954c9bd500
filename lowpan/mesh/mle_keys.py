"""Keys of MLE: never those of the link layer, and in Thread a new one for each key sequence."""

from collections import OrderedDict
from typing import Protocol

from lowpan.errors import FieldOutOfRange
from lowpan.mac.keys import FIRST_KEY, KeyIdentifier, KeyTable, LinkKey, link_key
from lowpan.mac.thread_keys import KEY_SEQUENCES, derive, key_index
from lowpan.wire.secret import Secret
from lowpan.wire.security_header import AuxiliarySecurityHeader, KeyIdentifierMode

MOST_DERIVED = 16
"""Keys of other sequences that are kept once derived: those of neighbours who lag behind."""


class MleKeys(Protocol):
    """Where MleSecurity finds keys."""

    @property
    def identifier(self) -> KeyIdentifier:
        """What messages of ours call their key."""
        ...

    def find(self, named: AuxiliarySecurityHeader | KeyIdentifier, peer: bytes) -> LinkKey | None:
        """Return the key that is named so; `peer` is the extended address at the other end."""
        ...

    def is_too_old(self, key_sequence: int | None) -> bool:
        """Tell whether nothing new can come under the key of `key_sequence` any more."""
        ...

    def later_keys(self, key_sequence: int | None) -> tuple[str, ...]:
        """Return the fingerprints of keys that end the use of those of `key_sequence`."""
        ...


class NamedMleKeys:
    """Keys that were given to a node, as the draft has it."""

    def __init__(
        self, keys: KeyTable, link_keys: KeyTable | None, *, identifier: KeyIdentifier = FIRST_KEY
    ) -> None:
        """Use `keys`, none of which may be in `link_keys`, those of the link layer (§5)."""
        self._keys, self._link_keys = keys, link_keys
        self.identifier = identifier
        """What messages of ours call their key; to be changed when keys rotate."""
        self.refuse_link_keys()

    def refuse_link_keys(self) -> None:
        """Raise FieldOutOfRange for a key that the link layer uses as well; after each change."""
        if self._link_keys is not None and self._keys.fingerprints() & (
            self._link_keys.fingerprints()
        ):
            raise FieldOutOfRange("a key of MLE is one of the link layer: they must differ")

    def find(self, named: AuxiliarySecurityHeader | KeyIdentifier, peer: bytes) -> LinkKey | None:
        """Return the key that is named so."""
        return self._keys.find(named, peer)

    def is_too_old(self, key_sequence: int | None) -> bool:
        """Return False: a key is in use until it is taken away."""
        return False

    def later_keys(self, key_sequence: int | None) -> tuple[str, ...]:
        """Return nothing: these keys have no order."""
        return ()


class ThreadMleKeys:
    """Keys of all key sequences of a Thread network, each made when it is needed.

    Messages of any sequence can be opened, since that is how nodes that were away find back; what
    may be believed of those is MleSecurity's to say.
    """

    def __init__(self, network_key: bytes, key_sequence: int) -> None:
        self._network_key = Secret(network_key)
        self._derived: OrderedDict[int, LinkKey] = OrderedDict()
        self._usual: dict[int, LinkKey] = {}
        """Those of the previous, this and the next sequence."""
        self.use(key_sequence)

    def use(self, key_sequence: int) -> None:
        """Seal under `key_sequence`, 0..0xFFFFFFFF, from now on."""
        if not 0 <= key_sequence < KEY_SEQUENCES:
            raise FieldOutOfRange(f"key sequence {key_sequence} does not fit 4 octets")
        around = range(max(key_sequence - 1, 0), min(key_sequence + 2, KEY_SEQUENCES))
        self._usual = {sequence: self._key(sequence) for sequence in around}
        self._later = {
            sequence: tuple(self._usual[later].fingerprint for later in around if later > sequence)
            for sequence in around
        }
        self.key_sequence = key_sequence
        self.identifier = KeyIdentifier(
            KeyIdentifierMode.SOURCE_4_INDEX,
            key_index(key_sequence),
            key_sequence.to_bytes(4, "big"),
        )
        """What messages of ours call their key."""

    @property
    def derived(self) -> int:
        """Return how many keys of other sequences than those around ours are kept."""
        return len(self._derived)

    def fingerprint(self, key_sequence: int) -> str:
        """Return what may be shown of the key of `key_sequence`."""
        return self._key(key_sequence).fingerprint

    def find(self, named: AuxiliarySecurityHeader | KeyIdentifier, peer: bytes) -> LinkKey | None:
        """Return the key that is named by its sequence and the index that goes with it."""
        if isinstance(named, KeyIdentifier):
            source, index = named.source, named.index
        else:
            source, index = named.key_source, named.key_index
        if source is None or len(source) != 4:
            return None
        key_sequence = int.from_bytes(source, "big")
        return self._key(key_sequence) if index == key_index(key_sequence) else None

    def is_too_old(self, key_sequence: int | None) -> bool:
        """Tell whether `key_sequence` is from before the previous one."""
        return key_sequence is not None and key_sequence < self.key_sequence - 1

    def later_keys(self, key_sequence: int | None) -> tuple[str, ...]:
        """Return the fingerprints of those around ours that come after `key_sequence`."""
        return self._later.get(key_sequence, ()) if key_sequence is not None else ()

    def _key(self, key_sequence: int) -> LinkKey:
        key = self._usual.get(key_sequence) or self._derived.get(key_sequence)
        if key is None:
            key = link_key(derive(self._network_key, key_sequence)[0], key_sequence)
            self._derived[key_sequence] = key
            if len(self._derived) > MOST_DERIVED:
                self._derived.popitem(last=False)
        return key
