"""Fragments go on before their datagram is whole: virtual reassembly (RFC 8930, RFC 4944 §5.3)."""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.decompress import uncompressed_size
from lowpan.adaptation.extents import Extents
from lowpan.adaptation.fair_table import FairTable, Timeouts
from lowpan.adaptation.first_header import FirstHeader, read_first_header
from lowpan.adaptation.forwarding import Deliver, Drop, Dropped, Forward, Hop, Route
from lowpan.adaptation.fragmentation import FRAG1_OCTETS, FRAGN_OCTETS, LEAST_ROOM
from lowpan.adaptation.reassembly import SMALLEST_DATAGRAM
from lowpan.errors import MalformedFrame
from lowpan.wire.addresses import Surroundings, iid_of
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from lowpan.wire.ipv6 import IPV6_HEADER_OCTETS
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch
from lowpan.wire.nhc import COMPRESSED_HEADERS

MOST_DATAGRAMS = 64
"""Datagrams on their way through us at once: as many as Reassembler holds, at a tenth of the room,
since only the first fragment of each is kept."""
MOST_PER_SENDER = 8
"""Datagrams of one neighbour, which may itself forward for many."""
FORWARDING_TIMEOUT = 10_000_000
"""Microseconds from one fragment of a datagram to the next: they come one after the other, and
through a parent that polls within seconds.  Receivers wait for 60 s in all (RFC 4944 §5.3)."""
LATE_PERIOD = 1_000_000
"""Microseconds that repeats of fragments are recognised when all have gone on."""

Key = tuple[bytes, bytes, int, int]
"""Previous hop, our address in its frames, datagram_size, datagram_tag."""
ForwardingAction = Deliver | Forward | Dropped


class _Path:
    """A datagram under way (virtual reassembly buffer, RFC 8930 §6)."""

    __slots__ = ("fate", "first", "hop", "seen", "tag")

    def __init__(self, hop: Hop, tag: int, first: bytes) -> None:
        self.hop, self.tag, self.first = hop, tag, first
        self.seen = Extents()
        self.fate: Drop | None = None
        """Why no more of it is forwarded; DUPLICATE when all has been."""


