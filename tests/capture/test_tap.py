import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.tap import (
    TAP,
    AbsoluteSlotNumber,
    BitRate,
    ChannelAssignment,
    ChannelFrequency,
    ChannelPlan,
    FcsType,
    LinkQuality,
    RadioTime,
    ReceivedSignalStrength,
    SunPhy,
    Tap,
    TapContent,
    TapTlv,
    TapType,
    TimeslotLength,
)
from lowpan.errors import FieldOutOfRange, MalformedFrame

VECTORS: dict[str, TapTlv] = {  # by hand from the diagrams of the specification 1.1, §3
    "0000 0100 01 000000": TapTlv(0, FcsType(1)),
    "0100 0400 000026c2": TapTlv(1, ReceivedSignalStrength(-41.5)),
    "0200 0400 90d00300": TapTlv(2, BitRate(250_000)),
    "0300 0300 1900 02 00": TapTlv(3, ChannelAssignment(25, 2)),
    "0400 0300 07 01 02 00": TapTlv(4, SunPhy(7, 1, 2)),
    "0500 0800 15cd5b0700000000": TapTlv(5, RadioTime(123_456_789)),
    "0600 0800 ffffffffffffffff": TapTlv(6, RadioTime(2**64 - 1)),
    "0700 0800 0102000000000000": TapTlv(7, AbsoluteSlotNumber(0x201)),
    "0800 0800 0000000001000000": TapTlv(8, RadioTime(2**32)),
    "0900 0400 10270000": TapTlv(9, TimeslotLength(10_000)),
    "0a00 0100 c8 000000": TapTlv(10, LinkQuality(200)),
    "0b00 0400 00cc1a4a": TapTlv(11, ChannelFrequency(2_536_192.0)),
    "0c00 0a00 00007a44 0000c842 4000 0000": TapTlv(12, ChannelPlan(1000.0, 100.0, 64)),
    "0d00 0500 0102030405 000000": TapTlv(13, b"\1\2\3\4\5"),
    "0a00 0000": TapTlv(10, b""),
    "0100 0400 0000c07f": TapTlv(1, bytes.fromhex("0000c07f")),  # not a number
    "0100 0400 000080ff": TapTlv(1, bytes.fromhex("000080ff")),  # minus infinity
    "0300 0400 19000200": TapTlv(3, bytes.fromhex("19000200")),  # an octet too many
}
ALL_TLVS = bytes.fromhex("".join(VECTORS))
WHOLE = struct.pack("<BBH", 0, 0, 4 + len(ALL_TLVS)) + ALL_TLVS


@pytest.mark.parametrize(("text", "tlv"), VECTORS.items())
def test_vector(text: str, tlv: TapTlv) -> None:
    tlvs = bytes.fromhex(text)
    octets = struct.pack("<BBH", 0, 0, 4 + len(tlvs)) + tlvs
    assert TAP.decode(octets) == Tap((tlv,))
    assert TAP.encode(Tap((tlv,))) == octets


def test_all_in_one_header() -> None:
    tap = TAP.decode(WHOLE)
    assert list(tap.tlvs) == list(VECTORS.values())
    assert TAP.encode(tap) == WHOLE
    assert tap.first(TapType.LQI) == LinkQuality(200)
    assert tap.first(13) is None
    assert Tap().first(TapType.LQI) is None


def test_padding_is_not_judged_nor_missed_at_the_end() -> None:
    for octets in ("00000c00 0a000100c8ffffff", "00000900 0a000100c8", "00000b00 0a000100c80000"):
        assert TAP.decode(bytes.fromhex(octets)) == Tap((TapTlv(10, LinkQuality(200)),))


@pytest.mark.parametrize(
    "octets", ["", "0000", "00000300", "00000800", "000008000a000100", "00000a0001000400c800"]
)
def test_cut_header_is_malformed(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        TAP.decode(bytes.fromhex(octets))


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
CONTENTS: dict[int, st.SearchStrategy[TapContent]] = {
    0: st.builds(FcsType, st.integers(0, 255)),
    1: st.builds(ReceivedSignalStrength, FLOATS),
    2: st.builds(BitRate, st.integers(0, 2**32 - 1)),
    3: st.builds(ChannelAssignment, st.integers(0, 65535), st.integers(0, 255)),
    4: st.builds(SunPhy, *[st.integers(0, 255)] * 3),
    5: st.builds(RadioTime, st.integers(0, 2**64 - 1)),
    7: st.builds(AbsoluteSlotNumber, st.integers(0, 2**64 - 1)),
    9: st.builds(TimeslotLength, st.integers(0, 2**32 - 1)),
    10: st.builds(LinkQuality, st.integers(0, 255)),
    11: st.builds(ChannelFrequency, FLOATS),
    12: st.builds(ChannelPlan, FLOATS, FLOATS, st.integers(0, 65535)),
}
TLVS = st.sampled_from(sorted(CONTENTS)).flatmap(
    lambda kind: st.builds(TapTlv, st.just(kind), CONTENTS[kind])
) | st.builds(TapTlv, st.integers(13, 65535), st.binary(max_size=9))


@given(st.lists(TLVS, max_size=5))
def test_any_value_encodes_and_decodes_to_itself(tlvs: list[TapTlv]) -> None:
    tap = Tap(tuple(tlvs))
    octets = TAP.encode(tap)
    assert octets == TAP.interpret_build(tap)
    assert TAP.decode(octets) == tap
    assert len(octets) % 4 == 0


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    octets = bytearray(WHOLE[: draw(st.integers(0, len(WHOLE)))])
    changes = st.tuples(st.integers(0, max(len(octets) - 1, 0)), st.integers(0, 255))
    for at, octet in draw(st.lists(changes, max_size=4)):
        if octets:
            octets[at] = octet
    return bytes(octets)


@given(damaged() | st.binary(max_size=40))
def test_compiled_reads_as_construct_does_and_what_is_read_can_be_written(octets: bytes) -> None:
    try:
        tap, end = TAP.decode_prefix(octets)
    except MalformedFrame:
        with pytest.raises(MalformedFrame):
            TAP.interpret(octets)
        return
    assert TAP.interpret(octets) == (tap, end)
    assert TAP.decode(TAP.encode(tap)) == tap


@pytest.mark.parametrize(
    "tlv",
    [
        TapTlv(0, FcsType(256)),
        TapTlv(1, ReceivedSignalStrength(1e39)),
        TapTlv(3, ChannelAssignment(65536, 0)),
        TapTlv(10, LinkQuality(-1)),
        TapTlv(10, FcsType(1)),
        TapTlv(13, LinkQuality(1)),
        TapTlv(65536, b""),
    ],
)
def test_value_without_room_is_refused(tlv: TapTlv) -> None:
    with pytest.raises(FieldOutOfRange):
        TAP.encode(Tap((tlv,)))


def test_rss_is_the_nearest_float_of_32_bits() -> None:
    octets = TAP.encode(Tap((TapTlv(1, ReceivedSignalStrength(-87.3)),)))
    rss = TAP.decode(octets).first(TapType.RSS)
    assert isinstance(rss, ReceivedSignalStrength)
    assert math.isclose(rss.rss, -87.3, rel_tol=1e-7)
