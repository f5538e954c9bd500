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


_IS_FRAGN = (this.datagram_offset != _NONE) << 13
_DISPATCH_BITS = 0b11011 << 11
"""Bits that tell FRAG1 and FRAGN, which differ in the one bit between them, from the rest."""

FRAGMENT_HEADER = Layout(
    FragmentHeader,
    Struct(
        "word" / Rebuild(Int16ub, _IS_FRAGN + (FRAG1 << 11) + this.datagram_size),
        "datagram_tag" / Int16ub,
        Require(this.word & _DISPATCH_BITS == FRAG1 << 11, "no fragmentation header", implied=True),
        "datagram_size" / Computed(this.word & 0x7FF),
        "datagram_offset" / when(this.word >= FRAGN << 11, Scaled(Int8ub, 8)),
    ),
)
