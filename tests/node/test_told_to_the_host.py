"""What the operating system behind a node is told of datagrams that went no further."""

import pytest

from lowpan.node.node import Node
from lowpan.node.service import DatagramDiscarded, DatagramForHost, Discard
from lowpan.node.settings import NodeSettings
from lowpan.wire.addresses import parse_ipv6
from lowpan.wire.checksum import verifies
from lowpan.wire.icmpv6 import ICMPV6, Icmpv6, Icmpv6Type, PacketTooBig
from lowpan.wire.ipv6 import ICMPV6 as ICMPV6_NUMBER
from lowpan.wire.ipv6 import IPV6_HEADER, Ipv6Header
from tests.node.room import Room
from tests.node.test_node import BY_EXTENDED

BEYOND = parse_ipv6("2001:db8:ffff::1")


def node() -> Node:
    return Room(settings=NodeSettings(for_host=True, routers=False)).nodes[0]


def datagram(destination: bytes, size: int) -> bytes:
    header = Ipv6Header(0, 0, size - 40, 17, 64, BY_EXTENDED[0], destination)
    return IPV6_HEADER.encode(header) + bytes(size - 40)


def told_about(sent: bytes) -> tuple[Discard, Icmpv6]:
    """Send it; return how it ended and what the host is told, which is right and for it."""
    discarded, told = node().send_datagram(sent, now=0)
    assert isinstance(discarded, DatagramDiscarded)
    assert isinstance(told, DatagramForHost)
    source, destination = told.datagram[8:24], told.datagram[24:40]
    assert destination == BY_EXTENDED[0]
    assert verifies(source, destination, ICMPV6_NUMBER, told.datagram[40:])
    assert len(told.datagram) <= 1280
    return discarded.discard, ICMPV6.decode(told.datagram[40:])


@pytest.mark.parametrize("size", [1281, 1500])
def test_somebody_has_raised_the_mtu_of_the_interface(size: int) -> None:
    discard, message = told_about(datagram(BY_EXTENDED[1], size))
    assert discard is Discard.TOO_BIG
    assert isinstance(message.body, PacketTooBig)
    assert message.body.mtu == 1280
    assert message.body.invoking_datagram[24:40] == BY_EXTENDED[1]


def test_there_is_no_router() -> None:
    discard, message = told_about(datagram(BEYOND, 60))
    assert (discard, message.type, message.code) == (
        Discard.NO_ROUTE,
        Icmpv6Type.DESTINATION_UNREACHABLE,
        0,
    )