class FragmentForwarding:
    """Forwards fragments by what the first one of their datagram says.

    Only octets that are new go on, each once, so that nothing that the destination could refuse
    as an overlap passes.  What we cannot or may not forward so is delivered here, whole datagrams
    included: the IPv6 layer forwards what reassembly makes of it.  Firewalls must not use this
    (RFC 8930 §7).  Inputs return the actions that they cause and never raise for octets from
    outside; `now` is microseconds; `random` draws datagram tags, other than those that `is_taken`
    says whoever sends datagrams of our own may use.
    """

    def __init__(  # noqa: PLR0913  (where to, and what is remembered)
        self,
        route: Route,
        random: Random,
        *,
        contexts: ContextTable | None = None,
        is_taken: Callable[[int], bool] = lambda tag: False,
        most_datagrams: int = MOST_DATAGRAMS,
        most_per_sender: int = MOST_PER_SENDER,
        timeout: int = FORWARDING_TIMEOUT,
    ) -> None:
        self.contexts = ContextTable() if contexts is None else contexts
        self.counts: Counter[str] = Counter()
        """Payloads and datagrams by what became of them."""
        self._route, self._random, self._is_taken = route, random, is_taken
        self._paths: FairTable[Key, _Path] = FairTable(
            most=most_datagrams,
            most_per_owner=most_per_sender,
            timeouts=Timeouts(LATE_PERIOD, timeout, timeout),
        )
        self._outgoing: dict[tuple[bytes, int, int], Key] = {}
        """By next hop, datagram_size and the tag that we gave."""

    def __len__(self) -> int:
        """Return how many datagrams are remembered."""
        return len(self._paths)

    def receive_payload(
        self, payload: bytes, source: bytes, destination: bytes, *, now: int
    ) -> list[ForwardingAction]:
        """Take a payload without mesh header from a neighbour to one of our addresses."""
        kind = DISPATCH[payload[0]] if payload else None
        if kind is not Dispatch.FRAG1 and kind is not Dispatch.FRAGN:
            return self._count([Deliver(payload, source, destination)])
        actions = self._expire(now)
        try:
            header, used = FRAGMENT_HEADER.decode_prefix(payload)
            key = (source, destination, header.datagram_size, header.datagram_tag)
            if kind is Dispatch.FRAG1:
                actions += self._first(key, payload, now)
            else:
                actions += self._subsequent(key, header, payload[used:], payload, now)
        except MalformedFrame as error:
            actions.append(Dropped(source, Drop.MALFORMED, str(error)))
        return self._count(actions)

    def forwarding_failed(self, forward: Forward, *, now: int) -> list[ForwardingAction]:
        """Give a datagram up: the next hop did not acknowledge this payload of it."""
        header, _ = FRAGMENT_HEADER.decode_prefix(forward.payload)
        outgoing = (forward.next_hop, header.datagram_size, header.datagram_tag)
        key = self._outgoing.get(outgoing)
        path = None if key is None else self._paths.get(key)
        if key is None or path is None or path.fate is not None:
            return []
        path.fate = Drop.GIVEN_UP
        self._paths.finish(key, now=now)
        return self._count([Dropped(key[0], Drop.GIVEN_UP, "the next hop does not answer")])

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing waits."""
        return self._paths.next_deadline()

    def handle_deadline(self, *, now: int) -> list[ForwardingAction]:
        """Forget datagrams whose fragments stopped coming."""
        return self._count(self._expire(now))

    # -- fragments

    def _first(self, key: Key, payload: bytes, now: int) -> list[ForwardingAction]:
        """Decide where a datagram goes, and send its first fragment there."""
        source, destination, size, _ = key
        path = self._paths.get(key)
        if path is not None and path.first == payload and path.fate is not Drop.GIVEN_UP:
            return [Dropped(source, Drop.DUPLICATE)]
        around = self._surroundings(source, destination)
        header = read_first_header(payload[FRAG1_OCTETS:], around)
        start = _size_of_headers(header, around)
        end = start[0] + len(header.octets) - start[1]
        unfit = _unfit(size, 0, end)
        if unfit:
            return [Dropped(source, Drop.UNFIT, unfit)]
        actions: list[ForwardingAction] = []
        if path is not None:  # the tag has come round, or the sender began anew
            self._forget(key)
            if path.fate is None:
                actions.append(Dropped(source, Drop.OVERLAP))
        hop = self._route(header.destination) if header.may_be_forwarded else None
        if hop is None or hop.room < LEAST_ROOM:
            return [*actions, Deliver(payload, source, destination)]
        tag = self._new_tag(hop, size)
        pieces = self._first_pieces(header, start, hop, FragmentHeader(size, tag))
        if not pieces:
            return [*actions, Deliver(payload, source, destination)]
        path = _Path(hop, tag, payload)
        for lost, evicted, _ in self._paths.add(key, source, path, now=now):
            actions += self._lost(lost, evicted, Drop.CROWDED_OUT)
        self._outgoing[hop.address, size, tag] = key
        self._note(key, path, 0, end, now)
        return [*actions, *(Forward(hop.address, piece) for piece in pieces)]

    def _first_pieces(
        self, header: FirstHeader, start: tuple[int, int], hop: Hop, fragment: FragmentHeader
    ) -> list[bytes]:
        """Return the first fragment for the next hop, and what of it no longer fits.

        Headers that grew push octets out; as RFC 8930 §6 has it, those go in a fragment of their
        own.  Empty if not even the headers fit.
        """
        headers, used = start
        octets = header.forwarded(self._surroundings(hop.source, hop.address))
        used += len(octets) - len(header.octets)  # octets of all headers, compressed anew
        room = hop.room - FRAG1_OCTETS
        if len(octets) <= room:
            return [FRAGMENT_HEADER.encode(fragment) + octets]
        end = (headers + room - used) // 8 * 8
        if end < headers:
            return []
        cut = used + end - headers
        first = FRAGMENT_HEADER.encode(fragment) + octets[:cut]
        return [first, *_pieces(fragment, end, octets[cut:], hop.room)]

    def _subsequent(
        self, key: Key, header: FragmentHeader, piece: bytes, payload: bytes, now: int
    ) -> list[ForwardingAction]:
        source, destination, size, _ = key
        path = self._paths.get(key)
        if path is None:  # for us, or nobody's: reassembly has its own bounds
            return [Deliver(payload, source, destination)]
        start = header.offset
        end = start + len(piece)
        unfit = _unfit(size, start, end)
        if unfit or start == 0:
            return [Dropped(source, Drop.UNFIT, unfit or "begins at offset 0")]
        if path.fate is not None:
            return [Dropped(source, path.fate)]
        seen = next(path.seen.within(start, end), None)
        if seen is not None:
            return [self._overlap(key, path, seen == (start, end), now)]
        self._note(key, path, start, end, now)
        onward = FragmentHeader(size, path.tag)
        hop = path.hop
        return [Forward(hop.address, part) for part in _pieces(onward, start, piece, hop.room)]

    def _overlap(self, key: Key, path: _Path, repeated: bool, now: int) -> Dropped:
        """Keep back a repeat; end a datagram that says two things about the same octets."""
        if repeated:
            return Dropped(key[0], Drop.DUPLICATE)
        path.fate = Drop.GIVEN_UP
        self._paths.finish(key, now=now)
        return Dropped(key[0], Drop.OVERLAP)

    def _note(self, key: Key, path: _Path, start: int, end: int, now: int) -> None:
        """Remember which octets have gone on; with the last of them the datagram is done."""
        path.seen.add(start, end)
        if path.seen.covers(0, key[2]):
            path.fate = Drop.DUPLICATE
            self._paths.finish(key, now=now)
        elif start:
            self._paths.proceed(key, now=now)

    # -- state

    def _surroundings(self, source: bytes, destination: bytes) -> Surroundings:
        return Surroundings(iid_of(source), iid_of(destination), self.contexts.known)

    def _new_tag(self, hop: Hop, size: int) -> int:
        """Return a tag that nobody can foretell and no other such datagram has (RFC 8930 §7)."""
        while True:
            tag = self._random.randrange(0x10000)
            if (hop.address, size, tag) not in self._outgoing and not self._is_taken(tag):
                return tag

    def _forget(self, key: Key) -> None:
        path = self._paths.remove(key)
        if path is not None:
            del self._outgoing[path.hop.address, key[2], path.tag]

    def _lost(self, key: Key, path: _Path, drop: Drop) -> list[ForwardingAction]:
        """Clear up after a datagram that is no longer in the table."""
        del self._outgoing[path.hop.address, key[2], path.tag]
        return [Dropped(key[0], drop)] if path.fate is None else []

    def _expire(self, now: int) -> list[ForwardingAction]:
        lost: list[ForwardingAction] = []
        for key, path, _ in self._paths.expire(now=now):
            lost += self._lost(key, path, Drop.TIMED_OUT)
        return lost

    def _count(self, actions: list[ForwardingAction]) -> list[ForwardingAction]:
        for action in actions:
            name = action.drop.name if isinstance(action, Dropped) else type(action).__name__
            self.counts[name] += 1
        return actions


def _size_of_headers(header: FirstHeader, around: Surroundings) -> tuple[int, int]:
    """Return the octets of all compressed headers before compression and in `header.octets`."""
    if header.iphc is None:
        return IPV6_HEADER_OCTETS, header.used
    compressed, used = COMPRESSED_HEADERS.decode_prefix(header.octets, around)
    return uncompressed_size(compressed), used


def _unfit(size: int, start: int, end: int) -> str:
    """Return why octets `start` .. `end` - 1 are no fragment of a datagram, empty if they may."""
    if size < SMALLEST_DATAGRAM:
        return f"a datagram of {size} octets is smaller than an IPv6 header"
    if end <= start:
        return "an empty fragment"
    if end > size:
        return f"reaches {end - size} octets past the end of its datagram"
    if end < size and end % 8:
        return "not the last fragment, and no multiple of 8 octets"
    return ""


def _pieces(fragment: FragmentHeader, start: int, octets: bytes, room: int) -> Iterator[bytes]:
    """Yield subsequent fragments of at most `room` octets: one, unless frames here are smaller."""
    step = (room - FRAGN_OCTETS) // 8 * 8
    if len(octets) <= room - FRAGN_OCTETS:
        step = len(octets)
    for at in range(0, len(octets), step):
        header = FragmentHeader(fragment.datagram_size, fragment.datagram_tag, start + at)
        yield FRAGMENT_HEADER.encode(header) + octets[at : at + step]
