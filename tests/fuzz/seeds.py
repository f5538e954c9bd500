"""Seeds: frames that can be changed inside their protection, and sealed again with the right key.

A layer is a run of octets in clear and the function that makes a whole frame of other octets in
their place.  Changed octets so get past MICs and checksums, to the decoders behind them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lowpan.capture.decoded import DecodedFrame, Protection
from lowpan.capture.key_sources import Given, GivenAddress
from lowpan.capture.keys import AnnounceKey, Key, RawKey, ThreadKey
from lowpan.capture.session import open_capture
from lowpan.mac.ccm_star import CcmStarKey, nonce
from lowpan.mac.frame_security import source_pan_id, split_psdu
from lowpan.wire.checksum import checksum
from lowpan.wire.ieee802154 import Frame
from lowpan.wire.ipv6 import ICMPV6
from lowpan.wire.multipurpose import Multipurpose
from lowpan.wire.security_header import AuxiliarySecurityHeader
from tests.fuzz.made import made_frames
from tests.wire.mac_samples import all_samples

CAPTURES = Path(__file__).parent.parent / "captures"
MOST_OF_A_CAPTURE = 400
"""Frames taken of each capture."""

KEYS: tuple[Key, ...] = (
    ThreadKey(bytes.fromhex("00112233445566778899aabbccddeeff")),
    RawKey(bytes.fromhex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf")),
)
ANNOUNCE = AnnounceKey()

Wrap = Callable[[bytes], bytes]


@dataclass(slots=True)
class Layer:
    """Octets of a frame that are in clear once everything around them is off."""

    octets: bytes
    wrap: Wrap
    """Octets in their place -> the whole PSDU, sealed and with right checksums."""


@dataclass(slots=True)
class Seed:
    """A frame without its FCS, and its layers from the outside in."""

    psdu: bytes
    layers: list[Layer] = field(default_factory=list[Layer])


def given() -> Given:
    """Return the keys of all captures, and the addresses that they need from their start."""
    addresses = [
        GivenAddress(pan_id, decoded.frame.source, decoded.protection.nonce_address)
        for path in sorted(CAPTURES.glob("openthread/*.pcap"))
        for decoded in _captured(path)
        if isinstance(decoded.frame, Frame)
        and decoded.frame.source is not None
        and len(decoded.frame.source) == 2
        and decoded.protection is not None
        and decoded.protection.nonce_address is not None
        and (pan_id := source_pan_id(decoded.frame)) is not None
    ]
    return Given(keys=list(KEYS), addresses=sorted(set(addresses)))


@cache
def every_seed() -> tuple[Seed, ...]:
    """Return the seeds: of every capture in order, printed and made ones."""
    captured = [
        seed
        for path in sorted(CAPTURES.glob("*/*.pcap"))
        for decoded in _captured(path)
        if (seed := _seed(decoded)) is not None
    ]
    others = [*all_samples(), *made_frames()]
    return (*captured, *(Seed(psdu, [Layer(psdu, bytes)]) for psdu in others))


def _captured(path: Path) -> Iterator[DecodedFrame]:
    with open_capture(path, keys=KEYS) as capture:
        for decoded in capture:
            if decoded.number > MOST_OF_A_CAPTURE:
                return
            yield decoded


def _seed(decoded: DecodedFrame) -> Seed | None:
    psdu, frame = decoded.received.psdu, decoded.frame
    if not isinstance(frame, Frame | Multipurpose):
        return None
    seed = Seed(psdu, [Layer(psdu, bytes)])
    inside = _payload_layer(decoded, frame, psdu)
    if inside is None:
        return seed
    if frame.security is not None:
        seed.layers += [_header_layer(decoded, frame, psdu, inside.octets), inside]
    if decoded.mle is not None:
        seed.layers += _mle_layers(decoded, inside)
    elif decoded.datagram is not None and decoded.datagram.icmpv6 is not None:
        seed.layers += _icmpv6_layers(decoded, inside)
    return seed


def _cipher(protection: Protection, *, mle: bool) -> CcmStarKey:
    """Return the key that opened something."""
    for key in (*KEYS, ANNOUNCE):
        if key.fingerprint == protection.key:
            if not isinstance(key, ThreadKey):
                return key.ccm_star
            sequence = protection.key_sequence or 0
            return key.mle_key(sequence) if mle else key.mac_key(sequence)
    raise LookupError(protection.key)


def _nonce(protection: Protection, security: AuxiliarySecurityHeader) -> bytes:
    address, counter = protection.nonce_address, security.frame_counter
    assert address is not None
    assert counter is not None
    return nonce(address, counter, security.control.security_level)


def _payload_layer(decoded: DecodedFrame, frame: Frame | Multipurpose, psdu: bytes) -> Layer | None:
    """Return the private payload of a frame; None where it was not opened."""
    if frame.security is None:
        end = len(psdu) - len(frame.payload)
        return Layer(psdu[end:], lambda payload: psdu[:end] + payload)
    protection = decoded.protection
    if protection is None or not protection.key:
        return None
    header, sealed = split_psdu(frame, psdu)
    level = frame.security.control.security_level
    seal, unique = _cipher(protection, mle=False), _nonce(protection, frame.security)
    private = seal.open(unique, header, sealed, level)
    return Layer(private, lambda octets: header + seal.seal(unique, header, octets, level))


def _header_layer(
    decoded: DecodedFrame, frame: Frame | Multipurpose, psdu: bytes, private: bytes
) -> Layer:
    """Return the header of a secured frame: changed, and the MIC right for it."""
    assert frame.security is not None
    assert decoded.protection is not None
    level = frame.security.control.security_level
    seal = _cipher(decoded.protection, mle=False)
    unique = _nonce(decoded.protection, frame.security)
    header = split_psdu(frame, psdu)[0]
    return Layer(header, lambda octets: octets + seal.seal(unique, octets, private, level))


def _mle_layers(decoded: DecodedFrame, around: Layer) -> list[Layer]:
    """Return command and TLVs of a secured MLE message that was opened."""
    mle, datagram = decoded.mle, decoded.datagram
    assert mle is not None
    assert datagram is not None
    security, protection = mle.envelope.security, mle.protection
    if security is None or protection is None or not protection.key:
        return []
    private = mle.envelope.payload + mle.envelope.mic
    begin = around.octets.find(private)
    if decoded.reassembled_from or begin < 0:
        return []
    before = around.octets[:begin]
    header = datagram.payload[1 : len(datagram.payload) - len(private)]
    authenticated = datagram.source + datagram.destination + header
    seal, unique = _cipher(protection, mle=True), _nonce(protection, security)
    level = security.control.security_level
    clear = seal.open(unique, authenticated, private, level)
    return [
        Layer(
            clear,
            lambda octets: around.wrap(before + seal.seal(unique, authenticated, octets, level)),
        )
    ]


def _icmpv6_layers(decoded: DecodedFrame, around: Layer) -> list[Layer]:
    """Return an ICMPv6 message that stands in one frame, its checksum made right again."""
    datagram = decoded.datagram
    assert datagram is not None
    begin = len(around.octets) - len(datagram.payload)
    if decoded.reassembled_from or around.octets[begin:] != datagram.payload:
        return []
    before, ends = around.octets[:begin], (datagram.source, datagram.destination)

    def wrap(octets: bytes) -> bytes:
        unsummed = octets[:2] + b"\0\0" + octets[4:]
        right = checksum(*ends, ICMPV6, unsummed).to_bytes(2, "big")
        return around.wrap(before + octets[:2] + right + octets[4:])

    return [Layer(datagram.payload, wrap)]
