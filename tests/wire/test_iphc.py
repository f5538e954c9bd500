"""Compressed IPv6 headers (RFC 6282 §3): vectors, every mode, contexts, the two properties."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.address_modes import choose_modes
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.addresses import Context, Surroundings, format_ipv6, iid_of, parse_ipv6
from lowpan.wire.iphc import IPHC, Iphc, IphcControl
from tests.schema.agreement import check_agreement
from tests.wire.sixlowpan_samples import (
    MORE_CONTEXTS,
    SURROUNDINGS,
    addresses,
    iphc_rows,
    octets,
    row_surroundings,
)

ROWS = [row for row in iphc_rows() if row["datagram"]]
AROUND = Surroundings(iid_of(bytes.fromhex("00005eef10221100")), iid_of(b"\xc0\x03"), MORE_CONTEXTS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_vector(row: dict[str, Any]) -> None:
    compressed, datagram = bytes.fromhex(row["octets"]), bytes.fromhex(row["datagram"])
    around = row_surroundings(row)
    header, used = IPHC.decode_prefix(compressed, around)
    label = int.from_bytes(datagram[:4], "big") & 0xFFFFFFF
    assert (header.traffic_class << 20) + header.flow_label == label
    assert header.next_header in {datagram[6], None}
    assert header.hop_limit == datagram[7]
    assert (header.source, header.destination) == (datagram[8:24], datagram[24:40])
    assert IPHC.encode(header, around) == compressed[:used]
    check_agreement(IPHC, compressed, around)


TRAFFIC = {  # TF and what it puts in line -> traffic class, flow label (facts of RFC 6282 §3.2.1)
    (2, "43"): (0x0D, 0),
    (0, "ba012345"): (0xEA, 0x12345),
    (1, "41ac59"): (0x01, 0x1AC59),
    (3, ""): (0, 0),
}


@pytest.mark.parametrize(("inline", "meaning"), TRAFFIC.items())
def test_traffic_class_and_flow_label(inline: tuple[int, str], meaning: tuple[int, int]) -> None:
    control = bytes((0x62 | inline[0] << 3, 0x33))
    header = IPHC.decode(control + bytes.fromhex(inline[1] + "3a"), AROUND)
    assert (header.traffic_class, header.flow_label) == meaning


def test_reserved_bits_are_kept() -> None:
    for text in ("6233 baf12345 3a", "6a33 71ac59 3a"):
        octets = bytes.fromhex(text)
        header = IPHC.decode(octets, AROUND)
        assert header.reserved in {15, 3}
        assert IPHC.encode(header, AROUND) == octets


MODES = [  # two octets of IPHC, in line, source, destination
    ("7a00", "20010db8" + 12 * "01" + "20010db8" + 12 * "02", None, None),
    ("7a11", "11" * 8 + "22" * 8, "fe80::" + ":".join(4 * ["1111"]), "fe80::2222:2222:2222:2222"),
    ("7a22", "a1b2c1d2", "fe80::ff:fe00:a1b2", "fe80::ff:fe00:c1d2"),
    ("7a33", "", "fe80::200:5eef:1022:1100", "fe80::ff:fe00:c003"),
    ("7a43", "", "::", "fe80::ff:fe00:c003"),
    ("7ad5", "11" + "11" * 8 + "22" * 8, "2001:2:0:1:1111:1111:1111:1111", None),
    ("7ae6", "12a1b2c1d2", "2001:2:0:1:0:ff:fe00:a1b2", "2001:2:0:2:0:ff:fe00:c1d2"),
    ("7af7", "10", "2001:2:0:1:200:5eef:1022:1100", "fd00:cafe:face:1234:0:ff:fe00:c003"),
    # 29 bits of prefix end before the interface identifier: zeros between them
    ("7af7", "33", "2001:db8::200:5eef:1022:1100", "2001:db8::ff:fe00:c003"),
    # 80 and 71 bits reach into the interface identifier, 128 bits leave nothing of it
    ("7ad5", "44fedc" + "11" * 6 + "fedc" + "22" * 6, "2001:db8:0:4:fedc:1111:1111:1111", None),
    ("7ae6", "47a1b2c1d2", "2001:db8:0:4:fedc:ff:fe00:a1b2", "2001:db8:0:7:0:ff:fe00:c1d2"),
    ("7af7", "45", "2001:db8:0:4:fedc:5eef:1022:1100", "2001:db8:0:5:fedc:ba98:7654:3210"),
    ("7af7", "70", "2001:db8:0:7:0:5eef:1022:1100", None),
    ("7a38", "ff0e" + "11" * 14, None, "ff0e:" + ":".join(7 * ["1111"])),
    ("7a39", "0e1122334455", None, "ff0e::11:2233:4455"),
    ("7a3a", "0e112233", None, "ff0e::11:2233"),
    ("7a3b", "11", None, "ff02::11"),
    ("7a3c", "300011223344", None, "ff30:40:fd00:cafe:face:1234:1122:3344"),
    ("7abc", "03300011223344", None, "ff30:1d:2001:db8:0:0:1122:3344"),
]


@pytest.mark.parametrize(("control", "inline", "source", "destination"), MODES)
def test_address_modes(
    control: str, inline: str, source: str | None, destination: str | None
) -> None:
    cid = bytes.fromhex(control)[1] & 0x80
    identifiers, rest = (inline[:2], inline[2:]) if cid else ("", inline)
    octets = bytes.fromhex(control + identifiers + "3a" + rest)
    header = check_agreement(IPHC, octets, AROUND)
    if source is not None:
        assert header.source == parse_ipv6(source)
    if destination is not None:
        assert header.destination == parse_ipv6(destination)
    assert IPHC.encode(header, AROUND) == octets


def test_identifier_bits_in_line_give_way_to_context_bits() -> None:
    header = IPHC.decode(bytes.fromhex("7ad5443a" + 8 * "11" + 8 * "22"), AROUND)
    assert format_ipv6(header.source) == "2001:db8:0:4:fedc:1111:1111:1111"
    assert format_ipv6(header.destination) == "2001:db8:0:4:fedc:2222:2222:2222"
    again = IPHC.encode(header, AROUND)  # bits that nobody reads are not kept
    assert again.hex() == "7ad5443afedc" + 6 * "11" + "fedc" + 6 * "22"


@pytest.mark.parametrize("mode", [0b0100, 0b1101, 0b1110, 0b1111])
def test_reserved_destination_modes(mode: int) -> None:
    with pytest.raises(MalformedFrame, match="reserved destination address mode"):
        IPHC.decode_prefix(bytes((0x7A, 0x30 | mode)) + bytes(40), AROUND)


@pytest.mark.parametrize("octets", ["7ad5993a", "7ae6093a", "7af7903a", "7abc093a"])
def test_unknown_context_is_told(octets: str) -> None:
    with pytest.raises(MalformedFrame, match="context 9 is not known"):
        IPHC.decode_prefix(bytes.fromhex(octets) + bytes(16), AROUND)


def test_unspecified_source_needs_no_context() -> None:
    assert IPHC.decode(bytes.fromhex("7ac3903a"), AROUND).source == bytes(16)


def test_long_context_makes_no_multicast_prefix() -> None:
    with pytest.raises(MalformedFrame, match="80 bits for a multicast prefix"):
        IPHC.decode(bytes.fromhex("7abc043a300011223344"), AROUND)


@pytest.mark.parametrize("octets", ["7a33", "7a30", "7a03", "7af7", "7a70", "7a07"])
@pytest.mark.parametrize("around", [None, Surroundings(), Surroundings(contexts=MORE_CONTEXTS)])
def test_elided_without_an_address_is_malformed(octets: str, around: Surroundings | None) -> None:
    with pytest.raises(MalformedFrame, match=r"elided, but no|context 0 is not known"):
        IPHC.decode_prefix(bytes.fromhex(octets) + bytes(34), around)


def test_whole_address_in_a_context_needs_no_other_address() -> None:
    header = IPHC.decode(bytes.fromhex("7af7553a"), Surroundings(contexts=MORE_CONTEXTS))
    assert format_ipv6(header.source) == "2001:db8:0:5:fedc:ba98:7654:3210"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_every_cut_is_malformed(row: dict[str, Any]) -> None:
    octets, around = bytes.fromhex(row["octets"]), row_surroundings(row)
    used = IPHC.decode_prefix(octets, around)[1]
    for size in range(used):
        with pytest.raises(MalformedFrame):
            IPHC.decode_prefix(octets[:size], around)


def headers(around: Surroundings, source: bytes, destination: bytes) -> st.SearchStrategy[Iphc]:
    """Return headers between two addresses, in their shortest modes."""
    modes = choose_modes(source, destination, around)

    def made(traffic_class: int, flow_label: int, hop_limit: int, next_header: int) -> Iphc:
        tf = 0 if traffic_class > 3 else 1
        if not flow_label:
            tf = 2 if traffic_class else 3
        control = IphcControl(
            *(tf, False, {1: 1, 64: 2, 255: 3}.get(hop_limit, 0)),
            *(bool(modes[0].context or modes[1].context), modes[0].stateful, modes[0].mode),
            *(destination[0] == 0xFF, modes[1].stateful, modes[1].mode),
        )
        told = (traffic_class, flow_label, next_header, hop_limit, source, destination)
        return Iphc(control, modes[0].context, modes[1].context, *told)

    labels, u8 = st.just(0) | st.integers(0, 0xFFFFF), st.integers(0, 255)
    return st.builds(made, st.sampled_from([0, 1, 4, 255]), labels, u8, u8)


@given(st.data(), SURROUNDINGS)
def test_any_header_comes_back(data: st.DataObject, around: Surroundings) -> None:
    source, destination = (data.draw(addresses(around)) for _ in range(2))
    header = data.draw(headers(around, source, destination))
    octets = IPHC.encode(header, around)
    assert IPHC.decode(octets, around) == header
    check_agreement(IPHC, octets, around)


@given(st.integers(0x60, 0x7F), st.integers(0, 255), st.binary(max_size=45), SURROUNDINGS)
def test_any_octets_decode_or_are_malformed(
    first: int, second: int, rest: bytes, around: Surroundings
) -> None:
    octets = bytes((first, second)) + rest
    header = check_agreement(IPHC, octets, around)
    if header is None:
        return
    used, again = IPHC.decode_prefix(octets, around)[1], IPHC.encode(header, around)
    told = {header.source_context, header.destination_context}
    if any(number in around.contexts and around.contexts[number].length > 64 for number in told):
        assert (len(again), IPHC.decode(again, around)) == (used, header)
    else:
        assert again == octets[:used]


GOOD = IPHC.decode(bytes.fromhex("7a333a"), AROUND)
WITH_CONTEXTS = IPHC.decode(bytes.fromhex("6ae612 703123 3a 1111 a1b2"), AROUND)
UNFIT = [
    replace(GOOD, hop_limit=63),
    replace(GOOD, traffic_class=1),
    replace(GOOD, flow_label=1),
    replace(GOOD, reserved=1),
    replace(GOOD, source_context=1),
    replace(GOOD, destination_context=1),
    replace(GOOD, next_header=None),
    replace(GOOD, next_header=256),
    replace(GOOD, source=parse_ipv6("fe80::1")),
    replace(GOOD, destination=parse_ipv6("fe80::1")),
    replace(GOOD, source=GOOD.source[:15]),
    replace(GOOD, destination=b""),
    replace(GOOD, control=replace(GOOD.control, dac=True, dam=0)),
    replace(GOOD, control=replace(GOOD.control, tf=4)),
    replace(GOOD, control=replace(GOOD.control, sac=True, sam=0)),
    replace(WITH_CONTEXTS, source_context=16),
    replace(WITH_CONTEXTS, destination_context=16),
    replace(WITH_CONTEXTS, destination_context=-1),
    replace(WITH_CONTEXTS, destination_context=9),
    replace(WITH_CONTEXTS, flow_label=1 << 20),
    replace(WITH_CONTEXTS, traffic_class=4),
    replace(WITH_CONTEXTS, reserved=4),
]


@pytest.mark.parametrize("header", UNFIT)
def test_unfit_headers_are_refused(header: Iphc) -> None:
    with pytest.raises(FieldOutOfRange):
        IPHC.encode(header, AROUND)


@given(st.integers(0, 128), octets(16), octets(8), st.booleans())
def test_elision_in_contexts_of_any_length(
    length: int, prefix: bytes, iid: bytes, same: bool
) -> None:
    context = Context(prefix, length)
    around = Surroundings(iid, iid, {15: context})
    address = context.complete(iid) if same else prefix
    control = IphcControl(3, False, 2, True, True, 3, False, True, 3)
    header = Iphc(control, 15, 15, 0, 0, 58, 64, address, address)
    if context.complete(iid) == address:
        assert IPHC.encode(header, around).hex() == "7af7ff3a"
        assert IPHC.decode(bytes.fromhex("7af7ff3a"), around) == header
    else:
        with pytest.raises(FieldOutOfRange, match="would come back"):
            IPHC.encode(header, around)
