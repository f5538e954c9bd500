"""A link as IPv6 sees it: datagrams above, IEEE 802.15.4 frames below."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.layer import Adaptation, Ends, Event, weakest
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.service import DataReceived, DataSent, LinkAction
from lowpan.node.outbox import Departing, Outbox
from lowpan.node.service import Discard
from lowpan.radio import ReceivedFrame, TransmitOutcome, TransmitStatus


@dataclass(slots=True)
class DatagramArrived:
    """A whole datagram came over the link."""

    datagram: bytes
    ends: Ends


@dataclass(slots=True)
class DatagramUndelivered:
    """A datagram of ours did not get over the link, and why."""

    datagram: bytes
    discard: Discard
    reason: str = ""
    silent: bytes | None = None
    """The next hop, 16 octets, if it was asked to acknowledge a frame and did not."""


LowpanAction = LinkAction | DatagramArrived | DatagramUndelivered
"""What the link layer asks and tells, except what is taken here, and datagrams."""
Taker = Callable[[Any, int], list[LowpanAction]]
"""Is called with an action of the link layer and `now`."""


class LowpanLink:
    """Link layer and adaptation layer with what waits for the radio between them.

    Inputs return the actions that they cause, in order; `now` is microseconds.  Actions of the
    link layer that somebody here takes come by no more: `takers` says which, and engines beside
    the link layer add theirs (association takes CommandReceived).
    """

    def __init__(
        self, link: LinkLayer, random: Random, *, contexts: ContextTable | None = None
    ) -> None:
        self.link = link
        self.adaptation = Adaptation(random, contexts=contexts)
        self.takers: dict[type[LinkAction], Taker] = {
            DataReceived: self._payload_received,
            DataSent: self._payload_sent,
        }
        """Who takes which actions of the link layer."""
        self._outbox = Outbox()
        self._due: int | None = None
        self._due_changed = True
        """The adaptation layer has been told something since it was asked when it is due."""

    @property
    def waiting(self) -> int:
        """Return how many datagrams are on their way to the radio."""
        return len(self._outbox)

    def send_datagram(
        self, datagram: bytes, source: bytes, destination: bytes, next_hop: bytes, *, now: int
    ) -> list[LowpanAction]:
        """Put a datagram into frames, and begin to send them if nothing is being sent.

        `source` and `destination` are link-layer addresses, 2 or 8 octets, `next_hop` is whose the
        latter is, 16 octets.
        """
        room = self.link.largest_payload(source, destination)
        try:
            payloads = self.adaptation.send_datagram(datagram, source, destination, room=room)
        except (MalformedFrame, FieldOutOfRange) as error:
            return [DatagramUndelivered(datagram, Discard.MALFORMED, str(error))]
        if not self._outbox.put(Departing(datagram, payloads, source, destination, next_hop)):
            return [DatagramUndelivered(datagram, Discard.QUEUE_FULL)]
        return self._hand_over(self._outbox.next_payload(), now)

    # What the radio reports

    def receive_frame(self, received: ReceivedFrame, *, now: int) -> list[LowpanAction]:
        """Take a frame as it came from the radio."""
        return self.take(self.link.receive_frame(received, now=now), now)

    def transmit_done(self, outcome: TransmitOutcome, *, now: int) -> list[LowpanAction]:
        """Take what became of the last Transmit."""
        return self.take(self.link.transmit_done(outcome, now=now), now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        link, upper = self.link.next_deadline(), self._upper_deadline()
        if link is None or upper is None:
            return upper if link is None else link
        return min(link, upper)

    def handle_deadline(self, *, now: int) -> list[LowpanAction]:
        """Do what is due; most often that is the link layer's alone."""
        actions = self.take(self.link.handle_deadline(now=now), now)
        upper = self._upper_deadline()
        if upper is not None and upper <= now:
            actions += self._from_adaptation(self.adaptation.handle_deadline(now=now))
        return actions

    def take(self, actions: list[LinkAction], now: int) -> list[LowpanAction]:
        """Give what the link layer answered to its takers, and pass on the rest."""
        done: list[LowpanAction] = []
        takers = self.takers
        for action in actions:
            taker = takers.get(type(action))
            if taker is None:
                done.append(action)
            else:
                done += taker(action, now)
        return done

    def _upper_deadline(self) -> int | None:
        """Return when something is due above the link layer, which is asked far more often."""
        if self._due_changed:
            self._due = self.adaptation.next_deadline()
            self._due_changed = False
        return self._due

    # Inwards

    def _payload_received(self, data: DataReceived, now: int) -> list[LowpanAction]:
        if data.source is None or data.destination is None:
            return []  # nobody whom a datagram could be from (attacks on elided addresses)
        ends = Ends(data.source, data.destination, data.security_level, data.rssi, data.lqi)
        return self._from_adaptation(self.adaptation.receive_payload(data.payload, ends, now=now))

    def _from_adaptation(self, events: list[Event]) -> list[LowpanAction]:
        self._due_changed = True
        return [
            DatagramArrived(event.datagram, weakest(event.marks))
            for event in events
            if isinstance(event, DatagramReceived)
        ]

    # Outwards

    def _hand_over(
        self, payload: tuple[int, Departing, bytes] | None, now: int
    ) -> list[LowpanAction]:
        if payload is None:
            return []
        handle, departing, octets = payload
        sent = self.link.send_data(
            octets, departing.source, departing.destination, handle=handle, now=now
        )
        return self.take(sent, now)

    def _payload_sent(self, sent: DataSent, now: int) -> list[LowpanAction]:
        """Go on with the next payload, or give up the datagram whose payload was lost."""
        if sent.status is TransmitStatus.SUCCESS:
            following = self._outbox.payload_sent(sent.handle) or self._outbox.next_payload()
            return self._hand_over(following, now)
        departing = self._outbox.give_up(sent.handle)
        if departing is None:
            return []
        silent = departing.next_hop if sent.status is TransmitStatus.NO_ACK else None
        why = f"{sent.status.value} {sent.reason}".rstrip()
        lost = DatagramUndelivered(departing.datagram, Discard.NOT_DELIVERED, why, silent)
        return [lost, *self._hand_over(self._outbox.next_payload(), now)]
