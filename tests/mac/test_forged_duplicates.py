"""What forged sequence numbers do to the frames of others."""

import pytest

from lowpan.mac.framing import data_frame
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.service import DataReceived, Drop
from lowpan.wire.ieee802154 import Frame, FrameType, encode_frame
from tests.mac.air import EXTENDED, PAN_ID, SHORT, Air
from tests.mac.test_link_layer import only, secured, send


def secured_air() -> Air:
    """Return two link layers with a key that take data in clear as well, for MLE."""
    air = Air()
    for number in (0, 1):
        security = secured(number)
        security.policy = SecurityPolicy.for_level(5, data_in_clear=True)
        air.secure(number, security)
    return air


def forged(source: bytes, sequence_number: int, frame_type: int) -> bytes:
    frame: Frame = data_frame(b"\x7f\x33", source, SHORT[1], PAN_ID, acknowledged=False)
    frame.sequence_number = sequence_number & 0xFF
    octets = encode_frame(frame)
    return bytes((octets[0] & ~0x07 | frame_type,)) + octets[1:]


@pytest.mark.parametrize("frame_type", [FrameType.BEACON, FrameType.DATA])
@pytest.mark.parametrize("source", [SHORT[0], EXTENDED[0]])
def test_a_frame_in_clear_makes_no_secured_one_a_duplicate(source: bytes, frame_type: int) -> None:
    air = secured_air()
    send(air, b"one", source=source)
    air.run(until=air.now + 100_000)
    air.hear(1, forged(source, air.on_air[0][2] + 1, frame_type))
    send(air, b"two", source=source)
    air.run(until=air.now + 100_000)
    assert [one.payload for one in only(DataReceived, air.told[1])][-1] == b"two"


def test_a_secured_frame_that_comes_again_is_a_duplicate_by_its_counter() -> None:
    air = secured_air()
    send(air, b"one")
    air.run(until=air.now + 100_000)
    air.hear(1, air.on_air[0])
    assert len(only(DataReceived, air.told[1])) == 1
    assert air.links[1].dropped == {Drop.DUPLICATE: 1}
