import pytest

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.mle_draft import (
    CHALLENGE,
    LINK_QUALITY,
    MODE,
    NETWORK_PARAMETER,
    SOURCE_ADDRESS,
    Challenge,
    LinkQuality,
    LinkQualityControl,
    Mode,
    NeighbourFlags,
    NeighbourLinkQuality,
    NetworkParameter,
    SourceAddress,
)

EXTENDED = bytes.fromhex("00124b0000000001")


@pytest.mark.parametrize("address", [b"\x12\x34", EXTENDED])
def test_source_address_is_short_or_extended(address: bytes) -> None:
    assert SOURCE_ADDRESS.decode(address) == SourceAddress(address)
    assert SOURCE_ADDRESS.encode(SourceAddress(address)) == address


@pytest.mark.parametrize("octets", [0, 1, 3, 7, 9])
def test_source_address_of_other_lengths(octets: int) -> None:
    with pytest.raises(MalformedFrame):
        SOURCE_ADDRESS.decode(bytes(octets))
    with pytest.raises(FieldOutOfRange):
        SOURCE_ADDRESS.encode(SourceAddress(bytes(octets)))


MODES = {  # facts of Thread: full thread device, its minimal forms, sleeping end device
    0x0F: Mode(True, True, True, True),
    0x0D: Mode(True, True, False, True),
    0x0C: Mode(True, True, False, False),
    0x05: Mode(False, True, False, True),
    0x04: Mode(False, True, False, False),
    0xF0: Mode(False, False, False, False, reserved=15),
}


@pytest.mark.parametrize(("octet", "mode"), MODES.items())
def test_mode(octet: int, mode: Mode) -> None:
    assert MODE.decode(bytes([octet])) == mode
    assert MODE.encode(mode) == bytes([octet])


def test_challenge_has_four_octets_at_least() -> None:
    assert CHALLENGE.decode(b"abcd") == Challenge(b"abcd")
    with pytest.raises(MalformedFrame):
        CHALLENGE.decode(b"abc")
    with pytest.raises(FieldOutOfRange):
        CHALLENGE.encode(Challenge(b"abc"))


LINK_QUALITIES = {  # worked out by hand from the diagrams of §7.7
    "81": LinkQuality(LinkQualityControl(complete=True, size=1), ()),
    "01 c0 20 1234 a0 ff fffe": LinkQuality(
        LinkQualityControl(complete=False, size=1),
        (
            NeighbourLinkQuality(NeighbourFlags(True, True, False), 0x20, b"\x12\x34"),
            NeighbourLinkQuality(NeighbourFlags(True, False, True), 0xFF, b"\xff\xfe"),
        ),
    ),
    "97 5f 40 00124b0000000001": LinkQuality(
        LinkQualityControl(complete=True, size=7, reserved=1),
        (NeighbourLinkQuality(NeighbourFlags(False, True, False, reserved=31), 0x40, EXTENDED),),
    ),
}


@pytest.mark.parametrize(("octets", "value"), LINK_QUALITIES.items())
def test_link_quality(octets: str, value: LinkQuality) -> None:
    assert LINK_QUALITY.decode(bytes.fromhex(octets)) == value
    assert LINK_QUALITY.encode(value) == bytes.fromhex(octets)


@pytest.mark.parametrize("octets", ["", "80", "83", "81 c0", "81 c0 20 12", "87 c0 20 1234"])
def test_malformed_link_quality(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        LINK_QUALITY.decode(bytes.fromhex(octets))


PARAMETERS = {  # §7.8
    "00 000003e8 000b": NetworkParameter(0, 1000, 11),
    "01 00000000 face": NetworkParameter(1, 0, 0xFACE),
    "02 00000000 ff": NetworkParameter(2, 0, 255),
    "03 00000000 0102 03": NetworkParameter(3, 0, b"\1\2\3"),
    "09 ffffffff": NetworkParameter(9, 0xFFFFFFFF, b""),
}


@pytest.mark.parametrize(("octets", "value"), PARAMETERS.items())
def test_network_parameter(octets: str, value: NetworkParameter) -> None:
    assert NETWORK_PARAMETER.decode(bytes.fromhex(octets)) == value
    assert NETWORK_PARAMETER.encode(value) == bytes.fromhex(octets)


@pytest.mark.parametrize("octets", ["", "00 000003e8", "00 000003e8 0b", "02 00000000 0001"])
def test_malformed_network_parameter(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        NETWORK_PARAMETER.decode(bytes.fromhex(octets))
