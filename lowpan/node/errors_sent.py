"""ICMPv6 errors that a node sends: about what, how large, how often (RFC 4443 §2.4)."""

from lowpan.wire.addresses import UNSPECIFIED, is_multicast
from lowpan.wire.icmpv6 import (
    ICMPV6,
    Icmpv6,
    Icmpv6Type,
    PacketTooBig,
    ParameterProblem,
    Unanswerable,
)
from lowpan.wire.ipv6 import ICMPV6 as ICMPV6_NUMBER
from lowpan.wire.ipv6 import IPV6_HEADER_OCTETS, MTU

NO_ROUTE = 0
PORT_UNREACHABLE = 4
ADDRESS_UNREACHABLE = 3
"""Codes of destination unreachable."""
ERRONEOUS_HEADER = 0
UNRECOGNISED_NEXT_HEADER = 1
UNRECOGNISED_OPTION = 2
"""Codes of parameter problem."""

ERRORS_PER_SECOND, MOST_ERRORS_AT_ONCE = 10, 10
"""Token bucket over all errors, as the RFC recommends for small nodes (§2.4 f)."""

_SECOND = 1_000_000


class ErrorLimit:
    """A token bucket; `now` is microseconds."""

    def __init__(
        self, *, per_second: int = ERRORS_PER_SECOND, at_once: int = MOST_ERRORS_AT_ONCE
    ) -> None:
        self._cost, self._most = _SECOND // per_second, at_once * (_SECOND // per_second)
        self._credit, self._then = self._most, 0

    def take(self, *, now: int) -> bool:
        """Tell whether one more error may be sent, and count it."""
        self._credit = min(self._most, self._credit + now - self._then)
        self._then = now
        if self._credit < self._cost:
            return False
        self._credit -= self._cost
        return True


def may_be_answered(datagram: bytes, upper_protocol: int, upper: bytes, *, to_group: bool) -> bool:
    """Tell whether an error may be sent about `datagram` (§2.4 e).

    Not about errors and redirects, nor to nobody, nor for what was sent to a group.
    """
    source = datagram[8:24]
    if source == UNSPECIFIED or is_multicast(source) or to_group:
        return False
    return upper_protocol != ICMPV6_NUMBER or (
        bool(upper) and upper[0] >= 128 and upper[0] != Icmpv6Type.REDIRECT
    )


def unreachable(code: int, datagram: bytes) -> bytes:
    """Return a destination unreachable message, its checksum yet to come."""
    body = Unanswerable(_quoted(datagram))
    return ICMPV6.encode(Icmpv6(Icmpv6Type.DESTINATION_UNREACHABLE, code, 0, body))


def packet_too_big(datagram: bytes) -> bytes:
    """Return a packet too big message with the MTU of the link, its checksum yet to come."""
    body = PacketTooBig(MTU, _quoted(datagram))
    return ICMPV6.encode(Icmpv6(Icmpv6Type.PACKET_TOO_BIG, 0, 0, body))


def hop_limit_exceeded(datagram: bytes) -> bytes:
    """Return a time exceeded message, code 0, its checksum yet to come."""
    body = Unanswerable(_quoted(datagram))
    return ICMPV6.encode(Icmpv6(Icmpv6Type.TIME_EXCEEDED, 0, 0, body))


def parameter_problem(code: int, pointer: int, datagram: bytes) -> bytes:
    """Return a parameter problem message about the octet at `pointer`."""
    body = ParameterProblem(pointer, _quoted(datagram))
    return ICMPV6.encode(Icmpv6(Icmpv6Type.PARAMETER_PROBLEM, code, 0, body))


def _quoted(datagram: bytes) -> bytes:
    """Return as much as fits in the minimum MTU (§2.4 c)."""
    return datagram[: MTU - IPV6_HEADER_OCTETS - 8]
