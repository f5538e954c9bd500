import io
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.pcapng import MOST_INTERFACES
from lowpan.capture.reader import open_records
from lowpan.capture.record import LONGEST_RECORD, Interface, Record
from lowpan.capture.writer import Format, open_writer
from lowpan.errors import CaptureError, FieldOutOfRange, MalformedFrame
from lowpan.radio import Fcs, ReceivedFrame
from tests.capture.octets import CAPTURES, FCS, PSDU, pipe

TIME = 1_700_000_000_123_456_789
FRAME = ReceivedFrame(PSDU, Fcs.GOOD, FCS, TIME, 15, 0, -41.5, 200)


def written(write: Callable[[Any], None], form: Format = "pcapng", **more: Any) -> bytes:
    file = io.BytesIO()
    with open_writer(file, form=form, **more) as writer:
        write(writer)
    return file.getvalue()


def read(octets: bytes) -> list[Record]:
    return list(open_records(io.BytesIO(octets)))


def test_pcapng_keeps_everything() -> None:
    wpan0 = Interface(283, name="wpan0", description="Gerät")
    (record,) = read(written(lambda w: w.write(FRAME, ("look", "größer")), interface=wpan0))
    assert record.interface.frame_of(record) == FRAME
    assert record.comments == ("look", "größer")
    assert record.interface.name == "wpan0"
    assert record.interface.description == "Gerät"
    assert record.interface.resolution == 10**9


@pytest.mark.parametrize("link_type", [195, 230, 283])
@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_each_link_type_in_each_format(form: Format, link_type: int) -> None:
    octets = written(lambda w: w.write(FRAME, ("!",)), form, interface=Interface(link_type))
    (record,) = read(octets)
    frame = record.interface.frame_of(record)
    assert record.interface.link_type == link_type
    assert (frame.psdu, frame.time_ns) == (PSDU, TIME)
    assert frame.fcs_octets == (b"" if link_type == 230 else FCS)
    assert frame.channel == (15 if link_type == 283 else None)
    assert record.comments == (("!",) if form == "pcapng" else ())
    assert record.original_length == len(record.octets)


@pytest.mark.parametrize("fcs_length", [None, 0, 2, 4])
@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_fcs_length_of_the_interface_is_kept(form: Format, fcs_length: int | None) -> None:
    frame = ReceivedFrame(PSDU, Fcs.GOOD)
    source = Interface(195, fcs_length=fcs_length)
    (record,) = read(written(lambda w: w.write(frame), form, interface=source))
    assert record.interface.fcs_length == fcs_length
    found = record.interface.frame_of(record)
    assert (found.psdu, len(found.fcs_octets)) == (PSDU, 2 if fcs_length is None else fcs_length)


def test_form_and_link_type_follow_from_the_name(tmp_path: Path) -> None:
    for name, form, link_type in [
        ("a.pcap", "pcap", 195),
        ("a.CAP", "pcap", 195),
        ("a.pcapng", "pcapng", 283),
        ("a", "pcapng", 283),
    ]:
        with open_writer(tmp_path / name) as writer:
            writer.write(FRAME)
        with open_records(str(tmp_path / name)) as records:
            assert records.format == form
            assert next(records).interface.link_type == link_type


TIMES = st.integers(0, 2**32 * 10**9 - 1)


@given(st.lists(st.tuples(st.binary(max_size=130), TIMES, st.text(max_size=5)), max_size=5))
def test_any_record_is_copied_as_it_is(rows: list[tuple[bytes, int, str]]) -> None:
    source = Interface(1, name="eth0")
    records = [
        Record(number, time_ns, octets, len(octets) + number, source, (comment,))
        for number, (octets, time_ns, comment) in enumerate(rows, 1)
    ]
    plain = Interface(1)

    def copy(writer: Any) -> None:
        for record in records:
            writer.copy(record)

    found = read(written(copy))
    assert [(r.number, r.time_ns, r.octets, r.original_length) for r in found] == [
        (r.number, r.time_ns, r.octets, r.original_length) for r in records
    ]
    for record, (_, _, comment) in zip(found, rows, strict=True):
        kept = comment.encode("utf-8", "replace").rstrip(b"\0").decode()
        assert record.comments == (kept,)
        assert record.interface.name == "eth0"
    found = read(written(copy, "pcap", interface=plain))
    assert [(r.time_ns, r.octets, r.original_length) for r in found] == [
        (r.time_ns, r.octets, r.original_length) for r in records
    ]


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_captures_are_copied_as_they_are(tmp_path: Path, form: Format) -> None:
    source = CAPTURES / "openthread" / "iii-ping-frag-mesh.pcap"
    with open_writer(tmp_path / "copy", form=form) as writer:
        for record in open_records(source):
            writer.copy(record)
    pairs = list(zip(open_records(source), open_records(tmp_path / "copy"), strict=True))
    assert len(pairs) == 1486
    for before, after in pairs:
        assert (before.time_ns, before.octets) == (after.time_ns, after.octets)


def test_pcap_of_another_link_type_takes_the_frame() -> None:
    tap = Interface(283)
    (record,) = read(written(lambda w: w.write(FRAME)))
    (copied,) = read(written(lambda w: w.copy(record), "pcap"))
    assert (copied.interface.link_type, copied.octets) == (195, PSDU + FCS)
    with pytest.raises(MalformedFrame):
        written(lambda w: w.copy(Record(1, 0, b"", 0, tap)), "pcap")


