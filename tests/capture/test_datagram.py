"""Datagrams as the capture side shows them: headers, checksums, what is cut, what goes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.compress import compress_headers
from lowpan.capture.datagram import DEEPEST_TUNNEL, datagram_of_headers, datagram_of_octets
from lowpan.errors import MalformedFrame
from lowpan.wire.addresses import Surroundings
from lowpan.wire.icmpv6 import Echo
from lowpan.wire.ipv6 import (
    DESTINATION_OPTIONS,
    FRAGMENT,
    HOP_BY_HOP_OPTIONS,
    ICMPV6,
    IPV6,
    NO_NEXT_HEADER,
    ROUTING,
    TCP,
    UDP,
    ExtensionHeader,
    Ipv6FragmentHeader,
)
from lowpan.wire.nhc import UdpNhc
from tests.capture.network import (
    LINUX,
    OPENTHREAD,
    A,
    B,
    air,
    echo,
    followed,
    frame,
    ipv6,
    local,
    lowpan,
    udp,
)

ALICE, BOB = local(A), local(B)
PING = echo(ALICE, BOB)
COAP = udp(ALICE, BOB, b"coap")


def behind(*extensions: tuple[int, bytes], of: bytes) -> bytes:
    """Return the datagram `of` with extension headers between its header and the rest."""
    kinds = [kind for kind, _ in extensions] + [of[6]]
    octets = b"".join(
        bytes((following,)) + rest
        for (_, rest), following in zip(extensions, kinds[1:], strict=True)
    )
    length = (len(of) - 40 + len(octets)).to_bytes(2, "big")
    return of[:4] + length + bytes((kinds[0],)) + of[7:40] + octets + of[40:]


def test_headers_and_payload() -> None:
    datagram = datagram_of_octets(COAP)
    assert (datagram.source, datagram.destination) == (ALICE, BOB)
    assert (datagram.next_header, datagram.upper_protocol, datagram.hop_limit) == (17, 17, 255)
    assert datagram.udp is not None
    assert (datagram.udp.source_port, datagram.udp.length, datagram.payload) == (5683, 12, b"coap")
    ping = datagram_of_octets(PING)
    assert ping.icmpv6 is not None
    assert ping.icmpv6.body == Echo(1, 1, b"data")
    assert ping.payload == ping.upper_octets() == PING[40:]


@pytest.mark.parametrize("octets", [PING, COAP])
def test_checksum_is_verified(octets: bytes) -> None:
    assert datagram_of_octets(octets).checksum_good is True
    for at in (8, 24, 41, len(octets) - 1):
        wrong = octets[:at] + bytes((octets[at] ^ 1,)) + octets[at + 1 :]
        assert datagram_of_octets(wrong).checksum_good is False


def test_udp_without_a_checksum_is_wrong_in_ipv6() -> None:
    assert datagram_of_octets(COAP[:46] + b"\0\0" + COAP[48:]).checksum_good is False


def test_checksum_of_tcp_is_verified() -> None:
    good = [
        decoded.datagram.checksum_good
        for decoded in followed("ext-9-tcp")
        if decoded.datagram is not None and decoded.datagram.upper_protocol == TCP
    ]
    assert good == [True] * len(good)
    assert len(good) > 5


def test_nothing_to_check_is_neither_good_nor_bad() -> None:
    assert datagram_of_octets(ipv6(ALICE, BOB, b"", NO_NEXT_HEADER)).checksum_good is None
    assert datagram_of_octets(ipv6(ALICE, BOB, b"\0" * 8, 253)).checksum_good is None


OPTIONS = b"\x00" + bytes.fromhex("010400000000")


@pytest.mark.parametrize("kind", [HOP_BY_HOP_OPTIONS, DESTINATION_OPTIONS])
def test_extension_headers_are_listed_and_the_rest_is_behind_them(kind: int) -> None:
    octets = behind((kind, OPTIONS), of=PING)
    datagram = datagram_of_octets(octets)
    assert datagram.next_header == kind
    assert datagram.upper_protocol == ICMPV6
    assert datagram.extension_headers == ((kind, ExtensionHeader(ICMPV6, OPTIONS[1:])),)
    assert datagram.checksum_good is True
    assert datagram.encode() == octets


@pytest.mark.parametrize(("segments_left", "good"), [(0, True), (1, None)])
def test_checksum_is_for_the_final_destination(segments_left: int, good: bool | None) -> None:
    routing = bytes((0, 3, segments_left, 0, 0, 0, 0))
    datagram = datagram_of_octets(behind((ROUTING, routing), of=PING))
    assert datagram.checksum_good is good


def fragment(offset: int, *, more: bool) -> bytes:
    return b"\0" + (offset | more).to_bytes(2, "big") + b"\0\0\0\x07"


def test_piece_of_a_larger_datagram_has_no_checksum_of_its_own() -> None:
    first = datagram_of_octets(behind((FRAGMENT, fragment(0, more=True)), of=COAP))
    assert (first.upper_protocol, first.checksum_good) == (UDP, None)
    second = datagram_of_octets(behind((FRAGMENT, fragment(8, more=False)), of=COAP))
    assert (second.upper_protocol, second.udp, second.checksum_good) == (FRAGMENT, None, None)
    assert second.extension_headers == (
        (FRAGMENT, Ipv6FragmentHeader(UDP, 8, more_fragments=False, identification=7)),
    )
    whole = datagram_of_octets(behind((FRAGMENT, fragment(0, more=False)), of=COAP))
    assert whole.checksum_good is True


def test_udp_of_a_first_piece_may_be_longer_than_the_piece() -> None:
    cut = COAP[:4] + b"\0\x0a" + COAP[6:50]
    datagram = datagram_of_octets(behind((FRAGMENT, fragment(0, more=True)), of=cut))
    assert datagram.udp is not None
    assert (datagram.udp.length, datagram.payload) == (12, b"co")


def test_tunnels_are_followed_to_a_depth() -> None:
    octets = PING
    for _ in range(DEEPEST_TUNNEL + 2):
        octets = ipv6(ALICE, BOB, octets, IPV6)
    datagram = datagram_of_octets(octets)
    for _ in range(DEEPEST_TUNNEL):
        assert datagram.inner is not None
        datagram = datagram.inner
    assert datagram.inner is None
    assert datagram.upper_protocol == IPV6
    two = datagram_of_octets(ipv6(ALICE, BOB, PING, IPV6))
    assert two.inner is not None
    assert two.inner.checksum_good is True


CUT = [
    (PING[:39], "Ipv6Header"),
    (PING[:-1], "Ipv6Header.payload_length at octet 4: 12 octets, and 11 are there"),
    (COAP[:4] + b"\0\4" + COAP[6:44], "UdpHeader"),
    (COAP[:44] + b"\0\7" + COAP[46:], "UdpHeader.length at octet 4: 7 octets, and 12 are there"),
    (COAP[:44] + b"\0\x0d" + COAP[46:], "UdpHeader.length at octet 4: 13 octets, and 12 are"),
    (PING[:4] + b"\0\0" + PING[6:40], "Icmpv6"),
    (behind((HOP_BY_HOP_OPTIONS, b"\x01" + bytes(6)), of=PING)[:52], "Ipv6Header.payload_length"),
    (ipv6(ALICE, BOB, b"\x3a\x09" + bytes(6), HOP_BY_HOP_OPTIONS), "ExtensionHeader"),
    (ipv6(ALICE, BOB, b"\x3a\x00\x00", FRAGMENT), "Ipv6FragmentHeader"),
    (ipv6(ALICE, BOB, b"\x45" + bytes(39), IPV6), "version is not 6"),
]


@pytest.mark.parametrize(("octets", "where"), CUT)
def test_what_is_cut_short_is_malformed_and_says_where(octets: bytes, where: str) -> None:
    with pytest.raises(MalformedFrame) as malformed:
        datagram_of_octets(octets)
    assert where in str(malformed.value)


@pytest.mark.parametrize("octets", [PING, COAP])
def test_every_prefix_is_malformed(octets: bytes) -> None:
    for end in range(len(octets)):
        with pytest.raises(MalformedFrame):
            datagram_of_octets(octets[:end])


@given(st.binary(max_size=120))
def test_any_octets_are_a_datagram_or_malformed(octets: bytes) -> None:
    header = b"\x60\0\0\0" + len(octets).to_bytes(2, "big") + octets[:1] + b"\x40" + bytes(32)
    try:
        datagram = datagram_of_octets(header.ljust(40, b"\0") + octets)
    except MalformedFrame:
        return
    assert datagram.checksum_good in (True, False, None)
    assert len(datagram.encode()) <= 40 + len(octets)


def test_octets_behind_the_datagram_are_left_out() -> None:
    assert datagram_of_octets(PING + b"\0\0").encode() == PING


def test_elided_checksum_is_computed() -> None:
    iids = Surroundings(ALICE[8:], BOB[8:])
    headers, used = compress_headers(COAP, iids, elide_udp_checksum=True)
    (header,) = headers.next_headers
    assert isinstance(header, UdpNhc)
    assert header.checksum is None
    datagram = datagram_of_headers(headers.iphc, header, COAP[used:])
    assert datagram.checksum_good is True
    assert datagram.encode() == COAP


@pytest.mark.parametrize("name", [*LINUX, *OPENTHREAD])
def test_captured_datagrams_go_back_to_octets_and_come_again(name: str) -> None:
    for decoded in followed(name):
        if decoded.datagram is not None:
            octets = decoded.datagram.encode()
            assert len(octets) == 40 + decoded.datagram.payload_length
            again = datagram_of_octets(octets)
            again.unknown_contexts = decoded.datagram.unknown_contexts
            assert again == decoded.datagram


@pytest.mark.parametrize("octets", [PING, COAP, behind((HOP_BY_HOP_OPTIONS, OPTIONS), of=COAP)])
def test_compressed_and_uncompressed_frames_show_the_same(octets: bytes) -> None:
    plain = air().hear(frame(A, B, b"\x41" + octets)).datagram
    short = air().hear(frame(A, B, lowpan(octets, A, B))).datagram
    assert plain == short
    assert plain is not None
    assert plain.encode() == octets
