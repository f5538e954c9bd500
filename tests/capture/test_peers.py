"""Wireshark's programs as witnesses: of what lowpan reads, and of what it writes."""

import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import IO, get_args

import pytest

from lowpan.capture.linktype import tap_of
from lowpan.capture.reader import open_records
from lowpan.capture.record import Interface, Record
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
    TapTlv,
    TimeslotLength,
)
from lowpan.capture.writer import Format, open_writer
from lowpan.radio import Fcs, ReceivedFrame
from tests.capture.octets import CAPTURES, FCS, PSDU, enhanced, interface, section

SAMPLE = CAPTURES / "openthread" / "i-attach-router.pcap"
TIME = 1_700_000_000_123_456_789

Run = Callable[..., str]
"""Runs a program of Wireshark's with arguments; returns its standard output."""


@pytest.fixture
def run(require_peer: Callable[[str], str]) -> Run:
    tshark = Path(require_peer("tshark"))  # its package brings the others

    def run_program(program: str, *arguments: object, given: bytes | None = None) -> str:
        command = [str(tshark.with_name(program)), *map(str, arguments)]
        done = subprocess.run(command, input=given, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    return run_program


def summary(path: Path) -> list[tuple[int | None, bytes, int]]:
    return [(r.time_ns, r.octets, r.original_length) for r in open_records(path)]


def fields(run: Run, path: Path, *names: str) -> list[tuple[str, ...]]:
    """Return what tshark prints for each frame."""
    wanted = [argument for name in names for argument in ("-e", name)]
    printed = run("tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=|", *wanted)
    return [tuple(line.split("|")) for line in printed.splitlines()]


# -- reading what they write


def test_counts_agree_with_capinfos(run: Run) -> None:
    paths = sorted(CAPTURES.rglob("*.pcap"))
    rows = run("capinfos", "-T", "-M", "-r", "-c", *paths).splitlines()
    counted = {name: int(count) for name, count in (row.split("\t") for row in rows)}
    assert counted == {str(path): sum(1 for _ in open_records(path)) for path in paths}


@pytest.mark.parametrize("name", ["vii-long-8nodes.pcap", "ix-spinel-rcp.pcap"])
def test_times_lengths_and_fcs_agree_with_tshark(run: Run, name: str) -> None:
    path = CAPTURES / "openthread" / name
    rows = fields(run, path, "frame.number", "frame.time_epoch", "frame.len", "wpan.fcs_ok")
    records = list(open_records(path))
    assert len(rows) == len(records)
    for (number, time, length, fcs_ok), record in zip(rows, records, strict=True):
        assert int(number) == record.number
        assert int(time.replace(".", "")) == record.time_ns
        assert int(length) == record.original_length
        if fcs_ok:  # tshark gives none for a frame whose middle it finds malformed
            assert record.interface.frame_of(record).fcs is FCS_STATES[fcs_ok]
    judged = [fcs_ok for *_, fcs_ok in rows if fcs_ok]
    assert len(judged) > 0.9 * len(rows)


FCS_STATES = {"1": Fcs.GOOD, "True": Fcs.GOOD, "0": Fcs.BAD, "False": Fcs.BAD}
"""How tshark prints wpan.fcs_ok, by version."""


@pytest.mark.parametrize("form", ["pcap", "nsecpcap", "modpcap", "pcapng"])
@pytest.mark.parametrize("snap_length", [0, 60, 11])
def test_every_form_that_editcap_writes(
    tmp_path: Path, run: Run, form: str, snap_length: int
) -> None:
    path = tmp_path / "file"
    cut = ["-s", snap_length] if snap_length else []
    run("editcap", "-F", form, *cut, SAMPLE, path)
    expected = [
        (time_ns, octets[: snap_length or None], length)
        for time_ns, octets, length in summary(SAMPLE)
    ]
    assert summary(path) == expected
    packed = tmp_path / "file.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert summary(packed) == expected
    assert run("capinfos", "-T", "-r", "-M", "-c", packed).split()[-1] == str(len(expected))


def test_comments_and_secrets_of_editcap(tmp_path: Path, run: Run) -> None:
    path, secrets = tmp_path / "file.pcapng", tmp_path / "secrets"
    secrets.write_text("CLIENT_RANDOM 00 11\n" * 50)
    comments = ["-a", "2:see here", "-a", "59:das größte Ende"]
    run("editcap", *comments, "--inject-secrets", f"tls,{secrets}", SAMPLE, path)
    assert summary(path) == summary(SAMPLE)
    found = {record.number: record.comments for record in open_records(path) if record.comments}
    assert found == {2: ("see here",), 59: ("das größte Ende",)}


def test_interfaces_of_mergecap(tmp_path: Path, run: Run) -> None:
    other, path = tmp_path / "other.pcapng", tmp_path / "merged.pcapng"
    run("text2pcap", "-l", "230", "-N", "radio 2", "-", other, given=dump(PSDU))
    run("mergecap", "-I", "none", "-a", "-w", path, SAMPLE, other)
    records = list(open_records(path))
    assert len(records) == 60
    assert [records[0].interface.link_type, records[-1].interface.link_type] == [195, 230]
    assert [records[0].interface.number, records[-1].interface.number] == [0, 1]
    assert records[-1].interface.name == "radio 2"
    assert records[-1].interface.frame_of(records[-1]).psdu == PSDU
    assert (records[0].interface.fcs_length, records[0].time_ns) == (None, summary(SAMPLE)[0][0])


def dump(octets: bytes) -> bytes:
    """Return a dump that text2pcap reads."""
    return f"0000 {octets.hex(' ')}\n".encode()


@pytest.mark.parametrize("form", ["pcap", "nsecpcap", "pcapng"])
@pytest.mark.parametrize(
    ("link_type", "octets"),
    [(195, PSDU + FCS), (230, PSDU), (283, bytes.fromhex("00000c000000010001000000") + PSDU + FCS)],
)
def test_link_types_of_text2pcap(
    tmp_path: Path, run: Run, form: str, link_type: int, octets: bytes
) -> None:
    path = tmp_path / "file"
    run("text2pcap", "-F", form, "-l", link_type, "-", path, given=dump(octets))
    (record,) = open_records(path)
    frame = record.interface.frame_of(record)
    assert (record.interface.link_type, record.octets) == (link_type, octets)
    assert (frame.psdu, frame.fcs) == (PSDU, Fcs.ABSENT if link_type == 230 else Fcs.GOOD)


def test_our_own_generator_is_read_by_tshark_as_by_us(tmp_path: Path, run: Run) -> None:
    """So that tests that trust the generator trust something."""
    path = tmp_path / "file.pcapng"
    for order in "<>":
        pairs = [(2, b"wpan0"), (9, b"\x8a"), (0, b"")]
        path.write_bytes(
            section(order)
            + interface(195, order, pairs=pairs)
            + enhanced(PSDU + FCS, order, ticks=1024 + 256, pairs=[(1, b"hello")])
        )
        (row,) = fields(
            run, path, "frame.time_epoch", "frame.comment", "frame.interface_name", "wpan.fcs_ok"
        )
        (record,) = open_records(path)
        assert row[:3] == ("1.250000000", "hello", "wpan0")
        assert FCS_STATES[row[3]] is Fcs.GOOD
        assert (record.time_ns, record.comments) == (1_250_000_000, ("hello",))


# -- what we write, read by them


def complaints(run: Run, path: Path) -> list[str]:
    """Return what tshark finds wrong or remarkable, comments apart."""
    return run("tshark", "-r", path, "-Y", "_ws.malformed || _ws.expert && !frame.comment").split()


def test_pcapng_with_tap(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "out.pcapng"
    frame = ReceivedFrame(PSDU, Fcs.GOOD, FCS, TIME, 15, 2, -41.5, 200)
    bare = ReceivedFrame(PSDU, Fcs.ABSENT, time_ns=TIME + 1)
    wpan0 = Interface(283, name="wpan0", description="a radio")
    with open_writer(path, interface=wpan0) as writer:
        writer.write(frame, ("hello", "größer"))
        writer.write(bare)
    rows = fields(
        run,
        path,
        *("frame.time_epoch", "frame.comment", "frame.interface_name"),
        *("frame.interface_description", "wpan-tap.fcs_type", "wpan-tap.ch_num"),
        *("wpan-tap.ch_page", "wpan-tap.rss", "wpan-tap.lqi", "wpan.fcs_ok"),
    )
    assert rows[0][:9] == (
        *("1700000000.123456789", "hello,größer", "wpan0", "a radio"),
        *("1", "15", "2", "-41.5", "200"),
    )
    assert FCS_STATES[rows[0][9]] is Fcs.GOOD
    bare_row = ("1700000000.123456790", "", "wpan0", "a radio", "0", "", "", "", "")
    assert rows[1][:9] == bare_row
    assert complaints(run, path) == []
    told = run("capinfos", "-M", path)
    assert "IEEE 802.15.4 Wireless with TAP pseudo-header" in told
    assert "nanoseconds (9)" in told


def test_every_tlv_of_the_tap_header(tmp_path: Path, run: Run) -> None:
    tap = Tap(
        (
            TapTlv(0, FcsType(1)),
            TapTlv(1, ReceivedSignalStrength(-80.25)),
            TapTlv(2, BitRate(250_000)),
            TapTlv(3, ChannelAssignment(25, 1)),
            TapTlv(4, SunPhy(7, 1, 2)),
            TapTlv(5, RadioTime(123_456_789_012)),
            TapTlv(6, RadioTime(123_456_789_999)),
            TapTlv(7, AbsoluteSlotNumber(2**40 + 1)),
            TapTlv(8, RadioTime(123_456_000_000)),
            TapTlv(9, TimeslotLength(10_000)),
            TapTlv(10, LinkQuality(77)),
            TapTlv(11, ChannelFrequency(2480000.0)),
            TapTlv(12, ChannelPlan(902200.0, 200.0, 129)),
            TapTlv(999, b"abcde"),
        )
    )
    octets = TAP.encode(tap) + PSDU + FCS
    path = tmp_path / "tlvs.pcapng"
    with open_writer(path) as writer:
        writer.copy(Record(1, TIME, octets, len(octets), Interface(283)))
    names = {
        "fcs_type": "1",
        "rss": "-80.25",
        "bit_rate": "250000",
        "ch_num": "25",
        "ch_page": "1",
        "sun_band": "7",
        "sun_type": "1",
        "sof_ts": "123456789012",
        "eof_ts": "123456789999",
        "asn": "1099511627777",
        "slot_start_ts": "123456000000",
        "timeslot_length": "10000",
        "lqi": "77",
        "ch_freq": "2480000",
        "chplan.start": "902200",
        "chplan.spacing": "200",
        "chplan.channels": "129",
        "tlv.unknown": "6162636465",
    }
    (row,) = fields(run, path, *(f"wpan-tap.{name}" for name in names))
    unknown = row[-1].replace(":", "")
    assert [float(value) for value in row[:-1]] == [float(value) for value in names.values()][:-1]
    assert unknown == names["tlv.unknown"]
    (record,) = open_records(path)
    assert tap_of(record) == tap


@pytest.mark.parametrize("link_type", [195, 230, 283])
@pytest.mark.parametrize("suffix", ["pcap", "pcapng"])
def test_each_link_type_is_read_back(tmp_path: Path, run: Run, link_type: int, suffix: str) -> None:
    path = tmp_path / f"out.{suffix}"
    with open_writer(path, interface=Interface(link_type)) as writer:
        for time_ns in (TIME, TIME + 1):
            writer.write(ReceivedFrame(PSDU, Fcs.GOOD, FCS, time_ns, 15))
    wanted = ("frame.time_epoch", "wpan.dst_pan", "wpan.seq_no", "wpan.fcs", "wpan.fcs_ok")
    rows = fields(run, path, *wanted)
    assert [row[0] for row in rows] == ["1700000000.123456789", "1700000000.123456790"]
    assert [row[1:3] for row in rows] == [("0xface", "1")] * 2
    assert [row[3] for row in rows] == ["" if link_type == 230 else "0xaf09"] * 2
    assert {FCS_STATES[row[4]] for row in rows} == {Fcs.GOOD}  # so tshark says also without FCS
    assert complaints(run, path) == []


@pytest.mark.parametrize("suffix", ["pcap", "pcapng"])
def test_copy_is_the_same_capture_to_tshark(tmp_path: Path, run: Run, suffix: str) -> None:
    path = tmp_path / f"copy.{suffix}"
    with open_writer(path) as writer:
        for record in open_records(SAMPLE):
            writer.copy(record)
    wanted = ("frame.time_epoch", "frame.len", "wpan.seq_no", "wpan.fcs", "wpan.src64")
    assert fields(run, path, *wanted) == fields(run, SAMPLE, *wanted)


@pytest.mark.parametrize("form", get_args(Format))
def test_live_pipe_into_tshark(require_peer: Callable[[str], str], form: Format) -> None:
    """What `lowpan ... -w - | wireshark -k -i -` does: each frame shows while the pipe is open."""
    command = [require_peer("tshark"), "-n", "-l", "-i", "-", "-T", "fields", "-e", "wpan.seq_no"]
    with (
        subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as tshark,
        open_writer(some(tshark.stdin), form=form, interface=Interface(283)) as writer,
    ):
        watchdog = Timer(60, tshark.kill)  # so that a silent tshark fails the test
        watchdog.daemon = True
        watchdog.start()
        for number in range(1, 4):
            psdu = PSDU[:2] + bytes([number]) + PSDU[3:]
            writer.write(ReceivedFrame(psdu, Fcs.ABSENT, time_ns=TIME + number))
            assert some(tshark.stdout).readline().split() == [b"%d" % number]
        some(tshark.stdin).close()
        assert tshark.wait(20) == 0
        watchdog.cancel()


def some(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def test_cut_by_editcap_is_cut_for_us(tmp_path: Path, run: Run) -> None:
    """Frames of which only a part was kept have no FCS to be judged."""
    path = tmp_path / "cut.pcapng"
    run("editcap", "-s", "20", SAMPLE, path)
    states = {record.interface.frame_of(record).fcs for record in open_records(path)}
    assert states == {Fcs.GOOD, Fcs.ABSENT}
