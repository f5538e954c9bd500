"""SLIP (RFC 1055): packets on a line of octets, without any check."""

END, ESCAPE = b"\xc0", b"\xdb"
ESCAPED_END, ESCAPED_ESCAPE = b"\xdb\xdc", b"\xdb\xdd"

LONGEST_PACKET = 2048
"""Octets between two END at most, escapes counted; what is longer is no packet of ours."""


def slip_encoded(packet: bytes) -> bytes:
    """Return `packet` with an END on both sides: the first ends whatever noise came before."""
    escaped = packet.replace(ESCAPE, ESCAPED_ESCAPE).replace(END, ESCAPED_END)
    return END + escaped + END


class SlipFraming:
    """Finds the packets in blocks of any size; empty ones are none."""

    def __init__(self) -> None:
        self.garbage = 0
        """Octets of packets that were too long, so far."""
        self.damaged = 0
        """Packets with an escape that means nothing, so far."""
        self._part: list[bytes] = []
        self._length = 0

    def feed(self, octets: bytes) -> list[bytes]:
        """Return the packets that end in `octets`, in order."""
        first, *others = octets.split(END)
        self._add(first)
        if not others:
            return []
        last = others.pop()
        packets = [self._taken(), *others]
        self._add(last)
        return [packet for packet in map(self._unescaped, packets) if packet]

    def _add(self, octets: bytes) -> None:
        """Keep a part of a packet while it is not too long."""
        before = self._length
        self._length += len(octets)
        if self._length <= LONGEST_PACKET:
            self._part.append(octets)
        elif before <= LONGEST_PACKET:  # too long just now
            self._part.clear()
            self.garbage += self._length
        else:
            self.garbage += len(octets)

    def _taken(self) -> bytes:
        packet = b"".join(self._part)
        self._part.clear()
        self._length = 0
        return packet

    def _unescaped(self, packet: bytes) -> bytes:
        """Return `packet` as it was meant; empty if it is none."""
        if len(packet) > LONGEST_PACKET:  # came in one block
            self.garbage += len(packet)
            return b""
        escapes = packet.count(ESCAPE)
        if not escapes:
            return packet
        if escapes != packet.count(ESCAPED_END) + packet.count(ESCAPED_ESCAPE):
            self.damaged += 1
            return b""
        return packet.replace(ESCAPED_END, END).replace(ESCAPED_ESCAPE, ESCAPE)
