"""Estimators of one direction of one link, interchangeable behind LinkEstimator.

They are told what became of frames, one by one, and say what to expect of the next ones.  Feed them
from frames whose MIC was right only: anybody can write any address on a strong frame.
"""

from typing import Protocol

from lowpan.mesh.link_quality import (
    DELIVERY_SCALE,
    MARGIN_SCALE,
    NOISE_FLOOR,
    QualityScale,
    RssAverage,
    link_margin,
)

MOST_LOST = 256
"""Frames lost at once that are counted: longer silence says nothing more."""

MEMORY = 64
"""Frames that an estimate rests on, unless said otherwise.

A mean of as many is off by 0.06 at most, as a standard deviation: about as much as the hysteresis
of qualities.  More would be slower to see that a link has changed."""


class LinkEstimator(Protocol):
    """What frames of one direction of a link can expect."""

    def received(self, rss: float | None) -> None:
        """Take note of a frame that arrived, with its signal strength in dBm if that is known."""
        ...

    def lost(self, frames: int) -> None:
        """Take note of frames that did not arrive."""
        ...

    @property
    def delivery_ratio(self) -> float | None:
        """The share of frames that arrive, 0..1; None while nothing is known."""
        ...

    @property
    def quality(self) -> int | None:
        """Link quality 0..3; None while nothing is known."""
        ...


_RATIO_OF_QUALITY = (0.0, 1 / 4, 1 / 2, 1.0)
"""The inverse of the costs of links: Thread's guess at what a margin is worth."""


class MarginEstimator:
    """Thread's: by the margin of the average signal strength.  It does not see losses."""

    __slots__ = ("_noise_floor", "_quality", "_rss")

    def __init__(self, noise_floor: float = NOISE_FLOOR) -> None:
        """Measure from `noise_floor` on, in dBm."""
        self._noise_floor, self._rss = noise_floor, RssAverage()
        self._quality: int | None = None

    def received(self, rss: float | None) -> None:
        """Average `rss`; see LinkEstimator."""
        if rss is None:
            return
        self._rss.add(rss)
        margin = self.margin
        if margin is not None:
            self._quality = MARGIN_SCALE.quality(margin, self._quality)

    def lost(self, frames: int) -> None:
        """Do nothing: what is lost has no signal strength."""

    @property
    def margin(self) -> int | None:
        """The link margin in dB, as in the Link Margin TLV; None while nothing is known."""
        average = self._rss.dbm
        return None if average is None else link_margin(average, self._noise_floor)

    @property
    def delivery_ratio(self) -> float | None:
        """What frames are worth on a link of this quality, not what was counted."""
        return None if self._quality is None else _RATIO_OF_QUALITY[self._quality]

    @property
    def quality(self) -> int | None:
        """Link quality; see LinkEstimator."""
        return self._quality


class _Counting:
    """What is common to estimators that count frames."""

    __slots__ = ("_quality", "_ratio", "_scale")

    def __init__(self, scale: QualityScale) -> None:
        self._scale = scale
        self._ratio: float | None = None
        self._quality: int | None = None

    def received(self, rss: float | None) -> None:
        """Count one that arrived; see LinkEstimator."""
        self._conclude(self._count(1))

    def lost(self, frames: int) -> None:
        """Count those that did not; see LinkEstimator."""
        ratio = self._ratio
        for _ in range(min(frames, MOST_LOST)):
            ratio = self._count(0)
        self._conclude(ratio)

    @property
    def delivery_ratio(self) -> float | None:
        """The estimate; see LinkEstimator."""
        return self._ratio

    @property
    def quality(self) -> int | None:
        """Link quality; see LinkEstimator."""
        return self._quality

    def _conclude(self, ratio: float | None) -> None:
        self._ratio = ratio
        if ratio is not None:
            self._quality = self._scale.quality(ratio, self._quality)

    def _count(self, arrived: int) -> float:
        """Take note of one frame, 1 if it arrived and 0 if not; return the ratio now."""
        raise NotImplementedError


