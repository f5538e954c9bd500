"""Payloads that cross the mesh by their mesh header."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.duplicates import DUPLICATE_PERIOD, MOST_PAYLOADS, Duplicates
from lowpan.adaptation.forwarding import Deliver, Drop, Dropped, Forward
from lowpan.adaptation.mesh_under import MeshAction, MeshUnder
from lowpan.wire.broadcast_header import BROADCAST_HEADER, BroadcastHeader
from lowpan.wire.mesh_header import MESH_HEADER, MeshHeader

A, B, C, D = (bytes([0, number]) for number in range(1, 5))
B_EXTENDED = bytes.fromhex("0200000000000002")
ALL = b"\xff\xff"
IPHC = bytes.fromhex("7a333a8000")


def line(here: bytes) -> MeshUnder:
    """Return the engine of a node in the line A - B - C - D."""
    order = [A, B, C, D]
    at = order.index(here)

    def route(final: bytes) -> bytes | None:
        if final not in order:
            return None
        return order[at + 1] if order.index(final) > at else order[at - 1]

    addresses = [here, B_EXTENDED] if here == B else [here]
    return MeshUnder(addresses, route, Random(4944))


def meshed(hops: int, final: bytes = C, originator: bytes = A, body: bytes = IPHC) -> bytes:
    return MESH_HEADER.encode(MeshHeader.between(originator, final, hops)) + body


def flooded(hops: int, number: int, final: bytes = ALL, originator: bytes = A) -> bytes:
    return meshed(hops, final, originator, BROADCAST_HEADER.encode(BroadcastHeader(number)) + IPHC)


def test_each_forwarder_takes_one_hop() -> None:
    assert line(B).receive_payload(meshed(5), A, B, now=0) == [Forward(C, meshed(4))]


def test_a_payload_without_mesh_header_is_for_us() -> None:
    assert line(B).receive_payload(IPHC, A, B, now=0) == [Deliver(IPHC, A, B)]
    assert line(B).receive_payload(IPHC, b"", b"", now=0) == [Deliver(IPHC, b"", b"")]


@pytest.mark.parametrize("ours", [B, B_EXTENDED])
def test_the_final_destination_takes_it_with_any_hops_left(ours: bytes) -> None:
    for hops in (0, 1, 30):
        deliver = Deliver(IPHC, A, ours)
        assert line(B).receive_payload(meshed(hops, ours), A, B, now=0) == [deliver]


def test_a_payload_ends_where_its_hops_do() -> None:
    for hops in (0, 1):
        dropped = [Dropped(A, Drop.HOPS_SPENT)]
        assert line(B).receive_payload(meshed(hops), A, B, now=0) == dropped
    assert line(B).receive_payload(meshed(2), A, B, now=0) == [Forward(C, meshed(1))]


def test_nothing_happens_by_itself() -> None:
    engine = line(B)
    engine.receive_payload(flooded(3, 7), A, ALL, now=0)
    assert engine.next_deadline() is None
    assert engine.handle_deadline(now=1) == []


def test_deep_hops_become_shallow_ones() -> None:
    (forward,) = line(B).receive_payload(bytes.fromhex("bf0f00010003") + IPHC, A, B, now=0)
    assert isinstance(forward, Forward)
    assert forward.payload == bytes.fromhex("be00010003") + IPHC


def test_no_route_no_forwarding() -> None:
    engine = line(B)
    assert engine.receive_payload(meshed(5, b"\x07\x07"), A, B, now=0) == [
        Dropped(A, Drop.NO_ROUTE, "0707")
    ]
    assert engine.counts == {"NO_ROUTE": 1}


def test_our_own_payload_come_back_is_dropped() -> None:
    engine = line(B)
    assert engine.receive_payload(flooded(5, 1, ALL, B), A, ALL, now=0) == [Dropped(A, Drop.OWN)]
    assert engine.receive_payload(meshed(5, C, B_EXTENDED), A, B, now=0) == [Dropped(A, Drop.OWN)]


def test_a_second_way_and_a_loop_bring_nothing_new() -> None:
    engine = line(B)
    assert engine.receive_payload(meshed(5), A, B, now=0) == [Forward(C, meshed(4))]
    for hops, neighbour in ((5, D), (3, A), (4, C)):
        dropped = [Dropped(neighbour, Drop.DUPLICATE)]
        assert engine.receive_payload(meshed(hops), neighbour, B, now=9) == dropped
    late = DUPLICATE_PERIOD
    assert engine.receive_payload(meshed(5), D, B, now=late) == [Forward(C, meshed(4))]


def test_the_same_sent_twice_goes_twice() -> None:
    engine = line(B)
    for now in (0, 100):
        assert engine.receive_payload(meshed(5), A, B, now=now) == [Forward(C, meshed(4))]


def test_a_broadcast_is_taken_and_passed_on_once() -> None:
    engine = line(B)
    assert engine.receive_payload(flooded(3, 7), A, ALL, now=0) == [
        Deliver(IPHC, A, ALL),
        Forward(ALL, flooded(2, 7)),
    ]
    for neighbour in (A, C):
        dropped = [Dropped(neighbour, Drop.DUPLICATE)]
        assert engine.receive_payload(flooded(1, 7), neighbour, ALL, now=1) == dropped
    assert len(engine.receive_payload(flooded(2, 8), A, ALL, now=2)) == 2


def test_the_last_hop_of_a_broadcast_is_taken_and_not_passed_on() -> None:
    for hops in (0, 1):
        assert line(B).receive_payload(flooded(hops, 7), A, ALL, now=0) == [Deliver(IPHC, A, ALL)]


def test_a_broadcast_that_cannot_be_recognised_is_not_passed_on() -> None:
    assert line(B).receive_payload(meshed(9, ALL), A, ALL, now=0) == [Deliver(IPHC, A, ALL)]


def test_a_broadcast_over_one_hop_is_taken_once() -> None:
    engine, payload = line(B), BROADCAST_HEADER.encode(BroadcastHeader(1)) + IPHC
    assert engine.receive_payload(payload, A, ALL, now=0) == [Deliver(IPHC, A, ALL)]
    assert engine.receive_payload(payload, A, ALL, now=1) == [Dropped(A, Drop.DUPLICATE)]


def test_groups_are_addresses_of_routers_unless_told_otherwise() -> None:
    group = b"\x80\x01"
    told = [
        engine.receive_payload(flooded(3, 7, group), A, ALL, now=0)
        for engine in (line(B), MeshUnder([B], lambda _: None, Random(1), multicast_addresses=True))
    ]
    assert told == [
        [Dropped(A, Drop.NO_ROUTE, "8001")],
        [Deliver(IPHC, A, group), Forward(ALL, flooded(2, 7, group))],
    ]


def test_originating() -> None:
    engine = line(A)
    assert engine.originate(IPHC, C) == Forward(B, meshed(14))
    assert engine.originate(IPHC, B) == Forward(B, IPHC)
    assert engine.originate(IPHC, b"\x07\x07") is None
    assert engine.counts == {"originated": 2, "NO_ROUTE": 1}
    first, second = (engine.originate(IPHC, ALL) for _ in range(2))
    assert first is not None
    assert second is not None
    number = first.payload[6]
    assert first == Forward(ALL, flooded(14, number))
    assert second == Forward(ALL, flooded(14, number + 1 & 0xFF))


def test_originating_from_either_address() -> None:
    engine = line(B)
    sent = engine.originate(IPHC, D, B_EXTENDED)
    assert sent == Forward(C, meshed(14, D, B_EXTENDED))
    assert engine.overhead(D, B_EXTENDED) - engine.overhead(D) == 6


def test_the_sequence_number_wraps() -> None:
    engine, numbers = line(A), list[int]()
    for _ in range(300):
        forward = engine.originate(IPHC, ALL)
        assert forward is not None
        numbers.append(forward.payload[6])
    assert numbers == [(numbers[0] + count) % 256 for count in range(300)]


@pytest.mark.parametrize("hops", [14, 19])
@pytest.mark.parametrize("destination", [C, ALL, bytes(7) + b"\x03"])
def test_overhead_is_what_originating_adds(destination: bytes, hops: int) -> None:
    engine = MeshUnder([A], lambda _: B, Random(1), hops_left=hops)
    forward = engine.originate(IPHC, destination)
    assert forward is not None
    assert len(forward.payload) - len(IPHC) == engine.overhead(destination)


def test_a_payload_crosses_the_line() -> None:
    nodes = {name: line(name) for name in (A, B, C, D)}
    forward, hops, delivered = nodes[A].originate(IPHC, D), 0, list[Deliver]()
    at = A
    while forward is not None:
        (action,) = nodes[forward.next_hop].receive_payload(
            forward.payload, at, forward.next_hop, now=hops
        )
        at, hops = forward.next_hop, hops + 1
        forward = action if isinstance(action, Forward) else None
        if isinstance(action, Deliver):
            delivered.append(action)
    assert (hops, delivered) == (3, [Deliver(IPHC, A, D)])


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=30), st.randoms())
def test_a_flood_reaches_everybody_in_reach_once_and_ends(
    links: list[tuple[int, int]], random: Random
) -> None:
    names = [bytes([0, number]) for number in range(9)]
    nodes = {name: MeshUnder([name], lambda _: None, Random(0)) for name in names}
    near: dict[bytes, set[bytes]] = {name: set() for name in names}
    for one, other in links:
        near[names[one]].add(names[other])
        near[names[other]].add(names[one])
    first = nodes[names[0]].originate(IPHC, ALL)
    assert first is not None
    air = [(names[0], name, first.payload) for name in near[names[0]] - {names[0]}]
    taken: list[bytes] = []
    transmissions = 1
    while air:
        source, name, payload = air.pop(random.randrange(len(air)))
        for action in nodes[name].receive_payload(payload, source, ALL, now=0):
            if isinstance(action, Deliver):
                taken.append(name)
            elif isinstance(action, Forward):
                transmissions += 1
                air += [(name, other, action.payload) for other in near[name] - {name}]
    reach, edge = set[bytes](), {names[0]}
    while edge:
        reach |= edge
        edge = {other for name in edge for other in near[name]} - reach
    assert sorted(taken) == sorted(reach - {names[0]})
    assert transmissions <= len(names)


# -- hostile


@given(
    st.binary(max_size=40)
    | st.binary(max_size=30).map(lambda octets: b"\xb3" + octets)
    | st.binary(max_size=20).map(lambda octets: flooded(3, 7)[:5] + octets),
    st.sampled_from([A, b"", B_EXTENDED]),
)
def test_attack_12_any_octets_from_anybody_are_taken_or_dropped(
    octets: bytes, source: bytes
) -> None:
    actions = line(B).receive_payload(octets, source, B, now=0)
    assert actions
    for action in actions:
        assert isinstance(action, MeshAction)
        if isinstance(action, Forward):
            assert len(action.payload) <= len(octets)


@pytest.mark.parametrize("payload", [meshed(5), flooded(5, 1), meshed(5, B), flooded(5, 1)[:7]])
def test_attack_8_every_cut_of_the_headers_is_dropped(payload: bytes) -> None:
    for size in range(1, len(payload) - len(IPHC) + 1):
        (dropped,) = line(B).receive_payload(payload[:size], A, B, now=0)
        assert isinstance(dropped, Dropped)
        assert dropped.drop is Drop.MALFORMED


@pytest.mark.parametrize(
    "payload",
    [
        meshed(5, B, body=meshed(5)),
        meshed(5, ALL, body=b"\x50\x01" + meshed(5)),
        meshed(5, ALL, body=b"\x50\x01\x50\x01" + IPHC),
        flooded(5, 1, ALL, ALL),
    ],
)
def test_headers_out_of_order_and_forged_broadcasters_are_dropped(payload: bytes) -> None:
    (dropped,) = line(B).receive_payload(payload, A, B, now=0)
    assert isinstance(dropped, Dropped)
    assert dropped.drop is Drop.MALFORMED


def test_attack_1_forged_originators_are_bounded() -> None:
    engine = line(B)
    duplicates = Duplicates()
    for number in range(100_000):
        forged = number.to_bytes(8, "big")
        engine.receive_payload(flooded(5, 1, ALL, forged), forged, ALL, now=number)
        duplicates.is_new((forged, C, IPHC), forged, 5, now=0)
    assert len(duplicates) == MOST_PAYLOADS
    assert engine.counts["Forward"] == 100_000


def test_a_flood_of_one_neighbour_leaves_what_another_brought() -> None:
    duplicates = Duplicates()
    assert duplicates.is_new((A, C, IPHC), A, 5, now=0)
    for number in range(1000):
        assert duplicates.is_new((number.to_bytes(8, "big"), C, IPHC), D, 5, now=0)
    assert not duplicates.is_new((A, C, IPHC), D, 4, now=0)
