"""The links of a node: the one place where their states change."""

from collections.abc import Iterable
from itertools import chain
from random import Random

from lowpan.mesh.link_advertising import LinkAdvertising
from lowpan.mesh.link_requests import LinkRequests
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import NEXT, Link, LinkInput, LinkState
from lowpan.mesh.neighbour import (
    LinkQualityChanged,
    NeighbourEvent,
    NeighbourForgotten,
    Standing,
)
from lowpan.mesh.neighbour_table import NeighbourTable
from lowpan.mesh.service import LinkDown, LinkUp, MeshAction, SetSleepers


class Links:
    """A link for each neighbour that the NeighbourTable remembers, and for nobody else."""

    def __init__(
        self,
        neighbours: NeighbourTable,
        settings: MeshLinkSettings,
        random: Random,
        mic_octets: int,
    ) -> None:
        self.by_neighbour: dict[bytes, Link] = {}
        self.neighbours = neighbours
        self.requests = LinkRequests(settings, random)
        self.advertising = LinkAdvertising(
            self.by_neighbour, neighbours, settings, random, mic_octets
        )
        self.up = 0
        """How many links are up."""
        self._sleepers: dict[bytes, frozenset[bytes]] = {}

    def heard(
        self, sender: bytes, rssi: float | None, *, now: int
    ) -> tuple[Link | None, list[MeshAction]]:
        """Take note of a fresh message that was no advertisement of a linked neighbour.

        Return its link, None if there is no room for it.
        """
        link = self.by_neighbour.get(sender)
        if link is not None:
            self.neighbours.heard(sender, now=now)
            return link, []
        actions = self.digest(
            self.neighbours.frame_received(sender, rss=rssi, authentic=True, now=now), now=now
        )
        return self._known(sender), actions

    def restored(self) -> Iterable[Link]:
        """Have a link, which is down, for each neighbour that is remembered; return them."""
        for neighbour in self.neighbours:
            link = self._known(neighbour.extended_address)
            if link is not None:
                yield link

    def change(
        self, link: Link, what: LinkInput, *, now: int, reason: str | None = None
    ) -> list[MeshAction]:
        """Let something happen to the state of `link`; nothing else changes it."""
        before = link.state
        after = NEXT.get((before, what), before)
        if after is before:
            return []
        link.state = after
        if before.receiving or after.receiving:
            self.advertising.changed(link, now=now)
        actions = self.sleep(link, asleep=link.asleep)
        if after is LinkState.UP:
            self.up += 1
            link.failures = link.unacknowledged = 0
            return [*actions, *self._told(link)]
        if before is LinkState.UP:
            self.up -= 1
            return [*actions, LinkDown(link.neighbour, reason or what.value)]
        return actions

    def end(self, link: Link, reason: str, *, now: int) -> list[MeshAction]:
        """Have no link with that neighbour, and forget it."""
        actions = self.change(link, LinkInput.ENDED, now=now, reason=reason)
        self.requests.end(link)
        self.advertising.forget(link.neighbour)
        self.neighbours.drop(link.neighbour)
        self.by_neighbour.pop(link.neighbour, None)
        return actions

    def digest(self, events: Iterable[NeighbourEvent], *, now: int) -> list[MeshAction]:
        """Return what the neighbour table tells, and end the links of those who left it.

        Of those who have not answered us nothing is told: they may be recordings.
        """
        actions: list[MeshAction] = []
        for event in events:
            link = self.by_neighbour.get(event.neighbour)
            if isinstance(event, LinkQualityChanged):
                if link is not None and link.state.receiving:
                    actions.append(event)
                continue
            if event.standing is Standing.ESTABLISHED:
                actions.append(event)
            if link is not None and isinstance(event, NeighbourForgotten):
                actions += self.end(link, event.cause.value, now=now)
        return actions

    def sleep(self, link: Link, *, asleep: bool) -> list[MeshAction]:
        """Learn whether a neighbour sleeps now; tell who does if that has changed.

        Only those count with which there is a link, be it in one direction.
        """
        link.asleep = asleep
        names: frozenset[bytes] = frozenset()
        if asleep and link.state is not LinkState.DOWN:
            neighbour = self.neighbours.get(link.neighbour)
            short = None if neighbour is None else neighbour.short_address
            names = frozenset({link.neighbour} if short is None else {link.neighbour, short})
        if self._sleepers.get(link.neighbour, frozenset()) == names:
            return []
        if names:
            self._sleepers[link.neighbour] = names
        else:
            del self._sleepers[link.neighbour]
        names = frozenset(chain(*self._sleepers.values()))
        named = frozenset(
            (name, extended)
            for extended, both in self._sleepers.items()
            for name in both
            if name != extended
        )
        return [SetSleepers(names, named)]

    @property
    def sleepers(self) -> frozenset[bytes]:
        """Extended addresses of linked neighbours that do not listen when idle."""
        return frozenset(self._sleepers)

    def _known(self, sender: bytes) -> Link | None:
        if self.neighbours.get(sender) is None:
            return None
        return self.by_neighbour.setdefault(sender, Link(sender))

    def _told(self, link: Link) -> list[MeshAction]:
        """Return what is known of a link that has come up."""
        neighbour = self.neighbours.get(link.neighbour)
        if neighbour is None:
            return [LinkUp(link.neighbour)]
        return [
            LinkUp(link.neighbour, neighbour.short_address),
            LinkQualityChanged(link.neighbour, neighbour.quality_in, neighbour.quality_out),
        ]
