"""Datagram: an IPv6 datagram as the capture side shows it, whole or from compressed headers."""

from dataclasses import dataclass
from typing import TypeAlias

from lowpan.capture.shown import shown
from lowpan.errors import MalformedFrame
from lowpan.wire.checksum import checksum, verifies
from lowpan.wire.icmpv6 import ICMPV6, Icmpv6
from lowpan.wire.iphc import Iphc
from lowpan.wire.ipv6 import (
    EXTENSION_HEADER,
    EXTENSIONS,
    FRAGMENT,
    IPV6,
    IPV6_FRAGMENT_HEADER,
    IPV6_HEADER,
    ROUTING,
    TCP,
    UDP,
    ExtensionHeader,
    Ipv6FragmentHeader,
    Ipv6Header,
)
from lowpan.wire.ipv6 import (
    ICMPV6 as ICMPV6_NUMBER,
)
from lowpan.wire.nhc import UdpNhc
from lowpan.wire.udp import UDP_HEADER, UDP_HEADER_OCTETS, UdpHeader

DEEPEST_TUNNEL = 4
"""IPv6 headers inside each other that are followed; more are left as octets."""

_WITH_CHECKSUM = frozenset({TCP, UDP, ICMPV6_NUMBER})

Extension: TypeAlias = tuple[int, ExtensionHeader | Ipv6FragmentHeader]
"""Number of an extension header, and the header."""


@dataclass(slots=True, repr=False)
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
    upper_protocol: int
    """Number of the protocol behind the extension headers: 17 UDP, 58 ICMPv6, ..."""
    payload: bytes
    """Payload of UDP; of any other upper layer all its octets."""
    udp: UdpHeader | None = None
    icmpv6: Icmpv6 | None = None
    inner: "Datagram | None" = None
    """The datagram inside, of IPv6 in IPv6."""
    extension_headers: tuple[Extension, ...] = ()
    unknown_contexts: tuple[int, ...] = ()
    """Contexts that the addresses need and that are not known: those bits are zero here."""

    @property
    def checksum_good(self) -> bool | None:
        """Whether the checksum of UDP, ICMPv6 or TCP is right; None where nothing can tell."""
        if self.unknown_contexts or not self.checksum_covers_it:
            return None
        upper = self.upper_octets()
        return (
            verifies(self.source, self.destination, self.upper_protocol, upper) if upper else None
        )

    @property
    def checksum_covers_it(self) -> bool:
        """Whether the checksum covers just these octets and the addresses of this header.

        Of a piece of a larger datagram it does not, nor of one that a routing header sends on
        to another destination (RFC 8200 §8.1).
        """
        return not any(_is_part(*extension) for extension in self.extension_headers)

    def upper_octets(self) -> bytes:
        """Return the whole message of UDP, ICMPv6 or TCP; no octets if the datagram has none."""
        if self.udp is not None:
            return UDP_HEADER.encode(self.udp) + self.payload
        return self.payload if self.upper_protocol in _WITH_CHECKSUM else b""

    def __repr__(self) -> str:
        """Show the headers; of what they carry, which may be a key, only how much it is."""
        return shown(self)

    def encode(self) -> bytes:
        """Return the datagram as IPv6 octets."""
        header = Ipv6Header(
            self.traffic_class,
            self.flow_label,
            self.payload_length,
            self.next_header,
            self.hop_limit,
            self.source,
            self.destination,
        )
        parts = [IPV6_HEADER.encode(header)]
        for _, extension in self.extension_headers:
            if isinstance(extension, ExtensionHeader):
                parts.append(EXTENSION_HEADER.encode(extension))
            else:
                parts.append(IPV6_FRAGMENT_HEADER.encode(extension))
        return b"".join([*parts, self.upper_octets() or self.payload])


