"""What strangers and mistaken neighbours can make a forwarding node do."""

from random import Random

import pytest

from lowpan.adaptation.recovery_parameters import RecoveryParameters
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.security import LinkSecurity
from lowpan.node.outbox import MOST_FORWARDED, MOST_FROM_ONE
from lowpan.node.routes import mesh_routes
from lowpan.node.service import DatagramDiscarded, Discard, Endpoint, ErrorReceived
from lowpan.node.settings import ForwardingSettings, NodeSettings
from lowpan.node.sleeper_box import MOST_FRAMES
from lowpan.wire.icmpv6 import Icmpv6Type
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch
from lowpan.wire.mesh_header import MESH_HEADER, MeshHeader
from lowpan.wire.recoverable_fragment import RECOVERABLE_FRAGMENT, RecoverableFragment
from tests.node.line import Line, by_ipv6, by_mesh_header, global_of
from tests.sim.nodes import PORT, address_of, security_of, short_of

BROADCAST = b"\xff\xff"
IPHC = bytes.fromhex("7a333a8000")
ALL_ENGINES = ForwardingSettings(fragment_forwarding=True, fragment_recovery=RecoveryParameters())


def meshed(final: bytes, *, originator: bytes = b"\x77\x77", hops: int = 14) -> bytes:
    return MESH_HEADER.encode(MeshHeader.between(originator, final, hops)) + IPHC


def circling(here: int, count: int) -> NodeSettings:
    """Send everything round a ring."""
    onwards = short_of((here + 1) % count)
    forwarding = ForwardingSettings(mesh_under=lambda final: onwards)
    return NodeSettings(routers=False, forwarding=forwarding)


@pytest.mark.parametrize("hops", [0, 1])
def test_attack_a_mesh_header_without_hops_left_goes_nowhere(hops: int) -> None:
    line = Line(3, by_mesh_header)
    line.hear(1, meshed(short_of(2), hops=hops), short_of(0), short_of(1))
    line.run()
    assert line.on_air == []
    assert line.link(1).forwarded["mesh_under"]["HOPS_SPENT"] == 1


def test_attack_a_loop_of_routes_ends_with_the_second_round() -> None:
    line = Line(3, circling, ring=True)
    line.hear(0, meshed(short_of(9), hops=200), short_of(2), short_of(0))
    line.run()
    assert len(line.on_air) == 3
    assert line.link(0).forwarded["mesh_under"]["DUPLICATE"] == 1


def test_attack_a_loop_of_ipv6_routes_ends_with_the_hop_limit() -> None:
    def settings(here: int, count: int) -> NodeSettings:
        onwards = address_of(here + 1 if here < 3 else 1)
        return NodeSettings(routers=False, next_hops=lambda _: onwards, forwarding=ALL_ENGINES)

    line = Line(4, settings)
    line.connect(1, 3)
    line.ping(global_of(9), 56, hop_limit=10)
    line.run(20_000_000)
    requests = [payload for _, _, payload in line.on_air if payload.endswith(bytes(56))]
    assert len([one for one in requests if DISPATCH[one[0]] is Dispatch.IPHC]) == 10
    spent = [lost.discard for number in range(4) for lost in line.of(number, DatagramDiscarded)]
    assert Discard.HOP_LIMIT in spent


@pytest.mark.parametrize(
    ("hop_limit", "destination", "error"),
    [
        (1, global_of(2), Icmpv6Type.TIME_EXCEEDED),
        (64, bytes.fromhex("20010db9") + bytes(12), Icmpv6Type.DESTINATION_UNREACHABLE),
    ],
)
def test_a_router_says_why_it_does_not_pass_on(
    hop_limit: int, destination: bytes, error: Icmpv6Type
) -> None:
    def settings(here: int, count: int) -> NodeSettings:
        first = by_ipv6()(here, count)
        if here:
            return first
        return NodeSettings(routers=False, next_hops=lambda _: address_of(1))

    line = Line(3, settings)
    assert line.ping(destination, hop_limit=hop_limit) == []
    (told,) = line.of(0, ErrorReceived)
    assert (told.type, told.code) == (error, 0)


def test_a_host_passes_nothing_on() -> None:
    def settings(here: int, count: int) -> NodeSettings:
        if here == 1:
            return NodeSettings(routers=False, forwarding=ALL_ENGINES)
        return by_ipv6()(here, count)

    line = Line(3, settings)
    assert line.ping(global_of(2)) == []
    assert line.ping(global_of(2), 1000) == []
    refused = [lost.discard for lost in line.of(1, DatagramDiscarded)]
    assert refused == [Discard.NOT_FOR_US] * 2


def test_attack_fragments_to_everybody_are_passed_on_by_nobody() -> None:
    line = Line(3, by_ipv6(ALL_ENGINES))
    line.ping(global_of(2))
    line.run()
    begun = len(line.on_air)
    header = RecoverableFragment(False, 7, True, 0, len(IPHC), 100)
    rfrag = RECOVERABLE_FRAGMENT.encode(header) + IPHC
    for payload in (rfrag, bytes.fromhex("c0640007") + IPHC):
        line.hear(1, payload, short_of(0), BROADCAST)
    line.run()
    assert len(line.on_air) == begun


