"""A neighbour: who it is, what it has proven, and what its link is worth both ways."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum

from lowpan.mesh.delivery_ratio import expected_transmissions
from lowpan.mesh.estimators import LinkEstimator
from lowpan.mesh.link_quality import BEST_LINK, NO_LINK
from lowpan.mesh.outgoing_delivery import OutgoingDelivery
from lowpan.mesh.route_cost import link_cost, two_way_quality
from lowpan.mesh.sequence_gaps import SequenceGaps


class Standing(IntEnum):
    """What a neighbour has proven; each standing has room of its own.

    Who has proven nothing, so that anybody can have written its frames, is a stranger.
    """

    AUTHENTIC = 1
    """A MIC of its own was right, under a key of ours; somebody else may replay its past."""
    ESTABLISHED = 2
    """It has answered a fresh challenge of ours, so it is there, now."""


@dataclass(slots=True)
class Neighbour:
    """One node in reach.  Its NeighbourTable changes it, others only read."""

    extended_address: bytes
    """8 octets."""
    standing: Standing
    last_heard: int
    """Microseconds: when its last authentic frame came."""
    fresh_for: int
    """Microseconds of silence after which nothing is known of the link any more."""
    timeout: int
    """Microseconds of silence after which the neighbour is forgotten."""
    short_address: bytes | None = None
    """2 octets; only of established neighbours."""
    pinned: bool = False
    """It gives way to nobody: a parent, a child."""
    quality_in: int = 0
    """Link quality 0..3 of frames from it; 0 also while nothing is known."""
    quality_out: int = 0
    """Link quality 0..3 of frames to it, as it says; 0 also while it has not."""
    most_quality: int = BEST_LINK
    """What losses of frames to it leave of both, 0..3; they are those of one direction or both."""
    reported_quality: int | None = None
    """Link quality of our frames as it said; counts while fresh."""
    reported_ratio: float | None = None
    reported_at: int = 0
    forged: int = 0
    """Frames under its name that were not authentic, and changed nothing."""
    incoming: LinkEstimator | None = None
    outgoing: OutgoingDelivery | None = None
    gaps: SequenceGaps | None = None

    @property
    def two_way_quality(self) -> int:
        """The worse one of both directions, 0..3, as far as our losses agree."""
        return min(two_way_quality(self.quality_in, self.quality_out), self.most_quality)

    @property
    def link_cost(self) -> int:
        """1, 2, 4, or 16 if there is no way over it."""
        return link_cost(self.two_way_quality)

    @property
    def worth(self) -> int:
        """0..3, by what the link is good for: the least worthy goes first.

        Before the neighbour has said how it hears us, what we know must do.
        """
        if self.reported_quality is None:
            return self.quality_in
        return min(self.quality_in, self.quality_out, self.most_quality)

    def expected_transmissions(self, *, now: int) -> float | None:
        """Return ETX of frames to it, None if nothing that can be trusted is known.

        Best by secured acknowledgments; else by what both sides say of frames from the other.
        """
        incoming = None if self.incoming is None else self.incoming.delivery_ratio
        forward, both = self.reported_ratio, None
        if incoming is not None and forward is not None:
            both = forward * incoming
        if self.outgoing is not None:
            return self.outgoing.expected_transmissions(both, now=now)
        return None if both is None else expected_transmissions(both)

    def measure(
        self,
        rss: float | None,
        number: int | None,
        new_estimator: Callable[[], LinkEstimator],
        *,
        now: int,
    ) -> None:
        """Take an authentic frame, with the number of a broadcast, into the estimate."""
        if self.incoming is None or now - self.last_heard >= self.fresh_for:
            self.incoming, self.gaps = new_estimator(), None
        self.last_heard = now
        if number is not None:
            if self.gaps is None:
                self.gaps = SequenceGaps()
            lost = self.gaps.heard(number)
            if lost:
                self.incoming.lost(lost)
        self.incoming.received(rss)

    def report(self, quality: int, ratio: float, *, now: int) -> None:
        """Take its word how our frames arrive: their quality 0..3, and their delivery ratio."""
        self.reported_quality, self.reported_ratio, self.reported_at = quality, ratio, now

    def forget_if_silent(self, *, now: int) -> None:
        """Forget evidence of its frames that is not fresh."""
        if now - self.last_heard >= self.fresh_for:
            self.incoming = self.gaps = None

    def judge(self, *, now: int) -> bool:
        """Tell whether a quality is another one now; forget evidence that is not fresh."""
        oldest = now - self.fresh_for
        if self.last_heard <= oldest:
            self.incoming = self.gaps = None
        if self.reported_at <= oldest:
            self.reported_quality = self.reported_ratio = None
        incoming, outgoing = self.incoming, self.outgoing
        quality_in = (None if incoming is None else incoming.quality) or NO_LINK
        quality_out = self.reported_quality or NO_LINK
        most = None if outgoing is None else outgoing.most_quality(now=now)
        self.most_quality = BEST_LINK if most is None else most
        if quality_in == self.quality_in and quality_out == self.quality_out:
            return False
        self.quality_in, self.quality_out = quality_in, quality_out
        return True

    def due(self) -> int:
        """Return when silence changes something next."""
        due, fresh_for = self.last_heard + self.timeout, self.fresh_for
        if self.incoming is not None and self.last_heard + fresh_for < due:
            due = self.last_heard + fresh_for
        if self.reported_quality is not None and self.reported_at + fresh_for < due:
            due = self.reported_at + fresh_for
        return due


class Cause(Enum):
    """Why a neighbour was forgotten, or not taken."""

    SILENT = "silent for its timeout"
    DISPLACED = "there was no room, and others were worth more"


@dataclass(frozen=True, slots=True)
class LinkQualityChanged:
    """The quality of one direction or both is another one now."""

    neighbour: bytes
    """Its extended address."""
    quality_in: int
    quality_out: int


@dataclass(frozen=True, slots=True)
class NeighbourForgotten:
    """A neighbour is none any more."""

    neighbour: bytes
    standing: Standing
    cause: Cause


@dataclass(frozen=True, slots=True)
class NeighbourRefused:
    """There was no room for a newcomer, who stays what it was."""

    neighbour: bytes
    standing: Standing
    """The one that it cannot have."""


NeighbourEvent = LinkQualityChanged | NeighbourForgotten | NeighbourRefused
