"""MAC frames: vectors, the whole PAN ID table, every frame control, the two properties."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.header_ies import Csl, ElementId, HeaderIe, TimeCorrection
from lowpan.wire.ieee802154 import (
    FRAME,
    OPAQUE_FRAME,
    SECURED_PAYLOAD_2003,
    Frame,
    FrameControl,
    FrameType,
    OpaqueControl,
    OpaqueFrame,
    SecuredPayload2003,
    decode_frame,
    encode_frame,
)
from lowpan.wire.information_elements import split_payload
from lowpan.wire.payload_ies import GroupId, Mlme
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.wire.mac_samples import (
    all_samples,
    bent,
    capture_paths,
    captured,
    check_same_octets_or_malformed,
    frames,
    printed,
    standard_vectors,
)


def address(text: str) -> bytes:
    return bytes.fromhex(text)


FRAMES = {
    "Annex C.2.1 beacon, MIC-64": Frame(
        FrameControl(0, security_enabled=True, frame_version=1, source_addressing_mode=3),
        sequence_number=0x84,
        source_pan_id=0x4321,
        source=address("acde480000000001"),
        security=AuxiliarySecurityHeader(SecurityControl(2, 0), 5),
        payload=bytes.fromhex("55cf000051525354"),
        mic=bytes.fromhex("223bc1ec841ab553"),
    ),
    "Annex C.2.2 data, ENC": Frame(
        FrameControl(
            1,
            security_enabled=True,
            acknowledgment_request=True,
            pan_id_compression=True,
            destination_addressing_mode=3,
            frame_version=1,
            source_addressing_mode=3,
        ),
        sequence_number=0x84,
        destination_pan_id=0x4321,
        destination=address("acde480000000002"),
        source=address("acde480000000001"),
        security=AuxiliarySecurityHeader(SecurityControl(4, 0), 5),
        payload=bytes.fromhex("d43e022b"),
    ),
    "Annex C.2.3 command, ENC-MIC-64": Frame(
        FrameControl(
            3,
            security_enabled=True,
            acknowledgment_request=True,
            destination_addressing_mode=3,
            frame_version=1,
            source_addressing_mode=3,
        ),
        sequence_number=0x84,
        destination_pan_id=0x4321,
        destination=address("acde480000000002"),
        source_pan_id=0xFFFF,
        source=address("acde480000000001"),
        security=AuxiliarySecurityHeader(SecurityControl(6, 0), 5),
        payload=bytes.fromhex("01d8"),
        mic=bytes.fromhex("4fde529061f9c6f1"),
    ),
    "data 2015, short addresses": Frame(
        FrameControl(
            1,
            security_enabled=True,
            acknowledgment_request=True,
            pan_id_compression=True,
            destination_addressing_mode=2,
            frame_version=2,
            source_addressing_mode=2,
        ),
        sequence_number=0x8E,
        destination_pan_id=0xFACE,
        destination=address("2402"),
        source=address("2400"),
        security=AuxiliarySecurityHeader(SecurityControl(5, 1), 2, None, 1),
        payload=bytes.fromhex("6b64600855b81018c7402efbf3da"),
        mic=bytes.fromhex("f94e5870"),
    ),
    "data request 2015, CSL": Frame(
        FrameControl(
            3,
            security_enabled=True,
            acknowledgment_request=True,
            pan_id_compression=True,
            ie_present=True,
            destination_addressing_mode=2,
            frame_version=2,
            source_addressing_mode=2,
        ),
        sequence_number=0x8D,
        destination_pan_id=0xFACE,
        destination=address("6800"),
        source=address("6801"),
        security=AuxiliarySecurityHeader(SecurityControl(5, 1), 8, None, 1),
        header_ies=(
            HeaderIe(ElementId.CSL, Csl(0x0BED, 0x0C35)),
            HeaderIe(ElementId.HEADER_TERMINATION_2),
        ),
        payload=b"\x72",
        mic=bytes.fromhex("4b8889d6"),
    ),
    "immediate acknowledgment": Frame(FrameControl(2, frame_version=1), sequence_number=0x5E),
    "beacon of OpenThread without content": Frame(
        FrameControl(0, source_addressing_mode=3),
        sequence_number=1,
        source_pan_id=0xFACE,
        source=address("aabbcc0000000001"),
    ),
}


@pytest.mark.parametrize(("name", "frame"), FRAMES.items())
def test_printed_frame(name: str, frame: Frame) -> None:
    assert decode_frame(printed(name)) == frame
    assert encode_frame(frame) == printed(name)


def test_enhanced_beacon_of_the_6tisch_examples() -> None:
    vectors = [vector for vector in standard_vectors() if vector["what"] == "tsch_eb"]
    assert len(vectors) == 3
    for vector in vectors:
        frame = decode_frame(vector["psdu"])
        assert isinstance(frame, Frame)
        assert frame.control.frame_type == FrameType.BEACON
        assert frame.control.frame_version == 2
        assert frame.destination == b"\xff\xff"
        private = split_payload(frame.header_ies, frame.payload)
        (mlme,) = private.payload_ies
        assert isinstance(mlme.content, Mlme)
        content = {ie.sub_id: ie.content for ie in mlme.content.nested_ies}
        expected = vector["expect"]
        assert int.from_bytes(content[0x1A][:5], "little") == expected["asn"]
        assert content[0x1A][5] == expected["join_metric"]
        assert content[0x1C].hex() == expected.get("timeslot_ie_hex", "01eb01")
        assert content[0x09] == b"\x00"
        if "seq" in expected:
            assert frame.sequence_number == expected["seq"]
        assert encode_frame(frame) == vector["psdu"]


def test_enhanced_acknowledgment_of_the_6tisch_examples() -> None:
    (vector,) = [vector for vector in standard_vectors() if vector["what"] == "enhack"]
    frame = decode_frame(vector["psdu"])
    assert isinstance(frame, Frame)
    assert frame.control.frame_type == FrameType.ACKNOWLEDGMENT
    assert frame.sequence_number == 69
    assert frame.destination == address(vector["expect"]["dst"])
    assert frame.source == address(vector["expect"]["src"])
    assert frame.header_ies == (HeaderIe(ElementId.TIME_CORRECTION, TimeCorrection(0)),)
    assert frame.payload == b""
    assert encode_frame(frame) == vector["psdu"]


def test_6p_messages_of_the_6tisch_examples() -> None:
    vectors = [vector for vector in standard_vectors() if vector["what"] == "6p"]
    assert len(vectors) == 10
    for vector in vectors:
        frame = decode_frame(vector["psdu"])
        assert isinstance(frame, Frame)
        assert frame.sequence_number == vector["expect"]["seq"]
        (ietf,) = split_payload(frame.header_ies, frame.payload).payload_ies
        assert ietf.group_id == GroupId.IETF
        assert isinstance(ietf.content, bytes)
        assert len(ietf.content) == vector["expect"]["ietf_ie_len"]
        assert ietf.content[0] == vector["expect"].get("sub_id", 201)
        assert encode_frame(frame) == vector["psdu"]


def test_ccm_vector() -> None:
    (vector,) = [vector for vector in standard_vectors() if vector["what"] == "ccm"]
    frame = decode_frame(vector["psdu"])
    assert isinstance(frame, Frame)
    assert len(vector["psdu"]) - len(frame.payload) - len(frame.mic) == vector["params"]["aad_len"]
    assert frame.source == address(vector["params"]["ext_src"])
    assert frame.security is not None
    assert frame.security.frame_counter == vector["expect"]["frame_counter"]
    assert frame.security.control.security_level == vector["expect"]["security_level"]


REFUSED = {
    "013001": "frame version 3",
    "010401ffffff": "addressing mode 1",
    "014001ffffff": "addressing mode 1",
    "411801ffffffff": "PAN ID compression",
    "41c000ffff0102030405060708": "PAN ID compression",
    "421001": "PAN ID compression",
    "": "no octets",
    "01": "Frame",
    "0100": "sequence_number",
    "0d01": "Multipurpose",
}
"""Octets of a frame, and a part of why it is malformed."""


@pytest.mark.parametrize(("octets", "why"), REFUSED.items())
def test_refused(octets: str, why: str) -> None:
    with pytest.raises(MalformedFrame, match=why):
        decode_frame(bytes.fromhex(octets))


def test_bits_reserved_before_version_2_change_nothing() -> None:
    plain = FRAME.decode(bytes.fromhex("4198 07 cefa ffff 0100 616263"))
    for reserved in (0x80, 0x100, 0x200, 0x380):
        octets = bytearray(FRAME.encode(plain))
        octets[0] |= reserved & 0xFF
        octets[1] |= reserved >> 8
        frame = FRAME.decode(bytes(octets))
        assert frame.control != plain.control
        frame.control, octets[:2] = plain.control, bytes.fromhex("4198")
        assert frame == plain


def test_sequence_number_suppression_is_of_version_2() -> None:
    frame = FRAME.decode(bytes.fromhex("0129 cefa ffff 61"))
    assert (frame.sequence_number, frame.destination, frame.payload) == (None, b"\xff\xff", b"a")


@pytest.mark.parametrize("level", range(8))
@pytest.mark.parametrize("version", [1, 2])
def test_mic_is_cut_off_by_level(version: int, level: int) -> None:
    size = (0, 4, 8, 16)[level & 3]
    head = bytes([0x09, version << 4, 0x33, level, 1, 2, 3, 4])
    frame = FRAME.decode(head + b"payload" + bytes(size))
    assert (frame.payload, frame.mic) == (b"payload", bytes(size))
    assert FRAME.decode(head + bytes(size)).payload == b""
    for fewer in range(size):
        with pytest.raises(MalformedFrame):
            FRAME.decode(head + bytes(fewer))


def test_version_0_keeps_its_security_in_the_payload() -> None:
    frame = FRAME.decode(bytes.fromhex("4988 07 cefa ffff 0100 05000000 02 616263 aabbccdd"))
    assert (frame.security, frame.mic) == (None, b"")
    payload = SECURED_PAYLOAD_2003.decode(frame.payload)
    assert payload == SecuredPayload2003(5, 2, bytes.fromhex("616263aabbccdd"))
    assert SECURED_PAYLOAD_2003.encode(payload) == frame.payload


@pytest.mark.parametrize("frame_type", [4, 6, 7])
def test_opaque_frame(frame_type: int) -> None:
    octets = bytes([frame_type | 21 << 3]) + b"anything"
    frame = OpaqueFrame(OpaqueControl(frame_type, 21), b"anything")
    assert decode_frame(octets) == frame
    assert encode_frame(frame) == octets
    assert decode_frame(octets[:1]) == OpaqueFrame(OpaqueControl(frame_type, 21), b"")


@pytest.mark.parametrize("frame_type", [0, 1, 2, 3, 5])
def test_known_frame_types_are_not_opaque(frame_type: int) -> None:
    with pytest.raises(MalformedFrame):
        OPAQUE_FRAME.decode(bytes([frame_type, 0, 0]))


@pytest.mark.parametrize("frame_type", [4, 5, 6, 7])
def test_other_frame_types_are_not_frames(frame_type: int) -> None:
    with pytest.raises(MalformedFrame, match="frame type"):
        FRAME.decode(bytes([frame_type, 0, 0]))
    with pytest.raises(FieldOutOfRange):
        FRAME.encode(Frame(FrameControl(frame_type), 0))


def test_a_long_psdu() -> None:
    octets = bytes.fromhex("4198 07 cefa ffff 0100") + bytes(2036)
    assert FRAME.encode(FRAME.decode(octets)) == octets


def test_every_prefix_decodes_to_the_same_octets_or_is_malformed() -> None:
    for sample in all_samples():
        for cut in range(len(sample)):
            check_decode_frame(sample[:cut])


def check_decode_frame(octets: bytes) -> None:
    try:
        frame = decode_frame(octets)
    except MalformedFrame:
        return
    assert encode_frame(frame) == octets


@pytest.mark.parametrize("path", capture_paths(), ids=lambda path: path.stem)
def test_captured_frames_decode_and_encode_to_the_same_octets(path: Path) -> None:
    for octets in captured(path):
        frame = decode_frame(octets[:-2])
        assert isinstance(frame, Frame)
        assert encode_frame(frame) == octets[:-2]


@given(st.binary(max_size=40))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    check_decode_frame(octets)
    for layout in (FRAME, OPAQUE_FRAME, SECURED_PAYLOAD_2003):
        check_same_octets_or_malformed(layout, octets)


@given(bent(all_samples()))
def test_bent_frames_decode_or_are_malformed(octets: bytes) -> None:
    check_decode_frame(octets)


@given(frames())
def test_any_value_encodes_and_decodes_to_itself(frame: Frame) -> None:
    assert decode_frame(encode_frame(frame)) == frame


SECURED = FRAMES["data 2015, short addresses"]


@pytest.mark.parametrize(
    "change",
    [
        {"sequence_number": None},
        {"sequence_number": 256},
        {"sequence_number": -1},
        {"destination_pan_id": None},
        {"destination_pan_id": 65536},
        {"destination": None},
        {"destination": bytes(8)},
        {"source_pan_id": 1},
        {"source": bytes(3)},
        {"security": None},
        {"header_ies": (HeaderIe(ElementId.HEADER_TERMINATION_2),)},
        {"mic": b""},
        {"mic": bytes(5)},
        {"payload": None},
        {"control": FrameControl(1, frame_version=3)},
        {"control": FrameControl(1, destination_addressing_mode=1)},
        {"control": FrameControl(1, frame_version=4)},
        {"control": FrameControl(8)},
    ],
    ids=str,
)
def test_value_that_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    assert encode_frame(SECURED)
    with pytest.raises(FieldOutOfRange):
        encode_frame(replace(SECURED, **change))
