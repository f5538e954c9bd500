"""Multicast listener reports, version 2: which groups somebody wants to hear (RFC 3810 §5.2).

The values are the bodies of ICMPv6 messages, behind the checksum.
"""

from dataclasses import dataclass
from enum import IntEnum

from construct import Array, Bytes, Int8ub, Int16ub, Struct, this

from lowpan.schema import Layout

LISTENER_REPORT_V2_TYPE = 143
"""ICMPv6 type of a ListenerReport."""


class RecordType(IntEnum):
    """What a record says of a group (RFC 3810 §5.2.12)."""

    MODE_IS_INCLUDE = 1
    MODE_IS_EXCLUDE = 2
    CHANGE_TO_INCLUDE_MODE = 3
    CHANGE_TO_EXCLUDE_MODE = 4
    ALLOW_NEW_SOURCES = 5
    BLOCK_OLD_SOURCES = 6


@dataclass(slots=True)
class ListenerRecord:
    """How a listener hears one group."""

    type: int
    """RecordType, 0..255."""
    group: bytes
    """16 octets."""
    source_count: int = 0
    """0..65535."""
    sources: tuple[bytes, ...] = ()
    """So many, of 16 octets: those that are heard (include) or not heard (exclude)."""
    auxiliary_words: int = 0
    """0..255."""
    auxiliary: bytes = b""
    """So many times 4 octets; there should be none."""


@dataclass(slots=True)
class ListenerReport:
    """Groups of a listener, all of them or those that changed (RFC 3810 §5.2)."""

    record_count: int
    """0..65535."""
    records: tuple[ListenerRecord, ...]
    reserved: int = 0
    """16 bits."""


LISTENER_RECORD = Layout(
    ListenerRecord,
    Struct(
        "type" / Int8ub,
        "auxiliary_words" / Int8ub,
        "source_count" / Int16ub,
        "group" / Bytes(16),
        "sources" / Array(this.source_count, Bytes(16)),
        "auxiliary" / Bytes(4 * this.auxiliary_words),
    ),
)
LISTENER_REPORT = Layout(
    ListenerReport,
    Struct(
        "reserved" / Int16ub,
        "record_count" / Int16ub,
        "records" / Array(this.record_count, LISTENER_RECORD),
    ),
)
