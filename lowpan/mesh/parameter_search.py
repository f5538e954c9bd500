"""Finding out whether the network's parameters are still what we think, and where it has gone.

Who has just started, or has lost all its neighbours, is not sure: it asks.  If nobody answers and
nobody is there, the network may be on another channel; then it asks on each of them in turn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

ASKS = 3
"""Requests before silence counts, as the draft's MRC."""
ASK_EVERY = 1_300_000
"""Microseconds between them: longer than MAX_RESPONSE_DELAY_TIME (1 s), within which all answer."""
ASKS_ELSEWHERE = 2
"""Requests on each other channel: a round of 16 channels takes 42 s."""
PAUSE, LONGEST_PAUSE = 10_000_000, 600_000_000
"""Microseconds at home between rounds, twice as long after each: being alone may last."""
LINGER = 5_000_000
"""Microseconds to stay where somebody may be: a link, which proves it, takes two of them."""
MOST_ASKED = 3
"""New links over which we ask one by one, after a start or a search: who is new may be unsure."""
JITTER = 300_000
"""Microseconds at most before the first request: whole networks start at once."""


class Knowledge(Enum):
    """How sure we are of the network's parameters."""

    SURE = "an answer came, or we are the first"
    ASKING = "neighbours are asked"
    SEARCHING = "asked on other channels"
    PAUSING = "alone at home, until the next round"


@dataclass(frozen=True, slots=True)
class Ask:
    """Send an Update Request now."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Be on `channel`; None: at home."""

    channel: int | None


SearchAction = Ask | Listen


class ParameterSearch:
    """When to ask, and where; `now` is microseconds."""

    def __init__(self, random: Random) -> None:
        self.state = Knowledge.SURE
        self._random = random
        self._asks_left = 0
        self._channels: list[int] = []
        self._round: Sequence[int] = ()
        self._pause = PAUSE
        self._deadline: int | None = None
        self._patience = 0
        self._to_ask = 0
        self.guessed = False
        """Sure only because nobody has answered."""

    def begin(self, *, elsewhere: Iterable[int] = (), now: int) -> None:
        """Ask from now on, and if nobody answers, on the channels `elsewhere`.

        Without those, silence means that we are the first: so a network that starts as a whole
        stays together.
        """
        self._round = tuple(elsewhere)
        if self.state is Knowledge.SURE:
            self._pause, self._to_ask = PAUSE, MOST_ASKED
            self._enter(Knowledge.ASKING, ASKS, now + self._random.randrange(JITTER))

    def found(self) -> None:
        """Be sure: somebody has answered."""
        self.state, self._deadline, self.guessed = Knowledge.SURE, None, False

    def search_instead(self, elsewhere: Iterable[int]) -> None:
        """In the next round, if there is one, look on these channels: home has changed."""
        if self._round:
            self._round = tuple(elsewhere)

    def linger(self, *, now: int) -> bool:
        """Stay a while, once a channel: somebody has answered who may be a recording.

        Return whether we do.
        """
        if self.state not in {Knowledge.ASKING, Knowledge.SEARCHING} or not self._patience:
            return False
        self._patience -= 1
        self._deadline = now + LINGER
        return True

    def linked(self) -> None:
        """Go nowhere else: somebody is there, where we are at home."""
        if self.state is not Knowledge.SEARCHING:
            self._round = ()
        if self.state is Knowledge.PAUSING:
            self._guess()

    def met(self, *, now: int) -> bool:
        """Tell whether to ask a neighbour who has just proved that it is there."""
        sure = self.state is Knowledge.SURE
        if self.state is Knowledge.PAUSING or (sure and not self.guessed) or not self._to_ask:
            return False
        self._to_ask -= 1
        if sure:
            self._enter(Knowledge.ASKING, 0, now)
        self._deadline = now + ASK_EVERY
        return True

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while we are sure."""
        return self._deadline

    def handle_deadline(self, *, now: int) -> list[SearchAction]:
        """Ask, go on to the next channel, or give up for a while."""
        if self._deadline is None or now < self._deadline:
            return []
        if self.state is Knowledge.PAUSING:
            self._enter(Knowledge.ASKING, ASKS, now)
        if self._asks_left:
            self._asks_left -= 1
            self._deadline = now + ASK_EVERY
            return [Ask()]
        return self._silence(now)

    def _enter(self, state: Knowledge, asks: int, deadline: int) -> None:
        self.state, self._asks_left, self._deadline = state, asks, deadline
        self._patience = 1

    def _guess(self) -> None:
        self.found()
        self.guessed = True

    def _silence(self, now: int) -> list[SearchAction]:
        """Nobody has answered where we are."""
        if not self._round:
            self._guess()
            return []
        if self.state is Knowledge.ASKING:
            self._channels = list(reversed(self._round))
        if self._channels:
            self._enter(Knowledge.SEARCHING, ASKS_ELSEWHERE - 1, now + ASK_EVERY)
            return [Listen(self._channels.pop()), Ask()]
        self._enter(
            Knowledge.PAUSING, 0, now + self._random.randrange(self._pause, 2 * self._pause)
        )
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return [Listen(None)]
