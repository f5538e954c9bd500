"""How a Thread child is: its role, how long it may be silent, and all its bounds."""

from dataclasses import dataclass
from enum import Enum

from lowpan.wire.mle_draft import Mode


class Role(Enum):
    """What kind of child."""

    FED = "fed"
    """Full end device: listens all the time, answers for its addresses itself."""
    MED = "med"
    """Minimal end device: listens all the time, its parent answers for its addresses."""
    SED = "sed"
    """Sleepy end device: listens when it has asked its parent for what waits."""

    @property
    def is_full_thread_device(self) -> bool:
        """Whether other routers know it, and ask it."""
        return self is Role.FED

    @property
    def sleeps(self) -> bool:
        """Whether its receiver is off most of the time."""
        return self is Role.SED

    @property
    def mode(self) -> Mode:
        """What it says of itself."""
        awake = not self.sleeps
        return Mode(awake, True, self.is_full_thread_device, awake)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSettings:
    """What a child is told once; times are microseconds unless said otherwise."""

    role: Role = Role.MED
    timeout: int = 240
    """Seconds of silence after which the parent forgets us."""
    poll_interval: int = 4_000_000
    """Between the polls of a sleeper; below macTransactionPersistenceTime (7.68 s)."""
    supervision_interval: int = 129
    """Seconds after which the parent reassures a sleeper that hears nothing."""
    supervision_timeout: int = 190_000_000
    """Without any frame of the parent, after which a sleeper asks whether it is there."""
    router_wait: int = 750_000
    """For answers to a Parent Request to routers."""
    all_wait: int = 1_250_000
    """For answers to a Parent Request to routers and those that may become one."""
    child_id_wait: int = 1_250_000
    retry_interval: int = 1_000_000
    """Between Child Update Requests, and Data Requests, that are not answered."""
    most_attempts: int = 4
    """Of those, before the parent counts as lost."""
    most_lost_frames: int = 4
    """Frames to the parent in a row, none acknowledged, before it counts as lost."""
    first_backoff: int = 251_000
    """After a round in which nobody became our parent; doubled each time."""
    longest_backoff: int = 1_200_000_000
    response_delay: int = 1_000_000
    """The most, at random, before we answer or ask what all who heard the same would."""
    announce_interval: int = 80_000
    """The least between two Announces of an orphan."""
    announce_wait: int = 250_000
    """For a later Announce, before one is followed."""
    discovery_wait: int = 300_000
    """On each channel, for answers to a Discovery Request: they come within 250 ms."""
    most_candidates: int = 8
    """Parents to choose from; a worse one gives way."""
    most_networks: int = 32
    """Networks found by Discovery."""
    most_addresses: int = 8
    """Of ours that network data makes: it can name far more prefixes than anybody needs."""
    messages_a_second: int = 200
    """MLE messages whose MIC is looked at: a flood of them must not cost all our time."""

    @property
    def frequent_poll_interval(self) -> int:
        """Microseconds between polls, so that some may fail within the timeout of the parent."""
        spare = self.retry_interval * self.most_attempts
        return max(min(self.poll_interval, self.timeout * 1_000_000 - spare), 10_000)
