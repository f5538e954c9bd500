"""Pinging: echo requests of a node and what becomes of them (RFC 4443 §4)."""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass
from random import Random

from lowpan.aio.running import Running
from lowpan.aio.socket_addresses import error_of, error_of_discard, is_error
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.node.service import DatagramDiscarded, EchoReplied, ErrorReceived
from lowpan.wire.addresses import format_ipv6
from lowpan.wire.icmpv6 import ECHO, Echo, Icmpv6Type
from lowpan.wire.ipv6 import ICMPV6, upper_layer

SIZE = 56
"""Octets of data in an echo request, as everybody sends."""
MOST_PINGERS = 256
"""At once: each has an identifier, of which there are 65536."""
MOST_REMEMBERED = 1024
"""Requests of one pinger whose answers are still recognised, also as duplicates."""
MOST_ANSWERS = 1024
"""Answers of one pinger that wait to be fetched; of more, the oldest are given up."""

_PATTERN = bytes(range(256))
_CHECKSUM_AND_CODE = 4
"""Octets of an ICMPv6 message before its body."""


@dataclass(frozen=True, slots=True)
class EchoAnswer:
    """A reply to an echo request of ours."""

    sequence_number: int
    """Of the request, from 1; it may be larger than the 16 bits on air."""
    source: str
    """Who answered."""
    round_trip: float
    """Seconds."""
    hop_limit: int
    octets: int
    """Of the ICMPv6 message: 8 more than its data."""
    is_duplicate: bool = False
    """This request was answered before, as requests to a group are."""
    is_altered: bool = False
    """It did not bring back what was sent."""


@dataclass(frozen=True, slots=True)
class EchoFailure:
    """News that an echo request of ours did not arrive."""

    sequence_number: int
    source: str
    """Who says so: a router, the destination, or one of our own addresses."""
    error: OSError
    received: ErrorReceived | None
    """The ICMPv6 error; None if we gave it up ourselves."""


@dataclass(slots=True)
class _Asked:
    at: float
    answered: bool = False


