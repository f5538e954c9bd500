"""A fingerprint of a run: every transmission, and what became of it everywhere."""

from hashlib import blake2b
from struct import Struct

from lowpan.sim.sim_radio import Link, Transmission

_TRANSMISSION = Struct(">QQIHH").pack
_BLOCK = 256
_RECEIVER = Struct(">I").pack


class RunDigest:
    """A running hash over time, sender, channel and octets of each frame, and over its fates.

    Equal ones say that two runs were the same up to here, to the octet and to the microsecond.
    """

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)
        self._parts: list[bytes | bytearray] = []
        """What is to be hashed: a block at a time takes less time than a frame at a time."""

    def hexdigest(self) -> str:
        """Return what it is up to now, 32 hex digits."""
        self._take_in()
        return self._hash.hexdigest()

    def judged(self, sent: Transmission, links: list[Link], fates: bytes | bytearray) -> None:
        """Take a transmission that has ended and its fate at each receiver."""
        head = _TRANSMISSION(sent.start, sent.end, sent.sender.number, sent.channel, len(sent.psdu))
        parts = self._parts
        if len(links) == 1:
            parts += (head, sent.psdu, _RECEIVER(links[0].receiver.number), fates)
        else:
            parts += (head, sent.psdu, *[_RECEIVER(link.receiver.number) for link in links], fates)
        if len(parts) > _BLOCK:
            self._take_in()

    def _take_in(self) -> None:
        self._hash.update(b"".join(self._parts))
        self._parts.clear()
