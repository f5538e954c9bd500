"""Frame control and PAN IDs by the tables of the standard: every number, every row."""

from collections.abc import Callable
from pathlib import Path
from struct import pack
from subprocess import run

import pytest

from lowpan.errors import MalformedFrame
from lowpan.wire.ieee802154 import (
    FRAME,
    FRAME_CONTROL,
    Frame,
    FrameControl,
    OpaqueFrame,
    decode_frame,
    encode_frame,
)
from lowpan.wire.multipurpose import Multipurpose

NONE, SHORT, EXTENDED = 0, 2, 3
PRESENT = (SHORT, EXTENDED)

PAN_IDS_VERSION_2 = [  # IEEE 802.15.4-2015 Table 7-2, in its order
    # destinations, sources, PAN ID compression -> destination PAN ID, source PAN ID
    ((NONE,), (NONE,), 0, False, False),
    ((NONE,), (NONE,), 1, True, False),
    (PRESENT, (NONE,), 0, True, False),
    (PRESENT, (NONE,), 1, False, False),
    ((NONE,), PRESENT, 0, False, True),
    ((NONE,), PRESENT, 1, False, False),
    ((EXTENDED,), (EXTENDED,), 0, True, False),
    ((EXTENDED,), (EXTENDED,), 1, False, False),
    ((SHORT,), (SHORT,), 0, True, True),
    ((SHORT,), (EXTENDED,), 0, True, True),
    ((EXTENDED,), (SHORT,), 0, True, True),
    ((SHORT,), (EXTENDED,), 1, True, False),
    ((EXTENDED,), (SHORT,), 1, True, False),
    ((SHORT,), (SHORT,), 1, True, False),
]

PAN_IDS_BEFORE = [  # versions 0 and 1; two addresses with compression, else none
    ((NONE,), (NONE,), 0, False, False),
    (PRESENT, (NONE,), 0, True, False),
    ((NONE,), PRESENT, 0, False, True),
    (PRESENT, PRESENT, 0, True, True),
    (PRESENT, PRESENT, 1, True, False),
]

PAN_IDS: dict[tuple[int, int, int, int], tuple[bool, bool]] = {
    (version, destination, source, compression): (destination_pan_id, source_pan_id)
    for versions, rows in (((0, 1), PAN_IDS_BEFORE), ((2,), PAN_IDS_VERSION_2))
    for version in versions
    for destinations, sources, compression, destination_pan_id, source_pan_id in rows
    for destination in destinations
    for source in sources
}
"""Version, destination and source addressing mode, compression: whether each PAN ID is there."""

SIZE = {NONE: 0, SHORT: 2, EXTENDED: 8}


def test_pan_id_table_is_whole() -> None:
    assert len(PAN_IDS) == 18 + 2 * 13


@pytest.mark.parametrize("key", PAN_IDS)
@pytest.mark.parametrize("frame_type", range(4))
def test_pan_ids(key: tuple[int, int, int, int], frame_type: int) -> None:
    version, to_mode, from_mode, compression = key
    has_to_pan, has_from_pan = PAN_IDS[key]
    number = frame_type | compression << 6 | to_mode << 10 | version << 12 | from_mode << 14
    octets, value = number.to_bytes(2, "little") + b"\x07", 0x10
    expected: list[int | bytes | None] = []
    for size, is_number in (
        (2 * has_to_pan, True),
        (SIZE[to_mode], False),
        (2 * has_from_pan, True),
        (SIZE[from_mode], False),
    ):
        part = bytes(range(value, value + size))
        value, octets = value + size, octets + part
        expected.append((int.from_bytes(part, "little") if is_number else part[::-1]) or None)
    frame = FRAME.decode(octets + b"rest")
    found = [frame.destination_pan_id, frame.destination, frame.source_pan_id, frame.source]
    assert found == expected
    assert (frame.sequence_number, frame.payload) == (7, b"rest")
    assert FRAME.encode(frame) == octets + b"rest"
    for cut in range(len(octets)):
        with pytest.raises(MalformedFrame):
            FRAME.decode(octets[:cut])


