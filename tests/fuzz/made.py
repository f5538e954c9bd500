"""Frames that no capture of ours has: rare headers, neighbour discovery, MAC commands, IEs."""

from struct import pack

from lowpan.wire.icmpv6 import ICMPV6, Icmpv6, Icmpv6Body, Icmpv6Type
from lowpan.wire.nd_options import (
    AddressRegistration,
    AddressRegistrationControl,
    AuthoritativeBorderRouter,
    LinkLayerAddress,
    Mtu,
    NdOption,
    NdOptionType,
    PrefixInformation,
    PrefixInformationControl,
    RecursiveDnsServer,
    RedirectedHeader,
    RouteInformation,
    RouteInformationControl,
    SixLowpanCapabilities,
    SixLowpanCapabilityIndication,
    SixLowpanContext,
    SixLowpanContextControl,
)
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    Redirect,
    RouterAdvertisement,
    RouterAdvertisementControl,
)

PREFIX = bytes.fromhex("20010db800010000")
HOST, ROUTER = bytes.fromhex("0200000000000001"), bytes.fromhex("0200000000000002")
_ADDRESS = PREFIX + ROUTER
_DATAGRAM = bytes.fromhex("6000000000083a40") + _ADDRESS * 2 + bytes.fromhex("8000000000010001")

OPTIONS = (
    NdOption(NdOptionType.SOURCE_LINK_LAYER_ADDRESS, LinkLayerAddress(ROUTER)),
    NdOption(NdOptionType.SOURCE_LINK_LAYER_ADDRESS, LinkLayerAddress(b"\x00\x02")),
    NdOption(
        NdOptionType.PREFIX_INFORMATION,
        PrefixInformation(
            64, PrefixInformationControl(l=False, a=True, r=False), 1800, 900, PREFIX + bytes(8)
        ),
    ),
    NdOption(
        NdOptionType.SIX_LOWPAN_CONTEXT,
        SixLowpanContext(64, SixLowpanContextControl(c=True, cid=3), 3600, PREFIX),
    ),
    NdOption(NdOptionType.AUTHORITATIVE_BORDER_ROUTER, AuthoritativeBorderRouter(1, 60, _ADDRESS)),
    NdOption(NdOptionType.MTU, Mtu(1280)),
    NdOption(
        NdOptionType.ROUTE_INFORMATION,
        RouteInformation(64, RouteInformationControl(prf=-1), 1800, PREFIX),
    ),
    NdOption(NdOptionType.RECURSIVE_DNS_SERVER, RecursiveDnsServer(600, (_ADDRESS, _ADDRESS))),
    NdOption(
        NdOptionType.SIX_LOWPAN_CAPABILITY_INDICATION,
        SixLowpanCapabilityIndication(
            SixLowpanCapabilities(d=True, l=True, b=True, p=False, e=True, g=False)
        ),
    ),
)
_REGISTRATION = NdOption(
    NdOptionType.ADDRESS_REGISTRATION,
    AddressRegistration(0, 0, AddressRegistrationControl(0, r=True, t=True), 7, 3600, HOST),
)
_MESSAGES: dict[Icmpv6Type, Icmpv6Body] = {
    Icmpv6Type.ROUTER_ADVERTISEMENT: RouterAdvertisement(
        64, RouterAdvertisementControl(m=False, o=True), 1800, 0, 0, OPTIONS
    ),
    Icmpv6Type.NEIGHBOUR_ADVERTISEMENT: NeighbourAdvertisement(
        NeighbourAdvertisementControl(r=True, s=True, o=True),
        _ADDRESS,
        (_REGISTRATION, NdOption(NdOptionType.TARGET_LINK_LAYER_ADDRESS, LinkLayerAddress(HOST))),
    ),
    Icmpv6Type.REDIRECT: Redirect(
        _ADDRESS,
        PREFIX + HOST,
        (NdOption(NdOptionType.REDIRECTED_HEADER, RedirectedHeader(_DATAGRAM)),),
    ),
    Icmpv6Type.DUPLICATE_ADDRESS_REQUEST: DuplicateAddress(0, 0, 3600, HOST, _ADDRESS),
}

