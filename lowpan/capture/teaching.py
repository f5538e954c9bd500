"""What frames and messages teach: short addresses of extended ones, and 6LoWPAN contexts."""

from collections.abc import Iterable, Iterator

from lowpan.capture.addresses import AddressBook, Knowledge
from lowpan.mac.frame_security import source_pan_id
from lowpan.wire.addresses import LINK_LOCAL_PREFIX, SHORT_IID_PREFIX, Context
from lowpan.wire.dataset import Dataset, MeshCopType
from lowpan.wire.icmpv6 import Icmpv6
from lowpan.wire.ieee802154 import Frame
from lowpan.wire.mac_command import AssociationResponse, Command, CoordinatorRealignment
from lowpan.wire.meshcop import MeshLocalPrefix
from lowpan.wire.mle import MleCommand, MleMessage, TlvType
from lowpan.wire.mle_draft import SourceAddress
from lowpan.wire.mle_tlvs import Address16
from lowpan.wire.multipurpose import Multipurpose
from lowpan.wire.nd_options import (
    AddressRegistration,
    LinkLayerAddress,
    NdOption,
    NdOptionType,
    SixLowpanContext,
)
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    Redirect,
    RouterAdvertisement,
    RouterSolicitation,
)
from lowpan.wire.network_data import NetworkData, contexts_of

MESH_LOCAL_CONTEXT = 0
"""Thread's mesh-local prefix is this context, without anybody saying so."""

_WITH_OPTIONS = (
    RouterSolicitation,
    RouterAdvertisement,
    NeighbourSolicitation,
    NeighbourAdvertisement,
    Redirect,
)


def extended_of(address: bytes) -> bytes | None:
    """Return the extended address behind a link-local IPv6 address; None if none is."""
    if address[:8] != LINK_LOCAL_PREFIX or address[8:14] == SHORT_IID_PREFIX:
        return None
    return bytes((address[8] ^ 2,)) + address[9:]


def learn_from_command(
    book: AddressBook, frame: Frame | Multipurpose, command: Command
) -> bool:
    """Learn whom a coordinator gave a short address; tell whether that was news."""
    content, extended = command.content, frame.destination
    if extended is None or len(extended) != 8:
        return False
    if isinstance(content, AssociationResponse) and content.association_status == 0:
        pan_id = source_pan_id(frame)
        return pan_id is not None and book.learn(pan_id, content.short_address, extended)
    if isinstance(content, CoordinatorRealignment):
        return book.learn(content.pan_id, content.short_address, extended)
    return False


def learn_from_mle(
    book: AddressBook,
    pan_id: int,
    message: MleMessage,
    source: bytes | None,
    destination: bytes | None,
) -> Iterator[tuple[int, Context]]:
    """Learn short addresses that a message tells of its two ends (extended addresses).

    Yield the contexts that it tells: of its network data, and the mesh-local prefix.
    """
    for tlv in message.tlvs:
        if tlv.type not in _TELLING:
            continue
        value = tlv.value
        if isinstance(value, SourceAddress) and source is not None:
            if len(value.address) == 2:
                book.learn(pan_id, value.address, source, Knowledge.MLE)
        elif isinstance(value, Address16) and destination is not None:
            if message.command == MleCommand.CHILD_ID_RESPONSE:
                book.learn(pan_id, value.address, destination, Knowledge.MLE)
        elif isinstance(value, NetworkData):
            yield from _contexts_in_network_data(value)
        elif isinstance(value, Dataset):
            prefix = value.find(MeshCopType.MESH_LOCAL_PREFIX, MeshLocalPrefix)
            if prefix is not None:
                yield MESH_LOCAL_CONTEXT, Context(prefix.prefix, 64)


_TELLING = frozenset(
    {
        TlvType.SOURCE_ADDRESS,
        TlvType.ADDRESS16,
        TlvType.NETWORK_DATA,
        TlvType.ACTIVE_OPERATIONAL_DATASET,
        TlvType.PENDING_OPERATIONAL_DATASET,
    }
)


def _contexts_in_network_data(data: NetworkData) -> Iterator[tuple[int, Context]]:
    for told in contexts_of(data):
        if told.length <= 128:  # 6LoWPAN knows no longer one
            yield told.context_id, Context(told.prefix, told.length, told.compress)


def learn_from_neighbour_discovery(
    book: AddressBook, pan_id: int, message: Icmpv6, source: bytes
) -> bool:
    """Learn from link-layer address options that name both addresses of one interface."""
    body = message.body
    if isinstance(body, DuplicateAddress) or not isinstance(body, _WITH_OPTIONS):
        return False
    news, registered = False, _registered(body.options)
    if registered is not None and source[8:14] == SHORT_IID_PREFIX:
        news |= book.learn(pan_id, source[14:], registered)
    for kind in (NdOptionType.SOURCE_LINK_LAYER_ADDRESS, NdOptionType.TARGET_LINK_LAYER_ADDRESS):
        told = {len(address): address for address in _link_layer(body.options, kind)}
        if 2 in told and 8 in told:
            news |= book.learn(pan_id, told[2], told[8])
    return news


def contexts_in_neighbour_discovery(message: Icmpv6) -> Iterator[tuple[int, Context]]:
    """Yield the contexts that a router advertises (RFC 6775 §4.2)."""
    if isinstance(message.body, RouterAdvertisement):
        for option in message.body.options:
            value = option.value
            if isinstance(value, SixLowpanContext) and value.context_length <= 128:
                context = Context(value.prefix, value.context_length, value.control.c)
                yield value.control.cid, context


def _registered(options: Iterable[NdOption]) -> bytes | None:
    """Return the EUI-64 of an address registration option (RFC 6775 §4.1)."""
    for option in options:
        if isinstance(option.value, AddressRegistration) and len(option.value.rovr) == 8:
            return option.value.rovr
    return None


def _link_layer(options: Iterable[NdOption], kind: int) -> Iterator[bytes]:
    for option in options:
        if option.type == kind and isinstance(option.value, LinkLayerAddress):
            yield option.value.address
