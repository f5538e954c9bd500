"""One node: the engines of its layers wired together, one inbox, one list of actions."""

from random import Random

from lowpan.adaptation.layer import Ends
from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    AddressDuplicate,
    LinkAddressKnown,
    NdAction,
    PrefixLost,
    SendMessage,
    Unreachable,
)
from lowpan.adaptation.neighbour_discovery.cache import ACKNOWLEDGED_FOR
from lowpan.adaptation.neighbour_discovery.engine import NeighbourDiscovery
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses
from lowpan.errors import FieldOutOfRange
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import BROADCAST, Configure, LinkAction
from lowpan.node.addresses import OwnAddress, OwnAddresses
from lowpan.node.autoconfiguration import Autoconfiguration
from lowpan.node.ipv6 import Ipv6, Ipv6Action, NeighbourDiscoveryReceived, SendDatagram
from lowpan.node.lowpan_link import (
    DatagramArrived,
    DatagramUndelivered,
    LowpanAction,
    LowpanLink,
)
from lowpan.node.outbox import Unresolved
from lowpan.node.service import (
    AddressChanged,
    Discard,
    Endpoint,
    IpAction,
    NeighbourChanged,
)
from lowpan.node.settings import NodeSettings
from lowpan.radio import (
    RadioCapability,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
)
from lowpan.wire.addresses import is_multicast
from lowpan.wire.icmpv6 import ICMPV6, Echo
from lowpan.wire.ipv6 import IPV6_HEADER_OCTETS, MTU

NodeAction = LinkAction | IpAction


