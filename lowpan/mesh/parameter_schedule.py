"""Values that a whole network shares, and which will replace them when (draft-kelsey §7.8).

The draft gives a value and a delay, no version.  So that all nodes end with the same values in
whatever order they hear of changes, and however late each message was: a change is known by its
value and its moment, several may be ahead, the last moment wins in the end, and of one change the
earliest moment heard of is its true one, for nothing arrives before it was sent.
"""

from dataclasses import dataclass
from enum import IntEnum

from lowpan.errors import FieldOutOfRange
from lowpan.wire.mle_draft import NetworkParameter

LONGEST_DELAY = 0xFFFFFFFF
"""Milliseconds: what the TLV has room for, 49 days."""
MOST_AHEAD = 4
"""Changes of one parameter that may be ahead: a change, its undoing, and as much again.  Those that
come first, so that all nodes keep the same ones in whatever order they hear of more."""
APART = 10_000_000
"""Microseconds by which two changes of one parameter are apart at least.

Moments as nodes heard of them differ by how late messages were: no more than
macTransactionPersistenceTime (7.68 s), for which they may wait for a sleeper.  Closer than this,
the same value is the same change, and of different ones the larger wins, so that all agree."""
LONGEST_BEACON_PAYLOAD = 52
"""aMaxBeaconPayloadLength (IEEE 802.15.4-2006 §7.4.1)."""


class ParameterId(IntEnum):
    """Parameters that the draft defines."""

    CHANNEL = 0
    PAN_ID = 1
    PERMIT_JOINING = 2
    BEACON_PAYLOAD = 3


Value = int | bytes


@dataclass(frozen=True, slots=True)
class Change:
    """A parameter has `value` from `moment` (microseconds) on."""

    moment: int
    value: Value


def check_value(parameter: int, value: Value) -> None:
    """Raise FieldOutOfRange unless `value` is one that `parameter` can have."""
    match parameter:
        case ParameterId.CHANNEL:
            fits = isinstance(value, int) and 0 <= value <= 0xFFFF
        case ParameterId.PAN_ID:
            fits = isinstance(value, int) and 0 <= value < 0xFFFF
        case ParameterId.PERMIT_JOINING:
            fits = isinstance(value, int) and 0 <= value <= 0xFF
        case ParameterId.BEACON_PAYLOAD:
            fits = isinstance(value, bytes) and len(value) <= LONGEST_BEACON_PAYLOAD
        case _:
            raise FieldOutOfRange(f"{parameter} is no network parameter, which are 0..3")
    if not fits:
        raise FieldOutOfRange(f"{value!r} is no {ParameterId(parameter).name.lower()}")


class ParameterSchedule:
    """What is in effect, and what will be; `now` is microseconds."""

    def __init__(self) -> None:
        self.current: dict[int, Value] = {}
        """Values in effect, by ParameterId."""
        self._ahead: dict[int, list[Change]] = {}
        self._made: dict[int, Change] = {}
        """The last change of each: neighbours may go on talking of it for a moment."""

    def ahead(self, parameter: int) -> tuple[Change, ...]:
        """Return the changes of `parameter` that are to come, the next one first."""
        return tuple(self._ahead.get(parameter, ()))

    def add(self, parameter: int, change: Change) -> bool:
        """Take note of a change that is to come; tell whether that was news.

        The value and the parameter are such as check_value() allows.  What everybody has heard of
        is no news, so that it gets said ever less.
        """
        changes = self._ahead.setdefault(parameter, [])
        near = [known for known in changes if _near(known, change)]
        for known in near:
            if known.value == change.value:
                if change.moment < known.moment:
                    changes[changes.index(known)] = change
                    changes.sort(key=_moment)
                return False
        made = self._made.get(parameter)
        rivals = near if made is None or not _near(made, change) else [made, *near]
        if any(_order(known.value) >= _order(change.value) for known in rivals):
            return False
        kept = sorted([*(known for known in changes if known not in near), change], key=_moment)
        if change in kept[MOST_AHEAD:]:
            return False
        changes[:] = kept[:MOST_AHEAD]
        return True

    def put_back(self, parameter: int, ahead: tuple[Change, ...]) -> None:
        """Have those changes ahead that ahead() has returned."""
        self._ahead[parameter] = list(ahead)

    def take(self, *, now: int) -> list[tuple[int, Value]]:
        """Bring into effect what is due; return what is new, each with its parameter."""
        taken: list[tuple[int, Value]] = []
        for parameter, changes in self._ahead.items():
            while changes and changes[0].moment <= now:
                change = self._made[parameter] = changes.pop(0)
                if self.current.get(parameter) != change.value:
                    self.current[parameter] = change.value
                    taken.append((parameter, change.value))
        return taken

    def next_deadline(self) -> int | None:
        """Return when take() has something to do, None if nothing is ahead."""
        first = None
        for changes in self._ahead.values():
            if changes and (first is None or changes[0].moment < first):
                first = changes[0].moment
        return first

    def parameters(self, *, now: int, current: bool) -> list[NetworkParameter]:
        """Return what is ahead, and if `current` what is in effect, as messages say it."""
        said = (
            [NetworkParameter(parameter, 0, value) for parameter, value in self.current.items()]
            if current
            else []
        )
        for parameter, changes in self._ahead.items():
            said += [
                NetworkParameter(parameter, delay_until(change, now), change.value)
                for change in changes
            ]
        return said


def delay_until(change: Change, now: int) -> int:
    """Return in how many milliseconds a change is, 1 at least, as messages say it."""
    return min(max((change.moment - now + 999) // 1000, 1), LONGEST_DELAY)


def _order(value: Value) -> tuple[int, int]:
    """Return what decides between two values of one parameter."""
    return (0, value) if isinstance(value, int) else (len(value), int.from_bytes(value, "big"))


def _moment(change: Change) -> int:
    return change.moment


def _near(change: Change, other: Change) -> bool:
    return abs(change.moment - other.moment) < APART
