"""Security of MLE: messages sealed and opened, under the rules that no code may bend.

Its keys and counters are its own, apart from those of the link layer (draft-kelsey-intarea-mesh-
link-establishment-06 §5, §8, §9).
"""

from collections.abc import Collection
from dataclasses import dataclass

from lowpan.errors import FieldOutOfRange, MalformedFrame, SecurityError, StoreError
from lowpan.mac.ccm_star import LAST_FRAME_COUNTER, MicMismatch, mic_octets_required
from lowpan.mac.counters import COUNTERS_AHEAD, OutgoingCounter, PatientStore
from lowpan.mac.keys import KeyUnavailable, LinkKey
from lowpan.mac.replay import MOST_SENDERS, Freshness, IncomingCounters
from lowpan.mac.service import Drop
from lowpan.mesh.mle_keys import MleKeys
from lowpan.mesh.mle_protection import envelope_of, open_message, seal_message
from lowpan.store import Store
from lowpan.wire.mle import (
    MLE_ENVELOPE,
    MLE_MESSAGE,
    UNSECURED,
    MleCommand,
    MleEnvelope,
    TlvType,
)
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl

THREAD_IN_CLEAR = frozenset({MleCommand.DISCOVERY_REQUEST, MleCommand.DISCOVERY_RESPONSE})
"""What Thread sends without security."""
NEVER_IN_CLEAR = frozenset({TlvType.CHALLENGE, TlvType.RESPONSE, TlvType.LINK_LAYER_FRAME_COUNTER})
"""TLVs that a message without security must not carry (§8)."""


@dataclass(slots=True)
class OpenedMle:
    """A message that may be believed as far as its security level says."""

    message: bytes
    """Command and TLVs, in clear: what MLE_MESSAGE decodes, if it is well formed."""
    sender: bytes
    """Extended address of who sealed it; of who seems to have sent it, without security."""
    security_level: int = 0
    """1..3, 5..7; 0: in clear, anybody can have sent it."""
    key_sequence: int | None = None
    """Thread key sequence of its key; None for other keys."""
    frame_counter: int | None = None
    """None without security."""
    key_fingerprint: str | None = None


@dataclass(slots=True)
class StaleMle:
    """A message whose MIC is right, and which is not new: nothing in it may be believed.

    Somebody replays it, or its sender is honest and our mark is above its counter since a crash of
    ours.  If it has a Response to a challenge of ours that is fresh, MleSecurity.accept_answer()
    makes an OpenedMle of it.  Else all that may be done is to challenge its sender, and to answer
    its Challenge: so it learns of a newer key.
    """

    opened: OpenedMle
    freshness: Freshness
    """REPEATED or OLD."""
    reason: str
    key_is_old: bool = False
    """Its sender is to go on to other keys; its counter does not matter."""

    @property
    def message(self) -> bytes:
        """Return command and TLVs, in clear."""
        return self.opened.message

    @property
    def sender(self) -> bytes:
        """Return the extended address of who sealed it once."""
        return self.opened.sender


@dataclass(slots=True)
class MleRefusal:
    """A message that must go no further, and why."""

    drop: Drop
    reason: str


