"""Advertisements: when they are due, and which neighbours are in each (§7.7, §11)."""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import islice
from random import Random

from lowpan.mesh.delivery_ratio import inverse_delivery_ratio
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import Link
from lowpan.mesh.neighbour import Neighbour
from lowpan.mesh.neighbour_table import NeighbourTable
from lowpan.mesh.trickle import Trickle
from lowpan.wire.mle_draft import (
    LinkQuality,
    LinkQualityControl,
    NeighbourFlags,
    NeighbourLinkQuality,
)

_HEAD_OCTETS = 4
"""Command, type and length of the TLV, and its first octet."""
_RECORD_OCTETS = 2
"""Of a record without the address."""
_SECURITY_OCTETS = 15
"""Suite and security header at most: control, counter, key source and index."""

_FLAGS = {
    (incoming, outgoing, priority): NeighbourFlags(incoming, outgoing, priority)
    for incoming in (False, True)
    for outgoing in (False, True)
    for priority in (False, True)
}


class LinkAdvertising:
    """What we say of our links, a frame at a time.

    If they do not fit one frame, each advertisement has those that were not in one for longest;
    links that have just changed are first.
    """

    def __init__(
        self,
        links: Mapping[bytes, Link],
        neighbours: NeighbourTable,
        settings: MeshLinkSettings,
        random: Random,
        mic_octets: int,
    ) -> None:
        self._links, self._neighbours = links, neighbours
        self._room = settings.most_octets - mic_octets - _HEAD_OCTETS - _SECURITY_OCTETS
        self._turns: OrderedDict[bytes, None] = OrderedDict()
        """Neighbours whose frames we accept, whose turn is next first."""
        self._trickle = Trickle(
            i_min=settings.advertise_first,
            i_max=settings.advertise_last,
            k=0,
            random=random,
        )

    def start(self, *, now: int) -> None:
        """Advertise from now on."""
        self._trickle.start(now=now)

    def changed(self, link: Link, *, now: int) -> None:
        """Say soon that the state of `link` is another one.

        Who has not answered us is left out: recordings must not take the room of neighbours.
        """
        if link.state.receiving:
            self._turns[link.neighbour] = None
            self._turns.move_to_end(link.neighbour, last=False)
        else:
            self.forget(link.neighbour)
        self._trickle.hear_inconsistent(now=now)

    def forget(self, neighbour: bytes) -> None:
        """Say nothing of `neighbour` any more."""
        self._turns.pop(neighbour, None)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline()."""
        return self._trickle.next_deadline()

    def handle_deadline(self, *, now: int) -> bool:
        """Tell whether an advertisement is due."""
        return bool(self._trickle.handle_deadline(now=now))

    def next_page(self) -> LinkQuality:
        """Return what to say this time."""
        taken = list(islice(self._turns, self._room // (_RECORD_OCTETS + 2)))
        neighbours = [self._neighbours.get(address) for address in taken]
        octets = 2
        if any(each is None or each.short_address is None for each in neighbours):
            octets = 8
            taken = taken[: self._room // (_RECORD_OCTETS + octets)]
        records = tuple(
            self._record(address, neighbour, octets)
            for address, neighbour in zip(taken, neighbours, strict=False)
        )
        complete = len(taken) == len(self._turns)
        for address in taken:
            self._turns.move_to_end(address)
        return LinkQuality(LinkQualityControl(complete, octets - 1), records)

    def no_link_with(self, link: Link) -> LinkQuality:
        """Return that we accept no frames of that neighbour, and nothing else."""
        unknown = inverse_delivery_ratio(None)
        record = NeighbourLinkQuality(_FLAGS[False, False, False], unknown, link.neighbour)
        control = LinkQualityControl(complete=False, size=len(link.neighbour) - 1)
        return LinkQuality(control, (record,))

    def _record(
        self, address: bytes, neighbour: Neighbour | None, octets: int
    ) -> NeighbourLinkQuality:
        state, ratio, named, priority = self._links[address].state, None, address, False
        if neighbour is not None:
            priority = neighbour.pinned
            if neighbour.incoming is not None:
                ratio = neighbour.incoming.delivery_ratio
            if octets == 2 and neighbour.short_address is not None:
                named = neighbour.short_address
        return NeighbourLinkQuality(
            _FLAGS[state.receiving, state.transmitting, priority],
            inverse_delivery_ratio(ratio),
            named,
        )
