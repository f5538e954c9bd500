"""Seeds: frames that can be changed inside their protection, and sealed again with the right key.

A layer is a run of octets in clear and the function that makes a whole frame of other octets in
their place.  Changed octets so get past MICs and checksums, to the decoders behind them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

from lowpan.capture.decoded import DecodedFrame, Protection
from lowpan.capture.key_sources import Given, GivenAddress
from lowpan.capture.keys import AnnounceKey, Key, RawKey, ThreadKey
from lowpan.capture.session import open_capture
from lowpan.mac.ccm_star import CcmStarKey, nonce
from lowpan.mac.frame_security import source_pan_id, split_psdu
from lowpan.wire.checksum import with_checksum
from lowpan.wire.ieee802154 import Frame
from lowpan.wire.ipv6 import ICMPV6
from lowpan.wire.multipurpose import Multipurpose
from lowpan.wire.security_header import AUXILIARY_SECURITY_HEADER, AuxiliarySecurityHeader
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

Wrap = Callable[[bytes, int], bytes]


@dataclass(slots=True)
class Layer:
    """Octets of a frame that are in clear once everything around them is off."""

    octets: bytes
    wrap: Wrap
    """Octets in their place, frame counter -> the whole PSDU, sealed and with right checksums."""


@dataclass(slots=True)
class Seed:
    """A frame without its FCS, and its layers from the outside in, its whole PSDU first."""

    psdu: bytes
    layers: list[Layer] = field(default_factory=list[Layer])

    def again(self, frame_counter: int) -> bytes:
        """Return the frame as it is, but for its frame counter."""
        inside = self.layers[-1]
        return inside.wrap(inside.octets, frame_counter)


def _bare(octets: bytes) -> Layer:
    return Layer(octets, lambda changed, _: changed)


class Seal:
    """Protection that is put on again, with another frame counter."""

    def __init__(
        self,
        key: CcmStarKey,
        protection: Protection,
        security: AuxiliarySecurityHeader,
        header: bytes,
    ) -> None:
        assert protection.nonce_address is not None
        self._key, self._address = key, protection.nonce_address
        self._level = security.control.security_level
        self._at = header.index(AUXILIARY_SECURITY_HEADER.encode(security)) + 1
        self._counter = security.frame_counter or 0

    def open(self, header: bytes, sealed: bytes, ends: bytes = b"") -> bytes:
        """Return what is private behind `header`, as it was captured."""
        unique = nonce(self._address, self._counter, self._level)
        return self._key.open(unique, ends + header, sealed, self._level)

    def close(self, header: bytes, private: bytes, counter: int, ends: bytes = b"") -> bytes:
        """Return `header` with `counter`, and `private` sealed behind it.

        `ends` are authenticated before them and do not travel: IPv6 addresses.
        """
        at = self._at
        header = header[:at] + counter.to_bytes(4, "little") + header[at + 4 :]
        unique = nonce(self._address, counter, self._level)
        return header + self._key.seal(unique, ends + header, private, self._level)


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
    return (*captured, *(Seed(psdu, [_bare(psdu)]) for psdu in others))


@cache
def _captured(path: Path) -> tuple[DecodedFrame, ...]:
    with open_capture(path, keys=KEYS) as capture:
        return tuple(islice(capture, MOST_OF_A_CAPTURE))


def _seed(decoded: DecodedFrame) -> Seed | None:
    psdu, frame = decoded.received.psdu, decoded.frame
    if not isinstance(frame, Frame | Multipurpose):
        return None
    seed = Seed(psdu, [_bare(psdu)])
    layers = _mac_layers(decoded, frame, psdu)
    if not layers:
        return seed
    inside = layers[-1]
    if frame.security is not None:
        seed.layers += layers
    if decoded.mle is not None:
        seed.layers += _mle_layers(decoded, inside)
    elif decoded.datagram is not None and decoded.datagram.icmpv6 is not None:
        seed.layers += _icmpv6_layers(decoded, inside)
    return seed


def _key(protection: Protection, *, mle: bool) -> CcmStarKey:
    """Return the key that opened something."""
    for key in (*KEYS, ANNOUNCE):
        if key.fingerprint == protection.key:
            if not isinstance(key, ThreadKey):
                return key.ccm_star
            sequence = protection.key_sequence or 0
            return key.mle_key(sequence) if mle else key.mac_key(sequence)
    raise LookupError(protection.key)


def _mac_layers(decoded: DecodedFrame, frame: Frame | Multipurpose, psdu: bytes) -> list[Layer]:
    """Return the header and the private payload of a frame; nothing where it was not opened."""
    if frame.security is None:
        end = len(psdu) - len(frame.payload)
        return [Layer(psdu[end:], lambda payload, _: psdu[:end] + payload)]
    protection = decoded.protection
    if protection is None or not protection.key or frame.security.frame_counter is None:
        return []
    header, sealed = split_psdu(frame, psdu)
    seal = Seal(_key(protection, mle=False), protection, frame.security, header)
    private = seal.open(header, sealed)
    return [
        Layer(header, lambda octets, counter: seal.close(octets, private, counter)),
        Layer(private, lambda octets, counter: seal.close(header, octets, counter)),
    ]


def _mle_layers(decoded: DecodedFrame, around: Layer) -> list[Layer]:
    """Return command and TLVs of a secured MLE message that was opened."""
    mle, datagram = decoded.mle, decoded.datagram
    assert mle is not None
    assert datagram is not None
    security, protection = mle.envelope.security, mle.protection
    if security is None or protection is None or not protection.key:
        return []
    sealed = mle.envelope.payload + mle.envelope.mic
    begin = around.octets.find(datagram.payload)
    if decoded.reassembled_from or begin < 0:
        return []
    before, header = around.octets[: begin + 1], datagram.payload[1 : -len(sealed)]
    ends = datagram.source + datagram.destination
    seal = Seal(_key(protection, mle=True), protection, security, header)
    clear = seal.open(header, sealed, ends)

    def wrap(octets: bytes, counter: int) -> bytes:
        return around.wrap(before + seal.close(header, octets, counter, ends), counter)

    return [Layer(clear, wrap)]


def _icmpv6_layers(decoded: DecodedFrame, around: Layer) -> list[Layer]:
    """Return an ICMPv6 message that stands in one frame, its checksum made right again."""
    datagram = decoded.datagram
    assert datagram is not None
    begin = len(around.octets) - len(datagram.payload)
    if decoded.reassembled_from or around.octets[begin:] != datagram.payload:
        return []
    before, ends = around.octets[:begin], (datagram.source, datagram.destination)

    def wrap(octets: bytes, counter: int) -> bytes:
        right = with_checksum(*ends, ICMPV6, octets, 2) if len(octets) >= 4 else octets
        return around.wrap(before + right, counter)

    return [Layer(datagram.payload, wrap)]
