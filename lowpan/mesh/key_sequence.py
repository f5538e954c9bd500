"""Key sequence of a Thread network: which keys are in use, and when the next ones are.

All keys of a network come from its network key and a sequence that only goes up (Thread
specification §7.1.4).  Who is first to find the time come goes on, and the others follow.
"""

from dataclasses import dataclass
from enum import Enum
from struct import Struct

from lowpan.errors import FieldOutOfRange, StoreError
from lowpan.mac.ccm_star import LAST_FRAME_COUNTER
from lowpan.mac.counters import CounterExhausted
from lowpan.mac.security import LinkSecurity
from lowpan.mac.thread_keys import KEY_SEQUENCES
from lowpan.mesh.mle_keys import ThreadMleKeys
from lowpan.mesh.mle_security import MleSecurity
from lowpan.mesh.service import MeshNews
from lowpan.store import Store
from lowpan.wire.secret import Secret, fingerprint

HOUR = 3600 * 1_000_000
"""Microseconds."""
ROTATION_HOURS = 672
"""Hours for which a key sequence is in use, unless the Security Policy says otherwise."""
LEAST_ROTATION_HOURS = 2
GUARD_PERCENT = 93
"""Of the rotation time: for so long nobody makes us go on by messages alone."""
COUNTERS_SHORT = 1 << 24
"""With fewer counters left than that, the next keys are taken as soon as the guard time is over.

A channel of 250 kbit/s, full of our frames, lasts for the last 7 % of the rotation time with
them, and longer."""
RETRY_AFTER = 60 * 1_000_000
"""Microseconds after which a store that has failed is asked again."""

_SAVED = Struct(">IQB")
"""Key sequence, microseconds that it has been in use for, and whether they guard it."""
_LAST_SEQUENCE = KEY_SEQUENCES - 1


class Standing(Enum):
    """How much a message may say about the key sequence, by what it is."""

    AUTHORITATIVE = "authoritative"
    """Parent Response, Child ID Request, Link Accept, Link Accept and Request, Child Update
    Response: only with a Response to a fresh challenge of ours."""
    PEER = "peer"
    """Everything else, and frames of the link layer."""


class Cause(Enum):
    """Why a key sequence was left for another."""

    TIME = "its time was over"
    ORDER = "we were told to go on"
    COUNTERS = "its frame counters were about to end"
    NEIGHBOUR = "a neighbour has gone on"
    AUTHORITY = "the network is further"


@dataclass(frozen=True, slots=True)
class KeySequenceChanged(MeshNews):
    """Everything that we send from now on is sealed with other keys."""

    key_sequence: int
    previous: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class LinkToEstablish:
    """A neighbour is more than one key sequence ahead: challenge it, to find out whether to follow.

    The MLE engine's own to act on.
    """

    neighbour: bytes


KeySequenceAction = KeySequenceChanged | LinkToEstablish


