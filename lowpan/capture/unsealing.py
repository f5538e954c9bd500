"""Unsealing: the protection of captured frames and messages taken off, fast for usual senders."""

from collections.abc import Sequence
from struct import Struct

from lowpan.capture.addresses import AddressBook
from lowpan.capture.decoded import Outcome, Protection
from lowpan.capture.keyring import Keyring
from lowpan.capture.keys import KeyKind
from lowpan.capture.opening import (
    AddressMissing,
    KeyMissing,
    Opened,
    open_mle_message,
    open_secured_frame,
)
from lowpan.errors import SecurityError
from lowpan.mac.ccm_star import CcmStarKey, MicMismatch
from lowpan.mac.frame_security import SecurableFrame, open_octets, source_pan_id
from lowpan.wire.mle import MleEnvelope

MOST_SENDERS = 4096
"""Senders whose key and address are remembered; of more, all are looked up again."""
MOST_ROAMERS = 256
"""Extended addresses tried for a short one that nobody has explained: the first ones heard."""

_NONCE = Struct(">8sIB").pack

_Sender = tuple[bytes | None, int | None, bytes | None, int | None, int]
"""Source, its PAN ID, key source, key index, security level."""


class Unsealer:
    """Opens what is secured, and remembers which key and address served for which sender.

    A sender whose frames did not open is tried again at its 1st, 2nd, 4th, 8th ... frame only,
    until something new is learnt: foreign networks must not cost more than one's own.
    """

    def __init__(self, keyring: Keyring, book: AddressBook) -> None:
        self._keyring, self._book = keyring, book
        self._usual: dict[_Sender, tuple[CcmStarKey, bytes, Protection]] = {}
        self._failures: dict[_Sender, tuple[int, Protection]] = {}
        self._roamers: dict[bytes, None] = {}

    def heard(self, extended: bytes) -> None:
        """Note an extended address that is in use: some short address may be its."""
        if extended not in self._roamers and len(self._roamers) < MOST_ROAMERS:
            self._roamers[extended] = None
            self._failures.clear()

    def learnt(self) -> None:
        """Try again what did not open: a key, an address or a sequence is new."""
        self._failures.clear()

    def open_frame(
        self, frame: SecurableFrame, psdu: bytes, acker: bytes | None
    ) -> tuple[bytes | None, Protection]:
        """Return the payload of `frame` in clear, None if it stays closed, and what happened.

        `acker` is the extended address that must have sent it, of an acknowledgment that does
        not say its source.
        """
        security, source = frame.security, frame.source
        if security is None:  # the 2003 edition's, without a header that says which suite
            return None, Protection(Outcome.REFUSED, reason="secured as in the 2003 edition")
        pan_id, level = source_pan_id(frame), security.control.security_level
        sender = (source or acker, pan_id, security.key_source, security.key_index, level)
        usual = self._usual.get(sender)
        if usual is not None and security.frame_counter is not None:
            key, address, protection = usual
            in_clear = open_octets(frame)
            begin = len(psdu) - len(frame.payload) - len(frame.mic) + in_clear
            nonce = _NONCE(address, security.frame_counter, level)
            try:
                private = key.open(nonce, psdu[:begin], psdu[begin:], level)
            except MicMismatch:
                pass  # a key sequence or an address has changed: look again
            else:
                return (frame.payload[:in_clear] + private if in_clear else private), protection
        failed = self._failures.get(sender)
        if failed is not None and failed[0] & (failed[0] - 1):
            self._failures[sender] = (failed[0] + 1, failed[1])
            return None, failed[1]
        return self._search(frame, psdu, sender, pan_id)

    def _search(
        self, frame: SecurableFrame, psdu: bytes, sender: _Sender, pan_id: int | None
    ) -> tuple[bytes | None, Protection]:
        addresses = self._addresses(sender[0], pan_id)
        try:
            opened = open_secured_frame(self._keyring, frame, psdu, addresses)
        except SecurityError as error:
            protection = _unopened(error)
            if len(self._failures) >= MOST_SENDERS:
                self._failures.clear()
            count = self._failures.get(sender, (0, protection))[0]
            self._failures[sender] = (count + 1, protection)
            return None, protection
        protection = _opened(opened)
        if not protection.well_known:
            self._remember(sender, opened, protection)
            if frame.source is not None and len(frame.source) == 2 and pan_id is not None:
                self._book.verified(pan_id, frame.source, opened.nonce_address)
        return opened.octets, protection

    def _remember(self, sender: _Sender, opened: Opened, protection: Protection) -> None:
        if len(self._usual) >= MOST_SENDERS:
            self._usual.clear()
        self._usual[sender] = (opened.choice.ccm_star, opened.nonce_address, protection)
        self._failures.clear()

    def _addresses(self, source: bytes | None, pan_id: int | None) -> Sequence[bytes]:
        if source is None:
            return ()
        if len(source) == 8:
            return (source,)
        if pan_id is None:
            return tuple(self._roamers)
        known = [candidate.extended for candidate in self._book.candidates(pan_id, source)]
        return [*known, *(roamer for roamer in self._roamers if roamer not in known)]

    def open_mle(
        self,
        envelope: MleEnvelope,
        ends: tuple[bytes, bytes],
        addresses: Sequence[bytes],
        pan_id: int | None,
    ) -> tuple[bytes | None, Protection]:
        """Return command and TLVs in clear, None if they stay closed, and what happened."""
        try:
            opened = open_mle_message(self._keyring, envelope, ends, addresses, pan_id=pan_id)
        except SecurityError as error:
            return None, _unopened(error)
        return opened.octets, _opened(opened)


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
