"""What firmwares are asked to find out who is there, and how each is known by its answer.

Each question is a whole message of one protocol, which changes nothing in its own firmware, and
is no message of any other; docs/radios/serial.md has the reasons, octet by octet.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from lowpan_radios.hdlc import HdlcDecoder, hdlc_encode

MOST_HEARD = 65_536
"""Octets of answers that are looked at; who says more than that is not being asked."""

NAMELESS = "Spinel firmware"
"""One that has not told its name yet."""

IS, GET = 6, 2
LAST_STATUS, PROTOCOL_VERSION, NCP_VERSION, STREAM_RAW = 0, 1, 2, 0x71
TID_1, TID_2 = 0x81, 0x82


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to send, and for whom it is meant."""

    scheme: str
    octets: bytes


SPINEL = Question(
    "spinel",
    hdlc_encode(bytes([TID_1, GET, PROTOCOL_VERSION]))
    + hdlc_encode(bytes([TID_2, GET, NCP_VERSION])),
)
SENSNIFF = Question("sensniff", bytes.fromhex("c11ffe72 02 81"))
"""Magic, version 2, GET channel; there is no length in this direction."""
TI = Question("ti", bytes.fromhex("4053 40 0000 40 4045"))
"""Start, PING, no payload, checksum, end."""
SLIP = Question("slip", b"\xc0?M\xc0")
"""Which address have you?"""


def spinel(heard: bytes) -> str:
    """Return the version that an OpenThread RCP has named; empty if none has spoken.

    It tells its resets, and what it hears, without being asked.  An echo is no answer: it is a GET.
    """
    found = ""
    for message in HdlcDecoder().decode(heard):
        if len(message) < 3 or message[0] & 0xC0 != 0x80 or message[1] != IS:
            continue
        if message[2] == NCP_VERSION and message[0] == TID_2:
            text = message[3:].split(b"\0")[0].decode("utf-8", "replace")
            return _printable(text) or "Spinel firmware that has no name"
        if message[2] in (LAST_STATUS, PROTOCOL_VERSION, STREAM_RAW):
            found = NAMELESS
    return found


_SENSNIFF = re.compile(
    rb"\xc1\x1f\xfe\x72\x02(?:[\x01-\x03]\x00\x01[\x0b-\x1a]|\x7f\x00\x00|\x00\x00[\x05-\x82])",
    re.DOTALL,
)
"""A channel, an error, or a frame that it has heard by itself."""


def sensniff(heard: bytes) -> str:
    """Return what is known of a sensniff firmware; empty if none has spoken."""
    return "sensniff firmware" if _SENSNIFF.search(heard) else ""


_TI_ANSWER = re.compile(rb"@S\x80([\x01-\x20])\x00", re.DOTALL)
_TI_END = b"@E"


def ti(heard: bytes) -> str:
    """Return the firmware that a TI sniffer has named; empty if none has spoken."""
    for found in _TI_ANSWER.finditer(heard):
        length = found[1][0]
        payload, rest = heard[found.end() :][:length], heard[found.end() + length :][:3]
        if _TI_END in rest:
            if len(payload) >= 7:
                chip = int.from_bytes(payload[1:3], "little")
                return f"TI SmartRF Packet Sniffer 2 on chip 0x{chip:04x}"
            return "TI SmartRF Packet Sniffer 2"
    return ""


_SLIP = re.compile(rb"(?:\A|\xc0)!M((?:[^\xc0\xdb]|\xdb[\xdc\xdd]){8,9})\xc0", re.DOTALL)

ZEPHYR_SLIP = "Zephyr wpan_serial"


def slip(heard: bytes) -> str:
    """Return the address that a slip-radio has told; empty if none has spoken.

    Zephyr's has an octet more behind each message, and no END before it.
    """
    if found := _SLIP.search(heard):
        octets = found[1].replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
        name = "Contiki slip-radio" if len(octets) == 8 else ZEPHYR_SLIP
        return f"{name} {octets[:8].hex(':')}"
    return ""


_NORDIC = re.compile(
    rb"(received|psdu):[ \t]+[0-9A-Fa-f]+[ \t]+power:[ \t]+-?\d+[ \t]+lqi:[ \t]+\d+[ \t]+time:"
)


def nordic(heard: bytes) -> str:
    """Return which text sniffer prints frames; empty if none does."""
    found = _NORDIC.search(heard)
    if found is None:
        return ""
    return "nRF 802.15.4 sniffer" if found[1] == b"received" else "Zephyr 802.15.4 sniffer"


ANSWERS: dict[str, Callable[[bytes], str]] = {
    "spinel": spinel,
    "sensniff": sensniff,
    "ti": ti,
    "slip": slip,
    "nordic": nordic,
}
"""By the driver's scheme: whether octets that were heard are its firmware's, and of which."""


def recognised(heard: bytes) -> tuple[str, str] | None:
    """Return scheme and description of the firmware that `heard` is of; None if of none."""
    octets = heard[-MOST_HEARD:]
    for scheme, answer in ANSWERS.items():
        if description := answer(octets):
            return scheme, description
    return None


def parameters_of(description: str) -> dict[str, str]:
    """Return what the driver must be told of the firmware that was recognised."""
    return {"lqi": "1"} if description.startswith(ZEPHYR_SLIP) else {}


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200]
