import io
import struct
import tracemalloc
from itertools import chain, repeat

import pytest

from lowpan.capture.pcapng import LONGEST_BLOCK, MOST_INTERFACES
from lowpan.capture.reader import open_records
from lowpan.capture.record import LONGEST_RECORD, Record
from lowpan.errors import CaptureError
from tests.capture.octets import (
    ORDERS,
    PSDU,
    SECOND,
    Pieces,
    block,
    enhanced,
    interface,
    options,
    section,
)

BEGIN = section() + interface()


def records_of(*octets: bytes) -> list[Record]:
    return list(open_records(io.BytesIO(b"".join(octets))))


def one(*octets: bytes) -> Record:
    (record,) = records_of(*octets)
    return record


def damage(*octets: bytes) -> tuple[int, str]:
    """Return how many records come before the damage, and what is said of it."""
    records = open_records(io.BytesIO(b"".join(octets)))
    count = 0
    with pytest.raises(CaptureError) as caught:  # noqa: PT012 - the records before count too
        for _ in records:
            count += 1
    assert list(records) == []
    return count, str(caught.value)


@pytest.mark.parametrize("order", ORDERS)
def test_frame_and_interface(order: str) -> None:
    pairs = [(2, b"wpan0"), (3, "Funkgerät".encode()), (9, b"\x06"), (11, b"\0port 1"), (0, b"")]
    record = one(
        section(order, pairs=[(4, b"somebody"), (0, b"")]),
        interface(195, order, snap_length=300, pairs=pairs),
        enhanced(PSDU, order, ticks=SECOND * 10**6 + 5, original=77),
    )
    assert (record.number, record.time_ns) == (1, SECOND * 10**9 + 5000)
    assert (record.octets, record.original_length, record.comments) == (PSDU, 77, ())
    found = record.interface
    assert (found.link_type, found.number, found.snap_length) == (195, 0, 300)
    assert (found.name, found.description) == ("wpan0", "Funkgerät")
    assert (found.resolution, found.time_offset, found.fcs_length) == (10**6, 0, None)


def test_sections_change_byte_order_and_forget_interfaces() -> None:
    octets = [
        section("<") + interface(195, "<") + interface(230, "<"),
        enhanced(b"one", "<", number=1),
        section(">") + interface(283, ">"),
        enhanced(b"two", ">"),
        section("<") + interface(230, "<"),
        enhanced(b"three", "<"),
    ]
    records = records_of(*octets)
    assert [record.number for record in records] == [1, 2, 3]
    assert [record.octets for record in records] == [b"one", b"two", b"three"]
    assert [record.interface.link_type for record in records] == [230, 283, 230]
    assert [record.interface.number for record in records] == [1, 0, 0]
    count, said = damage(*octets, enhanced(b"four", number=1))
    assert count == 3
    assert "a frame of interface 1, which is not described" in said


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("resolution", "ticks", "time_ns"),
    [
        (0, 1_700_000_000, 1_700_000_000 * 10**9),
        (3, 1_700_000_000_123, 1_700_000_000_123 * 10**6),
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (12, 17_000_000_123_456_789_012, 17_000_000_123_456_789),  # 10^-12 s: cut to ns
        (0x80, 5, 5 * 10**9),
        (0x80 | 10, 1024 + 512, 1_500_000_000),
        (0x80 | 32, (7 << 32) + (1 << 31), 7_500_000_000),
        (0x80 | 127, 1, 0),
        (127, 1, 0),
    ],
)
def test_resolution_is_a_power_of_10_or_of_2(
    order: str, resolution: int, ticks: int, time_ns: int
) -> None:
    described = interface(195, order, pairs=[(9, bytes([resolution]))])
    record = one(section(order), described, enhanced(PSDU, order, ticks=ticks))
    assert record.time_ns == time_ns
    with_comment = enhanced(PSDU, order, ticks=ticks, pairs=[(1, b"!")])
    assert one(section(order), described, with_comment).time_ns == time_ns


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("offset", [0, 3600, SECOND, -5])
def test_time_offset_is_added(order: str, offset: int) -> None:
    described = interface(195, order, pairs=[(14, struct.pack(order + "q", offset))])
    record = one(section(order), described, enhanced(PSDU, order, ticks=2_500_000))
    assert record.time_ns == offset * 10**9 + 2_500_000_000
    assert record.interface.time_offset == offset


