"""What an operating system sends over an interface for the link's own sake."""

from collections.abc import Iterator
from dataclasses import dataclass

from lowpan.errors import MalformedFrame
from lowpan.wire.addresses import is_multicast
from lowpan.wire.icmpv6 import Icmpv6Type
from lowpan.wire.ipv6 import HOP_BY_HOP_OPTIONS, ICMPV6, upper_layer
from lowpan.wire.mld import LISTENER_REPORT, LISTENER_REPORT_V2_TYPE, RecordType

_NEXT_HEADER_AT = 6
_LISTENER_DISCOVERY = {130, 131, 132, LISTENER_REPORT_V2_TYPE}
_NEIGHBOUR_DISCOVERY = range(Icmpv6Type.ROUTER_SOLICITATION, Icmpv6Type.REDIRECT + 1)
_LINK_BUSINESS = {*_LISTENER_DISCOVERY, *_NEIGHBOUR_DISCOVERY}


@dataclass(frozen=True, slots=True)
class GroupChange:
    """Whether any program of the system wants to hear a group."""

    group: bytes
    """16 octets."""
    is_wanted: bool


def is_link_business(datagram: bytes) -> bool:
    """Tell whether `datagram` is neighbour or listener discovery, which a node does by itself."""
    return _icmpv6(datagram)[:1] in _FIRST_OCTETS


def groups_in(datagram: bytes) -> Iterator[GroupChange]:
    """Yield what a listener report of version 2 says, nothing of any other datagram."""
    message = _icmpv6(datagram)
    if message[:1] != _REPORT:
        return
    try:
        report = LISTENER_REPORT.decode(message[4:])
    except MalformedFrame:  # from our own kernel; nothing is known then
        return
    for record in report.records:
        include = record.type in (RecordType.MODE_IS_INCLUDE, RecordType.CHANGE_TO_INCLUDE_MODE)
        if record.type == RecordType.BLOCK_OLD_SOURCES or not is_multicast(record.group):
            continue
        yield GroupChange(record.group, not include or bool(record.sources))


_FIRST_OCTETS = {bytes([kind]) for kind in _LINK_BUSINESS}
_REPORT = bytes([LISTENER_REPORT_V2_TYPE])


def _icmpv6(datagram: bytes) -> bytes:
    """Return the ICMPv6 message in `datagram`, empty if there is none."""
    if datagram[_NEXT_HEADER_AT : _NEXT_HEADER_AT + 1] not in _MAYBE_ICMPV6:
        return b""
    try:
        protocol, at = upper_layer(datagram)
    except MalformedFrame:
        return b""
    return datagram[at:] if protocol == ICMPV6 else b""


_MAYBE_ICMPV6 = {bytes([HOP_BY_HOP_OPTIONS]), bytes([ICMPV6])}
