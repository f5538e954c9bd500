"""CCM*: the one cipher of IEEE 802.15.4 and MLE (IEEE 802.15.4-2006 Annex B), and its nonces."""

from collections.abc import Callable
from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception class of this name

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from lowpan.errors import FieldOutOfRange, SecurityError
from lowpan.wire.secret import Secret, fingerprint
from lowpan.wire.security_header import SecurityLevel, mic_octets

KEY_OCTETS = 16
NONCE_OCTETS = 13
MOST_PRIVATE_OCTETS = 0xFFFF
"""Beyond them the count of two octets in each block of CCM* does not go."""
LAST_FRAME_COUNTER = 0xFFFFFFFF
"""Never used and never accepted: a sender that gets there stops until it has a new key."""

_ENC = int(SecurityLevel.ENC)
_MIC_OCTETS = tuple(map(mic_octets, range(8)))
pack_nonce = Struct(">8sIB").pack
"""Address, frame counter, security level: what nonce() checks before."""
_TSCH_SHORT_PREFIX = bytes.fromhex("ba55ec00")


class MicMismatch(SecurityError):
    """The MIC is not that of these octets under this key: another key, or a changed frame."""


class SecurityLevelRefused(SecurityError):
    """A level without a MIC (0 and 4), or none of the eight levels."""


def mic_octets_required(level: int) -> int:
    """Return the octets of the MIC at security `level`; raise SecurityLevelRefused without any."""
    octets = _MIC_OCTETS[level] if 0 <= level < len(_MIC_OCTETS) else 0
    if not octets:
        raise SecurityLevelRefused(f"security level {level} has no MIC")
    return octets


class CcmStarKey:
    """A 128-bit key, ready to open and seal at every security level that has a MIC.

    Levels 1..3 authenticate all octets and hide none, levels 5..7 encrypt the private ones as
    well.  Levels 0 and 4 are refused: nothing tells their octets from forged ones.  The key
    itself is never shown, only its fingerprint.
    """

    __slots__ = ("_ciphers", "_octets")

    def __init__(self, octets: bytes) -> None:
        if len(octets) != KEY_OCTETS:
            raise FieldOutOfRange(f"a key of {len(octets)} octets instead of {KEY_OCTETS}")
        self._octets = Secret(octets)
        self._ciphers: list[AESCCM | None] = [None] * 4

    @property
    def fingerprint(self) -> str:
        """What may be shown of the key; the same for the same octets."""
        return fingerprint(self._octets)

    def __repr__(self) -> str:
        """Show the fingerprint, never the key."""
        return f"CcmStarKey({self.fingerprint})"

    def open(self, nonce: bytes, authenticated: bytes, private_and_mic: bytes, level: int) -> bytes:
        """Return the private octets in clear, or raise SecurityError.

        `nonce` has 13 octets.  `authenticated` are the octets that travel in clear at every level
        (a-data), and `private_and_mic` those behind them, to the last octet of the MIC.
        """
        cipher = self._cipher(level)
        try:
            if level > _ENC:
                if len(private_and_mic) > MOST_PRIVATE_OCTETS:
                    raise SecurityError(f"{len(private_and_mic)} octets are too many for CCM*")
                return cipher.decrypt(nonce, private_and_mic, authenticated)
            end = len(private_and_mic) - _MIC_OCTETS[level]
            if end >= 0:
                private = private_and_mic[:end]
                cipher.decrypt(nonce, private_and_mic[end:], authenticated + private)
                return private
        except InvalidTag:
            pass
        raise MicMismatch("MIC wrong")

    def opener(self, level: int) -> Callable[[bytes, bytes, bytes], bytes] | None:
        """Return the bare cipher of a level that encrypts; None for others.

        It takes nonce, private octets with MIC, and authenticated octets, as open() does in
        another order, and raises `cryptography.exceptions.InvalidTag` where that says MicMismatch:
        for who opens many frames of one sender.
        """
        return self._cipher(level).decrypt if level > _ENC else None

    def seal(self, nonce: bytes, authenticated: bytes, private: bytes, level: int) -> bytes:
        """Return `private` as it travels, with its MIC behind it; raise SecurityError."""
        cipher = self._cipher(level)
        if level < _ENC:
            return private + cipher.encrypt(nonce, b"", authenticated + private)
        if len(private) > MOST_PRIVATE_OCTETS:
            raise SecurityError(f"{len(private)} octets are too many for CCM*")
        return cipher.encrypt(nonce, private, authenticated)

    def apply_key_stream(self, nonce: bytes, octets: bytes) -> bytes:
        """Encrypt or decrypt as level 4 does, without any MIC (Annex B.4, M = 0).

        No frame is opened or sealed this way: it is here so that the printed vectors of level 4
        can be checked.
        """
        first_block = b"\x01" + nonce + b"\x00\x01"  # L = 2; block 0 is the one that hides the MIC
        stream = Cipher(AES(self._octets), CTR(first_block)).encryptor()
        return stream.update(octets) + stream.finalize()

    def _cipher(self, level: int) -> AESCCM:
        """Return the cipher for the length of MIC at `level`; levels n and n + 4 share it."""
        cipher = self._ciphers[level & 3] if 0 < level <= 7 else None
        if cipher is None:
            cipher = AESCCM(self._octets, tag_length=mic_octets_required(level))
            self._ciphers[level & 3] = cipher
        return cipher


def nonce(extended_address: bytes, frame_counter: int, security_level: int) -> bytes:
    """Return the nonce of a frame or MLE message (IEEE 802.15.4-2006 §7.6.3.2).

    `extended_address` is the sender's, 8 octets in display order.  FieldOutOfRange, here and
    below, tells of an address of another length or a number too large.
    """
    if len(extended_address) != 8:
        raise FieldOutOfRange(f"an extended address of {len(extended_address)} octets")
    try:
        return pack_nonce(extended_address, frame_counter, security_level & 7)
    except StructError:
        raise FieldOutOfRange(f"frame counter {frame_counter} does not fit 4 octets") from None


def nonce_2003(extended_address: bytes, frame_counter: int, key_sequence_counter: int) -> bytes:
    """Return the nonce of a frame of version 0: the key sequence counter stands for the level."""
    counters = _octets(frame_counter, 4) + _octets(key_sequence_counter, 1)
    return _checked(extended_address + counters)


def nonce_tsch(extended_address: bytes, absolute_slot_number: int) -> bytes:
    """Return the nonce of a TSCH frame with an extended source address (IEEE 802.15.4-2015)."""
    return _checked(extended_address + _octets(absolute_slot_number, 5))


def nonce_tsch_short(pan_id: int, short_address: bytes, absolute_slot_number: int) -> bytes:
    """Return the nonce of a TSCH frame with a short source address (IEEE 802.15.4-2015)."""
    sender = _TSCH_SHORT_PREFIX + _octets(pan_id, 2) + short_address
    return _checked(sender + _octets(absolute_slot_number, 5))


def _checked(octets: bytes) -> bytes:
    if len(octets) != NONCE_OCTETS:
        raise FieldOutOfRange(f"{len(octets)} octets for a nonce of 13: wrong length of address")
    return octets


def _octets(number: int, count: int) -> bytes:
    try:
        return number.to_bytes(count, "big")
    except OverflowError:
        raise FieldOutOfRange(f"{number} does not fit {count} octets") from None
