"""Datagram: an IPv6 datagram as the capture side shows it, whole or from compressed headers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lowpan.wire.udp import Udp


@dataclass(slots=True)
class Datagram:
    """IPv6 header, extension headers and the upper layer of one datagram."""

    source: bytes
    """16 octets."""
    destination: bytes
    """16 octets."""
    next_header: int
    """Next Header field of the IPv6 header itself, 0..255."""
    hop_limit: int
    traffic_class: int
    flow_label: int
    payload_length: int
    """Octets behind the IPv6 header, 0..65535."""
    extension_headers: tuple[Any, ...]
    """Extension headers in their order, values of lowpan.wire.ipv6."""
    upper_protocol: int
    """Number of the protocol behind the extension headers: 17 UDP, 58 ICMPv6, ..."""
    udp: "Udp | None"
    icmpv6: Any
    """Message of lowpan.wire.icmpv6 or neighbour_discovery; None if it is none or malformed."""
    payload: bytes
    """Payload of UDP, else all octets of the upper layer."""
    inner: "Datagram | None" = None
    """The datagram inside, of IPv6 in IPv6."""
    checksum_good: bool | None = None
    """Of UDP or ICMPv6; None where there is none or it was not checked."""
    unknown_contexts: tuple[int, ...] = ()
    """Contexts that the addresses need and that are not known: those bits are zero here."""
