"""The IPv6 header of a first fragment, as a forwarder reads and rewrites it (RFC 8930 §5)."""

from typing import NamedTuple

from lowpan.adaptation.address_modes import choose_modes
from lowpan.errors import MalformedFrame
from lowpan.wire import ipv6
from lowpan.wire.addresses import UNSPECIFIED, Surroundings, is_multicast
from lowpan.wire.iphc import IPHC, Iphc, IphcControl
from lowpan.wire.ipv6 import IPV6_HEADER
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch

_LOOPBACK = bytes(15) + b"\1"
_HOP_LIMIT_AT = 7
"""Where it stands in an IPv6 header (RFC 8200 §3)."""
_HOP_LIMITS = {1: 1, 64: 2, 255: 3}
"""Those that HLIM has a number for (RFC 6282 §3.1.1)."""
_HOP_BY_HOP_NHC = {0xE0, 0xE1, 0xB0, 0xB1}
"""First octets of a compressed hop-by-hop options header (RFC 6282 §4.2, RFC 7400 §3.2)."""


class FirstHeader(NamedTuple):
    """The IPv6 header of a datagram, compressed or not, and the octets that it stands in."""

    octets: bytes
    """The first fragment from its dispatch octet on."""
    used: int
    """How many of them this header takes."""
    iphc: Iphc | None
    """None if it is not compressed."""
    source: bytes
    destination: bytes
    hop_limit: int
    has_hop_options: bool
    """Options follow that every router has to read."""

    @property
    def may_be_forwarded(self) -> bool:
        """Whether nothing but its destination decides what becomes of the datagram.

        All else is for IPv6: groups, link-local scope, options, and a hop limit that ends here.
        """
        return (
            self.hop_limit > 1
            and not self.has_hop_options
            and is_routable(self.source)
            and is_routable(self.destination)
        )

    def forwarded(self, surroundings: Surroundings) -> bytes:
        """Return `octets` for a frame with these surroundings, the hop limit one less.

        What follows the header stays as it is, octet for octet.
        """
        hop_limit = self.hop_limit - 1
        if self.iphc is None:
            at = 1 + _HOP_LIMIT_AT
            return self.octets[:at] + bytes((hop_limit,)) + self.octets[at + 1 :]
        source, destination = choose_modes(self.source, self.destination, surroundings)
        control = IphcControl(
            self.iphc.control.tf,
            self.iphc.control.nh,
            _HOP_LIMITS.get(hop_limit, 0),
            bool(source.context or destination.context),
            source.stateful,
            source.mode,
            False,
            destination.stateful,
            destination.mode,
        )
        header = Iphc(
            control,
            source.context,
            destination.context,
            self.iphc.traffic_class,
            self.iphc.flow_label,
            self.iphc.next_header,
            hop_limit,
            self.source,
            self.destination,
            self.iphc.reserved,
        )
        return IPHC.encode(header, surroundings) + self.octets[self.used :]


def read_first_header(octets: bytes, surroundings: Surroundings) -> FirstHeader:
    """Return the IPv6 header at the start of `octets`; raise MalformedFrame."""
    kind = DISPATCH[octets[0]] if octets else None
    if kind is Dispatch.IPV6:
        plain, used = IPV6_HEADER.decode_prefix(octets[1:])
        options = plain.next_header == ipv6.HOP_BY_HOP_OPTIONS
        addresses = plain.source, plain.destination
        return FirstHeader(octets, 1 + used, None, *addresses, plain.hop_limit, options)
    if kind is not Dispatch.IPHC:
        what = "nothing" if kind is None else kind.value
        raise MalformedFrame(f"a first fragment that begins with: {what}", format="LowpanHeaders")
    iphc, used = IPHC.decode_prefix(octets, surroundings)
    if iphc.next_header is None:
        if used == len(octets):
            raise MalformedFrame("a compressed next header is missing", format="LowpanHeaders")
        options = octets[used] in _HOP_BY_HOP_NHC
    else:
        options = iphc.next_header == ipv6.HOP_BY_HOP_OPTIONS
    return FirstHeader(octets, used, iphc, iphc.source, iphc.destination, iphc.hop_limit, options)


def is_routable(address: bytes) -> bool:
    """Tell whether routers pass on what is from or to `address`: of one host, beyond a link."""
    if is_multicast(address) or address in {UNSPECIFIED, _LOOPBACK}:
        return False
    return not (address[0] == 0xFE and address[1] & 0xC0 == 0x80)
