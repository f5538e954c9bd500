"""How messages of link establishment leave: sealed by MLE, in clear on the link (§8, §10)."""

from random import Random

from lowpan.errors import FieldOutOfRange, SecurityError, StoreError
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.link_events import MleNotSent
from lowpan.mesh.link_messages import REJECT, OwnWords, advertisement
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.mle_security import MleSecurity
from lowpan.mesh.service import MeshAction, SendMle
from lowpan.radio import RadioSettings
from lowpan.wire.addresses import NO_SHORT_ADDRESSES, iid_of, link_local
from lowpan.wire.mle_draft import LinkQuality

CHALLENGE_OCTETS = 8
"""Of our challenges: the draft asks for 4, and Thread sends 8."""


class LinkSending:
    """Composes and seals what we say; what cannot be sealed is not sent, and told."""

    def __init__(
        self,
        security: MleSecurity,
        link_security: LinkSecurity | None,
        settings: MeshLinkSettings,
        random: Random,
    ) -> None:
        self._security, self._link_security = security, link_security
        self._settings, self._random = settings, random
        self.source = b""
        """Our link-local address, from the extended one."""
        self.addresses: tuple[bytes, ...] = ()
        """What neighbours may call us: extended address, and the short one if there is one."""
        self._words = OwnWords(())

    def start(self, radio: RadioSettings) -> None:
        """Be who `radio` says; raise FieldOutOfRange if that is nobody."""
        extended = radio.extended_address
        if extended is None or extended != self._security.extended_address:
            raise FieldOutOfRange("the radio and MLE's security have the same extended address")
        short = radio.short_address.to_bytes(2, "big")
        named = short not in NO_SHORT_ADDRESSES
        self.addresses = (extended, short) if named else (extended,)
        self.source = link_local(iid_of(extended))
        settings = self._settings
        self._words = OwnWords.of(self.addresses[-1], settings.mode, settings.timeout)

    def new_challenge(self) -> bytes:
        """Return octets that nobody can have answered before."""
        return self._random.randbytes(CHALLENGE_OCTETS)

    def request(self, destination: bytes, challenge: bytes, *, now: int) -> list[MeshAction]:
        """Ask for a link."""
        return self._sealed(self._words.request(challenge), destination, now)

    def accept(
        self, neighbour: bytes, response: bytes, challenge: bytes | None, *, now: int
    ) -> list[MeshAction]:
        """Answer a challenge of `neighbour`, and with `challenge` ask for an answer to ours."""
        link = self._link_security
        try:
            octets = self._words.accept(
                response,
                link_layer_counter=None if link is None else link.next_counter(now=now),
                mle_counter=self._security.next_counter(now=now),
                challenge=challenge,
            )
        except (StoreError, SecurityError) as error:
            return [MleNotSent(str(error))]
        return self._sealed(octets, link_local(iid_of(neighbour)), now)

    def accept_in_clear(self, joiner: bytes) -> MeshAction:
        """Answer somebody who has no key."""
        payload = self._security.seal_unsecured(self._words.accept_in_clear())
        return SendMle(link_local(iid_of(joiner)), payload, self.source)

    def reject(self, neighbour: bytes, *, now: int) -> list[MeshAction]:
        """Say that there is no link."""
        return self._sealed(REJECT, link_local(iid_of(neighbour)), now)

    def advertise(self, quality: LinkQuality, destination: bytes, *, now: int) -> list[MeshAction]:
        """Say how well we hear our neighbours."""
        return self._sealed(advertisement(quality), destination, now)

    def _sealed(self, message: bytes, destination: bytes, now: int) -> list[MeshAction]:
        try:
            payload = self._security.seal(message, self.source, destination, now=now)
        except (StoreError, SecurityError) as error:
            return [MleNotSent(str(error))]
        return [SendMle(destination, payload, self.source)]
