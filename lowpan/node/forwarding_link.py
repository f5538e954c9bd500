"""A link whose node passes on what is not for it, below IPv6 (docs/forwarding.md)."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.flood_jitter import FloodJitter
from lowpan.adaptation.forwarding import Deliver, Drop, Forward, Hop
from lowpan.adaptation.fragment_forwarding import FragmentForwarding
from lowpan.adaptation.fragment_recovery import FragmentRecovery, RecoveryAction
from lowpan.adaptation.layer import Ends, weakest
from lowpan.adaptation.mesh_under import MeshUnder
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.adaptation.recovery_sender import Outcome, TransferEnded
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.service import BROADCAST, DataReceived, DataSent
from lowpan.node.lowpan_link import (
    DatagramArrived,
    DatagramUndelivered,
    LowpanAction,
    LowpanLink,
    NeighbourSilent,
)
from lowpan.node.outbox import MOST_DATAGRAMS, Departing
from lowpan.node.service import Discard
from lowpan.node.settings import ForwardingSettings, NodeSettings
from lowpan.radio import TransmitStatus
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch

TRANSFERS_AT_ONCE = 4
"""Datagrams of ours that are sent in recoverable fragments at a time: one whose path is dead does
not hold up the others, and they are not so many that each takes longer than its receiver waits."""
CONGESTED_FROM = 16
"""Payloads of others that wait for the radio when fragments are marked (RFC 8931 §6.2): half of
what one neighbour may have waiting."""

OWN_TAGS = 128
"""Tags around the next one of ours that fragments of others do not get: the next hop could not tell
whose they are.  More datagrams of two frames than go out in a second."""

NeighbourTo = Callable[[bytes], bytes | None]
"""From an IPv6 destination to the link address of its next hop; None for what IPv6 decides on."""

_FRAGMENTS = {Dispatch.FRAG1, Dispatch.FRAGN}


class _Transfer(NamedTuple):
    """A datagram of ours that goes in recoverable fragments, now or when others have gone."""

    datagram: bytes
    hop: Hop


class ForwardingLink(LowpanLink):
    """Has MeshUnder, FragmentRecovery and FragmentForwarding, as far as wanted, below Adaptation.

    What they pass on waits for the radio in a queue with bounds of its own, shared between the
    neighbours that it is from.  They only see frames that the link layer has accepted; and where
    ours go out secured, none that were in clear, which the policy may let through to us.
    """

    def __init__(
        self,
        link: LinkLayer,
        random: Random,
        settings: ForwardingSettings,
        neighbour_to: NeighbourTo,
        *,
        contexts: ContextTable | None = None,
    ) -> None:
        super().__init__(link, random, contexts=contexts)
        self._neighbour_to = neighbour_to
        self.mesh_under: MeshUnder | None = None
        self.fragment_recovery: FragmentRecovery | None = None
        self.fragment_forwarding: FragmentForwarding | None = None
        shared = self.adaptation.contexts
        if settings.mesh_under is not None:
            self.mesh_under = MeshUnder(
                self._addresses(),
                settings.mesh_under,
                random,
                hops_left=settings.hops_left,
                multicast_addresses=settings.multicast_addresses,
            )
        if settings.fragment_recovery is not None:
            self.fragment_recovery = FragmentRecovery(
                self._hop_to,
                random,
                contexts=shared,
                parameters=settings.fragment_recovery,
                congested=lambda _: self._outbox.forwarded >= CONGESTED_FROM,
            )
        if settings.fragment_forwarding:
            self.fragment_forwarding = FragmentForwarding(
                self._hop_to, random, contexts=shared, is_taken=self._is_own_tag
            )
        self._flooded = FloodJitter(random, most_jitter=settings.flood_jitter)
        self.counts: Counter[str] = Counter()
        """Payloads of others, or of no known origin, that we ourselves kept back."""
        self._radio = link.radio
        self._handle = 0
        self._transfers: dict[int, _Transfer] = {}
        self._transfers_waiting: deque[int] = deque()

    @property
    def waiting(self) -> int:
        """Return how many datagrams of ours are on their way to the radio, or to their end."""
        return len(self._outbox) + len(self._transfers)

    @property
    def forwarded(self) -> Mapping[str, Counter[str]]:
        """Return what became of payloads of others, by the engine that counted it."""
        engines = {
            "mesh_under": self.mesh_under,
            "fragment_recovery": self.fragment_recovery,
            "fragment_forwarding": self.fragment_forwarding,
        }
        counts = {name: engine.counts for name, engine in engines.items() if engine is not None}
        return {**counts, "forwarding": self.counts}

    # Ours

    def send_datagram(
        self, datagram: bytes, source: bytes, destination: bytes, next_hop: bytes, *, now: int
    ) -> list[LowpanAction]:
        """Put a datagram into frames to `destination`, or towards it."""
        room = self._room(source, destination, is_certain=True)
        try:
            payloads = self.adaptation.send_datagram(datagram, source, destination, room=room)
        except (MalformedFrame, FieldOutOfRange) as error:
            return [DatagramUndelivered(datagram, Discard.MALFORMED, str(error))]
        if len(payloads) > 1 and destination != BROADCAST and self.fragment_recovery is not None:
            return self._transfer(datagram, self._hop_by(destination), now)
        via = destination
        if self.mesh_under is not None:
            self._keep_up(self.mesh_under)
            sent = [self.mesh_under.originate(one, destination, source) for one in payloads]
            forwards = [one for one in sent if one is not None]
            if not forwards:
                return [DatagramUndelivered(datagram, Discard.NO_ROUTE)]
            via, payloads = forwards[0].next_hop, [one.payload for one in forwards]
        known = next_hop if via == destination else b""
        return self._depart(Departing(datagram, payloads, source, via, known), now)

    def _room(self, source: bytes, destination: bytes, *, is_certain: bool = False) -> int:
        """Return the octets of a payload; `is_certain` if it goes now, by the route of now."""
        if self.mesh_under is None:
            return self.link.largest_payload(source, destination)
        via = self.mesh_under.next_hop(destination) or destination
        room = self.link.largest_payload(source, via)
        if is_certain and via == destination != BROADCAST:
            return room  # to a neighbour without a mesh header
        return room - self.mesh_under.overhead(destination, source)

    def _transfer(self, datagram: bytes, hop: Hop, now: int) -> list[LowpanAction]:
        if len(self._transfers) >= MOST_DATAGRAMS:
            return [DatagramUndelivered(datagram, Discard.QUEUE_FULL)]
        self._handle += 1
        self._transfers[self._handle] = _Transfer(datagram, hop)
        self._transfers_waiting.append(self._handle)
        return self._begin_transfers(now)

    def _begin_transfers(self, now: int) -> list[LowpanAction]:
        recovery = self.fragment_recovery
        assert recovery is not None
        done: list[LowpanAction] = []
        while self._transfers_waiting and recovery.sending < TRANSFERS_AT_ONCE:
            handle = self._transfers_waiting.popleft()
            datagram, hop = self._transfers[handle]
            try:
                begun = recovery.send_datagram(datagram, hop, handle=handle, now=now)
            except (MalformedFrame, FieldOutOfRange) as error:
                del self._transfers[handle]
                done.append(DatagramUndelivered(datagram, Discard.MALFORMED, str(error)))
            else:
                done += self._recovered(begun, b"", now)
        return done

    def _transfer_ended(self, ended: TransferEnded, now: int) -> list[LowpanAction]:
        datagram, _ = self._transfers.pop(ended.handle)
        done: list[LowpanAction] = []
        if ended.outcome not in {Outcome.DELIVERED, Outcome.SENT}:
            why = ended.outcome.value
            done.append(DatagramUndelivered(datagram, Discard.NOT_DELIVERED, why))
        return done + self._begin_transfers(now)

    # Inwards

    def _payload_received(self, data: DataReceived, now: int) -> list[LowpanAction]:
        if data.source is None or data.destination is None:
            return []
        if self._is_foreign(data):
            if _dispatch(data.payload) is Dispatch.MESH:
                self.counts["in clear"] += 1
                return []
            return super()._payload_received(data, now)
        self._due_changed = True
        payload, source, destination = data.payload, data.source, data.destination
        done = self._heard(data)
        if self.mesh_under is not None:
            self._keep_up(self.mesh_under)
            delivered = None
            for action in self.mesh_under.receive_payload(payload, source, destination, now=now):
                if isinstance(action, Deliver):
                    delivered = action
                elif isinstance(action, Forward):
                    done += self._meshed(action, data.source, now)
            if delivered is None:
                return done
            payload, source, destination = delivered
        ends = Ends(source, destination, data.security_level, data.rssi, data.lqi)
        return done + self._received(payload, ends, data.source, now)

    def _received(self, payload: bytes, ends: Ends, by: bytes, now: int) -> list[LowpanAction]:
        """Take a payload to us, or a fragment of what is for others, from the neighbour `by`."""
        source, destination = ends.source, ends.destination
        kind = _dispatch(payload)
        if destination == BROADCAST:  # fragments go from one to one only
            pass
        elif self.fragment_recovery is not None and kind in {Dispatch.RFRAG, Dispatch.RFRAG_ACK}:
            recovered = self.fragment_recovery.receive_payload(
                payload, source, destination, now=now, mark=ends
            )
            return self._recovered(recovered, by, now)
        elif self.fragment_forwarding is not None and kind in _FRAGMENTS:
            done: list[LowpanAction] = []
            delivered = False
            for action in self.fragment_forwarding.receive_payload(
                payload, source, destination, now=now
            ):
                delivered = delivered or isinstance(action, Deliver)
                if isinstance(action, Forward):
                    done += self._forward(action, by, now)
            if not delivered:
                return done
        return self._from_adaptation(self.adaptation.receive_payload(payload, ends, now=now))

    def _recovered(self, actions: list[RecoveryAction], by: bytes, now: int) -> list[LowpanAction]:
        """Do what FragmentRecovery wants done because of the neighbour `by`, or of nobody."""
        self._due_changed = True
        done: list[LowpanAction] = []
        for action in actions:
            match action:
                case Forward():
                    done += self._forward(action, by, now)
                case DatagramReceived():
                    done.append(DatagramArrived(action.datagram, weakest(action.marks)))
                case TransferEnded():
                    done += self._transfer_ended(action, now)
                case _:  # it is counted there
                    pass
        return done

    # Onwards

    def _hop_to(self, destination: bytes) -> Hop | None:
        """Return the hop to an IPv6 address, None for ours and those that are not known."""
        address = self._neighbour_to(destination)
        if address is None:
            return None
        return self._hop_by(address)

    def _hop_by(self, address: bytes) -> Hop:
        """Return the hop to a link-layer address, from the one of ours that all fragments have."""
        source = self._addresses()[0]
        return Hop(address, source, self._room(source, address))

    def _is_own_tag(self, tag: int) -> bool:
        """Tell whether a datagram of ours has `tag`, or soon will, while others are under way."""
        return (tag - self.adaptation.next_tag + OWN_TAGS) & 0xFFFF < 2 * OWN_TAGS

    def _forward(self, forward: Forward, by: bytes, now: int) -> list[LowpanAction]:
        """Send what an engine of fragments has for a neighbour, which may be one by the mesh."""
        if self.mesh_under is None:
            return self._pass_on(forward, forward, by, now)
        source = forward.source or self._addresses()[0]
        meshed = self.mesh_under.originate(forward.payload, forward.next_hop, source)
        if meshed is None:
            return self._not_passed_on(forward, Drop.NO_ROUTE.name, now)
        return self._pass_on(meshed._replace(source=source), forward, by, now)

    def _meshed(self, forward: Forward, by: bytes, now: int) -> list[LowpanAction]:
        """Pass on what has a mesh header; to all, not before some of them may have done so."""
        if forward.next_hop != BROADCAST:
            return self._pass_on(forward, forward, by, now)
        if not self._flooded.put(forward, by, now=now):
            return self._not_passed_on(forward, "QUEUE_FULL", now)
        return []

    def _pass_on(self, sent: Forward, forward: Forward, by: bytes, now: int) -> list[LowpanAction]:
        """Put `sent`, which an engine asked for as `forward`, behind what waits for the radio."""
        source = sent.source or self._addresses()[0]
        if len(sent.payload) > self.link.largest_payload(source, sent.next_hop):
            return self._not_passed_on(forward, "TOO_LONG", now)
        departing = Departing(
            b"", [sent.payload], source, sent.next_hop, b"", forward=forward, previous_hop=by
        )
        sleeper = self.link.sleeper(sent.next_hop)
        if sleeper is not None:
            if not self._sleepers.put(sleeper, departing):
                return self._not_passed_on(forward, "QUEUE_FULL", now)
            return self._hand_over_to(sleeper, now)
        if self._outbox.put(departing) is not None:
            return self._not_passed_on(forward, "QUEUE_FULL", now)
        return self._hand_over(self._outbox.next_payload(), now)

    def _not_passed_on(self, forward: Forward, why: str, now: int) -> list[LowpanAction]:
        """Count it; where nothing makes good for a lost fragment the others are not sent either."""
        self.counts[why] += 1
        if self.fragment_forwarding is not None and _dispatch(forward.payload) in _FRAGMENTS:
            self._due_changed = True
            self.fragment_forwarding.forwarding_failed(forward, now=now)
        return []

    def _go_on(self, sent: DataSent, now: int) -> list[LowpanAction]:
        """Try again what was never on air: who forwards shares the channel with who sends."""
        if sent.status is TransmitStatus.CHANNEL_ACCESS_FAILURE and not sent.transmissions:
            again = self._outbox.again(sent.handle)
            if again is not None:
                return self._hand_over(again, now)
        return super()._go_on(sent, now)

    def _lost(self, departing: Departing, sent: DataSent, now: int) -> list[LowpanAction]:
        forward, silent = departing.forward, sent.status is TransmitStatus.NO_ACK
        if forward is None and departing.next_hop:
            return super()._lost(departing, sent, now)
        done: list[LowpanAction] = [NeighbourSilent(departing.destination)] if silent else []
        if forward is None:
            why = f"{sent.status.value} {sent.reason}".rstrip()
            lost = DatagramUndelivered(departing.datagram, Discard.NOT_DELIVERED, why)
            return [lost, *done]
        done += self._not_passed_on(forward, sent.status.name, now)
        recovery = self.fragment_recovery
        if silent and recovery is not None and _dispatch(forward.payload) is Dispatch.RFRAG:
            failed = recovery.forwarding_failed(forward, now=now)
            done += self._recovered(failed, departing.previous_hop, now)
        return done

    # Time, and who we are

    def _next_upper_deadline(self) -> int | None:
        upper = self.fragment_recovery, self.fragment_forwarding
        engines = self.adaptation, self._flooded, *upper
        deadlines = (engine.next_deadline() for engine in engines if engine is not None)
        return min((one for one in deadlines if one is not None), default=None)

    def _upper_due(self, now: int) -> list[LowpanAction]:
        done = super()._upper_due(now)
        for forward, by in self._flooded.handle_deadline(now=now):
            done += self._pass_on(forward, forward, by, now)
        if self.fragment_forwarding is not None:
            self.fragment_forwarding.handle_deadline(now=now)
        if self.fragment_recovery is not None:
            done += self._recovered(self.fragment_recovery.handle_deadline(now=now), b"", now)
        return done

    def _addresses(self) -> list[bytes]:
        """Return our link-layer addresses, the one that we forward from first."""
        ours = self.link.short_address, self.link.extended_address
        return [address for address in ours if address is not None]

    def _keep_up(self, mesh_under: MeshUnder) -> None:
        """Let the mesh know when we have come by other addresses."""
        if self.link.radio is not self._radio:
            self._radio = self.link.radio
            mesh_under.addresses = self._addresses()


def lowpan_link(
    link: LinkLayer, random: Random, settings: NodeSettings, neighbour_to: NeighbourTo
) -> LowpanLink:
    """Return the link of a node as it is told to be; one that forwards nothing pays nothing."""
    if settings.forwarding is None:
        return LowpanLink(link, random, contexts=settings.contexts)
    return ForwardingLink(
        link, random, settings.forwarding, neighbour_to, contexts=settings.contexts
    )


def _dispatch(payload: bytes) -> Dispatch | None:
    return DISPATCH[payload[0]] if payload else None
