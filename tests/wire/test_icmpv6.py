"""ICMPv6 and neighbour discovery (RFC 4443, 4861, 6775, 8505)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire import nd_options as nd
from lowpan.wire.addresses import parse_ipv6
from lowpan.wire.icmpv6 import (
    ICMPV6,
    Echo,
    Icmpv6,
    Icmpv6Type,
    PacketTooBig,
    ParameterProblem,
    Unanswerable,
)
from lowpan.wire.nd_options import ND_OPTION, NdOption, NdOptionType
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    NeighbourSolicitation,
    Redirect,
    RouterAdvertisement,
    RouterAdvertisementControl,
    RouterSolicitation,
)
from tests.schema.agreement import check_agreement
from tests.wire.mac_samples import bent
from tests.wire.sixlowpan_samples import octets

TARGET, OTHER = parse_ipv6("fe80::21c:daff:fe00:3023"), parse_ipv6("2001:db8::1")
EUI64 = bytes.fromhex("001cdafffe002024")
FOREVER = 0xFFFFFFFF

MESSAGES = {
    # RFC 7400 appendix A, figures 11 to 14; options 31 to 33 there are those of a draft
    "8700a76800000000fe80000000000000021cdafffe003023 01013bd300000000"
    "1f02000000000006001cdafffe002024": Icmpv6(
        135,
        0,
        0xA768,
        NeighbourSolicitation(
            TARGET,
            (
                NdOption(1, nd.LinkLayerAddress(b"\x3b\xd3")),
                NdOption(31, bytes.fromhex("000000000006001cdafffe002024")),
            ),
        ),
    ),
    "8800266cc0000000fe80000000000000021cdafffe003023 0201face00000000": Icmpv6(
        136,
        0,
        0x266C,
        NeighbourAdvertisement(
            NeighbourAdvertisementControl(True, True, False),
            TARGET,
            (NdOption(2, nd.LinkLayerAddress(b"\xfa\xce")),),
        ),
    ),
    "85009065 00000000 0102acde480000000001000000000000": Icmpv6(
        133,
        0,
        0x9065,
        RouterSolicitation((NdOption(1, nd.LinkLayerAddress(bytes.fromhex("acde480000000001"))),)),
    ),
    "860055c9 40000fa0 1c5a3817 000007d0 01011122 00000000 03044040ffffffffffffffff00000000"
    "20020db8000000000000000000000000": Icmpv6(
        134,
        0,
        0x55C9,
        RouterAdvertisement(
            64,
            RouterAdvertisementControl(m=False, o=False),
            4000,
            0x1C5A3817,
            2000,
            (
                NdOption(1, nd.LinkLayerAddress(b"\x11\x22")),
                NdOption(
                    3,
                    nd.PrefixInformation(
                        64,
                        nd.PrefixInformationControl(l=False, a=True, r=False),
                        FOREVER,
                        FOREVER,
                        bytes.fromhex("20020db8000000000000000000000000"),
                    ),
                ),
            ),
        ),
    ),
    # by hand from the diagrams of RFC 4443, RFC 4861, RFC 6775 and RFC 8505
    "8000 1234 abcd 0001 6869": Icmpv6(128, 0, 0x1234, Echo(0xABCD, 1, b"hi")),
    "8100 1234 abcd ffff": Icmpv6(129, 0, 0x1234, Echo(0xABCD, 0xFFFF, b"")),
    "0104 1234 00000000 60": Icmpv6(1, 4, 0x1234, Unanswerable(b"\x60")),
    "0200 1234 00000500 60": Icmpv6(2, 0, 0x1234, PacketTooBig(1280, b"\x60")),
    "0301 1234 00000007 60": Icmpv6(3, 1, 0x1234, Unanswerable(b"\x60", 7)),
    "0402 1234 00000028 60": Icmpv6(4, 2, 0x1234, ParameterProblem(40, b"\x60")),
    "8900 1234 00000000" + TARGET.hex() + OTHER.hex() + "0401 000000000000": Icmpv6(
        137,
        0,
        0x1234,
        Redirect(TARGET, OTHER, (NdOption(4, nd.RedirectedHeader(b"")),)),
    ),
    "9d00 1234 00 00 0002" + EUI64.hex() + OTHER.hex(): Icmpv6(
        157, 0, 0x1234, DuplicateAddress(0, 0, 120, EUI64, OTHER)
    ),
    "9e02 1234 01 05 ffff" + 2 * EUI64.hex() + OTHER.hex(): Icmpv6(
        158, 2, 0x1234, DuplicateAddress(1, 5, 65535 * 60, 2 * EUI64, OTHER)
    ),
    "9b00 6bde 00000000": Icmpv6(155, 0, 0x6BDE, bytes(4)),
    "8000 1234 abcd": Icmpv6(128, 0, 0x1234, b"\xab\xcd"),
    "8500 1234 00000000 0100": Icmpv6(133, 0, 0x1234, bytes.fromhex("000000000100")),
    "9d00 1234 00 00 0002" + EUI64.hex()[2:] + OTHER.hex(): Icmpv6(
        157, 0, 0x1234, bytes.fromhex("00000002") + EUI64[1:] + OTHER
    ),
}


@pytest.mark.parametrize(("octets", "message"), MESSAGES.items())
def test_message(octets: str, message: Icmpv6) -> None:
    assert ICMPV6.decode(bytes.fromhex(octets)) == message
    assert ICMPV6.encode(message) == bytes.fromhex(octets)
    check_agreement(ICMPV6, bytes.fromhex(octets))


OPTIONS = {  # by hand from RFC 4861 §4.6, 4191 §2.3, 8106 §5.1, 6775 §4, 8505 §4, 7400 §3.4
    "0501 ffff 00000500": NdOption(5, nd.Mtu(1280, 0xFFFF)),
    "0402 000000000001 6000000000000000": NdOption(
        4, nd.RedirectedHeader(bytes.fromhex("6000000000000000"), b"\0\0\0\0\0\1")
    ),
    "1801 00 08 00000e10": NdOption(
        24, nd.RouteInformation(0, nd.RouteInformationControl(1), 3600, b"")
    ),
    "1802 40 18 ffffffff 20010db800000000": NdOption(
        24,
        nd.RouteInformation(
            64, nd.RouteInformationControl(-1), FOREVER, bytes.fromhex("20010db800000000")
        ),
    ),
    "1903 0000 00000e10" + OTHER.hex(): NdOption(25, nd.RecursiveDnsServer(3600, (OTHER,))),
    "1905 0000 00000e10" + OTHER.hex() + TARGET.hex(): NdOption(
        25, nd.RecursiveDnsServer(3600, (OTHER, TARGET))
    ),
    "2102 00 00 00 00 0006" + EUI64.hex(): NdOption(
        33,
        nd.AddressRegistration(
            0, 0, nd.AddressRegistrationControl(0, r=False, t=False), 0, 360, EUI64
        ),
    ),
    "2103 02 07 07 0a 0001" + 2 * EUI64.hex(): NdOption(
        33,
        nd.AddressRegistration(
            2, 7, nd.AddressRegistrationControl(1, r=True, t=True), 10, 60, 2 * EUI64
        ),
    ),
    "2202 40 13 0000 001e 20010db800000000": NdOption(
        34,
        nd.SixLowpanContext(
            64,
            nd.SixLowpanContextControl(c=True, cid=3),
            1800,
            bytes.fromhex("20010db800000000"),
        ),
    ),
    "2203 80 0f 0000 0000" + OTHER.hex(): NdOption(
        34, nd.SixLowpanContext(128, nd.SixLowpanContextControl(c=False, cid=15), 0, OTHER)
    ),
    "2303 0002 0001 000a" + OTHER.hex(): NdOption(
        35, nd.AuthoritativeBorderRouter(0x10002, 600, OTHER)
    ),
    "2401 0001 00000000": NdOption(
        36,
        nd.SixLowpanCapabilityIndication(
            nd.SixLowpanCapabilities(d=False, l=False, b=False, p=False, e=False, g=True)
        ),
    ),
    "2401 003e 00000000": NdOption(
        36,
        nd.SixLowpanCapabilityIndication(
            nd.SixLowpanCapabilities(d=True, l=True, b=True, p=True, e=True, g=False)
        ),
    ),
    # unknown kinds, and known ones with content that does not fit them
    "0e01 010203040506": NdOption(14, bytes(range(1, 7))),
    "0101 010203040506": NdOption(1, bytes(range(1, 7))),
    "0103" + 22 * "00": NdOption(1, bytes(22)),
    "0502 ffff 00000500" + 8 * "00": NdOption(5, bytes.fromhex("ffff00000500") + bytes(8)),
    "2101 00 00 00 00 0006": NdOption(33, bytes.fromhex("000000000006")),
    "2202 41 13 0000 001e 20010db800000000": NdOption(
        34, bytes.fromhex("41130000001e20010db800000000")
    ),
    "2203 81 13 0000 001e" + OTHER.hex(): NdOption(34, bytes.fromhex("81130000001e") + OTHER),
    "1902 0000 00000e10" + 8 * "aa": NdOption(25, bytes.fromhex("000000000e10") + 8 * b"\xaa"),
}


@pytest.mark.parametrize(("octets", "option"), OPTIONS.items())
def test_option(octets: str, option: NdOption) -> None:
    assert ND_OPTION.decode(bytes.fromhex(octets)) == option
    assert ND_OPTION.encode(option) == bytes.fromhex(octets)
    check_agreement(ND_OPTION, bytes.fromhex(octets))


@pytest.mark.parametrize("octets", ["", "01", "0100", "0101", "0102" + 6 * "00"])
def test_options_cut_short_or_of_no_length(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        ND_OPTION.decode_prefix(bytes.fromhex(octets))


def test_numbers_of_the_registries() -> None:
    assert Icmpv6Type.DUPLICATE_ADDRESS_REQUEST == 157
    assert NdOptionType.SIX_LOWPAN_CAPABILITY_INDICATION == 36
    assert nd.AddressRegistrationStatus.VALIDATION_FAILED == 10


SAMPLES = [
    *(bytes.fromhex(text) for text in MESSAGES),
    *(bytes.fromhex("8500906500000000" + text) for text in OPTIONS),
]


@given(st.binary(max_size=60) | bent(SAMPLES))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    message = check_agreement(ICMPV6, octets)
    if message is None:
        assert len(octets) < 4
    else:
        assert ICMPV6.encode(message) == octets


U8, U16, U32, BIT = (
    st.integers(0, 255),
    st.integers(0, 65535),
    st.integers(0, FOREVER),
    st.booleans(),
)
MINUTES, LOW2 = U16.map(lambda units: 60 * units), st.integers(-2, 1)
ROVR = st.sampled_from([8, 16, 24, 32]).flatmap(octets)
ADDRESS = octets(16)

OPTION_VALUES: dict[int, st.SearchStrategy[Any]] = {
    1: st.builds(nd.LinkLayerAddress, octets(2) | octets(8)),
    2: st.builds(nd.LinkLayerAddress, octets(2) | octets(8)),
    3: st.builds(
        nd.PrefixInformation,
        *(U8, st.builds(nd.PrefixInformationControl, BIT, BIT, BIT, st.integers(0, 31))),
        *(U32, U32, ADDRESS, U32),
    ),
    4: st.builds(nd.RedirectedHeader, st.integers(0, 9).map(lambda units: bytes(8 * units))),
    5: st.builds(nd.Mtu, U32, U16),
    24: st.builds(
        nd.RouteInformation,
        *(U8, st.builds(nd.RouteInformationControl, LOW2, st.integers(0, 7), st.integers(0, 7))),
        *(U32, st.sampled_from([0, 8, 16]).flatmap(octets)),
    ),
    25: st.builds(nd.RecursiveDnsServer, U32, st.lists(ADDRESS, max_size=3).map(tuple), U16),
    33: st.builds(
        nd.AddressRegistration,
        *(U8, U8),
        st.builds(nd.AddressRegistrationControl, st.integers(0, 3), BIT, BIT, st.integers(0, 15)),
        *(U8, MINUTES, ROVR),
    ),
    34: st.builds(
        nd.SixLowpanContext,
        st.integers(0, 128),
        st.builds(nd.SixLowpanContextControl, BIT, st.integers(0, 15), st.integers(0, 7)),
        *(MINUTES, ADDRESS, U16),
    ),
    35: st.builds(nd.AuthoritativeBorderRouter, U32, MINUTES, ADDRESS),
    36: st.builds(
        nd.SixLowpanCapabilityIndication,
        st.builds(nd.SixLowpanCapabilities, *6 * (BIT,), st.integers(0, 1023)),
        U32,
    ),
    200: st.integers(0, 3).map(lambda units: bytes(8 * units + 6)),
}


@st.composite
def options(draw: st.DrawFn) -> tuple[NdOption, ...]:
    kinds = draw(st.lists(st.sampled_from(sorted(OPTION_VALUES)), max_size=4))
    return tuple(NdOption(kind, draw(OPTION_VALUES[kind])) for kind in kinds)


INVOKING = st.binary(max_size=48)
BODIES: dict[int, st.SearchStrategy[Any]] = {
    1: st.builds(Unanswerable, INVOKING, U32),
    2: st.builds(PacketTooBig, U32, INVOKING),
    3: st.builds(Unanswerable, INVOKING, U32),
    4: st.builds(ParameterProblem, U32, INVOKING),
    128: st.builds(Echo, U16, U16, INVOKING),
    129: st.builds(Echo, U16, U16, INVOKING),
    133: st.builds(RouterSolicitation, options(), U32),
    134: st.builds(
        RouterAdvertisement,
        U8,
        st.builds(RouterAdvertisementControl, BIT, BIT, BIT, LOW2, BIT, st.integers(0, 3)),
        *(U16, U32, U32, options()),
    ),
    135: st.builds(NeighbourSolicitation, ADDRESS, options(), U32),
    136: st.builds(
        NeighbourAdvertisement,
        st.builds(NeighbourAdvertisementControl, BIT, BIT, BIT, st.integers(0, 31)),
        *(ADDRESS, options(), st.integers(0, 0xFFFFFF)),
    ),
    137: st.builds(Redirect, ADDRESS, ADDRESS, options(), U32),
    157: st.builds(DuplicateAddress, U8, U8, MINUTES, ROVR, ADDRESS),
    158: st.builds(DuplicateAddress, U8, U8, MINUTES, ROVR, ADDRESS),
    200: INVOKING,
}


@given(st.data(), st.sampled_from(sorted(BODIES)))
def test_any_message_comes_back(data: st.DataObject, kind: int) -> None:
    message = Icmpv6(kind, data.draw(U8), data.draw(U16), data.draw(BODIES[kind]))
    octets = ICMPV6.encode(message)
    assert ICMPV6.decode(octets) == message
    check_agreement(ICMPV6, octets)


def test_address_of_64_bits_in_a_short_context_option() -> None:
    context = OPTIONS["2202 40 13 0000 001e 20010db800000000"].value
    assert isinstance(context, nd.SixLowpanContext)
    for unfit in (
        replace(context, context_length=65),
        replace(context, prefix=b""),
        replace(context, valid_lifetime=61),
    ):
        with pytest.raises(FieldOutOfRange):
            ND_OPTION.encode(NdOption(34, unfit))


UNFIT = [
    NdOption(1, nd.LinkLayerAddress(bytes(6))),
    NdOption(4, nd.RedirectedHeader(bytes(7))),
    NdOption(5, nd.Mtu(1 << 32)),
    NdOption(5, nd.LinkLayerAddress(bytes(8))),
    NdOption(7, nd.LinkLayerAddress(bytes(8))),
    NdOption(200, bytes(7)),
    NdOption(200, bytes(8 * 256 - 2)),
]


@pytest.mark.parametrize("option", UNFIT)
def test_unfit_options_are_refused(option: NdOption) -> None:
    with pytest.raises(FieldOutOfRange):
        ND_OPTION.encode(option)
