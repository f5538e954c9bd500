"""What the tests of forwarding share: a line of nodes, datagrams across it, and their routes."""

from dataclasses import dataclass

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.forwarding import Hop
from lowpan.wire.addresses import Context, iid_of
from lowpan.wire.checksum import with_checksum
from lowpan.wire.ipv6 import IPV6_HEADER, UDP, Ipv6Header

A, B, C, D = (bytes.fromhex(f"020000000000000{number}") for number in range(1, 5))
LINE = (A, B, C, D)
PREFIX = bytes.fromhex("fd000db800000000")
OUTSIDE = bytes.fromhex("20010db8000000000000000000000001")


def address(link: bytes) -> bytes:
    """Return the IPv6 address of a node of the line."""
    return PREFIX + iid_of(link)


def contexts() -> ContextTable:
    """Return what all nodes know: the prefix of the line."""
    table = ContextTable()
    table.learn(0, Context(PREFIX, 64))
    return table


def datagram(
    payload: bytes, source: bytes = A, destination: bytes = D, hop_limit: int = 64
) -> bytes:
    """Return a UDP datagram from one node to another, or from or to an IPv6 address."""
    ends = [end if len(end) == 16 else address(end) for end in (source, destination)]
    length = (8 + len(payload)).to_bytes(2, "big")
    udp = with_checksum(ends[0], ends[1], UDP, b"\xf0\xb1\xf0\xb2" + length + b"\0\0" + payload, 6)
    return IPV6_HEADER.encode(Ipv6Header(0, 0, len(udp), UDP, hop_limit, *ends)) + udp


def hops_later(octets: bytes, hops: int) -> bytes:
    """Return a datagram as `hops` forwarders leave it."""
    return octets[:7] + bytes([octets[7] - hops]) + octets[8:]


@dataclass
class Along:
    """Routes of one node of the line; what is not on it lies behind D."""

    here: bytes
    room: int = 102

    def __call__(self, destination: bytes) -> Hop | None:
        """Return the next hop, None for ourselves."""
        here, ends = LINE.index(self.here), [address(link) for link in LINE]
        there = ends.index(destination) if destination in ends else len(LINE) - 1
        if there == here:
            return None
        return Hop(LINE[here + 1 if there > here else here - 1], self.here, self.room)