def known(number: int) -> LinkSecurity:
    return security_of(number, 3)


def with_a_hole(number: int) -> LinkSecurity:
    """Return security that lets data in clear pass, as MLE needs it."""
    security = known(number)
    security.policy = SecurityPolicy.for_level(5, data_in_clear=True)
    return security


@pytest.mark.parametrize("size", [56, 1232])
def test_a_secured_line_passes_on_what_is_secured(size: int) -> None:
    line = Line(3, by_mesh_header, security=known)
    assert len(line.ping(address_of(2), size)) == 1
    routed = Line(3, by_ipv6(ALL_ENGINES), security=known)
    assert len(routed.ping(global_of(2), size)) == 1


def test_attack_a_mesh_header_forged_outside_a_secured_network_is_refused() -> None:
    for security in (known, with_a_hole):
        line = Line(3, by_mesh_header, security=security)
        for final in (short_of(2), short_of(1), BROADCAST):
            line.hear(1, meshed(final, originator=short_of(0)), short_of(0), short_of(1))
        line.run()
        assert line.on_air == []
        assert line.node(1).adaptation.counts == {}
        assert line.link(1).forwarded["mesh_under"] == {}


def test_attack_a_datagram_in_clear_is_not_routed_into_a_secured_network() -> None:
    outside = Line(3, by_ipv6(ALL_ENGINES))
    outside.ping(global_of(2))
    datagrams = [payload for by, _, payload in outside.on_air if by == short_of(0)]
    line = Line(3, by_ipv6(ALL_ENGINES), security=with_a_hole)
    for payload in datagrams:
        line.hear(1, payload, short_of(0), short_of(1))
    line.run()
    assert line.on_air == []


def test_attack_a_flood_of_payloads_is_bounded_and_shared_between_neighbours() -> None:
    line, random = Line(3, by_mesh_header), Random(4944)
    for number in range(2_000):
        payload = meshed(short_of(2), originator=random.randbytes(2)) + number.to_bytes(2, "big")
        line.hear(1, payload, short_of(7), short_of(1))
    link = line.link(1)
    full = link.forwarded["forwarding"]["QUEUE_FULL"]
    assert full == 2_000 - MOST_FROM_ONE, "one neighbour, however many originators it makes up"
    for number in range(2_000):
        payload = meshed(short_of(2), originator=random.randbytes(2)) + number.to_bytes(2, "big")
        line.hear(1, payload, random.randbytes(2), short_of(1))
    assert link.forwarded["forwarding"]["QUEUE_FULL"] == 4_000 - MOST_FORWARDED
    assert link.waiting == 0, "none of them is ours"
    assert len(line.ping(address_of(0), sender=1)) == 1
    line.run()  # neighbours ask whether they are there, and are heard
    assert len(line.ping(address_of(2), 1000)) == 1


def test_attack_a_flood_for_one_who_sleeps_is_bounded_too() -> None:
    line, random = Line(3, by_mesh_header), Random(4944)
    forwards = line.world.nodes[1]
    forwards.take(list(forwards.node.link.set_sleepers({short_of(2)}, now=0)))
    for number in range(1_000):
        payload = meshed(short_of(2), originator=random.randbytes(2)) + number.to_bytes(2, "big")
        line.hear(1, payload, random.randbytes(2), short_of(1))
    full = line.link(1).forwarded["forwarding"]["QUEUE_FULL"]
    assert full == 1_000 - MOST_FROM_ONE - MOST_FRAMES
    own = line.world.nodes[1].node
    remote = Endpoint(address_of(2), PORT)
    told = own.send_udp(b"ours", Endpoint(b"", PORT), remote, now=line.world.now)
    assert not [lost for lost in told if isinstance(lost, DatagramDiscarded)]
    line.run(30_000_000)
    assert len(line.ping(address_of(2), sender=0)) == 0, "it never asks"
    assert len(line.ping(address_of(0), sender=1)) == 1


def test_what_does_not_fit_the_frame_of_the_next_hop_is_dropped() -> None:
    long = {short_of(2): bytes.fromhex("0200000000000002")}

    def settings(here: int, count: int) -> NodeSettings:
        return NodeSettings(routers=False, forwarding=ForwardingSettings(mesh_routes(long)))

    line = Line(3, settings)
    room = line.node(1).link.largest_payload(short_of(1), short_of(2))
    payload = meshed(short_of(2)) + bytes(room)
    line.hear(1, payload[:room], short_of(0), short_of(1))
    line.run()
    assert line.on_air == []
    assert line.link(1).forwarded["forwarding"]["TOO_LONG"] == 1


def test_any_payload_is_survived() -> None:
    random = Random(8931)
    kinds = (0x80, 0xBF, 0xB1, 0xC0, 0xC4, 0xE0, 0xE8, 0xEA, 0x50, 0x7A, 0x41)
    for settings in (by_mesh_header, by_ipv6(ALL_ENGINES)):
        line = Line(3, settings)
        line.ping(global_of(2))
        for _ in range(3_000):
            payload = bytes((random.choice(kinds),)) + random.randbytes(random.randrange(90))
            line.hear(1, payload, short_of(random.randrange(5)), short_of(1))
        line.run(90_000_000)
        assert len(line.ping(address_of(1), 1000)[-1].data) == 1000
