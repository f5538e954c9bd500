"""Addresses as asyncio's sockets have them: `("fe80::1", 5683, 0, 0)`; and errors likewise."""

import errno
import os
from collections.abc import Sequence

from lowpan.errors import FieldOutOfRange
from lowpan.node.service import Discard, Endpoint, ErrorReceived
from lowpan.wire.addresses import UNSPECIFIED, format_ipv6, parse_ipv6
from lowpan.wire.icmpv6 import Icmpv6Type

SocketAddress = tuple[str, int, int, int]
"""Host, port, flow information and scope; the last two are always 0, for a node has one link."""

Address = str | bytes
"""An IPv6 address: as text, where a zone such as `%wlan0` is ignored, or 16 octets."""

_UNREACHABLE = {
    0: (errno.ENETUNREACH, "no route"),
    1: (errno.EACCES, "administratively prohibited"),
    2: (errno.EHOSTUNREACH, "beyond the scope of the source address"),
    3: (errno.EHOSTUNREACH, "address unreachable"),
    4: (errno.ECONNREFUSED, "port unreachable"),
    5: (errno.EACCES, "source address failed a policy"),
    6: (errno.EACCES, "route rejected"),
}
"""By code of destination unreachable (RFC 4443 §3.1): what Linux makes of it."""

_DISCARDED = {
    Discard.NO_ROUTE: errno.ENETUNREACH,
    Discard.NO_NEIGHBOUR: errno.EHOSTUNREACH,
    Discard.NO_PAN: errno.ENETDOWN,
    Discard.NO_ADDRESS: errno.EADDRNOTAVAIL,
    Discard.TOO_BIG: errno.EMSGSIZE,
}
"""Errors that a program is told.  Not a frame that was not acknowledged, nor a full queue: UDP
may lose datagrams, and who cares sends again."""


def octets_of(address: Address) -> bytes:
    """Return the 16 octets of an address; raise FieldOutOfRange."""
    if isinstance(address, str):
        return parse_ipv6(address.partition("%")[0])
    if len(address) != 16:
        raise FieldOutOfRange(f"an IPv6 address of {len(address)} octets")
    return bytes(address)


def endpoint_of(address: Sequence[object]) -> Endpoint:
    """Return the address and port that `(host, port, ...)` names; raise OSError.

    The address is empty for `::`, and for no host at all.
    """
    if len(address) < 2 or len(address) > 4:
        raise TypeError(f"an address is (host, port), not {address!r}")
    host, port = address[:2]
    if not isinstance(port, int) or not 0 <= port <= 0xFFFF:
        raise OverflowError(f"port {port!r} is none of 0..65535")
    if not host:
        return Endpoint(b"", port)
    if not isinstance(host, str | bytes):
        raise TypeError(f"a host is text, not {host!r}")
    try:
        octets = octets_of(host)
    except FieldOutOfRange as error:
        cause = f"{error}; a node has no names to look up"
        raise OSError(errno.EADDRNOTAVAIL, cause) from error
    return Endpoint(b"" if octets == UNSPECIFIED else octets, port)


def socket_address_of(endpoint: Endpoint) -> SocketAddress:
    """Return what asyncio calls `endpoint`."""
    return format_ipv6(endpoint.address or UNSPECIFIED), endpoint.port, 0, 0


def error_of(error: ErrorReceived, about: str) -> OSError:
    """Return the exception that Linux makes of an ICMPv6 error, saying what it is `about`."""
    kind, code = error.type, error.code
    number, why = errno.EPROTO, f"ICMPv6 type {kind} code {code}"
    if kind == Icmpv6Type.DESTINATION_UNREACHABLE:
        number, why = _UNREACHABLE.get(code, (errno.EHOSTUNREACH, "destination unreachable"))
    elif kind == Icmpv6Type.PACKET_TOO_BIG:
        number, why = errno.EMSGSIZE, f"packet too big, at most {error.parameter} octets"
    elif kind == Icmpv6Type.TIME_EXCEEDED:
        number, why = errno.EHOSTUNREACH, "hop limit used up on the way"
    elif kind == Icmpv6Type.PARAMETER_PROBLEM:
        why = f"octet {error.parameter} of the datagram was not understood"
    return OSError(number, f"{why}: {about}")


def is_error(discard: Discard) -> bool:
    """Tell whether a program is told of a datagram of its own that went no further."""
    return discard in _DISCARDED


def error_of_discard(discard: Discard, about: str) -> OSError:
    """Return the exception for a datagram of ours that did not leave."""
    return OSError(_DISCARDED.get(discard, errno.EIO), f"{discard.value}: {about}")


def os_error(number: int, about: str) -> OSError:
    """Return an error of the system's kind, as a socket would raise it."""
    return OSError(number, f"{os.strerror(number)}: {about}")