@pytest.mark.parametrize(
    ("told", "octets"), [(0, 0), (2, 2), (4, 4), (16, 2), (32, 4), (7, None), (255, None)]
)
def test_fcs_length_in_bits_or_octets(told: int, octets: int | None) -> None:
    record = one(section(), interface(pairs=[(13, bytes([told]))]), enhanced(PSDU))
    assert record.interface.fcs_length == octets


@pytest.mark.parametrize("order", ORDERS)
def test_comments_of_frames_are_kept(order: str) -> None:
    pairs = [(2, bytes(4)), (1, b"look"), (1, "größer\0".encode()), (1, b"\xff"), (0, b"")]
    described = section(order) + interface(195, order)
    record = one(described, enhanced(PSDU, order, pairs=pairs))
    assert record.comments == ("look", "größer", "�")
    assert record.octets == PSDU
    without_end = one(described, enhanced(PSDU + b"!", order, pairs=[(1, b"look")]))
    assert without_end.comments == ("look",)
    assert one(described, enhanced(b"", order, pairs=[(0, b"")])).comments == ()


@pytest.mark.parametrize("order", ORDERS)
def test_obsolete_packet_block(order: str) -> None:
    ticks = SECOND * 10**6
    head = struct.pack(order + "HHIIII", 1, 0xFFFF, ticks >> 32, ticks & 0xFFFFFFFF, 11, 20)
    body = head + PSDU + b"\0" + options([(1, b"old")], order)
    described = section(order) + interface(195, order) + interface(230, order)
    record = one(described, block(2, body, order))
    assert (record.octets, record.original_length) == (PSDU, 20)
    assert (record.time_ns, record.interface.number) == (SECOND * 10**9, 1)
    assert record.comments == ("old",)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("snap_length", "kept"), [(0, 11), (11, 11), (500, 11), (4, 4)])
def test_simple_packet_block(order: str, snap_length: int, kept: int) -> None:
    described = section(order) + interface(195, order, snap_length=snap_length)
    record = one(described, block(3, struct.pack(order + "I", 11) + PSDU[:kept], order))
    assert (record.octets, record.original_length) == (PSDU[:kept], 11)
    assert record.time_ns is None
    assert record.interface.frame_of(record).time_ns is None


@pytest.mark.parametrize("kind", [4, 5, 10, 0x0BAD, 0x40000BAD, 7, 0, 0x80000001])
@pytest.mark.parametrize("size", [0, 60, LONGEST_BLOCK + 1, 3_000_000])
def test_other_blocks_are_skipped(kind: int, size: int) -> None:
    records = records_of(BEGIN, enhanced(b"a"), block(kind, bytes(size)), enhanced(b"b"))
    assert [record.octets for record in records] == [b"a", b"b"]


@pytest.mark.parametrize("order", ORDERS)
def test_sections_of_another_version_are_skipped(order: str) -> None:
    foreign = section(order, major=2) + block(1, b"\xff" * 8, order)
    foreign += block(6, bytes(40), order) + block(6, bytes(28), order)
    records = records_of(BEGIN, enhanced(b"a"), foreign, BEGIN, enhanced(b"b"))
    assert [(record.number, record.octets) for record in records] == [(1, b"a"), (2, b"b")]


def test_interfaces_are_those_of_the_present_section() -> None:
    octets = BEGIN + enhanced(b"a") + section() + interface(230) + interface(283) + enhanced(b"b")
    records = open_records(io.BytesIO(octets))
    assert records.format == "pcapng"
    next(records)
    assert [interface.link_type for interface in records.interfaces] == [195]
    next(records)
    assert [interface.link_type for interface in records.interfaces] == [230, 283]


