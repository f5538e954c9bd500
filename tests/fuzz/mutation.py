"""Mutation: octets made hostile, some microseconds each."""

from collections.abc import Sequence
from random import Random

LARGEST = 2047
"""Octets that a mutant has at most: the largest PSDU of any PHY."""

_EDGES = bytes((0x00, 0x01, 0x02, 0x7E, 0x7F, 0x80, 0xFE, 0xFF))
_ROUNDS = (1,) * 10 + (2,) * 4 + (4, 12)
"""Changes that one mutant gets, for each of 16 equal chances."""
_FULL, _EMPTY = b"\xff" * 64, bytes(64)


class Mutator:
    """Changes octets in ways that break decoders: one change mostly, seldom up to a dozen."""

    def __init__(self, random: Random, others: Sequence[bytes] = ()) -> None:
        self._random = random.random
        self._bits = random.getrandbits
        self._octets = random.randbytes
        self._others = others

    def mutated(self, octets: bytes) -> bytes:
        """Return `octets` with some of them changed, put in, left out or repeated."""
        for _ in range(_ROUNDS[self._bits(4)]):
            octets = self._changed(octets)
        return octets[:LARGEST]

    def _changed(self, octets: bytes) -> bytes:
        size, kind = len(octets), self._bits(4)
        at = int(self._random() * size)
        if kind < 4:  # another octet
            return octets[:at] + bytes((self._bits(8),)) + octets[at + 1 :]
        if kind < 6 and size:  # one bit
            return octets[:at] + bytes((octets[at] ^ 1 << self._bits(3),)) + octets[at + 1 :]
        if kind < 8 and size:  # a length or count one too small or too large
            step = 1 if kind == 6 else 255
            return octets[:at] + bytes((octets[at] + step & 255,)) + octets[at + 1 :]
        if kind < 10:  # a number at the edge of its range
            return octets[:at] + _EDGES[self._bits(3) :][:1] + octets[at + 1 :]
        return self._resized(octets, at, kind)

    def _resized(self, octets: bytes, at: int, kind: int) -> bytes:
        if kind == 10:  # cut
            return octets[:at]
        count = 1 + self._bits(3)
        if kind == 11:  # left out
            return octets[:at] + octets[at + count :]
        if kind == 12:  # put in
            return octets[:at] + self._octets(count) + octets[at:]
        if kind == 13:  # repeated, some more than once
            piece = octets[at : at + 8 * count]
            return octets[:at] + piece * (1 + self._bits(2)) + octets[at:]
        if kind == 14:  # filled
            fill = _FULL if count & 1 else _EMPTY
            return octets[:at] + fill[: 4 * count] + octets[at + 4 * count :]
        return self._spliced(octets, at)

    def _spliced(self, octets: bytes, at: int) -> bytes:
        """Return the start of `octets` and the end of others."""
        if not self._others or not self._bits(2):
            return octets[:at] + self._octets(self._bits(6))
        other = self._others[int(self._random() * len(self._others))]
        return octets[:at] + other[int(self._random() * len(other)) :]
