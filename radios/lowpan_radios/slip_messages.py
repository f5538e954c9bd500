"""Messages between a host and Contiki's slip-radio, or Zephyr's wpan_serial that descends from it.

A packet from the radio is a message if it begins with `!`, text if it reads like text, and
otherwise a frame.  No frame begins like a message: `!M`, `!R` and `!V` would be frame controls
with the source addressing mode 1, which the standard reserves.  Integers are big-endian.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias, cast

from construct import Array, Bytes, Const, GreedyBytes, Int8ub, Int16ub, Struct, this

from lowpan.schema import Layout


class Parameter(IntEnum):
    """Parameters of a radio: the first ones of Contiki-NG's radio.h, later ones move about."""

    CHANNEL = 1
    PAN_ID = 2
    SHORT_ADDRESS = 3
    RX_MODE = 4
    """Bits: RX_MODE_ADDRESS_FILTER, RX_MODE_AUTOACK."""
    TXPOWER = 6
    """dBm."""


RX_MODE_ADDRESS_FILTER, RX_MODE_AUTOACK = 1, 2

MAX_MAC_TRANSMISSIONS = 5
"""The packet attribute that says how often a frame is on air at most."""


class Status(IntEnum):
    """How a transmission ended: MAC_TX of Contiki's mac.h."""

    OK = 0
    COLLISION = 1
    NO_ACK = 2
    DEFERRED = 3
    ERROR = 4
    FATAL = 5
    QUEUE_FULL = 6


@dataclass(frozen=True, slots=True)
class Attribute:
    """A packet attribute."""

    attribute_id: int
    """0..255, see MAX_MAC_TRANSMISSIONS."""
    value: int
    """0..65535."""


@dataclass(slots=True)
class SendFrame:
    """`!S`, host to radio: send a frame."""

    sid: int
    """The host's number for it, which comes back in the report, 0..255."""
    attribute_count: int
    """0..255."""
    attributes: tuple[Attribute, ...]
    psdu: bytes
    """MAC frame without FCS."""


@dataclass(slots=True)
class SendReport:
    """`!R`, radio to host: what became of a frame."""

    sid: int
    """0..255."""
    status: int
    """0..255, see Status."""
    transmissions: int
    """How often it was on air, 0..255."""


@dataclass(slots=True)
class ParameterValue:
    """`!V`: set a parameter, or radio to host: what one is."""

    parameter: int
    """0..65535, see Parameter."""
    value: int
    """0..65535; those with a sign in two's complement."""


@dataclass(slots=True)
class ParameterRequest:
    """`?V`, host to radio: what is that parameter?"""  # noqa: D400  (it is a question)

    parameter: int
    """0..65535, see Parameter."""


@dataclass(slots=True)
class SetChannel:
    """`!C`, host to radio: Zephyr's way to tune it; not answered."""

    channel: int
    """0..255."""


@dataclass(slots=True)
class RadioAddress:
    """`!M`, radio to host: the answer to `?M`."""

    extended_address: bytes
    """8 octets, in display order."""


ADDRESS_REQUEST = b"?M"

ATTRIBUTE = Layout(Attribute, Struct("attribute_id" / Int8ub, "value" / Int16ub))

SEND_FRAME = Layout(
    SendFrame,
    Struct(
        "message" / Const(b"!S"),
        "sid" / Int8ub,
        "attribute_count" / Int8ub,
        "attributes" / Array(this.attribute_count, ATTRIBUTE),
        "psdu" / GreedyBytes,
    ),
)

SEND_REPORT = Layout(
    SendReport,
    Struct("message" / Const(b"!R"), "sid" / Int8ub, "status" / Int8ub, "transmissions" / Int8ub),
)

PARAMETER_VALUE = Layout(
    ParameterValue,
    Struct("message" / Const(b"!V"), "parameter" / Int16ub, "value" / Int16ub),
)

PARAMETER_REQUEST = Layout(
    ParameterRequest, Struct("message" / Const(b"?V"), "parameter" / Int16ub)
)

SET_CHANNEL = Layout(SetChannel, Struct("message" / Const(b"!C"), "channel" / Int8ub))

RADIO_ADDRESS = Layout(
    RadioAddress, Struct("message" / Const(b"!M"), "extended_address" / Bytes(8))
)

FromRadio: TypeAlias = SendReport | ParameterValue | RadioAddress

_FROM_RADIO: dict[bytes, Layout[Any]] = {
    b"!R": SEND_REPORT,
    b"!V": PARAMETER_VALUE,
    b"!M": RADIO_ADDRESS,
}


def decode_message(packet: bytes) -> FromRadio | None:
    """Return the message that `packet` is, None if it is another thing; raise MalformedFrame.

    Octets after the message are left out: Zephyr appends one to each.
    """
    layout = _FROM_RADIO.get(packet[:2])
    return None if layout is None else cast("FromRadio", layout.decode_prefix(packet)[0])


_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"

_DEBUG_MARKS = b"\rE"
"""First octets of a debug line, and of an error such as `EUnknown command`."""


def is_text(packet: bytes) -> bool:
    """Tell whether `packet` is text of the firmware, not a frame."""
    return packet[0] in _DEBUG_MARKS or not packet.translate(None, _PRINTABLE)


def shown_text(packet: bytes) -> str:
    """Return text of the firmware with nothing in it that a terminal would obey."""
    text = packet.decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
