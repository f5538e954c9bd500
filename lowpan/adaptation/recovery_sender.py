"""The fragmenting endpoint of selective fragment recovery (RFC 8931 §6)."""

from collections import deque
from enum import Enum
from typing import NamedTuple

from lowpan.adaptation.forwarding import Hop
from lowpan.adaptation.recoverable_pieces import Pieces
from lowpan.adaptation.recovery_parameters import RecoveryParameters
from lowpan.wire.recoverable_fragment import (
    FULL_BITMAP,
    RECOVERABLE_FRAGMENT,
    FragmentAcknowledgment,
    RecoverableFragment,
    bit_of,
)


class Outcome(Enum):
    """What became of a datagram that we were given to send."""

    DELIVERED = "acknowledged by its receiver"
    SENT = "sent whole in one frame, which nobody acknowledges"
    UNACKNOWLEDGED = "not acknowledged, however often it was tried"
    ABORTED = "given up by its receiver, or on the way to it"
    CANCELLED = "given up by us"
    REFUSED = "too many datagrams at once"


class TransferEnded(NamedTuple):
    """A datagram of send_datagram() needs no more."""

    handle: int
    outcome: Outcome


class Link:
    """What is known of the way through one next hop."""

    __slots__ = ("free_at", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        """Fragments sent before an acknowledgment is waited for."""
        self.free_at = 0
        """When the next frame may go there."""


class Transfer:
    """One datagram of ours, until it has arrived or is given up.

    Either it waits for the acknowledgment that the fragment `awaited` asked for, or it sends; in
    both cases until `deadline`.
    """

    __slots__ = (
        *("acked", "asked_at", "attempts", "awaited", "datagram", "deadline", "handle", "hop"),
        *("link", "outstanding", "parameters", "pieces", "probing", "queue", "sent", "tag"),
        *("timeout", "tries"),
    )

    def __init__(self, handle: int, datagram: bytes, parameters: RecoveryParameters) -> None:
        self.handle, self.datagram, self.parameters = handle, datagram, parameters
        self.attempts = 0
        self.timeout = parameters.opt_arq_timeout

    def begin(self, hop: Hop, tag: int, pieces: Pieces, link: Link, *, now: int) -> None:
        """Send it from its first fragment on."""
        self.hop, self.tag, self.pieces, self.link = hop, tag, pieces, link
        self.attempts += 1
        self.queue = deque(range(pieces.fragments))
        self.tries = [0] * pieces.fragments
        self.sent = self.acked = 0
        self.outstanding = 0
        self.awaited: int | None = None
        self.probing = False
        self.asked_at, self.deadline = now, now

    def probe(self, *, now: int) -> None:
        """Go on from what has arrived, after too many tries of one fragment.

        "Resend the first fragment with an "X" flag set in order to establish a new path for the
        datagram and obtain the list of fragments that were received" (§6).
        """
        self.attempts += 1
        self.queue = deque([0])
        self.tries = [0] * self.pieces.fragments
        self.outstanding, self.awaited, self.probing = 0, None, True
        self.deadline = now

    @property
    def is_established(self) -> bool:
        """Whether the first fragment has arrived, and so made a path."""
        return bool(self.acked & bit_of(0))

    def next_fragment(self, *, now: int) -> bytes | None:
        """Return what to send next, None if a fragment has been sent too often.

        A timeout is noted here: the fragment that asked in vain is the next one.
        """
        if self.awaited is not None:
            self._back_off()
        sequence = self._choose()
        if self.tries[sequence] > self.parameters.max_frag_retries:
            return None
        self.tries[sequence] += 1
        self.sent |= bit_of(sequence)
        self.outstanding += 1
        asks = (
            self.outstanding >= self.link.window
            or not self.queue
            or (self.parameters.confirm_first and not self.is_established)
        )
        if asks:  # "marks the end of a window" (§6)
            self.awaited, self.asked_at = sequence, now
            self.deadline = now + self.timeout
        else:
            self.deadline = now + self.parameters.inter_frame_gap
        return self._encode(sequence, asks=asks)

    def acknowledge(self, acknowledgment: FragmentAcknowledgment, *, now: int) -> bool:
        """Take a bitmap that is not NULL; tell whether all fragments have arrived."""
        if self.parameters.use_ecn:
            self._adapt_window(congested=acknowledgment.ecn)
        arrived = acknowledgment.bitmap & self.sent
        self.acked = arrived if self.probing and arrived & bit_of(0) else self.acked | arrived
        if acknowledgment.bitmap == FULL_BITMAP or not self._missing():
            return True
        awaited = self.awaited
        if awaited is None or not arrived & bit_of(awaited):
            return False  # the answer to an earlier question
        if self.tries[awaited] == 1:  # else nobody knows which of them it answers
            least, most = self.parameters.min_arq_timeout, self.parameters.max_arq_timeout
            self.timeout = min(max(2 * (now - self.asked_at), least), most)
        self._requeue()
        self.deadline = now
        return False

    def abort(self) -> bytes:
        """Return the pseudo fragment that clears the path up (§6.3)."""
        return RECOVERABLE_FRAGMENT.encode(
            RecoverableFragment(
                ecn=False,
                datagram_tag=self.tag,
                ack_request=False,
                sequence=0,
                fragment_size=0,
                fragment_offset=0,
            )
        )

    def _encode(self, sequence: int, *, asks: bool) -> bytes:
        octets, bounds = self.pieces
        start, end = bounds[sequence], bounds[sequence + 1]
        header = RecoverableFragment(
            ecn=False,
            datagram_tag=self.tag,
            ack_request=asks,
            sequence=sequence,
            fragment_size=end - start,
            fragment_offset=start if sequence else len(octets),
        )
        return RECOVERABLE_FRAGMENT.encode(header) + octets[start:end]

    def _missing(self) -> list[int]:
        return [number for number in range(len(self.tries)) if not self.acked & bit_of(number)]

    def _requeue(self) -> None:
        """Line up what is to be sent, all of it once before any of it again (§6)."""
        missing = self._missing()
        fresh = [number for number in missing if not self.sent & bit_of(number)]
        lost = [number for number in missing if self.sent & bit_of(number)]
        self.queue = deque([*fresh, *lost])
        self.outstanding, self.awaited, self.probing = 0, None, False

    def _choose(self) -> int:
        while self.queue:
            sequence = self.queue.popleft()
            if self.probing or not self.acked & bit_of(sequence):
                break
        else:  # a late acknowledgment took the last of them, and others are missing
            self._requeue()
            sequence = self.queue.popleft()
        while self.queue and self.acked & bit_of(self.queue[-1]):
            self.queue.pop()
        return sequence

    def _back_off(self) -> None:
        """Ask again with the same fragment, and wait twice as long."""
        assert self.awaited is not None
        self.timeout = min(2 * self.timeout, self.parameters.max_arq_timeout)
        self.queue.appendleft(self.awaited)
        self.awaited = None
        self.outstanding = self.link.window

    def _adapt_window(self, *, congested: bool) -> None:
        """Halve the window where there is congestion, and open it slowly where there is none."""
        least, most = self.parameters.min_window_size, self.parameters.max_window_size
        window = self.link.window
        self.link.window = max(window // 2, least) if congested else min(window + 1, most)
