import io
import struct

import pytest

from lowpan.capture.reader import open_records
from lowpan.capture.record import LONGEST_RECORD, Record
from lowpan.errors import CaptureError
from lowpan.radio import Fcs
from tests.capture.octets import FCS, ORDERS, PSDU, SECOND, pcap_header, pcap_record


def records_of(octets: bytes) -> list[Record]:
    return list(open_records(io.BytesIO(octets)))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("magic", "nanoseconds"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_both_resolutions_in_both_byte_orders(order: str, magic: int, nanoseconds: int) -> None:
    octets = pcap_header(order, magic=magic) + pcap_record(PSDU + FCS, order, fraction=123456)
    octets += pcap_record(b"", order, fraction=7, length=40)
    first, second = records_of(octets)
    assert (first.number, first.time_ns) == (1, SECOND * 10**9 + 123456 * nanoseconds)
    assert (first.octets, first.original_length) == (PSDU + FCS, 13)
    assert (second.number, second.time_ns) == (2, SECOND * 10**9 + 7 * nanoseconds)
    assert (second.octets, second.original_length) == (b"", 40)
    assert first.interface is second.interface
    assert first.interface.link_type == 195
    assert first.interface.snap_length == 65535
    assert first.interface.resolution == 10**9 // nanoseconds
    assert first.comments == ()


@pytest.mark.parametrize("order", ORDERS)
def test_modified_pcap_has_8_octets_more_a_record(order: str) -> None:
    record = pcap_record(PSDU, order)
    record = record[:16] + struct.pack(order + "IHBB", 3, 246, 4, 0) + record[16:]
    octets = pcap_header(order, magic=0xA1B2CD34) + record + record
    assert [record.octets for record in records_of(octets)] == [PSDU, PSDU]


@pytest.mark.parametrize(
    ("bits", "fcs_length"),
    [
        (0, None),
        (1 << 28, None),
        (1 << 26, 0),
        (1 << 28 | 1 << 26, 2),
        (2 << 28 | 1 << 26, 4),
        (15 << 28 | 1 << 26, None),
    ],
)
def test_upper_bits_of_the_link_type_give_the_fcs_length(bits: int, fcs_length: int | None) -> None:
    (record,) = records_of(pcap_header(link_type=195 | bits) + pcap_record(PSDU + FCS))
    assert record.interface.link_type == 195
    assert record.interface.fcs_length == fcs_length


def test_fcs_length_decides_what_is_taken_off() -> None:
    for words, psdu in enumerate([PSDU + FCS, PSDU, PSDU[:-2]]):
        octets = pcap_header(link_type=195 | words << 28 | 1 << 26) + pcap_record(PSDU + FCS)
        (record,) = records_of(octets)
        frame = record.interface.frame_of(record)
        assert frame.psdu == psdu
        assert frame.fcs is [Fcs.ABSENT, Fcs.GOOD, Fcs.BAD][words]


def test_cut_file_gives_the_records_before_the_cut() -> None:
    whole = pcap_header() + 3 * pcap_record(PSDU)
    records = open_records(io.BytesIO(whole[:-1]))
    assert next(records).number == 1
    assert next(records).number == 2
    place = f"octet {24 + 2 * 27}: the file ends 26 octets into record 3"
    with pytest.raises(CaptureError, match=place):
        next(records)
    assert list(records) == []


@pytest.mark.parametrize("length", [LONGEST_RECORD + 1, 0xFFFFFFFF])
def test_length_beyond_reason_is_damage(length: int) -> None:
    bad = struct.pack("<IIII", SECOND, 0, length, length)
    records = open_records(io.BytesIO(pcap_header() + pcap_record(PSDU) + bad + bytes(100)))
    assert next(records).octets == PSDU
    with pytest.raises(CaptureError, match=f"octet 51: record 2 announces {length} octets"):
        next(records)


def test_longest_record_passes() -> None:
    octets = pcap_header() + pcap_record(bytes(LONGEST_RECORD)) + pcap_record(PSDU)
    assert [len(record.octets) for record in records_of(octets)] == [LONGEST_RECORD, len(PSDU)]


def test_captured_beyond_original_length_is_taken_as_it_is() -> None:
    (record,) = records_of(pcap_header() + pcap_record(PSDU + FCS, length=5))
    assert (record.octets, record.original_length) == (PSDU + FCS, 5)
    assert record.interface.frame_of(record).fcs is Fcs.GOOD


def test_only_version_2_is_read() -> None:
    with pytest.raises(CaptureError, match=r"octet 4: pcap version 3\.4 is not read, only 2"):
        records_of(pcap_header(version=3))


def test_header_alone_is_an_empty_capture() -> None:
    records = open_records(io.BytesIO(pcap_header()))
    assert records.format == "pcap"
    assert [interface.link_type for interface in records.interfaces] == [195]
    assert list(records) == []