_PAYLOADS = (  # of a data frame from HOST to ROUTER
    "7c33 40 e1 04 01020000 f0 1633 1634 0000 aabb",  # NHC: hop-by-hop, UDP
    "7c33 40 e3 04 00000000 e6 3b 06 010400000000",  # NHC: routing, destination options, no next
    "7c33 40 ee 7a33 3a 8000000000010001",  # NHC: IPv6 in IPv6, ICMPv6 in it
    "7c77 40 ee 7af7 51 3a 8000000000010001",  # the same, with contexts
    "7ad5 51 3a 0001020304050607 08090a0b0c0d0e0f 8100000000010001",
    "7b3b 3a 01 8300000000000000",  # multicast, 8 bits
    "6b3c 0a1234 3a 010203040506 8300000000000000",  # multicast of a prefix
    "60f7 51 12345678 3a 40 8000000000000000",  # all in line but addresses
    "b4 0001 0002 50 2a 7b33 3a 8000000000010001",  # mesh, broadcast, IPHC
    "8f 28 0200000000000001 0200000000000003 41 60000000 0000 3b40" + "fe80" * 16,
    "50 2a c028 0007 41 6000000000003b40" + "20010db8000000000000000000000001" * 2,
    "c060 0008 7b33 3a 8000000000010001" + "00" * 40,
    "e060 0008 0b" + "00" * 8,
    "41 6000000000181140" + "fe80000000000000020000000000000a" * 2 + "1633163400180000" + "ab" * 16,
    "41 6000000000382b40"
    + "fe80000000000000020000000000000a" * 2
    + "2900030000000000 60000000 0008 3a40"
    + "fe80000000000000020000000000000b" * 2
    + "8000000000010001",
    "41 6000000000102c40" + "fe80" * 16 + "1100000100000001 0102030405060708",
    "e900 0001",  # recoverable fragment
    "f1 7a33 3a",  # paging dispatch
    "00 01",  # not 6LoWPAN
)

_FRAMES = (  # whole ones, without FCS
    "23cc07cefa0200000000000002cefa0100000000000002 02 3412 00",  # association response
    "03c808cefaffff0100000000000002 01 8e",  # association request
    "23cc09cefa0200000000000002cefa0100000000000002 08 cefa 0000 0f 3412 00",  # realignment
    "23c80acefa00000100000000000002 09 31",  # GTS request
    "0080 0b cefa 0100 ff4f 8b 0201 40 11 1200 13000000000000aa 030104",  # GTS, pending, beacon
    "00a2 0c cefa 0100 003f 0888 061a 010203040506 00f8 aabb",  # enhanced beacon, IEs
    "00e2 0d cefa 0100000000000002 003f 0790 1ba9b8 01020304 00f8",  # vendor's IE
    "41ea 0e cefa 0200 0100000000000002 040d f401e803 803f 7b33 3b",  # CSL, HT2
    "0922 0f 0d 01000000 01 803f aabbccdd",  # secured, without addresses
    "02a2 10 cefa0200 020f 0000 041a 00000000",  # enhanced acknowledgment
    "a5 12 0200 0100 aabb",  # multipurpose, short
    "0e aabb",  # Fragment
    "07 aabb",  # Extended
    "0988 13 cefa02000100 01000000 00 aabbccddeeff0011",  # secured as in 2003
)


def made_frames() -> list[bytes]:
    """Return PSDUs, without FCS."""
    header = pack("<HBH", 0xCC41, 1, 0xFACE) + ROUTER[::-1] + HOST[::-1]
    icmpv6 = [
        bytes.fromhex("7b333a") + ICMPV6.encode(Icmpv6(kind, 0, 0, body))
        for kind, body in _MESSAGES.items()
    ]
    payloads = [*map(bytes.fromhex, _PAYLOADS), *icmpv6]
    return [*map(bytes.fromhex, _FRAMES), *(header + payload for payload in payloads)]
