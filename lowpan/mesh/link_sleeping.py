"""A node that does not listen when idle: one neighbour at a time keeps frames for it."""

from collections.abc import Mapping

from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import Link, LinkState
from lowpan.mesh.neighbour_table import NeighbourTable
from lowpan.mesh.service import MeshAction, SleepOn, StayAwake

CHOOSE_WITHIN = 2_000_000
"""Microseconds from the first link to the choice: longer than MAX_RESPONSE_DELAY_TIME (1 s), within
which all have answered."""


class LinkSleeping:
    """Chooses whom to ask for frames, and sleeps while there is somebody."""

    def __init__(
        self, links: Mapping[bytes, Link], neighbours: NeighbourTable, settings: MeshLinkSettings
    ) -> None:
        self._links, self._neighbours, self._settings = links, neighbours, settings
        self.sleeps = not settings.mode.rx_on_when_idle
        """Whether we do so at all."""
        self.parent: bytes | None = None
        """Extended address of who keeps frames for us."""
        self._choose_at: int | None = None

    def linked(self, *, now: int) -> None:
        """Take note of a link; the first one starts a choice."""
        if self.sleeps and self.parent is None and self._choose_at is None:
            self._choose_at = now + CHOOSE_WITHIN

    def unlinked(self, neighbour: bytes) -> list[MeshAction]:
        """Take note that a link is no more."""
        if neighbour != self.parent:
            return []
        self.parent = None
        return [StayAwake()]

    def next_deadline(self) -> int | None:
        """Return when to call is_due()."""
        return self._choose_at

    def choose(self, *, now: int) -> tuple[list[MeshAction], list[Link]]:
        """Choose if it is time; return as well the links that are of no use any more."""
        if self._choose_at is None or now < self._choose_at:
            return [], []
        self._choose_at = None
        up = [link for link in self._links.values() if link.state is LinkState.UP]
        if not up:
            return [], []
        best = max(up, key=self._worth)
        self.parent = best.neighbour
        others = [link for link in self._links.values() if link is not best]
        return [SleepOn(self.parent, self._settings.poll_interval)], others

    def _worth(self, link: Link) -> tuple[int, float]:
        neighbour = self._neighbours.get(link.neighbour)
        if neighbour is None:
            return 0, 0.0
        ratio = None if neighbour.incoming is None else neighbour.incoming.delivery_ratio
        return neighbour.worth, ratio or 0.0
