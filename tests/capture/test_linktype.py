import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.linktype import WITH_FCS, WITH_TAP, WITHOUT_FCS, octets_of, tap_of
from lowpan.capture.record import Interface, Record
from lowpan.capture.tap import TAP, ChannelAssignment, FcsType, LinkQuality, Tap, TapTlv
from lowpan.errors import CaptureError, FieldOutOfRange, MalformedFrame
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.fcs import append_fcs16, append_fcs32
from tests.capture.octets import FCS, PSDU


def frame_in(
    octets: bytes, link_type: int, *, fcs_length: int | None = None, cut: int = 0
) -> ReceivedFrame:
    interface = Interface(link_type, fcs_length=fcs_length)
    return interface.frame_of(Record(1, 5, octets, len(octets) + cut, interface))


def tap(*tlvs: TapTlv) -> bytes:
    return TAP.encode(Tap(tlvs))


@pytest.mark.parametrize(
    ("octets", "psdu", "fcs", "fcs_octets"),
    [
        (PSDU + FCS, PSDU, Fcs.GOOD, FCS),
        (PSDU + b"\0\0", PSDU, Fcs.BAD, b"\0\0"),
        (b"\0", b"", Fcs.BAD, b"\0"),
        (b"", b"", Fcs.BAD, b""),
    ],
)
def test_fcs_is_checked_and_taken_off(
    octets: bytes, psdu: bytes, fcs: Fcs, fcs_octets: bytes
) -> None:
    assert frame_in(octets, WITH_FCS) == ReceivedFrame(psdu, fcs, fcs_octets, 5)


def test_fcs_of_32_bits() -> None:
    octets = append_fcs32(PSDU)
    frame = ReceivedFrame(PSDU, Fcs.GOOD, octets[-4:], 5)
    assert frame_in(octets, WITH_FCS, fcs_length=4) == frame
    assert frame_in(tap(TapTlv(0, FcsType(2))) + octets, WITH_TAP) == frame
    assert frame_in(octets[:-1] + b"!", WITH_FCS, fcs_length=4).fcs is Fcs.BAD


@pytest.mark.parametrize("fcs_length", [None, 0, 2, 4])
def test_no_fcs(fcs_length: int | None) -> None:
    frame = ReceivedFrame(PSDU, Fcs.ABSENT, b"", 5)
    assert frame_in(PSDU, WITHOUT_FCS, fcs_length=fcs_length) == frame
    assert frame_in(PSDU, WITH_FCS, fcs_length=0) == frame


@pytest.mark.parametrize(("fcs_type", "size"), [(None, 0), (0, 0), (1, 2), (2, 4), (3, 0)])
def test_tap_tells_the_fcs_and_the_radio(fcs_type: int | None, size: int) -> None:
    told = [] if fcs_type is None else [TapTlv(0, FcsType(fcs_type))]
    header = tap(*told, TapTlv(3, ChannelAssignment(25, 2)), TapTlv(10, LinkQuality(77)))
    for fcs in (b"", b"\1", b"\1\2\3\4"):
        frame = frame_in(header + PSDU + fcs, WITH_TAP)
        assert frame.psdu + frame.fcs_octets == PSDU + fcs
        assert len(frame.fcs_octets) == size
        assert frame.fcs is (Fcs.BAD if size else Fcs.ABSENT)
        assert (frame.channel, frame.page, frame.rssi, frame.lqi) == (25, 2, None, 77)
    empty = frame_in(header, WITH_TAP)
    assert (empty.psdu, empty.fcs_octets) == (b"", b"")
    assert empty.fcs is (Fcs.BAD if size else Fcs.ABSENT)


def test_first_tlv_of_a_type_counts_and_broken_ones_do_not() -> None:
    header = tap(TapTlv(10, b""), TapTlv(10, LinkQuality(1)), TapTlv(10, LinkQuality(2)))
    assert frame_in(header, WITH_TAP).lqi == 1


