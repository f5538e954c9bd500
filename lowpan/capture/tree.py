"""The whole of a frame as lines: every layer and field with the octet at which it stands.

Octets that are long enough to be a key are counted, not shown: what was decrypted may hold one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from lowpan.capture.datagram import Datagram
from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.formats import colons, printable, seconds
from lowpan.capture.layouts import octets_of
from lowpan.capture.names import (
    FRAME_TYPES,
    ICMPV6_TYPES,
    MAC_COMMANDS,
    MESHCOP_TLVS,
    MLE_COMMANDS,
    MLE_TLVS,
    ND_OPTIONS,
    NETWORK_DATA_TLVS,
    PROTOCOLS,
)
from lowpan.capture.offsets import field_offsets
from lowpan.radio import ReceivedFrame
from lowpan.wire.addresses import format_ipv6
from lowpan.wire.ipv6 import IPV6_HEADER_OCTETS, MTU
from lowpan.wire.secret import Secret
from lowpan.wire.udp import UDP_HEADER_OCTETS

MOST_SHOWN = 8
"""Octets shown one by one at most, half a key; only what cannot be a key may be longer."""

_NO_KEYS = frozenset({"mic", "rovr", "vendor_information", "service_data", "bloom_filter"})
_ADDRESSES = frozenset(
    {
        *("address", "source", "destination", "originator", "final_destination", "nonce_address"),
        *("short_address", "coordinator_short_address", "device_short_address", "server"),
        *("pending_short_addresses", "pending_extended_addresses"),
    }
)
_UNUSUAL = frozenset({"reserved", "reserved_7", "reserved_low", "res", "long_form"})
"""Fields that are shown only where they are not zero."""
_IPV6 = frozenset(
    {
        *("source", "destination", "target_address", "destination_address", "address", "prefix"),
        *("registered_address", "border_router_address"),
    }
)
_HEXADECIMAL = frozenset(
    {
        *("destination_pan_id", "source_pan_id", "pan_id", "datagram_tag", "checksum"),
        *("identifier", "partition_id", "flow_label", "traffic_class", "identification"),
    }
)
_NAMES: Mapping[tuple[str, str], Mapping[int, str]] = {
    ("FrameControl", "frame_type"): FRAME_TYPES,
    ("Command", "command_id"): MAC_COMMANDS,
    ("Datagram", "next_header"): PROTOCOLS,
    ("Datagram", "upper_protocol"): PROTOCOLS,
    ("Iphc", "next_header"): PROTOCOLS,
    ("Icmpv6", "type"): ICMPV6_TYPES,
    ("NdOption", "type"): ND_OPTIONS,
    ("MleMessage", "command"): MLE_COMMANDS,
    ("Tlv", "type"): MLE_TLVS,
    ("MeshCopTlv", "type"): MESHCOP_TLVS,
    ("NetworkDataTlv", "type"): NETWORK_DATA_TLVS,
}
"""Class and field -> names of its numbers."""


@dataclass(frozen=True, slots=True)
class TreeLine:
    """One line: a heading or a field."""

    depth: int
    """0 for the frame, 1 for a layer, 2 and more for what is in it."""
    text: str
    octet: int | None = None
    """Octets before it, from the start of the frame or of the reassembled datagram."""

    def __str__(self) -> str:
        """Return the line with the octet in front."""
        octet = "" if self.octet is None else str(self.octet)
        return f"{octet:>5} {'  ' * self.depth}{self.text}"


def tree(decoded: DecodedFrame, relative_ns: int | None = None) -> Iterator[TreeLine]:
    """Yield the lines of `decoded`, whose time is `relative_ns` after the first frame's."""
    received = decoded.received
    when = "" if relative_ns is None else f", {seconds(relative_ns)} s"
    yield TreeLine(0, f"Frame {decoded.number}, {decoded.length} octets{when}")
    yield TreeLine(1, f"Received: {', '.join(_reception(received))}")
    for layer in _layers(decoded):
        yield from layer
    yield from _circumstances(decoded)


def hex_dump(octets: bytes) -> Iterator[str]:
    """Yield lines of 16 octets: offset, octets in hexadecimal, and what of them is ASCII."""
    for at in range(0, len(octets), 16):
        row = octets[at : at + 16]
        text = "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in row)
        yield f"{at:04x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  {text}".rstrip()


