import gc
import gzip
import io
import sys
import tracemalloc
import warnings
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path

import pytest

from lowpan.capture.reader import Records, open_records
from lowpan.errors import CaptureError
from tests.capture.octets import (
    CAPTURES,
    PSDU,
    Pieces,
    enhanced,
    interface,
    pcap_header,
    pcap_record,
    pipe,
    section,
)


def gzipped(octets: bytes) -> bytes:
    """Return `octets` compressed, the same ones every time: they stand in names of tests."""
    return gzip.compress(octets, mtime=0)


PCAP = pcap_header() + pcap_record(b"one") + pcap_record(b"two")
PCAPNG = section() + interface() + enhanced(b"one") + enhanced(b"two")


def payloads(records: Records) -> list[bytes]:
    return [record.octets for record in records]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("octets", "form"), [(PCAP, "pcap"), (PCAPNG, "pcapng")])
def test_path_file_and_pipe(tmp_path: Path, octets: bytes, form: str, *, packed: bool) -> None:
    content = gzip.compress(octets) if packed else octets
    path = tmp_path / "capture"
    path.write_bytes(content)
    for source in (path, str(path), io.BytesIO(content), Pieces(bytes([o]) for o in content)):
        records = open_records(source)
        assert records.format == form
        assert payloads(records) == [b"one", b"two"]
        assert records.position == len(content)
        assert records.name == ("capture" if isinstance(source, io.BytesIO | Pieces) else str(path))
        assert records.size == (None if isinstance(source, io.BytesIO | Pieces) else len(content))
        assert list(records) == []


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PCAP)))
    records = open_records("-")
    assert records.name == "-"
    assert payloads(records) == [b"one", b"two"]
    assert not sys.stdin.closed


def test_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CaptureError, match="no standard input"):
        open_records("-")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("octets", [PCAP, PCAPNG])
def test_pipe_delivers_each_frame_as_soon_as_it_is_there(octets: bytes, *, packed: bool) -> None:
    source, target = pipe()
    with source, target:
        head = octets[:-5]  # ends inside the second frame
        if packed:
            target.write(gzip.compress(head)[:-8])  # and nothing of the checksum
        else:
            target.write(head)
        records = open_records(source)
        assert next(records).octets == b"one"
        if not packed:
            target.write(octets[len(head) :])
            assert next(records).octets == b"two"


def left_open(path: Path, *, read: bool) -> bool:
    """Tell whether a file is still open when its records are thrown away."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        records = open_records(path)
        if read:
            with suppress(CaptureError):
                list(records)
        del records
        gc.collect()
    return caught != []


@pytest.mark.parametrize(
    "octets",
    [PCAP, PCAP[:-1], PCAPNG, PCAPNG[:-1], gzipped(PCAP), gzipped(PCAPNG)[:-3]],
)
def test_file_is_closed_after_its_last_record(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "capture"
    path.write_bytes(octets)
    assert left_open(path, read=False)
    assert not left_open(path, read=True)


def test_with_closes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(PCAP)
    with open_records(path) as records:
        next(records)
    assert list(records) == []


def test_file_of_the_caller_stays_open() -> None:
    file = io.BytesIO(PCAP)
    with open_records(file) as records:
        assert payloads(records) == [b"one", b"two"]
    assert not file.closed
    with pytest.raises(CaptureError):
        open_records(io.BytesIO(b"what"))


NO_CAPTURES = {
    b"": "the file is empty",
    b"\n\r": "neither pcap nor pcapng: it begins with 0a 0d",
    b"#!/bin/sh": "neither pcap nor pcapng: it begins with 23 21 2f 62",
    b"\x28\xb5\x2f\xfd....": "compressed by Zstandard",
    b"BZh91AY": "compressed by bzip2",
    gzipped(b""): "the file is empty",
    gzipped(b"hello"): "neither pcap nor pcapng",
    b"\x1f\x8b": "the compressed file ends early",
    b"\x1f\x8bxxxxxxxxx": "compressed data is damaged",
    pcap_header()[:23]: "octet 23: the file ends inside the pcap header",
    gzipped(pcap_header()[:23]): "octet 23 of the uncompressed data: the file ends inside",
}


@pytest.mark.parametrize(("octets", "reason"), NO_CAPTURES.items())
def test_what_is_no_capture_is_refused_at_once(tmp_path: Path, octets: bytes, reason: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(octets)
    with pytest.raises(CaptureError) as caught:
        open_records(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize("octets", [section()[:-1], section()[:20], section()[:4]])
def test_cut_in_the_first_section(octets: bytes) -> None:
    records = open_records(io.BytesIO(octets))
    with pytest.raises(CaptureError, match=f"the file ends {len(octets)} octets into a block"):
        next(records)
    assert list(records) == []


def test_no_file(tmp_path: Path) -> None:
    for path, reason in [
        (tmp_path / "none.pcap", "No such file or directory"),
        (tmp_path, "Is a directory"),
        ("a\0b", "null"),
    ]:
        with pytest.raises(CaptureError, match=reason):
            open_records(path)


def test_read_error_comes_after_the_records_before_it() -> None:
    class Failing(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            octets = super().read1(size)
            if not octets:
                raise OSError(5, "Input/output error")
            return octets

    records = open_records(Failing(PCAP))
    assert [next(records).octets, next(records).octets] == [b"one", b"two"]
    with pytest.raises(CaptureError, match=r"cannot be read on: .*Input/output error"):
        next(records)


def test_non_blocking_file_is_refused() -> None:
    class Empty:
        def read(self, _: int, /) -> bytes | None:
            return None

    with pytest.raises(CaptureError, match="non-blocking"):
        open_records(Empty())


FRAME = pcap_record(PSDU) * 1000
BLOCK = enhanced(PSDU) * 1000
COMMENT = enhanced(PSDU, pairs=[(1, b"x" * 50)]) * 100


@pytest.mark.parametrize(
    ("head", "piece"), [(pcap_header(), FRAME), (section() + interface(), BLOCK + COMMENT)]
)
def test_memory_is_flat(head: bytes, piece: bytes) -> None:
    times = 3_000_000 // len(piece)
    tracemalloc.start()
    try:
        for _ in open_records(Pieces(chain([head], repeat(piece, times)))):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 500_000


def test_captures_in_the_tree_are_read_to_the_end() -> None:
    paths = sorted(CAPTURES.rglob("*.pcap"))
    assert len(paths) > 40
    for path in paths:
        assert [record.number for record in open_records(path)][-1:] != []
