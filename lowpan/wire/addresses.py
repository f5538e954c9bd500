"""IPv6 addresses and interface identifiers, and what a frame says about them from outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from socket import AF_INET6, inet_ntop, inet_pton

from lowpan.errors import FieldOutOfRange

UNSPECIFIED = bytes(16)
"""The address `::`."""
LINK_LOCAL_PREFIX = bytes.fromhex("fe80000000000000")
"""The first 64 bits of every link-local address that 6LoWPAN elides."""
ALL_NODES = bytes.fromhex("ff020000000000000000000000000001")
ALL_ROUTERS = bytes.fromhex("ff020000000000000000000000000002")
"""Groups of the link that every node, and every router, listens to (RFC 4291 §2.7.1)."""
SOLICITED_NODE_PREFIX = bytes.fromhex("ff0200000000000000000001ff")
NO_SHORT_ADDRESSES = frozenset({b"\xff\xfe", b"\xff\xff"})
"""Short addresses that are nobody's: associated without one, and broadcast."""
SHORT_IID_PREFIX = bytes.fromhex("000000fffe00")
"""What stands before a short address in its interface identifier (RFC 6282 §3.2.2)."""

_REMEMBERED = 4096
"""Results kept by each of the memoised functions: a large network's addresses, under 1 MiB."""


@dataclass(frozen=True, slots=True)
class Context:
    """A prefix that both ends know by a number of 4 bits (RFC 6282 §3.1.2).

    Bits of `prefix` beyond `length`, and octets that are not given, count as zero.
    """

    prefix: bytes
    """Up to 16 octets; kept as 16."""
    length: int
    """Bits that count, 0..128."""
    compress: bool = True
    """Whether we may use it to compress; decompression always may (RFC 6775 §4.2)."""
    network: bytes = field(init=False, repr=False, compare=False)
    """The first 8 octets of the prefix."""
    mask: int = field(init=False, repr=False, compare=False)
    """128 bits, ones where the prefix counts."""

    def __post_init__(self) -> None:
        """Clear the bits that do not count; raise FieldOutOfRange if there is no such prefix."""
        if not 0 <= self.length <= 128 or len(self.prefix) > 16:
            raise FieldOutOfRange(f"a context of {self.length} bits, {len(self.prefix)} octets")
        mask = (1 << 128) - (1 << 128 - self.length)
        octets = int.from_bytes(self.prefix.ljust(16, b"\0"), "big") & mask
        object.__setattr__(self, "prefix", octets.to_bytes(16, "big"))
        object.__setattr__(self, "network", self.prefix[:8])
        object.__setattr__(self, "mask", mask)

    def complete(self, iid: bytes) -> bytes:
        """Return the address with this prefix and, where it leaves room, `iid` (8 octets).

        "Bits covered by context information are always used" (RFC 6282 §3.1.1), also inside the
        interface identifier; what neither covers is zero.
        """
        if self.length <= 64:
            return self.network + iid
        rest = int.from_bytes(iid, "big") & ~self.mask
        return (int.from_bytes(self.prefix, "big") | rest).to_bytes(16, "big")


@dataclass(slots=True)
class Surroundings:
    """What a compressed header leaves to the headers around it and to shared state."""

    source_iid: bytes = b""
    """Interface identifier of the mesh originator, else of the MAC source; empty: no address."""
    destination_iid: bytes = b""
    """Interface identifier of the final destination, else of the MAC destination; may be empty."""
    contexts: Mapping[int, Context] = field(default_factory=dict[int, Context])
    """Contexts by their identifier, 0..15."""
    tunnel_from_link_layer: bool = False
    """Complete a tunnelled header from these identifiers too, as OpenThread does.

    RFC 6282 §3.2.2 takes them from the outer IPv6 header.
    """

    def inside(self, source: bytes, destination: bytes) -> "Surroundings":
        """Return the surroundings of a header tunnelled from `source` to `destination`."""
        if self.tunnel_from_link_layer:
            return self
        return Surroundings(source[8:], destination[8:], self.contexts)


@lru_cache(maxsize=_REMEMBERED)
def iid_of(address: bytes) -> bytes:
    """Return the interface identifier of a short or extended address, empty if there is none.

    EUI-64 with its universal/local bit flipped, or 0000:00ff:fe00:XXXX (RFC 6282 §3.2.2).
    """
    if len(address) == 8:
        return bytes((address[0] ^ 2,)) + address[1:]
    if len(address) == 2:
        return SHORT_IID_PREFIX + address
    if not address:
        return b""
    raise FieldOutOfRange(f"a link-layer address of {len(address)} octets")


def link_local(iid: bytes) -> bytes:
    """Return the link-local address with the interface identifier `iid` (8 octets)."""
    return LINK_LOCAL_PREFIX + iid


def solicited_node(address: bytes) -> bytes:
    """Return the group that whoever has `address` listens to (RFC 4291 §2.7.1)."""
    return SOLICITED_NODE_PREFIX + address[13:]


def is_multicast(address: bytes) -> bool:
    """Tell whether an IPv6 address is in ff00::/8."""
    return address[:1] == b"\xff"


@lru_cache(maxsize=_REMEMBERED)
def format_ipv6(address: bytes) -> str:
    """Return 16 octets as text, as short as RFC 5952 wants it."""
    if len(address) != 16:
        raise FieldOutOfRange(f"an IPv6 address of {len(address)} octets")
    return inet_ntop(AF_INET6, address)


def parse_ipv6(text: str) -> bytes:
    """Return the 16 octets of an IPv6 address in any spelling; raise FieldOutOfRange."""
    try:
        return inet_pton(AF_INET6, text)
    except (OSError, ValueError) as error:
        raise FieldOutOfRange(f"{text!r} is no IPv6 address") from error
