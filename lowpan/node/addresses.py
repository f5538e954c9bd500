"""The IPv6 addresses of a node: which are ours, and which one to send from (RFC 6724)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lowpan.errors import FieldOutOfRange
from lowpan.wire.addresses import (
    ALL_NODES,
    LINK_LOCAL_PREFIX,
    UNSPECIFIED,
    format_ipv6,
    iid_of,
    is_multicast,
    link_local,
    solicited_node,
)

ALL_NODES_INTERFACE_LOCAL = bytes.fromhex("ff010000000000000000000000000001")
LOOPBACK = bytes(15) + b"\x01"

MOST_ADDRESSES = 16
"""Addresses of one node: eight prefixes, each with an extended and a short identifier."""
MOST_GROUPS = 64
"""Multicast groups that are listened to."""

MOST_CHOSEN = 64
"""Destinations for which it is remembered from where we send: more, and all are forgotten."""

_LINK_LOCAL_SCOPE, _GLOBAL_SCOPE = 2, 14

_LABELS = (
    (LOOPBACK, 0),
    (b"\x20\x02", 2),
    (b"\x20\x01\0\0", 5),
    (b"\xfc", 13),
    (b"\xfd", 13),
    (b"", 1),
)
"""Prefixes in whole octets and their labels; no source of ours is IPv4-mapped or site-local."""


@dataclass(slots=True)
class OwnAddress:
    """A unicast address of ours."""

    address: bytes
    """16 octets."""
    prefix_length: int
    """0..128: what is on the link, as its source said."""
    link_address: bytes
    """2 or 8 octets: that of ours which its interface identifier is made of."""
    ready: bool = True
    """Not while it is checked for duplicates (RFC 4862 §5.4)."""
    deprecated: bool = False
    """Not for new conversations (RFC 4862 §5.5.4)."""
    alias: bool = False
    """Ours if others say so: answered from, never chosen or told."""


class OwnAddresses:
    """Unicast addresses and multicast groups of a node; bounded."""

    def __init__(self) -> None:
        self._own: dict[bytes, OwnAddress] = {}
        self._groups: dict[bytes, int] = {}
        self._chosen: dict[bytes, OwnAddress | None] = {}
        """Where we send from, by destination, as long as our addresses are `_chosen_from`."""
        self._chosen_from: list[tuple[OwnAddress, bool, bool]] = []
        """As often as they were joined."""
        self._own_groups = Counter((ALL_NODES, ALL_NODES_INTERFACE_LOCAL))
        """Of our addresses, however many others were joined."""

    def __iter__(self) -> Iterator[OwnAddress]:
        """Yield our unicast addresses, without aliases."""
        return (own for own in self._own.values() if not own.alias)

    def get(self, address: bytes) -> OwnAddress | None:
        """Return what is known of one of our addresses, None if it is not ours."""
        return self._own.get(address)

    def takes(self, address: bytes) -> bool:
        """Tell whether add() would not raise."""
        possible = address != UNSPECIFIED and is_possible_source(address)
        return possible and (address in self._own or len(self._own) < MOST_ADDRESSES)

    def add(self, own: OwnAddress) -> None:
        """Have one more address, and listen to its solicited-node group; raise FieldOutOfRange."""
        if own.address == UNSPECIFIED or not is_possible_source(own.address):
            raise FieldOutOfRange(f"{format_ipv6(own.address)} is no address that a node can have")
        if not self.takes(own.address):
            raise FieldOutOfRange(f"more than {MOST_ADDRESSES} addresses")
        self._have(own)

    def _have(self, own: OwnAddress) -> None:
        if own.address not in self._own:
            self._own_groups[solicited_node(own.address)] += 1
        self._own[own.address] = own

    def take_up(self, extended: bytes, short: bytes | None, pan_id: int) -> list[bytes]:
        """Have the link-local addresses of our link-layer addresses; return them.

        They are as unique as what they are made of: nobody is asked (RFC 6775 §5.2), and there is
        room for them however many others there are.  The one by
        which Linux knows a short address is an alias.
        """
        link_addresses = [extended] if short is None else [short, extended]
        made = [(link_local_of(one), one) for one in link_addresses]
        for address, link_address in made:
            self._have(OwnAddress(address, 64, link_address))
        if short is not None:
            self._have(OwnAddress(linux_link_local_of(pan_id, short), 64, short, alias=True))
        return [address for address, _ in made]

    def rename(
        self, extended: bytes, short: bytes | None, pan_id: int
    ) -> tuple[list[bytes], list[bytes]]:
        """Have the link-local addresses of other link-layer addresses: return gone and new ones."""
        before = [own for own in self._own.values() if _is_of_short(own)]
        told = [own.address for own in before if not own.alias]
        for own in before:
            self.remove(own.address)
        made = self.take_up(extended, short, pan_id)
        self._own = {address: self._own[address] for address in [*made, *self._own]}
        return (
            [address for address in told if address not in made],
            [
                address
                for address in made
                if len(self._own[address].link_address) == 2 and address not in told
            ],
        )

    def remove(self, address: bytes) -> None:
        """Have an address no longer; harmless if it is not ours."""
        if self._own.pop(address, None) is not None:
            self._own_groups -= Counter((solicited_node(address),))

    def join(self, group: bytes) -> None:
        """Listen to a multicast group, as often as it is joined; raise FieldOutOfRange."""
        if not is_multicast(group):
            raise FieldOutOfRange("no multicast address")
        if group not in self._groups and len(self._groups) >= MOST_GROUPS:
            raise FieldOutOfRange(f"more than {MOST_GROUPS} multicast groups")
        self._groups[group] = self._groups.get(group, 0) + 1

    def leave(self, group: bytes) -> None:
        """Undo one join(); harmless if there was none."""
        left = self._groups.get(group, 0) - 1
        if left > 0:
            self._groups[group] = left
        else:
            self._groups.pop(group, None)

    def is_ours(self, destination: bytes) -> bool:
        """Tell whether a datagram to `destination` is for us."""
        own = self._own.get(destination)
        return own.ready if own is not None else self._is_listened_to(destination)

    def _is_listened_to(self, group: bytes) -> bool:
        return group in self._own_groups or group in self._groups

    def source_for(self, destination: bytes) -> OwnAddress | None:
        """Return the address to send from (RFC 6724 §5, rules 1 to 3, 6 and 8), None if none fits.

        The other rules are about several links, mobility and privacy, which we do not have.
        """
        state = [(own, own.ready, own.deprecated) for own in self._own.values()]
        if state != self._chosen_from or len(self._chosen) >= MOST_CHOSEN:
            self._chosen_from = state
            self._chosen.clear()
        if destination not in self._chosen:
            self._chosen[destination] = self._choose(destination)
        return self._chosen[destination]

    def _choose(self, destination: bytes) -> OwnAddress | None:
        candidates = [own for own in self if own.ready]
        return max(candidates, key=lambda own: _preference(own, destination), default=None)

    def is_on_link(self, destination: bytes) -> bool:
        """Tell whether `destination` is reached without a router."""
        if is_multicast(destination) or _scope(destination) == _LINK_LOCAL_SCOPE:
            return True
        return any(
            _common_bits(own.address, destination) >= own.prefix_length
            for own in self._own.values()
        )


def link_local_of(link_address: bytes) -> bytes:
    """Return the link-local address made of a short or extended address (RFC 6282 §3.2.2)."""
    return link_local(iid_of(link_address))


def linux_link_local_of(pan_id: int, short_address: bytes) -> bytes:
    """Return the link-local address that Linux makes of a short address: with the PAN ID."""
    pan = (pan_id & ~0x0200).to_bytes(2, "big")
    return link_local(pan + b"\x00\xff\xfe\x00" + short_address)


def is_possible_source(address: bytes) -> bool:
    """Tell whether anybody can have sent from `address`: no group, no loopback."""
    return not is_multicast(address) and address != LOOPBACK


def _is_of_short(own: OwnAddress) -> bool:
    """Tell whether an address is a link-local one that is made of a short address."""
    return len(own.link_address) == 2 and own.address.startswith(LINK_LOCAL_PREFIX)


def _preference(own: OwnAddress, destination: bytes) -> tuple[bool, int, bool, bool, int]:
    wanted, scope = _scope(destination), _scope(own.address)
    # rule 2: the smallest scope that reaches the destination, else the largest there is
    fits = -scope if scope >= wanted else scope - 2 * _GLOBAL_SCOPE
    return (
        own.address == destination,
        fits,
        not own.deprecated,
        _label(own.address) == _label(destination),
        _common_bits(own.address, destination),
    )


def _scope(address: bytes) -> int:
    """Return the scope of an address as the number that multicast addresses have."""
    if is_multicast(address):
        return address[1] & 0x0F
    local = address[0] == 0xFE and address[1] & 0xC0 == 0x80
    return _LINK_LOCAL_SCOPE if local or address == LOOPBACK else _GLOBAL_SCOPE


def _label(address: bytes) -> int:
    """Return the label of an address in the default policy table (RFC 6724 §2.1)."""
    return next(label for prefix, label in _LABELS if address.startswith(prefix))


def _common_bits(one: bytes, other: bytes) -> int:
    different = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
    return 128 - different.bit_length()
