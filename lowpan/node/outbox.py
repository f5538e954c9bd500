"""Datagrams on their way out: frames of one after the other, what cannot be sent given up whole."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from lowpan.adaptation.forwarding import Forward
from lowpan.mac.service import LinkProtection
from lowpan.wire.icmpv6 import Icmpv6Type
from lowpan.wire.ipv6 import ICMPV6, IPV6_HEADER_OCTETS

MOST_DATAGRAMS = 64
"""Datagrams that wait for the radio: 64 of 1280 octets keep it busy for four seconds."""
MOST_FORWARDED, MOST_FROM_ONE = 64, 32
"""Payloads of others that wait for it, of all and of one neighbour: a third of a second, and two
datagrams of 1280 octets."""
MOST_BUSY = 4
"""How often a payload that found no free channel is tried again, where neighbours pass on what we
send: two that always have something to send leave a third none in one of ten attempts."""
_NEXT_HEADER_AT, _TYPE_AT = 6, IPV6_HEADER_OCTETS
_DISCOVERY = range(Icmpv6Type.ROUTER_SOLICITATION, Icmpv6Type.NEIGHBOUR_ADVERTISEMENT + 1)

MOST_UNRESOLVED, MOST_FOR_ONE = 32, 3
"""Datagrams that wait for a link address, of all and of one neighbour (RFC 4861 §7.2.2)."""


@dataclass(slots=True)
class Departing:
    """A datagram in frames, or a payload that we pass on."""

    datagram: bytes
    """Empty if it is passed on."""
    payloads: list[bytes]
    source: bytes
    destination: bytes
    """Link-layer addresses, 2 or 8 octets."""
    next_hop: bytes
    """16 octets; empty if the destination is none that IPv6 knows."""
    sent: int = 0
    """Payloads handed to the link layer."""
    busy: int = 0
    """How often the last of them found no free channel."""
    forward: Forward | None = None
    """What an engine wanted passed on."""
    previous_hop: bytes = b""
    """Whom that came from; empty if from ourselves."""
    protection: LinkProtection = LinkProtection.POLICY
    channel: int | None = None
    """None: the one that we are on."""

    @property
    def is_discovery(self) -> bool:
        """Whether it is neighbour discovery, whose answers are awaited for a second each."""
        datagram = self.datagram
        return len(datagram) > _TYPE_AT and (
            datagram[_NEXT_HEADER_AT] == ICMPV6 and datagram[_TYPE_AT] in _DISCOVERY
        )


class Outbox:
    """Hands over one payload at a time: a lost fragment ends its datagram, not the others.

    What is ours and what is passed on have room of their own.  Each link-layer destination has its
    turn, and there neighbour discovery goes first, then what came first: one that is dead, or asked
    for more than the air carries, holds up no other.  When there are too many datagrams of ours,
    the last one of the longest line is given up.
    """

    def __init__(
        self,
        *,
        most_datagrams: int = MOST_DATAGRAMS,
        most_forwarded: int = MOST_FORWARDED,
        most_from_one: int = MOST_FROM_ONE,
    ) -> None:
        self._most, self._most_from_one = most_datagrams, most_from_one
        self._most_forwarded = most_forwarded
        self._lines: dict[bytes, deque[Departing]] = {}
        """By destination, the one whose turn it is first."""
        self._waiting = 0
        self._current: Departing | None = None
        self._handle = 0
        self._from: Counter[bytes] = Counter()
        """By previous hop, what is passed on."""
        self.forwarded = 0
        """How many payloads of others are not out yet."""

    def __len__(self) -> int:
        """Return how many datagrams of ours are not out yet."""
        return self._waiting + (self._current is not None) - self.forwarded

    @property
    def current(self) -> Departing | None:
        """Return what is being sent."""
        return self._current

    def put(self, departing: Departing) -> Departing | None:
        """Queue a datagram or a payload; return what is given up for want of room, maybe this."""
        given_up: Departing | None = None
        if departing.forward is None:
            if len(self) >= self._most:
                given_up = self._give_up_longest(departing)
        else:
            of_one = self._from[departing.previous_hop]
            if self.forwarded >= self._most_forwarded or of_one >= self._most_from_one:
                return departing
            self._from[departing.previous_hop] = of_one + 1
            self.forwarded += 1
        if given_up is not departing:
            self._line_up(departing)
        return given_up

    def _line_up(self, departing: Departing) -> None:
        self._waiting += 1
        line = self._lines.setdefault(departing.destination, deque())
        if not departing.is_discovery:
            line.append(departing)
            return
        at = next((at for at, one in enumerate(line) if not one.is_discovery), len(line))
        line.insert(at, departing)

    def _give_up_longest(self, newcomer: Departing) -> Departing:
        """Return the last datagram of ours in the longest line, or one that makes it as long."""
        line = self._lines.get(newcomer.destination, deque())
        longest = max(self._lines.values(), key=_ours, default=line)
        if _ours(longest) <= _ours(line) + 1:
            longest = line  # nobody has more
        last = reversed(range(len(longest)))
        at = next((at for at in last if longest[at].forward is None), None)
        if at is None or (longest is line and not newcomer.is_discovery):
            return newcomer
        given_up = longest[at]
        if given_up.is_discovery and longest is line:
            return newcomer
        del longest[at]
        self._waiting -= 1
        return given_up

    def next_payload(self) -> tuple[int, Departing, bytes] | None:
        """Return handle, datagram and payload to be sent now; None while one is being sent."""
        if self._current is not None or not self._waiting:
            return None
        destination = next(iter(self._lines))
        line = self._lines.pop(destination)
        self._current = departing = line.popleft()
        self._waiting -= 1
        if line:
            self._lines[destination] = line  # behind all others
        return self._hand_over(departing)

    def payload_sent(self, handle: int) -> tuple[int, Departing, bytes] | None:
        """Go on after a payload that arrived: the next one of the same datagram, if there is."""
        departing = self._current
        if departing is None or handle != self._handle:
            return None
        departing.busy = 0
        if departing.sent < len(departing.payloads):
            return self._hand_over(departing)
        self._end(departing)
        return None

    def again(self, handle: int) -> tuple[int, Departing, bytes] | None:
        """Return the payload that found no free channel once more; None if it was tried enough."""
        departing = self._current
        if departing is None or handle != self._handle or departing.busy >= MOST_BUSY:
            return None
        departing.busy += 1
        departing.sent -= 1
        return self._hand_over(departing)

    def give_up(self, handle: int) -> Departing | None:
        """End the datagram whose payload was not delivered, and return it."""
        departing = self._current
        if departing is None or handle != self._handle:
            return None
        self._end(departing)
        return departing

    def _end(self, departing: Departing) -> None:
        self._current = None
        if departing.forward is None:
            return
        self.forwarded -= 1
        left = self._from[departing.previous_hop] - 1
        if left:
            self._from[departing.previous_hop] = left
        else:
            del self._from[departing.previous_hop]

    def _hand_over(self, departing: Departing) -> tuple[int, Departing, bytes]:
        self._handle += 1
        payload = departing.payloads[departing.sent]
        departing.sent += 1
        return self._handle, departing, payload


def _ours(line: Iterable[Departing]) -> int:
    return sum(one.forward is None for one in line)


class Unresolved:
    """Datagrams that wait until the link address of their next hop is known; bounded."""

    def __init__(self, *, most: int = MOST_UNRESOLVED, most_for_one: int = MOST_FOR_ONE) -> None:
        self._most, self._most_for_one = most, most_for_one
        self._waiting: dict[bytes, deque[bytes]] = {}
        self._count = 0

    def hold(self, next_hop: bytes, datagram: bytes) -> list[bytes]:
        """Keep a datagram; return those that are given up for it."""
        given_up: list[bytes] = []
        waiting = self._waiting.setdefault(next_hop, deque())
        if len(waiting) >= self._most_for_one:
            given_up.append(waiting.popleft())
            self._count -= 1
        elif self._count >= self._most:
            given_up += self._give_up_oldest()
        waiting.append(datagram)
        self._waiting[next_hop] = waiting
        self._count += 1
        return given_up

    def take(self, next_hop: bytes) -> list[bytes]:
        """Return, and keep no longer, what waited for `next_hop`, in order."""
        waiting = self._waiting.pop(next_hop, None)
        if waiting is None:
            return []
        self._count -= len(waiting)
        return list(waiting)

    def _give_up_oldest(self) -> list[bytes]:
        for next_hop, waiting in self._waiting.items():
            if waiting:
                oldest = waiting.popleft()
                self._count -= 1
                if not waiting:
                    del self._waiting[next_hop]
                return [oldest]
        return []
