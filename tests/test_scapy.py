"""Scapy crafts what we decode, and checks what we make: IPv6, UDP, ICMPv6."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrHopByHop,
    PadN,
    RouterAlert,
)
from scapy.packet import Packet, Raw

from lowpan import Datagram, FieldOutOfRange
from lowpan.scapy import from_scapy, to_scapy
from lowpan.wire.addresses import Context, format_ipv6, iid_of
from lowpan.wire.icmpv6 import Echo, Unanswerable
from lowpan.wire.nd_options import (
    LinkLayerAddress,
    Mtu,
    NdOption,
    NdOptionType,
    PrefixInformation,
    RecursiveDnsServer,
)
from lowpan.wire.neighbour_discovery import (
    NeighbourAdvertisement,
    NeighbourSolicitation,
    RouterAdvertisement,
    RouterSolicitation,
)
from tests.capture.network import (
    ALICE,
    BOB,
    EVERYBODY,
    LINUX,
    OPENTHREAD,
    PAN,
    PREFIX,
    A,
    B,
    air,
    followed,
    frame,
    local,
)

CONTEXTS = {1: Context(PREFIX, 64)}
AT_ALICE, AT_BOB = format_ipv6(local(ALICE)), format_ipv6(local(BOB))
GLOBAL_A, GLOBAL_B = (format_ipv6(PREFIX + iid_of(address)) for address in (A, B))


def link() -> Packet:
    return IPv6(src=AT_ALICE, dst=AT_BOB, hlim=255)


def received(payload: bytes, source: bytes = ALICE, destination: bytes = BOB) -> Datagram:
    """Return the datagram that our side finds in a frame with `payload`."""
    network = air()
    contexts = network.follower._ip.contexts(PAN)  # pyright: ignore[reportPrivateUsage]
    contexts.update(CONTEXTS)
    decoded = network.hear(frame(source, destination, payload))
    assert decoded.faults == ()
    assert decoded.datagram is not None
    return decoded.datagram


def carried(packet: Packet) -> Datagram:
    """Send a packet of scapy's through our compression and back."""
    payload = from_scapy(packet, source=ALICE, destination=BOB, contexts=CONTEXTS)
    datagram = received(payload)
    assert datagram.encode() == bytes(packet)
    assert bytes(to_scapy(datagram)) == bytes(packet)
    return datagram


def checked(packet: Packet) -> Packet:
    """Return the packet with the lengths and checksums that scapy computes."""
    for layer in packet.iterpayloads():
        for name in ("plen", "len", "chksum", "cksum"):
            if name in layer.fields:
                del layer.fields[name]
    return IPv6(bytes(packet))


def test_ipv6_header_is_read_alike() -> None:
    packet = IPv6(src=GLOBAL_A, dst=GLOBAL_B, hlim=64, tc=0xB8, fl=0x12345, nh=59)
    datagram = carried(packet)
    assert format_ipv6(datagram.source) == packet.src
    assert format_ipv6(datagram.destination) == packet.dst
    assert (datagram.hop_limit, datagram.traffic_class, datagram.flow_label) == (64, 0xB8, 0x12345)
    assert (datagram.next_header, datagram.payload_length) == (59, 0)


@pytest.mark.parametrize("ports", [(5683, 5683), (0xF0B1, 0xF0B2), (0xF012, 80), (80, 0xF012)])
def test_udp_is_read_alike(ports: tuple[int, int]) -> None:
    datagram = carried(link() / UDP(sport=ports[0], dport=ports[1]) / Raw(b"payload"))
    assert datagram.udp is not None
    assert (datagram.udp.source_port, datagram.udp.destination_port) == ports
    assert (datagram.payload, datagram.checksum_good) == (b"payload", True)


def test_udp_with_a_wrong_checksum_is_told() -> None:
    datagram = carried(link() / UDP(sport=1, dport=2, chksum=0x1234) / Raw(b"payload"))
    assert datagram.checksum_good is False


@pytest.mark.parametrize("kind", [ICMPv6EchoRequest, ICMPv6EchoReply])
def test_echo_is_read_alike(kind: type[Packet]) -> None:
    datagram = carried(link() / kind(id=7, seq=9, data=b"ping"))
    assert datagram.icmpv6 is not None
    assert datagram.icmpv6.body == Echo(7, 9, b"ping")
    assert datagram.checksum_good


def test_error_quotes_the_datagram() -> None:
    cause = link() / UDP(sport=1, dport=2) / Raw(b"x")
    datagram = carried(link() / ICMPv6DestUnreach(code=4) / cause)
    assert datagram.icmpv6 is not None
    assert datagram.icmpv6.code == 4
    assert datagram.icmpv6.body == Unanswerable(bytes(cause))


MAC = "02:00:00:00:00:01"


def test_neighbour_solicitation_and_advertisement_are_read_alike() -> None:
    asked = carried(link() / ICMPv6ND_NS(tgt=AT_BOB) / ICMPv6NDOptSrcLLAddr(lladdr=MAC))
    assert asked.icmpv6 is not None
    assert isinstance(asked.icmpv6.body, NeighbourSolicitation)
    assert asked.icmpv6.body.target_address == local(BOB)
    (option,) = asked.icmpv6.body.options
    assert option.type == NdOptionType.SOURCE_LINK_LAYER_ADDRESS
    assert isinstance(option.value, LinkLayerAddress | bytes)  # 6 octets: Ethernet's
    answer = link() / ICMPv6ND_NA(tgt=AT_BOB, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=MAC)
    told = carried(answer).icmpv6
    assert told is not None
    assert isinstance(told.body, NeighbourAdvertisement)
    assert (told.body.control.r, told.body.control.s, told.body.control.o) == (False, True, True)


