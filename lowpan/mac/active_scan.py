"""Active scan: the question that makes coordinators show themselves (IEEE 802.15.4-2020 §6.3.1)."""

from lowpan.wire.ieee802154 import FRAME, Frame, FrameControl, FrameType
from lowpan.wire.mac_command import COMMAND, Command, CommandId

_BROADCAST = b"\xff\xff"


def beacon_request(sequence_number: int) -> bytes:
    """Return the frame that asks all coordinators for a beacon, to be sent with CSMA (§7.5.8)."""
    control = FrameControl(FrameType.MAC_COMMAND, destination_addressing_mode=2)
    command = COMMAND.encode(Command(CommandId.BEACON_REQUEST))
    return FRAME.encode(Frame(control, sequence_number, 0xFFFF, _BROADCAST, payload=command))
