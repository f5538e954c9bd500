"""Rows of text and of JSON, on frames made for the purpose."""

import json

import pytest

from lowpan.capture.datagram import Datagram
from lowpan.capture.decoded import DecodedFrame, Outcome, Protection
from lowpan.capture.fields import ALL_FIELDS, FIELDS
from lowpan.capture.rows import RowStyle, Times, json_function, row_function, values_function
from lowpan.errors import MalformedFrame
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.addresses import parse_ipv6
from lowpan.wire.ieee802154 import Frame, FrameControl, OpaqueControl, OpaqueFrame
from lowpan.wire.multipurpose import Multipurpose, MultipurposeControl
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from lowpan.wire.udp import UdpHeader
from tests.capture.made_frames import decoded, frames_of

ALICE, BOB = parse_ipv6("fe80::a"), parse_ipv6("fe80::b")
TUNNEL = parse_ipv6("2001:db8::1")
UDP = UdpHeader(1000, 2000, 11, 0)
INNER = Datagram(ALICE, BOB, 17, 64, 0, 0, 11, 17, b"abc", UDP)
OUTER = Datagram(TUNNEL, BOB, 41, 255, 0, 0, 51, 41, b"", inner=INNER)


def row(frame: DecodedFrame, *names: str, style: RowStyle | None = None) -> str:
    return row_function([FIELDS[name] for name in names], style)(frame)


def made(**layers: object) -> DecodedFrame:
    frame = DecodedFrame(7, ReceivedFrame(bytes(5), Fcs.GOOD, b"\x01\x02", 1_500_000_000), 9)
    for name, value in layers.items():
        setattr(frame, name, value)
    return frame


def test_layers_that_are_missing_are_empty() -> None:
    names = ("frame.number", "wpan.seq_no", "ipv6.src", "mle.cmd", "6lowpan.iphc.tf", "wpan.cmd")
    assert row(made(), *names) == "7\t\t\t\t\t"


def test_what_the_capture_tells() -> None:
    names = ("frame.number", "frame.time_epoch", "frame.len", "wpan.frame_length", "wpan.fcs")
    assert row(made(), *names) == "7\t1.500000000\t9\t5\t0x0201"


def test_what_the_radio_tells() -> None:
    frame = decoded(b"\x02\x00\x07", channel=15, page=0, rssi=-62.5, lqi=200)
    names = ("wpan-tap.ch_num", "wpan-tap.ch_page", "wpan-tap.rss", "wpan-tap.lqi", "wpan.fcs_ok")
    assert row(frame, *names) == "15\t0\t-62.5\t200\t1"


def test_no_fields_give_an_empty_row() -> None:
    assert row(made()) == ""
    assert json_function([])(made()) == "{}"


def test_learnt_address_stands_in_for_a_short_source_only() -> None:
    short = FrameControl(1, source_addressing_mode=2)
    frame = made(frame=Frame(short, source=b"\xd8\x01"), extended_source=bytes(range(8)))
    assert row(frame, "wpan.src16", "wpan.src64") == "0xd801\t00:01:02:03:04:05:06:07"
    nobody = made(frame=Frame(FrameControl(2)), extended_source=bytes(range(8)))
    assert row(nobody, "wpan.src16", "wpan.src64") == "\t"


SECURED = AuxiliarySecurityHeader(SecurityControl(5, 1), 70_000, None, 3)


def test_security_header_of_the_mac_comes_before_that_of_mle() -> None:
    message = next(frame for frame in frames_of() if frame.mle is not None)
    names = ("wpan.aux_sec.frame_counter", "wpan.aux_sec.key_index", "wpan.aux_sec.key_source")
    assert row(message, *names) == "0\t0x01\t0x0000000000000000"
    message.frame = Frame(FrameControl(1, True), security=SECURED)
    assert row(message, *names) == "70000,0\t0x03,0x01\t0x0000000000000000"
    only_mac = made(frame=Frame(FrameControl(1, True), security=SECURED))
    assert row(only_mac, *names) == "70000\t0x03\t"


def test_datagram_in_a_datagram_repeats_the_fields() -> None:
    names = ("ipv6.src", "ipv6.nxt", "udp.srcport", "ipv6.addr")
    assert row(made(datagram=OUTER), *names) == (
        "2001:db8::1,fe80::a\t41,17\t1000\t2001:db8::1,fe80::b,fe80::a,fe80::b"
    )


@pytest.mark.parametrize(
    ("style", "text"),
    [
        (RowStyle(separator="|", aggregator=" "), "7|41 17|"),
        (RowStyle(separator="{}", aggregator="{"), "7{}41{17{}"),
        (RowStyle(occurrence="f"), "7\t41\t"),
        (RowStyle(occurrence="l"), "7\t17\t"),
        (RowStyle(quote='"'), '"7"\t"41,17"\t'),
        (RowStyle(separator="'", quote="'"), "'7'''41,17''"),
    ],
)
def test_styles(style: RowStyle, text: str) -> None:
    frame = made(datagram=OUTER)
    assert row(frame, "frame.number", "ipv6.nxt", "mle.cmd", style=style) == text


