"""Security of the link layer: frames sealed and opened, under the rules that no code may bend."""

from dataclasses import dataclass

from lowpan.errors import FieldOutOfRange, SecurityError, StoreError
from lowpan.mac.ccm_star import MicMismatch, mic_octets_required, nonce
from lowpan.mac.counters import COUNTERS_AHEAD, OutgoingCounter, PatientStore
from lowpan.mac.frame_security import (
    SecurableFrame,
    open_frame,
    open_octets,
    seal_frame,
    secured,
    secured_control,
    security_control,
    source_pan_id,
)
from lowpan.mac.header_checks import NO_COUNTER, are_alike, header_fault, shown_key
from lowpan.mac.keys import (
    FIRST_KEY,
    KeyIdentifier,
    KeyTable,
    KeyUnavailable,
    LinkKey,
    is_well_known,
)
from lowpan.mac.peers import Peers
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.replay import MOST_SENDERS, Freshness, IncomingCounters
from lowpan.mac.sealed_headers import SealedHeaders
from lowpan.mac.service import Drop
from lowpan.mac.well_known import WellKnownKey
from lowpan.store import Store
from lowpan.wire.ieee802154 import Frame, FrameType
from lowpan.wire.security_header import AuxiliarySecurityHeader

_CONTROL_AND_COUNTER_OCTETS = 5
_KEY_IDENTIFIER_OCTETS = (0, 1, 5, 9)
"""By key identifier mode."""
_IMPLICIT = KeyIdentifier(0)
_DATA = int(FrameType.DATA)


@dataclass(slots=True)
class Opened:
    """A frame that may be believed as far as its security level says."""

    payload: bytes
    """In clear: payload IEs, command identifier or beacon fields included."""
    extended_source: bytes | None
    """Who sealed it; in clear frames the extended source address if there is one."""
    security_level: int = 0
    """1..3, 5..7; 0: in clear, anybody can have sent it."""
    key_sequence: int | None = None
    """Thread key sequence of its key; None for other keys."""
    key_fingerprint: str | None = None
    """Which key opened it; None for a frame in clear."""


@dataclass(slots=True)
class Refusal:
    """A frame that must go no further, and why."""

    drop: Drop
    reason: str


