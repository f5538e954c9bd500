"""What an ICMPv6 message says, in one line."""

from typing import Any

from lowpan.capture.formats import colons
from lowpan.capture.names import ICMPV6_TYPES, REGISTRATION_STATUS, UNREACHABLE, name_of
from lowpan.wire.addresses import format_ipv6
from lowpan.wire.icmpv6 import (
    Echo,
    Icmpv6,
    Icmpv6Type,
    PacketTooBig,
    ParameterProblem,
    Unanswerable,
)
from lowpan.wire.nd_options import (
    AddressRegistration,
    AuthoritativeBorderRouter,
    LinkLayerAddress,
    NdOption,
    PrefixInformation,
    SixLowpanContext,
)
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    Redirect,
    RouterAdvertisement,
)


def icmpv6_says(message: Icmpv6) -> str:
    """Return what `message` says."""
    name = name_of(ICMPV6_TYPES, message.type, "type")
    details = _details(message)
    options = [said for option in getattr(message.body, "options", ()) if (said := _option(option))]
    return ", ".join([name + details, *options])


def _details(message: Icmpv6) -> str:
    """Return what stands in the fixed part of the body, with what leads over to it."""
    body = message.body
    if isinstance(body, Echo):
        told = f"id {body.identifier:#06x} seq {body.sequence_number}, {len(body.data)} octets"
        return f" {told}"
    if isinstance(body, NeighbourSolicitation | NeighbourAdvertisement | Redirect):
        return f" of {format_ipv6(body.target_address)}{_flags(body)}"
    if isinstance(body, RouterAdvertisement):
        return f" for {body.router_lifetime} s"
    if isinstance(body, DuplicateAddress):
        status = name_of(REGISTRATION_STATUS, body.status, "status")
        return f" of {format_ipv6(body.registered_address)}, {status}"
    return f", {len(body)} octets" if isinstance(body, bytes) else _error(message)


def _error(message: Icmpv6) -> str:
    """Return what an error message complains of."""
    body = message.body
    if isinstance(body, PacketTooBig):
        return f", MTU {body.mtu}"
    if isinstance(body, ParameterProblem):
        return f" at octet {body.pointer}"
    if isinstance(body, Unanswerable) and message.type == Icmpv6Type.DESTINATION_UNREACHABLE:
        return f": {name_of(UNREACHABLE, message.code, 'code')}"
    return ""


def _flags(body: Any) -> str:
    if not isinstance(body, NeighbourAdvertisement):
        return ""
    names = {"router": body.control.r, "solicited": body.control.s, "override": body.control.o}
    told = "+".join(name for name, flag in names.items() if flag)
    return f", {told}" if told else ""


def _option(option: NdOption) -> str:
    """Return what an option says; empty if it is not worth a place in a line."""
    value = option.value
    if isinstance(value, LinkLayerAddress):
        short = len(value.address) == 2
        return f"0x{value.address.hex()}" if short else colons(value.address)
    if isinstance(value, PrefixInformation):
        return f"prefix {format_ipv6(value.prefix)}/{value.prefix_length}"
    if isinstance(value, SixLowpanContext):
        prefix = format_ipv6(value.prefix.ljust(16, b"\0"))
        return f"context {value.control.cid} {prefix}/{value.context_length}"
    if isinstance(value, AddressRegistration):
        status = name_of(REGISTRATION_STATUS, value.status, "status")
        return f"registration {value.rovr.hex()}: {status}"
    if isinstance(value, AuthoritativeBorderRouter):
        return f"border router {format_ipv6(value.border_router_address)}"
    return ""
