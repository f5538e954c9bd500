"""Blocks: the octets of a capture file or pipe, a bounded piece at a time."""

import zlib
from collections.abc import Callable

from lowpan.errors import CaptureError

BLOCK = 1 << 18
"""Octets asked for at once."""

GZIP = b"\x1f\x8b"
"""How a gzip member begins (RFC 1952 §2.3.1)."""


class Blocks:
    """A window that moves over the octets of a file.

    `octets` are those at hand and `offset` is the place of the first of them in the file, after
    decompression.  A reader works on `octets` and calls advance() when it needs more: a pipe then
    delivers whatever has arrived, so that no frame waits for a block to be full.

    `read` returns some octets, none at the end of the file, and raises CaptureError where the
    file cannot be read on; so do the methods.
    """

    def __init__(
        self,
        read: Callable[[], bytes],
        *,
        name: str,
        close: Callable[[], None],
        packed: bool = False,
    ) -> None:
        self.octets = b""
        self.offset = 0
        self.name = name
        """What messages call the file."""
        self.close = close
        self._read = read
        self._packed = packed

    def damage(self, offset: int, reason: str) -> CaptureError:
        """Return the error that tells what is wrong at `offset` of the file."""
        unpacked = " of the uncompressed data" if self._packed else ""
        return CaptureError(f"{self.name}: octet {offset}{unpacked}: {reason}")

    def advance(self, used: int) -> bool:
        """Drop the first `used` octets at hand and fetch more; False at the end of the file."""
        fresh = self._read()
        self.octets = self.octets[used:] + fresh
        self.offset += used
        return bool(fresh)

    def want(self, count: int) -> bool:
        """Fetch until `count` octets are at hand; False if the file ends before."""
        while len(self.octets) < count:
            if not self.advance(0):
                return False
        return True

    def skip(self, count: int) -> bool:
        """Drop `count` octets, which need not be at hand; False if the file ends before."""
        while count > len(self.octets):
            count -= len(self.octets)
            if not self.advance(len(self.octets)):
                return False
        self.octets = self.octets[count:]
        self.offset += count
        return True


def decompressed(packed: Blocks) -> Blocks:
    """Return the octets that the gzip members in `packed` hold (RFC 1952)."""
    return Blocks(_Gunzip(packed).read, name=packed.name, close=packed.close, packed=True)


class _Gunzip:
    """Inflates the members of a gzip file one after the other, up to BLOCK octets at a time."""

    def __init__(self, packed: Blocks) -> None:
        self._packed = packed
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._step = BLOCK
        self._damage: CaptureError | None = None

    def read(self) -> bytes:
        """Return the next octets; none after the last member, CaptureError where it is damaged."""
        while self._damage is None:
            if self._member.eof and not self._next_member():
                return b""
            if self._packed.octets or self._packed.advance(0):
                octets = self._inflate()
            else:
                octets = self._member.flush()
                self._damage = self._packed.damage(
                    self._packed.offset, "the compressed file ends early"
                )
            if octets:
                return octets
        raise self._damage

    def _inflate(self) -> bytes:
        """Return what the octets at hand give, if any: of damaged ones, all up to the damage.

        zlib gives nothing of a piece in which it finds damage, so then the piece is made smaller.
        """
        before, packed = self._member.copy(), self._packed.octets[: self._step]
        try:
            octets = self._member.decompress(packed, BLOCK)
        except zlib.error as error:
            self._member = before
            self._step //= 2
            if not self._step:
                reason = f"compressed data is damaged hereabouts: {error}"
                self._damage = self._packed.damage(self._packed.offset, reason)
            return b""
        rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        self._packed.skip(len(packed) - len(rest))
        return octets

    def _next_member(self) -> bool:
        """Begin the member behind the last one; False if there is none, only padding perhaps."""
        while not self._packed.octets.strip(b"\0"):
            if not self._packed.advance(len(self._packed.octets)):
                return False
        self._packed.want(2)
        if not self._packed.octets.startswith(GZIP):
            raise self._packed.damage(
                self._packed.offset, "what follows the compressed data is no gzip member"
            )
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return True
