"""IPv6 of a node, checked against datagrams that scapy makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ParamProblem,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrRouting,
)
from scapy.packet import Packet

from lowpan.adaptation.layer import Ends
from lowpan.errors import FieldOutOfRange
from lowpan.node.addresses import OwnAddress, OwnAddresses, link_local_of
from lowpan.node.ipv6 import Ipv6, Ipv6Action, SendDatagram
from lowpan.node.service import (
    DatagramDiscarded,
    DatagramForHost,
    Discard,
    EchoReplied,
    Endpoint,
    UdpReceived,
)
from lowpan.wire.addresses import parse_ipv6
from lowpan.wire.icmpv6 import Echo

OURS = link_local_of(b"\x02" + bytes(6) + b"\x01")
THEIRS = "fe80::2"
ENDS = Ends(b"\0\2", b"\0\1")


def node(*, for_host: bool = False) -> Ipv6:
    own = OwnAddresses()
    own.add(OwnAddress(OURS, 64, b"\x02" + bytes(6) + b"\x01"))
    return Ipv6(own, for_host=for_host)


def to_us(upper: object, *, source: str = THEIRS, destination: str = "fe80::1") -> bytes:
    return bytes(IPv6(src=source, dst=destination) / upper)


def sent(actions: list[Ipv6Action]) -> list[Packet]:
    return [IPv6(action.datagram) for action in actions if isinstance(action, SendDatagram)]


def discards(actions: list[Ipv6Action]) -> list[Discard]:
    return [action.discard for action in actions if isinstance(action, DatagramDiscarded)]


def test_an_echo_request_is_answered_from_the_address_asked() -> None:
    datagram = to_us(ICMPv6EchoRequest(id=7, seq=9, data=b"abc"))
    (reply,) = sent(node().receive_datagram(datagram, ENDS, now=0))
    assert (reply.src, reply.dst, reply.hlim) == ("fe80::1", THEIRS, 64)
    answer = reply[ICMPv6EchoReply]
    assert (answer.id, answer.seq, answer.data) == (7, 9, b"abc")
    assert bytes(reply) == bytes(reply.__class__(bytes(reply)))
    check = answer.cksum
    del answer.cksum
    assert IPv6(bytes(reply))[ICMPv6EchoReply].cksum == check


def test_an_echo_request_to_all_nodes_is_answered_too() -> None:
    datagram = to_us(ICMPv6EchoRequest(), destination="ff02::1")
    (reply,) = sent(node().receive_datagram(datagram, ENDS, now=0))
    assert reply.src == "fe80::1"


def test_our_echo_requests_are_right_and_their_replies_are_told() -> None:
    machine = node()
    (request,) = sent(machine.send_echo_request(Echo(1, 2, b"x"), parse_ipv6(THEIRS)))
    assert request[ICMPv6EchoRequest].id == 1
    reply = to_us(ICMPv6EchoReply(id=1, seq=2, data=b"x"))
    (told,) = machine.receive_datagram(reply, ENDS, now=0)
    assert isinstance(told, EchoReplied)
    assert (told.identifier, told.sequence_number, told.data) == (1, 2, b"x")


def test_udp_goes_to_the_port_that_is_open() -> None:
    machine = node()
    local = machine.open_port(Endpoint(b"", 5683))
    (told,) = machine.receive_datagram(to_us(UDP(sport=1, dport=5683) / b"hi"), ENDS, now=0)
    assert isinstance(told, UdpReceived)
    assert (told.payload, told.remote) == (b"hi", Endpoint(parse_ipv6(THEIRS), 1))
    (answer,) = sent(machine.send_udp(b"yo", local, told.remote))
    assert (answer[UDP].sport, answer[UDP].dport, bytes(answer[UDP].payload)) == (5683, 1, b"yo")
    machine.close_port(local)
    closed = machine.receive_datagram(to_us(UDP(sport=1, dport=5683) / b"hi"), ENDS, now=0)
    assert discards(closed) == [Discard.NO_PORT]


def test_a_closed_port_is_unreachable_and_says_so_ten_times_at_once() -> None:
    machine = node()
    datagram = to_us(UDP(sport=1, dport=9) / b"x")
    answers = [sent(machine.receive_datagram(datagram, ENDS, now=0)) for _ in range(50)]
    told = [answer[0] for answer in answers if answer]
    assert len(told) == 10
    assert (told[0][ICMPv6DestUnreach].code, bytes(told[0])[48:]) == (4, datagram)
    assert sent(machine.receive_datagram(datagram, ENDS, now=100_000)) != []


def test_nothing_is_said_about_what_went_to_a_group() -> None:
    datagram = to_us(UDP(sport=1, dport=9) / b"x", destination="ff02::1")
    actions = node().receive_datagram(datagram, ENDS, now=0)
    assert (sent(actions), discards(actions)) == ([], [Discard.NO_PORT])


def test_an_unknown_protocol_is_a_parameter_problem_at_its_number() -> None:
    datagram = bytes(IPv6(src=THEIRS, dst="fe80::1", nh=60) / IPv6ExtHdrDestOpt(nh=253) / b"x")
    (answer,) = sent(node().receive_datagram(datagram, ENDS, now=0))
    assert (answer[ICMPv6ParamProblem].code, answer[ICMPv6ParamProblem].ptr) == (1, 40)


@pytest.mark.parametrize("at", [6, 44])
def test_a_wrong_checksum_is_discarded(at: int) -> None:
    machine = node()
    machine.open_port(Endpoint(b"", 5683))
    datagram = bytearray(to_us(UDP(sport=1, dport=5683) / b"hi"))
    datagram[-1] ^= at
    assert discards(machine.receive_datagram(bytes(datagram), ENDS, now=0)) == [Discard.CHECKSUM]


def test_a_routing_header_under_way_is_not_followed() -> None:
    datagram = to_us(IPv6ExtHdrRouting(addresses=["fe80::9"], segleft=1) / UDP())
    assert discards(node().receive_datagram(datagram, ENDS, now=0)) == [Discard.MALFORMED]


@pytest.mark.parametrize("source", ["ff02::5", "::1"])
def test_nobody_can_have_sent_from_there(source: str) -> None:
    datagram = to_us(ICMPv6EchoRequest(), source=source)
    assert discards(node().receive_datagram(datagram, ENDS, now=0)) == [Discard.SPOOFED]


@pytest.mark.parametrize("source", ["::", "fe80::1"])
@pytest.mark.parametrize("for_host", [False, True])
def test_from_nobody_or_from_ourselves_is_no_question_over_the_link(
    source: str, *, for_host: bool
) -> None:
    machine = node(for_host=for_host)
    machine.open_port(Endpoint(b"", 7))
    for upper in (ICMPv6EchoRequest(), UDP(sport=7, dport=7) / b"x"):
        actions = machine.receive_datagram(to_us(upper, source=source), ENDS, now=0)
        assert (sent(actions), discards(actions)) == ([], [Discard.SPOOFED])


def test_what_we_send_to_ourselves_is_from_us() -> None:
    machine = node()
    machine.open_port(Endpoint(b"", 7))
    datagram = to_us(UDP(sport=7, dport=7) / b"x", source="fe80::1")
    (told,) = machine.receive_datagram(datagram, Ends(b"", b"", 7), now=0)
    assert isinstance(told, UdpReceived)


def test_what_is_for_others_is_left_alone() -> None:
    datagram = to_us(ICMPv6EchoRequest(), destination="fe80::3")
    assert discards(node().receive_datagram(datagram, ENDS, now=0)) == [Discard.NOT_FOR_US]


def test_a_host_behind_gets_everything_as_it_came() -> None:
    for upper in (ICMPv6EchoRequest(), UDP(dport=9) / b"x"):
        datagram = to_us(upper)
        actions = node(for_host=True).receive_datagram(datagram, ENDS, now=0)
        assert actions == [DatagramForHost(datagram)]


def test_ports_are_found_and_taken_once() -> None:
    machine = node()
    first, second = (machine.open_port(Endpoint(b"", 0)) for _ in range(2))
    assert first.port != second.port
    with pytest.raises(FieldOutOfRange):
        machine.open_port(first)


def test_more_than_a_datagram_carries_is_refused() -> None:
    machine, remote = node(), Endpoint(parse_ipv6(THEIRS), 1)
    (largest,) = sent(machine.send_udp(bytes(1232), Endpoint(b"", 5), remote))
    assert len(bytes(largest)) == 1280
    with pytest.raises(FieldOutOfRange):
        machine.send_udp(bytes(1233), Endpoint(b"", 5), remote)


@given(st.binary(max_size=80))
def test_any_octets_are_survived(octets: bytes) -> None:
    machine = node()
    machine.receive_datagram(octets, ENDS, now=0)
    header = bytes(IPv6(src=THEIRS, dst="fe80::1"))
    for protocol in (0, 17, 43, 58, 60):
        start = header[:6] + bytes((protocol,)) + header[7:]
        machine.receive_datagram(start + octets, ENDS, now=0)
