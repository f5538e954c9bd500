"""Unsealing: the protection of captured frames and messages taken off, fast for usual senders."""

from collections.abc import Iterable
from dataclasses import replace

from cryptography.exceptions import InvalidTag

from lowpan.capture.addresses import AddressBook
from lowpan.capture.datagram import Datagram
from lowpan.capture.decoded import Outcome, Protection
from lowpan.capture.key_sources import Network
from lowpan.capture.keyring import Keyring
from lowpan.capture.keys import KeyKind
from lowpan.capture.links import Link
from lowpan.capture.opening import (
    AddressMissing,
    KeyMissing,
    Opened,
    open_mle_message,
    open_secured_frame,
)
from lowpan.errors import SecurityError
from lowpan.mac.ccm_star import CcmStarKey, MicMismatch, nonce, pack_nonce
from lowpan.mac.frame_security import SecurableFrame, open_octets
from lowpan.mesh.mle_protection import authenticated_octets
from lowpan.wire.ieee802154 import FrameType
from lowpan.wire.mle import MleEnvelope
from lowpan.wire.security_header import AuxiliarySecurityHeader

MOST_MLE_SENDERS = 4096
"""Senders of MLE messages whose key is remembered."""
MOST_SECURED = 4096
"""PANs that are known to be secured."""
MOST_ROAMERS = 256
"""Extended addresses tried for a short one that nobody has explained: the first ones heard.

And as many that are known to be members', of which the latest ones stay."""
FREE_TRIALS, FRAMES_PER_TRIAL = 16_384, 8
"""Roamers tried in vain that cost nothing; each further one must be earned by so many frames.

A trial goes through every key: without an end to them, a stranger who forges short addresses would
cost a hundred times more than anybody else."""

REPEATED = "its frame counter is not above earlier ones: late, replayed, or counted anew"
"""Note on a frame that is no retransmission."""

_DATA = int(FrameType.DATA)