class MleSecurity:
    """Seals the MLE messages that we send and opens those that we receive.

    The store holds what must survive a crash, and is this node's alone; it may be the one that
    LinkSecurity has.  No counter is used twice with a key, and no message that was accepted is
    accepted again, whatever happens to us.
    """

    def __init__(  # noqa: PLR0913  (bounds, each with its default)
        self,
        extended_address: bytes,
        keys: MleKeys,
        store: Store,
        *,
        level: int = 5,
        counters_ahead: int = COUNTERS_AHEAD,
        most_senders: int = MOST_SENDERS,
    ) -> None:
        """Secure messages at `level`, and take none of another; raise StoreError.

        `extended_address` is ours, 8 octets in display order.  The bounds are those of
        OutgoingCounter and IncomingCounters.
        """
        if len(extended_address) != 8:
            raise FieldOutOfRange(f"an extended address of {len(extended_address)} octets")
        self.extended_address, self.keys, self.level = extended_address, keys, level
        self.mic_octets = mic_octets_required(level)
        self._store, self._ahead = PatientStore(store), counters_ahead
        self._outgoing: dict[str, OutgoingCounter] = {}
        self.incoming = IncomingCounters(self._store, most_senders=most_senders, name="mle/")

    # Sending

    def seal(self, message: bytes, source: bytes, destination: bytes, *, now: int) -> bytes:
        """Return the envelope around `message`, command and TLVs, under a counter of its own.

        `source` and `destination` are the IPv6 addresses of its datagram.  A retransmission is
        sealed anew.  Raises StoreError and SecurityError (CounterExhausted, KeyUnavailable):
        nothing may be sent then.
        """
        name, key = self.keys.identifier, self._own_key()
        security = AuxiliarySecurityHeader(
            SecurityControl(self.level, name.mode),
            self._counter(key).take(now=now),
            name.source,
            name.index,
        )
        ours = self.extended_address
        return seal_message(message, (source, destination), security, key.ccm_star, ours)

    def seal_unsecured(self, message: bytes) -> bytes:
        """Return the envelope around `message` without security: from and to joining devices.

        Raises FieldOutOfRange for what must never be sent so.
        """
        try:
            reason = _refused_in_clear(message)
        except MalformedFrame as error:
            raise FieldOutOfRange(f"no MLE message: {error}") from error
        if reason is not None:
            raise FieldOutOfRange(reason)
        return MLE_ENVELOPE.encode(MleEnvelope(UNSECURED, None, message))

    def next_counter(self, *, now: int) -> int:
        """Return the counter of the next message that is sealed; raises what seal() does."""
        return self._counter(self._own_key()).next(now=now)

    # Receiving

    def open(  # noqa: PLR0913  (a message and its ends)
        self,
        payload: bytes,
        source: bytes,
        destination: bytes,
        sender: bytes,
        *,
        in_clear: Collection[int] = frozenset(),
        now: int,
    ) -> OpenedMle | StaleMle | MleRefusal:
        """Return the message in the envelope `payload` if it is right, allowed and new.

        `source` and `destination` are the IPv6 addresses of its datagram, `sender` the extended
        address of who seems to have sent it.  `in_clear` are the commands that may come without
        security.  First the key, then the MIC, and the counter at last: nothing is remembered of
        a message whose MIC is wrong.
        """
        try:
            envelope = envelope_of(payload)
        except MalformedFrame as error:
            return MleRefusal(Drop.MALFORMED, str(error))
        if len(sender) != 8:
            return MleRefusal(Drop.NO_ADDRESS, "its sender's extended address is not known")
        if envelope.security is None:
            return _take_in_clear(envelope.payload, sender, in_clear)
        opened = self._verify(envelope, envelope.security, (source, destination), sender)
        return self._accept(opened, now) if isinstance(opened, OpenedMle) else opened

    def accept_answer(
        self, stale: StaleMle, *, challenged_at: int, now: int
    ) -> OpenedMle | MleRefusal:
        """Believe a message that is not new by its counter, since it answers our challenge.

        The caller has found a Response in it to a challenge that was sent at `challenged_at` in
        this life of ours, and not answered by this sender yet.  The very same message is never
        believed twice even so, and none under a key that its sender has done with.
        """
        opened = stale.opened
        counter, key = opened.frame_counter, opened.key_fingerprint
        if counter is None or key is None or self._past(opened) is not None:
            return MleRefusal(Drop.REPLAYED, stale.reason)
        try:
            may = self.incoming.establish(
                key, opened.sender, counter, now=now, challenged_at=challenged_at
            )
            if may and self.incoming.accept(key, opened.sender, counter, now=now) is Freshness.NEW:
                return opened
        except StoreError as error:
            return MleRefusal(Drop.STORE, str(error))
        return MleRefusal(Drop.REPLAYED, stale.reason)

    def establish(
        self,
        sender: bytes,
        frame_counter: int,
        *,
        key_fingerprint: str | None = None,
        challenged_at: int | None = None,
        now: int,
    ) -> bool:
        """Accept `sender` from `frame_counter` on, as it has answered our challenge.

        For the MLE Frame Counter TLV in such an answer, OpenedMle.key_fingerprint of which says
        under which key; None: under ours.  See IncomingCounters.establish().
        """
        return self.incoming.establish(
            key_fingerprint or self._own_key().fingerprint,
            sender,
            frame_counter,
            challenged_at=challenged_at,
            now=now,
        )

    def forget_key(self, fingerprint: str) -> None:
        """Forget whom we have heard under a key that is out of use for good; raises StoreError."""
        self.incoming.forget_key(fingerprint)

    def settle(self, *, now: int) -> None:
        """Before an orderly end: let peers be heard at once after the next start."""
        self.incoming.settle(now=now)

    def _refuse_header(self, security: AuxiliarySecurityHeader, sender: bytes) -> MleRefusal | None:
        """Return why the header alone is enough to refuse a message, None if it is not."""
        control = security.control
        if control.security_level != self.level:
            return MleRefusal(Drop.LEVEL, f"security level {control.security_level}, not ours")
        if control.reserved or security.frame_counter is None or control.asn_in_nonce:
            return MleRefusal(Drop.LEVEL, "no frame counter to tell a replay by")
        if security.frame_counter >= LAST_FRAME_COUNTER:
            return MleRefusal(Drop.COUNTER, "its frame counter is the one never used")
        if sender == self.extended_address:
            return MleRefusal(Drop.REPLAYED, "we have sealed it ourselves")
        return None

    def _verify(
        self,
        envelope: MleEnvelope,
        security: AuxiliarySecurityHeader,
        ends: tuple[bytes, bytes],
        sender: bytes,
    ) -> OpenedMle | MleRefusal:
        refusal = self._refuse_header(security, sender)
        if refusal is not None:
            return refusal
        key = self.keys.find(security, sender)
        if key is None:
            return MleRefusal(Drop.NO_KEY, "no key of that name")
        try:
            message = open_message(envelope, ends, key.ccm_star, sender)
        except MicMismatch:
            return MleRefusal(Drop.MIC_BAD, "its MIC is wrong")
        except SecurityError as error:
            return MleRefusal(Drop.MALFORMED, str(error))
        counter = security.frame_counter
        return OpenedMle(message, sender, self.level, key.key_sequence, counter, key.fingerprint)

    def _accept(self, opened: OpenedMle, now: int) -> OpenedMle | StaleMle | MleRefusal:
        """Take the counter of a message whose MIC is right, or say why it is not new."""
        past = self._past(opened)
        if past is not None:
            return StaleMle(opened, Freshness.OLD, past, key_is_old=True)
        key, counter = opened.key_fingerprint or "", opened.frame_counter or 0
        try:
            freshness = self.incoming.accept(key, opened.sender, counter, now=now)
        except StoreError as error:
            return MleRefusal(Drop.STORE, str(error))
        if freshness is Freshness.NEW:
            return opened
        return StaleMle(opened, freshness, f"frame counter {counter} is {freshness.value}")

    def _past(self, opened: OpenedMle) -> str | None:
        """Return why nothing new can come under the key of this message, None if it can."""
        if self.keys.is_too_old(opened.key_sequence):
            return "its key is from before the previous one"
        for later in self.keys.later_keys(opened.key_sequence):
            if self.incoming.knows(later, opened.sender):
                return "its sender has a newer key"
        return None

    def _own_key(self) -> LinkKey:
        key = self.keys.find(self.keys.identifier, b"")
        if key is None:
            raise KeyUnavailable(f"no key of MLE with index {self.keys.identifier.index}")
        return key

    def _counter(self, key: LinkKey) -> OutgoingCounter:
        counter = self._outgoing.get(key.fingerprint)
        if counter is None:
            counter = OutgoingCounter(self._store, key.fingerprint, ahead=self._ahead)
            self._outgoing[key.fingerprint] = counter
        return counter


def _take_in_clear(
    message: bytes, sender: bytes, in_clear: Collection[int]
) -> OpenedMle | MleRefusal:
    if not message or message[0] not in in_clear:
        return MleRefusal(Drop.UNSECURED, "in clear")
    try:
        reason = _refused_in_clear(message)
    except MalformedFrame as error:
        return MleRefusal(Drop.MALFORMED, str(error))
    return OpenedMle(message, sender) if reason is None else MleRefusal(Drop.UNSECURED, reason)


def _refused_in_clear(message: bytes) -> str | None:
    """Return why `message` must not travel in clear, None if it may; raise MalformedFrame."""
    for tlv in MLE_MESSAGE.decode(message).tlvs:
        if tlv.type in NEVER_IN_CLEAR:
            return f"TLV {tlv.type} in clear"
    return None
