"""Opening of secured frames and MLE messages: every key with every address that may fit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from lowpan.capture.keyring import Choice, Identifier, Keyring
from lowpan.errors import SecurityError
from lowpan.mac.ccm_star import MicMismatch, mic_octets_required, nonce
from lowpan.mac.frame_security import SecurableFrame, open_frame, open_octets, source_pan_id
from lowpan.wire.mle import MleEnvelope
from lowpan.wire.security_header import AUXILIARY_SECURITY_HEADER, AuxiliarySecurityHeader


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
    security = _security_of(frame)
    identifier = _identifier(security, source_pan_id(frame))
    in_clear = frame.payload[: open_octets(frame)]

    def attempt(choice: Choice, address: bytes) -> bytes:
        return open_frame(
            frame, psdu, choice.ccm_star, address, absolute_slot_number=absolute_slot_number
        )

    usual = keyring.usual_mac(identifier)
    choices = keyring.mac_choices(identifier)
    opened = _open(security, usual, choices, addresses, attempt)
    if not usual or opened.choice is not usual[0]:
        keyring.mac_verified(identifier, opened.choice)
    if in_clear:
        opened.octets = in_clear + opened.octets
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
    identifier = _identifier(security, pan_id)
    counter, level = security.frame_counter, security.control.security_level
    if counter is None:
        raise SecurityError("the nonce holds the frame counter, which the message leaves out")
    authenticated = b"".join(ends) + AUXILIARY_SECURITY_HEADER.encode(security)
    private = envelope.payload + envelope.mic

    def attempt(choice: Choice, address: bytes) -> bytes:
        return choice.ccm_star.open(nonce(address, counter, level), authenticated, private, level)

    usual = keyring.usual_mle(identifier)
    opened = _open(security, usual, keyring.mle_choices(identifier), addresses, attempt)
    if not usual or opened.choice is not usual[0]:
        keyring.mle_verified(identifier, opened.choice)
    return opened


def _open(
    security: AuxiliarySecurityHeader,
    usual: tuple[Choice, ...],
    choices: Iterable[Choice],
    addresses: Sequence[bytes],
    attempt: Callable[[Choice, bytes], bytes],
) -> Opened:
    """Attempt with each choice and address until the MIC is right."""
    count = 0
    for choice in chain(usual, choices):
        count += 1
        for address in addresses if choice.nonce_address is None else [choice.nonce_address]:
            try:
                return Opened(attempt(choice, address), choice, address)
            except MicMismatch:
                continue
    mic_octets_required(security.control.security_level)
    if not count:
        raise KeyMissing(f"no key for {_described(security)}")
    if not addresses:
        raise AddressMissing("the sender's extended address is not known")
    if usual:
        raise MicMismatch(f"MIC wrong under key {usual[0].key.fingerprint}")
    raise KeyMissing(f"none of {count} keys fits for {_described(security)}")


def _security_of(frame: SecurableFrame) -> AuxiliarySecurityHeader:
    if frame.security is None:
        raise SecurityError("not secured")
    return frame.security


def _identifier(security: AuxiliarySecurityHeader, pan_id: int | None) -> Identifier:
    return security.control.key_identifier_mode, security.key_source, security.key_index, pan_id


def _described(security: AuxiliarySecurityHeader) -> str:
    mode = security.control.key_identifier_mode
    if security.key_index is None:
        return f"key identifier mode {mode}"
    source = "" if security.key_source is None else f", source {security.key_source.hex()}"
    return f"key identifier mode {mode}{source}, index {security.key_index}"
