"""Fragments that are acknowledged end to end and sent again where lost (RFC 8931)."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.fair_table import FairTable, Standing, Timeouts
from lowpan.adaptation.first_header import FirstHeader, read_first_header
from lowpan.adaptation.forwarding import Deliver, Drop, Dropped, Forward, Hop, Route
from lowpan.adaptation.labels import MOST_LABELS, Labels
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.adaptation.recovery_parameters import RecoveryParameters
from lowpan.adaptation.recovery_receiver import LARGEST_COMPRESSED, First, Gathering, Placed
from lowpan.adaptation.recovery_sender import Transfer, TransferEnded
from lowpan.adaptation.recovery_transfers import Transfers
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.addresses import Surroundings, iid_of
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch
from lowpan.wire.recoverable_fragment import (
    FRAGMENT_ACKNOWLEDGMENT,
    FULL_BITMAP,
    LARGEST_FRAGMENT,
    NULL_BITMAP,
    RECOVERABLE_FRAGMENT,
    RFRAG_OCTETS,
    FragmentAcknowledgment,
    RecoverableFragment,
)

MOST_DATAGRAMS = 64
"""Datagrams that arrive here or pass through at once: 82 KiB if all of them arrive."""
MOST_PER_SENDER = 8
"""Datagrams of one neighbour, which may itself forward for many."""
MOST_TRANSFERS = 16
"""Datagrams that we send at once: a full window of each is half a thousand frames."""
REASSEMBLY_TIMEOUT = 60_000_000
"""Microseconds that a datagram of which nothing new comes is kept ("on the order of a minute",
RFC 8931 §7.1)."""
ABORT_INTERVAL = 100_000
"""Microseconds from one fragment of an unknown datagram that we answer to the next, on average: an
invented fragment must not cost the air two frames."""
ABORT_BURST = 8
"""How many we answer at once."""

Key = tuple[bytes, bytes, int]
"""Previous hop, our address in its frames, datagram_tag."""
RecoveryAction = Deliver | Forward | Dropped | DatagramReceived | TransferEnded


class _Path:
    """A datagram that passes through: its label-switched path, both ways (RFC 8931 §6.1, §6.2)."""

    __slots__ = ("first", "growth", "hop", "key", "tag")

    def __init__(self, key: Key, first: First, hop: Hop) -> None:
        self.key, self.first, self.hop = key, first, hop
        self.tag = -1
        """The label that we gave it towards `hop`."""
        self.growth = 0
        """Octets that its headers have more behind us than before us."""


class _Arrival(NamedTuple):
    """A fragment, and what came with it."""

    key: Key
    header: RecoverableFragment
    piece: bytes
    mark: Any


class FragmentRecovery:
    """Sends, takes and forwards datagrams in recoverable fragments.

    A datagram that arrives is handed on once and whole; one that we may not or cannot forward
    fragment by fragment is gathered here, and IPv6 forwards it.  Inputs return the actions that
    they cause, in order, and never raise for octets from outside.  `now` is microseconds;
    `random` orders datagram tags; `congested` tells whether frames to a next hop queue up.
    """

    def __init__(  # noqa: PLR0913  (where to, how, and what is remembered)
        self,
        route: Route,
        random: Random,
        *,
        contexts: ContextTable | None = None,
        parameters: RecoveryParameters | None = None,
        congested: Callable[[bytes], bool] = lambda _: False,
        most_datagrams: int = MOST_DATAGRAMS,
        most_per_sender: int = MOST_PER_SENDER,
        most_transfers: int = MOST_TRANSFERS,
    ) -> None:
        if most_datagrams + most_transfers > MOST_LABELS:
            raise FieldOutOfRange(f"more datagrams than {MOST_LABELS} tags")
        self.contexts = ContextTable() if contexts is None else contexts
        self.counts: Counter[str] = Counter()
        """Payloads and datagrams by what became of them."""
        self._route, self._congested = route, congested
        parameters = parameters or RecoveryParameters()
        self._labels: Labels[object] = Labels(random)
        self._transfers = Transfers(
            route,
            self._labels,
            self.contexts,
            parameters=parameters,
            most=most_transfers,
        )
        self._datagrams: FairTable[Key, _Path | Gathering] = FairTable(
            most=most_datagrams,
            most_per_owner=most_per_sender,
            timeouts=Timeouts(parameters.late_period, REASSEMBLY_TIMEOUT, REASSEMBLY_TIMEOUT),
        )
        self._aborts_due = 0

    def __len__(self) -> int:
        """Return how many datagrams of others are remembered."""
        return len(self._datagrams)

    # -- ours

    @property
    def sending(self) -> int:
        """How many datagrams of ours are under way."""
        return len(self._transfers)

    def send_datagram(
        self, datagram: bytes, hop: Hop, *, handle: int, now: int
    ) -> list[RecoveryAction]:
        """Send a datagram to its next hop; TransferEnded with `handle` says when that is over.

        Raises FieldOutOfRange for a datagram that is too large, or a handle in use, and
        MalformedFrame for one that is none.
        """
        return self._count([*self._transfers.send(datagram, hop, handle=handle, now=now)])

    def cancel(self, handle: int, *, now: int) -> list[RecoveryAction]:
        """Give up a datagram of ours; nothing happens if it has ended."""
        return self._count([*self._transfers.cancel(handle, now=now)])

    # -- from outside

    def receive_payload(
        self, payload: bytes, source: bytes, destination: bytes, *, now: int, mark: Any = None
    ) -> list[RecoveryAction]:
        """Take a payload without mesh header from a neighbour to one of our addresses.

        `mark` comes back with the datagram, one of each fragment.
        """
        kind = DISPATCH[payload[0]] if payload else None
        if kind is not Dispatch.RFRAG and kind is not Dispatch.RFRAG_ACK:
            return self._count([Deliver(payload, source, destination)])
        actions = self._expire(now)
        try:
            if kind is Dispatch.RFRAG_ACK:
                actions += self._acknowledged(FRAGMENT_ACKNOWLEDGMENT.decode(payload), source, now)
            else:
                header, used = RECOVERABLE_FRAGMENT.decode_prefix(payload)
                key = (source, destination, header.datagram_tag)
                actions += self._fragment(_Arrival(key, header, payload[used:], mark), now)
        except MalformedFrame as error:
            actions.append(Dropped(source, Drop.MALFORMED, str(error)))
        return self._count(actions)

    def forwarding_failed(self, forward: Forward, *, now: int) -> list[RecoveryAction]:
        """Look for another way: the next hop did not acknowledge this payload.

        Only a first fragment makes a difference, since it makes the path; all others are
        recovered end to end.
        """
        if not forward.payload or DISPATCH[forward.payload[0]] is not Dispatch.RFRAG:
            return []
        header, _ = RECOVERABLE_FRAGMENT.decode_prefix(forward.payload)
        owner = self._labels.owner(forward.next_hop, header.datagram_tag)
        if not header.is_first or owner is None:
            return []
        if isinstance(owner, Transfer):
            return self._count([*self._transfers.first_fragment_failed(owner, now=now)])
        assert isinstance(owner, _Path)
        self._forget(owner.key)
        return self._count(
            [Dropped(owner.key[0], Drop.GIVEN_UP), *self._refuse(owner.key, now)],
        )

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing waits."""
        ours, theirs = self._transfers.next_deadline(), self._datagrams.next_deadline()
        if ours is None or theirs is None:
            return theirs if ours is None else ours
        return min(ours, theirs)

    def handle_deadline(self, *, now: int) -> list[RecoveryAction]:
        """Send what is due, ask again, and forget datagrams that stopped coming."""
        return self._count([*self._expire(now), *self._transfers.handle_deadline(now=now)])

    # -- fragments

    def _fragment(self, arrival: _Arrival, now: int) -> list[RecoveryAction]:
        key, header, piece, _ = arrival
        if len(piece) != header.fragment_size:
            detail = f"{len(piece)} octets, not the {header.fragment_size} announced"
            return [Dropped(key[0], Drop.UNFIT, detail)]
        if header.is_abort:
            return self._aborted(arrival, now)
        if header.is_first:
            return self._first(arrival, now)
        held = self._datagrams.get(key)
        if held is None:  # "builds an RFRAG-ACK to abort the transmission" (§6.1.2)
            return [Dropped(key[0], Drop.NO_STATE), *self._refuse(key, now)]
        if isinstance(held, Gathering):
            return self._gather(arrival, held, now)
        return self._switch(arrival, held, now)

    def _first(self, arrival: _Arrival, now: int) -> list[RecoveryAction]:
        """Decide where a datagram goes by its IPv6 header."""
        key, header, piece, _ = arrival
        source, destination, _ = key
        size = header.fragment_offset
        if len(piece) > size:
            return [Dropped(source, Drop.UNFIT, "larger than its datagram")]
        around = Surroundings(iid_of(source), iid_of(destination), self.contexts.known)
        first = read_first_header(piece, around)
        actions: list[RecoveryAction] = []
        held = self._datagrams.get(key)
        if held is not None and held.first != (size, piece):  # the tag has come round
            if self._datagrams.standing(key) is not Standing.OVER:
                actions.append(Dropped(source, Drop.OVERLAP))
            self._forget(key)
            held = None
        if isinstance(held, Gathering):
            return actions + self._gather(arrival, held, now)
        hop = self._route(first.destination) if first.may_be_forwarded else None
        forwarded = [] if hop is None else self._forward_first(arrival, first, hop, now)
        if forwarded:
            return actions + forwarded
        self._forget(key)
        if size > LARGEST_COMPRESSED:
            refused = Dropped(source, Drop.UNFIT, f"a datagram of {size} octets")
            return [*actions, refused, *self._refuse(key, now)]
        gathering = Gathering((size, piece), around)
        actions += self._add(key, gathering, now)
        return actions + self._gather(arrival, gathering, now)

    def _gather(self, arrival: _Arrival, held: Gathering, now: int) -> list[RecoveryAction]:
        key, header, piece, mark = arrival
        start = header.fragment_offset if header.sequence else 0
        placed = held.place(header.sequence, start, piece, mark)
        if placed is Placed.CONTRADICTING:
            self._forget(key)
            return [Dropped(key[0], Drop.OVERLAP), *self._refuse(key, now)]
        held.ecn |= header.ecn
        actions: list[RecoveryAction] = []
        if placed is Placed.REPEATED:
            actions.append(Dropped(key[0], Drop.DUPLICATE))
        elif header.sequence:
            self._datagrams.proceed(key, now=now)
        if held.is_whole:
            try:
                datagram, marks = held.take()
            except MalformedFrame as error:
                self._forget(key)
                return [Dropped(key[0], Drop.MALFORMED, str(error)), *self._refuse(key, now)]
            self._datagrams.finish(key, now=now)
            actions.append(DatagramReceived(key[0], key[1], datagram, marks))
        elif not header.ack_request:
            return actions
        return [*actions, Forward(key[0], held.acknowledgment(header.datagram_tag), key[1])]

    def _aborted(self, arrival: _Arrival, now: int) -> list[RecoveryAction]:
        """Clear up, and pass the word on along the path (§5.1, §6.3)."""
        key, header, piece, _ = arrival
        held = self._datagrams.get(key)
        if held is None:
            refuse = self._refuse(key, now) if header.sequence else []
            return [Dropped(key[0], Drop.NO_STATE), *refuse]
        over = self._datagrams.standing(key) is Standing.OVER
        self._forget(key)
        if isinstance(held, Gathering):
            return [] if over else [Dropped(key[0], Drop.ABORTED)]
        return [self._onward(held, header, piece, 0)]

    # -- through us

    def _forward_first(
        self, arrival: _Arrival, first: FirstHeader, hop: Hop, now: int
    ) -> list[RecoveryAction]:
        """Make or keep the path and forward the first fragment; nothing if it finds no room."""
        key, header, piece, _ = arrival
        around = Surroundings(iid_of(hop.source), iid_of(hop.address), self.contexts.known)
        octets = first.forwarded(around)
        growth = len(octets) - len(piece)
        total = header.fragment_offset + growth
        if len(octets) > min(hop.room - RFRAG_OCTETS, LARGEST_FRAGMENT) or total > 0xFFFF:
            return []
        actions: list[RecoveryAction] = []
        path = self._datagrams.get(key)
        if not isinstance(path, _Path) or path.hop.address != hop.address:
            self._forget(key)
            path = _Path(key, (header.fragment_offset, piece), hop)
            actions += self._add(key, path, now)
            path.tag = self._labels.give(hop.address, path)
        path.hop, path.growth = hop, growth
        return [*actions, self._onward(path, header, octets, total)]

    def _switch(self, arrival: _Arrival, path: _Path, now: int) -> list[RecoveryAction]:
        """Forward by label: other tag, and the offset that it has behind headers that grew."""
        key, header, piece, _ = arrival
        hop = path.hop
        offset = header.fragment_offset + path.growth
        if not 0 < offset <= 0xFFFF or RFRAG_OCTETS + len(piece) > hop.room or not piece:
            unfit = Dropped(key[0], Drop.UNFIT, "fits no frame, or no datagram, behind us")
            return [unfit, *self._refuse(key, now)]
        if self._datagrams.standing(key) is not Standing.OVER:
            self._datagrams.proceed(key, now=now)
        return [self._onward(path, header, piece, offset)]

    def _onward(
        self, path: _Path, header: RecoverableFragment, piece: bytes, offset: int
    ) -> Forward:
        """Return a fragment under the label of `path`, marked if there is congestion here."""
        next_hop = path.hop.address
        onward = RecoverableFragment(
            header.ecn or self._congested(next_hop),
            path.tag,
            header.ack_request,
            header.sequence,
            len(piece),
            offset,
        )
        return Forward(next_hop, RECOVERABLE_FRAGMENT.encode(onward) + piece)

    def _acknowledged(
        self, acknowledgment: FragmentAcknowledgment, source: bytes, now: int
    ) -> list[RecoveryAction]:
        owner = self._labels.owner(source, acknowledgment.datagram_tag)
        if isinstance(owner, Transfer):
            return [*self._transfers.acknowledge(owner, acknowledgment, now=now)]
        if not isinstance(owner, _Path):  # "MUST silently drop the RFRAG-ACK" (§6.2)
            return [Dropped(source, Drop.NO_STATE)]
        previous_hop, ours, tag = owner.key
        if acknowledgment.bitmap in {NULL_BITMAP, FULL_BITMAP}:
            self._datagrams.finish(owner.key, now=now)
        back = FragmentAcknowledgment(acknowledgment.ecn, tag, acknowledgment.bitmap)
        return [Forward(previous_hop, FRAGMENT_ACKNOWLEDGMENT.encode(back), ours)]

    # -- state

    def _add(self, key: Key, held: _Path | Gathering, now: int) -> list[RecoveryAction]:
        return self._lost(self._datagrams.add(key, key[0], held, now=now), Drop.CROWDED_OUT)

    def _forget(self, key: Key) -> None:
        self._free(self._datagrams.remove(key))

    def _free(self, held: _Path | Gathering | None) -> None:
        if isinstance(held, _Path):
            self._labels.free(held.hop.address, held.tag)

    def _expire(self, now: int) -> list[RecoveryAction]:
        return self._lost(self._datagrams.expire(now=now), Drop.TIMED_OUT)

    def _lost(
        self, entries: list[tuple[Key, _Path | Gathering, Standing]], drop: Drop
    ) -> list[RecoveryAction]:
        """Clear up after what is no longer in the table; tell of what was not done."""
        for _, held, _ in entries:
            self._free(held)
        return [Dropped(key[0], drop) for key, _, standing in entries if standing]

    def _refuse(self, key: Key, now: int) -> list[RecoveryAction]:
        """Tell the sender of a datagram to stop, if we did not just tell many."""
        due = max(self._aborts_due, now)
        if due - now >= ABORT_BURST * ABORT_INTERVAL:
            return []
        self._aborts_due = due + ABORT_INTERVAL
        abort = FragmentAcknowledgment(ecn=False, datagram_tag=key[2], bitmap=NULL_BITMAP)
        return [Forward(key[0], FRAGMENT_ACKNOWLEDGMENT.encode(abort), key[1])]

    def _count(self, actions: list[RecoveryAction]) -> list[RecoveryAction]:
        for action in actions:
            match action:
                case Dropped():
                    name = action.drop.name
                case TransferEnded():
                    name = action.outcome.name
                case _:
                    name = type(action).__name__
            self.counts[name] += 1
        return actions
