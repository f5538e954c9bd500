"""Recoverable fragment RFRAG and its acknowledgment RFRAG-ACK (RFC 8931 §5)."""

from dataclasses import dataclass

from construct import BitsInteger, BitStruct, Const, Flag

from lowpan.schema import Layout

RFRAG, RFRAG_ACK = 0b1110100, 0b1110101
RFRAG_OCTETS = RFRAG_ACK_OCTETS = 6
MOST_SEQUENCES = 32
"""Fragments of a datagram: what `sequence` tells apart and the bitmap has bits for."""
LARGEST_FRAGMENT = 1023
"""What fragment_size can say."""
NULL_BITMAP, FULL_BITMAP = 0, 0xFFFFFFFF
"""The datagram is aborted; all of it has arrived (§5.2)."""


@dataclass(slots=True)
class RecoverableFragment:
    """Place of one fragment in the compressed form of its datagram."""

    ecn: bool
    """Congestion was met on the way so far."""
    datagram_tag: int
    """The sender's number for the datagram on this link, 0..255."""
    ack_request: bool
    """Which fragments have arrived is to be acknowledged."""
    sequence: int
    """0 for the first fragment; 1..31, in no order, for others."""
    fragment_size: int
    """Octets of the fragment behind this header, 0..1023."""
    fragment_offset: int
    """Octets of the whole datagram in the first fragment, of what stands before it in others.

    0..65535; 0 ends the datagram, whatever `sequence` is.
    """

    @property
    def is_abort(self) -> bool:
        """Whether the sender gives the datagram up."""
        return self.fragment_offset == 0

    @property
    def is_first(self) -> bool:
        """Whether this is the fragment with the IPv6 header."""
        return self.sequence == 0 and not self.is_abort


RECOVERABLE_FRAGMENT = Layout(
    RecoverableFragment,
    BitStruct(
        "dispatch" / Const(RFRAG, BitsInteger(7)),
        "ecn" / Flag,
        "datagram_tag" / BitsInteger(8),
        "ack_request" / Flag,
        "sequence" / BitsInteger(5),
        "fragment_size" / BitsInteger(10),
        "fragment_offset" / BitsInteger(16),
    ),
)


@dataclass(slots=True)
class FragmentAcknowledgment:
    """The fragments of a datagram that have arrived."""

    ecn: bool
    """One of them had met congestion."""
    datagram_tag: int
    """As in the fragments on this link, 0..255."""
    bitmap: int
    """32 bits, the most significant one for sequence 0; NULL_BITMAP, FULL_BITMAP."""

    def acknowledges(self, sequence: int) -> bool:
        """Tell whether the fragment with this number, 0..31, has arrived."""
        return bool(self.bitmap & bit_of(sequence))


FRAGMENT_ACKNOWLEDGMENT = Layout(
    FragmentAcknowledgment,
    BitStruct(
        "dispatch" / Const(RFRAG_ACK, BitsInteger(7)),
        "ecn" / Flag,
        "datagram_tag" / BitsInteger(8),
        "bitmap" / BitsInteger(32),
    ),
)


def bit_of(sequence: int) -> int:
    """Return the bit of the bitmap that stands for a sequence, 0..31."""
    return 1 << MOST_SEQUENCES - 1 - sequence
