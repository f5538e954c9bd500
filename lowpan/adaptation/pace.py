"""Pace: how often something may happen, however often somebody wants it to."""


class Pace:
    """A rate, and how much of it may be taken in advance.

    What was taken is one number, kept by whoever is limited: the moment at which all of it is paid
    back.  So thousands of senders can have the same pace, each with a number of its own.
    """

    __slots__ = ("_ahead", "_each")

    def __init__(self, *, each: int, burst: int) -> None:
        """Allow one every `each` microseconds, and `burst` at once."""
        self._each, self._ahead = each, each * (burst - 1)

    def take(self, paid_at: int, *, now: int) -> int | None:
        """Return the new number after one more, None if it comes too soon; 0 at first."""
        if paid_at <= now:
            return now + self._each
        return paid_at + self._each if paid_at - now <= self._ahead else None

    def free_at(self, paid_at: int) -> int:
        """Return from when on the next one is not too soon; it may be long ago."""
        return paid_at - self._ahead


class Allowance:
    """One that is limited by a pace of its own."""

    __slots__ = ("_burst", "_pace", "_paid_at")

    def __init__(self, *, each: int, burst: int) -> None:
        """Allow one every `each` microseconds, and `burst` at once."""
        self._pace, self._paid_at = Pace(each=each, burst=burst), 0
        self._burst = burst

    def change(self, each: int) -> None:
        """Allow one every `each` microseconds from now on; what was taken stays taken."""
        self._pace = Pace(each=each, burst=self._burst)

    def take(self, *, now: int) -> bool:
        """Tell whether one more may happen now; if so it counts."""
        paid_at = self._pace.take(self._paid_at, now=now)
        if paid_at is None:
            return False
        self._paid_at = paid_at
        return True

    def free_at(self) -> int:
        """Return from when on one more may happen; it may be long ago."""
        return self._pace.free_at(self._paid_at)
