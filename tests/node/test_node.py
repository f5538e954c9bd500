"""Nodes that talk to each other in virtual time."""

from random import Random

import pytest

from lowpan.mac.framing import data_frame
from lowpan.node.addresses import link_local_of, linux_link_local_of
from lowpan.node.service import (
    AddressChanged,
    DatagramDiscarded,
    DatagramForHost,
    Discard,
    EchoReplied,
    Endpoint,
    NeighbourChanged,
    UdpReceived,
)
from lowpan.node.settings import NodeSettings
from lowpan.wire.addresses import ALL_NODES, iid_of
from lowpan.wire.icmpv6 import ICMPV6, Echo, Icmpv6, Icmpv6Type
from lowpan.wire.ieee802154 import encode_frame
from lowpan.wire.nd_options import NdOption, NdOptionType
from lowpan.wire.nd_options_lowpan import SixLowpanContext, SixLowpanContextControl
from lowpan.wire.nd_options_plain import PrefixInformation, PrefixInformationControl
from lowpan.wire.neighbour_discovery import RouterAdvertisement, RouterAdvertisementControl
from tests.mac.air import EXTENDED, SHORT
from tests.mac.test_link_layer import secured
from tests.node.room import Room

BY_SHORT = [link_local_of(address) for address in SHORT]
BY_EXTENDED = [link_local_of(address) for address in EXTENDED]


def ping(room: Room, destination: bytes, size: int = 56, number: int = 1) -> list[EchoReplied]:
    echo = Echo(7, number, bytes(size))
    room.take(0, room.nodes[0].send_echo_request(echo, destination, now=room.now))
    room.run()
    return [reply for reply in room.of(0, EchoReplied) if reply.sequence_number == number]


@pytest.mark.parametrize("size", [0, 1, 56, 200, 500, 1000, 1232])
@pytest.mark.parametrize("addresses", [BY_SHORT, BY_EXTENDED], ids=["short", "extended"])
def test_a_ping_of_any_size_comes_back(size: int, addresses: list[bytes]) -> None:
    (reply,) = ping(Room(), addresses[1], size)
    assert (reply.source, len(reply.data), reply.hop_limit) == (addresses[1], size, 64)


@pytest.mark.parametrize("size", [56, 1232])
def test_it_comes_back_secured_too(size: int) -> None:
    room = Room(security=secured)
    assert len(ping(room, BY_SHORT[1], size)) == 1
    assert all(psdu[0] & 0x08 for psdu in room.on_air if len(psdu) > 3)


def test_without_deriving_the_neighbour_is_asked_first() -> None:
    room = Room(settings=NodeSettings(derive=False, routers=False))
    assert len(ping(room, BY_EXTENDED[1])) == 1
    assert NeighbourChanged(BY_EXTENDED[1], EXTENDED[1], reachable=True) in room.told[0]


def test_who_does_not_answer_is_unreachable_in_three_seconds() -> None:
    room = Room(1, settings=NodeSettings(derive=False, routers=False))
    assert ping(room, BY_EXTENDED[1]) == []
    (lost,) = room.of(0, DatagramDiscarded)
    assert lost.discard is Discard.NO_NEIGHBOUR
    assert room.of(0, NeighbourChanged) == [NeighbourChanged(BY_EXTENDED[1], None, False)]
    assert len(room.on_air) == 3


@pytest.mark.parametrize("loss", [0.05, 0.1])
def test_repetitions_make_good_for_losses(loss: float) -> None:
    random = Random(7)
    room = Room(lose=lambda psdu: random.random() < loss)
    replies = sum(len(ping(room, BY_SHORT[1], 1000, number)) for number in range(50))
    assert replies >= 48