def test_router_solicitation_is_read_alike() -> None:
    told = carried(link() / ICMPv6ND_RS()).icmpv6
    assert told is not None
    assert told.body == RouterSolicitation()


def test_router_advertisement_with_options_is_read_alike() -> None:
    packet = (
        link()
        / ICMPv6ND_RA(chlim=64, M=0, O=1, routerlifetime=1800, reachabletime=5, retranstimer=6)
        / ICMPv6NDOptPrefixInfo(
            prefix="2001:db8:1::",
            prefixlen=64,
            L=0,
            A=1,
            validlifetime=7200,
            preferredlifetime=3600,
        )
        / ICMPv6NDOptMTU(mtu=1280)
        / ICMPv6NDOptRDNSS(dns=["2001:db8::53"], lifetime=600)
    )
    told = carried(packet).icmpv6
    assert told is not None
    body = told.body
    assert isinstance(body, RouterAdvertisement)
    assert (body.cur_hop_limit, body.router_lifetime) == (64, 1800)
    assert (body.reachable_time, body.retrans_timer) == (5, 6)
    assert (body.control.m, body.control.o) == (False, True)
    prefix, mtu, dns = body.options
    assert isinstance(prefix.value, PrefixInformation)
    assert format_ipv6(prefix.value.prefix) == "2001:db8:1::"
    assert (prefix.value.control.l, prefix.value.control.a) == (False, True)
    assert mtu == NdOption(NdOptionType.MTU, Mtu(1280))
    assert isinstance(dns.value, RecursiveDnsServer)
    assert [format_ipv6(address) for address in dns.value.addresses] == ["2001:db8::53"]


@pytest.mark.parametrize("kind", [IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt])
def test_extension_headers_are_read_alike(kind: Any) -> None:
    packet = link() / kind(options=[RouterAlert(value=0)]) / ICMPv6EchoRequest(id=1, seq=2)
    datagram = carried(packet)
    ((number, header),) = datagram.extension_headers
    assert number == packet.nh
    assert bytes(packet[kind])[2:8] == header.octets  # type: ignore[union-attr]
    assert datagram.checksum_good
    padded = link() / kind(options=[RouterAlert(), PadN(optdata=b"\0" * 9)]) / UDP() / Raw(b"abc")
    assert carried(padded).checksum_good


def test_tunnel_is_read_alike() -> None:
    inner = IPv6(src=GLOBAL_A, dst=GLOBAL_B) / UDP(sport=1, dport=2) / Raw(b"inside")
    datagram = carried(link() / inner)
    assert datagram.inner is not None
    assert datagram.inner.payload == b"inside"
    assert datagram.inner.checksum_good


@given(st.binary(max_size=100), st.integers(0, 255), st.integers(0, 0xFFFFF), st.integers(0, 255))
def test_any_udp_datagram_goes_there_and_back(octets: bytes, tc: int, fl: int, hlim: int) -> None:
    packet = IPv6(src=GLOBAL_A, dst=AT_BOB, tc=tc, fl=fl, hlim=hlim) / UDP() / Raw(octets)
    assert carried(packet).payload == octets


@pytest.mark.parametrize("name", [*LINUX, *OPENTHREAD])
def test_scapy_computes_the_same_checksums_for_captured_datagrams(name: str) -> None:
    seen = 0
    for decoded in followed(name, 3000):
        datagram = decoded.datagram
        if datagram is None or datagram.checksum_good is None or seen > 60:
            continue
        packet = to_scapy(datagram)
        assert packet.src == format_ipv6(datagram.source)
        assert packet.hlim == datagram.hop_limit
        assert bytes(packet) == datagram.encode()
        assert bytes(checked(packet)) == datagram.encode()
        seen += 1
    assert seen > 0 or name.startswith(("nl802154", "ix-"))


def test_addresses_that_the_frame_tells_are_elided() -> None:
    packet = link() / ICMPv6EchoRequest(id=1, seq=1)
    elided = from_scapy(packet, source=ALICE, destination=BOB)
    in_line = from_scapy(packet)
    assert len(in_line) == len(elided) + 16
    known = from_scapy(IPv6(src=GLOBAL_A, dst=GLOBAL_B), source=A, destination=B, contexts=CONTEXTS)
    assert received(known, A, B).source == PREFIX + iid_of(A)


def test_multicast_is_sent_to_everybody() -> None:
    packet = IPv6(src=AT_ALICE, dst="ff02::1", hlim=255) / ICMPv6ND_RS()
    payload = from_scapy(packet, source=ALICE)
    assert received(payload, ALICE, EVERYBODY).checksum_good


def test_what_is_no_ipv6_packet_is_refused() -> None:
    with pytest.raises(FieldOutOfRange, match="Raw is no IPv6 packet"):
        from_scapy(Raw(b"\x45" + bytes(50)))
    with pytest.raises(FieldOutOfRange, match="payload length"):
        from_scapy(IPv6(src=AT_ALICE, dst=AT_BOB, plen=99) / Raw(b"x"))
    with pytest.raises(FieldOutOfRange, match="link-layer address of 3 octets"):
        from_scapy(link(), source=b"abc")
