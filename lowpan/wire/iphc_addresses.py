"""Addresses of a compressed IPv6 header, elided and completed (RFC 6282 §3.1.1, §3.2).

Pairs of functions for Derived nodes: each `complete_*` gives the 16 octets of the address from
what is in line, each `elide_*` gives back what goes in line.  Both raise ValueError: completing
where the frame does not tell enough, eliding where the address would not come back the same.
"""

from typing import TypeVar

from lowpan.wire.addresses import (
    LINK_LOCAL_PREFIX,
    SHORT_IID_PREFIX,
    Context,
    Surroundings,
    format_ipv6,
)

_LINK_LOCAL_SHORT = LINK_LOCAL_PREFIX + SHORT_IID_PREFIX
_NO_ADDRESS = "elided, but no header around this one has an address"

_Inline = TypeVar("_Inline")


# -- unicast without context


def complete_iid(iid: bytes, surroundings: Surroundings | None) -> bytes:
    """Return the link-local address with an interface identifier in line (mode 01)."""
    return LINK_LOCAL_PREFIX + iid


def elide_to_iid(address: bytes, surroundings: Surroundings | None) -> bytes:
    """Return the interface identifier of a link-local address."""
    return _checked(address, address[8:], LINK_LOCAL_PREFIX + address[8:])


def complete_short(short: bytes, surroundings: Surroundings | None) -> bytes:
    """Return the link-local address made of 16 bits in line (mode 10)."""
    return _LINK_LOCAL_SHORT + short


def elide_to_short(address: bytes, surroundings: Surroundings | None) -> bytes:
    """Return the 16 bits that make a link-local address."""
    return _checked(address, address[14:], _LINK_LOCAL_SHORT + address[14:])


def complete_link_local_source(nothing: None, surroundings: Surroundings | None) -> bytes:
    """Return the link-local address of whoever sent the header around this one (SAM 11)."""
    if surroundings is None or not surroundings.source_iid:
        raise ValueError(_NO_ADDRESS)
    return LINK_LOCAL_PREFIX + surroundings.source_iid


def elide_link_local_source(address: bytes, surroundings: Surroundings | None) -> None:
    """Check that the header around this one tells the source address."""
    return _checked(address, None, complete_link_local_source(None, surroundings))


def complete_link_local_destination(nothing: None, surroundings: Surroundings | None) -> bytes:
    """Return the link-local address to which the header around this one goes (DAM 11)."""
    if surroundings is None or not surroundings.destination_iid:
        raise ValueError(_NO_ADDRESS)
    return LINK_LOCAL_PREFIX + surroundings.destination_iid


def elide_link_local_destination(address: bytes, surroundings: Surroundings | None) -> None:
    """Check that the header around this one tells the destination address."""
    return _checked(address, None, complete_link_local_destination(None, surroundings))


# -- unicast with context


def complete_context_iid(iid: bytes, surroundings: Surroundings | None, identifier: int) -> bytes:
    """Return the address with a context's prefix and an interface identifier in line (01)."""
    context = None if surroundings is None else surroundings.contexts.get(identifier)
    if context is not None and context.length <= 64:  # as nearly always
        return context.network + iid
    return _context(surroundings, identifier).complete(iid)


def elide_to_context_iid(
    address: bytes, surroundings: Surroundings | None, identifier: int
) -> bytes:
    """Return the interface identifier of an address in a context."""
    made = complete_context_iid(address[8:], surroundings, identifier)
    return _checked(address, address[8:], made)


def complete_context_short(
    short: bytes, surroundings: Surroundings | None, identifier: int
) -> bytes:
    """Return the address with a context's prefix and 16 bits in line (mode 10)."""
    return complete_context_iid(SHORT_IID_PREFIX + short, surroundings, identifier)


def elide_to_context_short(
    address: bytes, surroundings: Surroundings | None, identifier: int
) -> bytes:
    """Return the 16 bits that make an address in a context."""
    made = complete_context_short(address[14:], surroundings, identifier)
    return _checked(address, address[14:], made)


def complete_context_source(
    nothing: None, surroundings: Surroundings | None, identifier: int
) -> bytes:
    """Return the address in a context of whoever sent the header around this one (SAM 11)."""
    iid = b"" if surroundings is None else surroundings.source_iid
    if iid:
        return complete_context_iid(iid, surroundings, identifier)
    return _without_iid(_context(surroundings, identifier))


