"""A device's place in a PAN, found and kept: scan, association, polls, and back after a loss.

An engine beside the link layer that joins three: Association and Polling, and the scans that
Management does for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from lowpan.errors import FieldOutOfRange
from lowpan.mac.association import (
    Associated,
    Association,
    AssociationAction,
    Coordinator,
    NotAssociated,
    Why,
)
from lowpan.mac.polling import ParentLost, Polling, PollingAction, PollSettings
from lowpan.mac.scanning import PanDescriptor, ScanDone, ScanPlan, ScanType
from lowpan.mac.service import CommandReceived, CommandSent
from lowpan.mac.timing import O_QPSK_2450, PhyTiming
from lowpan.radio import RadioSettings
from lowpan.wire.mac_command import AssociationRequest

SCAN_DURATION = 300_000
"""Microseconds on each channel: beacons come within a few hundredths of a second."""
KEEP_ALIVE = 30_000_000
"""A device that listens all the time asks as often whether its coordinator is there."""
ANSWER_WAIT = 1_000_000
"""How long after each datagram of ours a sleeper asks often for what comes back."""
REST, LONGEST_REST = 2_000_000, 64_000_000
"""Before who lost its PAN tries again; doubled each time."""
MOST_TRIED = 4
"""Coordinators that one attempt asks, the nearest first: forged beacons cost us a second each."""
MOST_POLLS = 4
"""For the answer of a coordinator."""
MOST_REFUSERS = 64
"""Coordinators remembered for letting us not in; others are asked before them."""


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """Where to look for a PAN."""

    channels: tuple[int, ...]
    page: int = 0
    pan_id: int | None = None
    """None: whichever lets us in."""
    duration: int = SCAN_DURATION
    """Microseconds on each channel."""

    def __post_init__(self) -> None:
        """Raise FieldOutOfRange for a plan that looks nowhere."""
        if not self.channels or self.duration <= 0:
            raise FieldOutOfRange("who joins needs channels, and time on each of them")


@dataclass(frozen=True, slots=True)
class Look:
    """A scan is wanted: Membership.scan_done() takes what it finds."""

    plan: ScanPlan


MembershipAction = AssociationAction | PollingAction | Look
"""What is of lowpan.mac.service is for the link layer, ReceiverOn and ReceiverOff for the radio."""


class _State(Enum):
    OUT = "in no PAN, and wants none"
    LOOKING = "a scan is under way"
    JOINING = "association is under way"
    IN = "in a PAN"
    SEARCHING = "an orphan, asks for its coordinator"
    RESTING = "in no PAN, until the next attempt"


class Membership:
    """Joins a PAN and stays in it; `radio` is who we are.

    An attempt of join() that fails is over.  A PAN that was joined and is lost is looked for until
    leave(), or the next join().  `now` is microseconds; what is stored is bounded.
    """

    def __init__(
        self,
        radio: RadioSettings,
        random: Random,
        *,
        timing: PhyTiming = O_QPSK_2450,
        poll: PollSettings | None = None,
        keep_alive: int = KEEP_ALIVE,
    ) -> None:
        """With `poll` we sleep and ask as often, else we listen, and ask every `keep_alive`."""
        self.sleeps = poll is not None
        poll = poll or replace(PollSettings(), interval=keep_alive)
        capability = AssociationRequest(
            mains_powered=not self.sleeps,
            receiver_on_when_idle=not self.sleeps,
            allocate_address=True,
        )
        self.association = Association(
            radio,
            capability=capability,
            timing=timing,
            data_wait=poll.data_wait,
            most_polls=MOST_POLLS,
        )
        self.polling = Polling(poll)
        self._random = random
        self._state = _State.OUT
        self._deadline: int | None = None
        self._rest = REST
        self._plan = JoinPlan((radio.channel,), radio.page)
        self._candidates: list[Coordinator] = []
        self._refusers: dict[Coordinator, None] = {}
        self._why = NotAssociated(Why.NO_PAN)
        self._asked: Coordinator | None = None
        self._names: frozenset[bytes] = frozenset()
        """By which our coordinator is known."""
        self._stays = False
        """A PAN that was joined is looked for if it is lost."""
        self._leaves = False

    @property
    def is_in(self) -> bool:
        """Tell whether we belong to a PAN."""
        return self._state is _State.IN

    @property
    def coordinator_names(self) -> frozenset[bytes]:
        """Return by which addresses our coordinator is known, 2 or 8 octets."""
        return self._names

    @property
    def is_over(self) -> bool:
        """Tell whether we are in no PAN, and look for none."""
        return self._state is _State.OUT

    @property
    def is_busy(self) -> bool:
        """Tell whether we are about to join: what is to be sent has to wait."""
        return self._state in (_State.LOOKING, _State.JOINING, _State.SEARCHING)

    # What the layer above asks

    def join(self, plan: JoinPlan, *, now: int) -> list[MembershipAction]:
        """Look for a PAN and ask to join; Associated or NotAssociated tells the end."""
        self._plan, self._rest, self._stays, self._leaves = plan, REST, False, False
        stopped = list[MembershipAction](self.polling.stop())
        return stopped + self._look()

    def leave(self, *, now: int) -> list[MembershipAction]:
        """Leave the PAN, or look for none any more; NotAssociated tells the end."""
        stopped = list[MembershipAction](self.polling.stop())
        self._stays = False
        if self._state is _State.IN:
            return stopped + self._take(self.association.leave(), now)
        if self._state is _State.RESTING:
            return self._out(NotAssociated(Why.LEFT), now)
        self._leaves = self.is_busy  # as soon as the attempt has ended, however it does
        return stopped

    def answers_expected(self, *, now: int) -> None:
        """Ask more often for a while: a datagram of ours is on its way."""
        if self.sleeps:
            self.polling.expect(ANSWER_WAIT, now=now)

    def not_acknowledged(self, address: bytes, *, now: int) -> None:
        """Ask the coordinator whether it is there, if it is who did not acknowledge a frame."""
        if self.is_in and address in self._names:
            self.polling.expect(1, now=now)

    # What the link layer tells

    def scan_done(self, done: ScanDone, *, now: int) -> list[MembershipAction]:
        """Take what a Look has found."""
        if self._state is not _State.LOOKING:
            return []
        ours = [pan for pan in done.pans if self._is_wanted(pan)]
        willing = sorted((pan for pan in ours if pan.association_permit), key=_loudest_first)
        found = [_coordinator(pan) for pan in willing]
        found.sort(key=lambda each: each in self._refusers)
        self._candidates = list(reversed(found[:MOST_TRIED]))
        self._why = NotAssociated(Why.NO_PAN, _what_was_found(len(ours)))
        return self._next_candidate(now)

    def command_sent(self, sent: CommandSent, *, now: int) -> list[MembershipAction]:
        """Take what became of a command of ours; others change nothing."""
        asked = self._take(self.association.command_sent(sent, now=now), now)
        return asked + self._polled(self.polling.command_sent(sent, now=now), now)

    def receive_command(self, received: CommandReceived, *, now: int) -> list[MembershipAction]:
        """Take a command that came in; those that are not for a device change nothing."""
        heard = self.frame_received(received.source, more=received.frame_pending, now=now)
        return heard + self._take(self.association.receive_command(received), now)

    def frame_received(
        self, source: bytes | None, *, more: bool, now: int
    ) -> list[MembershipAction]:
        """Take that `source` has sent us a frame, and whether it says that more waits."""
        if not self.is_in or source not in self._names:
            return []
        return self._polled(self.polling.frame_received(more=more, now=now), now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        parts = self._deadline, self.association.next_deadline(), self.polling.next_deadline()
        return min((due for due in parts if due is not None), default=None)

    def handle_deadline(self, *, now: int) -> list[MembershipAction]:
        """Ask for an answer, poll, or try to come back."""
        if self._deadline is not None and self._deadline <= now:
            return self._search(now)
        done = self._take(self.association.handle_deadline(now=now), now)
        return done + self._polled(self.polling.handle_deadline(now=now), now)

    # Inside

    def _look(self) -> list[MembershipAction]:
        self._enter(_State.LOOKING)
        plan = self._plan
        return [Look(ScanPlan(ScanType.ACTIVE, plan.channels, plan.duration, plan.page))]

    def _is_wanted(self, pan: PanDescriptor) -> bool:
        wanted = self._plan.pan_id
        there = pan.pan_id is not None and pan.address is not None
        return there and wanted in (None, pan.pan_id)

    def _next_candidate(self, now: int) -> list[MembershipAction]:
        if not self._candidates or self._leaves:
            return self._out(self._why, now)
        self._enter(_State.JOINING)
        self._asked = self._candidates.pop()
        return self._take(self.association.associate(self._asked), now)

    def _take(self, actions: Sequence[AssociationAction], now: int) -> list[MembershipAction]:
        """Pass on what association wants, and go on from how it has ended."""
        done: list[MembershipAction] = []
        for action in actions:
            match action:
                case Associated():
                    done += self._joined(action, now)
                case NotAssociated():
                    done += self._not_joined(action, now)
                case _:
                    done.append(action)
        return done

    def _joined(self, joined: Associated, now: int) -> list[MembershipAction]:
        if self._state is _State.JOINING and self._asked is not None:
            self._names = frozenset({self._asked.address})
        self._names |= {joined.coordinator}
        self._enter(_State.IN)
        self._rest, self._stays = REST, not self._leaves
        self._refusers.clear()
        if self._leaves:
            return self._take(self.association.leave(), now)
        return [joined, *self.polling.start(joined.coordinator, now=now)]

    def _not_joined(self, failed: NotAssociated, now: int) -> list[MembershipAction]:
        if self._state is _State.SEARCHING and not self._leaves:
            return self._look()
        if self._state is _State.JOINING and self._asked is not None:
            self._why = failed
            self._refusers[self._asked] = None
            if len(self._refusers) > MOST_REFUSERS:
                del self._refusers[next(iter(self._refusers))]
            return self._next_candidate(now)
        stopped = list[MembershipAction](self.polling.stop())
        return stopped + self._out(failed, now)

    def _out(self, failed: NotAssociated, now: int) -> list[MembershipAction]:
        """Be in no PAN; if there was one, try again after a while."""
        if self._leaves:
            failed, self._leaves = NotAssociated(Why.LEFT), False
        if not self._stays:
            self._enter(_State.OUT)
            return [failed]
        rest = self._rest - self._random.randrange(self._rest // 4)  # not all at once
        self._rest = min(2 * self._rest, LONGEST_REST)
        self._enter(_State.RESTING, now + rest)
        again = f"trying again in {rest / 1_000_000:.0f} s"
        return [replace(failed, reason=f"{failed.reason}; {again}" if failed.reason else again)]

    def _polled(self, actions: Sequence[PollingAction], now: int) -> list[MembershipAction]:
        done: list[MembershipAction] = []
        for action in actions:
            done.append(action)
            if isinstance(action, ParentLost):
                done += self._search(now)
        return done

    def _search(self, now: int) -> list[MembershipAction]:
        """Ask where we belong, first where our coordinator was last (orphan scan)."""
        self._enter(_State.SEARCHING)
        here = self.association.radio.channel
        others = [channel for channel in self._plan.channels if channel != here]
        return self._take(self.association.find_coordinator([here, here, *others]), now)

    def _enter(self, state: _State, deadline: int | None = None) -> None:
        self._state, self._deadline = state, deadline


def _loudest_first(pan: PanDescriptor) -> float:
    return -pan.rssi if pan.rssi is not None else float("inf")


def _coordinator(pan: PanDescriptor) -> Coordinator:
    assert pan.pan_id is not None
    assert pan.address is not None
    return Coordinator(pan.pan_id, pan.address, pan.channel, pan.page)


def _what_was_found(count: int) -> str:
    return f"{count} found, where nobody may join now" if count else "none was found"
