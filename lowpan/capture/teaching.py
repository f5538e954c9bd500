"""What frames and messages teach: short addresses of extended ones, and 6LoWPAN contexts."""

from collections.abc import Iterable, Iterator
from typing import TypeGuard

from lowpan.capture.addresses import AddressBook, Knowledge
from lowpan.mac.frame_security import source_pan_id
from lowpan.wire.addresses import LINK_LOCAL_PREFIX, SHORT_IID_PREFIX, Context
from lowpan.wire.dataset import Dataset, MeshCopType
from lowpan.wire.icmpv6 import Icmpv6
from lowpan.wire.ieee802154 import Frame
from lowpan.wire.mac_command import AssociationResponse, Command, CoordinatorRealignment
from lowpan.wire.meshcop import MeshLocalPrefix, PanId
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
    NeighbourAdvertisement,
    NeighbourSolicitation,
    Redirect,
    RouterAdvertisement,
    RouterSolicitation,
)
from lowpan.wire.network_data import NetworkData, contexts_of

MESH_LOCAL_CONTEXT = 0
"""Thread's mesh-local prefix is this context, without anybody saying so."""

_TELLING_THE_RECEIVER = frozenset(
    {
        MleCommand.CHILD_ID_RESPONSE,
        MleCommand.LINK_ACCEPT,
        MleCommand.LINK_ACCEPT_AND_REQUEST,
    }
)
"""Commands whose Address16 is the receiver's: new for a child, lost in the reset of a router."""

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


def learn_from_command(book: AddressBook, frame: Frame | Multipurpose, command: Command) -> None:
    """Learn the short addresses that a coordinator gave, and its own."""
    content, source, destination = command.content, frame.source, frame.destination
    if isinstance(content, AssociationResponse):
        pan_id = source_pan_id(frame)
        if content.association_status == 0 and pan_id is not None and _is_extended(destination):
            book.learn(pan_id, content.short_address, destination)
    elif isinstance(content, CoordinatorRealignment):
        if _is_extended(destination):
            book.learn(content.pan_id, content.short_address, destination)
        if _is_extended(source):
            book.learn(content.pan_id, content.coordinator_short_address, source)


def _is_extended(address: bytes | None) -> TypeGuard[bytes]:
    return address is not None and len(address) == 8


def learn_from_mle(
    book: AddressBook,
    pan_id: int,
    message: MleMessage,
    source: bytes | None,
    destination: bytes | None,
) -> Iterator[tuple[int, int, Context]]:
    """Learn short addresses that a message tells of its two ends (extended addresses).

    Yield the contexts that it tells, of its network data and the mesh-local prefix: the PAN ID of
    the network that has them, their number and prefix.
    """
    for tlv in message.tlvs:
        if tlv.type not in _TELLING:
            continue
        value = tlv.value
        if isinstance(value, SourceAddress) and source is not None:
            if len(value.address) == 2:
                book.learn(pan_id, value.address, source, Knowledge.MLE)
        elif isinstance(value, Address16) and destination is not None:
            if message.command in _TELLING_THE_RECEIVER:
                book.learn(pan_id, value.address, destination, Knowledge.MLE)
        elif isinstance(value, NetworkData):
            for number, context in _contexts_in_network_data(value):
                yield pan_id, number, context
        elif isinstance(value, Dataset):
            yield from _context_in_dataset(value, tlv.type, pan_id)


def _context_in_dataset(
    dataset: Dataset, tlv_type: int, pan_id: int
) -> Iterator[tuple[int, int, Context]]:
    """Yield the mesh-local prefix of the dataset's network.

    A pending dataset is about later; of another PAN ID it can be told now, since nobody uses it.
    """
    prefix = dataset.find(MeshCopType.MESH_LOCAL_PREFIX, MeshLocalPrefix)
    other = dataset.find(MeshCopType.PAN_ID, PanId)
    theirs = pan_id if other is None else other.pan_id
    pending = tlv_type == TlvType.PENDING_OPERATIONAL_DATASET
    if prefix is not None and not (pending and theirs == pan_id):
        yield theirs, MESH_LOCAL_CONTEXT, Context(prefix.prefix, 64)


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
    book: AddressBook, pan_id: int, message: Icmpv6, source: bytes, destination: bytes
) -> None:
    """Learn from options that name the link-layer address behind an IPv6 address.

    `source` and `destination` are IPv6 addresses: those made of a short address tell it.
    """
    body = message.body
    if not isinstance(body, _WITH_OPTIONS):
        return
    told = list(_pairs_in_options(body.options))
    for kind, address in _owners(body, source, destination):
        if address[8:14] == SHORT_IID_PREFIX:
            options = _addresses(body.options, kind)
            told += [(address[14:], extended) for extended in options if len(extended) == 8]
    for short, extended in told:
        book.learn(pan_id, short, extended)


def _owners(
    body: RouterSolicitation
    | RouterAdvertisement
    | NeighbourSolicitation
    | NeighbourAdvertisement
    | Redirect,
    source: bytes,
    destination: bytes,
) -> Iterator[tuple[int, bytes]]:
    """Yield each kind of option, and the IPv6 address whose link-layer address it says.

    An address registration is the host's who asks for it, in the answer too (RFC 6775 §4.1).
    """
    yield NdOptionType.SOURCE_LINK_LAYER_ADDRESS, source
    if isinstance(body, NeighbourAdvertisement):
        yield NdOptionType.TARGET_LINK_LAYER_ADDRESS, body.target_address
        yield NdOptionType.ADDRESS_REGISTRATION, destination
    elif isinstance(body, NeighbourSolicitation):
        yield NdOptionType.ADDRESS_REGISTRATION, source
    elif isinstance(body, Redirect):
        yield NdOptionType.TARGET_LINK_LAYER_ADDRESS, body.target_address


def _pairs_in_options(options: Iterable[NdOption]) -> Iterator[tuple[bytes, bytes]]:
    """Yield short and extended address where a message names both of an interface (as Linux)."""
    for kind in (NdOptionType.SOURCE_LINK_LAYER_ADDRESS, NdOptionType.TARGET_LINK_LAYER_ADDRESS):
        by_length = {len(address): address for address in _addresses(options, kind)}
        if 2 in by_length and 8 in by_length:
            yield by_length[2], by_length[8]


def _addresses(options: Iterable[NdOption], kind: int) -> Iterator[bytes]:
    """Yield the link-layer addresses in options of one kind."""
    for option in options:
        value = option.value
        if option.type != kind:
            continue
        if isinstance(value, LinkLayerAddress):
            yield value.address
        elif isinstance(value, AddressRegistration) and value.status == 0:
            yield value.rovr


def contexts_in_neighbour_discovery(message: Icmpv6) -> Iterator[tuple[int, Context | None]]:
    """Yield the contexts that a router advertises (RFC 6775 §4.2); None takes one back."""
    if isinstance(message.body, RouterAdvertisement):
        for option in message.body.options:
            value = option.value
            if isinstance(value, SixLowpanContext) and value.context_length <= 128:
                context = Context(value.prefix, value.context_length, value.control.c)
                yield value.control.cid, context if value.valid_lifetime else None