def test_udp_goes_both_ways_and_to_all() -> None:
    room = Room(3)
    for node in room.nodes:
        node.open_port(Endpoint(b"", 5683))
    remote = Endpoint(BY_SHORT[1], 5683)
    local = Endpoint(b"", 5683)
    room.take(0, room.nodes[0].send_udp(b"to one", local, remote, now=room.now))
    everybody = Endpoint(ALL_NODES, 5683)
    room.take(0, room.nodes[0].send_udp(b"to all", local, everybody, now=room.now))
    room.run()
    assert [udp.payload for udp in room.of(1, UdpReceived)] == [b"to one", b"to all"]
    assert [udp.payload for udp in room.of(2, UdpReceived)] == [b"to all"]
    back = room.of(1, UdpReceived)[0].remote
    room.take(1, room.nodes[1].send_udp(b"back", local, back, now=room.now))
    room.run()
    assert [udp.payload for udp in room.of(0, UdpReceived)] == [b"back"]


def test_a_lost_fragment_ends_its_datagram_and_no_other() -> None:
    seen: list[bytes] = []

    def lose(psdu: bytes) -> bool:
        seen.append(psdu)
        return b"\xaa" * 20 in psdu

    room = Room(lose=lose)
    room.nodes[1].open_port(Endpoint(b"", 1))
    for payload in (b"\xaa" * 300, b"\xbb" * 300):
        sent = room.nodes[0].send_udp(
            payload, Endpoint(b"", 1), Endpoint(BY_SHORT[1], 1), now=room.now
        )
        room.take(0, sent)
    room.run()
    assert [udp.payload[:1] for udp in room.of(1, UdpReceived)] == [b"\xbb"]
    discards = [lost.discard for lost in room.of(0, DatagramDiscarded)]
    assert discards == [Discard.NOT_DELIVERED]
    lost_frames = {psdu for psdu in seen if b"\xaa" * 20 in psdu}
    assert len(lost_frames) == 1, "what follows a lost fragment is not sent"


def test_a_flood_of_datagrams_is_bounded_and_told() -> None:
    room = Room()
    for _ in range(200):
        sent = room.nodes[0].send_udp(
            bytes(1000), Endpoint(b"", 1), Endpoint(BY_SHORT[1], 1), now=room.now
        )
        room.take(0, sent)
    full = [lost for lost in room.of(0, DatagramDiscarded) if lost.discard is Discard.QUEUE_FULL]
    assert 130 < len(full) < 140


def test_a_host_behind_gets_datagrams_and_sends_its_own() -> None:
    room = Room(settings=NodeSettings(for_host=True, routers=False))
    echo = Echo(1, 1, b"abc")
    room.take(0, room.nodes[0].send_echo_request(echo, BY_SHORT[1], now=room.now))
    room.run()
    (up,) = room.of(1, DatagramForHost)
    assert up.datagram[24:40] == BY_SHORT[1]
    room.take(1, room.nodes[1].send_datagram(up.datagram[:8] + b"x", now=room.now))
    assert [lost.discard for lost in room.of(1, DatagramDiscarded)] == [Discard.MALFORMED]