def changed(octets: bytes, at: int, new: bytes) -> bytes:
    return octets[:at] + new + octets[at + len(new) :]


WHOLE = enhanced(PSDU)
WRONG = {
    "a block of 4 octets is announced": changed(WHOLE, 4, struct.pack("<I", 4)),
    "a block of 45 octets is announced": changed(WHOLE, 4, struct.pack("<I", 45)),
    "a block of 4294967292 octets is announced": changed(WHOLE, 4, struct.pack("<I", 2**32 - 4)),
    "says at its end that it has 45": changed(WHOLE, len(WHOLE) - 4, struct.pack("<I", 45)),
    "a frame of 13 octets in a block of 44": changed(WHOLE, 20, struct.pack("<I", 13)),
    "a frame of 4294967295 octets": changed(WHOLE, 20, b"\xff" * 4),
    "a frame of interface 1, which is not described": changed(WHOLE, 8, b"\1"),
    "28 octets are no room for a frame": block(6, bytes(16)),
    "the file ends inside a block of 4294967292 octets": struct.pack("<II", 99, 2**32 - 4) + WHOLE,
    "a section without byte order": changed(section(), 8, b"\0\0\0\0"),
    "a frame of 99 octets in a block of 28": block(3, struct.pack("<I", 99) + PSDU),
    "Options": enhanced(PSDU, pairs=[(1, b"")])[:-4][:-4]
    + struct.pack("<HHI", 1, 9, len(WHOLE) + 4),
    "SectionHeader": block(0x0A0D0D0A, struct.pack("<I", 0x1A2B3C4D)),
    "InterfaceDescription": block(1, b""),
    "the file ends 11 octets into a block": WHOLE[:11],
    "the file ends 43 octets into a block": WHOLE[:-1],
}


@pytest.mark.parametrize(("reason", "octets"), WRONG.items())
def test_damage_is_told_with_its_place(reason: str, octets: bytes) -> None:
    before = BEGIN + enhanced(b"a") + enhanced(b"b", pairs=[(1, b"!")])
    count, said = damage(before, octets)
    assert count == 2
    assert f"octet {len(before)}: " in said
    assert reason in said


def test_simple_packet_needs_an_interface() -> None:
    count, said = damage(section(), block(3, struct.pack("<I", 11) + PSDU))
    assert count == 0
    assert "no interface is described" in said


def test_skipped_block_says_its_size_twice() -> None:
    skipped = changed(block(99, bytes(20)), 28, struct.pack("<I", 36))
    assert (
        "octet 48: a block of 32 octets says at its end that it has 36" in damage(BEGIN, skipped)[1]
    )


@pytest.mark.parametrize("pairs", [(), [(1, b"!")]])
def test_frames_are_of_at_most_256_kib(pairs: list[tuple[int, bytes]]) -> None:
    longest = enhanced(bytes(LONGEST_RECORD), pairs=pairs)
    assert len(one(BEGIN, longest).octets) == LONGEST_RECORD
    longer = enhanced(bytes(LONGEST_RECORD + 1), pairs=pairs)
    count, said = damage(BEGIN, enhanced(b"a"), longer)
    assert count == 1
    assert f"a frame of {LONGEST_RECORD + 1} octets" in said


def test_no_more_interfaces_than_memory_allows() -> None:
    pieces = chain([section()], repeat(interface(pairs=[(2, b"n" * 9000), (3, b"d" * 9000)])))
    tracemalloc.start()
    try:
        records = open_records(Pieces(pieces))
        with pytest.raises(CaptureError, match=f"more than {MOST_INTERFACES} interfaces in a sect"):
            next(records)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2048 * MOST_INTERFACES
    record = one(section(), interface(pairs=[(2, b"n" * 9000)]), enhanced(PSDU))
    assert record.interface.name == "n" * 256
