"""TLVs that draft-kelsey-intarea-mesh-link-establishment-06 §7 defines; Thread keeps most."""

from dataclasses import dataclass

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Construct,
    Flag,
    GreedyBytes,
    Int8ub,
    Int16ub,
    Int32ub,
    Struct,
    Switch,
    this,
)

from lowpan.schema import Derived, Layout, Refused, Run
from lowpan.wire.tlv import octets_of_length


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """Link-layer address of the sender (§7.1); Thread sends its RLOC16."""

    address: bytes
    """2 or 8 octets."""


def _as_address(octets: bytes, surroundings: object) -> bytes:
    if len(octets) not in (2, 8):
        raise ValueError(f"{len(octets)} octets are no link-layer address")
    return octets


SOURCE_ADDRESS = Layout(
    SourceAddress, Struct("address" / Derived(GreedyBytes, _as_address, _as_address))
)


@dataclass(frozen=True, slots=True)
class Mode:
    """What the sender is able to do (§7.2); Thread's reading of 802.15.4's capability octet."""

    rx_on_when_idle: bool
    secure_data_requests: bool
    """Reserved since Thread 1.2: sent as 1, ignored; the power source in 802.15.4."""
    full_thread_device: bool
    """The device type, FFD, in 802.15.4."""
    full_network_data: bool
    reserved: int = 0
    """The upper four bits."""


MODE = Layout(
    Mode,
    BitStruct(
        "reserved" / BitsInteger(4),
        "rx_on_when_idle" / Flag,
        "secure_data_requests" / Flag,
        "full_thread_device" / Flag,
        "full_network_data" / Flag,
    ),
)


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long a silent sleeping neighbour stays one (§7.3)."""

    timeout: int
    """Seconds, 32 bits."""


TIMEOUT = Layout(Timeout, Struct("timeout" / Int32ub))


@dataclass(frozen=True, slots=True)
class Challenge:
    """Octets that the answer must repeat (§7.4)."""

    challenge: bytes
    """At least 4 octets; Thread sends 8."""


CHALLENGE = Layout(Challenge, Struct("challenge" / octets_of_length(4)))


@dataclass(frozen=True, slots=True)
class Response:
    """Copy of the peer's challenge (§7.5)."""

    response: bytes
    """At least 4 octets."""


RESPONSE = Layout(Response, Struct("response" / octets_of_length(4)))


@dataclass(frozen=True, slots=True)
class LinkLayerFrameCounter:
    """Next frame counter that the sender will use on link-layer frames (§7.6)."""

    frame_counter: int
    """32 bits."""


LINK_LAYER_FRAME_COUNTER = Layout(LinkLayerFrameCounter, Struct("frame_counter" / Int32ub))


@dataclass(frozen=True, slots=True)
class MleFrameCounter:
    """Next frame counter that the sender will use on MLE messages (§7.9)."""

    frame_counter: int
    """32 bits."""


MLE_FRAME_COUNTER = Layout(MleFrameCounter, Struct("frame_counter" / Int32ub))


@dataclass(frozen=True, slots=True)
class LinkQualityControl:
    """First octet of Link Quality."""

    complete: bool
    """The C bit: every neighbour of the sender is listed."""
    size: int
    """Octets of each neighbour address, less one: 1 or 7."""
    reserved: int = 0


LINK_QUALITY_CONTROL = Layout(
    LinkQualityControl,
    BitStruct("complete" / Flag, "reserved" / BitsInteger(3), "size" / BitsInteger(4)),
)


@dataclass(frozen=True, slots=True)
class NeighbourFlags:
    """States of the link to one neighbour, as the sender sees them."""

    incoming: bool
    """The I bit: the sender accepts frames from this neighbour."""
    outgoing: bool
    """The O bit: the sender believes that this neighbour accepts its frames."""
    priority: bool
    """The P bit: the sender expects to use this link."""
    reserved: int = 0


NEIGHBOUR_FLAGS = Layout(
    NeighbourFlags,
    BitStruct("incoming" / Flag, "outgoing" / Flag, "priority" / Flag, "reserved" / BitsInteger(5)),
)


@dataclass(frozen=True, slots=True)
class NeighbourLinkQuality:
    """One neighbour in Link Quality."""

    control: NeighbourFlags
    incoming_idr: int
    """Inverse delivery ratio of frames from there, units of 1/32: 32 perfect, 255 unusable."""
    address: bytes
    """2 or 8 octets."""


def _neighbour(address_octets: int) -> Layout[NeighbourLinkQuality]:
    return Layout(
        NeighbourLinkQuality,
        Struct(
            "control" / NEIGHBOUR_FLAGS,
            "incoming_idr" / Int8ub,
            "address" / Bytes(address_octets),
        ),
    )


NEIGHBOUR_WITH_SHORT_ADDRESS = _neighbour(2)
NEIGHBOUR_WITH_EXTENDED_ADDRESS = _neighbour(8)


@dataclass(frozen=True, slots=True)
class LinkQuality:
    """How well the sender hears its neighbours (§7.7); the draft's only."""

    control: LinkQualityControl
    neighbours: tuple[NeighbourLinkQuality, ...]


LINK_QUALITY = Layout(
    LinkQuality,
    Struct(
        "control" / LINK_QUALITY_CONTROL,
        "neighbours"
        / Switch(
            this.control.size,
            {1: Run(NEIGHBOUR_WITH_SHORT_ADDRESS), 7: Run(NEIGHBOUR_WITH_EXTENDED_ADDRESS)},
            default=Refused("neighbour addresses have neither 2 nor 8 octets"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class NetworkParameter:
    """A value that the whole network shares, and when it changes (§7.8); the draft's only."""

    parameter: int
    """0 channel, 1 PAN ID, 2 permit joining, 3 beacon payload."""
    delay: int
    """Milliseconds until the value takes effect, 32 bits."""
    value: int | bytes
    """A number of 16 bits for channel and PAN ID, of 8 for permit joining; else octets."""


_PARAMETER_VALUES: "dict[int, Construct[int, int]]" = {0: Int16ub, 1: Int16ub, 2: Int8ub}

NETWORK_PARAMETER = Layout(
    NetworkParameter,
    Struct(
        "parameter" / Int8ub,
        "delay" / Int32ub,
        "value" / Switch(this.parameter, _PARAMETER_VALUES, default=GreedyBytes),
    ),
)