def test_what_is_beyond_the_link_has_no_route() -> None:
    room = Room()
    assert ping(room, b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01") == []
    assert [lost.discard for lost in room.of(0, DatagramDiscarded)] == [Discard.NO_ROUTE]


def advertisement(prefix: bytes) -> bytes:
    """Return a router advertisement of a prefix of 8 octets, also as context 1."""
    flags = PrefixInformationControl(l=False, a=True, r=False)
    options = (
        NdOption(
            int(NdOptionType.PREFIX_INFORMATION),
            PrefixInformation(64, flags, 3600, 1800, prefix + bytes(8)),
        ),
        NdOption(
            int(NdOptionType.SIX_LOWPAN_CONTEXT),
            SixLowpanContext(64, SixLowpanContextControl(c=True, cid=1), 60, prefix),
        ),
    )
    body = RouterAdvertisement(
        64, RouterAdvertisementControl(m=False, o=False), 1800, 0, 0, options
    )
    return ICMPV6.encode(Icmpv6(int(Icmpv6Type.ROUTER_ADVERTISEMENT), 0, 0, body))


def test_a_router_gives_an_address_a_way_out_and_a_context() -> None:
    room = Room(2, settings=NodeSettings())
    prefix = bytes.fromhex("20010db800010000")
    message = advertisement(prefix)
    router, node = room.nodes[1], room.nodes[0]
    room.run(100_000)
    datagram = router.ipv6.icmpv6_datagram(message, BY_EXTENDED[1], ALL_NODES, 255)
    room.take(1, router.send_datagram(datagram, now=room.now))
    room.run()
    ours = prefix + iid_of(EXTENDED[0])
    assert AddressChanged(ours, True) in room.told[0]
    assert node.discovery.default_router() == BY_EXTENDED[1]
    assert node.adaptation.contexts.known[1].network == prefix
    beyond = bytes.fromhex("20010db8ffff0000") + bytes(7) + b"\x01"
    room.take(0, node.send_echo_request(Echo(1, 1, b""), beyond, now=room.now))
    room.run()
    assert Discard.NOT_FOR_US in [lost.discard for lost in room.of(1, DatagramDiscarded)]


@pytest.mark.parametrize("given_first", [True, False])
def test_an_address_that_the_user_gave_is_not_lost_by_the_word_of_a_router(
    *, given_first: bool
) -> None:
    room = Room(2, settings=NodeSettings())
    node, prefix = room.nodes[0], bytes.fromhex("20010db800010000")
    ours = prefix + iid_of(EXTENDED[0])

    def advertise(valid: int) -> None:
        flags = PrefixInformationControl(l=False, a=True, r=False)
        value = PrefixInformation(64, flags, valid, 0, prefix + bytes(8))
        options = (NdOption(int(NdOptionType.PREFIX_INFORMATION), value),)
        control = RouterAdvertisementControl(m=False, o=False)
        body = RouterAdvertisement(64, control, 1800, 0, 0, options)
        message = ICMPV6.encode(Icmpv6(int(Icmpv6Type.ROUTER_ADVERTISEMENT), 0, 0, body))
        router = room.nodes[1]
        datagram = router.ipv6.icmpv6_datagram(message, BY_EXTENDED[1], ALL_NODES, 255)
        room.take(1, router.send_datagram(datagram, now=room.now))
        room.run()

    if not given_first:
        advertise(7300)
    room.take(0, node.add_address(ours, EXTENDED[0], now=room.now))
    advertise(7300)
    advertise(0)
    room.run(8_000_000_000)
    own = node.own.get(ours)
    assert own is not None
    assert (own.ready, own.deprecated, own.prefix_length) == (True, False, 64)


def test_the_address_that_linux_makes_of_a_short_one_is_ours_and_never_chosen() -> None:
    room = Room()
    as_linux_says = linux_link_local_of(0xBEEF, SHORT[1])
    (reply,) = ping(room, as_linux_says)
    assert reply.source == as_linux_says
    own = room.nodes[1].own
    assert as_linux_says not in [one.address for one in own]
    chosen = own.source_for(as_linux_says)
    assert chosen is not None
    assert chosen.address != as_linux_says


def test_we_can_ping_ourselves() -> None:
    room = Room(1)
    assert len(ping(room, BY_SHORT[0])) == 1
    assert room.on_air == []


def test_attack_1_a_flood_of_first_fragments_from_many_senders_leaves_room() -> None:
    room = Room()
    random = Random(1)
    first = bytes.fromhex("c500") + bytes(2) + bytes.fromhex("7a33 3a".replace(" ", "")) + bytes(16)
    for number in range(20_000):
        sender = bytes((2, *random.randbytes(7)))
        frame = data_frame(first, sender, SHORT[1], 0xBEEF, acknowledged=False)
        frame.sequence_number = number & 0xFF
        room.hear(1, encode_frame(frame))
    assert len(room.nodes[1].adaptation.reassembler) <= 64
    assert len(ping(room, BY_SHORT[1], 1000)) == 1


def test_any_payload_is_survived() -> None:
    room = Room()
    random = Random(3)
    for number in range(5_000):
        payload = random.randbytes(random.randrange(1, 100))
        frame = data_frame(payload, SHORT[2], SHORT[1], 0xBEEF, acknowledged=False)
        frame.sequence_number = number & 0xFF
        room.hear(1, encode_frame(frame))
    assert len(ping(room, BY_SHORT[1])) == 1
