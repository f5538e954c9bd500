"""Protocol parameters of selective fragment recovery (RFC 8931 §7.1), as a network has them."""

from dataclasses import dataclass

from lowpan.errors import FieldOutOfRange
from lowpan.wire.recoverable_fragment import LARGEST_FRAGMENT, MOST_SEQUENCES

INTER_FRAME_GAP = 20_000
"""Microseconds between two frames to a next hop: a full frame, its backoff and acknowledgment take
7 ms at 250 kbit/s; after three times that it is beyond the next hop and what that one disturbs.
The RFC has no number; 0 where hops do not share a channel."""
MIN_ARQ_TIMEOUT = 350_000
"""Microseconds; "MUST be more than the maximum expected round-trip time": 20 hops and back."""
OPT_ARQ_TIMEOUT = 700_000
"""Microseconds to begin with, until a round trip has been measured."""
MAX_ARQ_TIMEOUT = 2_800_000
"""Microseconds; several times less than what a receiver waits, which is about a minute."""
MAX_FRAG_RETRIES = 3
"""How often a fragment is sent again: the RFC's recommendation."""
MAX_DATAGRAM_RETRIES = 1
"""How often a datagram is begun anew: the RFC's recommendation."""
MAX_FRAGMENT_SIZE = 511
"""Octets; below 512 where sizes are in octets.  The room of a frame is mostly less."""


@dataclass(frozen=True, slots=True)
class RecoveryParameters:
    """What the nodes of a network agree on; times are microseconds, sizes octets.

    Raises FieldOutOfRange where the RFC has a bound.
    """

    max_fragment_size: int = MAX_FRAGMENT_SIZE
    """1..1023, at most what fits on every link of a path."""
    inter_frame_gap: int = INTER_FRAME_GAP
    min_arq_timeout: int = MIN_ARQ_TIMEOUT
    opt_arq_timeout: int = OPT_ARQ_TIMEOUT
    max_arq_timeout: int = MAX_ARQ_TIMEOUT
    max_frag_retries: int = MAX_FRAG_RETRIES
    max_datagram_retries: int = MAX_DATAGRAM_RETRIES
    min_window_size: int = 1
    """Fragments sent before an acknowledgment is waited for, where there is congestion."""
    opt_window_size: int = MOST_SEQUENCES
    """The same to begin with: all, on half-duplex radios; 3 on full-duplex ones."""
    max_window_size: int = MOST_SEQUENCES
    """1..32, as the two above."""
    use_ecn: bool = True
    """Congestion that an acknowledgment tells of halves the window."""
    confirm_first: bool = True
    """Wait until the first fragment is acknowledged, and with it the path: without, its loss
    anywhere costs the datagram, since no other fragment can be forwarded."""

    @property
    def late_period(self) -> int:
        """How long a datagram that is done is remembered: the RFC's "short timer" (§6, §6.2).

        As long as a sender that missed the last acknowledgment goes on asking for another.
        """
        return (1 + self.max_frag_retries) * self.max_arq_timeout

    def __post_init__(self) -> None:
        """Refuse what cannot work; "MUST be at least 1 and less than 33" for windows."""
        windows = 1, self.min_window_size, self.opt_window_size, self.max_window_size
        timeouts = 1, self.min_arq_timeout, self.opt_arq_timeout, self.max_arq_timeout
        if sorted(windows) != list(windows) or self.max_window_size > MOST_SEQUENCES:
            raise FieldOutOfRange(f"windows of {windows[1:]} fragments")
        if sorted(timeouts) != list(timeouts):
            raise FieldOutOfRange(f"timeouts of {timeouts[1:]} us")
        if not 1 <= self.max_fragment_size <= LARGEST_FRAGMENT:
            raise FieldOutOfRange(f"fragments of {self.max_fragment_size} octets")
        if min(self.max_frag_retries, self.max_datagram_retries, self.inter_frame_gap) < 0:
            raise FieldOutOfRange("a negative number of retries, or gap")
