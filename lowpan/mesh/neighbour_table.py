"""The neighbours of a node: bounded, so that strangers crowd out strangers only."""

from collections.abc import Callable, Iterator

from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.errors import FieldOutOfRange
from lowpan.mesh.delivery_ratio import delivery_ratio_of
from lowpan.mesh.estimators import LinkEstimator, MarginEstimator
from lowpan.mesh.link_quality import BEST_LINK, DELIVERY_SCALE, NO_LINK
from lowpan.mesh.neighbour import (
    Cause,
    LinkQualityChanged,
    Neighbour,
    NeighbourEvent,
    NeighbourForgotten,
    NeighbourRefused,
    Standing,
)
from lowpan.mesh.neighbour_record import PREFIX, address_of, name_of, octets_of, record_of
from lowpan.mesh.neighbour_room import NeighbourRoom
from lowpan.mesh.outgoing_delivery import FRESH_FOR, OutgoingDelivery
from lowpan.mesh.route_cost import link_cost
from lowpan.mesh.strangers import Strangers
from lowpan.store import Store
from lowpan.wire.addresses import NO_SHORT_ADDRESSES

TIMEOUT = 240_000_000
"""Microseconds of silence after which a neighbour is forgotten: what Thread grants a child."""
MOST_ESTABLISHED = 256
"""Neighbours with a link: more than share one channel."""
MOST_AUTHENTIC = 64
"""Neighbours that may become such: more than a node asks for links at a time."""


