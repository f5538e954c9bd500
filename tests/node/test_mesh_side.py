"""A mesh engine in its node: MLE through the link layer, addresses and routes as it says."""

from dataclasses import dataclass, replace

from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import Configure, LinkProtection
from lowpan.mesh.service import (
    DropAddress,
    FrameHeard,
    FrameSent,
    LinkUp,
    MeshAction,
    MeshUdpReceived,
    MleReceived,
    SendMle,
    SendUdp,
    SendVia,
    TakeAddress,
    UseContext,
)
from lowpan.node.addresses import link_local_of
from lowpan.node.service import AddressChanged, DatagramDiscarded, Discard, Endpoint, UdpReceived
from lowpan.node.settings import NodeSettings
from lowpan.radio import RadioSettings
from lowpan.store import MemoryStore
from lowpan.wire.addresses import ALL_NODES
from lowpan.wire.ieee802154 import FRAME, Frame
from lowpan.wire.mle import MLE_PORT
from tests.mac.air import EXTENDED, SHORT
from tests.node.room import Room

ONE, TWO = (link_local_of(address) for address in EXTENDED[:2])
PREFIX = bytes.fromhex("fd00000000000001")


class Told:
    """A mesh engine that says nothing by itself, and notes what it is told."""

    udp_ports = frozenset({61631})

    def __init__(self) -> None:
        self.messages: list[MleReceived] = []
        self.datagrams: list[bytes] = []
        self.heard: list[FrameHeard] = []
        self.sent: list[FrameSent] = []
        self.deadline: int | None = None

    def start(self, radio: RadioSettings, *, now: int) -> list[MeshAction]:
        return []

    def receive_message(self, received: MleReceived, *, now: int) -> list[MeshAction]:
        self.messages.append(received)
        return [LinkUp(received.link_source)]

    def receive_udp(self, received: MeshUdpReceived, *, now: int) -> list[MeshAction]:
        self.datagrams.append(received.payload)
        return []

    def frame_heard(self, heard: FrameHeard, *, now: int) -> list[MeshAction]:
        self.heard.append(heard)
        return []

    def frame_sent(self, sent: FrameSent, *, now: int) -> list[MeshAction]:
        self.sent.append(sent)
        return []

    def parent_lost(self, *, now: int) -> list[MeshAction]:
        return []

    def next_deadline(self) -> int | None:
        return self.deadline

    def handle_deadline(self, *, now: int) -> list[MeshAction]:
        self.deadline = None
        return [LinkUp(b"deadline")]


@dataclass
class Meshed:
    """A room, and the engines in its nodes."""

    room: Room
    engines: list[Told]

    def ask(self, number: int, *actions: MeshAction) -> None:
        """Let the engine of a node ask something."""
        node = self.room.nodes[number]
        self.room.take(number, node.carry_out(list(actions), now=self.room.now))
        self.room.run(1_000_000)

    def frames(self) -> list[Frame]:
        """Return the data frames that were on air."""
        frames = [FRAME.decode(psdu) for psdu in self.room.on_air]
        return [frame for frame in frames if frame.source is not None]


def security_of(number: int) -> LinkSecurity:
    keys = KeyTable()
    keys.add(KeyIdentifier(1, 1), bytes(range(16)))
    policy = SecurityPolicy.for_level(5, data_in_clear=True)
    return LinkSecurity(EXTENDED[number], keys, MemoryStore(), policy=policy)


def meshed(*, secured: bool = True, for_host: bool = False) -> Meshed:
    engines = [Told(), Told()]
    room = Room(
        security=security_of if secured else None,
        mesh=engines.__getitem__,
        settings=NodeSettings(routers=False, for_host=for_host),
    )
    return Meshed(room, engines)


def test_a_message_goes_in_clear_from_extended_address_to_extended_address() -> None:
    mesh = meshed()
    mesh.ask(0, SendMle(TWO, b"octets of MLE", ONE))
    (received,) = mesh.engines[1].messages
    assert (received.payload, received.source, received.destination) == (b"octets of MLE", ONE, TWO)
    assert (received.hop_limit, received.link_source) == (255, EXTENDED[0])
    assert received.link_security_level == 0
    (frame,) = mesh.frames()
    assert (frame.source, frame.destination) == (EXTENDED[0], EXTENDED[1])
    assert not frame.control.security_enabled
    assert LinkUp(EXTENDED[0]) in mesh.room.told[1]


def test_a_message_to_all_is_broadcast() -> None:
    mesh = meshed()
    mesh.ask(0, SendMle(ALL_NODES, b"all", ONE))
    assert [received.destination for received in mesh.engines[1].messages] == [ALL_NODES]
    assert mesh.frames()[0].destination == b"\xff\xff"


