"""CoAP messages (RFC 7252 §3): what Thread's management speaks over UDP."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Computed,
    Construct,
    GreedyBytes,
    IfThenElse,
    Int8ub,
    Int16ub,
    Rebuild,
    Struct,
    Switch,
    obj_,
    this,
)

from lowpan.schema import Derived, Layout, Require, Run, Sized

MARKER = -1
"""Stands for the delta of the payload marker, which ends the options where a payload follows."""
MOST_TOKEN_OCTETS = 8


class CoapType(IntEnum):
    """Types of message (§4)."""

    CONFIRMABLE = 0
    NON_CONFIRMABLE = 1
    ACKNOWLEDGEMENT = 2
    RESET = 3


class CoapCode(IntEnum):
    """Codes: class in the upper 3 bits, detail in the lower 5 (§12.1)."""

    EMPTY = 0x00
    GET = 0x01
    POST = 0x02
    PUT = 0x03
    DELETE = 0x04
    CREATED = 0x41
    DELETED = 0x42
    VALID = 0x43
    CHANGED = 0x44
    CONTENT = 0x45
    BAD_REQUEST = 0x80
    NOT_FOUND = 0x84
    METHOD_NOT_ALLOWED = 0x85


class CoapOptionNumber(IntEnum):
    """Numbers of options (§12.2); odd ones are critical."""

    IF_MATCH = 1
    URI_HOST = 3
    ETAG = 4
    IF_NONE_MATCH = 5
    OBSERVE = 6
    URI_PORT = 7
    LOCATION_PATH = 8
    URI_PATH = 11
    CONTENT_FORMAT = 12
    MAX_AGE = 14
    URI_QUERY = 15
    ACCEPT = 17


@dataclass(slots=True)
class CoapOption:
    """One option, or the payload marker."""

    delta: int
    """Its number less that of the option before it, 0..65804; MARKER: no option."""
    value: bytes = b""
    """At most 65804 octets; none in the marker."""


def _extended(form: Any, base: int) -> "Construct[int, int]":
    """Return the schema of a number that counts from `base`, in the octets of `form`."""

    def to_number(raw: int, surroundings: Any) -> int:
        return raw + base

    def from_number(number: int, surroundings: Any) -> int:
        return number - base

    return Derived(form, to_number, from_number)


def _number(nibble: Any, at_fifteen: int) -> Any:
    """Return the schema of a delta or length whose first four bits are `nibble` (§3.1)."""
    forms: dict[Any, Construct[Any, Any]] = {
        13: _extended(Int8ub, 13),
        14: _extended(Int16ub, 269),
        15: Computed(at_fifteen),
    }
    return Switch(nibble, forms, default=Computed(nibble))


def _nibble(number: Any) -> Any:
    """Return the four bits with which `number` begins."""
    return number * (number < 13) + 13 * (number >= 13) + (number >= 269)


_FIRST = 16 * _nibble(this.delta) + _nibble(this.length)
_MARKED = this.delta < 0

COAP_OPTION = Layout(
    CoapOption,
    Sized(
        Struct(
            "first" / Rebuild(Int8ub, _FIRST * (1 - _MARKED) + 255 * _MARKED),
            Require(
                ((this.first >> 4 == 15) == (this.first == 255))
                & ((this.first & 15 == 15) == (this.first == 255)),
                "15 is reserved for the payload marker",
            ),
            "delta" / _number(this.first >> 4, MARKER),
            "length" / _number(this.first & 15, 0),
        ),
        "value" / IfThenElse(_MARKED, Bytes(0), GreedyBytes),
    ),
)


@dataclass(slots=True)
class CoapControl:
    """First octet of a message."""

    version: int
    """1."""
    type: int
    """0..3, see CoapType."""
    token_length: int
    """0..8."""


COAP_CONTROL = Layout(
    CoapControl,
    BitStruct("version" / BitsInteger(2), "type" / BitsInteger(2), "token_length" / BitsInteger(4)),
)


@dataclass(slots=True)
class CoapMessage:
    """A message of CoAP; coap_message() makes one of option numbers."""

    control: CoapControl
    code: int
    """0..255, see CoapCode."""
    message_id: int
    """16 bits."""
    token: bytes
    """0 to 8 octets."""
    options: tuple[CoapOption, ...]
    """Ascending; the payload marker is the last one where there is a payload."""
    payload: bytes = b""

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and value of each option."""
        number = 0
        for option in self.options:
            if option.delta != MARKER:
                number += option.delta
                yield number, option.value

    @property
    def uri_path(self) -> bytes:
        """The path that is asked for, its parts joined by slashes: b"a/aq"."""
        path = CoapOptionNumber.URI_PATH
        return b"/".join(value for number, value in self.numbered() if number == path)


def _payload(octets: bytes, surroundings: Any, options: Any) -> bytes:
    marked = bool(options) and options[-1].delta == MARKER
    if marked != bool(octets):
        raise ValueError("a payload marker and no payload, or a payload without one")
    return octets


COAP_MESSAGE = Layout(
    CoapMessage,
    Struct(
        "control" / COAP_CONTROL,
        Require(this.control.version == 1, "version is not 1"),
        Require(this.control.token_length <= MOST_TOKEN_OCTETS, "a token of more than 8 octets"),
        "code" / Int8ub,
        "message_id" / Int16ub,
        "token" / Bytes(this.control.token_length),
        "options" / Run(COAP_OPTION, last=obj_.delta == MARKER),
        "payload" / Derived(GreedyBytes, _payload, _payload, this.options),
    ),
)


def coap_message(  # noqa: PLR0913  (all that a message says)
    coap_type: int,
    code: int,
    message_id: int,
    token: bytes = b"",
    options: Iterable[tuple[int, bytes]] = (),
    *,
    payload: bytes = b"",
) -> CoapMessage:
    """Return a message with `options`, given by number in any order."""
    before, made = 0, list[CoapOption]()
    for number, value in sorted(options, key=lambda option: option[0]):
        made.append(CoapOption(number - before, value))
        before = number
    if payload:
        made.append(CoapOption(MARKER))
    control = CoapControl(1, coap_type, len(token))
    return CoapMessage(control, code, message_id, token, tuple(made), payload)


def uri_path(path: bytes) -> list[tuple[int, bytes]]:
    """Return the options that ask for `path`, such as b"a/aq"."""
    return [(CoapOptionNumber.URI_PATH, part) for part in path.split(b"/") if part]
