"""What is counted while a radio is listened to, and when its silence is worth a word."""

from collections import Counter

from lowpan.capture.decoded import DecodedFrame, Outcome
from lowpan.radio import Fcs

SILENCE_S = 10.0
"""Seconds without a frame after which the user is told what is known."""
LONGEST_SILENCE_S = 160.0
"""Each time it takes twice as long, up to this, so that a sleepy network is not talked over."""
_RATE_S = 2.0
"""Seconds over which frames are counted for the rate."""


class Silence:
    """Tells when nothing has arrived for long; times are seconds of any clock."""

    def __init__(self, now: float, first: float = SILENCE_S) -> None:
        self._limit, self._since, self._is_told = first, now, False

    def heard(self, now: float) -> None:
        """Begin anew: a frame arrived."""
        self._since, self._is_told = now, False

    def due(self, now: float) -> float | None:
        """Return the seconds of silence if it is time to speak of it, once in each silence."""
        if self._is_told or now - self._since < self._limit:
            return None
        self._is_told = True
        self._limit = min(2 * self._limit, max(LONGEST_SILENCE_S, self._limit))
        return now - self._since


class LiveCounts:
    """Counts of the frames that were heard."""

    def __init__(self, now: float) -> None:
        self.begin = now
        self.frames = self.bad_fcs = 0
        self.closed: Counter[Outcome] = Counter()
        """Why frames, or the messages in them, were not decrypted."""
        self.channels: Counter[int] = Counter()
        self._marks = [(now, 0)]

    def add(self, decoded: DecodedFrame) -> None:
        """Count one frame."""
        received = decoded.received
        self.frames += 1
        self.bad_fcs += received.fcs is Fcs.BAD
        if received.channel is not None:
            self.channels[received.channel] += 1
        inner = None if decoded.mle is None else decoded.mle.protection
        for protection in (decoded.protection, inner):
            if protection is not None and protection.outcome is not Outcome.DECRYPTED:
                self.closed[protection.outcome] += 1
                break

    @property
    def undecrypted(self) -> int:
        """Return how many frames were not decrypted, for whatever reason."""
        return self.closed.total()

    def rate(self, now: float) -> float:
        """Return the frames in a second, of late."""
        self._marks.append((now, self.frames))
        while len(self._marks) > 2 and now - self._marks[1][0] > _RATE_S:
            del self._marks[0]
        then, frames = self._marks[0]
        return (self.frames - frames) / (now - then) if now > then else 0.0