def test_a_message_is_secured_by_the_link_layer_where_the_engine_wants_it() -> None:
    mesh = meshed()
    mesh.ask(0, SendMle(TWO, b"Update", ONE, LinkProtection.POLICY))
    assert mesh.frames()[0].control.security_enabled
    assert mesh.engines[1].messages[0].link_security_level == 5


def test_a_message_of_several_frames_never_goes_in_clear() -> None:
    mesh = meshed()
    mesh.ask(0, SendMle(TWO, bytes(200), ONE))
    assert mesh.engines[1].messages[0].link_security_level == 5
    assert all(frame.control.security_enabled for frame in mesh.frames())


def test_attack_nothing_but_mle_is_taken_in_clear() -> None:
    mesh = meshed()
    mesh.room.nodes[1].open_port(Endpoint(b"", 5683))
    stranger = Room(settings=NodeSettings(routers=False))
    to = Endpoint(TWO, 5683)
    stranger.nodes[0].open_port(Endpoint(b"", 5683))
    sent = stranger.nodes[0].send_udp(b"open the door", Endpoint(ONE, 5683), to, now=0)
    stranger.take(0, sent)
    stranger.run()
    for psdu in stranger.on_air:
        mesh.room.hear(1, psdu)
    mesh.room.run()
    assert mesh.room.of(1, UdpReceived) == []
    assert {lost.discard for lost in mesh.room.of(1, DatagramDiscarded)} == {Discard.IN_CLEAR}


def test_the_engine_is_told_what_links_are_worth() -> None:
    mesh = meshed()
    mesh.ask(0, SendMle(TWO, b"Update", ONE, LinkProtection.POLICY))
    assert [(heard.sender, heard.authentic) for heard in mesh.engines[1].heard] == [
        (EXTENDED[0], True)
    ]
    (sent,) = mesh.engines[0].sent
    assert (sent.receiver, sent.transmissions, sent.acknowledged) == (EXTENDED[1], 1, True)
    mesh.ask(0, SendMle(TWO, b"in clear", ONE))
    assert not mesh.engines[1].heard[-1].authentic


def test_ports_of_the_engine_are_its_own_even_if_a_host_has_our_addresses() -> None:
    mesh = meshed(for_host=True)
    mesh.ask(0, SendMle(TWO, b"MLE", ONE), SendUdp(ONE, TWO, 61631, 61631, b"CoAP"))
    assert [received.payload for received in mesh.engines[1].messages] == [b"MLE"]
    assert mesh.engines[1].datagrams == [b"CoAP"]


def test_what_comes_from_another_port_than_mle_is_no_message() -> None:
    mesh = meshed(secured=False)
    mesh.ask(0, SendUdp(ONE, TWO, 1234, MLE_PORT, b"no MLE"))
    assert mesh.engines[1].messages == []


def test_addresses_contexts_and_routes_are_as_the_engine_says() -> None:
    mesh = meshed()
    node = mesh.room.nodes[0]
    address = PREFIX + bytes.fromhex("000000fffe000001")
    beyond = bytes.fromhex("20010db8" + "00" * 11 + "01")
    mesh.ask(
        0,
        TakeAddress(address, 64, SHORT[0]),
        UseContext(0, PREFIX + bytes(8), 64),
        SendVia(SHORT[1]),
        SendUdp(address, beyond, 61631, 61631, b"far"),
    )
    assert AddressChanged(address, ready=True) in mesh.room.told[0]
    assert node.adaptation.contexts.known[0].prefix == PREFIX + bytes(8)
    assert (mesh.frames()[0].source, mesh.frames()[0].destination) == (SHORT[0], SHORT[1])
    mesh.ask(0, DropAddress(address), SendVia(None))
    assert node.own.get(address) is None


def test_the_node_is_whom_the_engine_wants_it_to_be() -> None:
    mesh = meshed()
    node = mesh.room.nodes[0]
    settings = replace(node.link.radio, short_address=0xD801, channel=20)
    mesh.ask(0, Configure(settings))
    assert (node.link.short_address, node.link.radio.channel) == (b"\xd8\x01", 20)
    ours = {own.address for own in node.own}
    assert ours == {link_local_of(b"\xd8\x01"), link_local_of(EXTENDED[0])}
    changed = [(a.address, a.ready) for a in mesh.room.of(0, AddressChanged)][-2:]
    assert changed == [(link_local_of(SHORT[0]), False), (link_local_of(b"\xd8\x01"), True)]


def test_the_engine_is_called_when_it_is_due() -> None:
    mesh = meshed()
    mesh.engines[0].deadline = 2_000_000
    mesh.ask(0)
    mesh.room.run(1_500_000)
    assert LinkUp(b"deadline") in mesh.room.told[0]
