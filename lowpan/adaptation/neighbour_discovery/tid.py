"""Transaction IDs: which of two registrations is the fresher one (RFC 8505 §5.2, RFC 6550 §7.2).

A counter starts at 240, goes on to 255, and from there around in 0..127; so that one which starts
again is told from one that has gone on.
"""

FIRST_TID = 240
SEQUENCE_WINDOW = 16
"""Farther apart than this, two values say nothing about their order."""

_LOLLIPOP = 128


def next_tid(tid: int) -> int:
    """Return the transaction ID after `tid`."""
    tid += 1
    return tid % 256 if tid > _LOLLIPOP else tid % _LOLLIPOP


def is_older(tid: int, known: int) -> bool:
    """Tell whether `tid` comes before `known`; not if that cannot be told (RFC 6550 §7.2)."""
    straight, known_straight = tid >= _LOLLIPOP, known >= _LOLLIPOP
    if straight and not known_straight:
        return 256 + known - tid <= SEQUENCE_WINDOW
    if known_straight and not straight:
        return 256 + tid - known > SEQUENCE_WINDOW
    distance = known - tid if straight else (known - tid) % _LOLLIPOP
    return 0 < distance <= SEQUENCE_WINDOW
