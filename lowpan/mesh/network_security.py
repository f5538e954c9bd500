"""Both layers of one node secured by a network key: the link layer, MLE, and how keys go on."""

from lowpan.mac.keys import KeyTable
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.key_sequence import ROTATION_HOURS, KeySequence
from lowpan.mesh.mle_keys import ThreadMleKeys
from lowpan.mesh.mle_security import MleSecurity
from lowpan.store import Store

SECURITY_LEVEL = 5
"""Encrypted, with a MIC of 4 octets: what Thread uses."""


class NetworkSecurity:
    """Security of a node whose keys all come from one network key (Thread specification §7.1).

    Frames of data pass in clear as far as `link` goes, for MLE, which protects itself: Node takes
    nothing else of them.
    """

    def __init__(
        self,
        network_key: bytes,
        extended_address: bytes,
        store: Store,
        *,
        now: int,
        rotation_hours: int = ROTATION_HOURS,
    ) -> None:
        """Begin with what `store`, this node's alone, has; raise StoreError, FieldOutOfRange.

        `network_key` has 16 octets, `extended_address` 8; `now` is microseconds.
        """
        policy = SecurityPolicy.for_level(SECURITY_LEVEL, data_in_clear=True)
        self.link = LinkSecurity(
            extended_address, KeyTable(), store, level=SECURITY_LEVEL, policy=policy
        )
        self.mle = MleSecurity(
            extended_address, ThreadMleKeys(network_key, 0), store, level=SECURITY_LEVEL
        )
        self.keys = KeySequence(
            network_key, self.link, self.mle, store, now=now, rotation_hours=rotation_hours
        )
        """Which keys are in use; says so to both."""
