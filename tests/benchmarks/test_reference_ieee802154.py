"""The yardstick measures the same work: it says what FRAME says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.ieee802154 import FRAME, Frame, FrameControl
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.benchmarks.reference_ieee802154 import decode_frame_by_hand, encode_frame_by_hand
from tests.wire.mac_samples import all_samples, bent, capture_paths, captured, frames, printed


def check_agreement(octets: bytes) -> None:
    try:
        by_hand: Any = decode_frame_by_hand(octets)
    except MalformedFrame:
        by_hand = MalformedFrame
    try:
        frame: Any = FRAME.decode(octets)
    except MalformedFrame:
        frame = MalformedFrame
    assert by_hand == frame, octets.hex()
    if isinstance(frame, Frame):
        assert encode_frame_by_hand(by_hand) == octets
        assert encode_frame_by_hand(frame) == octets


@pytest.mark.parametrize("path", capture_paths(), ids=lambda path: path.stem)
def test_captured_frames(path: Path) -> None:
    for octets in captured(path):
        check_agreement(octets[:-2])


def test_every_prefix() -> None:
    for sample in all_samples():
        for cut in range(len(sample) + 1):
            check_agreement(sample[:cut])


def test_every_frame_control() -> None:
    for number in range(65536):
        check_agreement(number.to_bytes(2, "little") + bytes(range(1, 40)))


@pytest.mark.parametrize("first", range(256))
def test_every_security_control(first: int) -> None:
    for size in (0, 1, 5, 9, 13, 30):
        check_agreement(bytes.fromhex("091007") + bytes([first]) + bytes(range(size)))


@given(bent(all_samples()))
def test_bent_frames(octets: bytes) -> None:
    check_agreement(octets)


@given(st.integers(0, 0xFFFF), st.binary(max_size=30))
def test_header_ies(head: int, rest: bytes) -> None:
    check_agreement(bytes.fromhex("012207") + head.to_bytes(2, "little") + rest)


@given(frames())
def test_any_value(frame: Frame) -> None:
    octets = encode_frame_by_hand(frame)
    assert octets == FRAME.encode(frame)
    assert decode_frame_by_hand(octets) == frame


SECURED = FRAME.decode(printed("data 2015, short addresses"))
BEACON = FRAME.decode(printed("Annex C.2.1 beacon, MIC-64"))
SECURITY = AuxiliarySecurityHeader(SecurityControl(5, 2), 1, bytes(4), 1)


@pytest.mark.parametrize("frame", [SECURED, BEACON], ids=["usual", "unusual"])
@pytest.mark.parametrize(
    "change",
    [
        {"sequence_number": None},
        {"sequence_number": 256},
        {"destination_pan_id": 65536},
        {"destination": bytes(3)},
        {"source_pan_id": 65536},
        {"source": None},
        {"source": bytes(5)},
        {"security": None},
        {"security": replace(SECURITY, key_source=None)},
        {"security": replace(SECURITY, key_index=None)},
        {"security": replace(SECURITY, frame_counter=1 << 32)},
        {"security": replace(SECURITY, control=SecurityControl(5, 4))},
        {"header_ies": (1,)},
        {"mic": bytes(5)},
        {"payload": None},
        {"control": None},
        {"control": FrameControl(5)},
        {"control": FrameControl(1, frame_version=4)},
    ],
    ids=str,
)
def test_value_that_does_not_fit_is_refused(frame: Frame, change: dict[str, Any]) -> None:
    changed = replace(frame, **change)
    with pytest.raises(FieldOutOfRange):
        FRAME.encode(changed)
    with pytest.raises(FieldOutOfRange):
        encode_frame_by_hand(changed)


def test_addresses_in_each_others_place_are_refused() -> None:
    frame = Frame(
        FrameControl(1, destination_addressing_mode=2, source_addressing_mode=3),
        1,
        2,
        bytes(8),
        3,
        bytes(2),
    )
    with pytest.raises(FieldOutOfRange):
        encode_frame_by_hand(frame)
