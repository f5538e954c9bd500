"""What all parts of a Thread child share: who it is, its keys, and how it speaks."""

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from lowpan.errors import LowpanError, StoreError
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import LinkProtection
from lowpan.mesh.key_sequence import LEAST_ROTATION_HOURS, KeySequence
from lowpan.mesh.mle_keys import ThreadMleKeys
from lowpan.mesh.mle_security import MleSecurity
from lowpan.mesh.service import MeshAction, SendMle
from lowpan.mesh.thread.events import SendingFailed
from lowpan.mesh.thread.network import ThreadNetwork
from lowpan.mesh.thread.settings import ChildSettings
from lowpan.radio import RadioSettings
from lowpan.store import Store
from lowpan.wire.addresses import iid_of, link_local
from lowpan.wire.mle import MLE_MESSAGE, MleMessage

if TYPE_CHECKING:
    from lowpan.wire.mle_tlvs import LeaderData

NO_SHORT_ADDRESS = 0xFFFE


@dataclass(slots=True)
class Parent:
    """Whose child we are."""

    extended: bytes
    rloc16: bytes


class Station:
    """One node in one network.

    `network` is followed as it changes, `parent` and `rloc16` are ours while we have them.
    Everything is sealed here, and what cannot be sealed is not sent.
    """

    def __init__(  # noqa: PLR0913  (all that the parts share)
        self,
        network: ThreadNetwork,
        security: LinkSecurity,
        store: Store,
        random: Random,
        settings: ChildSettings,
        *,
        now: int,
    ) -> None:
        """Begin with what `store` has of keys and counters; raise StoreError."""
        self.network, self.security, self.store = network, security, store
        self.random, self.settings = random, settings
        self.extended = security.extended_address
        self.link_local = link_local(iid_of(self.extended))
        self.mle = MleSecurity(self.extended, ThreadMleKeys(network.network_key, 0), store)
        self.keys = self._key_sequence(now)
        self.radio = RadioSettings(extended_address=self.extended)
        self.parent: Parent | None = None
        self.rloc16: bytes | None = None
        self.leader_data: LeaderData | None = None
        """As we know it, with the versions of the network data that we have."""

    def is_parent(self, sender: bytes) -> bool:
        """Tell whether `sender`, an extended address, is our parent."""
        return self.parent is not None and self.parent.extended == sender

    def use_network(self, network: ThreadNetwork, *, now: int) -> None:
        """Follow a later state of the network; with another key, everything begins anew.

        Raises StoreError, and is in the network as it was: no key is used before that is durable.
        """
        before, keys = self.network, self.mle.keys
        self.network = network
        if network.network_key == before.network_key:
            self.keys.set_rotation(max(network.rotation_time, LEAST_ROTATION_HOURS))
            return
        self.mle.keys = ThreadMleKeys(network.network_key, 0)
        try:
            self.keys = self._key_sequence(now)
        except StoreError:
            self.network, self.mle.keys = before, keys
            raise

    def send(
        self,
        message: MleMessage,
        destination: bytes,
        *,
        now: int,
        protection: LinkProtection = LinkProtection.CLEAR,
        channel: int | None = None,
    ) -> list[MeshAction]:
        """Send to an extended address, or to a group of 16 octets, sealed."""
        address = destination if len(destination) == 16 else link_local(iid_of(destination))
        try:
            payload = self.mle.seal(MLE_MESSAGE.encode(message), self.link_local, address, now=now)
        except LowpanError as error:  # the store fails, or the key has no counters left
            return [SendingFailed(str(error))]
        return [SendMle(address, payload, self.link_local, protection, channel)]

    def send_in_clear(self, message: MleMessage, group: bytes) -> list[MeshAction]:
        """Send a Discovery Request, which whoever has no key may send."""
        payload = self.mle.seal_unsecured(MLE_MESSAGE.encode(message))
        return [SendMle(group, payload, self.link_local)]

    def tuned(self, channel: int, pan_id: int, short_address: int) -> RadioSettings:
        """Return what the radio shall be, and remember it."""
        self.radio = replace(
            self.radio, channel=channel, pan_id=pan_id, short_address=short_address
        )
        return self.radio

    def soon(self, most: int) -> int:
        """Return microseconds at random, 1 to `most`."""
        return 1 + self.random.randrange(most)

    def challenge(self) -> bytes:
        """Return octets that nobody can have seen before."""
        return self.random.randbytes(8)

    def _key_sequence(self, now: int) -> KeySequence:
        network = self.network
        hours = max(network.rotation_time, LEAST_ROTATION_HOURS)
        return KeySequence(
            network.network_key,
            self.security,
            self.mle,
            self.store,
            now=now,
            rotation_hours=hours,
        )
