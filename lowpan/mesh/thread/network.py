"""What a node knows of a Thread network before it joins: its operational dataset, or parts."""

from dataclasses import dataclass

from lowpan.errors import FieldOutOfRange
from lowpan.mesh.key_sequence import ROTATION_HOURS
from lowpan.radio import CHANNELS_2450
from lowpan.wire.dataset import DATASET, Dataset, MeshCopTlv, MeshCopType, dataset_from_hex
from lowpan.wire.meshcop import (
    Channel,
    ChannelMask,
    ExtendedPanId,
    MeshLocalPrefix,
    NetworkKey,
    NetworkName,
    PanId,
    SecurityPolicy,
    Timestamp,
)
from lowpan.wire.secret import Secret

_NOTHING = Dataset(())


@dataclass(frozen=True, slots=True)
class ThreadNetwork:
    """A network, as its dataset describes it; what is None is to be learnt."""

    network_key: Secret
    channel: int | None = None
    pan_id: int | None = None
    extended_pan_id: bytes | None = None
    """8 octets."""
    mesh_local_prefix: bytes | None = None
    """8 octets."""
    name: str | None = None
    active_timestamp: Timestamp | None = None
    rotation_time: int = ROTATION_HOURS
    """Hours."""
    channels: tuple[int, ...] = CHANNELS_2450
    """Where the network may be."""
    dataset: Dataset = _NOTHING
    """All of the above, and what else came with it."""

    @property
    def is_located(self) -> bool:
        """Whether it is known where to find it."""
        return self.channel is not None and self.pan_id is not None

    def octets(self) -> Secret:
        """Return the dataset as it is kept: with the key."""
        return Secret(DATASET.encode(self.dataset))

    def is_same_network(self, other: "ThreadNetwork") -> bool:
        """Tell whether `other` may be a later state of it: their names are not different."""
        if self.extended_pan_id is not None and other.extended_pan_id is not None:
            return self.extended_pan_id == other.extended_pan_id
        return self.network_key == other.network_key

    def is_newer_than(self, other: "ThreadNetwork | None") -> bool:
        """Tell whether its active timestamp is later; any is later than none."""
        return is_later(self.active_timestamp, other.active_timestamp if other else None)


def is_later(one: Timestamp | None, other: Timestamp | None) -> bool:
    """Tell whether timestamp `one` is after `other`; None is before all."""
    return one is not None and (other is None or order_of(one) > order_of(other))


def order_of(timestamp: Timestamp) -> tuple[int, int, bool]:
    """Return what timestamps are compared by: the whole number that they are sent as."""
    return timestamp.seconds, timestamp.ticks, timestamp.authoritative


def network_from_dataset(dataset: Dataset | str) -> ThreadNetwork:
    """Return the network of an operational dataset, or of its hex digits.

    Raises KeyFormatError for digits that are none, FieldOutOfRange for a dataset without a
    network key or with fields that no network can have.  The error quotes no key.
    """
    if isinstance(dataset, str):
        dataset = dataset_from_hex(dataset)
    found = dataset.find
    key = found(MeshCopType.NETWORK_KEY, NetworkKey)
    if key is None:
        raise FieldOutOfRange("a dataset without a network key: nobody can join with it")
    channel = found(MeshCopType.CHANNEL, Channel)
    pan_id = found(MeshCopType.PAN_ID, PanId)
    extended = found(MeshCopType.EXTENDED_PAN_ID, ExtendedPanId)
    prefix = found(MeshCopType.MESH_LOCAL_PREFIX, MeshLocalPrefix)
    name = found(MeshCopType.NETWORK_NAME, NetworkName)
    policy = found(MeshCopType.SECURITY_POLICY, SecurityPolicy)
    mask = found(MeshCopType.CHANNEL_MASK, ChannelMask)
    network = ThreadNetwork(
        key.network_key,
        None if channel is None else channel.channel,
        None if pan_id is None else pan_id.pan_id,
        None if extended is None else extended.extended_pan_id,
        None if prefix is None else prefix.prefix,
        None if name is None else name.name,
        found(MeshCopType.ACTIVE_TIMESTAMP, Timestamp),
        ROTATION_HOURS if policy is None else policy.rotation_time,
        _channels(mask),
        dataset,
    )
    _check(network, channel)
    return network


def network_of(  # noqa: PLR0913  (what a network is)
    network_key: bytes,
    *,
    channel: int | None = None,
    pan_id: int | None = None,
    extended_pan_id: bytes | None = None,
    mesh_local_prefix: bytes | None = None,
    name: str | None = None,
) -> ThreadNetwork:
    """Return the network that these parts of a dataset describe; raise FieldOutOfRange."""
    parts = (
        (MeshCopType.NETWORK_KEY, NetworkKey(Secret(network_key))),
        (MeshCopType.CHANNEL, None if channel is None else Channel(0, channel)),
        (MeshCopType.PAN_ID, None if pan_id is None else PanId(pan_id)),
        (
            MeshCopType.EXTENDED_PAN_ID,
            None if extended_pan_id is None else ExtendedPanId(extended_pan_id),
        ),
        (
            MeshCopType.MESH_LOCAL_PREFIX,
            None if mesh_local_prefix is None else MeshLocalPrefix(mesh_local_prefix),
        ),
        (MeshCopType.NETWORK_NAME, None if name is None else NetworkName(name)),
    )
    given = tuple(MeshCopTlv(kind, value) for kind, value in parts if value is not None)
    network = network_from_dataset(Dataset(given))
    DATASET.encode(network.dataset)  # FieldOutOfRange: a key of another length, say
    return network


def _channels(mask: ChannelMask | None) -> tuple[int, ...]:
    if mask is None:
        return CHANNELS_2450
    allowed = {number for entry in mask.entries if entry.page == 0 for number in entry.channels()}
    return tuple(channel for channel in CHANNELS_2450 if channel in allowed) or CHANNELS_2450


def _check(network: ThreadNetwork, channel: Channel | None) -> None:
    if channel is not None and (channel.page or channel.channel not in CHANNELS_2450):
        raise FieldOutOfRange(f"channel {channel.channel} of page {channel.page}, not 11..26 of 0")
    if network.pan_id == 0xFFFF:
        raise FieldOutOfRange("PAN ID 0xffff is everybody's")
