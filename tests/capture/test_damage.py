"""Cut, damaged and hostile files: every frame before the damage, CaptureError, no other end."""

import gzip
import io
import struct
import tracemalloc
from itertools import accumulate
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.linktype import octets_of, tap_of
from lowpan.capture.reader import open_records
from lowpan.capture.record import LONGEST_RECORD, Record
from lowpan.capture.tap import TAP, ChannelAssignment, FcsType, Tap, TapTlv
from lowpan.errors import CaptureError, FieldOutOfRange, MalformedFrame
from tests.capture.octets import (
    CAPTURES,
    FCS,
    PSDU,
    Pieces,
    block,
    enhanced,
    interface,
    pcap_header,
    pcap_record,
    section,
)

TAP_HEADER = TAP.encode(Tap((TapTlv(0, FcsType(1)), TapTlv(3, ChannelAssignment(15, 0)))))

FILES: dict[str, list[bytes]] = {
    "pcap": [pcap_header(), pcap_record(PSDU + FCS), pcap_record(b""), pcap_record(PSDU)],
    "big-endian nanoseconds": [
        pcap_header(">", magic=0xA1B23C4D),
        pcap_record(PSDU + FCS, ">"),
        pcap_record(PSDU, ">"),
    ],
    "pcapng": [
        section(pairs=[(4, b"a program"), (0, b"")]),
        interface(283, pairs=[(2, b"wpan0"), (9, b"\x09"), (0, b"")]),
        enhanced(TAP_HEADER + PSDU + FCS, pairs=[(1, b"a comment"), (0, b"")]),
        block(4, bytes(20)),
        enhanced(TAP_HEADER + PSDU),
        section(">"),
        interface(230, ">"),
        block(3, struct.pack(">I", 11) + PSDU, ">"),
        block(2, struct.pack(">HHIIII", 0, 0, 0, 0, 11, 11) + PSDU, ">"),
    ],
}


def read(octets: bytes, size: int = 1 << 20) -> tuple[list[Record], str]:
    """Return the records of a file and the one complaint at their end, if any."""
    file = io.BytesIO(octets)
    found: list[Record] = []
    try:
        records = open_records(Pieces(iter(lambda: file.read(size), b"")))
    except CaptureError as error:
        return [], str(error)
    try:
        found.extend(records)
    except CaptureError as error:
        assert list(records) == []
        return found, str(error)
    return found, ""


def look_into(records: list[Record]) -> None:
    """Do with records all that lowpan does."""
    for record in records:
        try:
            frame = record.interface.frame_of(record)
            tap_of(record)
            octets_of(frame, 283)
        except (MalformedFrame, CaptureError, FieldOutOfRange):
            continue
        assert len(frame.psdu) <= len(record.octets)


@pytest.mark.parametrize("name", FILES)
def test_every_cut_gives_the_frames_before_it(name: str) -> None:
    whole = b"".join(FILES[name])
    ends = list(accumulate(map(len, FILES[name])))
    all_records, complaint = read(whole)
    assert complaint == ""
    frames = [end for end, count in zip(ends, counts(FILES[name]), strict=True) if count]
    assert len(frames) == len(all_records)
    for cut in range(len(whole)):
        records, complaint = read(whole[:cut])
        expected = sum(end <= cut for end in frames)
        assert [record.octets for record in records] == [
            record.octets for record in all_records[:expected]
        ]
        assert (complaint == "") == (cut in ends)


def counts(parts: list[bytes]) -> list[int]:
    """Return how many frames each part of a file adds."""
    totals = [len(read(b"".join(parts[: n + 1]))[0]) for n in range(len(parts))]
    return [after - before for before, after in zip([0, *totals], totals, strict=False)]


@pytest.mark.parametrize("name", FILES)
def test_every_cut_of_the_compressed_file(name: str) -> None:
    whole = b"".join(FILES[name])
    all_records = read(whole)[0]
    packed = gzip.compress(whole)
    for cut in range(len(packed)):
        records, complaint = read(packed[:cut], 7)
        assert complaint != ""
        assert [r.octets for r in records] == [r.octets for r in all_records[: len(records)]]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", [1, 2, 3, 13])
def test_pieces_of_any_size_give_the_same(name: str, size: int) -> None:
    whole = b"".join(FILES[name])
    assert read(whole, size) == read(whole)


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    octets = bytearray(b"".join(FILES[draw(st.sampled_from(sorted(FILES)))]))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(octets) - 1))
        what = draw(st.sampled_from(["octet", "word", "cut out", "put in"]))
        if what == "octet":
            octets[at] = draw(st.integers(0, 255))
        elif what == "word":
            octets[at : at + 4] = draw(st.integers(0, 2**32 - 1)).to_bytes(4, "little")
        elif what == "cut out":
            del octets[at : at + draw(st.integers(1, 9))]
        else:
            octets[at:at] = draw(st.binary(min_size=1, max_size=9))
        if not octets:
            break
    return bytes(octets)


@given(damaged_files())
def test_damage_ends_in_nothing_but_a_complaint(octets: bytes) -> None:
    look_into(read(octets)[0])


@given(damaged_files(), st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_damaged_compressed_file(octets: bytes, place: float, change: int) -> None:
    packed = bytearray(gzip.compress(octets))
    packed[int(place * len(packed))] ^= change
    look_into(read(bytes(packed))[0])


@given(st.sampled_from([parts[0] for parts in FILES.values()]), st.binary(max_size=200))
def test_anything_behind_a_good_header(head: bytes, rest: bytes) -> None:
    look_into(read(head + rest)[0])


def test_damaged_captures_never_fill_the_memory() -> None:
    random = Random(802154)
    whole = (CAPTURES / "openthread" / "i-attach-router.pcap").read_bytes()
    blocks = [enhanced(record.octets) for record in open_records(io.BytesIO(whole))]
    pcapng = section() + interface() + b"".join(blocks)
    tracemalloc.start()
    try:
        for round_number in range(300):
            octets = bytearray(random.choice([whole, pcapng]))
            for _ in range(random.randrange(1, 6)):
                at = random.randrange(len(octets) - 4)
                octets[at : at + 4] = random.choice([random.randbytes(4), b"\xff\xff\xff\x7f"])
            if round_number % 3 == 0:
                octets = bytearray(gzip.compress(bytes(octets)))
            look_into(read(bytes(octets))[0])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * LONGEST_RECORD


def test_lengths_of_gigabytes_allocate_nothing() -> None:
    files = [
        pcap_header() + struct.pack("<IIII", 0, 0, 0x7FFFFFFF, 0x7FFFFFFF) + bytes(500),
        section() + interface() + struct.pack("<II", 6, 0x7FFFFFFC) + bytes(500),
        section() + interface() + struct.pack("<II", 99, 0x7FFFFFFC) + bytes(500),
        section() + struct.pack("<II", 1, 0x7FFFFFFC) + bytes(500),
        struct.pack("<III", 0x0A0D0D0A, 0x7FFFFFFC, 0x1A2B3C4D) + bytes(500),
    ]
    for octets in files:
        tracemalloc.start()
        try:
            records, complaint = read(octets)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert records == []
        assert complaint != ""
        assert peak < 100_000
