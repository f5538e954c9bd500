"""Faults in words: what nodes and frames go through, and what is left afterwards."""

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import Drop
from lowpan.node.node import NodeAction
from lowpan.node.service import Endpoint, UdpReceived
from lowpan.sim.medium import Fate
from lowpan.sim.node import NodeCrashed
from lowpan.sim.world import World
from lowpan.store import MemoryStore
from tests.sim.nodes import PORT, secured_by, send, settings_of

SECOND = 1_000_000


class Room:
    """Nodes in one room that can restart, and what datagrams they got."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self.world = World(seed)
        self.got: list[list[bytes]] = [[] for _ in range(count)]
        self.stores = [MemoryStore() for _ in range(count)]
        for number in range(count):
            self.add(number, count)
        self.world.connect_all()

    def add(self, number: int, count: int) -> None:
        def security() -> LinkSecurity:
            return secured_by(self.stores[number], number, count)

        def told(action: NodeAction) -> None:
            if isinstance(action, UdpReceived):
                self.got[number].append(action.payload)

        node = self.world.add_node(settings_of(number), security=security, told=told)
        node.node.open_port(Endpoint(b"", PORT))

    def send(self, sender: int, receiver: int, payload: bytes = b"hello") -> None:
        send(self.world.nodes[sender], payload, receiver)

    def restart(self, number: int) -> None:
        node = self.world.nodes[number]
        self.world.restart(node)
        node.node.open_port(Endpoint(b"", PORT))


def test_a_partition_keeps_groups_apart_until_it_is_repaired() -> None:
    room = Room(5)
    one, two, three, *others = room.world.nodes
    room.world.partition([one, two], [three])
    for sender, receiver in ((0, 1), (0, 2), (3, 0), (3, 4)):
        room.send(sender, receiver)
    room.world.run_for(SECOND)
    assert [len(got) for got in room.got] == [0, 1, 0, 0, 1]
    assert [len(node.radio.hears) for node in room.world.nodes] == [1, 1, 0, 1, 1]
    room.world.repair()
    assert {len(node.radio.hears) for node in room.world.nodes} == {4}
    room.send(0, 2)
    room.world.run_for(5 * SECOND)
    assert room.got[2]
    assert others[0].is_running


def test_links_that_are_set_during_a_partition_wait_for_its_end() -> None:
    room = Room(2)
    one, two = room.world.nodes
    room.world.partition([one], [two])
    room.world.medium.connect(one.radio, two.radio, -70)
    assert room.world.medium.link(one.radio, two.radio) is None
    room.world.repair()
    link = room.world.medium.link(one.radio, two.radio)
    assert link is not None
    assert link.rssi == -70


def test_held_frames_arrive_in_order_when_they_are_released() -> None:
    room = Room(3)
    one, two, _ = room.world.nodes
    room.world.hold(one, two)
    for number in range(3):
        room.send(0, 1, bytes([number]))
        room.send(2, 1, bytes([10 + number]))
        room.world.run_for(SECOND)
    assert room.got[1] == [b"\x0a", b"\x0b", b"\x0c"]
    assert room.world.medium.fates[Fate.HELD] >= 3 * 4  # each with its three repetitions
    room.world.release()
    room.world.run_for(SECOND)
    assert room.got[1][3:] == [b"\0", b"\x01", b"\x02"]
    room.send(0, 1, b"after")
    room.world.run_for(SECOND)
    assert room.got[1][-1] == b"after"


def test_all_of_one_node_can_be_held() -> None:
    room = Room(3)
    room.world.hold(room.world.nodes[0])
    room.send(1, 0)
    room.send(0, 2)
    room.send(1, 2)
    room.world.run_for(SECOND)
    assert [len(got) for got in room.got] == [0, 0, 1]


def test_a_crash_leaves_what_was_saved_and_nothing_else() -> None:
    room = Room(2)
    room.send(0, 1)
    room.world.run_for(SECOND)
    saved = {name: room.stores[0].load(name) for name in room.stores[0].names()}
    node = room.world.nodes[0]
    room.send(0, 1)
    room.world.crash(node)
    assert not node.is_running
    assert {name: room.stores[0].load(name) for name in room.stores[0].names()} == saved
    with pytest.raises(NodeCrashed):
        node.node.start(now=0)
    room.world.run_for(SECOND)
    assert len(room.got[1]) == 1
    room.world.crash(node)  # harmless


def test_who_restarts_is_heard_again_and_uses_no_counter_twice() -> None:
    room = Room(2)
    sealed = set[bytes]()  # repetitions are the same octets
    room.world.medium.on_air = lambda sent: sealed.add(sent.psdu)
    for _ in range(3):
        room.send(0, 1)
        room.world.run_for(SECOND)
        room.restart(0)
        assert room.world.nodes[0].now == 0
        room.world.run_for(SECOND)
    assert len(room.got[1]) == 3
    ours = [psdu for psdu in sealed if psdu[7:9] == b"\x01\0"]
    counters = [psdu[10:14] for psdu in ours]
    assert len(counters) == len(set(counters)) >= 3
    assert room.world.nodes[0].restarts == 3


def test_a_crash_in_the_middle_of_a_frame_lets_it_go_out_and_tells_nobody() -> None:
    room = Room(2)
    for microseconds in range(0, 8000, 500):
        room.send(0, 1)
        room.world.run_for(microseconds)
        room.restart(0)
        room.world.run_for(SECOND)
    room.send(0, 1)
    room.world.run_for(SECOND)
    assert room.got[1]


def test_a_node_whose_security_was_given_ready_cannot_restart() -> None:
    world = World()
    node = world.add_node(settings_of(0), security=secured_by(MemoryStore(), 0, 2))
    with pytest.raises(FieldOutOfRange):
        world.restart(node)


def test_damaged_frames_are_refused_by_their_mic_and_repeated() -> None:
    room = Room(2)
    room.world.corrupt(0.3)
    for number in range(50):
        room.send(0, 1, bytes([number]) * 20)
        room.world.run_for(SECOND)
    dropped = room.world.nodes[1].node.link.dropped
    assert room.world.medium.fates[Fate.DAMAGED] > 20
    assert dropped[Drop.MIC_BAD] > 5
    for payload in room.got[1]:
        assert payload == bytes([payload[0]]) * 20
    assert len(room.got[1]) == len(set(room.got[1])) > 20


def test_duplicates_are_taken_once() -> None:
    room = Room(2)
    room.world.duplicate(0.5)
    for number in range(50):
        room.send(0, 1, bytes([number]))
        room.world.run_for(SECOND)
    assert room.world.medium.fates[Fate.DUPLICATED] > 20
    assert room.got[1] == [bytes([number]) for number in range(50)]


def test_a_share_of_all_frames_can_be_lost_for_a_while() -> None:
    room = Room(2)
    room.world.lose(1)
    room.send(0, 1)
    room.world.run_for(SECOND)
    assert room.got[1] == []
    room.world.lose(0)
    room.send(0, 1)
    room.world.run_for(SECOND)
    assert room.got[1] == [b"hello"]
    for share in (-0.1, 1.1):
        with pytest.raises(FieldOutOfRange):
            room.world.lose(share)
