"""One node: the engines of its layers wired together, one inbox, one list of actions."""

from lowpan.adaptation.layer import Ends
from lowpan.adaptation.neighbour_discovery.actions import SendMessage
from lowpan.adaptation.neighbour_discovery.information import Prefix
from lowpan.mac.management_service import Answer, ManagementAction
from lowpan.mac.polling import ParentLost
from lowpan.mac.service import BROADCAST, Configure, LinkAction, Transmit
from lowpan.mesh.service import FrameHeard, FrameSent, MeshAction
from lowpan.node.addresses import OwnAddress
from lowpan.node.in_clear import protects_itself
from lowpan.node.ipv6 import Ipv6Action, NeighbourDiscoveryReceived, SendDatagram
from lowpan.node.layers import Layers
from lowpan.node.lowpan_link import (
    DatagramArrived,
    DatagramUndelivered,
    LowpanAction,
    NeighbourSilent,
)
from lowpan.node.mesh_side import ForNode, MeshDatagram, MeshTold
from lowpan.node.neighbourhood import Depart, NeighbourAction, Unresolvable
from lowpan.node.pan_side import PlaceNews, SleepOrder
from lowpan.node.service import (
    AddressChanged,
    Discard,
    Endpoint,
    IpAction,
    UdpReceived,
)
from lowpan.radio import (
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
)
from lowpan.wire.addresses import ALL_ROUTERS, Context, is_multicast
from lowpan.wire.icmpv6 import ICMPV6, Echo
from lowpan.wire.ipv6 import IPV6_HEADER_OCTETS, MTU

NodeAction = LinkAction | Answer | IpAction | MeshTold


