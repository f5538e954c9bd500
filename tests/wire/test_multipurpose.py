"""Multipurpose frames: OpenThread's wake-up frames, every control, the two properties."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.header_ies import ElementId, HeaderIe, RendezvousTime, VendorSpecific
from lowpan.wire.ieee802154 import decode_frame, encode_frame
from lowpan.wire.information_elements import PrivatePayload, terminated
from lowpan.wire.multipurpose import (
    MULTIPURPOSE,
    Multipurpose,
    MultipurposeControl,
    MultipurposeLongControl,
)
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.wire.mac_samples import (
    MODES,
    SIZE,
    bent,
    check_same_octets_or_malformed,
    header_ies,
    octets,
    printed,
    security_headers,
)

WAKE_UP = Multipurpose(
    MultipurposeControl(
        long_frame_control=True, destination_addressing_mode=3, source_addressing_mode=3
    ),
    MultipurposeLongControl(
        pan_id_present=True,
        security_enabled=True,
        sequence_number_suppression=True,
        ie_present=True,
    ),
    destination_pan_id=0xFACE,
    destination=bytes.fromhex("f0e1d2c3b4a59687"),
    source=bytes.fromhex("0102030405060708"),
    security=AuxiliarySecurityHeader(
        SecurityControl(5, 2), 0xFCFCFCFC, bytes.fromhex("0000001c"), 0x1D
    ),
    header_ies=(
        HeaderIe(ElementId.RENDEZVOUS_TIME, RendezvousTime(0xABCD)),
        HeaderIe(
            ElementId.VENDOR_SPECIFIC,
            VendorSpecific(bytes.fromhex("eab89b"), bytes.fromhex("011c")),
        ),
    ),
    mic=bytes(4),
)

SHORT = Multipurpose(
    MultipurposeControl(destination_addressing_mode=2, source_addressing_mode=3),
    sequence_number=7,
    destination=bytes.fromhex("1234"),
    source=bytes.fromhex("0102030405060708"),
    payload=b"hello",
)


def test_wake_up_frame() -> None:
    assert decode_frame(printed("wake-up frame, destination")) == WAKE_UP
    assert encode_frame(WAKE_UP) == printed("wake-up frame, destination")


def test_wake_up_frame_with_identifier() -> None:
    frame = decode_frame(printed("wake-up frame, wake-up identifier"))
    connection = VendorSpecific(bytes.fromhex("eab89b"), bytes.fromhex("011c2010"))
    assert isinstance(frame, Multipurpose)
    assert (frame.destination, frame.header_ies[1].content) == (None, connection)
    assert encode_frame(frame) == printed("wake-up frame, wake-up identifier")


def test_short_control() -> None:
    expected = "e50734120807060504030201" + b"hello".hex()
    assert encode_frame(SHORT).hex() == expected
    assert decode_frame(bytes.fromhex(expected)) == SHORT


def parts_present(number: int) -> list[int]:
    """Return the octets of number, PAN ID, destination, source and security header."""
    long = number >> 3 & 1
    upper = number >> 8 if long else 0
    return [
        0 if upper & 4 else 1,
        2 if upper & 1 else 0,
        SIZE[number >> 4 & 3],
        SIZE[number >> 6 & 3],
        5 if upper & 2 else 0,
    ]


def is_refused(number: int) -> bool:
    modes = {number >> 4 & 3, number >> 6 & 3}
    return 1 in modes or bool(number & 8 and number >> 12 & 3)


def test_every_control_decodes_or_is_refused() -> None:
    for upper in range(256):
        for lower in range(5, 256, 8):
            number = upper << 8 | lower
            if not number & 8 and upper:
                continue  # one octet of control
            control = number.to_bytes(2 if number & 8 else 1, "little")
            if is_refused(number):
                with pytest.raises(MalformedFrame):
                    MULTIPURPOSE.decode(control + bytes(40))
                continue
            head = control + bytes(sum(parts_present(number)))
            frame = MULTIPURPOSE.decode(head)
            assert (frame.payload, frame.mic, frame.header_ies) == (b"", b"", ())
            assert MULTIPURPOSE.encode(frame) == head
            with pytest.raises(MalformedFrame):
                MULTIPURPOSE.decode(head[:-1])


@pytest.mark.parametrize("octets", ["", "0d", "0d30", "15ff", "45ff", "01", "05"])
def test_malformed(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        MULTIPURPOSE.decode(bytes.fromhex(octets))


@given(st.integers(0, 255), st.binary(max_size=40))
def test_any_octets_decode_or_are_malformed(first: int, rest: bytes) -> None:
    check_same_octets_or_malformed(MULTIPURPOSE, bytes([first & 0xF8 | 5]) + rest)


@given(bent([printed("wake-up frame, destination"), encode_frame(SHORT)]))
def test_bent_frames_decode_or_are_malformed(octets: bytes) -> None:
    check_same_octets_or_malformed(MULTIPURPOSE, octets)


@st.composite
def frames(draw: st.DrawFn) -> Multipurpose:
    to_mode, from_mode = draw(st.sampled_from(MODES)), draw(st.sampled_from(MODES))
    control = MultipurposeControl(5, draw(st.booleans()), to_mode, from_mode)
    bit = st.booleans()
    more = MultipurposeLongControl(
        pan_id_present=draw(bit),
        security_enabled=draw(bit),
        sequence_number_suppression=draw(bit),
        frame_pending=draw(bit),
        acknowledgment_request=draw(bit),
        ie_present=draw(bit),
    )
    if not control.long_frame_control:
        more = MultipurposeLongControl()
    frame = Multipurpose(
        control,
        more if control.long_frame_control else None,
        None if more.sequence_number_suppression else draw(st.integers(0, 255)),
        draw(st.integers(0, 0xFFFF)) if more.pan_id_present else None,
        draw(octets(SIZE[to_mode])) if to_mode else None,
        draw(octets(SIZE[from_mode])) if from_mode else None,
        payload=draw(st.binary(max_size=30)),
    )
    if more.security_enabled:
        frame.security = draw(security_headers())
        frame.mic = draw(octets((0, 4, 8, 16)[frame.security.control.security_level & 3]))
    if more.ie_present:
        ies = draw(st.lists(header_ies(), min_size=1, max_size=3).map(tuple))
        frame.header_ies, _ = terminated(ies, PrivatePayload((), frame.payload))
    return frame


@given(frames())
def test_any_value_encodes_and_decodes_to_itself(frame: Multipurpose) -> None:
    assert decode_frame(encode_frame(frame)) == frame


@pytest.mark.parametrize(
    "change",
    [
        {"long_control": None},
        {"long_control": MultipurposeLongControl(frame_version=1)},
        {"sequence_number": 1},
        {"destination_pan_id": None},
        {"destination": bytes(2)},
        {"source": None},
        {"security": None},
        {"mic": bytes(8)},
        {"control": MultipurposeControl(4, True, 3, 3)},
        {"control": MultipurposeControl(5, False, 3, 3)},
        {"control": MultipurposeControl(5, True, 1, 3)},
    ],
    ids=str,
)
def test_value_that_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(FieldOutOfRange):
        MULTIPURPOSE.encode(replace(WAKE_UP, **change))
