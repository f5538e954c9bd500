"""Nodes that speak MLE with each other, for the tests of its security."""

from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mesh.mle_keys import NamedMleKeys, ThreadMleKeys
from lowpan.mesh.mle_security import MleRefusal, MleSecurity, OpenedMle, StaleMle
from lowpan.store import MemoryStore, Store
from tests.mac.secured import KEY, OTHER_KEY

NETWORK_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
ALICE, BOB, CAROL = (bytes.fromhex(f"020000000000000{number}") for number in "abc")
ALL_NODES = bytes.fromhex("ff02") + bytes(13) + b"\x01"
ADVERTISEMENT = bytes.fromhex("04 0002 1000")


def link_local(extended: bytes) -> bytes:
    """Return the IPv6 address that a node makes of its extended address."""
    return b"\xfe\x80" + bytes(6) + bytes((extended[0] ^ 2,)) + extended[1:]


def table(octets: bytes, index: int = 1) -> KeyTable:
    keys = KeyTable()
    keys.add(KeyIdentifier(1, index), octets)
    return keys


def drafted(address: bytes, store: Store | None = None, *, ahead: int = 10) -> MleSecurity:
    """Return a node of the draft, whose MLE key is not that of its link layer."""
    keys = NamedMleKeys(table(OTHER_KEY), table(KEY))
    return MleSecurity(address, keys, store or MemoryStore(), counters_ahead=ahead)


def thread(address: bytes, key_sequence: int = 0, store: Store | None = None) -> MleSecurity:
    """Return a node of a Thread network."""
    keys = ThreadMleKeys(NETWORK_KEY, key_sequence)
    return MleSecurity(address, keys, store or MemoryStore(), counters_ahead=10)


def said(node: MleSecurity, message: bytes = ADVERTISEMENT, *, now: int = 0) -> bytes:
    """Return `message` to all nodes, as `node` sends it."""
    return node.seal(message, link_local(node.extended_address), ALL_NODES, now=now)


def heard(
    node: MleSecurity, payload: bytes, sender: bytes, *, now: int = 0
) -> OpenedMle | StaleMle | MleRefusal:
    """Return what `node` makes of a message to all nodes."""
    return node.open(payload, link_local(sender), ALL_NODES, sender, now=now)
