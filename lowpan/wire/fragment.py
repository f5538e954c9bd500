"""Fragmentation header of a link fragment, FRAG1 and FRAGN (RFC 4944 §5.3)."""

from dataclasses import dataclass

from construct import Computed, Int8ub, Int16ub, Rebuild, Struct, this

from lowpan.schema import Layout, Require, Scaled, when

FRAG1, FRAGN = 0b11000, 0b11100
_NONE = None


@dataclass(slots=True)
class FragmentHeader:
    """Place of one link fragment in its IPv6 datagram."""

    datagram_size: int
    """Octets of the whole datagram before compression and fragmentation, 0..2047."""
    datagram_tag: int
    """The sender's number for the datagram, 0..65535."""
    datagram_offset: int | None = None
    """Octets from the start of the datagram: 0, 8 .. 2040 in FRAGN; None in FRAG1, the start."""

    @property
    def offset(self) -> int:
        """Octets from the start of the datagram, 0 in FRAG1."""
        return self.datagram_offset or 0


# FRAGN is FRAG1 with one more bit set.  A size of more than 11 bits makes the first word too large.
_WORD = (
    (FRAG1 << 11)
    + ((this.datagram_offset != _NONE) << 13)
    + this.datagram_size
    + (this.datagram_size >> 11 << 16)
)
_IS_FRAGMENT = (this.word >> 11 == FRAG1) | (this.word >> 11 == FRAGN)

FRAGMENT_HEADER = Layout(
    FragmentHeader,
    Struct(
        "word" / Rebuild(Int16ub, _WORD),
        Require(_IS_FRAGMENT, "no fragmentation header"),
        "datagram_size" / Computed(this.word & 0x7FF),
        "datagram_tag" / Int16ub,
        "datagram_offset" / when(this.word >> 13 & 1 == 1, Scaled(Int8ub, 8)),
    ),
)
