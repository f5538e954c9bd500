"""Answers to multicast requests: delayed at random, so that not all talk at once (§8)."""

from random import Random

from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.adaptation.pace import Allowance
from lowpan.mesh.link_settings import MeshLinkSettings

ANSWER_EACH, ANSWER_BURST = 30_000, 64
"""Microseconds between answers: 64 at once, for all neighbours of a network that starts."""


class LinkAnswers:
    """The challenges that wait for our answer, the last one of each neighbour."""

    def __init__(self, settings: MeshLinkSettings, random: Random) -> None:
        self._settings, self._random = settings, random
        self._challenges: dict[bytes, bytes] = {}
        self._deadlines: Deadlines[bytes] = Deadlines()
        self._allowance = Allowance(each=ANSWER_EACH, burst=ANSWER_BURST)

    def may_answer(self, *, now: int) -> bool:
        """Tell whether another answer may be given now; if so it counts."""
        return self._allowance.take(now=now)

    def delay(self, neighbour: bytes, challenge: bytes, *, now: int) -> None:
        """Answer later.  If too many wait, who is new will have to ask again."""
        if neighbour in self._challenges:
            self._challenges[neighbour] = challenge
        elif len(self._challenges) < self._settings.most_answers:
            self._challenges[neighbour] = challenge
            due = now + self._random.randrange(self._settings.response_delay)
            self._deadlines.set(neighbour, due)

    def drop(self, neighbour: bytes) -> None:
        """Answer `neighbour` no more: something newer came."""
        if self._challenges.pop(neighbour, None) is not None:
            self._deadlines.drop(neighbour)

    def next_deadline(self) -> int | None:
        """Return when to answer next."""
        return self._deadlines.next_deadline()

    def take(self, *, now: int) -> list[tuple[bytes, bytes]]:
        """Return the neighbours to answer now, and their challenges."""
        return [(each, self._challenges.pop(each)) for each in self._deadlines.take(now=now)]
