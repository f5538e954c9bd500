"""What a Thread child tells of its way into a network, step by step."""

from dataclasses import dataclass
from enum import Enum

from lowpan.mesh.service import MeshNews
from lowpan.mesh.thread.settings import Role


@dataclass(frozen=True, slots=True)
class Discovering(MeshNews):
    """Routers on a channel are asked which network is theirs."""

    channel: int


@dataclass(frozen=True, slots=True)
class NetworkFound(MeshNews):
    """A router has answered; nothing of it is proven."""

    channel: int
    pan_id: int | None
    extended_pan_id: bytes | None
    name: str | None
    responder: bytes
    """Extended address."""


@dataclass(frozen=True, slots=True)
class Restoring(MeshNews):
    """The parent from before the restart is asked whether we are still its child."""

    parent: bytes
    """Extended address."""
    rloc16: bytes


@dataclass(frozen=True, slots=True)
class ParentRequested(MeshNews):
    """Everybody in reach is asked to become our parent."""

    attempt: int
    """1, 2, ... since we are without one."""
    end_devices_too: bool
    """Also those that would become routers for us."""


@dataclass(frozen=True, slots=True)
class ParentHeard(MeshNews):
    """Somebody would be our parent."""

    parent: bytes
    """Extended address."""
    rloc16: bytes
    link_margin: int
    """dB, the worse one of both directions."""
    two_way_quality: int
    priority: int
    leader_cost: int
    partition_id: int


@dataclass(frozen=True, slots=True)
class ChildIdRequested(MeshNews):
    """The best of them is asked for an address."""

    parent: bytes


@dataclass(frozen=True, slots=True)
class Attached(MeshNews):
    """We are a child, and reachable."""

    role: Role
    rloc16: bytes
    parent: bytes
    """Extended address."""
    parent_rloc16: bytes
    partition_id: int
    leader_router_id: int
    restored: bool = False
    """The parent has known us from before."""


class Loss(Enum):
    """Why a child is without a parent."""

    NO_ANSWER = "the parent does not answer"
    NO_ACKNOWLEDGMENT = "the parent does not acknowledge our frames"
    NO_POLL = "the parent does not answer our polls"
    REFUSED = "the parent says that it is none of ours"
    MOVED = "the parent has another address"
    PARAMETERS = "the network has another key or prefix"
    ANNOUNCED = "the network is elsewhere"


@dataclass(frozen=True, slots=True)
class Detached(MeshNews):
    """We are a child no longer, and look for a parent."""

    loss: Loss
    parent: bytes


@dataclass(frozen=True, slots=True)
class NobodyAnswered(MeshNews):
    """A whole attempt was in vain; `again_in` is microseconds."""

    attempt: int
    again_in: int


@dataclass(frozen=True, slots=True)
class PartitionChanged(MeshNews):
    """The parent is in another partition, and so are we."""

    partition_id: int
    leader_router_id: int


@dataclass(frozen=True, slots=True)
class NetworkDataChanged(MeshNews):
    """Prefixes, routes, contexts or services are other ones."""

    data_version: int
    stable_data_version: int


@dataclass(frozen=True, slots=True)
class DatasetChanged(MeshNews):
    """The network is another one in some respect, and we have followed."""

    seconds: int
    """Of the active timestamp."""
    channel: int
    pan_id: int


@dataclass(frozen=True, slots=True)
class DatasetScheduled(MeshNews):
    """A dataset was announced that takes effect in `delay` microseconds."""

    seconds: int
    """Of its active timestamp."""
    delay: int


@dataclass(frozen=True, slots=True)
class DatasetRefused(MeshNews):
    """Somebody who has the key told of a dataset that is older than ours, or no dataset."""

    reason: str


@dataclass(frozen=True, slots=True)
class AnnounceHeard(MeshNews):
    """Somebody says that the network is elsewhere; we go and see."""

    channel: int
    pan_id: int


@dataclass(frozen=True, slots=True)
class SendingFailed(MeshNews):
    """A message could not be sealed, and was not sent."""

    reason: str
