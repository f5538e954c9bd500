"""Octets that nobody may see: keys, and what is as good as a key."""

from hashlib import sha256
from typing import Any


def fingerprint(octets: bytes) -> str:
    """Return eight hex digits that tell keys apart and give none away: SHA-256, first 4 octets."""
    return sha256(octets).hexdigest()[:8]


class Secret(bytes):
    """Octets of a key; every text made of them shows only their count and fingerprint.

    Compares, slices and computes as the octets it is; hex() gives them away on purpose.
    """

    __slots__ = ()

    def __new__(cls, octets: object) -> "Secret":
        """Refuse a number, of which bytes() would make so many zeros: a key that everybody has."""
        if not isinstance(octets, bytes | bytearray):
            raise TypeError(f"octets wanted, not {type(octets).__name__}")
        return super().__new__(cls, octets)

    def __repr__(self) -> str:
        """Say that there is a key, and which."""
        return f"<{len(self)} secret octets, fingerprint {fingerprint(self)}>"

    def __str__(self) -> str:
        """Say the same as repr()."""
        return repr(self)


def to_secret(octets: bytes, surroundings: Any) -> Secret:
    """Wrap octets as they are decoded (for schema.Derived)."""
    return Secret(octets)


def from_secret(secret: bytes, surroundings: Any) -> bytes:
    """Return the octets to encode (for schema.Derived)."""
    return bytes(secret)