def _reception(received: ReceivedFrame) -> Iterator[str]:
    if received.time_ns is not None:
        yield f"{seconds(received.time_ns)} s since 1970"
    yield f"FCS {received.fcs.value}"
    if received.channel is not None:
        page = f" page {received.page}" if received.page else ""
        yield f"channel {received.channel}{page}"
    if received.rssi is not None:
        yield f"{received.rssi:g} dBm"
    if received.lqi is not None:
        yield f"LQI {received.lqi}"


def _layers(decoded: DecodedFrame) -> Iterator[Iterator[TreeLine]]:
    """Yield the lines of each layer, from the outside in."""
    frame, size = decoded.frame, len(decoded.received.psdu)
    mic = len(getattr(frame, "mic", b""))
    start = size - mic - len(decoded.payload or b"")  # of the payload behind the payload IEs
    if frame is not None:
        yield _value("IEEE 802.15.4", frame, 0)
    if decoded.protection is not None:
        yield _value("Protection", decoded.protection, None)
    for ie in decoded.payload_ies:
        yield _value("Payload IE", ie, None)
    if decoded.command is not None:
        yield _value("MAC command", decoded.command, start)
    if decoded.beacon is not None:
        yield _value("Beacon", decoded.beacon, start)
        if decoded.thread_beacon is not None:
            yield _value("Thread beacon", decoded.thread_beacon, size - mic - _length(decoded))
    yield from _lowpan(decoded, start)
    yield from _datagram(decoded, size - mic)


def _length(decoded: DecodedFrame) -> int:
    return 0 if decoded.beacon is None else len(decoded.beacon.payload)


def _lowpan(decoded: DecodedFrame, start: int) -> Iterator[Iterator[TreeLine]]:
    at: int | None = start
    layers = {
        "Mesh header": decoded.mesh,
        "Broadcast header": decoded.broadcast,
        "Fragmentation header": decoded.fragment,
        "Compressed headers": decoded.compressed,
    }
    for name, layer in layers.items():
        if layer is not None:
            yield _value(name, layer, at)
            size = octets_of(layer)
            at = None if at is None or size is None else at + size
    if decoded.dispatch is not None:
        yield iter([TreeLine(1, f"Dispatch {decoded.dispatch:#04x}, not decoded", at)])


def _datagram(decoded: DecodedFrame, end: int) -> Iterator[Iterator[TreeLine]]:
    """Yield the datagram and what is in it; offsets are of the datagram if it came in pieces."""
    datagram = decoded.datagram
    if datagram is None:
        return
    whole = bool(decoded.reassembled_from)
    origin = " (octets from the start of the datagram)" if whole else ""
    if whole:
        end = IPV6_HEADER_OCTETS + datagram.payload_length
    upper = end - len(datagram.payload)
    in_line = whole or decoded.compressed is None
    yield iter([TreeLine(1, f"IPv6{origin}")])
    yield _datagram_lines(datagram, upper, in_line)
    if decoded.mle is not None:
        mle = decoded.mle
        yield _value("MLE", mle.envelope, upper)
        if mle.protection is not None:
            yield _value("Protection", mle.protection, None)
        if mle.message is not None:
            clear = end - len(mle.envelope.mic) - len(mle.envelope.payload)
            yield _value("MLE message", mle.message, clear)


def _datagram_lines(datagram: Datagram, upper: int, in_line: bool) -> Iterator[TreeLine]:
    """Yield the fields of `datagram`, whose payload begins at `upper`.

    `in_line` tells that its headers stand as they are before the payload, not compressed.
    """
    for field in fields(datagram):
        value, name = getattr(datagram, field.name), field.name
        if name not in _BELOW and value is not None and value != ():
            yield from _field(datagram, name, value, None, 2)
    if datagram.udp is not None:
        yield from _value("UDP", datagram.udp, upper - UDP_HEADER_OCTETS if in_line else None)
    if datagram.icmpv6 is not None:
        yield from _value("ICMPv6", datagram.icmpv6, upper)
    if (good := datagram.checksum_good) is not None:
        yield TreeLine(2, f"checksum_good: {_flag(good)}")
    if datagram.inner is not None:
        inner = datagram.inner
        yield TreeLine(1, "IPv6 inside")
        end = upper + len(datagram.payload)
        yield from _datagram_lines(inner, end - len(inner.payload), in_line)
    elif datagram.payload and datagram.icmpv6 is None:
        yield TreeLine(2, f"payload: {_octets('payload', datagram.payload)}", upper)


