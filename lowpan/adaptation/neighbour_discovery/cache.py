"""Address resolution and neighbour unreachability detection (RFC 4861 §7.2, §7.3)."""

from random import Random

from lowpan.adaptation.neighbour_discovery.actions import (
    LinkAddressKnown,
    MessageRefused,
    NdAction,
    Refusal,
    SendMessage,
    Unreachable,
)
from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.adaptation.neighbour_discovery.derived import derived_link_address
from lowpan.adaptation.neighbour_discovery.own import (
    LinkAddresses,
    OwnAddresses,
    told_addresses,
)
from lowpan.adaptation.neighbour_discovery.table import (
    MOST_ASKED,
    Neighbour,
    NeighbourTable,
    Standing,
    State,
)
from lowpan.adaptation.pace import Allowance
from lowpan.wire.addresses import solicited_node
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import NdOptionType
from lowpan.wire.neighbour_discovery import NeighbourAdvertisement, NeighbourSolicitation

REACHABLE_TIME = 30_000_000
"""Microseconds, on average, that an answer counts (RFC 4861 §10)."""
RETRANS_TIMER = 1_000_000
"""Microseconds between solicitations (RFC 4861 §10)."""
DELAY_FIRST_PROBE_TIME = 5_000_000
"""Microseconds in which an upper layer may spare us to ask (RFC 4861 §10)."""
ACKNOWLEDGED_FOR = 3_600_000_000
"""Microseconds for which link-layer acknowledgments stand for an answer: the longest that a router
may let one count (RFC 4861 §6.2.1)."""
MAX_MULTICAST_SOLICIT = 3
MAX_UNICAST_SOLICIT = 3
SOLICITATION_PACE = 100_000
"""Microseconds between solicitations in the long run: 10 a second take 3 % of a 250 kbit/s channel,
and 256 neighbours that are asked every 30 s come to 8.5."""
MOST_SOLICITATIONS_AT_ONCE = MOST_ASKED
"""Solicitations before that holds: for all whom we look for at once, the first is not delayed."""


