"""Spinel messages: header, command, property and its value (draft-rquattle-spinel-unified).

A packed unsigned integer (PUI) has 7 bits in an octet, the least significant first; bit 7 says
that more follow.  Other integers are little-endian; extended addresses are as displayed.
"""

from dataclasses import dataclass

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan_radios.spinel_names import Command

LARGEST_PUI = 2_097_151
"""Three octets of 7 bits."""

_HEADER, _HEADER_MASK = 0x80, 0xC0

_WITH_PROPERTY = frozenset(
    (
        Command.PROP_VALUE_GET,
        Command.PROP_VALUE_SET,
        Command.PROP_VALUE_INSERT,
        Command.PROP_VALUE_REMOVE,
        Command.PROP_VALUE_IS,
        Command.PROP_VALUE_INSERTED,
        Command.PROP_VALUE_REMOVED,
    )
)


@dataclass(slots=True)
class SpinelMessage:
    """One message of a host or of a radio co-processor."""

    tid: int
    """1..15: request and its answer; 0: a notification, or no answer is wanted."""
    command: int
    property: int | None = None
    """None in NOOP, RESET and commands that we do not know."""
    value: bytes = b""
    """Value of the property, or argument of the command."""
    iid: int = 0
    """Interface of a radio that serves several hosts, 0..3."""


def encode_pui(number: int) -> bytes:
    """Return `number`, 0..2097151, in 1..3 octets; raise FieldOutOfRange."""
    if not 0 <= number <= LARGEST_PUI:
        raise FieldOutOfRange(f"{number} is not 0..{LARGEST_PUI}")
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def decode_pui(octets: bytes, at: int = 0) -> tuple[int, int]:
    """Return the number that begins at `at`, and where it ends; raise MalformedFrame."""
    number = 0
    for place, octet in enumerate(octets[at : at + 3]):
        number |= (octet & 0x7F) << 7 * place
        if octet < 0x80:
            return number, at + place + 1
    reason = "a packed integer does not end"
    raise MalformedFrame(reason, format="SpinelMessage", offset=at)


def decode_puis(octets: bytes) -> tuple[int, ...]:
    """Return the numbers that fill `octets`; raise MalformedFrame."""
    numbers: list[int] = []
    at = 0
    while at < len(octets):
        number, at = decode_pui(octets, at)
        numbers.append(number)
    return tuple(numbers)


def encode_spinel(message: SpinelMessage) -> bytes:
    """Return the octets of `message`; raise FieldOutOfRange."""
    if not (0 <= message.tid <= 15 and 0 <= message.iid <= 3):
        raise FieldOutOfRange(f"tid {message.tid} is not 0..15, or iid {message.iid} not 0..3")
    if (message.command in _WITH_PROPERTY) != (message.property is not None):
        raise FieldOutOfRange(f"command {message.command} with property {message.property}")
    head = bytes([_HEADER | message.iid << 4 | message.tid]) + encode_pui(message.command)
    if message.property is None:
        return head + message.value
    return head + encode_pui(message.property) + message.value


def decode_spinel(octets: bytes) -> SpinelMessage:
    """Return the message that `octets` are; raise MalformedFrame."""
    if not octets or octets[0] & _HEADER_MASK != _HEADER:
        raise MalformedFrame("no Spinel header", format="SpinelMessage", offset=0)
    tid, iid = octets[0] & 0x0F, octets[0] >> 4 & 3
    command, at = decode_pui(octets, 1)
    if command not in _WITH_PROPERTY:
        return SpinelMessage(tid, command, None, octets[at:], iid)
    number, at = decode_pui(octets, at)
    return SpinelMessage(tid, command, number, octets[at:], iid)
