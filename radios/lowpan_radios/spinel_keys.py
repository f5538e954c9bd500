"""Keys as a radio co-processor is given them (RCP_MAC_KEY)."""

from dataclasses import dataclass

from construct import GreedyBytes, Int8ub, Int16ul, Struct

from lowpan.schema import Derived, Layout, Sized
from lowpan.wire.secret import Secret, from_secret, to_secret

KEY_ID_MODE_1 = 1 << 3
"""Key identifier mode 1 in its place in the security control field: all that radios take."""


@dataclass(slots=True)
class SpinelKey:
    """One key; its repr() tells no more than its fingerprint."""

    key: Secret
    """16 octets."""


SPINEL_KEY = Layout(
    SpinelKey,
    Sized(Struct("length" / Int16ul), "key" / Derived(GreedyBytes, to_secret, from_secret)),
)


@dataclass(slots=True)
class RcpMacKey:
    """Value of RCP_MAC_KEY: the keys of three key sequences in a row."""

    key_id_mode: int
    """In its place in the security control field: 8 is mode 1."""
    key_index: int
    """Of the current key, 1..128."""
    previous: SpinelKey
    current: SpinelKey
    next: SpinelKey


RCP_MAC_KEY = Layout(
    RcpMacKey,
    Struct(
        "key_id_mode" / Int8ub,
        "key_index" / Int8ub,
        "previous" / SPINEL_KEY,
        "current" / SPINEL_KEY,
        "next" / SPINEL_KEY,
    ),
)