class Unsealer:
    """Opens what is secured; each link remembers which key and address served.

    A link whose frames did not open is tried again at its 1st, 2nd, 4th, 8th ... frame only,
    until something new is learnt: foreign networks must not cost more than one's own.
    """

    def __init__(
        self, keyring: Keyring, book: AddressBook, networks: Iterable[Network] = ()
    ) -> None:
        self._keyring, self._book = keyring, book
        self._members: dict[bytes, None] = {}
        self._roamers: dict[bytes, None] = {}
        self._mle: dict[tuple[bytes, bytes | None, int | None], tuple[CcmStarKey, Protection]] = {}
        self._mle_counters: dict[tuple[bytes, bytes, bytes | None, int | None], int] = {}
        self._news = 0
        told = (network.pan_id for network in networks)
        self.secured: set[int | None] = {pan_id for pan_id in told if pan_id is not None}
        """PANs in which a key has opened something: what comes in clear there proves nothing."""
        self._patience = FREE_TRIALS * FRAMES_PER_TRIAL

    def heard(self, extended: bytes) -> None:
        """Note an extended address that is in use: some short address may be its."""
        if extended not in self._roamers and len(self._roamers) < MOST_ROAMERS:
            self._roamers[extended] = None
            self._news += 1

    def open_frame(
        self, link: Link, frame: SecurableFrame, psdu: bytes
    ) -> tuple[bytes | None, Protection]:
        """Return the payload of `frame` in clear, None if it stays closed, and what happened."""
        security = frame.security
        if security is None:  # the 2003 edition's, without a header that says which suite
            return None, _REFUSED_2003
        decrypt, control = link.decrypt, security.control
        if (
            decrypt is not None
            and link.control is control
            and link.key_index == security.key_index
            and link.key_source == security.key_source
            and security.frame_counter is not None
        ):
            payload, level = frame.payload, control.security_level
            try:
                in_clear = open_octets(frame) if frame.control.frame_type != _DATA else 0
                begin = len(psdu) - len(payload) - len(frame.mic) + in_clear
                sender = pack_nonce(link.nonce_address, security.frame_counter, level)
                private = decrypt(sender, psdu[begin:], psdu[:begin])
            except (InvalidTag, SecurityError, ValueError):
                # another key sequence or address by now, or no frame to be opened (ValueError:
                # one too long for CCM*): the search goes through all of it again, and explains
                pass
            else:
                if in_clear:
                    private = payload[:in_clear] + private
                if security.frame_counter <= link.frame_counter:
                    return private, replace(link.protection, repeated=True)
                link.frame_counter = security.frame_counter
                return private, link.protection

        self._patience = min(self._patience + 1, FREE_TRIALS * FRAMES_PER_TRIAL)
        known = self._news + self._book.changes + self._keyring.changes
        if link.failed is not None and link.tried == known and link.failures & (link.failures - 1):
            link.failures += 1
            return None, link.failed
        return self._search(link, frame, psdu, known)

    def _search(
        self, link: Link, frame: SecurableFrame, psdu: bytes, known: int
    ) -> tuple[bytes | None, Protection]:
        addresses = self._addresses(link.source, link.source_pan_id)
        roamers = self._roamers_beside(link.source, addresses)
        try:
            opened = open_secured_frame(self._keyring, frame, psdu, [*addresses, *roamers])
        except SecurityError as error:
            self._patience -= FRAMES_PER_TRIAL * len(roamers)
            link.failures = link.failures + 1 if link.tried == known else 1
            if not addresses and isinstance(error, MicMismatch):  # a guess, and a wrong one
                error = AddressMissing("the sender's extended address is not known")
            link.tried, link.failed = known, _unopened(error)
            return None, link.failed
        link.failed, protection = None, _opened(opened)
        if frame.security is None or protection.well_known:
            return opened.octets, protection
        self._remember(link, frame.security, opened, protection)
        counter = frame.security.frame_counter
        if counter is not None and counter <= link.frame_counter:
            return opened.octets, replace(protection, repeated=True)
        if counter is not None:
            link.frame_counter = counter
        return opened.octets, protection

    def _remember(
        self,
        link: Link,
        security: AuxiliarySecurityHeader,
        opened: Opened,
        protection: Protection,
    ) -> None:
        self._secured_in(link.source_pan_id)
        self._meet(opened.nonce_address)
        link.count_for(opened.choice.ccm_star, opened.nonce_address)
        link.surroundings.tunnel_from_link_layer = opened.choice.sequence is not None  # Thread
        link.control = security.control
        link.decrypt = opened.choice.ccm_star.opener(security.control.security_level)
        link.key_index, link.key_source = security.key_index, security.key_source
        link.nonce_address, link.protection = opened.nonce_address, protection
        source, pan_id = link.source, link.source_pan_id
        if source is not None and len(source) == 2 and pan_id is not None:
            self._book.verified(pan_id, source, opened.nonce_address)

    def _meet(self, extended: bytes) -> None:
        """Note an extended address that is certain to be a member's: try it before strangers'."""
        if extended not in self._members:
            if len(self._members) >= MOST_ROAMERS:
                del self._members[next(iter(self._members))]
            self._members[extended] = None
            self._news += 1

    def _secured_in(self, pan_id: int | None) -> None:
        if len(self.secured) < MOST_SECURED:
            self.secured.add(pan_id)

    def _addresses(self, source: bytes | None, pan_id: int | None) -> list[bytes]:
        """Return the extended addresses that `source` is known to stand for."""
        if source is not None and len(source) == 8:
            return [source]
        if source is None or pan_id is None:
            return []
        return [candidate.extended for candidate in self._book.candidates(pan_id, source)]

    def _roamers_beside(self, source: bytes | None, known: list[bytes]) -> list[bytes]:
        """Return the addresses that may be behind a short one besides those known."""
        if source is None or len(source) != 2:
            return []
        if self._patience < FRAMES_PER_TRIAL * (len(self._members) + len(self._roamers)):
            return []
        return [roamer for roamer in self._members | self._roamers if roamer not in known]

    def open_mle(
        self, envelope: MleEnvelope, datagram: Datagram, sender: bytes | None, pan_id: int | None
    ) -> tuple[bytes | None, Protection]:
        """Return command and TLVs in clear, None if they stay closed, and what happened.

        `sender` is the extended address of whoever sent `datagram`, around the `envelope`.
        """
        security = envelope.security
        if security is None or sender is None:
            return None, Protection(Outcome.NO_ADDRESS, reason="the sender is not known")
        opened = self._opened_mle(envelope, security, datagram, sender, pan_id)
        if opened[0] is not None and security.frame_counter is not None:
            self._secured_in(pan_id)
            if not self._counts(sender, datagram.destination, security):
                return opened[0], replace(opened[1], repeated=True)
        return opened

    def _counts(self, sender: bytes, receiver: bytes, security: AuxiliarySecurityHeader) -> bool:
        """Note the counter of a message that was opened; tell whether it is a new one.

        Messages to sleepy children wait while others overtake them, so each receiver counts.
        """
        name = (sender, receiver, security.key_source, security.key_index)
        counter, last = security.frame_counter or 0, self._mle_counters.get(name)
        if last is not None and counter <= last:
            return False
        if last is None and len(self._mle_counters) >= MOST_MLE_SENDERS:
            del self._mle_counters[next(iter(self._mle_counters))]
        self._mle_counters[name] = counter
        return True

    def _opened_mle(
        self,
        envelope: MleEnvelope,
        security: AuxiliarySecurityHeader,
        datagram: Datagram,
        sender: bytes,
        pan_id: int | None,
    ) -> tuple[bytes | None, Protection]:
        name = (sender, security.key_source, security.key_index)
        usual = self._mle.get(name)
        if usual is not None and security.frame_counter is not None:
            level = security.control.security_level
            private = envelope.payload + envelope.mic
            ends = (datagram.source, datagram.destination)
            authenticated = authenticated_octets(*ends, security)
            try:
                number = nonce(sender, security.frame_counter, level)
                return usual[0].open(number, authenticated, private, level), usual[1]
            except SecurityError:
                pass  # forged, or another network's: let every key say so
        try:
            ends = (datagram.source, datagram.destination)
            opened = open_mle_message(self._keyring, envelope, ends, (sender,), pan_id=pan_id)
        except SecurityError as error:
            return None, _unopened(error)
        protection = _opened(opened)
        if len(self._mle) >= MOST_MLE_SENDERS:
            self._mle.clear()
        self._mle[name] = (opened.choice.ccm_star, protection)
        self._meet(sender)
        return opened.octets, protection


def _opened(opened: Opened) -> Protection:
    key = opened.choice.key
    return Protection(
        Outcome.DECRYPTED,
        key.fingerprint,
        opened.choice.sequence,
        opened.nonce_address,
        well_known=key.kind is KeyKind.ANNOUNCE,
    )


def _unopened(error: SecurityError) -> Protection:
    for kind, outcome in _OUTCOMES:
        if isinstance(error, kind):
            return Protection(outcome, reason=str(error))
    return Protection(Outcome.REFUSED, reason=str(error))


_OUTCOMES = (
    (MicMismatch, Outcome.MIC_BAD),
    (KeyMissing, Outcome.NO_KEY),
    (AddressMissing, Outcome.NO_ADDRESS),
)

_REFUSED_2003 = Protection(Outcome.REFUSED, reason="secured as in the 2003 edition")
