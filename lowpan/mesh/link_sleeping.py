"""A node that does not listen when idle: one neighbour at a time keeps frames for it."""

from collections.abc import Mapping

from lowpan.mesh.link_quality import WEAKEST
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import Link, LinkState
from lowpan.mesh.service import MeshAction, StayAwake

CHOOSE_WITHIN = 2_000_000
"""Microseconds from the first link to the choice: longer than MAX_RESPONSE_DELAY_TIME (1 s), within
which all have answered."""


class LinkSleeping:
    """Chooses whom to ask for frames, and sleeps while there is somebody."""

    def __init__(self, links: Mapping[bytes, Link], settings: MeshLinkSettings) -> None:
        self._links = links
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
        """Return when to choose()."""
        return self._choose_at

    def choose(self, *, now: int) -> Link | None:
        """Choose the strongest if it is time, and return it; None if it is not, or nobody is up."""
        if self._choose_at is None or now < self._choose_at:
            return None
        self._choose_at = None
        up = [link for link in self._links.values() if link.state is LinkState.UP]
        if not up:
            return None
        parent = max(up, key=_strength)
        self.parent = parent.neighbour
        return parent


def _strength(link: Link) -> float:
    return WEAKEST if link.rssi is None else link.rssi
