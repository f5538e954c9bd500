"""Extension headers of a datagram to us, obeyed as far as the upper layer (RFC 8200 §4)."""

from dataclasses import dataclass, replace
from enum import IntEnum

from lowpan.errors import MalformedFrame
from lowpan.node.errors_sent import (
    ERRONEOUS_HEADER,
    UNRECOGNISED_NEXT_HEADER,
    UNRECOGNISED_OPTION,
)
from lowpan.node.service import Discard
from lowpan.wire.ipv6 import (
    DESTINATION_OPTIONS,
    EXTENSION_HEADER,
    FRAGMENT,
    HOP_BY_HOP_OPTIONS,
    IPV6_FRAGMENT_HEADER,
    IPV6_HEADER,
    IPV6_HEADER_OCTETS,
    ROUTING,
    Ipv6Header,
)
from lowpan.wire.ipv6_options import IPV6_OPTION, MplOption, OptionType

_NEXT_HEADER_AT = 6
_BEFORE_OPTIONS = 2
"""Octets of an options header before the first option."""
_ROUTING_TYPE_AT = 2
_PADDING = (OptionType.PAD1, OptionType.PADN)


class _Unknown(IntEnum):
    """What to do with a datagram for an option that we do not know: its upper bits (§4.2)."""

    SKIP = 0b00
    DISCARD = 0b01
    REPORT = 0b10
    """Discard it, and tell who sent it, even if it was for a group."""
    REPORT_UNLESS_GROUP = 0b11


@dataclass(slots=True)
class UpperLayer:
    """What stands behind the extension headers."""

    protocol: int
    at: int
    """Octets before it."""
    pointer: int
    """Octets before the place of its number."""
    fragment: bool = False
    """A fragment header was there, although nothing was cut."""
    mpl: bool = False
    """The hop-by-hop options say how the datagram spreads (RFC 7731)."""


class HeaderRefused(Exception):
    """A datagram that goes no further for what an extension header says."""

    def __init__(
        self,
        discard: Discard,
        reason: str,
        *,
        code: int | None = None,
        pointer: int = 0,
        even_to_group: bool = False,
    ) -> None:
        super().__init__(reason)
        self.discard, self.reason = discard, reason
        self.code, self.pointer = code, pointer
        """Of the parameter problem that its sender is to be told; code None: nothing is."""
        self.even_to_group = even_to_group
        """The sender is told also if the datagram was for a group."""


def upper_layer_of(datagram: bytes, header: Ipv6Header) -> UpperLayer:
    """Return what stands behind the extension headers, if these let us take it.

    In any order, as §4.1 wants, but hop-by-hop options only at once behind the IPv6 header.
    Raises HeaderRefused, or MalformedFrame where a header is cut short.
    """
    upper = UpperLayer(header.next_header, IPV6_HEADER_OCTETS, _NEXT_HEADER_AT)
    while True:
        protocol, at = upper.protocol, upper.at
        if protocol == FRAGMENT:
            next_header, used = _fragment(datagram, upper)
        elif protocol in (HOP_BY_HOP_OPTIONS, DESTINATION_OPTIONS, ROUTING):
            extension, used = EXTENSION_HEADER.decode_prefix(datagram[at:])
            next_header = extension.next_header
            if protocol != ROUTING:
                _obey_options(extension.octets, upper)
            elif extension.octets[1]:
                _refuse_route(at)
        else:
            return upper
        upper.protocol, upper.at, upper.pointer = next_header, at + used, at


def without_mpl(datagram: bytes, header: Ipv6Header, upper: UpperLayer) -> bytes:
    """Return what a host behind us gets: a system knows no MPL, and would drop what needs it."""
    if not upper.mpl:
        return datagram
    extension, used = EXTENSION_HEADER.decode_prefix(datagram[IPV6_HEADER_OCTETS:])
    rest = datagram[IPV6_HEADER_OCTETS + used :]
    bare = replace(header, next_header=extension.next_header, payload_length=len(rest))
    return IPV6_HEADER.encode(bare) + rest


def _fragment(datagram: bytes, upper: UpperLayer) -> tuple[int, int]:
    """Return what follows the fragment header of a datagram that is whole (RFC 6946).

    Nothing is put together here, although §5 wants it up to 1500 octets: the 1280 that every link
    carries go over this one in one datagram, so who cuts has more to say than we take.  Such a
    sender hears with the first piece that we do not know the header; whether a later one belongs
    to an error nobody could tell.
    """
    fragment, used = IPV6_FRAGMENT_HEADER.decode_prefix(datagram[upper.at :])
    if fragment.fragment_offset or fragment.more_fragments:
        code = None if fragment.fragment_offset else UNRECOGNISED_NEXT_HEADER
        reason = "a piece of a larger datagram"
        raise HeaderRefused(Discard.FRAGMENT, reason, code=code, pointer=upper.pointer)
    upper.fragment = True
    return fragment.next_header, used


def _refuse_route(at: int) -> None:
    """Go no way that a routing header wants: we know none of its types (§4.4)."""
    reason = "a routing header that is not at its end"
    pointer = at + _ROUTING_TYPE_AT
    raise HeaderRefused(Discard.MALFORMED, reason, code=ERRONEOUS_HEADER, pointer=pointer)


def _obey_options(octets: bytes, upper: UpperLayer) -> None:
    """Do what the options say of which we know nothing more (§4.2)."""
    is_hop_by_hop = upper.protocol == HOP_BY_HOP_OPTIONS
    if is_hop_by_hop and upper.pointer != _NEXT_HEADER_AT:
        raise HeaderRefused(
            Discard.MALFORMED,
            "hop-by-hop options behind another header",
            code=UNRECOGNISED_NEXT_HEADER,
            pointer=upper.pointer,
        )
    at, first = 0, upper.at + _BEFORE_OPTIONS
    while at < len(octets):
        pointer = first + at
        try:
            option, used = IPV6_OPTION.decode_prefix(octets[at:])
        except MalformedFrame:
            # its length is wrong, or missing
            raise _malformed(pointer + (at + 1 < len(octets))) from None
        if is_hop_by_hop and option.type == OptionType.MPL:
            if not isinstance(option.value, MplOption):
                raise _malformed(pointer + 2)
            upper.mpl = True
        elif option.type not in _PADDING:
            _obey_unknown(option.type, pointer)
        at += used


def _obey_unknown(kind: int, pointer: int) -> None:
    action = _Unknown(kind >> 6)
    if action is _Unknown.SKIP:
        return
    raise HeaderRefused(
        Discard.UNKNOWN_OPTION,
        f"option {kind:#04x}",
        code=None if action is _Unknown.DISCARD else UNRECOGNISED_OPTION,
        pointer=pointer,
        even_to_group=action is _Unknown.REPORT,
    )


def _malformed(pointer: int) -> HeaderRefused:
    reason = f"an option that is malformed at octet {pointer}"
    return HeaderRefused(Discard.MALFORMED, reason, code=ERRONEOUS_HEADER, pointer=pointer)
