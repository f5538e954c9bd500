"""A node under attack, and an honest one that wants to speak with it all the same."""

from random import Random

from lowpan.adaptation.layer import Adaptation
from lowpan.mac.framing import data_frame
from lowpan.node.addresses import link_local_of
from lowpan.node.service import EchoReplied, Endpoint, UdpReceived
from lowpan.wire.checksum import with_checksum
from lowpan.wire.icmpv6 import Echo
from lowpan.wire.ieee802154 import encode_frame
from lowpan.wire.ipv6 import IPV6_HEADER, UDP, Ipv6Header
from lowpan.wire.udp import UDP_HEADER, UdpHeader
from tests.mac.air import PAN_ID, SHORT
from tests.node.room import Room

HONEST, VICTIM, ATTACKER, OTHER = SHORT[0], SHORT[1], SHORT[2], SHORT[3]
PORT = 5683
ROOM = 96


def datagram(payload: bytes, source: bytes = ATTACKER) -> bytes:
    """Return a UDP datagram to the victim, from a link-local address."""
    ends = link_local_of(source), link_local_of(VICTIM)
    header = UDP_HEADER.encode(UdpHeader(PORT, PORT, 8 + len(payload), 0))
    upper = with_checksum(*ends, UDP, header + payload, 6)
    return IPV6_HEADER.encode(Ipv6Header(0, 0, len(upper), UDP, 64, *ends)) + upper


def payloads(payload: bytes, source: bytes = ATTACKER, seed: int = 1) -> list[bytes]:
    """Return the 6LoWPAN payloads of such a datagram; `seed` chooses the tag."""
    layer = Adaptation(Random(seed))
    return layer.send_datagram(datagram(payload, source), source, VICTIM, room=ROOM)


class Victim:
    """Node 1 of a room; node 0 is honest, and what the attacker says is put in by hear()."""

    def __init__(self) -> None:
        self.room = Room()
        self.node = self.room.nodes[1]
        self.node.open_port(Endpoint(b"", PORT))
        self._number = 0

    def hear(self, payload: bytes, source: bytes = ATTACKER) -> None:
        """Let it receive a frame with a 6LoWPAN payload from `source`."""
        frame = data_frame(payload, source, VICTIM, PAN_ID, acknowledged=False)
        frame.sequence_number = self._number = (self._number + 1) & 0xFF
        self.room.hear(1, encode_frame(frame))

    def hear_all(self, payloads: list[bytes], source: bytes = ATTACKER) -> None:
        """Let it receive several."""
        for payload in payloads:
            self.hear(payload, source)

    @property
    def received(self) -> list[bytes]:
        """Return the UDP payloads that it has given on."""
        return [told.payload for told in self.room.of(1, UdpReceived)]

    @property
    def counts(self) -> dict[str, int]:
        """Return how often its adaptation layer said what."""
        return dict(self.node.adaptation.counts)

    def answers(self, size: int = 1000) -> bool:
        """Tell whether the honest node still gets an answer."""
        room = self.room
        room.told[0].clear()
        destination = link_local_of(VICTIM)
        sent = room.nodes[0].send_echo_request(Echo(9, 9, bytes(size)), destination, now=room.now)
        room.take(0, sent)
        room.run()
        return len(room.of(0, EchoReplied)) == 1
