"""A node's way into a Thread network, as its user says it."""

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from lowpan.errors import FieldOutOfRange
from lowpan.mac.keys import KeyTable
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.thread.network import ThreadNetwork, network_from_dataset
from lowpan.mesh.thread.settings import ChildSettings, Role
from lowpan.store import Store
from lowpan.wire.dataset import Dataset

if TYPE_CHECKING:
    from lowpan.mesh.thread.child import ThreadChild

_LEVEL = 5
"""Security level of all frames of a Thread network."""
_LEAST_TIMEOUT, _LONGEST_TIMEOUT = 5, 8 * 3600
_LEAST_POLL_INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadOptions:
    """Which Thread network to join, and as what kind of child."""

    network: ThreadNetwork
    role: Role = Role.MED
    timeout: int = 240
    """Seconds of silence after which the parent forgets us, 5 to 28800."""
    poll_interval: float = 4.0
    """Seconds between the polls of a sleepy end device; its answers take as long."""

    def __post_init__(self) -> None:
        """Raise FieldOutOfRange for what no child can be."""
        if not _LEAST_TIMEOUT <= self.timeout <= _LONGEST_TIMEOUT:
            most = f"{_LEAST_TIMEOUT} to {_LONGEST_TIMEOUT}"
            raise FieldOutOfRange(f"a child timeout is {most} seconds, not {self.timeout}")
        if not _LEAST_POLL_INTERVAL_S <= self.poll_interval < self.timeout:
            raise FieldOutOfRange(
                f"a poll interval is {_LEAST_POLL_INTERVAL_S:g} s at least, and below the timeout"
            )

    def secures(self, extended_address: bytes, store: Store) -> LinkSecurity:
        """Return the link security of the node; the child gives it keys."""
        policy = SecurityPolicy.for_level(_LEVEL, data_in_clear=True)  # of MLE alone
        return LinkSecurity(extended_address, KeyTable(), store, level=_LEVEL, policy=policy)

    def child(
        self, security: LinkSecurity, store: Store, random: Random, *, now: int
    ) -> "ThreadChild":
        """Return the engine that joins; raises StoreError."""
        from lowpan.mesh.thread.child import ThreadChild  # noqa: PLC0415  (in Thread networks only)

        settings = ChildSettings(
            role=self.role,
            timeout=self.timeout,
            poll_interval=round(self.poll_interval * 1_000_000),
        )
        return ThreadChild(self.network, security, store, random, settings=settings, now=now)


Thread = ThreadOptions | ThreadNetwork | Dataset | str
"""A Thread network to join; str: the hex digits of its dataset."""


def thread_options_of(thread: Thread | None) -> ThreadOptions | None:
    """Return what is meant; raise FieldOutOfRange and KeyFormatError, which quote no key."""
    if thread is None or isinstance(thread, ThreadOptions):
        return thread
    if not isinstance(thread, ThreadNetwork):
        thread = network_from_dataset(thread)
    return ThreadOptions(network=thread)
