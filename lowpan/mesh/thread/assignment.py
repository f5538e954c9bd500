"""What a child is doing, and the address that makes it one."""

from dataclasses import dataclass
from enum import Enum

from lowpan.mesh.thread.locators import router_id
from lowpan.mesh.thread.station import Parent
from lowpan.wire.mle import MleMessage, TlvType
from lowpan.wire.mle_draft import SourceAddress
from lowpan.wire.mle_tlvs import Address16, LeaderData
from lowpan.wire.network_data import NetworkData


class State(Enum):
    """What a child is doing."""

    STOPPED = "not started"
    DISCOVERING = "looks for its network"
    RESTORING = "asks its last parent"
    ATTACHING = "looks for a parent"
    ATTACHED = "is a child"


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a Child ID Response says of us."""

    parent: Parent
    rloc16: bytes
    """Ours."""
    leader_data: LeaderData


def assigned_by(message: MleMessage, sender: bytes) -> Assigned | None:
    """Return what `sender`'s Child ID Response assigns; None if it does not say all it must.

    Our address must be one of the router whose child we shall be.
    """
    source = message.find(TlvType.SOURCE_ADDRESS, SourceAddress)
    given = message.find(TlvType.ADDRESS16, Address16)
    leader = message.find(TlvType.LEADER_DATA, LeaderData)
    data = message.find(TlvType.NETWORK_DATA, NetworkData)
    if source is None or given is None or leader is None or data is None:
        return None
    if len(source.address) != 2 or router_id(source.address) != router_id(given.address):
        return None
    return Assigned(Parent(sender, source.address), given.address, leader)
