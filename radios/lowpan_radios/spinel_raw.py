"""Frames in STREAM_RAW as a radio co-processor gives them, with its metadata.

Every length is 16 bit, little-endian.  The PSDU's counts its FCS, in whose place the radio may
have put something else.  Metadata may end anywhere, and each of its structs may be longer than we
know; old radios have another first struct, or none.
"""

from dataclasses import dataclass

from construct import Const, GreedyBytes, Int8sb, Int8ub, Int16ul, Int32ul, Int64ul, Struct

from lowpan.errors import MalformedFrame
from lowpan.schema import IfRoom, Layout, Sized
from lowpan_radios.spinel import decode_pui

FCS_OCTETS = 2
RSSI_INVALID = 127


@dataclass(slots=True)
class Data:
    """Octets with their count before them: Spinel's type `d`, and any struct inside a value."""

    octets: bytes
    """0..65535 octets."""


DATA = Layout(Data, Sized(Struct("length" / Int16ul), "octets" / GreedyBytes))


@dataclass(slots=True)
class StreamRaw:
    """Value of STREAM_RAW: a PSDU, and how it came in or is to go out."""

    psdu: Data
    """With two octets of FCS, or their place."""
    metadata: bytes = b""


STREAM_RAW = Layout(StreamRaw, Struct("psdu" / DATA, "metadata" / GreedyBytes))


@dataclass(slots=True)
class AckSecurity:
    """How the radio has secured the Enh-Ack that it sent for a frame."""

    key_index: int
    """0..255."""
    frame_counter: int
    """0..0xFFFFFFFF."""


_ACK_SECURITY_OCTETS = 5

ACK_SECURITY = Layout(
    AckSecurity,
    Struct(
        "length" / Const(_ACK_SECURITY_OCTETS, Int16ul),
        "key_index" / Int8ub,
        "frame_counter" / Int32ul,
    ),
)


@dataclass(slots=True)
class ReceivedMetadata:
    """How a frame came in; what the radio did not say is None."""

    rssi: int | None = None
    """dBm; 127: invalid."""
    noise_floor: int | None = None
    """dBm; -128: unknown."""
    flags: int = 0
    """See RawFlags."""
    channel: int | None = None
    lqi: int | None = None
    """0..255."""
    timestamp_us: int | None = None
    """The radio's clock at the end of the SFD."""
    receive_error: int = 0
    """Status."""
    ack: AckSecurity | None = None
    """Holds only with the flag ACKED_WITH_SECURITY."""


_PHY_OCTETS, _OLD_PHY_OCTETS, _ERROR_OCTETS = 10, 8, 1

RECEIVED_METADATA = Layout(
    ReceivedMetadata,
    Struct(
        "rssi" / Int8sb,
        "noise_floor" / Int8sb,
        "flags" / Int16ul,
        "phy_length" / Const(_PHY_OCTETS, Int16ul),
        "channel" / Int8ub,
        "lqi" / Int8ub,
        "timestamp_us" / Int64ul,
        "error_length" / Const(_ERROR_OCTETS, Int16ul),
        "receive_error" / Int8ub,
        "ack" / IfRoom(ACK_SECURITY),
    ),
)
"""Metadata as they are today (RCP API version 11), complete."""


def decode_received(octets: bytes) -> tuple[bytes, ReceivedMetadata]:
    """Return the PSDU, FCS included, and what is said of it; raise MalformedFrame.

    Only a PSDU that is cut short is malformed: metadata hold as far as they go.
    """
    raw = STREAM_RAW.decode(octets)
    try:
        return raw.psdu.octets, RECEIVED_METADATA.decode(raw.metadata)
    except MalformedFrame:
        return raw.psdu.octets, _decode_by_parts(raw.metadata)


def _decode_by_parts(metadata: bytes) -> ReceivedMetadata:
    """Return what can be told of `metadata` of another radio than today's."""
    found = ReceivedMetadata()
    if metadata:
        found.rssi = _signed(metadata[0])
    if len(metadata) >= 2:
        found.noise_floor = _signed(metadata[1])
    if len(metadata) >= 4:
        found.flags = int.from_bytes(metadata[2:4], "little")
    phy, error, ack = _structs(metadata[4:], 3)
    _add_phy(found, phy)
    if error:
        found.receive_error = _first_pui(error)
    if len(ack) >= _ACK_SECURITY_OCTETS:
        found.ack = AckSecurity(ack[0], int.from_bytes(ack[1:5], "little"))
    return found


def _signed(octet: int) -> int:
    return octet - 256 if octet > 127 else octet


def _first_pui(octets: bytes) -> int:
    """Return the number that begins `octets`; 0 if it does not end."""
    try:
        return decode_pui(octets)[0]
    except MalformedFrame:
        return 0


def _structs(octets: bytes, count: int) -> list[bytes]:
    """Return the contents of the first `count` structs; cut short, or empty, where they end."""
    contents: list[bytes] = []
    for _ in range(count):
        length = int.from_bytes(octets[:2], "little")
        contents.append(octets[2 : 2 + length])
        octets = octets[2 + length :]
    return contents


def _add_phy(found: ReceivedMetadata, phy: bytes) -> None:
    """Add the first struct: channel, LQI, timestamp (in old radios milliseconds and the rest)."""
    if phy:
        found.channel = phy[0]
    if len(phy) >= 2:
        found.lqi = phy[1]
    if len(phy) == _OLD_PHY_OCTETS:
        milliseconds = int.from_bytes(phy[2:6], "little")
        found.timestamp_us = 1000 * milliseconds + int.from_bytes(phy[6:8], "little")
    elif len(phy) >= _PHY_OCTETS:
        found.timestamp_us = int.from_bytes(phy[2:10], "little")
