"""Compressed IPv6 header, LOWPAN_IPHC (RFC 6282 §3)."""

from dataclasses import dataclass
from typing import Any

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Computed,
    Const,
    Flag,
    IfThenElse,
    Int8ub,
    Int24ub,
    Int32ub,
    Rebuild,
    Struct,
    Switch,
    this,
)

from lowpan.schema import Derived, Layout, Refused, when
from lowpan.wire.addresses import LINK_LOCAL_PREFIX, SHORT_IID_PREFIX, UNSPECIFIED
from lowpan.wire.expressions import packed
from lowpan.wire.iphc_addresses import (
    DESTINATION_IID,
    SOURCE_IID,
    Address,
    complete_multicast_of_prefix,
    elide_to_multicast_of_prefix,
)


@dataclass(frozen=True, slots=True)
class IphcControl:
    """The base encoding, which says what stands in line behind it (RFC 6282 §3.1.1)."""

    tf: int
    """Traffic class and flow label: 0 both, 1 ECN and flow label, 2 traffic class, 3 neither."""
    nh: bool
    """The next header is compressed too (LOWPAN_NHC)."""
    hlim: int
    """Hop limit: 0 in line, 1 is 1, 2 is 64, 3 is 255."""
    cid: bool
    """An octet of context identifiers follows."""
    sac: bool
    """Source address compression uses a context."""
    sam: int
    """Source address mode: 0 for 128 bits in line, 1 for 64, 2 for 16, 3 for none."""
    m: bool
    """The destination is a multicast address."""
    dac: bool
    """Destination address compression uses a context."""
    dam: int
    """Destination address mode, as `sam`; for multicast 128, 48, 32, 8 bits."""


@dataclass(slots=True)
class Iphc:
    """Compressed IPv6 header with all that it leaves out filled in.

    Version and payload length are never carried; see lowpan.adaptation.decompress.  Bits of an
    interface identifier in line that a context of more than 64 bits overrules are not kept.
    """

    control: IphcControl
    source_context: int
    """Context identifier for the source address, 0..15."""
    destination_context: int
    """Context identifier for the destination address, 0..15."""
    traffic_class: int
    """As in IPv6, DSCP before ECN, 0..255."""
    flow_label: int
    """0..0xFFFFF."""
    next_header: int | None
    """0..255; None where the next header is compressed too."""
    hop_limit: int
    """0..255."""
    source: bytes
    """16 octets."""
    destination: bytes
    """16 octets."""
    reserved: int = 0
    """Reserved bits before the flow label."""


IPHC_CONTROL = Layout(
    IphcControl,
    BitStruct(
        "dispatch" / Const(0b011, BitsInteger(3)),
        "tf" / BitsInteger(2),
        "nh" / Flag,
        "hlim" / BitsInteger(2),
        "cid" / Flag,
        "sac" / Flag,
        "sam" / BitsInteger(2),
        "m" / Flag,
        "dac" / Flag,
        "dam" / BitsInteger(2),
    ),
)


def _elided(value: Any) -> Any:
    """Return the schema of a field that is not in line because it has this value."""
    return Const(value, Computed(value))


# "the Traffic Class field is rotated right by 2 bits" (§3.2.1): ECN stands before DSCP
_ECN, _DSCP = (this.traffic_class & 3, 2), (this.traffic_class >> 2, 6)
_LABEL_WORD: dict[int, Any] = {
    0: Rebuild(Int32ub, packed(_ECN, _DSCP, (this.reserved, 4), (this.flow_label, 20))),
    1: Rebuild(Int24ub, packed((this.traffic_class, 2), (this.reserved, 2), (this.flow_label, 20))),
    2: Rebuild(Int8ub, packed(_ECN, _DSCP)),
}
_TRAFFIC_CLASS: dict[int, Any] = {
    0: Computed((this.word >> 22 & 0xFC) + (this.word >> 30)),
    1: Computed(this.word >> 22),
    2: Computed((this.word << 2 & 0xFC) + (this.word >> 6)),
}
_FLOW_LABEL: dict[int, Any] = {0: Computed(this.word & 0xFFFFF), 1: Computed(this.word & 0xFFFFF)}
_RESERVED: dict[int, Any] = {0: Computed(this.word >> 20 & 15), 1: Computed(this.word >> 20 & 3)}

_LINK_LOCAL_SHORT = LINK_LOCAL_PREFIX + SHORT_IID_PREFIX
_SCI, _DCI = this.source_context, this.destination_context
_SOURCE: dict[int, Any] = {  # by SAC and SAM
    0b000: Bytes(16),
    0b001: Address(LINK_LOCAL_PREFIX, 8),
    0b010: Address(_LINK_LOCAL_SHORT, 2),
    0b011: Address(LINK_LOCAL_PREFIX, SOURCE_IID),
    0b100: _elided(UNSPECIFIED),
    0b101: Address(8, context=_SCI),
    0b110: Address(SHORT_IID_PREFIX, 2, context=_SCI),
    0b111: Address(SOURCE_IID, context=_SCI),
}
_DESTINATION: dict[int, Any] = {  # by M, DAC and DAM
    0b0000: Bytes(16),
    0b0001: Address(LINK_LOCAL_PREFIX, 8),
    0b0010: Address(_LINK_LOCAL_SHORT, 2),
    0b0011: Address(LINK_LOCAL_PREFIX, DESTINATION_IID),
    0b0101: Address(8, context=_DCI),
    0b0110: Address(SHORT_IID_PREFIX, 2, context=_DCI),
    0b0111: Address(DESTINATION_IID, context=_DCI),
    0b1000: Bytes(16),
    0b1001: Address(b"\xff", 1, bytes(9), 5),
    0b1010: Address(b"\xff", 1, bytes(11), 3),
    0b1011: Address(b"\xff\x02" + bytes(13), 1),
    0b1100: Derived(Bytes(6), complete_multicast_of_prefix, elide_to_multicast_of_prefix, _DCI),
}
_NO_MODE = Refused("reserved destination address mode")

IPHC = Layout(
    Iphc,
    Struct(
        "control" / IPHC_CONTROL,
        "identifiers"
        / IfThenElse(this.control.cid, Rebuild(Int8ub, packed((_SCI, 4), (_DCI, 4))), Computed(0)),
        "source_context"
        / IfThenElse(this.control.cid, Computed(this.identifiers >> 4), _elided(0)),
        "destination_context"
        / IfThenElse(this.control.cid, Computed(this.identifiers & 15), _elided(0)),
        "word" / Switch(this.control.tf, _LABEL_WORD, Computed(0)),
        "traffic_class" / Switch(this.control.tf, _TRAFFIC_CLASS, _elided(0)),
        "flow_label" / Switch(this.control.tf, _FLOW_LABEL, _elided(0)),
        "reserved" / Switch(this.control.tf, _RESERVED, _elided(0)),
        "next_header" / when(~this.control.nh, Int8ub),
        "hop_limit"
        / Switch(this.control.hlim, {1: _elided(1), 2: _elided(64), 3: _elided(255)}, Int8ub),
        "source" / Switch(this.control.sac * 4 + this.control.sam, _SOURCE),
        "destination"
        / Switch(
            this.control.m * 8 + this.control.dac * 4 + this.control.dam, _DESTINATION, _NO_MODE
        ),
    ),
)
