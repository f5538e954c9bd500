"""Link types: from a record of a capture file to the frame in it.

One function is chosen per interface and then called for each of its records.  Another link type
is one more function in _READERS (215, with the PHY header before the frame, say).
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from lowpan.capture.tap import (
    TAP,
    ChannelAssignment,
    FcsType,
    LinkQuality,
    ReceivedSignalStrength,
    Tap,
    TapTlv,
    TapType,
)
from lowpan.errors import CaptureError, FieldOutOfRange, MalformedFrame
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.fcs import append_fcs16, append_fcs32, has_good_fcs16, has_good_fcs32

if TYPE_CHECKING:
    from collections.abc import Callable

    from lowpan.capture.record import Record

WITH_FCS = 195
"""The frame and its FCS."""
WITHOUT_FCS = 230
"""The frame alone."""
WITH_TAP = 283
"""A TAP header, the frame, and the FCS that the header promises."""

LINK_TYPES = {
    WITH_FCS: "IEEE 802.15.4 with FCS",
    WITHOUT_FCS: "IEEE 802.15.4 without FCS",
    WITH_TAP: "IEEE 802.15.4 TAP",
}
"""The link types that lowpan reads."""

_OTHERS = {
    0: "BSD loopback",
    1: "Ethernet",
    101: "raw IP",
    105: "IEEE 802.11",
    113: "Linux cooked",
    127: "IEEE 802.11 with radiotap",
    187: "Bluetooth HCI",
    191: "IEEE 802.15.4 as Linux once padded it",
    192: "per-packet information",
    215: "IEEE 802.15.4 with PHY header",
    251: "Bluetooth Low Energy",
    276: "Linux cooked v2",
}
"""Names of some that it does not read, for the message that says so."""

_Radio = tuple[int | None, int | None, float | None, int | None]
"""Channel, page, RSSI in dBm and LQI of a frame."""
_NOTHING: _Radio = (None, None, None, None)
_GOOD, _BAD, _ABSENT = Fcs.GOOD, Fcs.BAD, Fcs.ABSENT  # a member of an Enum is slow to reach


def frame_reader(
    link_type: int, fcs_length: int | None = None
) -> "Callable[[Record], ReceivedFrame]":
    """Return the function that takes the frame out of a record of `link_type`.

    `fcs_length` is 0, 2 or 4 octets where the file tells; it matters to link type 195 only.
    The function raises MalformedFrame for a record that ends before its frame begins, and
    CaptureError for any record if lowpan does not read the link type.
    """
    if link_type == WITH_FCS and fcs_length in _BY_FCS_LENGTH:
        return _BY_FCS_LENGTH[fcs_length]
    return _READERS.get(link_type, _refuse)


def link_type_name(link_type: int) -> str:
    """Return the number with its name, such as `1 (Ethernet)`; the number alone if unknown."""
    name = LINK_TYPES.get(link_type) or _OTHERS.get(link_type)
    return f"{link_type} ({name})" if name else f"{link_type}"


def tap_of(record: "Record") -> Tap | None:
    """Return all that the TAP header of `record` says; None if its link type has none.

    Raises MalformedFrame if the header is not whole.
    """
    if record.interface.link_type != WITH_TAP:
        return None
    end = _tap_end(record.octets)
    return (_tap if end <= _REMEMBERED else TAP.decode)(record.octets[:end])


def octets_of(frame: ReceivedFrame, link_type: int, fcs_length: int | None = None) -> bytes:
    """Return the octets of a record of `link_type`, one of LINK_TYPES, that holds `frame`.

    `fcs_length` is as for frame_reader().  Link type 195 has no room for a frame without FCS:
    FieldOutOfRange, unless the radio has found the FCS good and only kept it for itself.
    """
    if link_type == WITHOUT_FCS or (link_type == WITH_FCS and fcs_length == 0):
        return frame.psdu
    if link_type == WITH_TAP:
        said = (len(frame.fcs_octets), frame.channel, frame.page, frame.rssi, frame.lqi)
        return _tap_header(*said) + frame.psdu + frame.fcs_octets
    if link_type != WITH_FCS:
        raise FieldOutOfRange(f"link type {link_type_name(link_type)} is not written")
    if len(frame.fcs_octets) == (fcs_length or 2):
        return frame.psdu + frame.fcs_octets
    if frame.fcs_octets:
        raise FieldOutOfRange(f"an FCS of {len(frame.fcs_octets)} octets in a file of others")
    if frame.fcs is not _GOOD:
        raise FieldOutOfRange(
            f"link type {link_type_name(WITH_FCS)} has no room for a frame whose FCS is "
            f"{frame.fcs.value} and did not come with it; {WITHOUT_FCS} and {WITH_TAP} have"
        )
    return append_fcs32(frame.psdu) if fcs_length == 4 else append_fcs16(frame.psdu)


@lru_cache(maxsize=1024)  # as for _told
def _tap_header(
    fcs_length: int, channel: int | None, page: int | None, rssi: float | None, lqi: int | None
) -> bytes:
    """Return a header that says what is known, and nothing of what is not.

    A channel without a page is one of page 0: the TLV has no other way to say it.
    """
    if fcs_length not in _FCS_TYPES:
        raise FieldOutOfRange(f"no FCS has {fcs_length} octets")
    tlvs = [TapTlv(TapType.FCS_TYPE, FcsType(_FCS_TYPES[fcs_length]))]
    if channel is not None:
        tlvs.append(TapTlv(TapType.CHANNEL_ASSIGNMENT, ChannelAssignment(channel, page or 0)))
    if rssi is not None:
        tlvs.append(TapTlv(TapType.RSS, ReceivedSignalStrength(rssi)))
    if lqi is not None:
        tlvs.append(TapTlv(TapType.LQI, LinkQuality(lqi)))
    return TAP.encode(Tap(tuple(tlvs)))


_FCS_TYPES = {0: 0, 2: 1, 4: 2}
"""Octets of the FCS -> FCS type of the TAP header."""
_FCS_LENGTHS = {fcs_type: octets for octets, fcs_type in _FCS_TYPES.items()}


def _with_fcs16(record: "Record") -> ReceivedFrame:
    octets = record.octets
    if len(octets) < record.original_length:
        return _cut(record, octets, record.original_length - 2)
    fcs = _GOOD if has_good_fcs16(octets) else _BAD
    return ReceivedFrame(octets[:-2], fcs, octets[-2:], record.time_ns)


def _with_fcs32(record: "Record") -> ReceivedFrame:
    octets = record.octets
    if len(octets) < record.original_length:
        return _cut(record, octets, record.original_length - 4)
    fcs = _GOOD if has_good_fcs32(octets) else _BAD
    return ReceivedFrame(octets[:-4], fcs, octets[-4:], record.time_ns)


def _without_fcs(record: "Record") -> ReceivedFrame:
    return ReceivedFrame(record.octets, _ABSENT, b"", record.time_ns)


def _with_tap(record: "Record") -> ReceivedFrame:
    octets = record.octets
    end = _tap_end(octets)
    fcs_length, radio = (_told if end <= _REMEMBERED else _told_once)(octets[:end])
    if len(octets) < record.original_length:
        return _cut(record, octets[end:], record.original_length - end - fcs_length, radio)
    if not fcs_length:
        return ReceivedFrame(octets[end:], _ABSENT, b"", record.time_ns, *radio)
    has_good_fcs = has_good_fcs16 if fcs_length == 2 else has_good_fcs32
    fcs = _GOOD if has_good_fcs(octets[end:]) else _BAD
    psdu_end = max(end, len(octets) - fcs_length)
    return ReceivedFrame(octets[end:psdu_end], fcs, octets[psdu_end:], record.time_ns, *radio)


def _cut(
    record: "Record", octets: bytes, psdu_length: int, radio: _Radio = _NOTHING
) -> ReceivedFrame:
    """Return what was kept of a frame whose end, with the FCS, was not."""
    psdu = octets[: max(psdu_length, 0)]
    return ReceivedFrame(psdu, _ABSENT, b"", record.time_ns, *radio)


def _refuse(record: "Record") -> ReceivedFrame:
    read = ", ".join(link_type_name(link_type) for link_type in LINK_TYPES)
    name = f" {record.interface.name!r}" if record.interface.name else ""
    raise CaptureError(
        f"frame {record.number}: link type {link_type_name(record.interface.link_type)} of "
        f"interface {record.interface.number}{name} is not read; read are {read}"
    )


def _tap_end(octets: bytes) -> int:
    """Return how many octets the TAP header at the start of a record has."""
    if len(octets) < 4:
        raise MalformedFrame("cut short", format="Tap", offset=len(octets))
    if octets[0]:
        raise MalformedFrame(
            f"version {octets[0]} is not known", format="Tap", field="version", offset=0
        )
    end = octets[2] | octets[3] << 8
    if not 4 <= end <= len(octets):
        raise MalformedFrame(
            f"{end} octets announced, {len(octets)} there", format="Tap", field="length", offset=2
        )
    return end


def _told_once(header: bytes) -> tuple[int, _Radio]:
    """Return what a TAP header tells: the FCS length in octets, and of the radio."""
    fcs_length = 0
    channel = page = rssi = lqi = None
    for tlv in reversed(TAP.decode(header).tlvs):  # so that the first of a type wins
        match tlv.value:
            case FcsType(number):
                fcs_length = _FCS_LENGTHS.get(number, 0)
            case ChannelAssignment():
                channel, page = tlv.value.channel, tlv.value.page
            case ReceivedSignalStrength():
                rssi = tlv.value.rss
            case LinkQuality():
                lqi = tlv.value.lqi
            case _:
                pass
    return fcs_length, (channel, page, rssi, lqi)


_REMEMBERED = 256
"""Octets of the longest header that is remembered; the specification's own TLVs need 132."""

_told = lru_cache(maxsize=1024)(_told_once)
_tap = lru_cache(maxsize=1024)(TAP.decode)
"""The same, remembered: the headers of a radio that stays on one channel are few."""

_BY_FCS_LENGTH = {0: _without_fcs, 2: _with_fcs16, 4: _with_fcs32}
_READERS = {WITH_FCS: _with_fcs16, WITHOUT_FCS: _without_fcs, WITH_TAP: _with_tap}
