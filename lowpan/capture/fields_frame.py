"""Fields of the capture and the radio, and those that Wireshark lacks."""

from collections.abc import Iterator
from typing import Any

from lowpan.capture.decoded import DecodedFrame, Protection
from lowpan.capture.field import Field
from lowpan.capture.formats import (
    DECIMAL,
    EXTENDED_ADDRESS,
    FLAG,
    REAL,
    SECONDS,
    TEXT,
    colons,
)
from lowpan.capture.summary import protocol_of, says

TIME_RELATIVE = "frame.time_relative"
TIME_DELTA = "frame.time_delta"
"""Fields that need the times of frames before."""


def address_text(address: bytes) -> str:
    """Return a MAC address of either kind, as its fields write it."""
    return f"0x{address.hex()}" if len(address) == 2 else colons(address)


def protections(decoded: DecodedFrame) -> Iterator[Protection]:
    """Yield what became of the MAC's protection and of MLE's."""
    if decoded.protection is not None:
        yield decoded.protection
    if decoded.mle is not None and decoded.mle.protection is not None:
        yield decoded.mle.protection


def _frame_length(decoded: DecodedFrame) -> Iterator[Any]:
    yield len(decoded.received.psdu)


def _outcomes(decoded: DecodedFrame) -> Iterator[str]:
    return (protection.outcome.value for protection in protections(decoded))


def _acker(decoded: DecodedFrame) -> Iterator[str]:
    if decoded.acker is not None:
        yield address_text(decoded.acker)


def _malformed(decoded: DecodedFrame) -> Iterator[str]:
    return (str(fault) for fault in decoded.faults)


def _unknown_contexts(decoded: DecodedFrame) -> Iterator[int]:
    datagram = decoded.datagram
    while datagram is not None:
        yield from datagram.unknown_contexts
        datagram = datagram.inner


FRAME = (
    Field("frame.number", DECIMAL, "Place in the capture, from 1", "number"),
    Field("frame.time_epoch", SECONDS, "Time since 1970-01-01 00:00 UTC", "received.time_ns"),
    Field(TIME_RELATIVE, SECONDS, "Time since the first frame", "received.time_ns"),
    Field(TIME_DELTA, SECONDS, "Time since the frame before", "received.time_ns"),
    Field("frame.len", DECIMAL, "Octets of the record, before it was cut if it was", "length"),
    Field("wpan-tap.ch_num", DECIMAL, "Channel number", "received.channel"),
    Field("wpan-tap.ch_page", DECIMAL, "Channel page", "received.page"),
    Field("wpan-tap.rss", REAL, "Received signal strength, dBm", "received.rssi"),
    Field("wpan-tap.lqi", DECIMAL, "Link quality indication", "received.lqi"),
    Field("wpan.frame_length", DECIMAL, "Octets without the FCS", values=_frame_length),
)

LOWPAN = (
    Field("lowpan.protocol", TEXT, "Innermost protocol", values=lambda d: [protocol_of(d)]),
    Field("lowpan.info", TEXT, "What the frame says, in a line", values=lambda d: [says(d)]),
    Field("lowpan.outcome", TEXT, "What became of the protection", values=_outcomes),
    Field(
        "lowpan.reason",
        TEXT,
        "Why it was not decrypted",
        values=lambda d: (found.reason for found in protections(d) if found.reason),
    ),
    Field(
        "lowpan.key",
        TEXT,
        "Fingerprint of the key that opened it",
        values=lambda d: (found.key for found in protections(d) if found.key),
    ),
    Field(
        "lowpan.key_sequence",
        DECIMAL,
        "Thread key sequence of the key that opened it",
        values=lambda d: (found.key_sequence for found in protections(d)),
    ),
    Field(
        "lowpan.well_known_key",
        FLAG,
        "The key is public",
        values=lambda d: (found.well_known for found in protections(d) if found.key),
    ),
    Field("lowpan.duplicate_of", DECIMAL, "Frame of which this is a repetition", "duplicate_of"),
    Field("lowpan.acker", TEXT, "Address that sent this acknowledgment", values=_acker),
    Field("lowpan.src64", EXTENDED_ADDRESS, "Sender, as learnt", "extended_source"),
    Field("lowpan.dst64", EXTENDED_ADDRESS, "Receiver, as learnt", "extended_destination"),
    Field("lowpan.malformed", TEXT, "What is malformed, where and why", values=_malformed),
    Field("lowpan.note", TEXT, "What else is worth knowing", values=lambda d: d.notes),
    Field(
        "lowpan.unknown_context", DECIMAL, "Context missing in addresses", values=_unknown_contexts
    ),
)
