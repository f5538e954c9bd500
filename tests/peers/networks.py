"""An air with two Thread networks and one Zigbee network, made from what was recorded."""

from lowpan.capture.session import decode
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.beacon import BEACON, Beacon, SuperframeSpecification
from lowpan.wire.ieee802154 import FRAME, Frame, FrameControl, FrameType, decode_frame
from lowpan.wire.mac_command import CommandId
from lowpan.wire.mle import MleCommand

DISCOVERY_RESPONSE = bytes.fromhex(
    "21dc15b0ad030000ddccbbaa02cefa010000ddccbbaa027f33f04d4c4d4c"
    "eef0ff111a1d810250000208dead00beef00cafe030969656565362d6c6162120203e8"
)
"""Frame 45 of v-discovery-announce.pcap: OpenThread's network `ieee6-lab`, PAN 0xface."""

THREAD_BEACON = bytes.fromhex("00c02ecefa020000ddccbbaa02")
"""Frame 23 of the same capture: a beacon without any content, as OpenThread sends them."""

OTHER_THREAD_PAYLOAD = bytes.fromhex("0321") + b"other".ljust(16, b"\0") + bytes(range(8))
"""Thread's beacon payload by the standard: version 2, joining permitted."""

ZIGBEE_PAYLOAD = bytes.fromhex("00228488776655443322 11ffffff00")
"""Zigbee PRO, protocol version 2, depth 1, extended PAN ID 1122334455667788, no offset."""

JOINABLE = SuperframeSpecification(pan_coordinator=True, association_permit=True)


def beacon(pan_id: int, source: bytes, payload: bytes) -> bytes:
    """Return a beacon of version 0 (IEEE 802.15.4-2020 §7.3.1)."""
    control = FrameControl(FrameType.BEACON, source_addressing_mode=2)
    content = BEACON.encode(Beacon(JOINABLE, payload=payload))
    return FRAME.encode(Frame(control, 9, source_pan_id=pan_id, source=source, payload=content))


def heard(psdu: bytes, rssi: float, channel: int | None = None) -> ReceivedFrame:
    return ReceivedFrame(psdu, Fcs.GOOD, rssi=rssi, lqi=200, channel=channel)


def answers(channel: int, psdu: bytes) -> list[ReceivedFrame]:
    """Return what is heard after `psdu` was sent on `channel`."""
    frame = decode_frame(psdu)
    assert isinstance(frame, Frame)
    if frame.control.frame_type == FrameType.MAC_COMMAND:
        assert frame.payload == bytes([CommandId.BEACON_REQUEST])
        return {
            15: [heard(THREAD_BEACON, -70)],
            20: [heard(beacon(0x1AAA, b"\0\0", ZIGBEE_PAYLOAD), -80)],
            25: [heard(beacon(0x2BBB, b"\x04\x00", OTHER_THREAD_PAYLOAD), -90)],
        }.get(channel, [])
    mle = decode(psdu).mle
    assert mle is not None
    assert mle.message is not None
    assert mle.message.command == MleCommand.DISCOVERY_REQUEST
    return [heard(DISCOVERY_RESPONSE, -60)] if channel == 15 else []
