"""Compressed headers of conversations, remembered: most datagrams differ in length and checksum."""

from lowpan.adaptation.contexts import ContextTable
from lowpan.wire.ipv6 import IPV6_HEADER_OCTETS, UDP
from lowpan.wire.udp import UDP_HEADER_OCTETS

MOST_REMEMBERED = 64
"""Conversations whose headers are remembered, some 25 kB; the one learnt first goes first."""

_CHECKSUM_AT = IPV6_HEADER_OCTETS + UDP_HEADER_OCTETS - 2

Conversation = tuple[bytes, bytes, bytes, bytes]
"""The parts of a datagram before and behind its payload length, source and destination."""


class RememberedHeaders:
    """What UDP datagrams of known conversations begin with once they are compressed.

    All of an IPv6 and a UDP header that compression looks at, but for the lengths that it leaves
    out and the checksum that it carries, is the same throughout a conversation, as long as the
    contexts are.
    """

    __slots__ = ("_changes", "_contexts", "_most", "_remembered")

    def __init__(self, contexts: ContextTable, *, most: int = MOST_REMEMBERED) -> None:
        self._contexts, self._most = contexts, most
        self._changes = contexts.changes
        self._remembered: dict[Conversation, bytes] = {}

    def compressed(self, datagram: bytes, source: bytes, destination: bytes) -> bytes | None:
        """Return the payload that carries `datagram` between two link-layer addresses.

        None if compression has to be asked.
        """
        if self._changes != self._contexts.changes:
            self._changes = self._contexts.changes
            self._remembered.clear()
        head = self._remembered.get(_conversation(datagram, source, destination))
        if head is None or not _is_udp(datagram):
            return None
        return head + datagram[_CHECKSUM_AT:]

    def learn(self, datagram: bytes, source: bytes, destination: bytes, payload: bytes) -> None:
        """Remember how `payload`, whole, begins."""
        rest = datagram[_CHECKSUM_AT:]
        if not _is_udp(datagram) or not payload.endswith(rest):
            return
        if len(self._remembered) >= self._most:
            del self._remembered[next(iter(self._remembered))]
        head = payload[: len(payload) - len(rest)]
        self._remembered[_conversation(datagram, source, destination)] = head


def _conversation(datagram: bytes, source: bytes, destination: bytes) -> Conversation:
    return datagram[:4], datagram[6 : _CHECKSUM_AT - 2], source, destination


def _is_udp(datagram: bytes) -> bool:
    """Tell whether this is IPv6, then UDP, and both of their lengths are right."""
    length = (len(datagram) - IPV6_HEADER_OCTETS & 0xFFFF).to_bytes(2, "big")
    return (
        datagram[6:7] == _UDP
        and datagram[4:6] == length
        and datagram[_CHECKSUM_AT - 2 : _CHECKSUM_AT] == length
    )


_UDP = bytes((UDP,))
