"""A mesh engine in its node: what it asks is done by the layers below, what it tells goes up."""

from dataclasses import dataclass
from random import Random

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.neighbour_discovery.derived import derived_link_address
from lowpan.mac.service import BROADCAST, Configure, LinkProtection
from lowpan.mesh.neighbour import NeighbourEvent
from lowpan.mesh.service import (
    DropAddress,
    ExpectAnswer,
    ForgetContext,
    FrameHeard,
    FrameSent,
    JoinGroup,
    LeaveGroup,
    MeshAction,
    MeshEngine,
    MeshNews,
    MeshUdpReceived,
    MleReceived,
    SendMle,
    SendUdp,
    SendVia,
    SetSleepers,
    SleepOn,
    StayAwake,
    TakeAddress,
    UseContext,
)
from lowpan.node.addresses import OwnAddress, OwnAddresses
from lowpan.node.ipv6 import HOP_LIMIT
from lowpan.node.multicast import MplSender
from lowpan.node.service import AddressChanged, UdpReceived
from lowpan.radio import RadioSettings
from lowpan.wire.addresses import LINK_LOCAL_PREFIX, Context, iid_of, is_multicast
from lowpan.wire.mle import MLE_HOP_LIMIT, MLE_PORT
from lowpan.wire.udp_datagram import udp_datagram

_LINK_SCOPE = 2


@dataclass(slots=True)
class MeshDatagram:
    """A datagram of the mesh engine's own."""

    datagram: bytes
    link_address: bytes | None
    """Whom to give it to; None: as other datagrams."""
    protection: LinkProtection = LinkProtection.POLICY
    channel: int | None = None


MeshTold = AddressChanged | MeshNews | NeighbourEvent
"""What is for whoever runs the node."""
ForNode = MeshDatagram | Configure | SetSleepers | SleepOn | StayAwake | ExpectAnswer | MeshTold
"""What remains for the node to do, or to tell."""


class MeshSide:
    """Carries out what `engine` asks as far as addresses, contexts and routes go.

    Inputs return what remains to be done, in order; `now` is microseconds.
    """

    def __init__(
        self, engine: MeshEngine, own: OwnAddresses, contexts: ContextTable, random: Random
    ) -> None:
        self.engine = engine
        self.ports = engine.udp_ports | {MLE_PORT}
        self.via: bytes | None = None
        """Link address of the neighbour who is given all that is not for the link itself."""
        self._own, self._contexts = own, contexts
        self._multicasts = MplSender(random)
        self._due: int | None = None
        self._due_changed = True
        """The engine has been told something since it was asked when it is due."""

    def start(self, radio: RadioSettings, *, now: int) -> list[ForNode]:
        """Let the engine begin."""
        return self.carry_out(self.engine.start(radio, now=now))

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        if self._due_changed:
            self._due, self._due_changed = self.engine.next_deadline(), False
        return self._due

    def handle_deadline(self, *, now: int) -> list[ForNode]:
        """Do what is due."""
        return self.carry_out(self.engine.handle_deadline(now=now))

    def note(self, frame: FrameHeard | FrameSent, *, now: int) -> list[ForNode]:
        """Tell the engine of a frame; if all is well, it asks for nothing, and nothing is due."""
        if isinstance(frame, FrameHeard):
            actions = self.engine.frame_heard(frame, now=now)
        else:
            actions = self.engine.frame_sent(frame, now=now)
            if not frame.acknowledged:
                self._due_changed = True
        return self.carry_out(actions) if actions else []

    def parent_lost(self, *, now: int) -> list[ForNode]:
        """Tell the engine that whom a sleeper asks does not answer."""
        return self.carry_out(self.engine.parent_lost(now=now))

    def next_link_address(self, destination: bytes) -> bytes | None:
        """Return whom a datagram goes to, None if IPv6 is to find out.

        Where one neighbour is given everything, nobody is asked for link addresses either: those
        on the link are read off their link-local addresses.
        """
        if self.via is None:
            return None
        if is_multicast(destination):
            return None if destination[1] & 0x0F <= _LINK_SCOPE else self.via
        if destination.startswith(LINK_LOCAL_PREFIX):
            return derived_link_address(destination, None)
        return self.via

    def spread(self, datagram: bytes) -> bytes:
        """Return a datagram for the neighbour who is given everything, as the mesh spreads it.

        A multicast beyond the link that has no options of its own gets that of MPL.
        """
        locator = self._locator()
        if not is_multicast(datagram[24:40]) or datagram[6] == 0 or locator is None:
            return datagram
        return self._multicasts.spread(datagram, locator)

    def _locator(self) -> bytes | None:
        """Return our address that says where in the mesh we are: it ends in our short address."""
        for own in self._own:
            iid = iid_of(own.link_address)
            if own.deprecated and own.ready and own.address[8:] == iid:
                return own.address
        return None

    def receive(self, received: UdpReceived, *, now: int) -> list[ForNode]:
        """Give the engine a datagram to one of its ports."""
        if received.local.port != MLE_PORT:
            datagram = MeshUdpReceived(
                received.remote.address,
                received.local.address,
                received.remote.port,
                received.local.port,
                received.payload,
                received.security_level,
            )
            return self.carry_out(self.engine.receive_udp(datagram, now=now))
        if received.remote.port != MLE_PORT:
            return []  # MLE is between its ports only (draft-kelsey §8)
        message = MleReceived(
            received.remote.address,
            received.local.address,
            received.hop_limit,
            received.payload,
            received.link_source,
            received.security_level,
            received.rssi,
            received.lqi,
            received.pan_id,
        )
        return self.carry_out(self.engine.receive_message(message, now=now))

    def carry_out(self, actions: list[MeshAction]) -> list[ForNode]:
        """Do what the engine asks; return what is not ours to do."""
        self._due_changed = True
        done: list[ForNode] = []
        for action in actions:
            match action:
                case SendMle():
                    done.append(self._mle(action))
                case SendUdp():
                    done.append(MeshDatagram(_udp(action), None))
                case TakeAddress(address, prefix_length, link_address, preferred):
                    own = OwnAddress(address, prefix_length, link_address, deprecated=not preferred)
                    self._own.add(own)
                    done.append(AddressChanged(address, ready=True))
                case DropAddress(address):
                    if self._own.get(address) is not None:
                        self._own.remove(address)
                        done.append(AddressChanged(address, ready=False))
                case JoinGroup(group):
                    self._own.join(group)
                case LeaveGroup(group):
                    self._own.leave(group)
                case UseContext(context_id, prefix, length, compress):
                    self._contexts.learn(context_id, Context(prefix, length, compress))
                case ForgetContext(context_id):
                    self._contexts.forget(context_id)
                case SendVia(link_address):
                    self.via = link_address
                case _:
                    done.append(action)
        return done

    def _mle(self, send: SendMle) -> MeshDatagram:
        destination = send.destination
        link_address = BROADCAST if is_multicast(destination) else None
        if link_address is None:
            link_address = derived_link_address(destination, None)
        datagram = udp_datagram(
            send.payload, send.source, MLE_PORT, destination, MLE_PORT, hop_limit=MLE_HOP_LIMIT
        )
        return MeshDatagram(datagram, link_address, send.protection, send.channel)


def _udp(send: SendUdp) -> bytes:
    return udp_datagram(
        send.payload,
        send.source,
        send.source_port,
        send.destination,
        send.destination_port,
        hop_limit=HOP_LIMIT,
    )
