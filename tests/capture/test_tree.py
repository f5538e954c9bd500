"""The tree of a frame, and the octets at which its fields are said to stand."""

import re
from pathlib import Path

import pytest

from lowpan.capture.offsets import field_offsets
from lowpan.capture.tree import hex_dump, tree
from lowpan.wire.fragment import FragmentHeader
from lowpan.wire.ieee802154 import FRAME, Frame, FrameControl
from lowpan.wire.mle import Tlv
from lowpan.wire.mle_draft import Challenge
from lowpan.wire.mle_tlvs import LeaderData
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.capture.made_frames import CAPTURES, KEY, PSKC, SECOND_KEY, decoded, frames_of

ACK = """\
      Frame 1, 3 octets, 0.250000000 s
        Received: FCS good, channel 15, -62 dBm, LQI 200
    0   IEEE 802.15.4
    0     control
            frame_type: 2 (Ack)
            security_enabled: no
            frame_pending: yes
            acknowledgment_request: no
            pan_id_compression: no
            sequence_number_suppression: no
            ie_present: no
            destination_addressing_mode: 0
            frame_version: 0
            source_addressing_mode: 0
    2     sequence_number: 7"""


def test_an_acknowledgment() -> None:
    frame = decoded(b"\x12\x00\x07", channel=15, page=0, rssi=-62, lqi=200)
    assert "\n".join(map(str, tree(frame, 250_000_000))) == ACK


ADVERTISEMENT = """\
   36   MLE message
   36     command: 4 (Advertisement)
   37     tlvs
   37       Tlv
   37         type: 0 (Source Address)
   39         value: SourceAddress
   39           address: 0xd800
   41       Tlv
   41         type: 11 (Leader Data)
   43         value: LeaderData
   43           partition_id: 0x19dfcddf
   47           weighting: 64
   48           data_version: 191
   49           stable_data_version: 193
   50           leader_router_id: 54
   51       Tlv
   51         type: 9 (Route64)
   53         value: Route64
   53           id_sequence: 17
   54           router_ids: 54
   62           routes
   62             Route"""


def test_an_advertisement() -> None:
    frame = next(frame for frame in frames_of() if frame.number == 8)
    lines = "\n".join(map(str, tree(frame)))
    assert ADVERTISEMENT in lines
    assert "key: a8faed6a" in lines


SECURITY = AuxiliarySecurityHeader(SecurityControl(5, 2), 1, bytes(4), 9)
SECURED = Frame(
    FrameControl(
        1,
        security_enabled=True,
        destination_addressing_mode=2,
        source_addressing_mode=3,
        frame_version=1,
    ),
    7,
    0xFACE,
    b"\x00\x01",
    0xBEEF,
    bytes(range(8)),
    SECURITY,
    (),
    b"payload",
    b"mic!",
)


def test_offsets_of_a_frame_with_everything() -> None:
    assert field_offsets(SECURED) == {
        "control": 0,
        "sequence_number": 2,
        "destination_pan_id": 3,
        "destination": 5,
        "source_pan_id": 7,
        "source": 9,
        "security": 17,
        "payload": 27,
        "mic": 34,
    }
    assert FRAME.encode(SECURED)[27:34] == b"payload"


@pytest.mark.parametrize(
    ("value", "offsets"),
    [
        (SECURITY, {"control": 0, "frame_counter": 1, "key_source": 5, "key_index": 9}),
        (Tlv(3, Challenge(bytes(8))), {"type": 0, "value": 2}),
        (Tlv(3, Challenge(bytes(8)), long_form=True), {"type": 0, "value": 4}),
        (FragmentHeader(1280, 7), {"datagram_tag": 2}),
        (FragmentHeader(1280, 7, 96), {"datagram_tag": 2, "datagram_offset": 4}),
        (LeaderData(1, 2, 3, 4, 5), dict(zip(LeaderData.__slots__, (0, 4, 5, 6, 7), strict=True))),
        (FrameControl(1), {}),
        (object(), {}),
    ],
)
def test_offsets(value: object, offsets: dict[str, int]) -> None:
    assert field_offsets(value) == offsets


CLEAR = [path for path in sorted(CAPTURES.glob("linux/*.pcap")) if "llsec" not in path.name]


@pytest.mark.parametrize("path", CLEAR, ids=lambda path: path.stem)
def test_octets_at_the_offsets_are_those_of_the_fields(path: Path) -> None:
    found = 0
    for frame in frames_of(path):
        for line in tree(frame):
            hit = re.match(r"(?:sequence_number|command_id|key_index): (\d+)", line.text)
            if hit is not None and line.octet is not None and not frame.reassembled_from:
                found += 1
                octets = frame.received.psdu[line.octet :]
                echo = hit[0].startswith("sequence") and line.depth == 3
                size = 2 if echo else 1  # the MAC's have one octet
                assert int(hit[1]) == int.from_bytes(octets[:size], "big")
    assert found


def test_offsets_of_a_reassembled_datagram_are_its_own() -> None:
    path = CAPTURES / "linux" / "ext-3-ping-1000-fragmented.pcap"
    frame = next(frame for frame in frames_of(path) if frame.reassembled_from)
    lines = [str(line) for line in tree(frame)]
    assert "        IPv6 (octets from the start of the datagram)" in lines
    assert "   40     type: 128 (Echo Request)" in lines


@pytest.mark.parametrize("name", ["v-discovery-announce", "vi-dataset-keyrot"])
def test_no_key_is_shown(name: str) -> None:
    frames = frames_of(CAPTURES / "openthread" / f"{name}.pcap")
    told = "".join(str(line) for frame in frames for line in tree(frame))
    assert "secret octets" in told
    told = re.sub(r"[^0-9a-f]", "", told.lower())
    assert [key for key in (KEY, SECOND_KEY, PSKC) if key in told] == []


def test_hex_dump_has_offsets_and_ascii() -> None:
    assert list(hex_dump(bytes(range(0x3C, 0x4E)))) == [
        "0000  3c 3d 3e 3f 40 41 42 43  44 45 46 47 48 49 4a 4b  <=>?@ABCDEFGHIJK",
        "0010  4c 4d                                             LM",
    ]
    assert list(hex_dump(b"\x00\x7f\x80")) == [f"0000  {'00 7f 80':<50}..."]
    assert list(hex_dump(b"")) == []