class LinkSecurity:
    """Seals what we send and opens what we receive.

    The store holds what must survive a crash, and is this node's alone.  No counter is used twice
    with a key, and no frame that was accepted is accepted again, whatever happens to us: see
    OutgoingCounter and IncomingCounters.
    """

    def __init__(  # noqa: PLR0913  (bounds, each with its default)
        self,
        extended_address: bytes,
        keys: KeyTable,
        store: Store,
        *,
        level: int = 5,
        key: KeyIdentifier = FIRST_KEY,
        policy: SecurityPolicy | None = None,
        peers: Peers | None = None,
        counters_ahead: int = COUNTERS_AHEAD,
        most_senders: int = MOST_SENDERS,
        well_known: bool = False,
    ) -> None:
        """Secure frames at `level` with what `key` names in `keys`; raise StoreError.

        `extended_address` is ours, 8 octets in display order.  `policy` is that of the level by
        default.  With `well_known`, data frames under Thread's key that everybody knows are taken
        for what they are: as good as in clear.  The bounds are those of OutgoingCounter and
        IncomingCounters.
        """
        if len(extended_address) != 8:
            raise FieldOutOfRange(f"an extended address of {len(extended_address)} octets")
        self.extended_address, self.keys, self.level = extended_address, keys, level
        self.key = key
        """What frames that we send call their key; to be changed when keys rotate."""
        self.policy = policy or SecurityPolicy.for_level(level)
        self._data_policy = self.policy
        self._seals_data = not self.policy.allows(_DATA, 0)
        self.peers = peers or Peers()
        self.mic_octets = mic_octets_required(level)
        self._headers = SealedHeaders()
        self._store, self._ahead = PatientStore(store), counters_ahead
        self._outgoing: dict[str, OutgoingCounter] = {}
        self.incoming = IncomingCounters(self._store, most_senders=most_senders)
        self.well_known = WellKnownKey(self._store, ahead=counters_ahead)
        self._takes_well_known = well_known
        self._acknowledgments = IncomingCounters(most_senders=most_senders)
        for sender in self.incoming.senders():
            self.peers.verified(sender, None, None)

    def overhead(self, destination: bytes | None, pan_id: int | None = None) -> int:
        """Return by how many octets seal() makes a frame to `destination` longer."""
        mode = self._identifier(destination, pan_id).mode
        return _CONTROL_AND_COUNTER_OCTETS + _KEY_IDENTIFIER_OCTETS[mode] + self.mic_octets

    def wants_sealed(self, frame_type: int, command: int | None = None) -> bool:
        """Tell whether such frames of ours go out sealed: those we would not take in clear."""
        if command is None and frame_type == _DATA and self._data_policy is self.policy:
            return self._seals_data
        return not self.policy.allows(frame_type, 0) and (
            command is None or command not in self.policy.unsecured_commands
        )

    def seal(self, frame: Frame, *, now: int) -> bytes:
        """Return the PSDU of `frame`, which is in clear, sealed under a counter of its own.

        Made for a frame of version 0 is one of version 1.  Where a peer has an implicit key, what
        is for it alone is sealed with that.  If `frame` has a security header already, as an
        Enh-Ack does, that names level and key.  Each call takes a new counter: a retransmission
        is the same PSDU.  Raises StoreError, SecurityError (CounterExhausted, KeyUnavailable) and
        FieldOutOfRange: nothing may be sent then.
        """
        if frame.security is None and SealedHeaders.is_plain(frame):
            return self._seal_plain(frame, now)
        security = frame.security or self._header(frame)
        octets = mic_octets_required(security.control.security_level)
        key = self.keys.find(security, self._extended(frame.destination, frame.destination_pan_id))
        if key is None:
            raise KeyUnavailable(f"no key {shown_key(security)}")
        counter = self._counter(key).take(now=now)
        header = AuxiliarySecurityHeader(
            security.control, counter, security.key_source, security.key_index
        )
        return seal_frame(secured(frame, header, octets), key.ccm_star, self.extended_address)

    def _seal_plain(self, frame: Frame, now: int) -> bytes:
        """Seal a data frame as any other, without encoding its header again."""
        name = self._identifier(frame.destination, frame.destination_pan_id)
        peer = (
            self._extended(frame.destination, frame.destination_pan_id) if not name.mode else None
        )
        key = self.keys.find(name, peer)
        if key is None:
            raise KeyUnavailable(f"no key {shown_key(self._header(frame))}")
        level, counter = self.level, self._counter(key).take(now=now)
        header = self._headers.octets(
            frame, secured_control(frame.control), name, security_control(level, name.mode), counter
        )
        sender = nonce(self.extended_address, counter, level)
        return header + key.ccm_star.seal(sender, header, frame.payload, level)

    def open(self, frame: SecurableFrame, psdu: bytes, *, now: int) -> Opened | Refusal:
        """Return `frame`, which `psdu` decodes to, in clear if it is allowed, right and new.

        First the policy, then the key, the MIC, and the counter at last: nothing is remembered
        of a frame whose MIC is wrong.
        """
        security = frame.security
        if security is None:
            return self._take_in_clear(frame)
        if self._takes_well_known and is_well_known(security.key_source, security.key_index):
            return self._take_well_known(frame, psdu)
        verified = self._refuse_header(frame, security) or self._verify_from(frame, psdu, security)
        if isinstance(verified, Refusal):
            return verified
        refusal = self._refuse_old_key(verified)
        opened = refusal or _accept(self.incoming, verified, now)
        if isinstance(opened, Opened):
            source = frame.source
            short = source if source is not None and len(source) == 2 else None
            self.peers.verified(verified.sender, short, source_pan_id(frame))
        return opened

    def open_acknowledgment(
        self, frame: Frame, psdu: bytes, acknowledged: Frame, *, now: int
    ) -> Opened | Refusal:
        """Return an acknowledgment if it proves that its sender has got `acknowledged`.

        For a sealed frame it must be sealed likewise, by whom the frame was for: everything else
        can be forged, and is Opened only for a frame that was in clear itself.  Its counters are
        separate, since radios make acknowledgments out of order with what waits to be sent; they
        last as long as we do.
        """
        security, asked = frame.security, acknowledged.security
        if security is None:
            if asked is None and not frame.control.security_enabled:
                return Opened(frame.payload, None)
            return Refusal(Drop.UNSECURED, "in clear, for a frame that was not")
        if asked is None or not are_alike(security, asked):
            return Refusal(Drop.UNEXPECTED, "secured unlike the frame that it is for")
        sender = self._extended(acknowledged.destination, acknowledged.destination_pan_id)
        if sender is None:
            return Refusal(Drop.NO_ADDRESS, "its sender's extended address is not known")
        refusal = self._refuse_header(frame, security)
        verified = refusal or self._verify(frame, psdu, security, sender)
        if isinstance(verified, Refusal):
            return verified
        return _accept(self._acknowledgments, verified, now)

    def next_counter(self, *, now: int) -> int:
        """Return the counter that the next frame under `key` will have; raises what seal() does.

        It is for neighbours, which accept nothing below it once they have learnt it.
        """
        return self._counter(self._own_key()).next(now=now)

    def establish(
        self,
        sender: bytes,
        frame_counter: int,
        *,
        key_sequence: int | None = None,
        challenged_at: int | None = None,
        now: int,
    ) -> bool:
        """Accept `sender` from `frame_counter` on, as it has answered our challenge.

        The counter is that of `key`, or of the Thread key of `key_sequence`.  See
        IncomingCounters.establish(); raises StoreError, and KeyUnavailable without that key.
        """
        key = self._own_key() if key_sequence is None else self.keys.thread_key(key_sequence)
        if key is None:
            raise KeyUnavailable(f"no key of sequence {key_sequence}")
        return self.incoming.establish(
            key.fingerprint, sender, frame_counter, challenged_at=challenged_at, now=now
        )

    def forget_key(self, fingerprint: str) -> None:
        """Forget whom we have heard under a key that is out of use for good; raises StoreError."""
        self.incoming.forget_key(fingerprint)
        self._acknowledgments.forget_key(fingerprint)

    def settle(self, *, now: int) -> None:
        """Before an orderly end: let peers be heard at once after the next start."""
        self.incoming.settle(now=now)

    def _take_in_clear(self, frame: SecurableFrame) -> Opened | Refusal:
        if isinstance(frame, Frame) and frame.control.security_enabled:
            return Refusal(Drop.LEVEL, "secured by a suite of the 2003 edition")
        if not self.policy.allows_in_clear(frame):
            return Refusal(Drop.UNSECURED, "in clear")
        source = frame.source
        return Opened(frame.payload, source if source and len(source) == 8 else None)

    def _take_well_known(self, frame: SecurableFrame, psdu: bytes) -> Opened | Refusal:
        """Open what anybody can have sealed: it moves no counter, and proves nothing."""
        try:
            payload = self.well_known.open(frame, psdu)
        except MicMismatch:
            return Refusal(Drop.MIC_BAD, "its MIC is wrong")
        except SecurityError as error:
            return Refusal(Drop.LEVEL, str(error))
        source = frame.source
        return Opened(payload, source if source and len(source) == 8 else None)

    def _refuse_header(
        self, frame: SecurableFrame, security: AuxiliarySecurityHeader
    ) -> Refusal | None:
        fault = header_fault(self.policy, frame.control.frame_type, security)
        return None if fault is None else Refusal(*fault)

    def _verify_from(
        self, frame: SecurableFrame, psdu: bytes, security: AuxiliarySecurityHeader
    ) -> "_Verified | Refusal":
        """Try the extended addresses that may stand behind the source address."""
        source = frame.source
        if source is None:
            return Refusal(Drop.NO_ADDRESS, "no source address")
        if len(source) == 8:
            return self._verify(frame, psdu, security, source)
        refusal = Refusal(Drop.NO_ADDRESS, "nobody is known by its source address")
        for sender in self.peers.candidates(source, source_pan_id(frame)):
            verified = self._verify(frame, psdu, security, sender)
            if isinstance(verified, _Verified):
                return verified
            if refusal.drop in {Drop.NO_ADDRESS, Drop.NO_KEY}:
                refusal = verified
        return refusal

    def _verify(
        self, frame: SecurableFrame, psdu: bytes, security: AuxiliarySecurityHeader, sender: bytes
    ) -> "_Verified | Refusal":
        if sender == self.extended_address:
            return Refusal(Drop.REPLAYED, "we have sealed it ourselves")
        key = self.keys.find(security, sender)
        if key is None:
            return Refusal(Drop.NO_KEY, f"no key {shown_key(security)}")
        try:
            private = open_frame(frame, psdu, key.ccm_star, sender)
            payload = frame.payload[: open_octets(frame)] + private
        except MicMismatch:
            return Refusal(Drop.MIC_BAD, "its MIC is wrong")
        except SecurityError as error:
            return Refusal(Drop.MALFORMED, str(error))
        return _Verified(payload, sender, security, key)

    def _refuse_old_key(self, verified: "_Verified") -> Refusal | None:
        """Refuse what is sealed with the key before one that its sender has used already."""
        for fingerprint in self.keys.later_keys(verified.key.key_sequence):
            if self.incoming.knows(fingerprint, verified.sender):
                return Refusal(Drop.REPLAYED, "its sender has a newer key")
        return None

    def _own_key(self) -> LinkKey:
        key = self.keys.find(self.key, None)
        if key is None:
            raise KeyUnavailable(f"no key with index {self.key.index}")
        return key

    def _extended(self, address: bytes | None, pan_id: int | None) -> bytes | None:
        if address is None or len(address) == 8:
            return address
        return self.peers.extended(address, pan_id)

    def _identifier(self, destination: bytes | None, pan_id: int | None) -> KeyIdentifier:
        if self.keys.are_named:
            return self.key
        peer = self._extended(destination, pan_id)
        return _IMPLICIT if peer is not None and self.keys.has_implicit(peer) else self.key

    def _header(self, frame: Frame) -> AuxiliarySecurityHeader:
        """Return level and key of `frame`, without a counter yet."""
        name = self._identifier(frame.destination, frame.destination_pan_id)
        control = security_control(self.level, name.mode)
        return AuxiliarySecurityHeader(control, None, name.source, name.index)

    def _counter(self, key: LinkKey) -> OutgoingCounter:
        counter = self._outgoing.get(key.fingerprint)
        if counter is None:
            counter = OutgoingCounter(self._store, key.fingerprint, ahead=self._ahead)
            self._outgoing[key.fingerprint] = counter
        return counter


@dataclass(slots=True)
class _Verified:
    """A frame whose MIC is right."""

    payload: bytes
    sender: bytes
    security: AuxiliarySecurityHeader
    key: LinkKey


def _accept(counters: IncomingCounters, verified: _Verified, now: int) -> Opened | Refusal:
    """Take the counter of a frame whose MIC is right, or say why the frame is refused."""
    key, security, counter = verified.key, verified.security, verified.security.frame_counter
    if counter is None:
        return Refusal(Drop.LEVEL, NO_COUNTER)
    try:
        freshness = counters.accept(key.fingerprint, verified.sender, counter, now=now)
    except StoreError as error:
        return Refusal(Drop.STORE, str(error))
    if freshness is not Freshness.NEW:
        drop = Drop.DUPLICATE if freshness is Freshness.REPEATED else Drop.REPLAYED
        return Refusal(drop, f"frame counter {counter} is {freshness.value}")
    level = security.control.security_level
    return Opened(verified.payload, verified.sender, level, key.key_sequence, key.fingerprint)
