"""Which of the two link-layer addresses a datagram goes from and to: those that elide most."""

import pytest

from lowpan.wire.icmpv6 import Echo
from lowpan.wire.ieee802154 import Frame, decode_frame
from tests.mac.air import EXTENDED, SHORT
from tests.node.room import Room
from tests.node.test_node import BY_EXTENDED, BY_SHORT

SHORTEST = 2 + 1 + 8
"""IPHC, next header, ICMPv6 echo without data: nothing of the addresses is in line."""


@pytest.mark.parametrize(
    ("to", "source", "destination", "octets"),
    [
        (BY_SHORT[1], SHORT[0], SHORT[1], SHORTEST),
        (BY_EXTENDED[1], EXTENDED[0], EXTENDED[1], SHORTEST),
    ],
    ids=["short", "extended"],
)
def test_link_layer_addresses_are_those_of_the_interface_identifiers(
    to: bytes, source: bytes, destination: bytes, octets: int
) -> None:
    room = Room()
    sent = room.nodes[0].send_echo_request(Echo(1, 1, b""), to, now=room.now)
    room.take(0, sent)
    room.run()
    frames = [decode_frame(psdu) for psdu in room.on_air]
    echoes = [
        frame for frame in frames if isinstance(frame, Frame) and len(frame.payload) == octets
    ]
    request, reply = echoes
    assert (request.source, request.destination) == (source, destination)
    assert (reply.source, reply.destination) == (destination, source)
