"""Nodes in a line that pass on payloads and fragments below IPv6."""

from dataclasses import replace

import pytest

from lowpan.adaptation.flood_jitter import MOST_JITTER
from lowpan.adaptation.recovery_parameters import RecoveryParameters
from lowpan.node.addresses import link_local_of
from lowpan.node.lowpan_link import LowpanLink
from lowpan.node.service import DatagramDiscarded, Discard, EchoReplied, Endpoint, UdpReceived
from lowpan.node.settings import ForwardingSettings, NodeSettings
from lowpan.wire.addresses import ALL_NODES
from lowpan.wire.icmpv6 import Echo
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch
from lowpan.wire.mesh_header import MESH_HEADER, MeshHeader
from tests.node.line import Line, Settings, by_ipv6, by_mesh_header, global_of, unacknowledged
from tests.sim.nodes import PORT, address_of, extended_of, short_of

ALL = b"\xff\xff"
FORWARDED = by_ipv6(ForwardingSettings(fragment_forwarding=True))
RECOVERED = by_ipv6(ForwardingSettings(fragment_recovery=RecoveryParameters()))
BOTH = by_ipv6(ForwardingSettings(fragment_forwarding=True, fragment_recovery=RecoveryParameters()))


def kinds(line: Line, source: int) -> set[Dispatch]:
    """Return what the payloads that a node has sent began with."""
    return {DISPATCH[payload[0]] for by, _, payload in line.on_air if by == short_of(source)}


def multicast(line: Line, payload: bytes = b"to all") -> None:
    """Let node 0 send to all."""
    sender, to_all = line.world.nodes[0], Endpoint(ALL_NODES, PORT)
    now = line.world.now
    sender.take(sender.node.send_udp(payload, Endpoint(b"", PORT), to_all, now=now))
    line.run(400_000)


def test_a_node_that_forwards_nothing_has_no_engine_for_it() -> None:
    assert type(Line(1, by_ipv6()).node(0).lowpan) is LowpanLink


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("size", [0, 56, 1000, 1232])
def test_a_mesh_header_carries_pings_of_any_size_along_a_line(count: int, size: int) -> None:
    line = Line(count, by_mesh_header)
    (reply,) = line.ping(address_of(count - 1), size)
    assert (len(reply.data), reply.hop_limit) == (size, 64), "to IPv6 it is one link"
    assert (Dispatch.MESH in kinds(line, 0)) == (count > 2), "a neighbour needs no mesh header"


@pytest.mark.parametrize("size", [56, 1232])
def test_extended_addresses_are_carried_too(size: int) -> None:
    line = Line(3, by_mesh_header)
    assert len(line.ping(link_local_of(extended_of(2)), size)) == 1


@pytest.mark.parametrize("size", [56, 1232])
@pytest.mark.parametrize("settings", [FORWARDED, RECOVERED])
def test_a_neighbour_is_reached_by_its_extended_address_too(settings: Settings, size: int) -> None:
    line = Line(2, settings)
    source, destination = (link_local_of(extended_of(number)) for number in range(2))
    sender = line.world.nodes[0]
    echo = Echo(7, 1, bytes(size))
    asked = sender.node.send_echo_request(echo, destination, source=source, now=0)
    sender.take(asked)
    line.run()
    (reply,) = line.of(0, EchoReplied)
    assert (reply.source, reply.destination, len(reply.data)) == (destination, source, size)


def test_addresses_that_change_are_those_of_the_mesh() -> None:
    line = Line(2, by_mesh_header)
    link, now_ours = line.link(1), b"\x00\x99"
    link.link.configure(replace(link.link.radio, short_address=0x99))
    meshed = MESH_HEADER.encode(MeshHeader.between(b"\x77\x77", now_ours, 5))
    line.hear(1, meshed + bytes.fromhex("7a333a8000"), short_of(0), now_ours)
    assert link.forwarded["mesh_under"] == {"Deliver": 1}


def test_a_multicast_gets_to_each_node_of_a_line_once() -> None:
    line = Line(4, by_mesh_header)
    multicast(line)
    received = [len(line.of(number, UdpReceived)) for number in range(4)]
    assert received == [0, 1, 1, 1]
    assert len(line.on_air) == 4, "each passes it on once"
    assert line.link(0).forwarded["mesh_under"]["OWN"] == 1


