"""All datagrams that we send with selective fragment recovery (RFC 8931 §6)."""

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.forwarding import Forward, Hop, Route
from lowpan.adaptation.labels import Labels
from lowpan.adaptation.recoverable_pieces import Pieces, recoverable_pieces
from lowpan.adaptation.recovery_parameters import RecoveryParameters
from lowpan.adaptation.recovery_sender import Link, Outcome, Transfer, TransferEnded
from lowpan.errors import FieldOutOfRange
from lowpan.wire.ipv6 import IPV6_HEADER
from lowpan.wire.recoverable_fragment import NULL_BITMAP, FragmentAcknowledgment

MOST_LINKS = 64
"""Next hops whose window is remembered: neighbours that a node sends through."""

TransferAction = Forward | TransferEnded


class Transfers:
    """Sends datagrams, paces their fragments, and hears what has arrived of them.

    `labels` are those of all that leaves this node; a transfer owns those of its datagrams.
    """

    def __init__(
        self,
        route: Route,
        labels: Labels[object],
        contexts: ContextTable,
        *,
        parameters: RecoveryParameters,
        most: int,
    ) -> None:
        self._route, self._labels, self._contexts = route, labels, contexts
        self._parameters, self._most = parameters, most
        self._transfers: dict[int, Transfer] = {}
        self._links: dict[bytes, Link] = {}  # the one used last is the last one

    def __len__(self) -> int:
        """Return how many datagrams are under way."""
        return len(self._transfers)

    def send(self, datagram: bytes, hop: Hop, *, handle: int, now: int) -> list[TransferAction]:
        """Begin to send; raise as recoverable_pieces() does, and for a handle in use."""
        if handle in self._transfers:
            raise FieldOutOfRange(f"handle {handle} is in use")
        pieces = self._pieces(datagram, hop)
        if not pieces.fragments:
            return [Forward(hop.address, pieces.octets), TransferEnded(handle, Outcome.SENT)]
        if len(self._transfers) >= self._most:
            return [TransferEnded(handle, Outcome.REFUSED)]
        transfer = self._transfers[handle] = Transfer(handle, datagram, self._parameters)
        self._begin(transfer, hop, pieces, now)
        return self._drive(transfer, now)

    def acknowledge(
        self, transfer: Transfer, acknowledgment: FragmentAcknowledgment, *, now: int
    ) -> list[TransferAction]:
        """Take an acknowledgment that came from the next hop of `transfer`."""
        if acknowledgment.bitmap == NULL_BITMAP:
            if transfer.is_established:  # "MUST abort the transmission" (§6.3)
                return [self._end(transfer, Outcome.ABORTED)]
            return self._begin_anew(
                transfer, Outcome.ABORTED, now
            )  # "MAY ... an alternate next hop"
        if transfer.acknowledge(acknowledgment, now=now):
            return [self._end(transfer, Outcome.DELIVERED)]
        return self._drive(transfer, now)

    def first_fragment_failed(self, transfer: Transfer, *, now: int) -> list[TransferAction]:
        """Try another way at once, if the path is not there yet."""
        if transfer.is_established:
            return []
        return self._begin_anew(transfer, Outcome.UNACKNOWLEDGED, now)

    def cancel(self, handle: int, *, now: int) -> list[TransferAction]:
        """Give a datagram up and clear its path; do nothing if it has ended."""
        transfer = self._transfers.get(handle)
        if transfer is None:
            return []
        return [self._abort(transfer, now), self._end(transfer, Outcome.CANCELLED)]

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing waits."""
        return min((transfer.deadline for transfer in self._transfers.values()), default=None)

    def handle_deadline(self, *, now: int) -> list[TransferAction]:
        """Send what is due, and ask again for what was not acknowledged in time."""
        due = [one for one in self._transfers.values() if one.deadline <= now]
        return [action for transfer in due for action in self._drive(transfer, now)]

    def _drive(self, transfer: Transfer, now: int) -> list[TransferAction]:
        actions: list[TransferAction] = []
        while transfer.deadline <= now:
            if transfer.link.free_at > now:
                transfer.deadline = transfer.link.free_at
                break
            fragment = transfer.next_fragment(now=now)
            if fragment is None:
                return actions + self._give_up_path(transfer, now)
            actions.append(Forward(transfer.hop.address, fragment))
            transfer.link.free_at = now + self._parameters.inter_frame_gap
        return actions

    def _give_up_path(self, transfer: Transfer, now: int) -> list[TransferAction]:
        """Do what is left when a fragment has been sent too often."""
        may = transfer.attempts <= self._parameters.max_datagram_retries
        if may and transfer.is_established and self._hop(transfer).address == transfer.hop.address:
            transfer.probe(now=now)
            return self._drive(transfer, now)
        abort = self._abort(transfer, now)
        return [abort, *self._begin_anew(transfer, Outcome.UNACKNOWLEDGED, now)]

    def _hop(self, transfer: Transfer) -> Hop:
        destination = IPV6_HEADER.decode_prefix(transfer.datagram)[0].destination
        return self._route(destination) or transfer.hop

    def _begin_anew(self, transfer: Transfer, outcome: Outcome, now: int) -> list[TransferAction]:
        """Start from scratch under a new tag, by the route of now, unless that was tried enough."""
        if transfer.attempts > self._parameters.max_datagram_retries:
            return [self._end(transfer, outcome)]
        hop = self._hop(transfer)
        try:
            pieces = self._pieces(transfer.datagram, hop)
        except FieldOutOfRange:  # this hop has less room
            return [self._end(transfer, outcome)]
        if not pieces.fragments:
            whole = Forward(hop.address, pieces.octets)
            return [whole, self._end(transfer, Outcome.SENT)]
        self._labels.free(transfer.hop.address, transfer.tag)
        self._begin(transfer, hop, pieces, now)
        return self._drive(transfer, now)

    def _abort(self, transfer: Transfer, now: int) -> Forward:
        transfer.link.free_at = max(transfer.link.free_at, now + self._parameters.inter_frame_gap)
        return Forward(transfer.hop.address, transfer.abort())

    def _begin(self, transfer: Transfer, hop: Hop, pieces: Pieces, now: int) -> None:
        tag = self._labels.give(hop.address, transfer)
        transfer.begin(hop, tag, pieces, self._link(hop.address), now=now)

    def _end(self, transfer: Transfer, outcome: Outcome) -> TransferEnded:
        del self._transfers[transfer.handle]
        self._labels.free(transfer.hop.address, transfer.tag)
        return TransferEnded(transfer.handle, outcome)

    def _pieces(self, datagram: bytes, hop: Hop) -> Pieces:
        largest = self._parameters.max_fragment_size
        return recoverable_pieces(datagram, hop, self._contexts, max_fragment_size=largest)

    def _link(self, next_hop: bytes) -> Link:
        link = self._links.pop(next_hop, None) or Link(self._parameters.opt_window_size)
        if len(self._links) >= MOST_LINKS:
            del self._links[next(iter(self._links))]
        self._links[next_hop] = link
        return link