def _is_part(kind: int, header: ExtensionHeader | Ipv6FragmentHeader) -> bool:
    if isinstance(header, Ipv6FragmentHeader):
        return header.more_fragments or header.fragment_offset > 0
    return kind == ROUTING and header.octets[1] > 0  # segments left (RFC 8200 §4.4)


def datagram_of_headers(iphc: Iphc, udp: UdpNhc | None, rest: bytes) -> Datagram:
    """Return the datagram of a compressed IPv6 header, perhaps one of UDP, and what follows."""
    if udp is None:
        upper = iphc.next_header or 0
        datagram = Datagram(
            iphc.source,
            iphc.destination,
            upper,
            iphc.hop_limit,
            iphc.traffic_class,
            iphc.flow_label,
            len(rest),
            upper,
            rest,
        )
        return _continued(datagram, DEEPEST_TUNNEL)
    length = UDP_HEADER_OCTETS + len(rest)
    header = UdpHeader(udp.source_port, udp.destination_port, length, udp.checksum or 0)
    if udp.checksum is None:  # elided: what was not sent is right by definition (RFC 6282 §4.3.2)
        octets = UDP_HEADER.encode(header) + rest
        header.checksum = checksum(iphc.source, iphc.destination, UDP, octets)
    return Datagram(
        iphc.source,
        iphc.destination,
        UDP,
        iphc.hop_limit,
        iphc.traffic_class,
        iphc.flow_label,
        length,
        UDP,
        rest,
        header,
    )


def datagram_of_octets(octets: bytes, tunnels: int = DEEPEST_TUNNEL) -> Datagram:
    """Return the datagram in `octets`; raise MalformedFrame if it is cut short.

    Octets behind the payload length that the header says are left out.
    """
    header, at = IPV6_HEADER.decode_prefix(octets)
    if header.payload_length > len(octets) - at:
        reason = f"{header.payload_length} octets, and {len(octets) - at} are there"
        raise MalformedFrame(reason, format="Ipv6Header", field="payload_length", offset=4)
    datagram = Datagram(
        header.source,
        header.destination,
        header.next_header,
        header.hop_limit,
        header.traffic_class,
        header.flow_label,
        header.payload_length,
        header.next_header,
        octets[at : at + header.payload_length],
    )
    return _continued(datagram, tunnels)


def _continued(datagram: Datagram, tunnels: int) -> Datagram:
    """Go on behind the IPv6 header of `datagram`, whose payload is all that follows it."""
    _take_extensions(datagram)
    upper, octets = datagram.upper_protocol, datagram.payload
    if upper == UDP:
        datagram.udp, used = UDP_HEADER.decode_prefix(octets)
        length = datagram.udp.length
        if length < used or (length > len(octets) and datagram.checksum_covers_it):
            reason = f"{length} octets, and {len(octets)} are there"
            raise MalformedFrame(reason, format="UdpHeader", field="length", offset=4)
        datagram.payload = octets[used:length]
    elif upper == ICMPV6_NUMBER:
        datagram.icmpv6 = ICMPV6.decode(octets)
    elif upper == IPV6 and tunnels:
        datagram.inner = datagram_of_octets(octets, tunnels - 1)
    return datagram


def _take_extensions(datagram: Datagram) -> None:
    found: list[Extension] = []
    kind, octets = datagram.upper_protocol, datagram.payload
    while kind in EXTENSIONS or kind == FRAGMENT:
        header: ExtensionHeader | Ipv6FragmentHeader
        if kind == FRAGMENT:
            header, used = IPV6_FRAGMENT_HEADER.decode_prefix(octets)
        else:
            header, used = EXTENSION_HEADER.decode_prefix(octets)
        found.append((kind, header))
        octets = octets[used:]
        if isinstance(header, Ipv6FragmentHeader) and header.fragment_offset:
            break  # the upper layer began in another datagram
        kind = header.next_header
    if found:
        datagram.extension_headers = tuple(found)
        datagram.upper_protocol, datagram.payload = kind, octets