def jittered(most: int) -> Settings:
    """Go by mesh header, and pass on what is for all within `most` microseconds."""

    def settings(here: int, count: int) -> NodeSettings:
        forwarding = by_mesh_header(here, count).forwarding
        assert forwarding is not None
        return NodeSettings(routers=False, forwarding=replace(forwarding, flood_jitter=most))

    return settings


def test_in_a_ring_each_passes_a_multicast_on_once_and_takes_it_once() -> None:
    line = Line(5, by_mesh_header, ring=True)
    for _ in range(20):
        multicast(line)
    received = [len(line.of(number, UdpReceived)) for number in range(5)]
    assert received[0] == 0
    assert all(19 <= one <= 20 for one in received[1:]), "who is not heard is not asked again"
    assert len(line.on_air) <= 100


@pytest.mark.parametrize(("count", "octets", "worst"), [(5, 6, 92), (5, 80, 92), (8, 80, 30)])
def test_hidden_forwarders_seldom_collide_if_they_wait_a_random_time(
    count: int, octets: int, worst: int
) -> None:
    """Of 200 multicasts around a ring: those on its other side get them from both at one moment."""
    least: list[float] = []
    for most in (0, MOST_JITTER):
        line = Line(count, jittered(most), ring=True)
        for _ in range(200):
            multicast(line, bytes(octets))
        least.append(min(len(line.of(number, UdpReceived)) / 2 for number in range(1, count)))
    assert least[0] <= worst
    assert least[1] >= 94


def test_a_multicast_is_passed_on_within_its_jitter_each_time_after_another_delay() -> None:
    line, delays = Line(1, jittered(MOST_JITTER)), set[int]()
    for number in range(50):
        meshed = MESH_HEADER.encode(MeshHeader.between(b"\x77\x77", b"\xff\xff", 5))
        line.hear(0, meshed + bytes((0x50, number)) + bytes.fromhex("7a333a8000"), b"\x66\x66", ALL)
        sent, begin = len(line.on_air), line.world.now
        while len(line.on_air) == sent:
            line.run(1_000)
        delays.add(line.world.now - begin)
    assert max(delays) <= MOST_JITTER + 10_000, "and what CSMA-CA takes"
    assert min(delays) <= 10_000
    assert len(delays) > 20, "spread over all of it"


def test_what_is_for_one_is_passed_on_at_once() -> None:
    line = Line(3, jittered(10_000_000))
    assert len(line.ping(address_of(2))) == 1


@pytest.mark.parametrize("settings", [FORWARDED, RECOVERED, BOTH, by_ipv6()])
@pytest.mark.parametrize("size", [56, 200, 1232])
def test_datagrams_of_any_size_are_routed_along_a_line(settings: Settings, size: int) -> None:
    line = Line(4, settings)
    (reply,) = line.ping(global_of(3), size)
    assert (len(reply.data), reply.hop_limit) == (size, 62), "two routers on the way back"


def test_fragments_go_on_before_the_last_one_has_come() -> None:
    line = Line(3, FORWARDED)
    line.ping(global_of(2), 1232)
    line.run()  # neighbours ask whether they are there, and are heard
    begun, whole = len(line.on_air), line.node(1).adaptation.counts["DatagramReceived"]
    line.ping(global_of(2), 1232)
    again = line.on_air[begun:]
    first_on = next(at for at, (by, _, _) in enumerate(again) if by == short_of(1))
    assert first_on < 4
    assert line.link(1).forwarded["fragment_forwarding"]["Forward"] > 20
    assert line.node(1).adaptation.counts["DatagramReceived"] == whole, "none was put together"


def test_recovery_makes_good_for_losses_that_otherwise_cost_the_datagram() -> None:
    arrived: list[int] = []
    for settings in (FORWARDED, RECOVERED):
        line = Line(3, unacknowledged(settings), loss=0.03)
        for _ in range(10):
            sender = line.world.nodes[0]
            local, remote = Endpoint(b"", PORT), Endpoint(global_of(2), PORT)
            sent = sender.node.send_udp(bytes(1200), local, remote, now=line.world.now)
            sender.take(sent)
            line.run()
        arrived.append(len(line.of(2, UdpReceived)))
        assert line.node(0).waiting == 0
    assert arrived[0] < 8
    assert arrived[1] == 10