def test_occurrence_counts_in_lists_too() -> None:
    frame = next(frame for frame in frames_of() if frame.mle and frame.mle.message)
    assert row(frame, "mle.tlv.type") == "1,3,14,18"
    assert row(frame, "mle.tlv.type", style=RowStyle(occurrence="f")) == "1"
    assert row(frame, "mle.tlv.type", style=RowStyle(occurrence="l")) == "18"


def test_requested_types_follow_a_tlv_request() -> None:
    frames = [row(frame, "mle.cmd", "mle.tlv.type") for frame in frames_of()]
    assert "11\t4,5,8,1,2,18,13,10,12,9,22" in frames


def test_fields_of_an_opaque_frame_do_not_claim_what_is_not_known() -> None:
    frame = made(frame=OpaqueFrame(OpaqueControl(6), b"ab"))
    assert row(frame, "wpan.frame_type", "wpan.security", "wpan.seq_no") == "0x0006\t\t"
    assert "wpan.security" not in values_function(ALL_FIELDS)(frame)


def test_multipurpose_frame_in_the_shape_of_the_others() -> None:
    control = MultipurposeControl(destination_addressing_mode=2)
    frame = decoded(Multipurpose(control, sequence_number=9, destination=b"\x12\x34"))
    names = ("wpan.frame_type", "wpan.seq_no", "wpan.dst16", "wpan.src16", "wpan.fcf")
    assert row(frame, *names) == "0x0005\t9\t0x1234\t\t0x0025"


def test_times_count_from_the_first_frame_that_has_one() -> None:
    times = row_function([FIELDS["frame.time_relative"], FIELDS["frame.time_delta"]])
    rows: list[str] = []
    for time_ns in (None, 5_000_000_000, 5_250_000_000, None, 4_999_999_999):
        frame = made()
        frame.received.time_ns = time_ns
        rows.append(times(frame))
    assert rows == [
        "\t",
        "0.000000000\t0.000000000",
        "0.250000000\t0.250000000",
        "\t",
        "-0.000000001\t-0.250000001",
    ]


def test_times_of_two_functions_are_apart() -> None:
    one, other = Times(), Times()
    assert (one.relative(10), other.relative(20), one.relative(30)) == (0, 0, 20)


def test_faults_and_notes_have_no_line_ends() -> None:
    fault = MalformedFrame("odd\nname", format="Frame", offset=3)
    frame = made(faults=(fault,), notes=("one\ttwo", "three"))
    assert row(frame, "lowpan.malformed", "lowpan.note") == (
        "Frame at octet 3: odd\\nname\tone\\ttwo,three"
    )


def test_protection_is_told_by_fingerprint() -> None:
    opened = Protection(Outcome.DECRYPTED, "a8faed6a", 4)
    names = ("lowpan.outcome", "lowpan.key", "lowpan.key_sequence", "wpan.decrypt_error")
    assert row(made(protection=opened), *names) == "decrypted\ta8faed6a\t4\t"
    closed = Protection(Outcome.NO_KEY, reason="no key for index 3")
    assert row(made(protection=closed), *names, "lowpan.reason") == (
        "no key\t\t\t1\tno key for index 3"
    )


def test_json_has_numbers_flags_texts_and_lists() -> None:
    names = ("frame.number", "wpan.fcs_ok", "ipv6.src", "ipv6.nxt", "wpan-tap.rss", "mle.cmd")
    frame = made(datagram=OUTER)
    frame.received.rssi = -62.5
    assert json.loads(json_function([FIELDS[name] for name in names])(frame)) == {
        "frame.number": 7,
        "wpan.fcs_ok": True,
        "ipv6.src": ["2001:db8::1", "fe80::a"],
        "ipv6.nxt": [41, 17],
        "wpan-tap.rss": -62.5,
    }


def test_json_keeps_the_order_of_the_fields() -> None:
    names = ["ipv6.src", "frame.number", "frame.len"]
    assert (
        list(json.loads(json_function([FIELDS[n] for n in names])(made(datagram=INNER)))) == names
    )


def test_rows_and_json_tell_the_same() -> None:
    lines = row_function(ALL_FIELDS, RowStyle(aggregator="\v"))
    values = values_function(ALL_FIELDS)
    for frame in frames_of():
        cells = dict(zip(FIELDS, lines(frame).split("\t"), strict=True))
        told = values(frame)
        assert {name for name, cell in cells.items() if cell} == set(told)
        for name, value in told.items():
            items = value if isinstance(value, list) else [value]
            flags = {True: "1", False: "0"}
            texts = [flags[x] if isinstance(x, bool) else f"{x}" for x in items]
            assert cells[name].split("\v") == texts