class Node:
    """A host on an IEEE 802.15.4 link, from frames to UDP.

    `radio` says who we are (with an extended address) and on which channel; `capabilities` what
    the radio does by itself.  Every input returns the actions that it causes, in order: those of
    lowpan.mac.service are for the radio, those of lowpan.node.service for whoever runs the node.
    `now` is microseconds.
    """

    def __init__(
        self,
        radio: RadioSettings,
        capabilities: RadioCapability,
        random: Random,
        *,
        security: LinkSecurity | None = None,
        settings: NodeSettings | None = None,
    ) -> None:
        if radio.extended_address is None:
            raise FieldOutOfRange("a node needs an extended address")
        self.settings = settings = settings or NodeSettings()
        self.own = OwnAddresses()
        self.link = LinkLayer(
            radio, capabilities, random, security=security, settings=settings.link
        )
        self.lowpan = LowpanLink(self.link, random, contexts=settings.contexts)
        self.adaptation = self.lowpan.adaptation
        self.ipv6 = Ipv6(self.own, random=random, for_host=settings.for_host)
        self.discovery = NeighbourDiscovery(
            self.own,
            LinkAddresses(radio.extended_address, self.link.short_address, radio.pan_id),
            random,
            derive=settings.derive,
            acknowledged_for=ACKNOWLEDGED_FOR if settings.link.acknowledged else 0,
            settings=settings.discovery,
        )
        self._autoconfiguration = Autoconfiguration(
            self.own, self.adaptation.contexts, self.ipv6, radio.extended_address
        )
        self._unresolved = Unresolved()
        self._upper_due: int | None = None
        self._upper_changed = True
        """Discovery has been told something: what it wants done came by."""
        self._extended = radio.extended_address

    @property
    def waiting(self) -> int:
        """Return how many datagrams are on their way to the radio: who sends more, may pause."""
        return self.lowpan.waiting

    # What whoever runs it asks

    def start(self, *, now: int) -> list[NodeAction]:
        """Tune the radio and take up our link-local addresses."""
        actions: list[NodeAction] = [Configure(self.link.radio)]
        made = self.own.take_up(self._extended, self.link.short_address, self.link.radio.pan_id)
        actions += [AddressChanged(address, ready=True) for address in made]
        if self.settings.routers:
            actions += self._from_discovery(self.discovery.solicit_routers(now=now), now)
        return actions

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
        own.ready = False
        self.own.add(own)
        return self._from_discovery(self.discovery.check_address(own.address, now=now), now)

    def remove_address(self, address: bytes, *, now: int) -> list[NodeAction]:
        """Have `address` (16 octets) no longer; harmless if it is not ours."""
        if self.own.get(address) is None:
            return []
        self.own.remove(address)
        forgotten = self._from_discovery(self.discovery.forget_address(address, now=now), now)
        return [AddressChanged(address, ready=False), *forgotten]

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

    def open_port(self, local: Endpoint) -> Endpoint:
        """Receive UDP for `local`; see Ipv6."""
        return self.ipv6.open_port(local)

    def close_port(self, local: Endpoint) -> None:
        """Receive UDP for `local` no longer."""
        self.ipv6.close_port(local)

    def join(self, group: bytes) -> None:
        """Listen to a multicast group (16 octets); raise FieldOutOfRange."""
        self.own.join(group)

    def leave(self, group: bytes) -> None:
        """Undo one join()."""
        self.own.leave(group)

    # What the radio reports

    def receive_frame(self, received: ReceivedFrame, *, now: int) -> list[NodeAction]:
        """Take a frame as it came from the radio."""
        return self._from_lowpan(self.lowpan.receive_frame(received, now=now), now)

    def transmit_done(self, outcome: TransmitOutcome, *, now: int) -> list[NodeAction]:
        """Take what became of the last Transmit."""
        return self._from_lowpan(self.lowpan.transmit_done(outcome, now=now), now)

    def energy_measured(self, dbm: float, *, now: int) -> list[NodeAction]:
        """Take the answer to a MeasureEnergy; a node asks for none by itself."""
        return []

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        lowpan, upper = self.lowpan.next_deadline(), self._upper_deadline()
        if lowpan is None or upper is None:
            return upper if lowpan is None else lowpan
        return min(lowpan, upper)

    def handle_deadline(self, *, now: int) -> list[NodeAction]:
        """Do what is due; most often that is the link layer's alone."""
        actions = self._from_lowpan(self.lowpan.handle_deadline(now=now), now)
        upper = self._upper_deadline()
        if upper is not None and upper <= now:
            actions += self._from_discovery(self.discovery.handle_deadline(now=now), now)
        return actions

    def _upper_deadline(self) -> int | None:
        """Return when discovery has something to do, which changes far more seldom."""
        if self._upper_changed:
            self._upper_due = self.discovery.next_deadline()
            self._upper_changed = False
        return self._upper_due

    # From layer to layer

    def _from_lowpan(self, actions: list[LowpanAction], now: int) -> list[NodeAction]:
        """Take datagrams that came, or did not go; what is for the radio goes straight through."""
        done: list[NodeAction] = []
        for action in actions:
            if isinstance(action, DatagramArrived):
                received = self.ipv6.receive_datagram(action.datagram, action.ends, now=now)
                done += self._handle(received, now)
            elif isinstance(action, DatagramUndelivered):
                done += self._undelivered(action, now)
            else:
                done.append(action)
        return done

    def _undelivered(self, lost: DatagramUndelivered, now: int) -> list[NodeAction]:
        done: list[NodeAction] = [self.ipv6.discard(lost.discard, lost.datagram, lost.reason)]
        if lost.silent is not None:
            done += self._from_discovery(self.discovery.suspect(lost.silent, now=now), now)
        return done

    def _handle(self, actions: list[Ipv6Action], now: int) -> list[NodeAction]:
        """Do what IPv6 asks, and pass on what it tells."""
        done: list[NodeAction] = []
        for action in actions:
            if isinstance(action, SendDatagram):
                done += self._send(action.datagram, now)
            elif isinstance(action, NeighbourDiscoveryReceived):
                done += self._discovered(action, now)
            else:
                done.append(action)
        return done

    def _discovered(self, received: NeighbourDiscoveryReceived, now: int) -> list[NodeAction]:
        return self._from_discovery(
            self.discovery.receive_message(
                received.message,
                received.source,
                received.destination,
                received.hop_limit,
                received.ends.source,
                now=now,
            ),
            now,
        )

    def _from_discovery(self, actions: list[NdAction], now: int) -> list[NodeAction]:
        self._upper_changed = True
        done: list[NodeAction] = []
        for action in actions:
            match action:
                case SendMessage():
                    done += self._send_message(action, now)
                case LinkAddressKnown():
                    done.append(NeighbourChanged(action.address, action.link_address, True))
                    for datagram in self._unresolved.take(action.address):
                        destination = action.link_address
                        done += self._depart(datagram, destination, action.address, now)
                case Unreachable():
                    done += self._unreachable(action.address, now)
                case AddressConfirmed():
                    done += self._address_ready(action.address)
                case AddressDuplicate():
                    self.own.remove(action.address)
                    done.append(AddressChanged(action.address, False, "somebody else has it"))
                case PrefixLost():
                    made = self._autoconfiguration.lost(action)
                    if made is not None:
                        done += self.remove_address(made, now=now)
                case _:  # what was refused is counted there
                    made_own = self._autoconfiguration.learn(action, now=now)
                    if made_own is not None:
                        done += self.check_address(made_own, now=now)
        return done

    def _send_message(self, send: SendMessage, now: int) -> list[NodeAction]:
        message = ICMPV6.encode(send.message)
        datagram = self.ipv6.icmpv6_datagram(message, send.source, send.destination, send.hop_limit)
        if send.link_destination is None:
            return self._send(datagram, now)
        return self._depart(datagram, send.link_destination, send.destination, now)

    def _address_ready(self, address: bytes) -> list[NodeAction]:
        own = self.own.get(address)
        if own is None:
            return []
        own.ready = True
        return [AddressChanged(address, True)]

    def _unreachable(self, address: bytes, now: int) -> list[NodeAction]:
        """Give up what waits for a neighbour, and tell who sent it (RFC 4861 §7.2.2)."""
        done: list[NodeAction] = [NeighbourChanged(address, None, False)]
        for datagram in self._unresolved.take(address):
            done.append(self.ipv6.discard(Discard.NO_NEIGHBOUR, datagram))
            done += self.ipv6.undeliverable(datagram)
        return done

    # Outwards

    def _send(self, datagram: bytes, now: int) -> list[NodeAction]:
        """Find the next hop of a datagram, and its link address."""
        if len(datagram) > MTU:
            return [self.ipv6.discard(Discard.TOO_BIG, datagram)]
        destination = datagram[24:40]
        if is_multicast(destination):
            return self._depart(datagram, BROADCAST, destination, now)
        if self.own.is_ours(destination):
            looped = self.ipv6.receive_datagram(datagram, Ends(b"", b"", 7), now=now)
            return self._handle(looped, now)
        next_hop = (
            destination if self.own.is_on_link(destination) else self.discovery.default_router()
        )
        if next_hop is None:
            return [self.ipv6.discard(Discard.NO_ROUTE, datagram)]
        return self._send_over(datagram, next_hop, now)

    def _send_over(self, datagram: bytes, next_hop: bytes, now: int) -> list[NodeAction]:
        source = datagram[8:24]
        own = source if self.own.get(source) is not None else None
        link_address, asked = self.discovery.resolve(next_hop, now=now, source=own)
        if link_address is not None:
            departed = self._depart(datagram, link_address, next_hop, now)
            return departed + self._from_discovery(asked, now)
        given_up = self._unresolved.hold(next_hop, datagram)
        done: list[NodeAction] = [self.ipv6.discard(Discard.QUEUE_FULL, one) for one in given_up]
        return done + self._from_discovery(asked, now)

    def _depart(
        self, datagram: bytes, destination: bytes, next_hop: bytes, now: int
    ) -> list[NodeAction]:
        """Put a datagram into frames, and begin to send them if nothing is being sent."""
        own = self.own.get(datagram[8:24])
        source = own.link_address if own is not None else self._extended
        sent = self.lowpan.send_datagram(datagram, source, destination, next_hop, now=now)
        return self._from_lowpan(sent, now)
