"""Options of neighbour discovery, plain ones and those of 6LoWPAN (RFC 4861 §4.6)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from construct import Int8ub, Struct, this

from lowpan.schema import Content, Layout, Run, Sized
from lowpan.wire.nd_options_lowpan import (
    ADDRESS_REGISTRATION,
    ADDRESS_REGISTRATION_CONTROL,
    AUTHORITATIVE_BORDER_ROUTER,
    SIX_LOWPAN_CAPABILITIES,
    SIX_LOWPAN_CAPABILITY_INDICATION,
    SIX_LOWPAN_CONTEXT,
    SIX_LOWPAN_CONTEXT_CONTROL,
    AddressRegistration,
    AddressRegistrationControl,
    AddressRegistrationStatus,
    AuthoritativeBorderRouter,
    SixLowpanCapabilities,
    SixLowpanCapabilityIndication,
    SixLowpanContext,
    SixLowpanContextControl,
)
from lowpan.wire.nd_options_plain import (
    LINK_LAYER_ADDRESS,
    MTU,
    PREFIX_INFORMATION,
    PREFIX_INFORMATION_CONTROL,
    RECURSIVE_DNS_SERVER,
    REDIRECTED_HEADER,
    ROUTE_INFORMATION,
    ROUTE_INFORMATION_CONTROL,
    LinkLayerAddress,
    Mtu,
    PrefixInformation,
    PrefixInformationControl,
    RecursiveDnsServer,
    RedirectedHeader,
    RouteInformation,
    RouteInformationControl,
)

__all__ = [
    "ADDRESS_REGISTRATION",
    "ADDRESS_REGISTRATION_CONTROL",
    "AUTHORITATIVE_BORDER_ROUTER",
    "LINK_LAYER_ADDRESS",
    "MTU",
    "ND_OPTION",
    "ND_OPTIONS",
    "PREFIX_INFORMATION",
    "PREFIX_INFORMATION_CONTROL",
    "RECURSIVE_DNS_SERVER",
    "REDIRECTED_HEADER",
    "ROUTE_INFORMATION",
    "ROUTE_INFORMATION_CONTROL",
    "SIX_LOWPAN_CAPABILITIES",
    "SIX_LOWPAN_CAPABILITY_INDICATION",
    "SIX_LOWPAN_CONTEXT",
    "SIX_LOWPAN_CONTEXT_CONTROL",
    "AddressRegistration",
    "AddressRegistrationControl",
    "AddressRegistrationStatus",
    "AuthoritativeBorderRouter",
    "LinkLayerAddress",
    "Mtu",
    "NdOption",
    "NdOptionType",
    "NdOptionValue",
    "PrefixInformation",
    "PrefixInformationControl",
    "RecursiveDnsServer",
    "RedirectedHeader",
    "RouteInformation",
    "RouteInformationControl",
    "SixLowpanCapabilities",
    "SixLowpanCapabilityIndication",
    "SixLowpanContext",
    "SixLowpanContextControl",
]


class NdOptionType(IntEnum):
    """Kinds of options."""

    SOURCE_LINK_LAYER_ADDRESS = 1
    TARGET_LINK_LAYER_ADDRESS = 2
    PREFIX_INFORMATION = 3
    REDIRECTED_HEADER = 4
    MTU = 5
    ROUTE_INFORMATION = 24
    RECURSIVE_DNS_SERVER = 25
    ADDRESS_REGISTRATION = 33
    SIX_LOWPAN_CONTEXT = 34
    AUTHORITATIVE_BORDER_ROUTER = 35
    SIX_LOWPAN_CAPABILITY_INDICATION = 36


NdOptionValue = (
    LinkLayerAddress
    | PrefixInformation
    | RedirectedHeader
    | Mtu
    | RouteInformation
    | RecursiveDnsServer
    | AddressRegistration
    | SixLowpanContext
    | AuthoritativeBorderRouter
    | SixLowpanCapabilityIndication
    | bytes
)
"""Octets where the type is unknown or its content is malformed."""


@dataclass(slots=True)
class NdOption:
    """One option of a neighbour discovery message."""

    type: int
    """NdOptionType, 0..255."""
    value: NdOptionValue


_VALUES: dict[NdOptionType, Layout[Any]] = {
    NdOptionType.SOURCE_LINK_LAYER_ADDRESS: LINK_LAYER_ADDRESS,
    NdOptionType.TARGET_LINK_LAYER_ADDRESS: LINK_LAYER_ADDRESS,
    NdOptionType.PREFIX_INFORMATION: PREFIX_INFORMATION,
    NdOptionType.REDIRECTED_HEADER: REDIRECTED_HEADER,
    NdOptionType.MTU: MTU,
    NdOptionType.ROUTE_INFORMATION: ROUTE_INFORMATION,
    NdOptionType.RECURSIVE_DNS_SERVER: RECURSIVE_DNS_SERVER,
    NdOptionType.ADDRESS_REGISTRATION: ADDRESS_REGISTRATION,
    NdOptionType.SIX_LOWPAN_CONTEXT: SIX_LOWPAN_CONTEXT,
    NdOptionType.AUTHORITATIVE_BORDER_ROUTER: AUTHORITATIVE_BORDER_ROUTER,
    NdOptionType.SIX_LOWPAN_CAPABILITY_INDICATION: SIX_LOWPAN_CAPABILITY_INDICATION,
}

ND_OPTION = Layout(
    NdOption,
    Sized(
        Struct("type" / Int8ub, "length" / Int8ub),
        "value" / Content(this.type, {int(kind): layout for kind, layout in _VALUES.items()}),
        unit=8,
        overhead=2,
    ),
)

ND_OPTIONS = Run(ND_OPTION)
"""Options to the end of the message; one of no length makes the message malformed."""