class Pinger:
    """Echo requests under one identifier, to one destination; close() it."""

    def __init__(
        self,
        pingers: "Pingers",
        destination: bytes,
        *,
        size: int = SIZE,
        hop_limit: int | None = None,
    ) -> None:
        if size < 0:
            raise FieldOutOfRange(f"{size} octets of data")
        self.destination = destination
        self.identifier = pingers.admit(self)
        self.sent = 0
        """Requests so far."""
        self._pingers = pingers
        self._data = (_PATTERN * (size // len(_PATTERN) + 1))[:size]
        self._hop_limit = hop_limit
        self._asked: OrderedDict[int, _Asked] = OrderedDict()
        self._answers: deque[EchoAnswer | EchoFailure] = deque(maxlen=MOST_ANSWERS)
        self._news = asyncio.Event()

    def send(self) -> int:
        """Send one more request and return its sequence number; raise FieldOutOfRange."""
        number, running = self.sent + 1, self._pingers.running
        echo = Echo(self.identifier, number & 0xFFFF, self._data)
        self._asked[number] = _Asked(running.loop.time())
        self.sent = number
        try:
            actions = running.engine.send_echo_request(
                echo, self.destination, now=running.now(), hop_limit=self._hop_limit
            )
        except FieldOutOfRange:
            self.sent -= 1
            del self._asked[number]
            raise
        while len(self._asked) > MOST_REMEMBERED:
            self._asked.popitem(last=False)
        running.put(actions)
        return number

    async def answer(self) -> EchoAnswer | EchoFailure:
        """Return the next answer; wait for it.  Raises what has ended the node."""
        while not self._answers:
            self._pingers.running.check()
            self._news.clear()
            await self._news.wait()
        return self._answers.popleft()

    def close(self) -> None:
        """Expect no more answers."""
        self._pingers.forget(self)

    def __enter__(self) -> "Pinger":
        """Return the pinger itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    # What the node tells

    def replied(self, reply: EchoReplied) -> None:
        """Take a reply with our identifier."""
        number = self._number(reply.sequence_number)
        asked = None if number is None else self._asked.get(number)
        if number is None or asked is None:
            return
        answer = EchoAnswer(
            number,
            format_ipv6(reply.source),
            self._pingers.running.loop.time() - asked.at,
            reply.hop_limit,
            8 + len(reply.data),
            is_duplicate=asked.answered,
            is_altered=reply.data != self._data,
        )
        asked.answered = True
        self._put(answer)

    def failed(
        self, sequence_number: int, source: str, error: OSError, received: ErrorReceived | None
    ) -> None:
        """Take an error about a request with our identifier."""
        number = self._number(sequence_number)
        if number is not None:
            self._put(EchoFailure(number, source, error, received))

    def wake(self) -> None:
        """Let who waits look again."""
        self._news.set()

    def _number(self, low: int) -> int | None:
        """Return the request whose last 16 bits are `low`, None if there is none so young."""
        number = self.sent - (self.sent - low & 0xFFFF)
        return number if number in self._asked else None

    def _put(self, answer: EchoAnswer | EchoFailure) -> None:
        self._answers.append(answer)
        self._news.set()


class Pingers:
    """All pingers of a node, by their identifiers."""

    def __init__(self, running: Running, random: Random) -> None:
        self.running = running
        self._random = random
        self._pingers: dict[int, Pinger] = {}
        running.take(EchoReplied, self._replied)
        running.take(ErrorReceived, self._refused)
        running.take(DatagramDiscarded, self._discarded)
        running.ended.add_done_callback(lambda _: self._end())

    def open(self, destination: bytes, *, size: int = SIZE, hop_limit: int | None = None) -> Pinger:
        """Return a new pinger; raise FieldOutOfRange if there are too many."""
        return Pinger(self, destination, size=size, hop_limit=hop_limit)

    def admit(self, pinger: Pinger) -> int:
        """Return the identifier that a new pinger has from now on; raise FieldOutOfRange."""
        if len(self._pingers) >= MOST_PINGERS:
            raise FieldOutOfRange(f"more than {MOST_PINGERS} pingers")
        identifier = self._random.randrange(0x10000)
        while identifier in self._pingers:
            identifier = identifier + 1 & 0xFFFF
        self._pingers[identifier] = pinger
        return identifier

    def forget(self, pinger: Pinger) -> None:
        """Give its identifier back."""
        self._pingers.pop(pinger.identifier, None)

    def _replied(self, reply: EchoReplied) -> None:
        pinger = self._pingers.get(reply.identifier)
        if pinger is not None:
            pinger.replied(reply)

    def _refused(self, error: ErrorReceived) -> None:
        echo = echo_request_in(error.invoking_datagram) if self._pingers else None
        pinger = None if echo is None else self._pingers.get(echo.identifier)
        if pinger is not None and echo is not None:
            about = format_ipv6(pinger.destination)
            told = error_of(error, about)
            pinger.failed(echo.sequence_number, format_ipv6(error.source), told, error)

    def _discarded(self, discarded: DatagramDiscarded) -> None:
        if not self._pingers or not is_error(discarded.discard):
            return
        echo = echo_request_in(discarded.datagram)
        pinger = None if echo is None else self._pingers.get(echo.identifier)
        if pinger is not None and echo is not None:
            about = format_ipv6(pinger.destination)
            told = error_of_discard(discarded.discard, about)
            source = format_ipv6(discarded.datagram[8:24])
            pinger.failed(echo.sequence_number, source, told, None)

    def _end(self) -> None:
        for pinger in self._pingers.values():
            pinger.wake()


def echo_request_in(datagram: bytes) -> Echo | None:
    """Return the echo request that `datagram`, perhaps cut short, holds; None if it holds none."""
    try:
        protocol, at = upper_layer(datagram)
        if protocol != ICMPV6 or datagram[at : at + 1] != bytes([Icmpv6Type.ECHO_REQUEST]):
            return None
        return ECHO.decode(datagram[at + _CHECKSUM_AND_CODE :])
    except MalformedFrame:
        return None
