"""An attach, asserted on: pytest reads what a sniffer captured while a node joined its network.

Put a capture of your own device in its place.
"""

from pathlib import Path
from typing import TypeVar

import pytest

import lowpan
from lowpan.wire.ieee802154 import Frame
from lowpan.wire.mle import MleCommand
from lowpan.wire.mle_draft import Challenge, LinkLayerFrameCounter, Response, SourceAddress
from lowpan.wire.mle_tlvs import Address16, LinkMargin

CAPTURES = Path(__file__).parent.parent / "tests" / "captures" / "openthread"
CAPTURE = CAPTURES / "i-attach-router.pcap"
NETWORK_KEY = "00112233445566778899aabbccddeeff"
PARENT, CHILD = (bytes.fromhex(f"02aabbccdd00000{node}") for node in (1, 2))

Attach = dict[MleCommand, lowpan.DecodedFrame]
Tlv = TypeVar("Tlv")


@pytest.fixture(scope="module")
def frames() -> list[lowpan.DecodedFrame]:
    """Return every frame of the capture, decrypted."""
    with lowpan.open_capture(CAPTURE, keys=NETWORK_KEY) as capture:
        return list(capture)


@pytest.fixture(scope="module")
def attach(frames: list[lowpan.DecodedFrame]) -> Attach:
    """Return the frames in which child and parent agree; of what was asked twice, the last."""
    steps: Attach = {}
    for frame in frames:
        if frame.mle and frame.mle.message and MleCommand.CHILD_ID_RESPONSE not in steps:
            command = MleCommand(frame.mle.message.command)
            steps.pop(command, None)
            steps[command] = frame
    return steps


def tlv(frame: lowpan.DecodedFrame, kind: type[Tlv]) -> Tlv:
    """Return what a TLV of the frame's MLE message says."""
    assert frame.mle
    assert frame.mle.message
    return next(tlv.value for tlv in frame.mle.message.tlvs if isinstance(tlv.value, kind))


def test_child_and_parent_take_the_four_steps(attach: Attach) -> None:
    assert list(attach)[-4:] == [
        MleCommand.PARENT_REQUEST,
        MleCommand.PARENT_RESPONSE,
        MleCommand.CHILD_ID_REQUEST,
        MleCommand.CHILD_ID_RESPONSE,
    ]
    speakers = [frame.extended_source for frame in attach.values()]
    assert speakers[-4:] == [CHILD, PARENT, CHILD, PARENT]


def test_parent_answers_the_challenge_of_the_child(attach: Attach) -> None:
    challenge = tlv(attach[MleCommand.PARENT_REQUEST], Challenge)
    response = tlv(attach[MleCommand.PARENT_RESPONSE], Response)
    assert response.response == challenge.challenge


def test_link_is_good_enough(attach: Attach) -> None:
    assert tlv(attach[MleCommand.PARENT_RESPONSE], LinkMargin).link_margin >= 20  # dB


def test_child_gets_an_address_below_its_parents(attach: Attach) -> None:
    response = attach[MleCommand.CHILD_ID_RESPONSE]
    assert tlv(response, SourceAddress).address.hex() == "d800"
    assert tlv(response, Address16).address.hex() == "d801"


def test_attach_takes_less_than_two_seconds(attach: Attach) -> None:
    begin = attach[MleCommand.PARENT_REQUEST].received.time_ns
    end = attach[MleCommand.CHILD_ID_RESPONSE].received.time_ns
    assert begin is not None
    assert end is not None
    assert 0 < end - begin < 2_000_000_000


def test_child_secures_its_frames_and_counts_them_from_where_it_said(
    frames: list[lowpan.DecodedFrame], attach: Attach
) -> None:
    least = tlv(attach[MleCommand.CHILD_ID_REQUEST], LinkLayerFrameCounter).frame_counter
    secured = [frame for frame in frames if frame.protection and frame.extended_source == CHILD]
    assert secured
    for frame in secured:
        assert frame.protection
        assert frame.protection.outcome is lowpan.Outcome.DECRYPTED
        assert not frame.protection.repeated
        assert isinstance(frame.frame, Frame)
        assert frame.frame.security
        assert (frame.frame.security.frame_counter or 0) >= least
