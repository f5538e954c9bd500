"""What stands behind the headers of a datagram, and what an ICMPv6 error says of another."""

from lowpan.errors import MalformedFrame
from lowpan.node.service import ErrorReceived
from lowpan.wire.icmpv6 import Icmpv6, PacketTooBig, ParameterProblem, Unanswerable
from lowpan.wire.ipv6 import (
    DESTINATION_OPTIONS,
    EXTENSION_HEADER,
    HOP_BY_HOP_OPTIONS,
    IPV6_HEADER_OCTETS,
    ROUTING,
    Ipv6Header,
)

_SKIPPED = (HOP_BY_HOP_OPTIONS, DESTINATION_OPTIONS, ROUTING)
_NEXT_HEADER_AT = 6


def error_of(message: Icmpv6, source: bytes) -> ErrorReceived:
    """Return what an ICMPv6 error says; one that is malformed says only its type and code."""
    body, parameter, invoking = message.body, 0, b""
    if isinstance(body, PacketTooBig | ParameterProblem | Unanswerable):
        invoking = body.invoking_datagram
    if isinstance(body, PacketTooBig):
        parameter = body.mtu
    elif isinstance(body, ParameterProblem):
        parameter = body.pointer
    return ErrorReceived(source, message.type, message.code, parameter, invoking)


def upper_layer_of(datagram: bytes, header: Ipv6Header) -> tuple[int, int, int]:
    """Return the upper protocol, where it begins, and where its number stands."""
    protocol, at, pointer = header.next_header, IPV6_HEADER_OCTETS, _NEXT_HEADER_AT
    while protocol in _SKIPPED:
        extension, used = EXTENSION_HEADER.decode_prefix(datagram[at:])
        if protocol == ROUTING and extension.octets[1]:
            raise MalformedFrame("a routing header that is not at its end", format="Ipv6Header")
        pointer, protocol = at, extension.next_header
        at += used
    return protocol, at, pointer