def elide_context_source(
    address: bytes, surroundings: Surroundings | None, identifier: int
) -> None:
    """Check that a context and the header around this one tell the source address."""
    return _checked(address, None, complete_context_source(None, surroundings, identifier))


def complete_context_destination(
    nothing: None, surroundings: Surroundings | None, identifier: int
) -> bytes:
    """Return the address in a context to which the header around this one goes (DAM 11)."""
    iid = b"" if surroundings is None else surroundings.destination_iid
    if iid:
        return complete_context_iid(iid, surroundings, identifier)
    return _without_iid(_context(surroundings, identifier))


def elide_context_destination(
    address: bytes, surroundings: Surroundings | None, identifier: int
) -> None:
    """Check that a context and the header around this one tell the destination address."""
    return _checked(address, None, complete_context_destination(None, surroundings, identifier))


# -- multicast


def complete_multicast_48(octets: bytes, surroundings: Surroundings | None) -> bytes:
    """Return ffXX::00XX:XXXX:XXXX of 6 octets (DAM 01)."""
    return b"\xff" + octets[:1] + bytes(9) + octets[1:]


def elide_to_multicast_48(address: bytes, surroundings: Surroundings | None) -> bytes:
    """Return the 6 octets of a multicast address that are not implied."""
    octets = address[1:2] + address[11:]
    return _checked(address, octets, complete_multicast_48(octets, None))


def complete_multicast_32(octets: bytes, surroundings: Surroundings | None) -> bytes:
    """Return ffXX::00XX:XXXX of 4 octets (DAM 10)."""
    return b"\xff" + octets[:1] + bytes(11) + octets[1:]


def elide_to_multicast_32(address: bytes, surroundings: Surroundings | None) -> bytes:
    """Return the 4 octets of a multicast address that are not implied."""
    octets = address[1:2] + address[13:]
    return _checked(address, octets, complete_multicast_32(octets, None))


def complete_multicast_8(octet: bytes, surroundings: Surroundings | None) -> bytes:
    """Return ff02::00XX of one octet (DAM 11)."""
    return b"\xff\x02" + bytes(13) + octet


def elide_to_multicast_8(address: bytes, surroundings: Surroundings | None) -> bytes:
    """Return the last octet of a multicast address where the others are implied."""
    return _checked(address, address[15:], complete_multicast_8(address[15:], None))


def complete_multicast_of_prefix(
    octets: bytes, surroundings: Surroundings | None, identifier: int
) -> bytes:
    """Return ffXX:XXLL:PPPP:PPPP:PPPP:PPPP:XXXX:XXXX of 6 octets, L and P from a context.

    L and P are the length and the first 64 bits of the context's prefix (RFC 3306), so a longer
    prefix does not fit.
    """
    context = _context(surroundings, identifier)
    if context.length > 64:
        raise ValueError(f"context {identifier}: {context.length} bits for a multicast prefix")
    return b"\xff" + octets[:2] + bytes((context.length,)) + context.network + octets[2:]


def elide_to_multicast_of_prefix(
    address: bytes, surroundings: Surroundings | None, identifier: int
) -> bytes:
    """Return the 6 octets of a multicast address that its context does not tell."""
    octets = address[1:3] + address[12:]
    made = complete_multicast_of_prefix(octets, surroundings, identifier)
    return _checked(address, octets, made)


def _context(surroundings: Surroundings | None, identifier: int) -> Context:
    context = None if surroundings is None else surroundings.contexts.get(identifier)
    if context is None:
        raise ValueError(f"context {identifier} is not known")
    return context


def _without_iid(context: Context) -> bytes:
    """Return the one address of a context that leaves no bit to the frame."""
    if context.length < 128:
        raise ValueError(_NO_ADDRESS)
    return context.prefix


def _checked(address: bytes, inline: _Inline, made: bytes) -> _Inline:
    """Return `inline` if `address` is what will be `made` of it."""
    if made == address:
        return inline
    if len(address) != 16:
        raise ValueError(f"an IPv6 address of {len(address)} octets")
    raise ValueError(f"{format_ipv6(address)} would come back as {format_ipv6(made)}")