class NeighbourCache:
    """Finds the link-layer addresses of neighbours, and finds out when they stop answering.

    It queues nothing: who gets no address from resolve() keeps its datagram until
    LinkAddressKnown or Unreachable comes.  What a neighbour has confirmed by an answer is not
    replaced because a message says so: the neighbour is asked where it was, and only if it keeps
    silent there, forgotten (RFC 4861 §7.2.5 replaces at once, so that anybody can).

    `now` is microseconds; `random` spreads how long an answer counts.  With `derive`, the
    link-layer address behind a link-local one is used without asking first (RFC 6775 §5.6).

    For `acknowledged_for` microseconds, 0 where there are no acknowledgments, a neighbour that has
    answered is not asked whether it still gets our frames: the link layer knows that of each, and
    suspect() is called when one is not acknowledged (§7.3.1 takes such hints).  Most
    acknowledgments can be forged, so they never stand for an answer of who has given none, nor for
    longer.

    Solicitations have two paces, one for neighbours that have answered us before, and one for all
    others: these can be invented, so that we ask for each.  What comes too soon is asked later.
    """

    def __init__(  # noqa: PLR0913  (what it works for, and how)
        self,
        own: OwnAddresses,
        link: LinkAddresses,
        random: Random,
        *,
        derive: bool = True,
        acknowledged_for: int = 0,
        table: NeighbourTable | None = None,
    ) -> None:
        self._acknowledged_for = acknowledged_for
        self.table = NeighbourTable() if table is None else table
        self.reachable_time, self.retrans_timer = REACHABLE_TIME, RETRANS_TIMER
        self._own, self._link, self._random, self._derive = own, link, random, derive
        self._deadlines: Deadlines[bytes] = Deadlines()
        self._known, self._others = (
            Allowance(each=SOLICITATION_PACE, burst=MOST_SOLICITATIONS_AT_ONCE) for _ in range(2)
        )

    # What the node wants and knows

    def resolve(
        self, address: bytes, *, now: int, source: bytes | None = None
    ) -> tuple[bytes | None, list[NdAction]]:
        """Return where to send what is for the neighbour `address`; None: not known yet.

        `source` is that of the datagram that waits, if it is ours; it is asked from there.
        """
        neighbour = self.table.get(address)
        if neighbour is None:
            return self._look_for(address, source, now)
        actions: list[NdAction] = []
        if self.state_of(neighbour, now=now) is State.STALE and not self._is_vouched(
            neighbour, now
        ):
            actions += self._enter(neighbour, State.DELAY, now)
            if neighbour.standing is Standing.HEARD:  # now it is us who wants it
                actions += self._place(neighbour, Standing.ASKED)
        return neighbour.link_address, actions

    def confirm(self, address: bytes, *, now: int) -> list[NdAction]:
        """Take an upper layer's word that what we sent to `address` arrived (§7.3.1)."""
        neighbour = self.table.get(address)
        if neighbour is None or neighbour.state is State.INCOMPLETE:
            return []
        return self._confirmed(neighbour, neighbour.sender, now)

    def suspect(self, address: bytes, *, now: int) -> list[NdAction]:
        """Ask `address` at once whether it is there: frames to it were not acknowledged."""
        neighbour = self.table.get(address)
        if neighbour is None or neighbour.state in (State.INCOMPLETE, State.PROBE):
            return []
        return self._enter(neighbour, State.PROBE, now)

    def state_of(self, neighbour: Neighbour, *, now: int) -> State:
        """Return the state of a neighbour, which goes stale without being touched."""
        if neighbour.state is State.REACHABLE and neighbour.reachable_until <= now:
            return State.STALE
        return neighbour.state

    def is_elsewhere(self, address: bytes, sender: bytes) -> bool:
        """Tell whether `address` has answered us from another link-layer address than `sender`."""
        neighbour = self.table.get(address)
        if neighbour is None or neighbour.standing is not Standing.CONFIRMED:
            return False
        link = neighbour.link
        known = link.extended if len(sender) == 8 else link.short
        return known is not None and known != sender

    def is_router(self, address: bytes) -> bool:
        """Tell whether `address` is known as a router."""
        neighbour = self.table.get(address)
        return neighbour is not None and neighbour.is_router

    def mark_router(self, address: bytes) -> None:
        """Know `address` as a router, if it is known at all."""
        neighbour = self.table.get(address)
        if neighbour is not None:
            neighbour.is_router = True

    # What neighbours say

    def heard(
        self, address: bytes, told: LinkAddresses, sender: bytes, *, now: int
    ) -> list[NdAction]:
        """Learn from a solicitation or a router where its sender says it is (§7.2.3, §6.3.4)."""
        if not told:
            return []
        neighbour = self.table.get(address)
        if neighbour is None:
            heard = Neighbour(address, State.STALE, Standing.HEARD, told, sender)
            return self._place(heard, Standing.HEARD)
        if neighbour.state is State.INCOMPLETE:
            return self._found(neighbour, told, sender, now)
        if _contradicts(neighbour.link, told):
            return self._contradicted(neighbour, told, sender, now)
        if neighbour.standing is not Standing.CONFIRMED:
            _merge(neighbour.link, told)
        return []

    def receive_advertisement(
        self, said: NeighbourAdvertisement, sender: bytes, *, now: int
    ) -> list[NdAction]:
        """Take a neighbour advertisement that is valid and not about us (§7.2.5)."""
        neighbour = self.table.get(said.target_address)
        told = told_addresses(said.options, NdOptionType.TARGET_LINK_LAYER_ADDRESS)
        if neighbour is None:
            return [_refused(Refusal.UNASKED, said.target_address)]
        if neighbour.state is State.INCOMPLETE:
            return self._first_news(neighbour, said, told, sender, now)
        answers = (
            said.control.s
            and neighbour.state is State.PROBE
            and neighbour.solicitations > 0
            and not self.is_elsewhere(said.target_address, sender)
        )
        if _contradicts(neighbour.link, told):
            if not said.control.o:
                return self._doubt(neighbour, now)
            if neighbour.standing is Standing.CONFIRMED or not answers:
                return self._contradicted(neighbour, told, sender, now)
            neighbour.link = told
        if not answers:
            return []
        if sender in (neighbour.link.extended, neighbour.link.short):
            _merge(neighbour.link, told)
        neighbour.is_router = said.control.r
        return self._confirmed(neighbour, sender, now)

    # Time

    @property
    def deadlines_set(self) -> int:
        """Return how often a deadline was set: as long as that stays, none comes earlier."""
        return self._deadlines.changes

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nobody is being asked."""
        return self._deadlines.next_deadline()

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """Ask again, or give up (§7.2.2, §7.3.3)."""
        actions: list[NdAction] = []
        for address in self._deadlines.take(now=now):
            neighbour = self.table.get(address)
            if neighbour is not None:
                actions += self._next(neighbour, now)
        return actions

    def _next(self, neighbour: Neighbour, now: int) -> list[NdAction]:
        incomplete = neighbour.state is State.INCOMPLETE
        most = MAX_MULTICAST_SOLICIT if incomplete else MAX_UNICAST_SOLICIT
        if neighbour.state is State.DELAY:
            return self._enter(neighbour, State.PROBE, now)
        if neighbour.solicitations < most:
            return self._solicit(neighbour, now)
        if neighbour.derived:  # not made of its link-layer address after all
            neighbour.derived, neighbour.link = False, LinkAddresses(None)
            return self._enter(neighbour, State.INCOMPLETE, now)
        self.table.remove(neighbour)
        return [Unreachable(neighbour.address)]

    # How a neighbour changes

    def _look_for(
        self, address: bytes, source: bytes | None, now: int
    ) -> tuple[bytes | None, list[NdAction]]:
        derived = derived_link_address(address, self._link.pan_id) if self._derive else None
        link = LinkAddresses(None)
        if derived is not None:
            _tell(link, derived)
        state = State.DELAY if derived is not None else State.INCOMPLETE
        neighbour = Neighbour(address, state, Standing.ASKED, link)
        neighbour.derived, neighbour.source = derived is not None, source
        actions = self._place(neighbour, Standing.ASKED)
        return derived, actions + self._enter(neighbour, state, now)

    def _found(
        self, neighbour: Neighbour, told: LinkAddresses, sender: bytes, now: int
    ) -> list[NdAction]:
        """Give what waits for a neighbour its way; unless it is confirmed, it will be asked."""
        neighbour.link, neighbour.sender = told, sender
        link_address = neighbour.link_address
        assert link_address is not None  # nothing is found where nothing was told
        self._enter(neighbour, State.DELAY, now)
        return [LinkAddressKnown(neighbour.address, link_address)]

    def _first_news(
        self,
        neighbour: Neighbour,
        said: NeighbourAdvertisement,
        told: LinkAddresses,
        sender: bytes,
        now: int,
    ) -> list[NdAction]:
        if not told:
            return [_refused(Refusal.OPTIONS, said.target_address)]
        neighbour.is_router = said.control.r
        answers = said.control.s and neighbour.solicitations > 0
        actions = self._found(neighbour, told, sender, now)
        return actions + (self._confirmed(neighbour, sender, now) if answers else [])

    def _doubt(self, neighbour: Neighbour, now: int) -> list[NdAction]:
        """Take a claim that does not want to override: no more than a doubt."""
        if neighbour.state is State.REACHABLE:
            self._enter(neighbour, State.STALE, now)
        return []

    def _contradicted(
        self, neighbour: Neighbour, told: LinkAddresses, sender: bytes, now: int
    ) -> list[NdAction]:
        """Weigh a claim that a neighbour is elsewhere: who has answered is asked there first."""
        if neighbour.standing is Standing.CONFIRMED:
            return self.suspect(neighbour.address, now=now)
        neighbour.link, neighbour.sender, neighbour.derived = told, sender, False
        self._enter(neighbour, State.STALE, now)
        return self._place(neighbour, neighbour.standing)

    def _confirmed(self, neighbour: Neighbour, sender: bytes | None, now: int) -> list[NdAction]:
        neighbour.sender, neighbour.derived, neighbour.answered_at = sender, False, now
        self._enter(neighbour, State.REACHABLE, now)
        return self._place(neighbour, Standing.CONFIRMED)

    def _place(self, neighbour: Neighbour, standing: Standing) -> list[NdAction]:
        leaving = self.table.place(neighbour, standing)
        if leaving is None:
            return []
        self._deadlines.drop(leaving.address)
        return [Unreachable(leaving.address)] if leaving.state is State.INCOMPLETE else []

    def _enter(self, neighbour: Neighbour, state: State, now: int) -> list[NdAction]:
        """Change the state, and do what it begins with."""
        neighbour.state, neighbour.solicitations = state, 0
        if state in (State.INCOMPLETE, State.PROBE):
            return self._solicit(neighbour, now)
        if state is State.DELAY:
            self._deadlines.set(neighbour.address, now + DELAY_FIRST_PROBE_TIME)
            return []
        self._deadlines.drop(neighbour.address)
        if state is State.REACHABLE:
            spread = self._random.randint(self.reachable_time // 2, self.reachable_time * 3 // 2)
            neighbour.reachable_until = now + spread
        return []

    def _solicit(self, neighbour: Neighbour, now: int) -> list[NdAction]:
        """Ask a neighbour: all that may be it, or where it is thought to be (§7.2.2)."""
        later = self._soonest(neighbour, now)
        if later > now:
            self._deadlines.set(neighbour.address, later)
            return []
        neighbour.solicitations += 1
        neighbour.solicited_at = now
        self._deadlines.set(neighbour.address, now + self.retrans_timer)
        target, source = neighbour.address, self._source(neighbour)
        if source is None:
            return []
        options = self._link.options(NdOptionType.SOURCE_LINK_LAYER_ADDRESS)
        body = NeighbourSolicitation(target, options)
        message = Icmpv6(Icmpv6Type.NEIGHBOUR_SOLICITATION, 0, 0, body)
        if neighbour.state is State.INCOMPLETE:
            return [SendMessage(message, source, solicited_node(target))]
        return [SendMessage(message, source, target, neighbour.link_address)]

    def _soonest(self, neighbour: Neighbour, now: int) -> int:
        """Return when a neighbour may be asked; if that is now, it counts as asked."""
        asked = neighbour.solicited_at
        if asked is not None and now < asked + self.retrans_timer:
            return asked + self.retrans_timer  # never sooner, whatever state it was in (§7.2.2)
        is_known = neighbour.standing is Standing.CONFIRMED
        allowance = self._known if is_known else self._others
        return now if allowance.take(now=now) else allowance.free_at()

    def _is_vouched(self, neighbour: Neighbour, now: int) -> bool:
        """Tell whether acknowledgments are enough to believe that a neighbour is there."""
        return (
            neighbour.standing is Standing.CONFIRMED
            and neighbour.state is State.REACHABLE
            and now < neighbour.answered_at + self._acknowledged_for
        )

    def _source(self, neighbour: Neighbour) -> bytes | None:
        wanted = None if neighbour.source is None else self._own.get(neighbour.source)
        if wanted is None or not wanted.ready:
            wanted = self._own.source_for(neighbour.address)
        return None if wanted is None else wanted.address


def _contradicts(known: LinkAddresses, told: LinkAddresses) -> bool:
    pairs = ((known.extended, told.extended), (known.short, told.short))
    return any(None not in pair and pair[0] != pair[1] for pair in pairs)


def _merge(known: LinkAddresses, told: LinkAddresses) -> None:
    """Add what is told to what is known."""
    for address in (told.extended, told.short):
        if address is not None:
            _tell(known, address)


def _tell(link: LinkAddresses, address: bytes) -> None:
    if len(address) == 8:
        link.extended = address
    else:
        link.short = address


def _refused(refusal: Refusal, source: bytes) -> MessageRefused:
    return MessageRefused(refusal, Icmpv6Type.NEIGHBOUR_ADVERTISEMENT, source)
