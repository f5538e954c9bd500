"""What an ICMPv6 error says of a datagram of ours."""

from lowpan.node.service import ErrorReceived
from lowpan.wire.icmpv6 import Icmpv6, PacketTooBig, ParameterProblem, Unanswerable


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
