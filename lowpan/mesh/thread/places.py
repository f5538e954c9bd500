"""Where a network may be of which nobody said where it is: found by Discovery, tried in turn."""

from dataclasses import dataclass

from lowpan.mesh.service import MeshAction
from lowpan.mesh.thread.scanning import Discovered, Found, Scanning

_FIRST_RESCAN, _LONGEST_RESCAN = 2_000_000, 1_200_000_000
"""Microseconds before all channels are asked again, doubled each time."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a network is."""

    channel: int
    pan_id: int


class Places:
    """Places to try, the strongest first; when all were in vain, the channels are asked again."""

    def __init__(self, scanning: Scanning) -> None:
        self._scanning = scanning
        self._places: list[Place] = []
        self._rescan_at: int | None = None
        self._rescan_after = _FIRST_RESCAN

    def look(self, *, now: int) -> list[MeshAction]:
        """Ask on all channels."""
        self._rescan_at = None
        return self._scanning.start(now=now)

    def stop(self) -> None:
        """Look no more."""
        self._rescan_at, self._rescan_after = None, _FIRST_RESCAN
        self._scanning.stop()

    def take(self, found: tuple[Found, ...]) -> None:
        """Take what answered."""
        self._places = [
            Place(one.channel, one.pan_id)
            for one in found
            if one.pan_id is not None and one.pan_id != 0xFFFF
        ]

    def next(self, *, now: int) -> Place | None:
        """Return what to try next; None if nothing is left, and we shall look again later."""
        if self._places:
            return self._places.pop(0)
        self._rescan_at = now + self._rescan_after
        self._rescan_after = min(2 * self._rescan_after, _LONGEST_RESCAN)
        return None

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        scan = self._scanning.next_deadline()
        if scan is None or self._rescan_at is None:
            return scan if self._rescan_at is None else self._rescan_at
        return min(scan, self._rescan_at)

    def handle_deadline(self, *, now: int) -> list[MeshAction | Discovered]:
        """Ask on the next channel, or on all again."""
        if self._rescan_at is not None and now >= self._rescan_at:
            return [*self.look(now=now)]
        return self._scanning.handle_deadline(now=now)
