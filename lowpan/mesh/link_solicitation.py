"""Multicast Link Requests: how a node that has no link finds its neighbours (§8, §10)."""

from random import Random

from lowpan.mesh.link_requests import jittered
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import Exchange

MOST_ANSWERED = 512
"""Neighbours that one request can win: more than share a channel."""


class LinkSolicitation:
    """One exchange with whoever is there.  Each neighbour's answer counts once."""

    def __init__(self, settings: MeshLinkSettings, random: Random) -> None:
        self._settings, self._random = settings, random
        self._exchange: Exchange | None = None
        self._answered: set[bytes] = set()
        self._deadline: int | None = None
        self._rounds = 0

    def begin(self, *, within: int, now: int) -> None:
        """Ask within a time, at random, unless that is going on."""
        if self._deadline is None or self._exchange is None:
            self._rounds = 0
            self._deadline = now + self._random.randrange(within + 1)

    def asked(self, challenge: bytes, *, now: int) -> None:
        """Take note of a request."""
        if self._exchange is None:
            self._exchange = Exchange()
            self._answered.clear()
        self._exchange.asked(challenge, now=now)
        self._deadline = now + jittered(self._settings.mrt, self._random)

    def challenged_at(self, neighbour: bytes, response: bytes) -> int | None:
        """Return when the challenge was sent that `neighbour` answers, None if it does not."""
        if self._exchange is None or neighbour in self._answered:
            return None
        return self._exchange.challenges.get(response)

    def answered(self, neighbour: bytes) -> None:
        """Take no further answer of `neighbour`."""
        if len(self._answered) < MOST_ANSWERED:
            self._answered.add(neighbour)
        else:
            self.end()

    def next_deadline(self) -> int | None:
        """Return when to call is_due()."""
        return self._deadline

    def is_due(self, *, linked: bool, forever: bool, now: int) -> bool:
        """Tell whether to ask now.

        It ends once we are `linked`: advertisements bring the rest together.  Else it ends after
        MRC retransmissions, or is repeated `forever` after pauses that double.
        """
        if self._deadline is None or now < self._deadline:
            return False
        exchange = self._exchange
        if linked:
            self.end()
            return False
        if exchange is None or exchange.transmissions <= self._settings.mrc:
            return True
        self.end()
        if forever:
            pause = min(
                self._settings.retry_first << min(self._rounds, 30), self._settings.retry_last
            )
            self._deadline = now + self._random.randrange(pause // 2, pause)
            self._rounds += 1
        return False

    def end(self) -> None:
        """Have no challenge any more."""
        self._exchange = self._deadline = None
        self._answered.clear()
