"""Link Requests to one neighbour: when to ask, to ask again, and to give up for a while (§8)."""

from random import Random

from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.adaptation.pace import Allowance
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_state import Exchange, Link, LinkState

REQUEST_EACH, REQUEST_BURST = 60_000, 4
"""Microseconds in which a channel has room for one request, and how many may be sent at once.

The three messages of an exchange and their acknowledgments take 14 ms at 250 kbit/s: links get a
quarter of a channel, and all who are in reach share it.  Where a hundred nodes start at once, each
sends a request every six seconds, and none drowns the answers to others."""


class LinkRequests:
    """One moment for each neighbour: that of its next request, or of a look at its silence.

    However many neighbours there are to ask, only so many are asked at a time.
    """

    def __init__(self, settings: MeshLinkSettings, random: Random) -> None:
        self._settings, self._random = settings, random
        self._deadlines: Deadlines[bytes] = Deadlines()
        self._asked: set[bytes] = set()
        """Those who have an exchange."""
        self._each = REQUEST_EACH
        self._allowance = Allowance(each=REQUEST_EACH, burst=REQUEST_BURST)

    def plan(self, link: Link, within: int, *, now: int) -> None:
        """Look at `link` within a time, at random, unless that will be so anyway.

        A pause after requests that were not answered is not cut short.
        """
        due = self._deadlines.get(link.neighbour)
        if due is not None and (link.failures or link.exchange or due <= now + within):
            return
        self._deadlines.set(link.neighbour, now + self._random.randrange(within + 1))

    def watch(self, link: Link, at: int) -> None:
        """Look at `link` at that moment, and not before."""
        self._deadlines.set(link.neighbour, at)

    def may_begin(self, link: Link, *, now: int) -> bool:
        """Tell whether there is room for another exchange; if not, look at `link` soon again."""
        if self.may_join():
            return self.may_send(link, now=now)
        self._deadlines.set(link.neighbour, now + jittered(self._settings.urt, self._random))
        return False

    def may_send(self, link: Link, *, now: int) -> bool:
        """Tell whether a request may be sent now; if not, look at `link` later, at random."""
        if self.may_take(now=now):
            return True
        waiting = len(self._deadlines) + 1
        wait = self._random.randrange(self._each, self._each * (waiting + 1))
        self._deadlines.set(link.neighbour, now + wait)
        return False

    def may_take(self, *, now: int) -> bool:
        """Tell whether our share of the channel has room for another request; if so it counts."""
        each = REQUEST_EACH * (len(self._deadlines) + 1)
        if each != self._each:
            self._each = each
            self._allowance.change(each)
        return self._allowance.take(now=now)

    def may_join(self) -> bool:
        """Tell whether there is room for an exchange that the neighbour has begun."""
        return len(self._asked) < self._settings.most_exchanges

    def asked(self, link: Link, challenge: bytes, *, answering: bool = False, now: int) -> None:
        """Take note of a request, whose answer is waited for."""
        if link.exchange is None:
            link.exchange = Exchange(answering=answering)
            self._asked.add(link.neighbour)
        link.exchange.asked(challenge, now=now)
        self._deadlines.set(link.neighbour, now + jittered(self._settings.urt, self._random))

    def may_repeat(self, link: Link) -> bool:
        """Tell whether the exchange that nobody has answered yet goes on.

        Who has not answered four requests before is asked twice: perhaps it is only its recordings
        that are heard here.  If it asks itself, once is enough.
        """
        exchange = link.exchange
        if exchange is None or is_extra(link):
            return False
        vain = link.failures > 0 and link.state is not LinkState.UP
        return exchange.transmissions <= (
            min(1, self._settings.mrc) if vain else self._settings.mrc
        )

    def end(self, link: Link) -> None:
        """Have no exchange any more."""
        link.exchange = None
        self._asked.discard(link.neighbour)
        self._deadlines.drop(link.neighbour)

    def postpone(self, link: Link, *, now: int) -> None:
        """After an exchange in vain: ask again after a pause that doubles each time."""
        pause = min(self._settings.retry_first << min(link.failures, 30), self._settings.retry_last)
        link.failures += 1
        self._deadlines.set(link.neighbour, now + self._random.randrange(pause // 2, pause))

    def next_deadline(self) -> int | None:
        """Return when to look at the next link."""
        return self._deadlines.next_deadline()

    def take(self, *, now: int) -> list[bytes]:
        """Return the neighbours to look at now."""
        return self._deadlines.take(now=now)


def is_extra(link: Link) -> bool:
    """Tell whether there is an exchange besides those that a pause is between."""
    return link.exchange is not None and link.exchange.answering and link.failures > 0


def jittered(timeout: int, random: Random) -> int:
    """Return a retransmission timeout times a random factor of 0.9 to 1.1 (§8)."""
    return timeout * random.randrange(900, 1101) // 1000
