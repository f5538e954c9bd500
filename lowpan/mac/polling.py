"""Being a sleeper: asking the parent for what waits, and listening no longer than needed (§6.7.3).

An engine beside the link layer: its Poll is for LinkLayer.carry_out(), ReceiverOn and ReceiverOff
for the radio.
"""

from dataclasses import dataclass
from enum import Enum

from lowpan.mac.service import CommandSent, Poll
from lowpan.radio import TransmitStatus

POLL_INTERVAL = 4_000_000
"""Below macTransactionPersistenceTime (7.68 s), so that nothing is given up between two polls, and
one of them may fail."""
FAST_POLL_INTERVAL = 188_000
"""What OpenThread does while an answer is expected."""
RETRY_INTERVAL = 1_000_000
"""After a poll that was not acknowledged, as OpenThread does."""
DATA_WAIT = 100_000
"""Longer than macMaxFrameTotalWaitTime (32 ms at 2450 MHz): parents in software are slower."""
MOST_QUICK = 5
"""Polls soon after one whose promised frame did not come; an acknowledgment in clear may be forged
to keep us awake."""
MOST_UNANSWERED = 4
"""Polls in a row, each sent four times, before the parent counts as lost, as OpenThread does."""

_POLL = "poll"


@dataclass(frozen=True, slots=True)
class ReceiverOn:
    """Listen from now on."""


@dataclass(frozen=True, slots=True)
class ReceiverOff:
    """Nothing is expected until the next poll."""


@dataclass(frozen=True, slots=True)
class ParentLost:
    """The parent has not acknowledged the last polls; there are no more of them."""

    parent: bytes
    unanswered: int


PollingAction = Poll | ReceiverOn | ReceiverOff | ParentLost


@dataclass(frozen=True, slots=True)
class PollSettings:
    """How often to ask, in microseconds."""

    interval: int = POLL_INTERVAL
    fast_interval: int = FAST_POLL_INTERVAL
    retry_interval: int = RETRY_INTERVAL
    data_wait: int = DATA_WAIT
    """Listen for this long once the parent has said that something waits."""
    most_quick: int = MOST_QUICK
    most_unanswered: int = MOST_UNANSWERED


DEFAULT_SETTINGS = PollSettings()


class _State(Enum):
    STOPPED = "no parent"
    ASLEEP = "until the next poll"
    POLLING = "the poll is being sent"
    LISTENING = "the parent has something for us"


class Polling:
    """The polls of one sleeper; `now` is microseconds."""

    def __init__(self, settings: PollSettings = DEFAULT_SETTINGS) -> None:
        self.settings = settings
        self._state = _State.STOPPED
        self._deadline: int | None = None
        self._parent = b""
        self._polled_at = 0
        self._expecting_until = 0
        self._unanswered = self._missed = 0
        self._early: bool | None = None
        """A frame has overtaken the news of its poll, and whether it said that more waits."""

    def start(self, parent: bytes, *, now: int) -> list[PollingAction]:
        """Sleep from now on, and ask `parent` (2 or 8 octets) at once."""
        self._parent, self._unanswered = parent, 0
        return self._poll(now)

    def stop(self) -> list[PollingAction]:
        """Listen all the time again."""
        if self._state is _State.STOPPED:
            return []
        was, self._state, self._deadline = self._state, _State.STOPPED, None
        return [ReceiverOn()] if was is _State.ASLEEP else []

    def expect(self, duration: int, *, now: int) -> None:
        """Ask more often for `duration` microseconds: an answer is on its way to the parent."""
        self._expecting_until = max(self._expecting_until, now + duration)
        if self._state is _State.ASLEEP and self._deadline is not None and not self._unanswered:
            soon = max(now, self._polled_at + self.settings.fast_interval)
            self._deadline = min(self._deadline, soon)

    def command_sent(self, sent: CommandSent, *, now: int) -> list[PollingAction]:
        """Take what became of a poll; other commands change nothing."""
        if sent.handle != _POLL or self._state is not _State.POLLING:
            return []
        if sent.status is not TransmitStatus.SUCCESS:
            return self._failed(sent.status, now)
        self._unanswered = 0
        if sent.frame_pending is False:
            self._missed = 0
            return self._sleep(now)
        self._state, self._deadline = _State.LISTENING, now + self.settings.data_wait
        early, self._early = self._early, None
        return [] if early is None else self.frame_received(more=early, now=now)

    def frame_received(self, *, more: bool, now: int) -> list[PollingAction]:
        """Take that the parent has sent us a frame, and whether it says that more waits."""
        if self._state is _State.POLLING:
            self._early = more
        if self._state is not _State.LISTENING:
            return []
        self._missed = 0
        return self._poll(now, is_awake=True) if more else self._sleep(now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        return self._deadline

    def handle_deadline(self, *, now: int) -> list[PollingAction]:
        """Ask again, or give up what did not come."""
        if self._deadline is None or now < self._deadline:
            return []
        if self._state is _State.LISTENING:
            self._missed += 1  # it still waits there, or that was a lie
            return self._sleep(now)
        return self._poll(now)

    def _failed(self, status: TransmitStatus, now: int) -> list[PollingAction]:
        """Ask again soon; a channel that is busy says nothing about the parent."""
        self._unanswered += status is TransmitStatus.NO_ACK
        if self._unanswered >= self.settings.most_unanswered:
            self._state, self._deadline = _State.STOPPED, None
            return [ParentLost(self._parent, self._unanswered)]
        self._state, self._deadline = _State.ASLEEP, now + self.settings.retry_interval
        return [ReceiverOff()]

    def _poll(self, now: int, *, is_awake: bool = False) -> list[PollingAction]:
        self._state, self._deadline, self._polled_at = _State.POLLING, None, now
        self._early = None
        poll = Poll(self._parent, _POLL)
        return [poll] if is_awake else [ReceiverOn(), poll]

    def _sleep(self, now: int) -> list[PollingAction]:
        promised = 0 < self._missed <= self.settings.most_quick
        fast = now < self._expecting_until or promised
        interval = self.settings.fast_interval if fast else self.settings.interval
        self._state = _State.ASLEEP
        self._deadline = max(now, self._polled_at + interval)
        return [ReceiverOff()]
