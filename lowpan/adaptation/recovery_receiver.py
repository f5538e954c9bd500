"""The reassembling endpoint of selective fragment recovery (RFC 8931 §5, §6)."""

from enum import Enum
from typing import Any

from lowpan.adaptation.decompress import decompress
from lowpan.adaptation.extents import Extents
from lowpan.errors import MalformedFrame
from lowpan.wire.addresses import Surroundings
from lowpan.wire.ipv6 import IPV6_HEADER, IPV6_HEADER_OCTETS, MTU
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch
from lowpan.wire.nhc import COMPRESSED_HEADERS
from lowpan.wire.recoverable_fragment import (
    FRAGMENT_ACKNOWLEDGMENT,
    FULL_BITMAP,
    FragmentAcknowledgment,
    bit_of,
)

LARGEST_COMPRESSED = MTU + 1
"""Octets of a datagram that nothing was elided of, and its dispatch."""


First = tuple[int, bytes]
"""What tells datagrams with the same tag apart: the whole size, and the first fragment."""


class Placed(Enum):
    """What a fragment was to the datagram."""

    NEW = "new"
    REPEATED = "repeated"
    CONTRADICTING = "contradicting"


class Gathering:
    """A datagram in its compressed form, as far as it has arrived.

    Octets are placed in room of its own size; the fragment that says other than what is there,
    or than what its number said before, ends it.
    """

    __slots__ = ("bitmap", "complete", "ecn", "first", "marks", "octets", "seen", "surroundings")

    def __init__(self, first: First, surroundings: Surroundings) -> None:
        self.octets, self.first, self.surroundings = bytearray(first[0]), first, surroundings
        self.seen = Extents()
        self.bitmap = 0
        self.complete = False
        """All of it has been handed on, and its octets dropped."""
        self.ecn = False
        """A fragment met congestion, and no acknowledgment has said so yet."""
        self.marks: list[Any] = []
        """What came with each fragment, repeats left out."""

    def place(self, sequence: int, start: int, piece: bytes, mark: Any) -> Placed:
        """Take the octets from `start` on; those of a datagram that is complete change nothing."""
        if self.complete:
            return Placed.REPEATED
        end = start + len(piece)
        if not piece or end > len(self.octets):
            return Placed.CONTRADICTING
        for held, beyond in self.seen.within(start, end):
            if bytes(self.octets[held:beyond]) != piece[held - start : beyond - start]:
                return Placed.CONTRADICTING
        if self.seen.covers(start, end):
            self.bitmap |= bit_of(sequence)
            return Placed.REPEATED
        if self.bitmap & bit_of(sequence):
            return Placed.CONTRADICTING
        self.octets[start:end] = piece
        self.seen.add(start, end)
        self.bitmap |= bit_of(sequence)
        self.marks.append(mark)
        return Placed.NEW

    @property
    def is_whole(self) -> bool:
        """Whether every octet has arrived."""
        return not self.complete and self.seen.covers(0, len(self.octets))

    def take(self) -> tuple[bytes, tuple[Any, ...]]:
        """Return the datagram that is whole, and the marks, and keep neither.

        Raises MalformedFrame if this is no compressed datagram.
        """
        octets, marks = bytes(self.octets), tuple(self.marks)
        self.complete = True
        self.octets, self.marks = bytearray(), []
        return _decompressed(octets, self.surroundings), marks

    def acknowledgment(self, datagram_tag: int) -> bytes:
        """Return an acknowledgment of all that has arrived, which says of congestion once."""
        bitmap = FULL_BITMAP if self.complete else self.bitmap
        acknowledgment = FragmentAcknowledgment(self.ecn, datagram_tag, bitmap)
        self.ecn = False
        return FRAGMENT_ACKNOWLEDGMENT.encode(acknowledgment)


def _decompressed(octets: bytes, surroundings: Surroundings) -> bytes:
    """Return the datagram of a compressed form; raise MalformedFrame."""
    if DISPATCH[octets[0]] is not Dispatch.IPV6:
        headers, used = COMPRESSED_HEADERS.decode_prefix(octets, surroundings)
        return decompress(headers, octets[used:])
    datagram = octets[1:]
    length = IPV6_HEADER_OCTETS + IPV6_HEADER.decode_prefix(datagram)[0].payload_length
    if length != len(datagram):
        reason = f"{length} octets announced, {len(datagram)} there"
        raise MalformedFrame(reason, format="Ipv6Header", field="payload_length", offset=4)
    return datagram