_BELOW = frozenset({"udp", "icmpv6", "inner", "payload"})
"""What stands behind the IPv6 header."""


def _circumstances(decoded: DecodedFrame) -> Iterator[TreeLine]:
    told = {
        "extended_source": decoded.extended_source,
        "extended_destination": decoded.extended_destination,
        "acknowledges frame": decoded.acknowledges,
        "acker": decoded.acker,
        "duplicate of frame": decoded.duplicate_of,
        "reassembled from frames": decoded.reassembled_from or None,
    }
    known = {name: value for name, value in told.items() if value is not None}
    if known or decoded.notes:
        yield TreeLine(1, "Learnt")
    for name, value in known.items():
        if isinstance(value, tuple):
            yield TreeLine(2, f"{name}: {', '.join(map(str, value))}")
        else:
            text = _address(value) if isinstance(value, bytes) else value
            yield TreeLine(2, f"{name}: {text}")
    for note in decoded.notes:
        yield TreeLine(2, printable(note))
    for fault in decoded.faults:
        yield TreeLine(1, f"Malformed: {printable(str(fault))}")


def _value(heading: str, value: Any, at: int | None, depth: int = 1) -> Iterator[TreeLine]:
    """Yield a heading, and the fields of the dataclass `value`, which begins at octet `at`."""
    yield TreeLine(depth, heading, at)
    offsets = {} if at is None else field_offsets(value)
    for field in fields(value):
        item = getattr(value, field.name)
        if item not in (None, (), "", b"") and (item or field.name not in _UNUSUAL):
            offset = offsets.get(field.name)
            place = None if at is None or offset is None else at + offset
            yield from _field(value, field.name, item, place, depth + 1)


def _field(owner: Any, name: str, value: Any, at: int | None, depth: int) -> Iterator[TreeLine]:
    """Yield the lines of one field."""
    kind: Any = value.__class__
    if kind is tuple and any(map(_has_parts, value)):
        yield TreeLine(depth, name, at)
        for item in value:
            yield from _field(owner, _item_name(item), item, at, depth + 1)
            size = octets_of(item)
            at = None if at is None or size is None else at + size
    elif is_dataclass(kind):
        yield from _value(_heading(name, value), value, at, depth)
    else:
        yield TreeLine(depth, f"{name}: {_text(owner, name, value)}", at)


def _has_parts(value: Any) -> bool:
    return is_dataclass(value) or value.__class__ is tuple


def _item_name(item: Any) -> str:
    return type(item).__name__


def _heading(name: str, value: Any) -> str:
    kind = type(value).__name__
    if name in (kind, kind.lower()) or name == "control":
        return name
    return f"{name}: {kind}"


def _text(owner: Any, name: str, value: Any) -> str:
    """Return how a value without parts is shown."""
    if isinstance(value, bool):
        return _flag(value)
    if isinstance(value, int):
        known = _NAMES.get((type(owner).__name__, name), {}).get(value)
        number = f"{value:#x}" if name in _HEXADECIMAL else str(value)
        return f"{number} ({known})" if known else number
    if isinstance(value, bytes):
        return _octets(name, value)
    if value.__class__ is tuple:
        return ", ".join(_text(owner, name, item) for item in value)
    return printable(str(getattr(value, "value", value)))


def _flag(value: bool) -> str:
    return "yes" if value else "no"


def _octets(name: str, octets: bytes) -> str:
    if isinstance(octets, Secret):
        return repr(octets)
    if len(octets) == 16 and name in _IPV6:
        return format_ipv6(octets)
    if name in _ADDRESSES and len(octets) in (2, 8):
        return _address(octets)
    if len(octets) <= MOST_SHOWN or (name in _NO_KEYS and len(octets) <= MTU):
        return octets.hex(" ") or "none"
    return f"{len(octets)} octets"


def _address(address: bytes) -> str:
    return f"0x{address.hex()}" if len(address) == 2 else colons(address)
