"""Print who says what in a mesh, from a capture and the key of its network."""

import lowpan
from lowpan.wire.mle_names import COMMAND_NAMES

CAPTURE = "tests/captures/openthread/i-attach-router.pcap"
NETWORK_KEY = "00112233445566778899aabbccddeeff"

with lowpan.open_capture(CAPTURE, keys=NETWORK_KEY) as capture:
    for frame in capture:
        if frame.mle and frame.mle.message and frame.extended_source:
            command = frame.mle.message.command
            said = COMMAND_NAMES.get(command, f"command {command}")
            print(frame.number, frame.extended_source.hex(":"), said)