class NeighbourTable:
    """Neighbours by extended address, and the quality of the links to them.

    Each standing has room of its own, and so have strangers, so that whoever has proven less
    displaces nobody who has proven more.  Among the established a newcomer displaces only who is
    worth less than it, among the others the least worthy goes, of several such the one that was
    silent for longest.

    Inputs return the events that they cause.  `now` is microseconds.  All of them take the same
    time however many neighbours there are; a deadline takes the logarithm.
    """

    def __init__(  # noqa: PLR0913 - bounds, each with a default that suits most
        self,
        new_estimator: Callable[[], LinkEstimator] = MarginEstimator,
        *,
        most_established: int = MOST_ESTABLISHED,
        most_authentic: int = MOST_AUTHENTIC,
        fresh_for: int = FRESH_FOR,
        timeout: int = TIMEOUT,
        strangers: Strangers | None = None,
    ) -> None:
        """Estimate frames from each neighbour with what `new_estimator` makes."""
        self._new_estimator = new_estimator
        self.strangers = Strangers() if strangers is None else strangers
        self._fresh_for, self._timeout = fresh_for, timeout
        self._neighbours: dict[bytes, Neighbour] = {}
        self._by_short: dict[bytes, bytes] = {}
        self._rooms = {
            Standing.AUTHENTIC: NeighbourRoom(most_authentic),
            Standing.ESTABLISHED: NeighbourRoom(most_established),
        }
        self._deadlines: Deadlines[bytes] = Deadlines()
        self._unsaved: dict[bytes, None] = {}

    # Who there is

    def __len__(self) -> int:
        """Return how many neighbours are remembered."""
        return len(self._neighbours)

    def __iter__(self) -> Iterator[Neighbour]:
        """Yield the neighbours."""
        return iter(self._neighbours.values())

    def get(self, extended_address: bytes) -> Neighbour | None:
        """Return a neighbour, None if it is not known."""
        return self._neighbours.get(extended_address)

    def by_short(self, short_address: bytes) -> Neighbour | None:
        """Return the established neighbour that has this short address."""
        extended = self._by_short.get(short_address)
        return None if extended is None else self._neighbours[extended]

    # What happened

    def frame_received(  # noqa: PLR0913  (all that a frame tells)
        self,
        sender: bytes,
        *,
        rss: float | None,
        authentic: bool,
        now: int,
        number: int | None = None,
        incoming_idr: int | None = None,
    ) -> list[NeighbourEvent]:
        """Take note of a frame from extended address `sender`, with its signal strength in dBm.

        `authentic` tells that its MIC was right and its frame counter new: else the sender is one
        of the `strangers`, or if it is a neighbour, nothing but a count of forged frames changes.
        `number` is that of an advertisement or other broadcast, which tells how many before it
        were lost, and `incoming_idr` what it says of us, see delivery_reported().
        """
        neighbour = self._neighbours.get(sender)
        if not authentic:
            self._suspect(sender, neighbour, now)
            return []
        newcomer = neighbour is None
        if neighbour is None:
            neighbour = self._newcomer(sender, now)
        neighbour.measure(rss, number, self._new_estimator, now=now)
        if incoming_idr is not None:
            neighbour.report(*_delivery_of(incoming_idr, neighbour), now=now)
        changed = neighbour.judge(now=now)
        events: list[NeighbourEvent] = []
        if not newcomer:
            self._place(neighbour)
        elif not self._move_in(neighbour, Standing.AUTHENTIC, events):
            return events
        self._arm(neighbour)
        return [*events, _quality_of(neighbour)] if changed else events

    def heard(self, sender: bytes, *, now: int) -> None:
        """Take note of an authentic frame that nobody would have missed had it been lost.

        It says that a neighbour is there, not what share of its frames arrives.
        """
        neighbour = self._neighbours.get(sender)
        if neighbour is not None:
            neighbour.forget_if_silent(now=now)
            neighbour.last_heard = now
            self._place(neighbour)

    def frame_sent(
        self, receiver: bytes, *, transmissions: int, acknowledged: bool, secured: bool, now: int
    ) -> list[NeighbourEvent]:
        """Take the outcome of a frame of ours; `secured` is what its acknowledgment was."""
        neighbour = self._neighbours.get(receiver)
        if neighbour is None:
            return []
        if neighbour.outgoing is None:
            neighbour.outgoing = OutgoingDelivery(fresh_for=self._fresh_for)
        neighbour.outgoing.frame_sent(
            transmissions=transmissions, acknowledged=acknowledged, secured=secured, now=now
        )
        most = neighbour.outgoing.most_quality(now=now)
        if (BEST_LINK if most is None else most) == neighbour.most_quality:
            return []  # as most frames leave it
        return self._judge(neighbour, now)

    def quality_reported(self, sender: bytes, quality: int, *, now: int) -> list[NeighbourEvent]:
        """Take a neighbour's word, in an authentic message, how well it hears us, 0..3 (Thread)."""
        quality = min(max(quality, NO_LINK), BEST_LINK)
        ratio = 1 / link_cost(quality) if quality else 0.0
        return self._reported(sender, quality, ratio, now)

    def delivery_reported(
        self, sender: bytes, incoming_idr: int, *, now: int
    ) -> list[NeighbourEvent]:
        """Take a neighbour's word, in an authentic message, what share of ours it gets (draft).

        `incoming_idr` is the octet 0..255 of its Link Quality TLV, in the record about us.
        """
        neighbour = self._neighbours.get(sender)
        return self._reported(sender, *_delivery_of(incoming_idr, neighbour), now)

    def establish(
        self,
        extended_address: bytes,
        *,
        now: int,
        short_address: bytes | None = None,
        timeout: int | None = None,
        pinned: bool = False,
    ) -> list[NeighbourEvent]:
        """Give a link to who has answered a challenge of ours, or change what is known of it.

        `timeout` is the silence in microseconds that a sleeping neighbour announced; its link
        stays fresh for as long.  `pinned` says that it gives way to nobody.  If there is no room
        for it, it is NeighbourRefused and stays what it was.
        """
        _check_addresses(extended_address, short_address)
        events: list[NeighbourEvent] = []
        neighbour = self._neighbours.get(extended_address)
        if neighbour is None:
            neighbour = self._newcomer(extended_address, now)
        pinned_before, neighbour.pinned = neighbour.pinned, pinned
        if neighbour.standing is Standing.ESTABLISHED:
            self._place(neighbour)
        elif not self._move_in(neighbour, Standing.ESTABLISHED, events):
            neighbour.pinned = pinned_before
            return events
        neighbour.last_heard = now
        if timeout is not None:
            neighbour.fresh_for = max(self._fresh_for, timeout)
            neighbour.timeout = max(self._timeout, timeout)
        self._name(neighbour, short_address)
        self._unsaved[extended_address] = None
        self._arm(neighbour)
        return events + self._judge(neighbour, now)

    def drop(self, extended_address: bytes) -> None:
        """Forget a neighbour: it rejected the link, or we did."""
        neighbour = self._neighbours.get(extended_address)
        if neighbour is not None:
            self._forget(neighbour)

    # Time

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nobody is remembered."""
        deadline, strangers = self._deadlines.next_deadline(), self.strangers.next_deadline()
        if deadline is None or strangers is None:
            return strangers if deadline is None else deadline
        return min(deadline, strangers)

    def handle_deadline(self, *, now: int) -> list[NeighbourEvent]:
        """Know nothing more of links that were silent for long, and forget who was for longer."""
        self.strangers.handle_deadline(now=now)
        events: list[NeighbourEvent] = []
        for address in self._deadlines.take(now=now):
            neighbour = self._neighbours[address]
            events += self._judge(neighbour, now)
            if now - neighbour.last_heard < neighbour.timeout:
                self._arm(neighbour)
            else:
                self._forget(neighbour)
                events.append(NeighbourForgotten(address, neighbour.standing, Cause.SILENT))
        return events

    # What survives a crash

    @property
    def unsaved(self) -> bool:
        """Whether save() has something to do."""
        return bool(self._unsaved)

    def save(self, store: Store) -> None:
        """Keep the established neighbours that are new, changed or gone since the last time.

        A StoreError leaves what was not kept for the next time.
        """
        for address in list(self._unsaved):
            neighbour = self._neighbours.get(address)
            if neighbour is not None and neighbour.standing is Standing.ESTABLISHED:
                store.save(name_of(address), octets_of(neighbour))
            else:
                store.remove(name_of(address))
            del self._unsaved[address]

    def restore(self, store: Store, *, now: int) -> None:
        """Remember the neighbours of before a restart; their links count once they are heard.

        Those that do not fit in any more are removed by the next save().  Raises StoreError.
        """
        for name in store.names(PREFIX):
            address, octets = address_of(name), store.load(name)
            if octets is None:
                continue
            record = record_of(name, octets)
            self.establish(
                address, now=now, short_address=record.short_address, pinned=record.flags.pinned
            )
            neighbour = self._neighbours.get(address)
            if neighbour is None:
                self._unsaved[address] = None
                continue
            neighbour.fresh_for, neighbour.timeout = record.fresh_for, record.timeout
            self._unsaved.pop(address, None)

    # How

    def _suspect(self, sender: bytes, neighbour: Neighbour | None, now: int) -> None:
        """Take note of a frame that proves nothing; who has proven more is not touched by it."""
        if neighbour is None:
            self.strangers.heard(sender, now=now)
        else:
            neighbour.forged += 1

    def _newcomer(self, address: bytes, now: int) -> Neighbour:
        """Return a neighbour that is to move in as what it has proven."""
        return Neighbour(address, Standing.AUTHENTIC, now, self._fresh_for, self._timeout)

    def _move_in(
        self, newcomer: Neighbour, standing: Standing, events: list[NeighbourEvent]
    ) -> bool:
        """Give `newcomer` a place among those of `standing`, if need be somebody else's."""
        address, room = newcomer.extended_address, self._rooms[standing]
        if room.full:
            least = room.least()
            if least is None or not _displaces(newcomer, standing, least[1]):
                events.append(NeighbourRefused(address, standing))
                return False
            self._forget(self._neighbours[least[0]])
            events.append(NeighbourForgotten(least[0], standing, Cause.DISPLACED))
        before = self._neighbours.get(address)
        if before is not None:
            self._rooms[before.standing].remove(address)
        newcomer.standing = standing
        self._neighbours[address] = newcomer
        self.strangers.forget(address)
        self._place(newcomer)
        return True

    def _place(self, neighbour: Neighbour) -> None:
        """Put it where its worth belongs in its room, behind those who were silent for longer."""
        self._rooms[neighbour.standing].place(
            neighbour.extended_address, neighbour.worth, pinned=neighbour.pinned
        )

    def _reported(
        self, sender: bytes, quality: int, ratio: float, now: int
    ) -> list[NeighbourEvent]:
        neighbour = self._neighbours.get(sender)
        if neighbour is None:
            return []
        neighbour.report(quality, ratio, now=now)
        self._arm(neighbour)
        return self._judge(neighbour, now)

    def _judge(self, neighbour: Neighbour, now: int) -> list[NeighbourEvent]:
        """Bring qualities up to date, and the place in the room that goes with them."""
        changed = neighbour.judge(now=now)
        if not self._rooms[neighbour.standing].has(neighbour.extended_address, neighbour.worth):
            self._place(neighbour)
        return [_quality_of(neighbour)] if changed else []

    def _name(self, neighbour: Neighbour, short_address: bytes | None) -> None:
        """Let `short_address` stand for `neighbour`, and for nobody else any more."""
        if short_address is None or short_address == neighbour.short_address:
            return
        self._unname(neighbour)
        if short_address in NO_SHORT_ADDRESSES:
            return
        before = self.by_short(short_address)
        if before is not None:
            self._unname(before)
            self._unsaved[before.extended_address] = None
        neighbour.short_address = short_address
        self._by_short[short_address] = neighbour.extended_address

    def _unname(self, neighbour: Neighbour) -> None:
        if neighbour.short_address is not None:
            del self._by_short[neighbour.short_address]
            neighbour.short_address = None

    def _forget(self, neighbour: Neighbour) -> None:
        address = neighbour.extended_address
        self._rooms[neighbour.standing].remove(address)
        self._unname(neighbour)
        self._deadlines.drop(address)
        del self._neighbours[address]
        if neighbour.standing is Standing.ESTABLISHED:
            self._unsaved[address] = None

    def _arm(self, neighbour: Neighbour) -> None:
        """See to it that somebody looks no later than at what is due; earlier does no harm."""
        deadline, due = self._deadlines.get(neighbour.extended_address), neighbour.due()
        if deadline is None or due < deadline:
            self._deadlines.set(neighbour.extended_address, due)


def _displaces(newcomer: Neighbour, standing: Standing, worth: int) -> bool:
    """Tell whether `newcomer` gets the place of the least worthy one."""
    if standing is Standing.ESTABLISHED and not newcomer.pinned:
        return newcomer.worth > worth
    return newcomer.pinned or newcomer.worth >= worth


def _delivery_of(incoming_idr: int, neighbour: Neighbour | None) -> tuple[int, float]:
    """Return the quality of our frames and their delivery ratio, as the neighbour says."""
    before = None if neighbour is None else neighbour.reported_quality
    ratio = delivery_ratio_of(incoming_idr)
    return DELIVERY_SCALE.quality(ratio, before), ratio


def _quality_of(neighbour: Neighbour) -> LinkQualityChanged:
    return LinkQualityChanged(
        neighbour.extended_address, neighbour.quality_in, neighbour.quality_out
    )


def _check_addresses(extended_address: bytes, short_address: bytes | None) -> None:
    if len(extended_address) != 8 or (short_address is not None and len(short_address) != 2):
        raise FieldOutOfRange("a neighbour has an extended address, and a short one or none")
