"""Opening of secured frames and MLE messages: every key with every address that may fit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lowpan.capture.keyring import Choice, Identifier, Keyring
from lowpan.errors import SecurityError
from lowpan.mac.ccm_star import MicMismatch, mic_octets_required, nonce
from lowpan.mac.frame_security import (
    SecurableFrame,
    frame_nonce,
    open_frame,
    open_octets,
    security_of,
    source_pan_id,
    split_psdu,
)
from lowpan.mesh.mle_protection import authenticated_octets
from lowpan.wire.mle import MleEnvelope
from lowpan.wire.security_header import AuxiliarySecurityHeader


class KeyMissing(SecurityError):
    """No known key opens this: none has its name, or none of those that have fits."""


class AddressMissing(SecurityError):
    """The nonce holds the sender's extended address, and that is not known."""


@dataclass(slots=True)
class Opened:
    """What was protected, in clear, and under which key it was."""

    octets: bytes
    """The whole payload of a frame; command and TLVs of an MLE message."""
    choice: Choice
    """Key and key sequence; `choice.key.kind` tells whether anybody could have sealed it."""
    nonce_address: bytes
    """The address in the nonce: with most keys the sender's extended address, now certain."""


@dataclass(slots=True)
class _Sealed:
    """What is to be opened, and what is known about its key."""

    security: AuxiliarySecurityHeader
    nonce_of: Callable[[bytes], bytes]
    authenticated: bytes
    private_and_mic: bytes
    usual: tuple[Choice, ...]
    choices: Iterator[Choice]

    def open_with(self, addresses: Sequence[bytes]) -> Opened:
        """Try each key with each address, those that fitted before first."""
        count = 0
        for choice in self._in_order():
            count += 1
            own = choice.nonce_address
            for address in addresses if own is None else (own,):
                try:
                    return Opened(self._octets(choice, address), choice, address)
                except MicMismatch:
                    continue
        raise self._failure(count, addresses)

    def _in_order(self) -> Iterator[Choice]:
        yield from self.usual
        tried = [choice.ccm_star for choice in self.usual]
        for choice in self.choices:
            if choice.ccm_star not in tried:
                yield choice

    def _octets(self, choice: Choice, address: bytes) -> bytes:
        level = self.security.control.security_level
        return choice.ccm_star.open(
            self.nonce_of(address), self.authenticated, self.private_and_mic, level
        )

    def _failure(self, count: int, addresses: Sequence[bytes]) -> SecurityError:
        if not count:
            return KeyMissing(f"no key for {_described(self.security)}")
        if not addresses:
            return AddressMissing("the sender's extended address is not known")
        if self.usual:
            return MicMismatch(f"MIC wrong under key {self.usual[0].key.fingerprint}")
        return KeyMissing(f"none of {count} keys opens {_described(self.security)}")


def open_secured_frame(
    keyring: Keyring,
    frame: SecurableFrame,
    psdu: bytes,
    addresses: Sequence[bytes],
    *,
    absolute_slot_number: int | None = None,
) -> Opened:
    """Return the payload of `frame` in clear, or raise SecurityError.

    `addresses` are the extended addresses that the sender may have, the likely ones first (in
    TSCH also its short one).  MicMismatch says that a key which opened such frames before does
    not open this one, KeyMissing that no key does, AddressMissing that `addresses` is empty.
    """
    security = security_of(frame)
    identifier = _identifier(security, source_pan_id(frame))
    in_clear = open_octets(frame)
    usual = keyring.mac.usual(identifier)
    if usual and addresses:  # the short way, which nearly all frames take
        try:
            asn = absolute_slot_number
            key = usual[0].ccm_star
            private = open_frame(frame, psdu, key, addresses[0], absolute_slot_number=asn)
            payload = frame.payload[:in_clear] + private if in_clear else private
            return Opened(payload, usual[0], addresses[0])
        except MicMismatch:
            pass
    mic_octets_required(security.control.security_level)
    sealed = _Sealed(
        security,
        lambda address: frame_nonce(frame, address, absolute_slot_number),
        *split_psdu(frame, psdu),
        usual,
        keyring.mac_choices(identifier),
    )
    opened = sealed.open_with(addresses)
    keyring.mac_verified(identifier, opened.choice)
    opened.octets = frame.payload[:in_clear] + opened.octets
    return opened


def open_mle_message(
    keyring: Keyring,
    envelope: MleEnvelope,
    ends: tuple[bytes, bytes],
    addresses: Sequence[bytes],
    *,
    pan_id: int | None = None,
) -> Opened:
    """Return command and TLVs of a secured MLE message in clear, or raise SecurityError.

    `ends` are the IPv6 source and destination, which are authenticated with the message (draft-
    kelsey-intarea-mesh-link-establishment-06 §8); `pan_id` is that of the frame around it.
    `addresses` and errors are as in open_secured_frame().
    """
    security = envelope.security
    if security is None:
        raise SecurityError("not secured")
    counter, level = security.frame_counter, security.control.security_level
    if counter is None:
        raise SecurityError("the nonce holds the frame counter, which the message leaves out")
    mic_octets_required(level)
    identifier = _identifier(security, pan_id)
    sealed = _Sealed(
        security,
        lambda address: nonce(address, counter, level),
        authenticated_octets(*ends, security),
        envelope.payload + envelope.mic,
        keyring.mle.usual(identifier),
        keyring.mle_choices(identifier),
    )
    opened = sealed.open_with(addresses)
    keyring.mle_verified(identifier, opened.choice)
    return opened


def _identifier(security: AuxiliarySecurityHeader, pan_id: int | None) -> Identifier:
    return security.control.key_identifier_mode, security.key_source, security.key_index, pan_id


def _described(security: AuxiliarySecurityHeader) -> str:
    mode = security.control.key_identifier_mode
    if security.key_index is None:
        return f"key identifier mode {mode}"
    source = "" if security.key_source is None else f", source {security.key_source.hex()}"
    return f"key identifier mode {mode}{source}, index {security.key_index}"
