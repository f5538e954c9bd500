"""Formats: how the values of fields are written, after tshark 4.0, and what they are in JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lowpan.radio import Fcs
from lowpan.wire.addresses import format_ipv6

MOST_REMEMBERED = 4096
"""Texts that each format keeps: of all addresses of a large network, under 1 MiB."""

Json = str | int | float | bool | None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Texts(dict[Any, str]):
    """Value -> text, made once for each value and kept for the latest; None has no text."""

    def __init__(self, text_of: Callable[[Any], str]) -> None:
        super().__init__({None: ""})
        self.make = text_of

    def __missing__(self, value: Any) -> str:
        """Make the text of `value`."""
        text = self.make(value)
        if len(self) >= MOST_REMEMBERED:
            self.clear()
            self[None] = ""
        self[value] = text
        return text


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """One way to write values."""

    name: str
    """For people: what `lowpan fields` says of it."""
    texts: Texts
    """Text of each value; empty for what this format has no text for."""
    native: Callable[[Any], Json]
    """What stands for the value in JSON; None for nothing."""
    plain: bool = False
    """The value is an integer, and its text what str() makes of it."""
    fleeting: bool = False
    """No value comes twice: do not remember its text."""

    def text(self, value: Any) -> str:
        """Return the text of `value`."""
        return self.texts.make(value) if self.fleeting else self.texts[value]


def textual(name: str, text_of: Callable[[Any], str]) -> Format:
    """Return the format whose JSON is its text; an empty text is none."""
    texts = Texts(text_of)
    return Format(name, texts, lambda value: texts[value] or None)


def computed(form: Format, compute: Callable[[Any], Any]) -> Format:
    """Return the format that writes as `form` what `compute` makes of an object; None: nothing."""

    def native(value: Any) -> Json:
        found = compute(value)
        return None if found is None else form.native(found)

    return Format(form.name, Texts(lambda value: form.text(compute(value))), native, fleeting=True)


def hexadecimal(digits: int) -> Format:
    """Return the format of numbers written as 0x and `digits` digits."""
    return textual(f"0x and {digits} digits", lambda value: f"0x{value:0{digits}x}")


def printable(text: str) -> str:
    """Return `text` without characters that are no letters, digits, signs or spaces.

    They are written as in Python, with a backslash, so that no name heard on the air can give
    orders to a terminal, forge a line or turn its direction.
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        char if char.isprintable() and char != "\\" else char.encode("unicode_escape").decode()
        for char in text
    )


def _identity(value: Json) -> Json:
    return value


def _short(address: bytes) -> str:
    return f"0x{address.hex()}" if len(address) == 2 else ""


def colons(octets: bytes) -> str:
    """Return octets as people write extended addresses."""
    return octets.hex(":")


def _extended(address: bytes) -> str:
    return colons(address) if len(address) == 8 else ""


def _ipv6(address: bytes) -> str:
    return format_ipv6(address.ljust(16, b"\0")[:16])


def seconds(time_ns: int | None) -> str:
    """Return nanoseconds as seconds with nine decimals."""
    if time_ns is None:
        return ""
    if time_ns >= 1_000_000_000:
        text = str(time_ns)
        return f"{text[:-9]}.{text[-9:]}"
    sign, time_ns = ("-", -time_ns) if time_ns < 0 else ("", time_ns)
    return f"{sign}{time_ns // 1_000_000_000}.{time_ns % 1_000_000_000:09d}"


def _date(moment: int) -> str:
    """Return seconds since 1970 as Wireshark writes a time of day."""
    try:
        date = _EPOCH + timedelta(seconds=moment)
    except OverflowError:  # behind the year 9999
        return f"{moment} s"
    return f"{date:%b} {date.day:2d}, {date:%Y %H:%M:%S}.000000000 UTC"


_DECIMALS = Texts(str)
_FLAGS = Texts(lambda value: "1" if value else "0")
_FCS = Texts(lambda fcs: {Fcs.GOOD: "1", Fcs.BAD: "0"}.get(fcs, ""))
_PRESENT = Texts(lambda value: "1" if value is not False else "")
_REALS = Texts(lambda value: f"{value:.6g}")

DECIMAL = Format("decimal", _DECIMALS, _identity, plain=True)
FLAG = Format("0 or 1", _FLAGS, bool)
FCS_STATE = Format("0 or 1", _FCS, lambda fcs: None if fcs is Fcs.ABSENT else fcs is Fcs.GOOD)
PRESENT = Format("1 where present", _PRESENT, lambda value: value is not False or None)
REAL = Format("real number", _REALS, _identity)
HEX8, HEX16, HEX24 = hexadecimal(2), hexadecimal(4), hexadecimal(6)
HEX32 = hexadecimal(8)
HEX_OCTETS = textual("0x and two digits an octet", lambda octets: f"0x{octets.hex()}")
SHORT_ADDRESS = textual("0x and 4 digits", _short)
EXTENDED_ADDRESS = textual("8 octets, colons", _extended)
IPV6_ADDRESS = textual("IPv6 address", _ipv6)
OCTETS = textual("octets", bytes.hex)
SPACED_OCTETS = textual("octets, spaces", lambda octets: octets.hex(" "))
TEXT = textual("text", printable)
DATE = textual("date", _date)

SECONDS = Format("seconds", Texts(seconds), seconds, fleeting=True)
"""Of a count of nanoseconds; a string in JSON too, whose numbers may have too few digits."""
