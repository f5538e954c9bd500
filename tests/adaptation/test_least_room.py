"""Datagrams in frames with as little room as security and a mesh header leave."""

from random import Random

import pytest

from lowpan.adaptation.fragmentation import LEAST_ROOM
from lowpan.adaptation.layer import Adaptation, Ends
from lowpan.adaptation.mesh_under import MeshUnder
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.errors import FieldOutOfRange
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.security import LinkSecurity
from lowpan.radio import RadioCapability
from lowpan.store import MemoryStore
from lowpan.wire.ipv6 import IPV6_HEADER, Ipv6Header
from tests.mac.air import EXTENDED, settings_of

SIZES = [*range(40, 130), *range(1180, 1281)]


def datagram(size: int, random: Random) -> bytes:
    """Return one of whose header nothing can be left out."""
    source, destination = b"\x20" + random.randbytes(15), b"\x20" + random.randbytes(15)
    header = Ipv6Header(0xFF, 0xFFFFF, size - 40, 99, 63, source, destination)
    return IPV6_HEADER.encode(header) + random.randbytes(size - 40)


@pytest.mark.parametrize("room", range(LEAST_ROOM, LEAST_ROOM + 20))
def test_datagrams_of_any_size_arrive_in_any_order(room: int) -> None:
    random = Random(room)
    near, far = Adaptation(random), Adaptation(random)
    for size in SIZES:
        sent = datagram(size, random)
        payloads = near.send_datagram(sent, EXTENDED[0], EXTENDED[1], room=room)
        assert max(map(len, payloads)) <= room
        random.shuffle(payloads)
        ends = Ends(EXTENDED[0], EXTENDED[1])
        told = [event for one in payloads for event in far.receive_payload(one, ends, now=0)]
        assert [event.datagram for event in told if isinstance(event, DatagramReceived)] == [sent]


def test_with_less_there_is_nothing_to_be_done() -> None:
    with pytest.raises(FieldOutOfRange, match="room for 47 octets"):
        Adaptation(Random(1)).send_datagram(
            datagram(40, Random(1)), EXTENDED[0], EXTENDED[1], room=LEAST_ROOM - 1
        )


@pytest.mark.parametrize(("mode", "source"), [(1, None), (2, bytes(4)), (3, bytes(8))])
def test_the_longest_security_and_mesh_headers_leave_it(mode: int, source: bytes | None) -> None:
    keys = KeyTable()
    identifier = KeyIdentifier(mode, 1, source)
    keys.add(identifier, bytes(range(16)))
    security = LinkSecurity(EXTENDED[0], keys, MemoryStore(), level=7, key=identifier)
    link = LinkLayer(settings_of(0), RadioCapability.TRANSMIT, Random(1), security=security)
    mesh = MeshUnder([EXTENDED[0]], lambda _: EXTENDED[1], Random(1), hops_left=255)
    room = link.largest_payload(EXTENDED[0], EXTENDED[1])
    assert room - mesh.overhead(EXTENDED[2]) >= LEAST_ROOM