class Node(Layers):
    """A host on an IEEE 802.15.4 link, from frames to UDP.

    `radio` says who we are (with an extended address) and on which channel; `capabilities` what
    the radio does by itself.  Every input returns the actions that it causes, in order: those of
    lowpan.mac.service are for the radio, those of lowpan.node.service for whoever runs the node.
    `now` is microseconds.
    """

    # What whoever runs it asks

    def start(self, *, now: int) -> list[NodeAction]:
        """Tune the radio and take up our link-local addresses."""
        actions: list[NodeAction] = [Configure(self.link.radio)]
        made = self.own.take_up(self._extended, self.link.short_address, self.link.radio.pan_id)
        actions += [AddressChanged(address, ready=True) for address in made]
        if self.discovery.router is not None:
            self.own.join(ALL_ROUTERS)
        solicited = self._pan.look_for_routers(now=now)
        actions += self._from_neighbourhood(solicited, now)
        if self.mesh is not None:
            actions += self._from_mesh(self.mesh.start(self.link.radio, now=now), now)
        return actions

    def configure(self, radio: RadioSettings) -> list[NodeAction]:
        """Be known by another short address or PAN ID, or be on another channel."""
        return [*self._pan.configure(radio)]

    def manage(self, actions: list[ManagementAction], *, now: int) -> list[NodeAction]:
        """Take what `management` answered to whoever runs us: a scan, a way into a PAN."""
        self._pan.heed_sleepers()
        return self._from_lowpan(self.lowpan.take(actions, now), now)

    def add_address(
        self, address: bytes, link_address: bytes, *, now: int, prefix_length: int = 64
    ) -> list[NodeAction]:
        """Have `address` (16 octets) too, whose frames are from and to `link_address`.

        It is ready at once; check_address() asks first.  FieldOutOfRange: there are too many.
        """
        self.own.add(OwnAddress(address, prefix_length, link_address))
        return [AddressChanged(address, ready=True)]

    def check_address(self, own: OwnAddress, *, now: int) -> list[NodeAction]:
        """Have `own` too once it is found to be nobody else's; AddressChanged tells.

        Raises FieldOutOfRange if there are too many.
        """
        return self._from_neighbourhood(self.neighbourhood.check_address(own, now=now), now)

    def remove_address(self, address: bytes, *, now: int) -> list[NodeAction]:
        """Have `address` (16 octets) no longer; harmless if it is not ours."""
        return self._from_neighbourhood(self.neighbourhood.remove_address(address, now=now), now)

    def announce_prefix(self, prefix: Prefix, *, now: int) -> list[NodeAction]:
        """Offer a prefix to the network whose border router we are; raise FieldOutOfRange."""
        announced = self.neighbourhood.announce_prefix(prefix, now=now)
        return self._from_neighbourhood(announced, now)

    def announce_context(self, identifier: int, context: Context, *, now: int) -> list[NodeAction]:
        """Vouch for a context, 0..15, of that network; raise FieldOutOfRange."""
        announced = self.neighbourhood.announce_context(identifier, context, now=now)
        return self._from_neighbourhood(announced, now)

    def send_datagram(self, datagram: bytes, *, now: int) -> list[NodeAction]:
        """Send a whole IPv6 datagram, as the operating system made it."""
        if len(datagram) < IPV6_HEADER_OCTETS or datagram[0] >> 4 != 6:
            return [self.ipv6.discard(Discard.MALFORMED, datagram, "no IPv6 datagram")]
        return self._send(datagram, now)

    def send_udp(
        self,
        payload: bytes,
        local: Endpoint,
        remote: Endpoint,
        *,
        now: int,
        hop_limit: int | None = None,
    ) -> list[NodeAction]:
        """Send a UDP datagram from a port that is open; raise FieldOutOfRange."""
        return self._handle(self.ipv6.send_udp(payload, local, remote, hop_limit=hop_limit), now)

    def send_echo_request(
        self,
        echo: Echo,
        destination: bytes,
        *,
        now: int,
        source: bytes = b"",
        hop_limit: int | None = None,
    ) -> list[NodeAction]:
        """Ask `destination` (16 octets) for an echo; raise FieldOutOfRange."""
        sent = self.ipv6.send_echo_request(echo, destination, source=source, hop_limit=hop_limit)
        return self._handle(sent, now)

    def carry_out(self, actions: list[MeshAction], *, now: int) -> list[NodeAction]:
        """Do what a caller's own call of the mesh engine has returned."""
        return [] if self.mesh is None else self._from_mesh(self.mesh.carry_out(actions), now)

    # What the radio reports

    def receive_frame(self, received: ReceivedFrame, *, now: int) -> list[NodeAction]:
        """Take a frame as it came from the radio."""
        return self._from_lowpan(self.lowpan.receive_frame(received, now=now), now)

    def transmit_done(self, outcome: TransmitOutcome, *, now: int) -> list[NodeAction]:
        """Take what became of the last Transmit."""
        return self._from_lowpan(self.lowpan.transmit_done(outcome, now=now), now)

    def energy_measured(self, dbm: float, *, now: int) -> list[NodeAction]:
        """Take the answer to a MeasureEnergy."""
        return self.manage(self.management.energy_measured(dbm, now=now), now=now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        lowpan, upper = self.lowpan.next_deadline(), self.neighbourhood.next_deadline()
        mesh = None if self.mesh is None else self.mesh.next_deadline()
        if mesh is not None and (upper is None or mesh < upper):
            upper = mesh
        if lowpan is None or upper is None:
            return upper if lowpan is None else lowpan
        return min(lowpan, upper)

    def handle_deadline(self, *, now: int) -> list[NodeAction]:
        """Do what is due; most often that is the link layer's alone."""
        actions = self._from_lowpan(self.lowpan.handle_deadline(now=now), now)
        upper = self.neighbourhood.next_deadline()
        if upper is not None and upper <= now:
            due = self.neighbourhood.handle_deadline(now=now)
            actions += self._from_neighbourhood(due, now)
        mesh = None if self.mesh is None else self.mesh.next_deadline()
        if self.mesh is not None and mesh is not None and mesh <= now:
            actions += self._from_mesh(self.mesh.handle_deadline(now=now), now)
        return actions

    # From layer to layer

    def _from_lowpan(self, actions: list[LowpanAction], now: int) -> list[NodeAction]:
        """Take datagrams that came, or did not go; what is for the radio goes straight through."""
        done: list[NodeAction] = []
        for action in actions:
            if isinstance(action, Transmit):
                done.append(action)
            elif isinstance(action, DatagramArrived):
                done += self._arrived(action, now)
            elif isinstance(action, (FrameHeard, FrameSent)):
                if self.mesh is not None:
                    noted = self.mesh.note(action, now=now)
                    if noted:
                        done += self._from_mesh(noted, now)
            elif isinstance(action, DatagramUndelivered):
                done += self._undelivered(action, now)
            elif isinstance(action, NeighbourSilent):
                suspected = self.neighbourhood.suspect_at(action.link_address, now=now)
                done += self._from_neighbourhood(suspected, now)
            elif self.mesh is not None and isinstance(action, ParentLost):
                done += self._from_mesh(self.mesh.parent_lost(now=now), now)
            else:
                if isinstance(action, PlaceNews):
                    news = self._pan.take(action, now=now)
                    done += self._from_neighbourhood(news, now)
                done.append(action)
        return done

    def _arrived(self, arrived: DatagramArrived, now: int) -> list[NodeAction]:
        """Give IPv6 a datagram; in clear where we have keys, nothing but what protects itself."""
        datagram, ends = arrived.datagram, arrived.ends
        if self._secured and not ends.security_level and not protects_itself(datagram):
            return [self.ipv6.discard(Discard.IN_CLEAR, datagram)]
        return self._handle(self.ipv6.receive_datagram(datagram, ends, now=now), now)

    def _undelivered(self, lost: DatagramUndelivered, now: int) -> list[NodeAction]:
        done: list[NodeAction] = [self.ipv6.discard(lost.discard, lost.datagram, lost.reason)]
        if lost.discard is Discard.NO_PAN:
            done += self.ipv6.undeliverable(lost.datagram)
        if lost.silent is not None:
            suspected = self.neighbourhood.suspect(lost.silent, now=now)
            done += self._from_neighbourhood(suspected, now)
        return done

    def _handle(self, actions: list[Ipv6Action], now: int) -> list[NodeAction]:
        """Do what IPv6 asks, and pass on what it tells."""
        done: list[NodeAction] = []
        for action in actions:
            if isinstance(action, SendDatagram):
                done += self._send(action.datagram, now)
            elif isinstance(action, NeighbourDiscoveryReceived):
                message = self.neighbourhood.receive_message(action, now=now)
                done += self._from_neighbourhood(message, now)
            elif self.mesh is not None and isinstance(action, UdpReceived):
                if action.local.port in self.mesh.ports:
                    done += self._from_mesh(self.mesh.receive(action, now=now), now)
                else:
                    done.append(action)
            else:
                done.append(action)
        return done

    def _from_mesh(self, actions: list[ForNode], now: int) -> list[NodeAction]:
        """Send what the mesh engine wants sent, and be whom it wants us to be."""
        done: list[NodeAction] = []
        for action in actions:
            if isinstance(action, MeshDatagram):
                done += self._send_for_mesh(action, now)
            elif isinstance(action, Configure):
                done += self.configure(action.settings)
            elif isinstance(action, SleepOrder):
                done += self.manage(self._pan.carry_out(action, now=now), now=now)
            else:
                done.append(action)
        return done

    def _send_for_mesh(self, sent: MeshDatagram, now: int) -> list[NodeAction]:
        if sent.link_address is None:
            return self._send(sent.datagram, now)
        departed = self.lowpan.send_message(
            sent.datagram,
            self._extended,
            sent.link_address,
            protection=sent.protection,
            channel=sent.channel,
            now=now,
        )
        return self._from_lowpan(departed, now)

    def _from_neighbourhood(self, actions: list[NeighbourAction], now: int) -> list[NodeAction]:
        """Send what neighbour discovery wants sent, or give it up."""
        done: list[NodeAction] = []
        for action in actions:
            match action:
                case Depart():
                    done += self._depart(action.datagram, action.link_address, action.next_hop, now)
                case SendMessage():
                    done += self._send_message(action, now)
                case Unresolvable():
                    done.append(self.ipv6.discard(action.discard, action.datagram))
                    if action.discard is Discard.NO_NEIGHBOUR:
                        done += self.ipv6.undeliverable(action.datagram)
                case _:
                    done.append(action)
        return done

    def _send_message(self, send: SendMessage, now: int) -> list[NodeAction]:
        message = ICMPV6.encode(send.message)
        datagram = self.ipv6.icmpv6_datagram(message, send.source, send.destination, send.hop_limit)
        if send.link_destination is None:
            return self._send(datagram, now)
        return self._depart(datagram, send.link_destination, send.destination, now)

    # Outwards

    def _send(self, datagram: bytes, now: int) -> list[NodeAction]:
        """Find the next hop of a datagram, and its link address."""
        if len(datagram) > MTU:
            return self._handle(self.ipv6.too_big(datagram), now)
        destination = datagram[24:40]
        via = None if self.mesh is None else self.mesh.next_link_address(destination)
        to_group = is_multicast(destination)
        if via is not None and (to_group or not self.own.is_ours(destination)):
            return self._send_via(datagram, via, now)
        if to_group:
            return self._depart(datagram, BROADCAST, destination, now)
        if self.own.is_ours(destination):
            looped = self.ipv6.receive_datagram(datagram, Ends(b"", b"", 7), now=now)
            return self._handle(looped, now)
        next_hop = self.neighbourhood.next_hop(destination)
        if next_hop is None:
            return self._handle(self.ipv6.no_route(datagram, now=now), now)
        sent = self.neighbourhood.send_over(datagram, next_hop, now=now)
        return self._from_neighbourhood(sent, now)

    def _send_via(self, datagram: bytes, via: bytes, now: int) -> list[NodeAction]:
        """Give a datagram to who knows the way, a multicast as the mesh spreads it."""
        spread = datagram if self.mesh is None else self.mesh.spread(datagram)
        if len(spread) > MTU:
            return [self.ipv6.discard(Discard.TOO_BIG, datagram)]
        return self._depart(spread, via, spread[24:40], now)

    def _depart(
        self, datagram: bytes, destination: bytes, next_hop: bytes, now: int
    ) -> list[NodeAction]:
        """Put a datagram into frames, and begin to send them if nothing is being sent."""
        own = self.own.get(datagram[8:24])
        source = own.link_address if own is not None else self._extended
        sent = self.lowpan.send_datagram(datagram, source, destination, next_hop, now=now)
        return self._from_lowpan(sent, now)