def test_interfaces_of_all_records_are_described_once() -> None:
    sources = [Interface(195, name="a"), Interface(230, name="b"), Interface(195, name="a")]

    def copy(writer: Any) -> None:
        for source in sources:
            writer.copy(Record(1, 0, PSDU, 11, source))

    found = read(written(copy))
    assert [record.interface.number for record in found] == [0, 1, 0]
    assert [record.interface.name for record in found] == ["a", "b", "a"]


def test_more_interfaces_than_a_section_may_have_begin_another_one() -> None:
    def copy(writer: Any) -> None:
        for number in range(MOST_INTERFACES + 2):
            writer.copy(Record(1, 0, PSDU, 11, Interface(195, name=f"wpan{number}")))

    names = [record.interface.name for record in read(written(copy))]
    assert names == [f"wpan{number}" for number in range(MOST_INTERFACES + 2)]


def test_frame_without_a_time_gets_1970() -> None:
    frame = ReceivedFrame(PSDU, Fcs.GOOD)
    for form in get_args(Format):
        assert [record.time_ns for record in read(written(lambda w: w.write(frame), form))] == [0]


@pytest.mark.parametrize(
    ("form", "time_ns"), [("pcap", 2**32 * 10**9), ("pcap", -1), ("pcapng", 2**64), ("pcapng", -1)]
)
def test_time_without_room_is_refused(form: Format, time_ns: int) -> None:
    with pytest.raises(FieldOutOfRange, match="no room for a time"):
        written(lambda w: w.write(ReceivedFrame(PSDU, Fcs.GOOD, FCS, time_ns)), form)


def test_what_is_refused_leaves_the_file_whole() -> None:
    def write(writer: Any) -> None:
        bad = [
            Record(1, 0, bytes(LONGEST_RECORD + 1), 11, Interface(195)),
            Record(1, 0, PSDU, 2**32, Interface(195)),
            Record(1, 0, PSDU, 11, Interface(195, name="new"), ("x" * 65536,)),
            Record(1, 0, PSDU, 11, Interface(195, name="x" * 65536)),
            Record(1, 0, PSDU, 11, Interface(1 << 16)),
        ]
        for record in bad:
            with pytest.raises(FieldOutOfRange):
                writer.copy(record)
        writer.copy(Record(1, 0, PSDU, 11, Interface(195, name="good")))

    (record,) = read(written(write))
    assert (record.interface.number, record.interface.name) == (0, "good")


def test_no_fcs_has_three_octets() -> None:
    with pytest.raises(FieldOutOfRange):
        Interface(195, fcs_length=3)


# -- where it is written to


def test_header_and_each_frame_go_into_a_pipe_at_once() -> None:
    source, target = pipe()
    with source, target, open_writer(target, interface=Interface(283)) as writer:
        records = open_records(source)
        for time_ns in range(3):
            writer.write(ReceivedFrame(PSDU, Fcs.GOOD, FCS, time_ns))
            assert next(records).time_ns == time_ns


def test_file_of_the_caller_stays_open() -> None:
    file = io.BytesIO()
    with open_writer(file) as writer:
        writer.write(FRAME)
    assert not file.closed


def test_regular_file_is_written_in_blocks_or_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    with open_writer(path) as writer:
        assert path.stat().st_size == 24
        writer.write(FRAME)
        assert path.stat().st_size == 24
        writer.flush()
        assert path.stat().st_size == 24 + 16 + 13
    with open_writer(path, flush_each=True) as writer:
        writer.write(FRAME)
        assert path.stat().st_size == 24 + 16 + 13


def test_closed_pipe_raises_broken_pipe_once() -> None:
    source, target = pipe()
    source.close()
    with target, pytest.raises(BrokenPipeError):
        open_writer(target)
    source, target = pipe()
    with target:
        writer = open_writer(target)
        source.close()
        with pytest.raises(BrokenPipeError):
            writer.write(FRAME)
        writer.close()


def test_full_disk_is_told(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with pytest.raises(CaptureError, match="/dev/full: cannot be written: No space left"):
        open_writer("/dev/full")
    with pytest.raises(CaptureError, match="No such file or directory"):
        open_writer(tmp_path / "none" / "a.pcap")


def test_partial_writes_are_finished() -> None:
    class Slow(io.BytesIO):
        def write(self, octets: Any, /) -> int:
            return super().write(octets[:3])

    file = Slow()
    with open_writer(file, form="pcap") as writer:
        writer.write(FRAME)
    assert [record.octets for record in read(file.getvalue())] == [PSDU + FCS]


def test_full_non_blocking_pipe_is_an_error() -> None:
    class Full:
        def write(self, _: memoryview, /) -> int | None:
            return None

    with pytest.raises(CaptureError, match="non-blocking"):
        open_writer(Full())


def test_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer))
    with open_writer("-", form="pcap") as writer:
        writer.write(FRAME)
    assert not sys.stdout.closed
    octets = buffer.getvalue()
    assert octets[:4] == struct.pack("<I", 0xA1B23C4D)
    assert [record.octets for record in read(octets)] == [PSDU + FCS]
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(CaptureError, match="no standard output"):
        open_writer("-")
