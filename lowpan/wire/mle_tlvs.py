"""TLVs that Thread adds to MLE, those of a few fields; numbers are big-endian."""

from dataclasses import dataclass

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Flag,
    GreedyBytes,
    IfThenElse,
    Int8ub,
    Int16ub,
    Int32ub,
    Struct,
    this,
)

from lowpan.schema import Layout, Run, Scaled


@dataclass(frozen=True, slots=True)
class Address16:
    """RLOC16 that a parent assigns to its child."""

    address: bytes
    """2 octets."""


ADDRESS16 = Layout(Address16, Struct("address" / Bytes(2)))


@dataclass(slots=True)
class LeaderData:
    """Which partition the sender is in, and how new its network data is."""

    partition_id: int
    weighting: int
    data_version: int
    stable_data_version: int
    leader_router_id: int


LEADER_DATA = Layout(
    LeaderData,
    Struct(
        "partition_id" / Int32ub,
        "weighting" / Int8ub,
        "data_version" / Int8ub,
        "stable_data_version" / Int8ub,
        "leader_router_id" / Int8ub,
    ),
)


@dataclass(frozen=True, slots=True)
class TlvRequest:
    """Types of TLV that the answer should hold."""

    types: tuple[int, ...]


TLV_REQUEST = Layout(TlvRequest, Struct("types" / Run(Int8ub)))


@dataclass(frozen=True, slots=True)
class ScanMask:
    """Who should answer a Parent Request."""

    routers: bool
    end_devices: bool
    """Router-eligible end devices."""
    reserved: int = 0


SCAN_MASK = Layout(
    ScanMask, BitStruct("routers" / Flag, "end_devices" / Flag, "reserved" / BitsInteger(6))
)


@dataclass(frozen=True, slots=True)
class LinkMargin:
    """How far the sender heard the receiver above its noise floor."""

    link_margin: int
    """dB."""


LINK_MARGIN = Layout(LinkMargin, Struct("link_margin" / Int8ub))


@dataclass(frozen=True, slots=True)
class Status:
    """Outcome of a request."""

    status: int
    """1 is an error."""


STATUS = Layout(Status, Struct("status" / Int8ub))


@dataclass(frozen=True, slots=True)
class Version:
    """Thread version of the sender."""

    version: int
    """1.1 is 2, 1.2 is 3, 1.3 is 4, 1.3.1 and 1.4 are 5."""


VERSION = Layout(Version, Struct("version" / Int16ub))


@dataclass(frozen=True, slots=True)
class RegisteredAddressControl:
    """First octet of a registered address."""

    compressed: bool
    context_id: int = 0
    """6LoWPAN context that gives the prefix, 0..15."""
    reserved: int = 0


REGISTERED_ADDRESS_CONTROL = Layout(
    RegisteredAddressControl,
    BitStruct("compressed" / Flag, "reserved" / BitsInteger(3), "context_id" / BitsInteger(4)),
)


@dataclass(frozen=True, slots=True)
class RegisteredAddress:
    """One IPv6 address of a child."""

    control: RegisteredAddressControl
    address: bytes
    """Interface identifier of 8 octets where compressed, else the address of 16."""


REGISTERED_ADDRESS = Layout(
    RegisteredAddress,
    Struct(
        "control" / REGISTERED_ADDRESS_CONTROL,
        "address" / IfThenElse(this.control.compressed, Bytes(8), Bytes(16)),
    ),
)


@dataclass(frozen=True, slots=True)
class AddressRegistration:
    """IPv6 addresses that a child wants its parent to answer for."""

    addresses: tuple[RegisteredAddress, ...]


ADDRESS_REGISTRATION = Layout(AddressRegistration, Struct("addresses" / Run(REGISTERED_ADDRESS)))


@dataclass(frozen=True, slots=True)
class SupervisionInterval:
    """How often a parent reassures its silent sleeping child."""

    interval: int
    """Seconds, 16 bits."""


SUPERVISION_INTERVAL = Layout(SupervisionInterval, Struct("interval" / Int16ub))


@dataclass(frozen=True, slots=True)
class CslTimeout:
    """How long a CSL receiver stays synchronized without hearing anything."""

    timeout: int
    """Seconds, 32 bits."""


CSL_TIMEOUT = Layout(CslTimeout, Struct("timeout" / Int32ub))


@dataclass(frozen=True, slots=True)
class CslClockAccuracy:
    """How well the sender keeps CSL time."""

    accuracy: int
    """Parts per million either way."""
    uncertainty: int
    """Microseconds, a multiple of 10, 0..2550."""


CSL_CLOCK_ACCURACY = Layout(
    CslClockAccuracy, Struct("accuracy" / Int8ub, "uncertainty" / Scaled(Int8ub, 10))
)


@dataclass(frozen=True, slots=True)
class LinkProbe:
    """Octets sent for the receiver to measure."""

    series_id: int
    filler: bytes
    """At most 64 octets without meaning."""


LINK_PROBE = Layout(LinkProbe, Struct("series_id" / Int8ub, "filler" / GreedyBytes))


@dataclass(frozen=True, slots=True)
class TimeRequest:
    """Wish to take part in time synchronization (an extension of OpenThread)."""


TIME_REQUEST = Layout(TimeRequest, Struct())


@dataclass(frozen=True, slots=True)
class TimeParameter:
    """How a partition keeps its time (an extension of OpenThread)."""

    time_sync_period: int
    """Seconds, 16 bits."""
    xtal_threshold: int
    """Parts per million, 16 bits."""


TIME_PARAMETER = Layout(
    TimeParameter, Struct("time_sync_period" / Int16ub, "xtal_threshold" / Int16ub)
)


@dataclass(frozen=True, slots=True)
class XtalAccuracy:
    """How well the sender's crystal keeps time (an extension of OpenThread)."""

    xtal_accuracy: int
    """Parts per million, 16 bits."""


XTAL_ACCURACY = Layout(XtalAccuracy, Struct("xtal_accuracy" / Int16ub))
