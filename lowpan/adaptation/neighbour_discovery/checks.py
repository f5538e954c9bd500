"""Which messages between neighbours are valid (RFC 4861 §6.1, §7.1)."""

from lowpan.adaptation.neighbour_discovery.actions import HOP_LIMIT, Refusal
from lowpan.adaptation.neighbour_discovery.registry import CODES
from lowpan.wire.addresses import (
    LINK_LOCAL_PREFIX,
    SOLICITED_NODE_PREFIX,
    UNSPECIFIED,
    is_multicast,
)
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Body
from lowpan.wire.nd_options import NdOptionType
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    Redirect,
    RouterAdvertisement,
    RouterSolicitation,
)


def refusal_of(
    message: Icmpv6, source: bytes, destination: bytes, hop_limit: int
) -> Refusal | None:
    """Return why a message is to be ignored, None if it is valid; its checksum was right."""
    if isinstance(message.body, DuplicateAddress):
        return _duplicate_address(message.body, message.code, source)
    if hop_limit != HOP_LIMIT:
        return Refusal.HOP_LIMIT
    if message.code:
        return Refusal.CODE
    return _refusal_of_body(message.body, source, destination)


def _refusal_of_body(body: Icmpv6Body, source: bytes, destination: bytes) -> Refusal | None:
    refusal: Refusal | None = None
    match body:
        case NeighbourSolicitation():
            refusal = _solicitation(body, source, destination)
        case NeighbourAdvertisement():
            refusal = _advertisement(body, source, destination)
        case RouterSolicitation():
            if source == UNSPECIFIED and _tells_source(body):
                refusal = Refusal.OPTIONS
        case RouterAdvertisement():
            if source[:8] != LINK_LOCAL_PREFIX:
                refusal = Refusal.SOURCE
        case Redirect():
            refusal = Refusal.NO_SERVICE
        case _:
            refusal = Refusal.MALFORMED
    return refusal


def _solicitation(body: NeighbourSolicitation, source: bytes, destination: bytes) -> Refusal | None:
    if is_multicast(body.target_address):
        return Refusal.TARGET
    if source == UNSPECIFIED:
        if not destination.startswith(SOLICITED_NODE_PREFIX):
            return Refusal.DESTINATION
        if _tells_source(body):
            return Refusal.OPTIONS
    return None


def _advertisement(
    body: NeighbourAdvertisement, source: bytes, destination: bytes
) -> Refusal | None:
    if is_multicast(body.target_address) or body.target_address == UNSPECIFIED:
        return Refusal.TARGET
    if source == UNSPECIFIED:
        return Refusal.SOURCE
    if is_multicast(destination) and body.control.s:
        return Refusal.FLAGS
    return None


def _duplicate_address(body: DuplicateAddress, code: int, source: bytes) -> Refusal | None:
    """Return why not, as above; these come over many hops (RFC 6775 §4.4, RFC 8505 §4.2)."""
    if code not in (0, CODES[len(body.rovr)]) or (code == 0 and len(body.rovr) != 8):
        return Refusal.CODE
    if is_multicast(source) or source == UNSPECIFIED:
        return Refusal.SOURCE
    address = body.registered_address
    local = is_multicast(address) or address[:8] == LINK_LOCAL_PREFIX or address == UNSPECIFIED
    return Refusal.TARGET if local else None


def _tells_source(body: RouterSolicitation | NeighbourSolicitation) -> bool:
    kind = NdOptionType.SOURCE_LINK_LAYER_ADDRESS
    return any(option.type == kind for option in body.options)