class KeySequence:
    """Moves the keys of one node forward, by time and by what others use.

    `link` and `mle` use the keys that it chooses, and `store` is theirs.  The sequence is durable
    before it is used, so a restart never goes back; the time that it has been in use is durable
    to the hour, and stands still while we do not run.  Inputs return the actions that they cause;
    `now` is microseconds.
    """

    def __init__(  # noqa: PLR0913  (who uses the keys, and how long)
        self,
        network_key: bytes,
        link: LinkSecurity,
        mle: MleSecurity,
        store: Store,
        *,
        now: int,
        key_sequence: int = 0,
        rotation_hours: int = ROTATION_HOURS,
    ) -> None:
        """Begin with what `store` has, or with `key_sequence` if that is higher.

        Raises StoreError, and FieldOutOfRange for a rotation time below 2 hours.
        """
        if not isinstance(mle.keys, ThreadMleKeys):
            raise FieldOutOfRange("these keys of MLE have no sequence")
        self._network_key, self._store = Secret(network_key), store
        self._link, self._mle, self._keys = link, mle, mle.keys
        self._name = f"key-sequence/{fingerprint(network_key)}"
        self._used_before, self._since = 0, now
        self._guarded = False
        self._forget: list[str] = []
        self._tick = now + HOUR
        self.set_rotation(rotation_hours)
        self._restore(key_sequence, now)
        self._apply()

    @property
    def current(self) -> int:
        """Return the key sequence of what we send."""
        return self._keys.key_sequence

    def set_rotation(self, hours: int) -> None:
        """Follow a Security Policy that says for how long a key sequence is in use, 2 or more."""
        if hours < LEAST_ROTATION_HOURS:
            raise FieldOutOfRange(f"a rotation time of {hours} hours, below {LEAST_ROTATION_HOURS}")
        self._rotation = hours * HOUR
        self._guard = hours * GUARD_PERCENT // 100 * HOUR

    def go_on(self, *, now: int) -> list[KeySequenceChanged]:
        """Use the next keys from now on, and let the others follow."""
        return self._change(self.current + 1, Cause.ORDER, now)

    def message_accepted(
        self, sender: bytes, key_sequence: int, standing: Standing, *, is_neighbour: bool, now: int
    ) -> list[KeySequenceAction]:
        """Take note of the key sequence of an MLE message that was right and new.

        `sender` is an extended address.  A peer counts only if it `is_neighbour`: one with whom
        there is a link.
        """
        if key_sequence <= self.current:
            return []
        if standing is Standing.AUTHORITATIVE:
            return [*self._change(key_sequence, Cause.AUTHORITY, now)]
        if not is_neighbour:
            return []
        if key_sequence > self.current + 1:
            return [LinkToEstablish(sender)]
        return [*self._follow(key_sequence, now)]

    def frame_accepted(self, key_sequence: int | None, *, now: int) -> list[KeySequenceChanged]:
        """Take note of the key sequence of a frame that the link layer has opened."""
        if key_sequence is None or key_sequence != self.current + 1:
            return []
        return self._follow(key_sequence, now)

    def next_deadline(self) -> int:
        """Return when to call handle_deadline()."""
        return self._tick

    def handle_deadline(self, *, now: int) -> list[KeySequenceChanged]:
        """Go on when the time has come, else make the time durable."""
        if now < self._tick:
            return []
        self._set_tick(now)
        self._forget_old_keys()
        used = self._used(now)
        if used >= self._rotation:
            return self._change(self.current + 1, Cause.TIME, now)
        if used >= self._guard and self._counters_are_short(now):
            return self._change(self.current + 1, Cause.COUNTERS, now)
        try:
            self._save(self.current, used, guarded=self._guarded)
        except StoreError:
            self._tick = now + RETRY_AFTER
        return []

    def _follow(self, key_sequence: int, now: int) -> list[KeySequenceChanged]:
        if self._guarded and self._used(now) < self._guard:
            return []
        return self._change(key_sequence, Cause.NEIGHBOUR, now)

    def _change(self, key_sequence: int, cause: Cause, now: int) -> list[KeySequenceChanged]:
        """Use other keys once that is durable; until the store works, the present ones."""
        if key_sequence > _LAST_SEQUENCE:
            return []
        guarded = cause is not Cause.AUTHORITY  # that does not say how long ago it was
        try:
            self._save(key_sequence, 0, guarded=guarded)
        except StoreError:
            self._tick = now + RETRY_AFTER
            return []
        previous, old = self.current, self._fingerprints(self.current)
        self._used_before, self._since, self._guarded = 0, now, guarded
        self._keys.use(key_sequence)
        self._apply()
        self._forget += old - self._fingerprints(key_sequence)
        self._forget_old_keys()
        self._set_tick(now)
        return [KeySequenceChanged(key_sequence, previous, cause)]

    def _apply(self) -> None:
        link = self._link
        link.key = link.keys.hold_thread_keys(self._network_key, self.current)

    def _used(self, now: int) -> int:
        return self._used_before + now - self._since

    def _set_tick(self, now: int) -> None:
        """Look again in an hour, or when the time is over."""
        left = self._rotation - self._used(now)
        self._tick = now + (min(HOUR, left) if left > 0 else HOUR)

    def _counters_are_short(self, now: int) -> bool:
        try:
            highest = max(user.next_counter(now=now) for user in (self._link, self._mle))
        except CounterExhausted:
            return True
        except StoreError:
            return False  # nothing is sealed until the store works, under no key
        return highest > LAST_FRAME_COUNTER - COUNTERS_SHORT

    def _fingerprints(self, key_sequence: int) -> set[str]:
        """Return those of all keys that are in use while `key_sequence` is."""
        around = range(max(key_sequence - 1, 0), min(key_sequence + 2, KEY_SEQUENCES))
        link = [self._link.keys.thread_key(sequence) for sequence in around]
        mle = [self._keys.fingerprint(sequence) for sequence in around]
        return {key.fingerprint for key in link if key is not None}.union(mle)

    def _forget_old_keys(self) -> None:
        """Forget whom we have heard under keys that are out of use for good.

        If the store fails, they wait for the next time: they take up room, and nothing else.
        """
        while self._forget:
            try:
                self._link.forget_key(self._forget[-1])
                self._mle.forget_key(self._forget[-1])
            except StoreError:
                return
            self._forget.pop()

    def _restore(self, key_sequence: int, now: int) -> None:
        saved = self._store.load(self._name)
        if saved is None:
            self._keys.use(key_sequence)
            self._save(key_sequence, 0, guarded=False)
            return
        if len(saved) != _SAVED.size:
            raise StoreError(f"{self._name} has {len(saved)} octets: not from here")
        stored, used, guarded = _SAVED.unpack(saved)
        if key_sequence > stored:
            self._save(key_sequence, 0, guarded=False)
            stored, used, guarded = key_sequence, 0, False
        self._keys.use(stored)
        self._used_before, self._guarded = used, bool(guarded)
        self._set_tick(now)

    def _save(self, key_sequence: int, used: int, *, guarded: bool) -> None:
        self._store.save(self._name, _SAVED.pack(key_sequence, used, guarded))
