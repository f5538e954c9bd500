"""Keys of a Thread network: two from its network key and sequence, one that everybody knows."""

import hmac

MLE_AND_MAC_OCTETS = 16
KEY_SEQUENCES = 1 << 32
"""A key sequence counter is 0 .. KEY_SEQUENCES - 1."""
KEY_INDEXES = 128
"""After so many key sequences the key index is the same again."""

ANNOUNCE_KEY = bytes.fromhex("78581686fdb4580fb092546aecbd1566")
"""The well-known key of frames with key identifier mode 2: it is printed, it protects nothing."""
ANNOUNCE_NONCE_ADDRESS = bytes.fromhex("3506feb823d48712")
"""Stands in the nonce of such frames for the sender's extended address."""
ANNOUNCE_KEY_SOURCE = b"\xff\xff\xff\xff"
ANNOUNCE_KEY_INDEX = 0xFF


def derive(network_key: bytes, key_sequence: int) -> tuple[bytes, bytes]:
    """Return the MLE key and the MAC key of `key_sequence` (Thread specification §7.1.4)."""
    message = key_sequence.to_bytes(4, "big") + b"Thread"
    digest = hmac.digest(network_key, message, "sha256")
    return digest[:MLE_AND_MAC_OCTETS], digest[MLE_AND_MAC_OCTETS:]


def key_index(key_sequence: int) -> int:
    """Return the key index, 1..128, under which frames name `key_sequence`."""
    return key_sequence % KEY_INDEXES + 1
