"""One kind of request to the parent, repeated until it is answered or the parent counts as lost."""

from random import Random

JITTER = 5_000
"""Microseconds either way, so that the requests of several children come apart."""


class Asking:
    """When to send a request the next time.  `now` is microseconds.

    It is asked for at a moment, or regularly; is_due() tells when to send.
    """

    __slots__ = ("_attempts", "_due", "_interval", "_most", "_random", "_waits")

    def __init__(self, interval: int, most_attempts: int, random: Random) -> None:
        """Repeat after `interval` microseconds, `most_attempts` times at most."""
        self._interval, self._most, self._random = interval, most_attempts, random
        self._due: int | None = None
        self._attempts = 0
        self._waits = False

    @property
    def waits(self) -> bool:
        """Whether a request was sent that is not answered yet."""
        return self._waits

    @property
    def is_worn_out(self) -> bool:
        """Whether the last attempt was in vain."""
        return self._attempts >= self._most

    def ask_at(self, moment: int) -> None:
        """Send at `moment`, or earlier if that was so."""
        if self._due is None or moment < self._due:
            self._due = moment

    def sent(self, *, now: int) -> None:
        """Take that it was sent: if nothing comes, it is due again."""
        self._attempts += 1
        self._waits = True
        self._due = now + self._interval + self._random.randrange(-JITTER, JITTER)

    def answered(self, next_at: int | None = None) -> None:
        """Take that an answer has come; the next request is due at `next_at`."""
        self._attempts, self._waits, self._due = 0, False, next_at

    def stop(self) -> None:
        """Ask no more."""
        self.answered()

    def next_deadline(self) -> int | None:
        """Return when is_due() will be true, None if nothing is to be asked."""
        return self._due

    def is_due(self, *, now: int) -> bool:
        """Tell whether to send now, or to give up if it is_worn_out."""
        return self._due is not None and now >= self._due