def control_of(number: int) -> FrameControl:
    """Return the frame control that these 16 bits say, by the table of the standard."""
    return FrameControl(
        frame_type=number & 7,
        security_enabled=bool(number & 0x0008),
        frame_pending=bool(number & 0x0010),
        acknowledgment_request=bool(number & 0x0020),
        pan_id_compression=bool(number & 0x0040),
        reserved=bool(number & 0x0080),
        sequence_number_suppression=bool(number & 0x0100),
        ie_present=bool(number & 0x0200),
        destination_addressing_mode=number >> 10 & 3,
        frame_version=number >> 12 & 3,
        source_addressing_mode=number >> 14,
    )


def test_every_frame_control_has_its_bits() -> None:
    for number in range(65536):
        octets = number.to_bytes(2, "little")
        control = FRAME_CONTROL.decode(octets)
        assert control == control_of(number)
        assert FRAME_CONTROL.encode(control) == octets


def is_refused(number: int) -> bool:
    """Tell whether any frame with this frame control, types 0..3, is malformed."""
    version, to_mode, from_mode = number >> 12 & 3, number >> 10 & 3, number >> 14
    return (version, to_mode, from_mode, number >> 6 & 1) not in PAN_IDS


def test_every_frame_control_decodes_or_is_malformed() -> None:
    rest = bytes.fromhex("7f") + bytes(60)
    for number in range(65536):
        octets = number.to_bytes(2, "little") + rest
        try:
            frame = decode_frame(octets)
        except MalformedFrame:
            cut_short = number & 0x3200 == 0x2200  # header IEs of zeros, if their count is odd
            assert number & 7 == 5 or (number & 4 == 0 and (is_refused(number) or cut_short))
        else:
            assert encode_frame(frame) == octets
            if isinstance(frame, Frame):
                assert not is_refused(number)
            else:
                assert isinstance(frame, Multipurpose if number & 7 == 5 else OpaqueFrame)


def test_every_frame_control_alone_decodes_or_is_malformed() -> None:
    for number in range(65536):
        octets = number.to_bytes(2, "little")
        try:
            frame = decode_frame(octets)
        except MalformedFrame:
            continue
        assert encode_frame(frame) == octets


# -- the same table as Wireshark has it

FIELDS = ("seq_no", "dst_pan", "dst16", "dst64", "src_pan", "src16", "src64")


def frame_of(key: tuple[int, int, int, int], frame_type: int, *, suppressed: bool) -> bytes:
    """Return a frame with every field that the tables name, counted up, and a payload."""
    version, to_mode, from_mode, compression = key
    number = frame_type | compression << 6 | to_mode << 10 | version << 12 | from_mode << 14
    number |= suppressed << 8
    size = (not suppressed) + 2 * sum(PAN_IDS[key]) + SIZE[to_mode] + SIZE[from_mode]
    return number.to_bytes(2, "little") + bytes(range(0x10, 0x10 + size)) + b"\x7f"


def as_told(line: str) -> tuple[int | bytes | None, ...]:
    """Return sequence number, PAN ID and destination, PAN ID and source of a line of tshark."""
    number, to_pan, to16, to64, by_pan, by16, by64 = line.split("\t")
    numbers = [int(text, 0) if text else None for text in (number, to_pan, by_pan)]
    to, by = (
        bytes.fromhex(text[2:] or wide.replace(":", "")) or None
        for text, wide in ((to16, to64), (by16, by64))
    )
    return (numbers[0], numbers[1], to, numbers[2], by)


def test_pan_ids_as_wireshark_reads_them(
    tmp_path: Path, require_peer: Callable[[str], str]
) -> None:
    frames = [
        frame_of(key, frame_type, suppressed=suppressed)
        for key in PAN_IDS
        for frame_type in range(4)
        for suppressed in ((False, True) if key[0] == 2 else (False,))
    ]
    capture = tmp_path / "frames.pcap"
    records = [pack("<4I", 0, 0, len(psdu), len(psdu)) + psdu for psdu in frames]
    head = pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 2047, 230)  # frames without FCS
    capture.write_bytes(head + b"".join(records))
    fields = [part for name in FIELDS for part in ("-e", f"wpan.{name}")]
    command = [require_peer("tshark"), "-r", str(capture), "-T", "fields", *fields]
    lines = run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(lines) == len(frames)
    for psdu, line in zip(frames, lines, strict=True):
        frame = FRAME.decode(psdu)
        assert as_told(line) == (
            frame.sequence_number,
            frame.destination_pan_id,
            frame.destination,
            frame.source_pan_id,
            frame.source,
        ), psdu.hex()
