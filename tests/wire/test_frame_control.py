"""Frame control and PAN IDs by the tables of the standard: every number, every row."""

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
