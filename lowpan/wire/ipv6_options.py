"""Options of IPv6's hop-by-hop and destination headers (RFC 8200 §4.2), MPL's among them."""

from dataclasses import dataclass
from enum import IntEnum

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Computed,
    Flag,
    IfThenElse,
    Int8ub,
    Struct,
    Switch,
    this,
)

from lowpan.schema import Content, Layout, Run, Sized

ALL_MPL_FORWARDERS = bytes.fromhex("ff0300000000000000000000000000fc")
"""To this group go datagrams for groups of a larger scope than the mesh, as payload of others."""


class OptionType(IntEnum):
    """Types whose content is known here."""

    PAD1 = 0
    PADN = 1
    MPL = 0x6D
    """The upper bits 01: whoever does not know it must drop the datagram."""


@dataclass(slots=True)
class MplControl:
    """First octet of the MPL option."""

    seed_id_length: int
    """S, 0..3: 0, 2, 8 or 16 octets; 0 says that the IPv6 source is the seed."""
    largest: bool
    """M: no sequence number of this seed that the sender knows is larger."""
    version: bool = False
    """V: must be 0; other versions are dropped."""
    reserved: int = 0


MPL_CONTROL = Layout(
    MplControl,
    BitStruct(
        "seed_id_length" / BitsInteger(2),
        "largest" / Flag,
        "version" / Flag,
        "reserved" / BitsInteger(4),
    ),
)


@dataclass(slots=True)
class MplOption:
    """Who spreads a multicast datagram, and which of its own that is (RFC 7731 §6.1)."""

    control: MplControl
    sequence: int
    """0..255, compared by serial arithmetic."""
    seed_id: bytes = b""
    """0, 2, 8 or 16 octets; in Thread the RLOC16 of the seed."""


MPL_OPTION = Layout(
    MplOption,
    Struct(
        "control" / MPL_CONTROL,
        "sequence" / Int8ub,
        "seed_id"
        / Switch(
            this.control.seed_id_length,
            {0: Bytes(0), 1: Bytes(2), 2: Bytes(8)},
            default=Bytes(16),
        ),
    ),
)


@dataclass(slots=True)
class Ipv6Option:
    """One option."""

    type: int
    """0..255, see OptionType; its upper two bits tell what to do if it is unknown."""
    value: MplOption | bytes
    """Octets where the type is unknown or the content malformed; none for Pad1."""


IPV6_OPTION = Layout(
    Ipv6Option,
    Sized(
        Struct(
            "type" / Int8ub,
            "length" / IfThenElse(this.type == 0, Computed(0), Int8ub),
        ),
        "value"
        / IfThenElse(this.type == 0, Bytes(0), Content(this.type, {OptionType.MPL: MPL_OPTION})),
    ),
)


@dataclass(slots=True)
class Ipv6Options:
    """What a hop-by-hop or destination options header holds behind its length."""

    options: tuple[Ipv6Option, ...]


IPV6_OPTIONS = Layout(Ipv6Options, Struct("options" / Run(IPV6_OPTION)))
