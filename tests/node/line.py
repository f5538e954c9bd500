"""Nodes in a line, each of which hears the next one only, and pings from end to end."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network
from typing import TypeVar

from lowpan.mac.framing import data_frame
from lowpan.mac.link_layer import LinkSettings
from lowpan.mac.security import LinkSecurity
from lowpan.node.addresses import OwnAddress
from lowpan.node.forwarding_link import ForwardingLink
from lowpan.node.node import Node, NodeAction
from lowpan.node.routes import StaticRoutes, mesh_routes
from lowpan.node.service import EchoReplied, Endpoint
from lowpan.node.settings import ForwardingSettings, NodeSettings
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.sim.medium import MediumSettings
from lowpan.sim.sim_radio import Transmission
from lowpan.sim.world import World
from lowpan.wire.icmpv6 import Echo
from lowpan.wire.ieee802154 import FRAME, FrameType, encode_frame
from tests.sim.nodes import PAN_ID, PORT, address_of, extended_of, settings_of, short_of

Kind = TypeVar("Kind")
Settings = Callable[[int, int], NodeSettings]
"""Of a node, by its number and how many there are."""

PREFIX = bytes.fromhex("20010db8" + "00" * 8)


def global_of(number: int) -> bytes:
    """Return an address that routers pass on."""
    return PREFIX + bytes((0, 0, 0, number + 1))


def step(here: int, there: int) -> int:
    """Return who is next on the way."""
    return here + (there > here) - (there < here)


def by_mesh_header(here: int, count: int) -> NodeSettings:
    """Route link-layer addresses, short and extended."""
    far = [there for there in range(count) if there != here]
    listed = {name(there): name(step(here, there)) for there in far for name in NAMES}
    forwarding = ForwardingSettings(mesh_under=mesh_routes(listed))
    return NodeSettings(routers=False, forwarding=forwarding)


NAMES = (short_of, extended_of)


def routes(here: int, count: int) -> StaticRoutes:
    """Return host routes by the link-local addresses of neighbours."""
    return StaticRoutes(
        {
            IPv6Network(global_of(there)): IPv6Address(address_of(step(here, there)))
            for there in range(count)
            if there != here
        }
    )


def by_ipv6(forwarding: ForwardingSettings | None = None) -> Settings:
    """Route IPv6 addresses; `forwarding` says how fragments go."""

    def settings(here: int, count: int) -> NodeSettings:
        next_hops = routes(here, count)
        return NodeSettings(routers=False, next_hops=next_hops, forwarding=forwarding)

    return settings


def unacknowledged(settings: Settings) -> Settings:
    """Return `settings` without acknowledgments, so that the link layer makes good for nothing."""
    link = LinkSettings(acknowledged=False)
    return lambda here, count: replace(settings(here, count), link=link)


class Line:
    """A world with `count` nodes in a line; `told` has what each of them tells."""

    def __init__(
        self,
        count: int,
        settings: Settings,
        *,
        loss: float = 0.0,
        security: Callable[[int], LinkSecurity] | None = None,
        ring: bool = False,
    ) -> None:
        self.world = World(8930, MediumSettings(loss=loss))
        self.told: list[list[NodeAction]] = [[] for _ in range(count)]
        self.on_air: list[tuple[bytes | None, bytes | None, bytes]] = []
        """Source, destination and MAC payload of data frames, in order."""
        for number in range(count):
            added = self.world.add_node(
                settings_of(number),
                security=None if security is None else security(number),
                node_settings=settings(number, count),
                told=self.told[number].append,
            )
            own = OwnAddress(global_of(number), 128, short_of(number))
            added.node.own.add(own)
            added.node.open_port(Endpoint(b"", PORT))
            if number:
                self.connect(number - 1, number)
        if ring:
            self.connect(0, count - 1)
        self.world.medium.on_air = self._note
        self._heard = 0

    def connect(self, one: int, other: int) -> None:
        nodes = self.world.nodes
        self.world.medium.connect(nodes[one].radio, nodes[other].radio, -40.0)

    def _note(self, transmission: Transmission) -> None:
        frame = FRAME.decode(transmission.psdu)
        if frame.control.frame_type == FrameType.DATA:
            self.on_air.append((frame.source, frame.destination, frame.payload))

    def node(self, number: int) -> Node:
        return self.world.nodes[number].node

    def link(self, number: int) -> ForwardingLink:
        link = self.node(number).lowpan
        assert isinstance(link, ForwardingLink)
        return link

    def of(self, number: int, kind: type[Kind]) -> list[Kind]:
        """Return what a node has told, of one kind."""
        return [action for action in self.told[number] if isinstance(action, kind)]

    def run(self, duration: int = 5_000_000) -> None:
        self.world.run_for(duration)

    def ping(
        self, destination: bytes, size: int = 56, *, sender: int = 0, hop_limit: int | None = None
    ) -> list[EchoReplied]:
        """Let `sender` ask, wait, and return all replies that it has ever got."""
        asks, now = self.world.nodes[sender], self.world.now
        echo = Echo(7, len(self.told[sender]) & 0xFFFF, bytes(size))
        sent = asks.node.send_echo_request(echo, destination, now=now, hop_limit=hop_limit)
        asks.take(sent)
        self.run()
        return self.of(sender, EchoReplied)

    def hear(self, number: int, payload: bytes, source: bytes, destination: bytes) -> None:
        """Let a node receive a frame in clear that nobody in the line has sent."""
        frame = data_frame(payload, source, destination, PAN_ID, acknowledged=False)
        frame.sequence_number = self._heard = (self._heard + 1) & 0xFF
        received = ReceivedFrame(encode_frame(frame), Fcs.GOOD, channel=15, rssi=-40.0)
        hears = self.world.nodes[number]
        hears.take(hears.node.receive_frame(received, now=self.world.now))
