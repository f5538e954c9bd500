"""What link establishment knows of the neighbours of a node, to look at."""

from collections.abc import Iterator
from dataclasses import dataclass

from lowpan.mesh.link_establishment import LinkEstablishment
from lowpan.mesh.link_state import Link, LinkState
from lowpan.mesh.neighbour import Neighbour, Standing


@dataclass(frozen=True, slots=True)
class LinkReport:
    """A neighbour that has answered a challenge of ours, now or before a restart."""

    extended_address: bytes
    """8 octets."""
    short_address: bytes | None
    """2 octets."""
    state: LinkState
    """It is UP when both ends accept the frames of the other."""
    quality_in: int
    """Link quality 0..3 of frames from it; 0 also while nothing is known."""
    quality_out: int
    """The same of frames to it."""
    expected_transmissions: float | None
    """ETX of frames to it; None: nothing that can be trusted is known."""
    silent_for: int
    """Microseconds since it was heard."""
    sleeps: bool
    pinned: bool
    """It gives way to nobody."""


def reports_of(engine: LinkEstablishment, *, now: int) -> Iterator[LinkReport]:
    """Yield what there is to say of each neighbour; `now` is microseconds."""
    for neighbour in engine.neighbours:
        link = engine.links.get(neighbour.extended_address)
        if link is not None and neighbour.standing is Standing.ESTABLISHED:
            yield _report(neighbour, link, now)


def _report(neighbour: Neighbour, link: Link, now: int) -> LinkReport:
    return LinkReport(
        neighbour.extended_address,
        neighbour.short_address,
        link.state,
        neighbour.quality_in,
        neighbour.quality_out,
        neighbour.expected_transmissions(now=now),
        now - neighbour.last_heard,
        link.sleepy,
        neighbour.pinned,
    )
