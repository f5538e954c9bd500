"""Datagrams for a line of nodes that recover fragments, air that loses some, and what was sent."""

from collections.abc import Iterator

from lowpan.adaptation.forwarding import Forward
from lowpan.wire.recoverable_fragment import (
    FRAGMENT_ACKNOWLEDGMENT,
    RECOVERABLE_FRAGMENT,
    RecoverableFragment,
    bit_of,
)
from tests.adaptation.hops import A, B, datagram
from tests.adaptation.recovery_line import Fate, RecoveryLine

OCTETS = datagram(bytes(range(250)) * 2)
"""To D, in six fragments."""
NEAR = datagram(bytes(range(250)) * 2, destination=B)
"""To B, in six fragments."""
ALL = bit_of(0) | bit_of(1) | bit_of(2) | bit_of(3) | bit_of(4) | bit_of(5)


def fragment(payload: bytes) -> RecoverableFragment:
    return RECOVERABLE_FRAGMENT.decode_prefix(payload)[0]


def fragments_of(line: RecoveryLine, here: bytes) -> Iterator[tuple[int, RecoverableFragment]]:
    """Yield when which fragments left a node."""
    for at, sender, forward in line.sent:
        if sender == here and forward.payload[0] & 0xFE == 0xE8:
            yield at, fragment(forward.payload)


def acknowledgments_of(line: RecoveryLine, here: bytes) -> list[tuple[int, int]]:
    """Return when which bitmaps left a node."""
    return [
        (at, FRAGMENT_ACKNOWLEDGMENT.decode(forward.payload).bitmap)
        for at, sender, forward in line.sent
        if sender == here and forward.payload[0] & 0xFE == 0xEA
    ]


def fragment_aborts(forward: Forward) -> bool:
    return forward.payload[0] & 0xFE == 0xE8 and fragment(forward.payload).is_abort


def asked(line: RecoveryLine, here: bytes = A) -> list[tuple[int, int, bool]]:
    return [(at, one.sequence, one.ack_request) for at, one in fragments_of(line, here)]


def losing(*lost: int) -> Fate:
    """Return an air that loses these frames, counted from 0 as they are sent."""
    count = -1

    def fate(*_: bytes) -> list[int]:
        nonlocal count
        count += 1
        return [] if count in lost else [0]

    return fate


def losing_fragments(here: bytes, *sequences: int, times: int = 1) -> Fate:
    """Return an air that loses what `here` sends of these fragments, the first few times."""
    left = dict.fromkeys(sequences, times)

    def fate(sender: bytes, _: bytes, payload: bytes) -> list[int]:
        if sender == here and payload[0] & 0xFE == 0xE8:
            sequence = fragment(payload).sequence
            if left.get(sequence, 0):
                left[sequence] -= 1
                return []
        return [0]

    return fate


def deaf(here: bytes) -> Fate:
    """Return an air on which nothing that `here` sends arrives."""

    def fate(sender: bytes, *_: bytes) -> list[int]:
        return [] if sender == here else [0]

    return fate
