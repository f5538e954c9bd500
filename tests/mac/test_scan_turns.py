"""Scans one after the other: whose turn it is, and what they keep to themselves."""

from random import Random

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.mac.scan_turns import ForOthers, ScanTurns
from lowpan.mac.scanning import PanFound, ScanDone, ScanPlan, ScanType
from lowpan.mac.service import Configure, Transmit
from lowpan.radio import Fcs, RadioSettings, ReceivedFrame, TransmitParameters
from lowpan.wire.beacon import BEACON, Beacon, SuperframeSpecification
from lowpan.wire.ieee802154 import Frame, FrameControl, FrameType, encode_frame

PASSIVE = ScanPlan(ScanType.PASSIVE, (11, 20), 100_000)
HOME = RadioSettings(channel=15)


def begun(turns: ScanTurns) -> list[ForOthers]:
    """Let the next scan begin, at 0."""
    return turns.carry_out(turns.begin(HOME), now=0)


def beacon() -> ReceivedFrame:
    """Return a beacon of a coordinator."""
    control = FrameControl(FrameType.BEACON, source_addressing_mode=2)
    payload = BEACON.encode(Beacon(SuperframeSpecification()))
    frame = Frame(control, 1, source_pan_id=0xBEEF, source=b"\0\x01", payload=payload)
    return ReceivedFrame(encode_frame(frame), Fcs.GOOD, channel=11)


def test_one_scan_at_a_time_for_whoever_runs_us() -> None:
    turns = ScanTurns(Random(1))
    assert not turns.is_busy
    turns.want(PASSIVE)
    assert turns.is_busy
    with pytest.raises(FieldOutOfRange, match="one scan after the other"):
        turns.want(PASSIVE)
    begun(turns)
    with pytest.raises(FieldOutOfRange, match="one scan after the other"):
        turns.want(PASSIVE)
    turns.look(PASSIVE)  # that is part of joining, and waits
    assert not turns.may_begin(joins=True)
    turns.end()
    assert turns.may_begin(joins=True)


def test_while_we_join_others_scans_wait() -> None:
    turns = ScanTurns(Random(1))
    assert not turns.may_begin(joins=False)
    turns.want(PASSIVE)
    assert turns.may_begin(joins=False)
    assert not turns.may_begin(joins=True)
    turns.look(PASSIVE)  # before what was wanted earlier
    assert turns.may_begin(joins=True)


@pytest.mark.parametrize("for_membership", [False, True])
def test_what_a_scan_for_membership_finds_is_told_at_its_end_only(for_membership: bool) -> None:
    turns = ScanTurns(Random(1))
    (turns.look if for_membership else turns.want)(PASSIVE)
    assert begun(turns) == [Configure(RadioSettings(channel=11))]
    assert turns.running is not None
    found = turns.carry_out(turns.running.receive_frame(beacon()), now=1)
    assert [type(action) for action in found] == ([] if for_membership else [PanFound])
    assert turns.carry_out(turns.running.handle_deadline(now=100_000), now=100_000) == [
        Configure(RadioSettings(channel=20))
    ]
    (done,) = turns.carry_out(turns.running.handle_deadline(now=200_000), now=200_000)
    assert isinstance(done, ScanDone)  # and no Configure: the link layer knows how the radio was
    assert [pan.pan_id for pan in done.pans] == [0xBEEF]
    held = Transmit(b"\0", TransmitParameters())
    turns.held.append(held)
    assert turns.end() == ([held], for_membership)
    assert turns.held == []
    assert not turns.is_busy
