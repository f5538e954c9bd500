"""ZEP, the ZigBee Encapsulation Protocol of captures and simulations over UDP, versions 1 and 2.

No standard describes it; Wireshark's dissector is its reference.  Integers are big-endian.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from construct import Bytes, Const, Int8ub, Int16ub, Int32ub, Int64ub, Struct

from lowpan.errors import MalformedFrame
from lowpan.schema import Layout

ZEP_PORT = 17754
"""The UDP port that Wireshark expects ZEP on."""

TRAILER_CC24XX, TRAILER_FCS = 0, 1
"""What ends the frame: RSSI and correlation as a TI CC24xx has them, or the FCS; 2 octets."""

TRAILER_OCTETS = 2


@dataclass(slots=True)
class ZepV1:
    """What version 1 says of the frame behind it."""

    channel: int
    """0..255."""
    device_id: int
    """The sender's number for itself, 0..65535."""
    mode: int
    """TRAILER_CC24XX, TRAILER_FCS; 0..255."""
    lqi: int
    """0..255."""
    length: int
    """Octets of the frame and its trailer in the lower seven bits, 0..255."""
    reserved: bytes = bytes(7)


@dataclass(slots=True)
class ZepV2:
    """What version 2 says of the frame behind it."""

    channel: int
    """0..255."""
    device_id: int
    """The sender's number for itself, 0..65535."""
    mode: int
    """TRAILER_CC24XX, TRAILER_FCS; 0..255."""
    lqi: int
    """0..255."""
    timestamp: int
    """When the frame came in: NTP time, in 2^-32 s since 1900, modulo 2^64; 0 if not known."""
    sequence: int
    """The sender's count of its datagrams, 0..0xFFFFFFFF."""
    length: int
    """Octets of the frame and its trailer in the lower seven bits, 0..255."""
    reserved: bytes = bytes(10)


@dataclass(slots=True)
class ZepV2Ack:
    """The answer to a datagram of version 2; no frame is behind it."""

    sequence: int
    """Of the datagram that it answers, 0..0xFFFFFFFF."""


ZEP_V1 = Layout(
    ZepV1,
    Struct(
        "preamble" / Const(b"EX"),
        "version" / Const(1, Int8ub),
        "channel" / Int8ub,
        "device_id" / Int16ub,
        "mode" / Int8ub,
        "lqi" / Int8ub,
        "reserved" / Bytes(7),
        "length" / Int8ub,
    ),
)

ZEP_V2 = Layout(
    ZepV2,
    Struct(
        "preamble" / Const(b"EX"),
        "version" / Const(2, Int8ub),
        "type" / Const(1, Int8ub),
        "channel" / Int8ub,
        "device_id" / Int16ub,
        "mode" / Int8ub,
        "lqi" / Int8ub,
        "timestamp" / Int64ub,
        "sequence" / Int32ub,
        "reserved" / Bytes(10),
        "length" / Int8ub,
    ),
)

ZEP_V2_ACK = Layout(
    ZepV2Ack,
    Struct(
        "preamble" / Const(b"EX"),
        "version" / Const(2, Int8ub),
        "type" / Const(2, Int8ub),
        "sequence" / Int32ub,
    ),
)

AnyZep: TypeAlias = ZepV1 | ZepV2 | ZepV2Ack

_LAYOUTS: dict[bytes, Layout[Any]] = {b"\x01": ZEP_V1, b"\x02": ZEP_V2}


def decode_zep(datagram: bytes) -> tuple[AnyZep, bytes]:
    """Return the header in `datagram` and the frame behind it, with its trailer of 2 octets.

    Octets behind the frame are left out.  Raises MalformedFrame.
    """
    layout = _LAYOUTS.get(datagram[2:3])
    if layout is None:
        raise MalformedFrame("no known version", format="ZEP", offset=2)
    if datagram[2:4] == b"\x02\x02":
        return ZEP_V2_ACK.decode_prefix(datagram)[0], b""
    header, begin = layout.decode_prefix(datagram)
    length = header.length & 0x7F
    if not TRAILER_OCTETS <= length <= len(datagram) - begin:
        reason = f"says {length} octets of frame, has {len(datagram) - begin}"
        raise MalformedFrame(reason, format=type(header).__name__, field="length")
    return header, datagram[begin : begin + length]


_NTP_AT_UNIX_ZERO_S = 2_208_988_800
"""From 1900 to 1970 (RFC 5905 §6)."""


def ntp_from_unix(time_ns: int) -> int:
    """Return `time_ns`, nanoseconds since 1970, as an NTP timestamp, 0..2^64-1."""
    return ((time_ns << 32) // 1_000_000_000 + (_NTP_AT_UNIX_ZERO_S << 32)) & 0xFFFF_FFFF_FFFF_FFFF


def microseconds_from_ntp(timestamp: int) -> int:
    """Return the NTP `timestamp` in microseconds since its zero."""
    return timestamp * 1_000_000 >> 32