class WindowEstimator(_Counting):
    """The mean of the last frames; what is older counts nothing."""

    __slots__ = ("_arrived", "_known", "_window")

    def __init__(self, window: int = MEMORY, *, scale: QualityScale = DELIVERY_SCALE) -> None:
        """Remember `window` frames, a bit each."""
        super().__init__(scale)
        self._window, self._known, self._arrived = window, 0, 0

    def _count(self, arrived: int) -> float:
        self._arrived = (self._arrived << 1 | arrived) & ((1 << self._window) - 1)
        self._known = min(self._known + 1, self._window)
        return self._arrived.bit_count() / self._known


class MovingAverageEstimator(_Counting):
    """The mean of the first frames, then an exponential average: old frames fade."""

    __slots__ = ("_average", "_known", "_memory")

    def __init__(self, memory: int = MEMORY // 2, *, scale: QualityScale = DELIVERY_SCALE) -> None:
        """Let each frame count 1/`memory`: it varies like the mean of twice as many."""
        super().__init__(scale)
        self._memory, self._known, self._average = memory, 0, 0.0

    def _count(self, arrived: int) -> float:
        if self._known < self._memory:
            self._known += 1
        self._average += (arrived - self._average) / self._known
        return self._average


class BatchEstimator(_Counting):
    """An exponential average of the means of batches: it moves once a batch only.

    (The window mean with exponentially weighted moving average of A. Woo and D. Culler, 2003.)
    Until the first batch is full, the mean of what there is.
    """

    __slots__ = ("_arrived", "_average", "_batch", "_known", "_weight")

    def __init__(
        self, batch: int = MEMORY // 4, weight: float = 0.4, *, scale: QualityScale = DELIVERY_SCALE
    ) -> None:
        """Average `batch` frames, and let the mean of the newest count `weight`.

        With the defaults the estimate varies like the mean of 64 frames.
        """
        super().__init__(scale)
        self._batch, self._weight = batch, weight
        self._known = self._arrived = 0
        self._average: float | None = None

    def _count(self, arrived: int) -> float:
        self._known += 1
        self._arrived += arrived
        mean = self._arrived / self._known
        if self._known == self._batch:
            average = mean if self._average is None else self._average
            self._average = average + self._weight * (mean - average)
            self._known = self._arrived = 0
        return mean if self._average is None else self._average


class BayesEstimator(_Counting):
    """The expected ratio by Bayes, who before the first frame holds every ratio for possible.

    Frames lost and arrived are counted on top of one of each, and all of them fade.  It never says
    0 or 1, and after few frames nothing bold.
    """

    __slots__ = ("_arrived", "_fading", "_lost")

    def __init__(self, memory: int = MEMORY // 2, *, scale: QualityScale = DELIVERY_SCALE) -> None:
        """Let older frames count less by the factor 1 - 1/`memory` for each newer one."""
        super().__init__(scale)
        self._fading = 1 - 1 / memory
        self._arrived = self._lost = 1.0

    def _count(self, arrived: int) -> float:
        self._arrived = self._arrived * self._fading + arrived
        self._lost = self._lost * self._fading + 1 - arrived
        return self._arrived / (self._arrived + self._lost)


class WorstOf:
    """What the most pessimistic of several estimators says.

    A margin that somebody lifted does not hide losses, nor acknowledgments a weak signal.
    """

    __slots__ = ("_estimators",)

    def __init__(self, *estimators: LinkEstimator) -> None:
        self._estimators = estimators

    def received(self, rss: float | None) -> None:
        """Tell all of them; see LinkEstimator."""
        for estimator in self._estimators:
            estimator.received(rss)

    def lost(self, frames: int) -> None:
        """Tell all of them; see LinkEstimator."""
        for estimator in self._estimators:
            estimator.lost(frames)

    @property
    def delivery_ratio(self) -> float | None:
        """The lowest that is known; see LinkEstimator."""
        ratios = [estimator.delivery_ratio for estimator in self._estimators]
        return min((ratio for ratio in ratios if ratio is not None), default=None)

    @property
    def quality(self) -> int | None:
        """The lowest that is known; see LinkEstimator."""
        qualities = [estimator.quality for estimator in self._estimators]
        return min((quality for quality in qualities if quality is not None), default=None)
