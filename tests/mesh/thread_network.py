"""A Thread network for tests: its dataset, and the extended addresses of its nodes."""

from lowpan.mesh.thread.network import network_from_dataset
from lowpan.wire.dataset import Dataset, MeshCopTlv, MeshCopType
from lowpan.wire.meshcop import (
    Channel,
    DelayTimer,
    ExtendedPanId,
    MeshLocalPrefix,
    NetworkKey,
    PanId,
    Timestamp,
)
from lowpan.wire.secret import Secret

NETWORK_KEY = Secret(bytes.fromhex("00112233445566778899aabbccddeeff"))
PREFIX = bytes.fromhex("fd000db800000000")
EXTENDED_PAN_ID = bytes.fromhex("dead00beef00cafe")
CHILD = bytes.fromhex("02aabbccdd000002")
PARENT, OTHER_PARENT = bytes.fromhex("02aabbccdd000001"), bytes.fromhex("02aabbccdd000003")


def dataset(  # noqa: PLR0913  (what a network is)
    *,
    seconds: int = 1,
    channel: int = 11,
    pan_id: int = 0xFACE,
    network_key: bytes = NETWORK_KEY,
    prefix: bytes = PREFIX,
    delay: int | None = None,
) -> Dataset:
    """Return the dataset of the network; a pending one with `delay`, milliseconds."""
    tlvs = [
        MeshCopTlv(MeshCopType.ACTIVE_TIMESTAMP, Timestamp(seconds)),
        MeshCopTlv(MeshCopType.CHANNEL, Channel(0, channel)),
        MeshCopTlv(MeshCopType.EXTENDED_PAN_ID, ExtendedPanId(EXTENDED_PAN_ID)),
        MeshCopTlv(MeshCopType.MESH_LOCAL_PREFIX, MeshLocalPrefix(prefix)),
        MeshCopTlv(MeshCopType.NETWORK_KEY, NetworkKey(Secret(network_key))),
        MeshCopTlv(MeshCopType.PAN_ID, PanId(pan_id)),
    ]
    if delay is not None:
        tlvs.append(MeshCopTlv(MeshCopType.DELAY_TIMER, DelayTimer(delay)))
    return Dataset(tuple(tlvs))


NETWORK = network_from_dataset(dataset())
