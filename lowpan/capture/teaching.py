"""What frames and messages teach: short addresses of extended ones, and 6LoWPAN contexts."""

from collections.abc import Iterable, Iterator

from lowpan.capture.addresses import AddressBook, Knowledge
from lowpan.errors import FieldOutOfRange
from lowpan.mac.frame_security import source_pan_id
from lowpan.wire.addresses import LINK_LOCAL_PREFIX, SHORT_IID_PREFIX, Context
from lowpan.wire.dataset import Dataset
from lowpan.wire.icmpv6 import Icmpv6
from lowpan.wire.ieee802154 import Frame
from lowpan.wire.mac_command import AssociationResponse, Command, CoordinatorRealignment
from lowpan.wire.meshcop import MeshLocalPrefix
from lowpan.wire.mle import MleCommand, MleMessage
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
) -> bool:
    """Learn short addresses that an MLE message tells of its two ends (extended addresses)."""
    news = False
    for tlv in message.tlvs:
        value = tlv.value
        if isinstance(value, SourceAddress) and source is not None and len(value.address) == 2:
            news |= book.learn(pan_id, value.address, source, Knowledge.MLE)
        elif isinstance(value, Address16) and destination is not None:
            if message.command == MleCommand.CHILD_ID_RESPONSE:
                news |= book.learn(pan_id, value.address, destination, Knowledge.MLE)
    return news


def contexts_in_mle(message: MleMessage) -> Iterator[tuple[int, Context]]:
    """Yield the contexts that an MLE message tells: network data and mesh-local prefix."""
    for tlv in message.tlvs:
        if isinstance(tlv.value, NetworkData):
            for told in contexts_of(tlv.value):
                try:
                    context = Context(told.prefix, told.length, told.compress)
                except FieldOutOfRange:  # 6LoWPAN knows no such length
                    continue
                yield told.context_id, context
        elif isinstance(tlv.value, Dataset):
            for inner in tlv.value.tlvs:
                if isinstance(inner.value, MeshLocalPrefix):
                    yield MESH_LOCAL_CONTEXT, Context(inner.value.prefix, 64)


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