def test_many_datagrams_in_recoverable_fragments_wait_for_each_other() -> None:
    line = Line(3, RECOVERED)
    sender, remote = line.world.nodes[0], Endpoint(global_of(2), PORT)
    for number in range(70):
        payload = bytes((number,)) * 500
        sender.take(sender.node.send_udp(payload, Endpoint(b"", PORT), remote, now=0))
    assert sender.node.waiting == 64
    line.run(30_000_000)
    assert sorted(udp.payload[0] for udp in line.of(2, UdpReceived)) == list(range(64))
    assert sender.node.waiting == 0
    full = [lost.discard for lost in line.of(0, DatagramDiscarded)]
    assert full == [Discard.QUEUE_FULL] * 6


@pytest.mark.parametrize("settings", [FORWARDED, RECOVERED])
def test_who_is_gone_is_found_out_and_the_rest_is_not_sent(settings: Settings) -> None:
    line = Line(3, settings)
    assert len(line.ping(global_of(2), 1232)) == 1
    line.run()
    assert len(line.ping(global_of(2), 1232)) == 2
    line.world.medium.disconnect(line.world.nodes[1].radio, line.world.nodes[2].radio)
    line.ping(global_of(2), 1232)
    line.run(60_000_000)
    assert address_of(2) not in [one.address for one in line.node(1).discovery.cache.table]
    assert len(line.of(0, EchoReplied)) == 2
    assert line.node(0).waiting == 0


def test_the_sender_is_told_when_recovery_has_given_up() -> None:
    line = Line(2, RECOVERED)
    line.world.medium.disconnect(line.world.nodes[0].radio, line.world.nodes[1].radio)
    line.ping(global_of(1), 1232)
    line.run(60_000_000)
    (lost,) = [one for one in line.of(0, DatagramDiscarded) if len(one.datagram) > 1000]
    assert lost.discard is Discard.NOT_DELIVERED
    assert "not acknowledged" in lost.reason


def test_who_sleeps_fetches_what_is_passed_on_and_holds_up_nobody() -> None:
    line = Line(3, by_mesh_header)
    forwards, sleeps = line.world.nodes[1], line.world.nodes[2]
    forwards.take(list(forwards.node.link.set_sleepers({short_of(2)}, now=0)))
    sender, remote = line.world.nodes[0], Endpoint(address_of(2), PORT)
    sender.take(sender.node.send_udp(bytes(1000), Endpoint(b"", PORT), remote, now=0))
    line.run(500_000)
    assert len(line.ping(address_of(0), sender=1)) == 1, "the sleeper does not block it"
    assert line.of(2, UdpReceived) == []
    for _ in range(20):
        sleeps.take(list(sleeps.node.link.poll(short_of(1), now=line.world.now)))
        line.run(50_000)
    assert [len(udp.payload) for udp in line.of(2, UdpReceived)] == [1000]


def test_a_mesh_without_a_route_says_so() -> None:
    nowhere = ForwardingSettings(mesh_under=lambda final: None)
    line = Line(2, lambda here, count: NodeSettings(routers=False, forwarding=nowhere))
    assert line.ping(address_of(1)) == []
    assert line.of(0, DatagramDiscarded)[0].discard is Discard.NO_ROUTE


@pytest.mark.parametrize("size", [56, 1232])
def test_fragments_are_recovered_across_a_mesh(size: int) -> None:
    def settings(here: int, count: int) -> NodeSettings:
        mesh = by_mesh_header(here, count)
        assert mesh.forwarding is not None
        both = ForwardingSettings(
            mesh_under=mesh.forwarding.mesh_under, fragment_recovery=RecoveryParameters()
        )
        return NodeSettings(routers=False, forwarding=both)

    line = Line(4, settings)
    assert len(line.ping(address_of(3), size)) == 1
    assert line.link(1).forwarded["fragment_recovery"] == {}, "it goes by the mesh header alone"


def test_counts_are_there_for_each_engine() -> None:
    line = Line(2, BOTH)
    line.ping(global_of(1), 1232)
    assert set(line.link(0).forwarded) == {
        "fragment_recovery",
        "fragment_forwarding",
        "forwarding",
    }
    assert line.link(0).forwarded["fragment_recovery"]["DELIVERED"] == 1
