"""The keys of a node as its user gives them, and the store that must go with them."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from lowpan.aio.sqlite_store import SqliteStore
from lowpan.errors import FieldOutOfRange, StoreError
from lowpan.mac.ccm_star import mic_octets_required
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.peers import Peers
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.security import LinkSecurity
from lowpan.store import Store
from lowpan.wire.secret import Secret

_MODES = {0: 1, 4: 2, 8: 3}
"""Key identifier mode by the octets of the key source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSecurity:
    """One key for all frames of a node, and what frames call it."""

    key: bytes
    """16 octets."""
    level: int = 5
    """1..3, 5..7 (IEEE 802.15.4-2020 table 9-6); 5 encrypts, with a MIC of 4 octets."""
    key_index: int = 1
    """1..255."""
    key_source: bytes = b""
    """None for key identifier mode 1, 4 octets for mode 2, 8 for mode 3, in the order sent."""
    peers: tuple[tuple[bytes, bytes | None], ...] = ()
    """Extended address of each peer that is known, and its short one; for nodes whose frames come
    from short addresses and have never come from their extended one."""
    policy: SecurityPolicy | None = None
    """None: everything at least at `level`, and beacons in clear."""

    def __post_init__(self) -> None:
        """Let nobody see the key; raise FieldOutOfRange or SecurityError for what cannot be."""
        object.__setattr__(self, "key", Secret(self.key))
        if len(self.key) != 16:
            raise FieldOutOfRange(f"a key of {len(self.key)} octets instead of 16")
        mic_octets_required(self.level)
        if len(self.key_source) not in _MODES:
            raise FieldOutOfRange(f"a key source of {len(self.key_source)} octets, not 0, 4 or 8")

    def secures(
        self, extended_address: bytes, store: Store, pan_id: int, *, coordinator: bool = False
    ) -> LinkSecurity:
        """Return what seals and opens the frames of the node with this address.

        Who looks for a coordinator asks in clear, since it knows nobody yet.
        """
        policy = self.policy
        if policy is None and coordinator:
            policy = SecurityPolicy.for_level(self.level, beacon_requests_in_clear=True)
        identifier = KeyIdentifier(
            _MODES[len(self.key_source)], self.key_index, self.key_source or None
        )
        keys = KeyTable()
        keys.add(identifier, self.key)
        peers = Peers()
        for extended, short in self.peers:
            peers.add(extended, short, pan_id=pan_id)
        return LinkSecurity(
            extended_address,
            keys,
            store,
            level=self.level,
            key=identifier,
            policy=policy,
            peers=peers,
        )


StoreOrPath = Store | Path | str


def opened_store(store: StoreOrPath | None, stack: AsyncExitStack) -> Store:
    """Return the store; one given by its path is opened now and closed by `stack`.

    Raises StoreError: a secured node without a durable store would repeat its frame counters.
    """
    if store is None:
        cure = 'give store="FILE"; the file is made, and kept for as long as the key is used'
        raise StoreError("a node with a key needs a store", cure)
    if isinstance(store, str | Path):
        return stack.enter_context(SqliteStore(store))
    return store
