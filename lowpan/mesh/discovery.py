"""MLE Discovery: the question that makes Thread routers tell which network is theirs.

Unsecured MLE between link-local addresses, so whoever has no key can ask.
"""

from lowpan.adaptation.compress import compress
from lowpan.mac.service import BROADCAST
from lowpan.wire.addresses import ALL_ROUTERS, Surroundings, iid_of, link_local
from lowpan.wire.dataset import Discovery, MeshCopTlv, MeshCopType
from lowpan.wire.ieee802154 import FRAME, Frame, FrameControl, FrameType
from lowpan.wire.meshcop import DiscoveryRequest
from lowpan.wire.mle import (
    MLE_ENVELOPE,
    MLE_HOP_LIMIT,
    MLE_MESSAGE,
    MLE_PORT,
    UNSECURED,
    MleCommand,
    MleEnvelope,
    MleMessage,
    Tlv,
    TlvType,
)
from lowpan.wire.udp_datagram import udp_datagram

THREAD_VERSION = 5
"""Of the sender: Thread 1.3.1 and 1.4."""


def discovery_message(*, joiner: bool = False) -> MleMessage:
    """Return what asks every router in reach which network is its own."""
    request = MeshCopTlv(MeshCopType.DISCOVERY_REQUEST, DiscoveryRequest(THREAD_VERSION, joiner))
    discovery = Discovery((request,))
    return MleMessage(MleCommand.DISCOVERY_REQUEST, (Tlv(TlvType.THREAD_DISCOVERY, discovery),))


def discovery_request(
    source: bytes, source_pan_id: int, sequence_number: int, *, joiner: bool = False
) -> bytes:
    """Return the frame by which extended address `source` asks every Thread router in reach.

    They answer to `source` in `source_pan_id`.  `joiner` asks only networks that let join.
    """
    control = FrameControl(
        FrameType.DATA,
        destination_addressing_mode=2,
        frame_version=1,
        source_addressing_mode=3,
    )
    message = MLE_MESSAGE.encode(discovery_message(joiner=joiner))
    datagram = udp_datagram(
        MLE_ENVELOPE.encode(MleEnvelope(UNSECURED, None, message)),
        link_local(iid_of(source)),
        MLE_PORT,
        ALL_ROUTERS,
        MLE_PORT,
        hop_limit=MLE_HOP_LIMIT,
    )
    payload = compress(datagram, Surroundings(iid_of(source), iid_of(BROADCAST)))
    frame = Frame(
        control,
        sequence_number,
        0xFFFF,
        BROADCAST,
        source_pan_id,
        source,
        payload=payload,
    )
    return FRAME.encode(frame)
