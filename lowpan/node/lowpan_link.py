"""A link as IPv6 sees it: datagrams above, IEEE 802.15.4 frames below."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.layer import Adaptation, Ends, Event, weakest
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.management import Management
from lowpan.mac.management_service import Answer, ManagementAction
from lowpan.mac.service import BROADCAST, DataReceived, DataSent, LinkAction, LinkProtection
from lowpan.mesh.service import FrameHeard, FrameSent
from lowpan.node.in_clear import comes_whole
from lowpan.node.outbox import Departing, Outbox
from lowpan.node.service import Discard
from lowpan.node.sleeper_box import SleeperBox
from lowpan.radio import ReceivedFrame, TransmitOutcome, TransmitStatus
from lowpan.wire.ieee802154 import FrameType


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


@dataclass(slots=True)
class NeighbourSilent:
    """A neighbour was asked to acknowledge what we passed on, and did not."""

    link_address: bytes


LowpanAction = (
    LinkAction
    | Answer
    | DatagramArrived
    | DatagramUndelivered
    | NeighbourSilent
    | FrameHeard
    | FrameSent
)
"""What the link layer asks and tells, except what is taken here, and datagrams."""
_ABORTED = TransmitStatus.ABORTED
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
        self.management = Management(link, random)
        """What the radio reports goes by it; see manage()."""
        self.adaptation = Adaptation(random, contexts=contexts)
        self.takers: dict[type[ManagementAction], Taker] = {
            DataReceived: self._payload_received,
            DataSent: self._payload_sent,
        }
        """Who takes which actions of the link layer."""
        self.reports_links = False
        """Tell of each frame heard and sent: a mesh engine wants to know."""
        self._outbox = Outbox()
        self._sleepers = SleeperBox()
        self._held: list[tuple[int, Departing, bytes]] = []
        """Payloads whose turn came while the radio was somewhere else."""
        self._due: int | None = None
        self._due_changed = True
        """The adaptation layer has been told something since it was asked when it is due."""

    def manage(self, management: Management) -> None:
        """Have a part in a PAN; `management` is around the same link layer."""
        self.management = management

    @property
    def waiting(self) -> int:
        """Return how many datagrams are on their way to the radio."""
        return len(self._outbox)

    @property
    def forwarded(self) -> Mapping[str, Counter[str]]:
        """Return what became of payloads of others, by the engine that counted it."""
        return {}

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
        return self._depart(Departing(datagram, payloads, source, destination, next_hop), now)

    def send_message(  # noqa: PLR0913  (whose, to whom, how)
        self,
        datagram: bytes,
        source: bytes,
        destination: bytes,
        *,
        protection: LinkProtection,
        channel: int | None = None,
        now: int,
    ) -> list[LowpanAction]:
        """Send a datagram of the link itself to a neighbour or to all, never by a mesh header.

        On another `channel`, if one is given.

        What would protect itself in one frame is secured by the link layer where it takes several:
        in fragments, nobody could tell whose they are.
        """
        room = self.link.largest_payload(source, destination, protection)
        payloads = self.adaptation.send_datagram(datagram, source, destination, room=room)
        if len(payloads) > 1 and protection is LinkProtection.CLEAR:
            protection = LinkProtection.POLICY
            room = self.link.largest_payload(source, destination)
            payloads = self.adaptation.send_datagram(datagram, source, destination, room=room)
        next_hop = datagram[24:40]
        departing = Departing(
            datagram,
            payloads,
            source,
            destination,
            next_hop,
            protection=protection,
            channel=channel,
        )
        return self._depart(departing, now)

    # What the radio reports

    def receive_frame(self, received: ReceivedFrame, *, now: int) -> list[LowpanAction]:
        """Take a frame as it came from the radio."""
        return self.take(self.management.receive_frame(received, now=now), now)

    def transmit_done(self, outcome: TransmitOutcome, *, now: int) -> list[LowpanAction]:
        """Take what became of the last Transmit."""
        return self.take(self.management.transmit_done(outcome, now=now), now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        link, upper = self.management.next_deadline(), self._upper_deadline()
        if link is None or upper is None:
            return upper if link is None else link
        return min(link, upper)

    def handle_deadline(self, *, now: int) -> list[LowpanAction]:
        """Do what is due; most often that is the link layer's alone."""
        actions = self.take(self.management.handle_deadline(now=now), now)
        upper = self._upper_deadline()
        if upper is not None and upper <= now:
            self._due_changed = True
            actions += self._upper_due(now)
        return actions

    def take(self, actions: Sequence[ManagementAction], now: int) -> list[LowpanAction]:
        """Give what the link layer answered to its takers, and pass on the rest."""
        done: list[LowpanAction] = []
        takers = self.takers
        for action in actions:
            taker = takers.get(type(action))
            if taker is None:
                done.append(action)
            else:
                done += taker(action, now)
        if self._held and not self.management.is_busy:
            held, self._held = self._held, []
            for payload in held:
                done += self._hand_over(payload, now)
        return done

    def _upper_deadline(self) -> int | None:
        """Return when something is due above the link layer, which is asked far more often."""
        if self._due_changed:
            self._due = self._next_upper_deadline()
            self._due_changed = False
        return self._due

    # What engines between the two layers do otherwise

    def _next_upper_deadline(self) -> int | None:
        return self.adaptation.next_deadline()

    def _upper_due(self, now: int) -> list[LowpanAction]:
        return self._from_adaptation(self.adaptation.handle_deadline(now=now))

    def _lost(self, departing: Departing, sent: DataSent, now: int) -> list[LowpanAction]:
        """Tell of a datagram whose payload was not delivered."""
        silent = departing.next_hop if sent.status is TransmitStatus.NO_ACK else None
        if self.management.is_out:
            return [DatagramUndelivered(departing.datagram, Discard.NO_PAN)]
        why = f"{sent.status.value} {sent.reason}".rstrip()
        return [DatagramUndelivered(departing.datagram, Discard.NOT_DELIVERED, why, silent)]

    # Inwards

    def _payload_received(self, data: DataReceived, now: int) -> list[LowpanAction]:
        if data.source is None or data.destination is None:
            return []  # nobody whom a datagram could be from (attacks on elided addresses)
        if self._is_foreign(data) and not comes_whole(data.payload):
            self.adaptation.counts["in clear"] += 1
            return []
        heard = data.security_level, data.rssi, data.lqi, data.source_pan_id
        ends = Ends(data.source, data.destination, *heard)
        events = self.adaptation.receive_payload(data.payload, ends, now=now)
        return [*self._heard(data), *self._from_adaptation(events)]

    def _is_foreign(self, data: DataReceived) -> bool:
        """Tell whether anybody can have sent a frame in a network that has a key."""
        security = self.link.security
        return (
            security is not None
            and not data.security_level
            and security.wants_sealed(FrameType.DATA)
        )

    def _heard(self, data: DataReceived) -> list[LowpanAction]:
        sender = data.extended_source
        if not self.reports_links or sender is None:
            return []
        return [FrameHeard(sender, data.rssi, data.security_level > 0, data.key_sequence)]

    def _from_adaptation(self, events: list[Event]) -> list[LowpanAction]:
        self._due_changed = True
        return [
            DatagramArrived(event.datagram, weakest(event.marks))
            for event in events
            if isinstance(event, DatagramReceived)
        ]

    # Outwards

    def _depart(self, departing: Departing, now: int) -> list[LowpanAction]:
        """Queue it, and begin to send if nothing is being sent."""
        sleeper = self.link.sleeper(departing.destination)
        if sleeper is not None and departing.forward is None:
            if not self._sleepers.put(sleeper, departing):
                return [DatagramUndelivered(departing.datagram, Discard.QUEUE_FULL)]
            return self._hand_over_to(sleeper, now)
        given_up = self._outbox.put(departing)
        lost = [DatagramUndelivered(given_up.datagram, Discard.QUEUE_FULL)] if given_up else []
        return lost + self._hand_over(self._outbox.next_payload(), now)

    def _hand_over(
        self, payload: tuple[int, Departing, bytes] | None, now: int
    ) -> list[LowpanAction]:
        if payload is None:
            return []
        if self.management.is_busy:
            self._held.append(payload)
            return []
        handle, departing, octets = payload
        if self.management.is_out:
            return self._payload_sent(DataSent(handle, _ABORTED, 0), now)
        sent = self.management.send_data(
            octets,
            departing.source,
            departing.destination,
            handle=handle,
            now=now,
            protection=departing.protection,
            channel=departing.channel,
        )
        return self.take(sent, now)

    def _hand_over_to(self, sleeper: bytes, now: int) -> list[LowpanAction]:
        """Let the link layer have as many frames of a sleeper as it may hold."""
        done: list[LowpanAction] = []
        while (payload := self._sleepers.next_payload(sleeper)) is not None:
            done += self._hand_over(payload, now)
        return done

    def _payload_sent(self, sent: DataSent, now: int) -> list[LowpanAction]:
        """Go on with the next payload, or give up the datagram whose payload was lost."""
        if self._sleepers.has(sent.handle):
            return self._fetched(sent, now)
        if sent.status is TransmitStatus.NO_ACK and self._outbox.current is not None:
            self.management.not_acknowledged(self._outbox.current.destination, now=now)
        return self._reported(sent) + self._go_on(sent, now)

    def _fetched(self, sent: DataSent, now: int) -> list[LowpanAction]:
        """Go on for the sleeper that has asked for a payload, or did not."""
        delivered = sent.status is TransmitStatus.SUCCESS
        sleeper, lost = self._sleepers.payload_ended(sent.handle, delivered=delivered)
        done = [] if lost is None else self._lost(lost, sent, now)
        return done + self._hand_over_to(sleeper, now)

    def _reported(self, sent: DataSent) -> list[LowpanAction]:
        departing = self._outbox.current if self.reports_links else None
        if departing is None or departing.destination == BROADCAST:
            return []
        acknowledged = sent.status is TransmitStatus.SUCCESS
        transmissions = sent.transmissions
        receiver = departing.destination
        return [FrameSent(receiver, transmissions, acknowledged, sent.acknowledged_secured)]

    def _go_on(self, sent: DataSent, now: int) -> list[LowpanAction]:
        if sent.status is TransmitStatus.SUCCESS:
            following = self._outbox.payload_sent(sent.handle) or self._outbox.next_payload()
            return self._hand_over(following, now)
        departing = self._outbox.give_up(sent.handle)
        if departing is None:
            return []
        lost = self._lost(departing, sent, now)
        return lost + self._hand_over(self._outbox.next_payload(), now)
