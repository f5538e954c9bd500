"""Options of IPv6, and the one by which multicast datagrams are known again (RFC 7731)."""

import pytest

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.ipv6_options import (
    IPV6_OPTIONS,
    Ipv6Option,
    Ipv6Options,
    MplControl,
    MplOption,
    OptionType,
)

SEED = bytes.fromhex("d800")

VECTORS = {
    # worked out by hand from RFC 7731 §6.1, and as a Thread child of d800 sends it
    "6d04 60 11 d800": (Ipv6Option(OptionType.MPL, MplOption(MplControl(1, True), 0x11, SEED)),),
    "6d02 00 ff 0100": (
        Ipv6Option(OptionType.MPL, MplOption(MplControl(0, False), 0xFF)),
        Ipv6Option(OptionType.PADN, b""),
    ),
    "6d12 d0 00" + "ab" * 16: (
        Ipv6Option(OptionType.MPL, MplOption(MplControl(3, False, True), 0, b"\xab" * 16)),
    ),
    "00 05020000 00": (
        Ipv6Option(OptionType.PAD1, b""),
        Ipv6Option(5, b"\0\0"),  # Router Alert, which is not known here
        Ipv6Option(OptionType.PAD1, b""),
    ),
    # a seed identifier of two octets is announced, there are none
    "6d02 40 00": (Ipv6Option(OptionType.MPL, bytes.fromhex("4000")),),
}


@pytest.mark.parametrize(("octets", "options"), VECTORS.items())
def test_vector(octets: str, options: tuple[Ipv6Option, ...]) -> None:
    assert IPV6_OPTIONS.decode(bytes.fromhex(octets)) == Ipv6Options(options)
    assert IPV6_OPTIONS.encode(Ipv6Options(options)) == bytes.fromhex(octets)


@pytest.mark.parametrize("octets", ["6d", "6d04 60 11 d8", "01 02 00"])
def test_malformed_options(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        IPV6_OPTIONS.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    "option",
    [
        Ipv6Option(OptionType.PAD1, b"x"),
        Ipv6Option(1, bytes(256)),
        Ipv6Option(OptionType.MPL, MplOption(MplControl(1, True), 0)),
    ],
)
def test_option_that_does_not_fit(option: Ipv6Option) -> None:
    with pytest.raises(FieldOutOfRange):
        IPV6_OPTIONS.encode(Ipv6Options((option,)))
