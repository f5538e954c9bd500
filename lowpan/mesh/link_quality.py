"""Link quality 0 to 3: averages of signal strength, margins, and where one quality ends.

The weights, thresholds and hysteresis are Thread's, as OpenThread has them.
"""

from dataclasses import dataclass
from math import floor

NO_LINK, BEST_LINK = 0, 3
"""The ends of the range of link qualities."""

NOISE_FLOOR = -110
"""dBm: the sensitivity that OpenThread takes for granted of a radio that does not tell its own."""

AVERAGED = 8
"""Samples whose arithmetic mean is taken; from then on, each new one counts an eighth."""

WEAKEST, STRONGEST = -128.0, 0.0
"""dBm: samples beyond are taken for these."""

MOST_RISE = 16.0
"""dB above the average that a sample may count for.

An eighth of it is the hysteresis of the margin: one frame, however strong somebody made it, lifts
an average by no more than what changes no quality.  Nothing holds up a fall."""


class RssAverage:
    """Average of received signal strengths: the mean of eight, then exponential with 1/8."""

    __slots__ = ("_average", "_most_rise", "_samples")

    def __init__(self, *, most_rise: float = MOST_RISE) -> None:
        self._average, self._samples, self._most_rise = 0.0, 0, most_rise

    def add(self, rss: float) -> None:
        """Take one sample in dBm."""
        sample = min(max(rss, WEAKEST), STRONGEST)
        if self._samples == 0:
            self._average, self._samples = sample, 1
            return
        if self._samples < AVERAGED:
            self._samples += 1
        difference = min(sample - self._average, self._most_rise)
        self._average += difference / self._samples

    @property
    def dbm(self) -> float | None:
        """The average, -128..0 dBm; None without a sample."""
        return self._average if self._samples else None


def link_margin(rss: float, noise_floor: float = NOISE_FLOOR) -> int:
    """Return by how many dB an average of signal strength is above the noise floor, at least 0.

    Whole decibels, as the Link Margin TLV carries them, so that what we say and do agree.
    """
    return max(0, floor(rss - noise_floor + 0.5))


@dataclass(frozen=True, slots=True)
class QualityScale:
    """What a quality takes, with more of it to get there than to stay there."""

    thresholds: tuple[float, float, float]
    """What must be exceeded for qualities 1, 2 and 3, ascending."""
    hysteresis: float
    """What comes on top where the quality is to rise."""

    def quality(self, value: float, previous: int | None) -> int:
        """Return the quality 0..3 of `value`; `previous` is the one so far, None at first."""
        quality = NO_LINK
        for candidate, threshold in enumerate(self.thresholds, NO_LINK + 1):
            rises = previous is not None and candidate > previous
            if value > (threshold + self.hysteresis if rises else threshold):
                quality = candidate
        return quality


MARGIN_SCALE = QualityScale((2, 10, 20), 2)
"""Of link margins in dB: Thread's."""

DELIVERY_SCALE = QualityScale((1 / 8, 8**-0.5, 2**-0.5), 0.05)
"""Of delivery ratios: the quality whose link cost is closest to the expected transmissions.

Between costs 16, 4, 2 and 1 the geometric means are 8, √8 and √2 transmissions.  The hysteresis is
what a mean over 100 frames is off by, as a standard deviation, where it is worst."""