@pytest.mark.parametrize("octets", ["", "000008", "01000400", "00000300", "00000500", "00000a00"])
def test_cut_tap_header_is_malformed(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        frame_in(bytes.fromhex(octets), WITH_TAP)


def test_tlv_beyond_the_header_is_malformed_also_in_a_long_header() -> None:
    for padding in (0, 300):
        tlvs = struct.pack("<HH", 99, padding) + bytes(padding) + struct.pack("<HH", 1, 4)
        header = struct.pack("<BBH", 0, 0, 4 + len(tlvs)) + tlvs
        with pytest.raises(MalformedFrame):
            frame_in(header + PSDU, WITH_TAP)


@pytest.mark.parametrize("link_type", [WITH_FCS, WITHOUT_FCS, WITH_TAP])
def test_cut_frame_has_no_fcs_to_check(link_type: int) -> None:
    header = tap(TapTlv(0, FcsType(1))) if link_type == WITH_TAP else b""
    assert frame_in(header + PSDU, link_type, cut=30) == ReceivedFrame(PSDU, Fcs.ABSENT, b"", 5)
    if link_type != WITHOUT_FCS:  # part of the FCS was kept
        frame = frame_in(header + PSDU + FCS[:1], link_type, cut=1)
        assert frame == ReceivedFrame(PSDU, Fcs.ABSENT, b"", 5)


def test_cut_inside_the_fcs_of_32_bits() -> None:
    frame = frame_in(append_fcs32(PSDU)[:-3], WITH_FCS, fcs_length=4, cut=3)
    assert frame == ReceivedFrame(PSDU, Fcs.ABSENT, b"", 5)
    frame = frame_in(b"", WITH_FCS, cut=1)
    assert frame == ReceivedFrame(b"", Fcs.ABSENT, b"", 5)


@pytest.mark.parametrize(("link_type", "name"), [(1, r"1 \(Ethernet\)"), (999, "999")])
def test_other_link_types_are_refused_by_name(link_type: int, name: str) -> None:
    interface = Interface(link_type, 3, "eth0")
    with pytest.raises(CaptureError) as caught:
        interface.frame_of(Record(7, 5, b"", 0, interface))
    said = str(caught.value)
    assert said.startswith(f"frame 7: link type {name.replace(chr(92), '')} of interface 3 'eth0'")
    for read in ("195 (IEEE 802.15.4 with FCS)", "230 (", "283 ("):
        assert read in said


def test_tap_of_a_record() -> None:
    header = Tap((TapTlv(10, LinkQuality(9)), TapTlv(77, b"?")))
    interface = Interface(WITH_TAP)
    octets = TAP.encode(header) + PSDU
    assert tap_of(Record(1, 5, octets, len(octets), interface)) == header
    assert tap_of(Record(1, 5, octets, len(octets), Interface(WITH_FCS))) is None
    with pytest.raises(MalformedFrame):
        tap_of(Record(1, 5, octets[:7], 7, interface))


FRAMES = st.builds(
    ReceivedFrame,
    psdu=st.binary(max_size=127),
    fcs=st.just(Fcs.ABSENT),
    fcs_octets=st.just(b""),
    time_ns=st.just(5),
    channel=st.none() | st.integers(0, 65535),
    rssi=st.none() | st.integers(-127, 127).map(float),
    lqi=st.none() | st.integers(0, 255),
)


@given(FRAMES, st.integers(0, 255), st.sampled_from([0, 2, 4]), st.booleans())
def test_frame_put_into_a_record_comes_out_the_same(
    frame: ReceivedFrame, page: int, size: int, good: bool
) -> None:
    if frame.channel is not None:
        frame.page = page
    if size:
        octets = append_fcs16(frame.psdu) if size == 2 else append_fcs32(frame.psdu)
        frame.fcs, frame.fcs_octets = Fcs.GOOD, octets[-size:]
        if not good:
            frame.fcs, frame.fcs_octets = Fcs.BAD, bytes(octet ^ 1 for octet in octets[-size:])
    assert frame_in(octets_of(frame, WITH_TAP), WITH_TAP) == frame
    plain = ReceivedFrame(frame.psdu, frame.fcs, frame.fcs_octets, 5)
    octets = octets_of(frame, WITH_FCS, size)
    assert frame_in(octets, WITH_FCS, fcs_length=size) == plain
    assert frame_in(octets_of(frame, WITHOUT_FCS), WITHOUT_FCS).psdu == frame.psdu


def test_good_fcs_that_the_radio_kept_is_computed() -> None:
    assert octets_of(ReceivedFrame(PSDU, Fcs.GOOD), WITH_FCS) == PSDU + FCS
    assert octets_of(ReceivedFrame(PSDU, Fcs.GOOD), WITH_FCS, 4) == append_fcs32(PSDU)


@pytest.mark.parametrize(
    ("frame", "link_type"),
    [
        (ReceivedFrame(PSDU, Fcs.ABSENT), WITH_FCS),
        (ReceivedFrame(PSDU, Fcs.BAD), WITH_FCS),
        (ReceivedFrame(PSDU, Fcs.GOOD, b"1234"), WITH_FCS),
        (ReceivedFrame(PSDU, Fcs.GOOD, b"123"), WITH_TAP),
        (ReceivedFrame(PSDU, Fcs.GOOD, channel=65536), WITH_TAP),
        (ReceivedFrame(PSDU, Fcs.GOOD, lqi=256), WITH_TAP),
        (ReceivedFrame(PSDU, Fcs.GOOD, rssi=1e99), WITH_TAP),
        (ReceivedFrame(PSDU, Fcs.GOOD), 1),
    ],
)
def test_frame_without_room_is_refused(frame: ReceivedFrame, link_type: int) -> None:
    with pytest.raises(FieldOutOfRange):
        octets_of(frame, link_type)
