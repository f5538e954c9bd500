"""The Trickle algorithm: repeat news often when it changes, seldom when it does not (RFC 6206)."""

from dataclasses import dataclass
from random import Random

from lowpan.errors import FieldOutOfRange


@dataclass(frozen=True, slots=True)
class Transmit:
    """The neighbours need to hear the news now."""


class Trickle:
    """Trickle timer of one piece of news; the names i_min, i_max, k, i, t, c are the RFC's.

    Inputs return the actions that they cause.  `now` and all intervals are microseconds on
    the caller's clock, real or simulated; `random` draws t, so a seed fixes every run.  It
    stands still until it is started.
    """

    __slots__ = ("_c", "_end", "_i", "_i_max", "_i_min", "_k", "_random", "_t")

    _t: int | None
    """The moment in this interval to transmit at; None once it is past."""
    _end: int | None
    """The end of this interval; None while it stands still."""

    def __init__(self, *, i_min: int, i_max: int, k: int, random: Random) -> None:
        """Set the parameters of §4.1.

        `i_max` is a duration, not a number of doublings.  With `k` 0 nothing is suppressed: it
        stands for infinity, which Thread's advertisements use.  Raises FieldOutOfRange.
        """
        if not 1 <= i_min <= i_max:
            raise FieldOutOfRange(f"i_min {i_min} and i_max {i_max}: 1 <= i_min <= i_max is needed")
        if k < 0:
            raise FieldOutOfRange(f"k {k} is negative")
        self._i_min, self._i_max, self._k, self._random = i_min, i_max, k, random
        self._i, self._c, self._t, self._end = i_min, 0, None, None

    @property
    def interval(self) -> int:
        """The length of this interval, or of the last one."""
        return self._i

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._end is not None

    def start(self, *, now: int) -> None:
        """Begin with the shortest interval, from anew if it is running (§4.2, rule 1)."""
        self._begin_interval(self._i_min, now)

    def stop(self) -> None:
        """Transmit no more until started again."""
        self._t = self._end = None

    def hear_consistent(self) -> None:
        """Count a neighbour that said the same (§4.2, rule 3)."""
        self._c += 1

    def hear_inconsistent(self, *, now: int) -> None:
        """Start over with the shortest interval: somebody's news differs (§4.2, rule 6).

        In the shortest interval it changes nothing, however often somebody says so.  Other events
        that make news of ours are put in here as well.
        """
        if self._end is not None and self._i > self._i_min:
            self._begin_interval(self._i_min, now)

    def change_i_max(self, i_max: int) -> None:
        """Double up to `i_max` from the next interval on, as Thread's neighbours come and go."""
        if i_max < self._i_min:
            raise FieldOutOfRange(f"i_max {i_max} is below i_min {self._i_min}")
        self._i_max = i_max

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(); None while it stands still."""
        return self._end if self._t is None else self._t

    def handle_deadline(self, *, now: int) -> list[Transmit]:
        """Do what is due at t or at the end of the interval (§4.2, rules 4 and 5).

        A call that comes late makes up for one transmission at most.
        """
        actions: list[Transmit] = []
        if self._t is not None and self._t <= now:
            self._t = None
            if self._k == 0 or self._c < self._k:
                actions.append(Transmit())
        if self._end is not None and self._end <= now:
            i = min(2 * self._i, self._i_max)
            on_time = now < self._end + i // 2  # no t can have been missed
            self._begin_interval(i, self._end if on_time else now)
        return actions

    def _begin_interval(self, i: int, now: int) -> None:
        self._i, self._c, self._end = i, 0, now + i
        self._t = now + self._random.randrange(i // 2, i)
