"""What becomes of our frames to a neighbour, as far as acknowledgments tell.

An immediate acknowledgment consists of a sequence number: whoever hears the frame can write it.  So
there are two estimates: what was proven by secured acknowledgments, and what all of them say.
"""

from collections.abc import Callable

from lowpan.mesh.delivery_ratio import expected_transmissions
from lowpan.mesh.estimators import BayesEstimator, LinkEstimator

FRESH_FOR = 100_000_000
"""Microseconds that evidence counts: the age at which Thread routers give a neighbour up."""

LEAST = 16
"""Transmissions before losses limit a quality: the ratio of fewer is off by more than 1/8."""


class OutgoingDelivery:
    """The delivery of frames and their acknowledgments together, one link, ours to a neighbour.

    Forged acknowledgments can keep an estimate from falling; they never raise one that is `proven`,
    and what is not proven may only be used to think less of a link.
    """

    __slots__ = ("_claimed", "_claimed_at", "_fresh_for", "_proven", "_proven_at", "_transmissions")

    def __init__(
        self,
        new_estimator: Callable[[], LinkEstimator] = BayesEstimator,
        *,
        fresh_for: int = FRESH_FOR,
    ) -> None:
        """Estimate both with what `new_estimator` makes; forget after `fresh_for` without news."""
        self._proven, self._claimed = new_estimator(), new_estimator()
        self._proven_at: int | None = None
        self._claimed_at: int | None = None
        self._fresh_for, self._transmissions = fresh_for, 0

    def frame_sent(
        self, *, transmissions: int, acknowledged: bool, secured: bool, now: int
    ) -> None:
        """Take the outcome of one frame that was sent `transmissions` times.

        `secured` tells that the acknowledgment was, and that its MIC was right.  A frame that never
        went out, as the channel was busy, says nothing of the link.
        """
        if transmissions <= 0:
            return
        self._transmissions += transmissions
        _count(self._claimed, transmissions, acknowledged)
        self._claimed_at = now
        if acknowledged and not secured:
            return
        _count(self._proven, transmissions, acknowledged)
        if secured and acknowledged:
            self._proven_at = now

    def proven_ratio(self, *, now: int) -> float | None:
        """Return the share of transmissions that got a secured acknowledgment.

        None if none came lately.  Transmit power may be lowered by this one only.
        """
        fresh = self._is_fresh(self._proven_at, now)
        return self._proven.delivery_ratio if fresh else None

    def claimed_ratio(self, *, now: int) -> float | None:
        """Return the share that got any acknowledgment, None if nothing was sent lately."""
        fresh = self._is_fresh(self._claimed_at, now)
        return self._claimed.delivery_ratio if fresh else None

    def most_quality(self, *, now: int) -> int | None:
        """Return the best link quality that is left after all losses, None if little is known."""
        known = self._transmissions >= LEAST and self._is_fresh(self._claimed_at, now)
        return self._claimed.quality if known else None

    def expected_transmissions(self, reported_ratio: float | None, *, now: int) -> float | None:
        """Return ETX, None if nothing that can be trusted is known.

        `reported_ratio` is the delivery ratio of our frames as the neighbour says in messages that
        are secured.  Without proof of our own, it limits what acknowledgments claim.
        """
        ratio = self.proven_ratio(now=now)
        if ratio is None and reported_ratio is not None:
            claimed = self.claimed_ratio(now=now)
            ratio = reported_ratio if claimed is None else min(claimed, reported_ratio)
        return None if ratio is None else expected_transmissions(ratio)

    def _is_fresh(self, then: int | None, now: int) -> bool:
        return then is not None and now - then < self._fresh_for


def _count(estimator: LinkEstimator, transmissions: int, acknowledged: bool) -> None:
    lost = transmissions - acknowledged
    if lost:
        estimator.lost(lost)
    if acknowledged:
        estimator.received(None)
