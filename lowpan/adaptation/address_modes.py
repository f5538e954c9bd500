"""The choice of address modes that makes an IPv6 header shortest (RFC 6282 §3.1.1)."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lowpan.wire.addresses import (
    LINK_LOCAL_PREFIX,
    SHORT_IID_PREFIX,
    UNSPECIFIED,
    Surroundings,
    is_multicast,
    link_local,
)


class AddressMode(NamedTuple):
    """One way to write an address; the smaller tuple is the better way."""

    octets: int
    """What stands in line."""
    stateful: bool
    """SAC or DAC: a context tells the rest."""
    context: int
    """Identifier of that context, 0..15; any but 0 costs an octet, once in a header."""
    mode: int
    """SAM or DAM."""


def choose_modes(
    source: bytes, destination: bytes, surroundings: Surroundings
) -> tuple[AddressMode, AddressMode]:
    """Return the modes of both addresses that take the fewest octets together."""
    sources = list(_source_modes(source, surroundings))
    destinations = list(_destination_modes(destination, surroundings))
    named = min(sources), min(destinations)
    plain = min(_without_name(sources)), min(_without_name(destinations))
    return named if 1 + _octets(named) < _octets(plain) else plain


def _without_name(modes: list[AddressMode]) -> Iterator[AddressMode]:
    return (mode for mode in modes if not mode.context)


def _octets(modes: tuple[AddressMode, AddressMode]) -> int:
    return modes[0].octets + modes[1].octets


def _source_modes(address: bytes, surroundings: Surroundings) -> Iterator[AddressMode]:
    if address == UNSPECIFIED:
        yield AddressMode(0, stateful=True, context=0, mode=0)
    yield from _unicast_modes(address, surroundings.source_iid, surroundings)


def _destination_modes(address: bytes, surroundings: Surroundings) -> Iterator[AddressMode]:
    if is_multicast(address):
        return _multicast_modes(address, surroundings)
    return _unicast_modes(address, surroundings.destination_iid, surroundings)


def _unicast_modes(
    address: bytes, own_iid: bytes, surroundings: Surroundings
) -> Iterator[AddressMode]:
    yield AddressMode(16, stateful=False, context=0, mode=0)
    if address.startswith(LINK_LOCAL_PREFIX):
        octets, mode = _shortest(address, own_iid, link_local)
        yield AddressMode(octets, stateful=False, context=0, mode=mode)
    for identifier, context in surroundings.contexts.items():
        if context.compress and context.complete(address[8:]) == address:
            iid = bytes(8) if context.length == 128 else own_iid
            octets, mode = _shortest(address, iid, context.complete)
            yield AddressMode(octets, stateful=True, context=identifier, mode=mode)


def _shortest(
    address: bytes, own_iid: bytes, complete: Callable[[bytes], bytes]
) -> tuple[int, int]:
    """Return octets in line and mode of an address that its own last 8 octets would complete."""
    if own_iid and complete(own_iid) == address:
        return 0, 3
    if complete(SHORT_IID_PREFIX + address[14:]) == address:
        return 2, 2
    return 8, 1


def _multicast_modes(address: bytes, surroundings: Surroundings) -> Iterator[AddressMode]:
    for octets, mode, zeros in ((1, 3, 13), (4, 2, 11), (6, 1, 9)):
        if address[2 : 2 + zeros] == bytes(zeros) and (mode != 3 or address[1] == 2):
            yield AddressMode(octets, stateful=False, context=0, mode=mode)
    yield AddressMode(16, stateful=False, context=0, mode=0)
    for identifier, context in surroundings.contexts.items():
        prefix = bytes((context.length,)) + context.network
        if context.compress and context.length <= 64 and address[3:12] == prefix:
            yield AddressMode(6, stateful=True, context=identifier, mode=0)
